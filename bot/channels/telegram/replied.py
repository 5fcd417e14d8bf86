"""Finds the turn that a message of Telegram replies to.

Answers of the bot are known by the buttons below them; a part of a long answer, which has none, by its words.
"""

from bot.channels.telegram.updates import RatedTurn, RepliedMessage
from dialogue.conversation import Address, Role, Turn, Utterance
from dialogue.errors import UnknownTurn
from dialogue.store.store import Store

RECENT_TURNS = 60
"""How far back an answer without buttons is looked for."""
SAME_LETTERS = 40
"""Letters at the beginning of a message that have to be found in an answer."""
LAST = 2**31 - 1


def external_id(bot: int, message: int) -> str:
    """The name of a message in the store: bots of other tokens may serve the same chats."""
    return f"{bot}:{message}"


class RepliedTurns:
    """bot: the id of the bot's user."""

    def __init__(self, store: Store, bot: int) -> None:
        self._store = store
        self._bot = bot

    async def find(self, address: Address, replied: RepliedMessage) -> int | Utterance | None:
        """What `Utterance.about` holds. None for an answer of an earlier conversation. Raises StoreUnavailable."""
        if replied.author is not None:
            name = external_id(self._bot, replied.message_id)
            reference = str(replied.message_id)
            return Utterance(address, name, replied.text, replied.author, reference=reference)
        conversation = await self._store.conversations.current(address)
        if conversation is None:
            return None
        if replied.answer is None:
            turn = await self._with_words(conversation.id, replied.text)
        else:
            turn = await self._rated(conversation.id, replied.answer)
        return None if turn is None else turn.reply_to or turn.number

    async def _rated(self, conversation: str, answer: RatedTurn) -> Turn | None:
        if answer.conversation != conversation:
            return None
        try:
            return await self._store.turns.get(conversation, answer.turn)
        except UnknownTurn:
            return None

    async def _with_words(self, conversation: str, text: str) -> Turn | None:
        """The newest answer that contains what the message begins with."""
        beginning = _letters(text)[:SAME_LETTERS]
        turns = await self._store.turns.history(conversation, before=LAST, limit=RECENT_TURNS)
        answers = (turn for turn in reversed(turns) if turn.role is Role.ASSISTANT)
        return next((turn for turn in answers if beginning and beginning in _letters(turn.text)), None)


def _letters(text: str) -> str:
    """Without markup, markers and line breaks, which differ between the stored text and the one in the chat."""
    return "".join(filter(str.isalpha, text))
