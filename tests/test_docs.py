"""What the documentation names is there: files, headings, commands, settings."""

import re
from importlib import import_module
from itertools import zip_longest
from pathlib import Path

import pytest

from bot.commands import main
from bot.settings import Settings

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
INDEX = ROOT / "docs" / "README.md"
SITE = sorted((ROOT / "docs").rglob("*.md"))
"""The pages that `make docs` turns into a site; the others are read in the repository alone."""
PAGES = [README, ROOT / "CONTRIBUTING.md", ROOT / "deploy" / "README.md", *SITE]
ENVIRONMENT = (ROOT / ".env.example").read_text("utf-8")

FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ .*$", re.MULTILINE)
LINK = re.compile(r"(?:\]\(|src=\")([^)\s\"]+)")
FILE = re.compile(r"`([\w/]+\.(?:py|toml))`")
COMMAND = re.compile(r"(?:^    |`|bin/)groundtalk((?: [a-z]+)+)", re.MULTILINE)
TARGET = re.compile(r"(?:^    |`)make ([a-z]+)", re.MULTILINE)
MODULE = re.compile(r"python -m ((?:benchmarks|bot|retrieval)[\w.]+)")
ROW = re.compile(r"^\| (`[A-Z_]+`(?:, `[A-Z_]+`)*) \| (.*?) \|", re.MULTILINE)

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def named(pattern: re.Pattern[str]) -> list[str]:
    """What the pages name by a pattern, each once."""
    return sorted({name for page in PAGES for name in pattern.findall(page.read_text("utf-8"))})


def anchors(page: Path) -> set[str]:
    """The headings of a page, as links name them."""
    headings = HEADING.findall(FENCE.sub("", page.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in headings}


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
        if not link.startswith("https://"):
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", SITE, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_the_site_stay_inside_it(page: Path) -> None:
    for link in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
        target = (page.parent / link.partition("#")[0]).resolve()
        assert link.startswith("https://") or target.is_relative_to(ROOT / "docs"), link


@every_page
def test_files_that_are_named_are_there(page: Path) -> None:
    text = HEADING.sub("", FENCE.sub("", page.read_text("utf-8")))
    known = [
        f"/{path.relative_to(ROOT)}"
        for folder in ("bot", "dialogue", "retrieval", "finetune", "benchmarks", "tests")
        for path in (ROOT / folder).rglob("*.*")
    ]
    missing = [name for name in FILE.findall(text) if not any(path.endswith(f"/{name}") for path in known)]
    assert missing == []


@pytest.mark.parametrize("words", named(COMMAND))
def test_commands_that_are_named_are_there(words: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*words.split(), "--help"])
    assert not ended.value.code


@pytest.mark.parametrize("target", named(TARGET))
def test_targets_of_make_are_there(target: str) -> None:
    assert re.search(rf"^{target}:.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("module", named(MODULE))
def test_modules_that_are_run_are_there(module: str) -> None:
    path = ROOT / f"{module.replace('.', '/')}.py"
    assert "__main__" in path.read_text("utf-8")


def settings_of_the_readme() -> list[tuple[str, str]]:
    """Names with their defaults; the default is empty where it is said in words."""
    found: list[tuple[str, str]] = []
    for names, defaults in ROW.findall(README.read_text("utf-8")):
        said = re.findall(r"`([^`]+)`", defaults)
        found.extend(zip_longest(re.findall(r"[A-Z_]+", names), said, fillvalue=""))
    return found


@pytest.mark.parametrize(("name", "default"), settings_of_the_readme())
def test_settings_of_the_readme_are_there_with_their_defaults(name: str, default: str) -> None:
    assert name.lower() in Settings.model_fields
    (line,) = re.findall(rf"((?:^#.*\n)*)^{name}=(.*)$", ENVIRONMENT, re.MULTILINE)
    assert default in "".join(line)


def test_every_page_is_in_the_navigation_of_the_site() -> None:
    navigation = re.findall(r'"([\w/-]+\.md)"', (ROOT / "zensical.toml").read_text("utf-8"))
    assert sorted(navigation) == [str(page.relative_to(ROOT / "docs")) for page in SITE]


@pytest.mark.parametrize("package", ["bot", "dialogue", "finetune", "retrieval"])
def test_every_public_name_is_in_the_reference(package: str) -> None:
    names = [f"{module}.{name}" for module, names in import_module(package).PUBLIC.items() for name in names]
    reference = (ROOT / "docs" / "api" / f"{package}.md").read_text("utf-8")
    assert re.findall(r"^::: (\S+)$", reference, re.MULTILINE) == names


def test_every_page_is_in_the_index() -> None:
    listed = {(INDEX.parent / link).resolve() for link in LINK.findall(INDEX.read_text("utf-8"))}
    assert set(SITE) - {INDEX} <= listed
