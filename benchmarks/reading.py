"""The share of questions whose fact stands in a chunk of its document, by collection: what reading and cutting leave.

    python -m benchmarks.reading [FOLDER] [--missing]

The folder holds `questions-NAME.jsonl` (`ask`, `any`, `source`, `abstain`) and the documents in `NAME/`, as
`shared/real` does. No model is used: what is not in one chunk here cannot be found by any.
"""

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from retrieval.chunking import Chunking
from retrieval.errors import UnreadableDocument
from retrieval.loaders.detection import load_file

FOLDER = Path("../shared/real")


def questions(path: Path) -> list[dict[str, Any]]:
    """Those that the documents answer."""
    rows = (json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip())
    return [row for row in rows if not row["abstain"]]


def chunks(folder: Path, source: str) -> Iterator[str]:
    """The texts of the chunks of a file; none where it cannot be read."""
    try:
        for document in load_file((folder / source).read_bytes(), source):
            yield from (chunk.text for chunk in Chunking().chunks(document))
    except (UnreadableDocument, KeyError):
        return


def is_readable(folder: Path, question: dict[str, Any]) -> bool:
    """Whether one of the expressions for a right answer matches a chunk of one of the sources."""
    sources: Sequence[str] = question["source"].split("|")
    return any(
        re.search(pattern, text, re.IGNORECASE)
        for source in sources
        for text in chunks(folder, source)
        for pattern in question["any"]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument(
        "--missing", action="store_true", help="print the questions whose fact stands in no chunk"
    )
    given = parser.parse_args()
    console = Console()
    table = Table("collection", "questions", "fact in a chunk")
    for path in sorted(given.folder.glob("questions-*.jsonl")):
        name = path.stem.removeprefix("questions-")
        asked = questions(path)
        missing = [question["ask"] for question in asked if not is_readable(given.folder / name, question)]
        table.add_row(name, str(len(asked)), f"{1 - len(missing) / len(asked):.0%}")
        if given.missing:
            console.print(*(f"{name}: {ask}" for ask in missing), sep="\n")
    console.print(table)


if __name__ == "__main__":
    main()
