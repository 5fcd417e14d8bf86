"""langchain-core's messages in the form that chat templates read."""

from collections.abc import Sequence

from langchain_core.messages import BaseMessage

from dialogue.errors import EngineError

ROLES = {"system": "system", "human": "user", "ai": "assistant"}

Message = dict[str, str]
"""`role` and `content`."""


def template_messages(messages: Sequence[BaseMessage]) -> list[Message]:
    """Raises EngineError on a message that is not text."""
    return [_template_message(message) for message in messages]


def _template_message(message: BaseMessage) -> Message:
    role = ROLES.get(message.type)
    if role is None or not isinstance(message.content, str):
        raise EngineError(f"The local engines read text messages only, not {message.type!r} with parts.")
    return {"role": role, "content": message.content}
