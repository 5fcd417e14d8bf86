"""The errors of this package. Every message names the remedy.

DialogueError
├── UnknownConversation    no conversation has this id
├── UnknownTurn            the conversation has no such turn
├── StateChanged           the conversation's state was changed meanwhile
├── ConversationClosed     the conversation accepts no more messages
├── BotInCharge            an operator writes while the bot answers
├── ClaimLost              another worker has claimed the conversation
├── StoreUnavailable       the database cannot be reached or is not migrated
├── StepError              a step of a turn broke its contract
└── EngineError            the text engine failed or cannot be loaded
    └── PromptTooLong      the prompt does not fit the model's context window
"""

from typing import Any


class DialogueError(Exception):
    """The root of this package's errors; its text may be shown to an operator."""

    def __init__(self, message: str = "", *, remedies: tuple[str, ...] = ()) -> None:
        """remedies: names of the parameters and functions that put it right, for whoever has other names for them."""
        super().__init__(message)
        self.remedies = remedies

    def __reduce__(self) -> tuple[Any, ...]:
        """Comes out of another process as it is, whatever its class is constructed from."""
        return _restored, (type(self), self.args), self.__dict__


def _restored(kind: type[DialogueError], args: tuple[Any, ...]) -> DialogueError:
    error = kind.__new__(kind)
    error.args = args
    return error


class UnknownConversation(DialogueError):
    """No conversation has this id."""

    def __init__(self, conversation: str) -> None:
        super().__init__(f"There is no conversation {conversation!r}. Start a new one.")
        self.conversation = conversation


class UnknownTurn(DialogueError):
    """The conversation has no such turn, or not of the kind that was asked for."""

    def __init__(self, conversation: str, number: int, kind: str = "turn") -> None:
        super().__init__(f"Conversation {conversation!r} has no {kind} {number}. Name one of its own.")
        self.conversation = conversation
        self.number = number


class StateChanged(DialogueError):
    """The conversation's state was changed since it was read."""

    def __init__(self, conversation: str, version: int) -> None:
        super().__init__(f"The state of {conversation!r} is past version {version}. Read it again.")
        self.conversation = conversation
        self.version = version


class ConversationClosed(DialogueError):
    """The conversation accepts no more messages."""

    def __init__(self, conversation: str) -> None:
        super().__init__("This conversation is closed. Start a new one.")
        self.conversation = conversation


class BotInCharge(DialogueError):
    """An operator writes in a conversation that was not handed over to a human."""

    def __init__(self, conversation: str, mode: str) -> None:
        super().__init__(f"Conversation {conversation!r} is in mode {mode!r}. Set it to 'human' first.")
        self.conversation = conversation
        self.mode = mode


class ClaimLost(DialogueError):
    """The worker's claim expired and another worker took it; nothing was committed."""

    def __init__(self, conversation: str, fence: int) -> None:
        super().__init__(f"Claim {fence} on conversation {conversation!r} was taken over by another worker.")
        self.conversation = conversation
        self.fence = fence


class StoreUnavailable(DialogueError):
    """The database cannot be reached, is full, or has not been migrated."""


class StepError(DialogueError):
    """A step of a turn broke its contract, such as by putting a value that is not JSON into the state."""


class EngineError(DialogueError):
    """The text engine failed or cannot be loaded."""


class PromptTooLong(EngineError):
    """The prompt does not fit the model's context window."""

    def __init__(self, tokens: int, window: int) -> None:
        super().__init__(
            f"The prompt has {tokens} tokens and the model takes {window}. Give it fewer tokens of passages.",
            remedies=("passage_tokens",),
        )
        self.tokens = tokens
        self.window = window
