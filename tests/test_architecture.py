"""The architecture, read from the code: imports go one way, files are small, names are plain and used once."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from bot.errors import NAMES
from bot.settings import Settings

ROOT = Path(__file__).parents[1]
ORDER = ("bot", "finetune", "dialogue", "retrieval")
"""Each package may import from itself and from those to its right."""
FILES = sorted(path for package in ORDER for path in (ROOT / package).rglob("*.py"))
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in FILES
}
MAX_LINES = 400
SEAMS = (
    *("bot/assembly.py", "bot/commands/*.py", "bot/models/engines.py", "bot/models/local.py"),
    "bot/models/reader.py",
    "retrieval/encoders/loading.py",
)
"""Where an implementation is chosen and only then imported; the same list stands in pyproject.toml."""
METAPHOR = re.compile(
    "staff|lineup|team|muster|duty|parcels?|courier|shelf|sieve|ballots?|weaving|lessons?|attendance|visitor|"
    "oblivion|house|fate|mortal|toll"
)
"""Words that must not name a class, a function or a module: the field has its own terms for what they once named."""
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

Import = tuple[int, str]


def imports(path: Path) -> Iterator[Import]:
    """Every module that a file imports at run time, with the line; imports for type checking do not count."""
    for node in _run_time(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            submodules = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from ((node.lineno, name if name in MODULES else node.module) for name in submodules)


def _run_time(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from _run_time(node)


def definitions(path: Path) -> Iterator[tuple[int, str]]:
    """The classes and functions of a file, with their lines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name


def test_imports_go_one_way():
    against = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in FILES
        for line, name in imports(path)
        if name.split(".")[0] in ORDER
        and ORDER.index(name.split(".")[0]) < ORDER.index(path.relative_to(ROOT).parts[0])
    ]
    assert against == []


def test_there_are_no_import_cycles():
    graph = {
        name: {used for _, used in imports(path) if used in MODULES and used != name}
        for name, path in MODULES.items()
    }
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if not any(path.match(seam) for seam in SEAMS)],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_imports_are_at_the_top_of_a_file(path):
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    hidden = [
        node.lineno
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert hidden == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_small_and_says_what_it_is(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_LINES
    assert not text or ast.get_docstring(ast.parse(text)), "a module needs a docstring"
    assert path.stem not in ("utils", "util", "helpers", "common", "misc")


def test_only_the_settings_read_the_environment():
    readers = [
        str(path.relative_to(ROOT))
        for path in FILES
        if any(
            word in path.read_text(encoding="utf-8") for word in ("os.environ", "os.getenv", "BaseSettings")
        )
    ]
    assert readers == ["bot/settings.py"]


def test_library_code_names_no_settings_and_no_commands():
    settings = "|".join(name.upper() for name in Settings.model_fields)
    names = re.compile(rf"\b({settings})\b|\bgroundtalk [a-z]|\.venv|constraints\.txt")
    named = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in FILES
        if path.relative_to(ROOT).parts[0] != "bot"
        and (found := names.search(path.read_text(encoding="utf-8")))
    ]
    assert named == []


def test_every_remedy_that_an_error_names_is_known_to_the_command_line():
    named = {
        value.value
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.keyword) and node.arg == "remedies"
        for value in ast.walk(node.value)
        if isinstance(value, ast.Constant)
    }
    assert named - {"remedies"} <= NAMES.keys()


def test_every_package_has_its_errors_in_one_file():
    stray = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in FILES
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(base).endswith("Error") for base in node.bases)
        and path.name != "errors.py"
    ]
    assert stray == []


def test_every_class_name_is_used_once():
    names = Counter(
        node.name
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, times in names.items() if times > 1] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_are_no_metaphors(path):
    names = [(0, path.stem), *definitions(path)]
    odd = [
        f"{line}: {name}"
        for line, name in names
        if any(METAPHOR.fullmatch(word.lower()) for word in WORD.findall(name))
    ]
    assert odd == []


@pytest.mark.parametrize("package", ORDER)
def test_every_package_is_typed(package):
    assert (ROOT / package / "py.typed").is_file()
