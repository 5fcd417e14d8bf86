"""The block of settings at the top of a page, in YAML or TOML, and the text in it that is meant to be read.

Kept are the title, summaries, dates, tags, and lists of cards or questions; settings of the site's program are not.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import yaml

_BLOCK = re.compile(
    r"\A\ufeff?\s*(---|\+\+\+)[ \t]*\r?\n(.*?)\r?\n(?:\1|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL
)
_TITLE_LINE = re.compile(r"^title\s*:\s*[\"']?(.+?)[\"']?\s*$", re.MULTILINE)
_TITLES = ("title", "question", "heading", "headline", "name", "label", "header")
_LEADS = ("subtitle", "description", "summary", "excerpt", "lead", "abstract", "intro")
_TAGS = ("tags", "tag", "keywords", "categories", "category", "topics")
_ELSEWHERE = ("redirect_to", "redirect-to", "redirect_url", "redirect-url")
_SETTINGS = re.compile(
    r"c?spell\w*|layout|template|permalink|slug|url|uri|href|link|redirect.*|aliases|id|uid|class(?:es|name)?|style|"
    r"css|js|script|image|img|icon|logo|cover|banner|thumbnail|src|path|file|order|weight|position|nav\w*|\w*nav|"
    r"side\w*|menu|toc\w*|outline|tableofcontents|lang|locale|robots|sitemap|eleventy.*|ms\.(?!date).*|"
    r"seo\w*|meta\w*|published|draft|prev|next|head|hide|hero_?image|color|theme|variant|type|version|comments",
    re.IGNORECASE,
)
_WORDS = 3
_WIDE = 6


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """values: what the block sets; title: of the page, empty where it gives none."""

    title: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    def facts(self) -> Iterator[str]:
        """Lines of Markdown about the page as a whole: a summary, dates, tags, the address to which it leads."""
        for name, value in self.values.items():
            if name.lower() in _LEADS and isinstance(value, str):
                yield value
            elif isinstance(value, date):
                yield f"{_readable(name)}: {value:%Y-%m-%d}"
            elif name.lower() in _ELSEWHERE and str(value).startswith(("http://", "https://")):
                yield f"<{value}>"
            elif name.lower() in _TAGS and (tags := _listed(value)):
                yield f"{_readable(name)}: {tags}"

    def text(self) -> Iterator[str]:
        """Blocks of Markdown: cards, questions and other prose that the page shows."""
        for name, value in self.values.items():
            known = name.lower() in (*_LEADS, *_TAGS, "title")
            if not known and not _SETTINGS.fullmatch(name) and (_has_prose(value)):
                yield from _blocks(name, value)


def split_front_matter(text: str) -> tuple[FrontMatter, str]:
    """The block at the top, and the rest. A block that cannot be parsed gives its title alone."""
    found = _BLOCK.match(text)
    if not found:
        return FrontMatter(), text
    try:
        values = tomllib.loads(found.group(2)) if found.group(1) == "+++" else yaml.safe_load(found.group(2))
    except (yaml.YAMLError, tomllib.TOMLDecodeError, ValueError):
        line = _TITLE_LINE.search(found.group(2))
        values = {"title": line.group(1)} if line else {}
    if not isinstance(values, dict):
        values = {}
    named = {str(name): value for name, value in values.items()}
    title = named.get("title")
    return FrontMatter(str(title) if isinstance(title, str | int | float) else "", named), text[found.end() :]


def is_prose(value: object) -> bool:
    """Whether a value is text to read: several words, or a phrase of a script without spaces."""
    if not isinstance(value, str) or value.startswith(("/", "http://", "https://", "#")):
        return False
    return len(value.split()) >= _WORDS or sum(character >= "\u2e80" for character in value) >= _WIDE


def _has_prose(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(_has_prose(each) for name, each in value.items() if not _SETTINGS.fullmatch(str(name)))
    if isinstance(value, list):
        return any(map(_has_prose, value))
    return is_prose(value)


def _blocks(name: str, value: object) -> Iterator[str]:
    """A mapping with a title is a section, other values are lines that name their key."""
    if isinstance(value, Mapping):
        title = next((str(value[key]) for key in _TITLES if isinstance(value.get(key), str)), "")
        yield f"## {title or _readable(name)}"
        for key, each in value.items():
            if not _SETTINGS.fullmatch(str(key)) and each != title:
                yield from _blocks(str(key), each)
    elif isinstance(value, list):
        for each in value:
            yield from _blocks(name, each) if isinstance(each, Mapping) else [f"- {each}"]
    elif is_prose(value):
        yield str(value)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield f"{_readable(name)}: {value}"


def _listed(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(each) for each in value if isinstance(each, str | int))
    return value if isinstance(value, str) else ""


def _readable(name: str) -> str:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|[-_.]+", " ", name.removeprefix("ms.")).strip()
    return spaced[:1].upper() + spaced[1:].lower()
