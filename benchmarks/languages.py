"""How often the language of a message is recognized, by language, and for how long that takes.

    python -m benchmarks.languages [FILE...] [--most 400] [--examples 10]

Files are dialogues (`language`, `turns` with `ask`) or questions (`language`, `question`), as in `shared/data`. Each
message is judged three times: in a conversation in its language, as the first one of somebody whose browser is set to
English (German, where it is English), and so in Japanese.
"""

import gzip
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from retrieval.language_detection import LANGUAGE_NAMES, language_of

DATA = Path("../shared/data")
FILES = (
    DATA / "support/train.jsonl.gz",
    DATA / "support/dev.jsonl.gz",
    DATA / "reading/train_europe_1.jsonl.gz",
    DATA / "reading/train_europe_2.jsonl.gz",
    DATA / "reading/train_europe_3.jsonl.gz",
    DATA / "reading/train_asia_1.jsonl.gz",
)

console = Console(highlight=False)


def run(
    files: Annotated[list[Path] | None, typer.Argument()] = None,
    most: Annotated[int, typer.Option(help="Messages a language.")] = 400,
    examples: Annotated[int, typer.Option(help="Wrong ones to print.")] = 10,
) -> None:
    """Judge every message, and print the shares that are right."""
    by_language: dict[str, list[str]] = defaultdict(list)
    for language, text in (message for path in files or FILES for message in _messages(path)):
        if language in LANGUAGE_NAMES and len(by_language[language]) < most:
            by_language[language].append(text)
    started = time.process_time()
    table = Table("language", "messages", "same conversation", "English browser", "Japanese browser")
    for language, texts in sorted(by_language.items()):
        hints = (language, "de" if language == "en" else "en", "ja")
        table.add_row(language, str(len(texts)), *(_share(language, texts, hint) for hint in hints))
    count = 3 * sum(map(len, by_language.values()))
    spent = time.process_time() - started
    console.print(table, f"{1e6 * spent / max(1, count):.0f} µs a message")
    wrong = [
        (language, language_of(text, "en"), text)
        for language, texts in by_language.items()
        for text in texts
        if language != "en" and language_of(text, "en") != language
    ]
    for language, judged, text in wrong[:examples]:
        console.print(f"{language} taken for {judged}: {text}")


def _share(language: str, texts: Sequence[str], hint: str) -> str:
    right = sum(language_of(text, hint) == language for text in texts)
    return f"{100 * right / len(texts):.1f} %"


def _messages(path: Path) -> Iterator[tuple[str, str]]:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    for row in map(json.loads, content.splitlines()):
        texts = [turn["ask"] for turn in row["turns"]] if "turns" in row else [row["question"]]
        yield from ((row["language"], text) for text in texts)


if __name__ == "__main__":
    typer.run(run)
