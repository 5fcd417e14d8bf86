"""How often a follow-up is searched for as it is, without the rewriter, and whether that is right.

    python -m benchmarks.standalone [FILE...] [--chunks FILE] [--examples 10]

Files are rewriting sets (`history`, `question`, `rewrite`) or dialogues (`turns` with `ask`, `rewrite`, `evidence`), as
in `shared/data`. Right: the human rewrite is the same but for case, punctuation and what announces another topic.
With the chunks of the dialogues, skipped questions are searched for too, in these words and in those of the human
rewrite, by keywords among the chunks of all packets of the file: how often all evidence is among the first 6.
"""

import gzip
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console

from dialogue.conversation import Role, Turn
from dialogue.rewriting import corrects_itself, visible_history
from dialogue.standalone import standalone
from retrieval.keywords import KeywordIndex

DATA = Path("../shared/data")
FILES = (DATA / "rewriting/dev.jsonl", DATA / "support/dev.jsonl.gz")
FIRST = 6

console = Console(highlight=False)


@dataclass(frozen=True, slots=True)
class FollowUp:
    """evidence: ids of the chunks that answer it."""

    history: Sequence[Turn]
    question: str
    rewrites: Sequence[str]
    evidence: frozenset[str] = frozenset()

    @property
    def alone(self) -> str | None:
        """What is searched for if the rewriter is skipped."""
        return (
            None
            if corrects_itself(self.question)
            else standalone(visible_history(self.history), self.question)
        )

    def is_right(self, query: str) -> bool:
        return _words(query) in map(_words, self.rewrites)


def run(
    files: Annotated[list[Path] | None, typer.Argument()] = None,
    chunks: Path | None = None,
    examples: int = 0,
) -> None:
    """Count, and print."""
    for path in files or FILES:
        asked = list(_follow_ups(path))
        skipped = [(one, query) for one in asked if (query := one.alone)]
        wrong = [(one, query) for one, query in skipped if not one.is_right(query)]
        alone = sum(one.is_right(one.question) for one in asked)
        console.print(
            f"{path.parent.name}/{path.name}: {len(asked)} follow-ups, {alone} of them unchanged by people; "
            f"the rewriter is skipped for {len(skipped)} ({len(skipped) / len(asked):.1%}), for {len(wrong)} "
            f"({len(wrong) / len(asked):.1%}) where people changed words"
        )
        for one, query in wrong[:examples]:
            console.print(f"  - {query}\n    {one.rewrites[0]}", markup=False)
        if chunks and any(one.evidence for one, _ in skipped):
            _search(chunks, path, skipped)


def _search(chunks: Path, path: Path, skipped: Sequence[tuple[FollowUp, str]]) -> None:
    """Print how often the evidence is found without and with the human rewrite."""
    sought = [(one, query) for one, query in skipped if one.evidence]
    packets = {row["packet"] for row in _lines(path)}
    with TemporaryDirectory() as folder:
        search = _searcher([row for row in _lines(chunks) if row["packet"] in packets], Path(folder))
        found = sum(one.evidence <= search(query) for one, query in sought)
        ideal = sum(one.evidence <= search(one.rewrites[0]) for one, _ in sought)
    console.print(
        f"  evidence among the first {FIRST}: {found}/{len(sought)} as asked, {ideal}/{len(sought)} with human rewrites"
    )


def _searcher(rows: Sequence[dict[str, Any]], folder: Path) -> Callable[[str], frozenset[str]]:
    """Finds the ids of the best chunks for a question, by keywords."""
    rows = list({row["id"]: row for row in rows}.values())
    texts = ("\n".join([row["title"], row["heading"], row["text"]]) for row in rows)
    index = KeywordIndex.write(folder / "keywords", texts)

    def search(question: str) -> frozenset[str]:
        best = np.argsort(-index.scores(question, len(rows)), kind="stable")[:FIRST]
        return frozenset(str(rows[row]["id"]) for row in best)

    return search


def _follow_ups(path: Path) -> Iterator[FollowUp]:
    for row in _lines(path):
        if "turns" in row:
            yield from _of_dialogue(row["turns"])
        elif row["history"]:
            said = [(turn["role"], turn["text"]) for turn in row["history"]]
            rewrites = [row["rewrite"], *row.get("references", [])]
            yield FollowUp(_turns(said), row["question"], rewrites)


def _of_dialogue(turns: Sequence[dict[str, Any]]) -> Iterator[FollowUp]:
    said: list[tuple[str, str]] = []
    for turn in turns:
        if said:
            evidence = frozenset(one["chunk"] for one in turn["evidence"])
            yield FollowUp(_turns(said), turn["ask"], [turn["rewrite"]], evidence)
        said += [("user", turn["ask"]), ("assistant", turn["answer"])]


def _turns(said: Sequence[tuple[str, str]]) -> list[Turn]:
    return [Turn("", n, Role(role), text, datetime.now(UTC)) for n, (role, text) in enumerate(said, 1)]


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8")
    yield from (json.loads(line) for line in text.split("\n") if line.strip())


def _words(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", text.casefold()).split())


if __name__ == "__main__":
    typer.run(run)
