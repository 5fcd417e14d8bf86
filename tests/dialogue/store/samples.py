"""Sample messages and answers for the tests of the store."""

from itertools import count

from dialogue.conversation import Address, Answer, Citation, Passage, Turn, Utterance
from dialogue.store.store import Store

CHAT = Address("telegram", "chat-1")
MANUAL = Passage(1, "chunk-1", "Manual", "manual.md", "The charger takes 230 volts. It is grey.", 0.71)
ANSWER = Answer(
    text="It takes 230 volts [1].",
    query="What voltage does the charger take?",
    citations=(Citation(1, "chunk-1", "Manual", "manual.md", "The charger takes 230 volts."),),
    passages=(MANUAL,),
    release="base-1",
    timings={"answer": 0.5},
)

_ids = count(1)


def said(
    text: str, address: Address = CHAT, *, author: str | None = None, external_id: str | None = None
) -> Utterance:
    """A message with an id of its own, unless it is given."""
    return Utterance(address, external_id or f"m{next(_ids)}", text, author=author)


async def ask(store: Store, text: str, address: Address = CHAT, *, author: str | None = None) -> Turn:
    """The accepted turn of a new message."""
    return (await store.turns.accept(said(text, address, author=author))).turn


async def reply(store: Store, turn: Turn, answer: Answer = ANSWER) -> Turn:
    """The answer to `turn`, committed as a worker does it."""
    claim = await store.claims.claim(turn.conversation, "worker", 60)
    assert claim is not None
    committed = await store.turns.commit(claim, turn, answer, {"text": answer.text})
    await store.claims.release(claim)
    return committed


async def exchange(store: Store, text: str, address: Address = CHAT, *, author: str | None = None) -> Turn:
    """A question and its answer; returns the answer."""
    return await reply(store, await ask(store, text, address, author=author))
