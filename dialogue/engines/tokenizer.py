"""Text and tokens by OpenVINO GenAI's tokenizer, for the engines that run weights with one."""

from collections.abc import Sequence

import openvino_genai as genai

from dialogue.engines.base import ChatMessage
from dialogue.errors import EngineError


class TokenizedModel:
    """The part of a `LocalModel` that knows text. window: at most this, and no more than the tokenizer keeps."""

    def __init__(self, tokenizer: genai.Tokenizer, window: int) -> None:
        self._tokenizer = tokenizer
        self.window = min(window, self._longest(window))
        self.end_of_text = int(tokenizer.get_eos_token_id())

    def prompt(self, messages: Sequence[ChatMessage]) -> list[int]:
        """The tokens of a conversation up to where the assistant speaks. Raises EngineError."""
        try:
            text = self._tokenizer.apply_chat_template(list(messages), add_generation_prompt=True)
        except RuntimeError as error:
            raise EngineError(f"The model's chat template refuses the messages: {error}.") from error
        return self.encode(text)

    def encode(self, text: str) -> list[int]:
        return [int(i) for i in self._tokenizer.encode(text, add_special_tokens=False).input_ids.data[0]]

    def decode(self, tokens: Sequence[int]) -> str:
        return str(self._tokenizer.decode(list(tokens)))

    def _longest(self, window: int) -> int:
        """The tokens of a prompt that the tokenizer keeps: it cuts the rest off without a word."""
        return len(self.encode("x " * window))
