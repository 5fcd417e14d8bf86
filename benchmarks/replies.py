"""The reply of a chat model to one prompt, and the time it took."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage


@dataclass(frozen=True, slots=True)
class Reply:
    """first, whole: seconds to the first text and to the end. tokens: of the reply."""

    text: str
    first: float
    whole: float
    tokens: int


async def reply(chat: BaseChatModel, messages: Sequence[BaseMessage], max_tokens: int) -> Reply:
    started = perf_counter()
    text, first, tokens = "", None, 0
    async for piece in chat.astream(list(messages), max_tokens=max_tokens):
        text += str(piece.text)
        if first is None and text:
            first = perf_counter() - started
        if piece.usage_metadata:
            tokens = piece.usage_metadata["output_tokens"]
    whole = perf_counter() - started
    return Reply(text, whole if first is None else first, whole, tokens)
