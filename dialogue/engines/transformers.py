"""The text engine for any causal model that transformers runs, on a CPU or a GPU: a folder, or a GGUF file.

One request after the other, in a thread of its own. Slower than OpenVINO on a CPU, but runs what OpenVINO cannot.
"""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    GgufConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    StoppingCriteriaList,
)

from dialogue.engines.base import ChatMessage, GenerationRequest, RequestQueue, TokenBatch, shut_down
from dialogue.engines.chat import LocalChatModel
from dialogue.engines.generation import GREEDY, GenerationOptions
from dialogue.errors import EngineError


def load_transformers(
    path: Path,
    *,
    dtype: torch.dtype = torch.bfloat16,
    device: torch.device | None = None,
    window: int = 8192,
    options: GenerationOptions = GREEDY,
    max_tokens: int = 320,
) -> LocalChatModel:
    """Reads the weights onto `device`, the machine's accelerator where it has one. Raises EngineError.

    A GGUF file is unpacked to `dtype`, which takes two (bfloat16) or four (float32) bytes of memory a weight.
    """
    device = device or torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    folder, file = (path.parent, {"gguf_file": path.name}) if path.is_file() else (path, {})
    unpacked = {"quantization_config": GgufConfig(dequantize=True)} if file else {}
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, **file)
        weights = AutoModelForCausalLM.from_pretrained(
            folder, local_files_only=True, dtype=dtype, **file, **unpacked
        )
        model = TransformersModel(weights.to(device).eval(), tokenizer, window, options)
    except Exception as error:
        raise EngineError(
            f"transformers cannot run {path.name}: {error}. Choose another model.", remedies=("model",)
        ) from error
    return LocalChatModel(model=model, max_tokens=max_tokens)


class TransformersModel:
    """Weights with their tokenizer and a thread that answers requests in the order they came."""

    kind = "transformers"

    def __init__(
        self,
        weights: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        window: int,
        options: GenerationOptions = GREEDY,
    ) -> None:
        self.window = min(window, getattr(weights.config, "max_position_embeddings", window))
        self._weights = weights
        self._tokenizer = tokenizer
        self._options = options
        self._ends = _ends(weights, tokenizer)
        self._queue = RequestQueue()
        self._thread = threading.Thread(target=self._run, name="transformers", daemon=True)
        self._thread.start()

    def prompt(self, messages: Sequence[ChatMessage]) -> list[int]:
        try:
            text = self._tokenizer.apply_chat_template(
                list(messages), tokenize=False, add_generation_prompt=True
            )
        except Exception as error:
            raise EngineError(f"The model's chat template refuses the messages: {error}.") from error
        return self.encode(text)

    def encode(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def decode(self, tokens: Sequence[int]) -> str:
        return str(
            self._tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        )

    def submit(self, request: GenerationRequest) -> None:
        self._queue.join(request)

    def close(self) -> None:
        self._queue.close()
        self._thread.join()

    def _run(self) -> None:
        while not self._queue.closed:
            for request in self._queue.admit(wait=True):
                request.give(TokenBatch(end=self._reply(request)))
        for request in self._queue.admit(wait=False):
            request.give(TokenBatch(end=shut_down()))

    def _reply(self, request: GenerationRequest) -> str | EngineError:
        """Gives out the tokens one by one, those of a beam search together at the end; how it ended."""
        prompt = torch.tensor([request.tokens], device=self._weights.device)
        streams = self._options.num_beams == 1
        callback = TokenCallback(request, self._queue, streams=streams)
        try:
            whole = self._weights.generate(
                prompt,
                attention_mask=torch.ones_like(prompt),
                generation_config=self._config(request),
                stopping_criteria=StoppingCriteriaList([callback]),
            )
        except Exception as error:
            return EngineError(f"The model failed: {error}. Ask again.")
        if self._queue.closed:
            return shut_down()
        if not streams:
            request.give(TokenBatch(whole[0, len(request.tokens) :].tolist()))
        return "stop" if int(whole[0, -1]) in self._ends else "length"

    def _config(self, request: GenerationRequest) -> GenerationConfig:
        options = self._options
        sampling = {"temperature": options.temperature, "top_p": options.top_p} if options.samples else {}
        return GenerationConfig(
            max_new_tokens=request.max_tokens,
            do_sample=options.samples,
            num_beams=options.num_beams,
            repetition_penalty=options.repetition_penalty,
            eos_token_id=self._ends,
            pad_token_id=self._ends[0],
            **sampling,
        )


class TokenCallback:
    """A stopping criterion, called with each new token: delivers it if it `streams`, and stops a cancelled request."""

    def __init__(self, request: GenerationRequest, requests: RequestQueue, *, streams: bool = True) -> None:
        self._request = request
        self._queue = requests
        self._streams = streams

    def __call__(self, input_ids: torch.Tensor, scores: Any, **kwargs: Any) -> torch.Tensor:
        self._request.give(TokenBatch(input_ids[0, -1:].tolist() if self._streams else ()))
        stop = self._request.cancelled.is_set() or self._queue.closed
        return torch.full((len(input_ids),), stop, device=input_ids.device)


def _ends(weights: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The tokens that end a reply: the tokenizer's, and those that the weights came with."""
    own = weights.generation_config.eos_token_id
    more = own if isinstance(own, list) else [own]
    return sorted({end for end in (tokenizer.eos_token_id, *more) if end is not None})
