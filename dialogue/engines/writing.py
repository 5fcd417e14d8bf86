"""One reply on its way out: steps of tokens become chunks of text for langchain-core. Knows no model and no thread."""

from collections.abc import Sequence

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk

from dialogue.engines.detokenizing import Decode, Detokenizer
from dialogue.engines.request import Step
from dialogue.engines.stopping import Stopper
from dialogue.errors import EngineError


class Writing:
    """The reply to a prompt of `prompt_tokens`; `ended` after its last chunk, which carries the usage."""

    def __init__(self, decode: Decode, prompt_tokens: int, stops: Sequence[str] = ()) -> None:
        self._text = Detokenizer(decode)
        self._stopper = Stopper(stops)
        self._read = prompt_tokens
        self._written = 0
        self.ended = False

    def chunk(self, step: Step) -> ChatGenerationChunk | None:
        """The text that a step completes, None where it completes none. Raises the error that ended the request."""
        if isinstance(step.end, EngineError):
            raise step.end
        self._written += len(step.tokens)
        text = self._stopper.add(self._text.add(step.tokens))
        if step.end and not self._stopper.stopped:
            text += self._stopper.add(self._text.rest()) + self._stopper.rest()
        if self._stopper.stopped:
            return self._last(text, "stop")
        if step.end:
            return self._last(text, step.end)
        return ChatGenerationChunk(message=AIMessageChunk(content=text)) if text else None

    def _last(self, text: str, reason: str) -> ChatGenerationChunk:
        self.ended = True
        usage = UsageMetadata(
            input_tokens=self._read, output_tokens=self._written, total_tokens=self._read + self._written
        )
        message = AIMessageChunk(content=text, usage_metadata=usage, chunk_position="last")
        return ChatGenerationChunk(message=message, generation_info={"finish_reason": reason})
