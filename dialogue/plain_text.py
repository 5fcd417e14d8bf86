"""A sentence copied from a document, without what belongs to the document's form: markup, headings, "A:"."""

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

_SPEAKER = re.compile(r"^(?:[QA]|Question|Answer|Frage|Antwort|问|答)\s?[:：]\s+")
_ROLE = re.compile(r":[a-z][a-z:+-]*:`([^`<]+?)(?:\s*<[^`>]*>)?`")
_RST_LINK = re.compile(r"`([^`<]+?)\s*<[^`>]+>`__?")
_DOUBLE = re.compile(r"``([^`\n]+)``")
_ANCHOR = re.compile(
    r"\s*\{#[\w-]+\}|\{%-?.*?-?%\}|\{\{.*?\}\}|<a (?:id|name)=\"[^\"]*\">\s*(?:</a>)?|\[\^\w+\]"
)
_LONGEST_HEADING = 80
_ENDS = tuple(".!?:;,。！？：；，|")
_ITEM = re.compile(r"^(?:[-*•|#>]|\d{1,3}[.)])")


def plain(sentence: str, passages: Iterable[str]) -> str:
    """The sentence without markup, the mark of a speaker, or a heading of its passage glued before it."""
    text = _ANCHOR.sub("", _SPEAKER.sub("", sentence))
    text = _DOUBLE.sub(r"`\1`", _RST_LINK.sub(r"\1", _ROLE.sub(r"\1", text)))
    for passage in passages:
        text = _without_heading(text, passage)
    return text


def _without_heading(sentence: str, passage: str) -> str:
    """Cut off a line of the passage that is a heading if the sentence goes on with the line after it."""
    for heading, following in _headings(passage):
        rest = sentence.removeprefix(heading).lstrip()
        if len(rest) < len(sentence) and rest and following.startswith(rest[:12]):
            return rest
    return sentence


@lru_cache(maxsize=64)
def _headings(passage: str) -> tuple[tuple[str, str], ...]:
    """Short lines that end as no sentence does, each with the next line that is no item of a list."""
    lines = [line.strip() for line in passage.split("\n") if line.strip()]
    return tuple(
        (line.lstrip("# "), following)
        for line, following in pairwise(lines)
        if len(line) <= _LONGEST_HEADING
        and not line.endswith(_ENDS)
        and not _ITEM.match(line.lstrip("# "))
        and not _ITEM.match(following)
    )
