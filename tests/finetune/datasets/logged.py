"""Logged conversations for the tests of datasets: people ask, the bot answers from two passages, people rate."""

from itertools import count

from dialogue.conversation import Address, Answer, Citation, Passage, Turn, Utterance
from dialogue.store.store import Store

VOLTS = Passage(1, "volts", "Charger", "manual.md", "The charger takes 230 volts. It is grey.", 0.8)
RETURNS = Passage(2, "returns", "Returns", "terms.md", "Goods may be returned within 30 days.", 0.6)
PASSAGES = (VOLTS, RETURNS)

_ids = count(1)


def answer(
    text: str = "The charger takes 230 volts [1].",
    query: str = "What voltage does the charger take?",
    passages: tuple[Passage, ...] = PASSAGES,
    *,
    abstained: bool = False,
    failed: bool = False,
) -> Answer:
    """It cites the passages whose markers stand in `text`."""
    cited = tuple(Citation(p.n, p.chunk, p.title, p.source, p.text) for p in passages if f"[{p.n}]" in text)
    return Answer(text, query, cited, passages, abstained=abstained, failed=failed, release="base")


class Person:
    """Somebody at an address of their own, with consent unless they withhold it."""

    def __init__(self, store: Store, name: str, *, consent: bool = True) -> None:
        self._store = store
        self._address = Address("websocket", name)
        self._consent = consent

    async def asks(self, question: str, reply: Answer | None = None) -> Turn:
        """The bot's turn; its query is the question where no reply is given."""
        said = Utterance(self._address, f"m{next(_ids)}", question, author=self._address.account)
        receipt = await self._store.turns.accept(said)
        await self._store.conversations.set_consent(receipt.conversation.id, self._consent)
        claim = await self._store.claims.claim(receipt.conversation.id, "worker", 60)
        assert claim is not None
        given = reply or answer(query=question)
        turn = await self._store.turns.commit(claim, receipt.turn, given, {"text": given.text})
        await self._store.claims.release(claim)
        return turn

    async def rates(self, turn: Turn, rating: str, correction: str | None = None) -> None:
        """They rate an answer, in whosever conversation."""
        await self._store.feedback.rate(
            turn.conversation, turn.number, self._address.account, rating, correction=correction
        )

    async def starts_anew(self) -> None:
        await self._store.conversations.start(self._address)
