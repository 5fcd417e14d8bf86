"""The history of an example as the turns that the bot's own parts take."""

from collections.abc import Sequence
from datetime import UTC, datetime

from dialogue.conversation import Role, Turn
from finetune.examples import Line

_NEVER = datetime.fromtimestamp(0, UTC)


def turns(history: Sequence[Line]) -> list[Turn]:
    """Turns of a conversation that was never held, numbered from 1."""
    return [Turn("", number, Role(line.role), line.text, _NEVER) for number, line in enumerate(history, 1)]
