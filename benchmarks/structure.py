"""The size of the code: files, lines, small and large files, class names that occur twice, and lengths of functions.

    python -m benchmarks.structure [--before REVISION]

Reads the four packages in the working tree and, with --before, in a revision of the repository beside it.
"""

import argparse
import ast
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
PACKAGES = ("bot", "dialogue", "finetune", "retrieval")
SMALL, LARGE = 60, 400

Sources = Mapping[str, str]
"""The text of every Python file by its path."""


@dataclass(frozen=True, slots=True)
class Structure:
    """files and lines: all of them. small, large: files under SMALL and over LARGE lines. repeated: class names that
    more than one class has. median, p90: lines of a function, with its signature and docstring.
    """

    files: int
    lines: int
    small: int
    large: int
    repeated: tuple[str, ...]
    functions: int
    median: float
    p90: float


def working_tree() -> Sources:
    paths = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in paths}


def at_revision(revision: str) -> Sources:
    """Raises CalledProcessError if git does not know the revision."""
    listed = _git("ls-tree", "-r", "--name-only", revision, *PACKAGES).splitlines()
    return {path: _git("show", f"{revision}:{path}") for path in listed if path.endswith(".py")}


def structure_of(sources: Sources) -> Structure:
    lengths = [len(text.splitlines()) for text in sources.values()]
    trees = [ast.parse(text) for text in sources.values()]
    classes = Counter(
        node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    )
    functions = [length for tree in trees for length in _function_lengths(tree)]
    return Structure(
        files=len(lengths),
        lines=sum(lengths),
        small=sum(length < SMALL for length in lengths),
        large=sum(length > LARGE for length in lengths),
        repeated=tuple(sorted(name for name, times in classes.items() if times > 1)),
        functions=len(functions),
        median=median(functions),
        p90=quantiles(functions, n=10)[-1],
    )


def report(structures: Mapping[str, Structure]) -> Table:
    table = Table("", title="Structure of the code", title_justify="left")
    for name in structures:
        table.add_column(name, justify="right")
    rows = {
        "files": [f"{each.files:,}" for each in structures.values()],
        "lines": [f"{each.lines:,}" for each in structures.values()],
        f"files under {SMALL} lines": [str(each.small) for each in structures.values()],
        f"files over {LARGE} lines": [str(each.large) for each in structures.values()],
        "class names used twice or more": [str(len(each.repeated)) for each in structures.values()],
        "functions": [f"{each.functions:,}" for each in structures.values()],
        "lines of a function, median": [f"{each.median:g}" for each in structures.values()],
        "lines of a function, p90": [f"{each.p90:g}" for each in structures.values()],
    }
    for label, cells in rows.items():
        table.add_row(label, *cells)
    return table


def _function_lengths(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield (node.end_lineno or node.lineno) - node.lineno + 1


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--before", metavar="REVISION", help="the revision to compare with")
    options = parser.parse_args()
    structures = {"now": structure_of(working_tree())}
    if options.before:
        structures = {options.before: structure_of(at_revision(options.before)), **structures}
    console = Console(highlight=False)
    console.print(report(structures))
    for name, structure in structures.items():
        if structure.repeated:
            console.print(f"Used twice or more, {name}: {', '.join(structure.repeated)}", markup=False)


if __name__ == "__main__":
    main()
