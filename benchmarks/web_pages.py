"""What the reading of web pages keeps and leaves out, beside trafilatura's (`pip install trafilatura lxml_html_clean`).

    python -m benchmarks.web_pages FOLDER...

Counts the lines of six words and more that one reading has and the other has not: of whose words it lacks a third.
"""

import argparse
import re
import sys
from importlib import import_module
from pathlib import Path
from time import process_time

from retrieval.loaders.html import load_html

_WORD = re.compile(r"\w{3,}")
_FEWEST_WORDS = 6
_SHARED = 0.67


def own_text(path: Path) -> str:
    return "\n".join(document.text for document in load_html(path.read_bytes(), path.name))


def their_text(path: Path) -> str:
    extract = import_module("trafilatura").extract
    return extract(path.read_bytes(), include_tables=True, favor_recall=True, include_comments=False) or ""


def missing(lines: str, text: str) -> tuple[int, int]:
    """How many of the long lines are not in the text, and how many there are."""
    known = set(_WORD.findall(text.casefold()))
    long = [
        words
        for line in lines.splitlines()
        if len(words := set(_WORD.findall(line.casefold()))) >= _FEWEST_WORDS
    ]
    return sum(len(words & known) < _SHARED * len(words) for words in long), len(long)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="*", type=Path)
    paths = [path for folder in parser.parse_args().folders for path in sorted(folder.rglob("*.htm*"))]
    texts, seconds = [], []
    for read in (own_text, their_text):
        started = process_time()
        texts.append([read(path) for path in paths])
        seconds.append(process_time() - started)
    for name, mine, others in (("own", *texts), ("trafilatura", *reversed(texts))):
        counts = [missing(one, other) for one, other in zip(mine, others, strict=True)]
        lost, lines = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0)
        sys.stdout.write(f"{name}: {lines} lines, {lost} of them only here\n")
    sys.stdout.write(
        f"{len(paths)} pages: own {seconds[0]:.1f} s, trafilatura {seconds[1]:.1f} s of CPU time\n"
    )


if __name__ == "__main__":
    main()
