"""How much of a prompt the engine has read before: the tokens that two prompts share from their beginning.

    python -m benchmarks.prefixes [--model NAME]

Counted with the model's tokenizer and chat template alone, on prompts about the sample handbook. What is shared is read
once where the engine has a prefix cache, in whole blocks (OpenVINO: 32 tokens).
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise, takewhile
from statistics import fmean
from typing import Any

import typer
from langchain_core.messages import BaseMessage, convert_to_openai_messages
from rich.console import Console
from rich.table import Table
from transformers import AutoTokenizer

from benchmarks.prompts import PASSAGES, VOICE, Page, page_passages, pages
from bot.models.download import Hub
from bot.models.weights import Weights
from bot.settings import GENERATOR, load_settings
from bot.voice import load_voice
from dialogue.conversation import Role, Turn
from dialogue.prompts import answer_prompt, rewrite_prompt

Prompt = Sequence[BaseMessage]

console = Console(highlight=False)


def run(model: str = GENERATOR) -> None:
    """Count, and print a table."""
    tokenizer = _tokenizer(model)
    table = Table("two prompts in succession", "tokens", "shared", "share", box=None)
    for name, pairs in _kinds(list(pages())):
        counted = [(_tokens(tokenizer, first), _tokens(tokenizer, second)) for first, second in pairs]
        tokens, shared = (
            fmean(len(second) for _, second in counted),
            fmean(_shared(*both) for both in counted),
        )
        table.add_row(name, f"{tokens:.0f}", f"{shared:.0f}", f"{shared / tokens:.0%}")
    console.print(table)


def _kinds(all_pages: Sequence[Page]) -> Iterator[tuple[str, list[tuple[Prompt, Prompt]]]]:
    english = [page for page in all_pages if page.language == "en"]
    asked = [[_answer(page, heading) for heading, _ in page.sections[:PASSAGES]] for page in english]
    yield "answer: another person, other passages", list(pairwise(first for first, *_ in asked))
    yield "answer: same passages, another question", [pair for one in asked for pair in pairwise(one)]
    talks = [[_rewrite(page, count) for count in (1, 2, 3)] for page in english]
    yield "rewrite: another person", list(pairwise(first for first, *_ in talks))
    yield "rewrite: the next turn of a conversation", [pair for one in talks for pair in pairwise(one)]


def _answer(page: Page, heading: str) -> Prompt:
    prompt = answer_prompt(page.language, load_voice(VOICE))
    return prompt.messages(f"What about {heading}?", page_passages(page))


def _rewrite(page: Page, exchanges: int) -> Prompt:
    """After so many exchanges about the sections of a page."""
    said = [
        (role, text)
        for heading, body in page.sections[:exchanges]
        for role, text in ((Role.USER, f"What about {heading}?"), (Role.ASSISTANT, body.splitlines()[0]))
    ]
    history = [Turn("", n, role, text, datetime.now(UTC)) for n, (role, text) in enumerate(said, 1)]
    return rewrite_prompt(page.language).messages(history, "And what does it cost?")


def _tokenizer(model: str) -> Any:
    settings = load_settings()
    place = Weights(settings.weights_dir, Hub(settings.hf_endpoint)).locate(model)
    file = {"gguf_file": place.name} if place.is_file() else {}
    return AutoTokenizer.from_pretrained(place.parent if file else place, local_files_only=True, **file)


def _tokens(tokenizer: Any, prompt: Prompt) -> list[int]:
    messages = convert_to_openai_messages(list(prompt))
    text = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def _shared(first: Sequence[int], second: Sequence[int]) -> int:
    """How many tokens both begin with."""
    return sum(1 for _ in takewhile(lambda both: both[0] == both[1], zip(first, second, strict=False)))


if __name__ == "__main__":
    typer.run(run)
