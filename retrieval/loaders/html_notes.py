"""Notes and warnings in HTML: what is one, and which of its elements is only its label.

They are written as boxes with a title, or as tables with a picture beside the text.
"""

import re
from collections.abc import Iterator

from bs4 import Tag

from retrieval.loaders.html_inline import inline_text

_NOTE = re.compile(
    r"(?:.*[-_ ])?(?:note|tip|warning|caution|important|danger|hint|attention|error|seealso|admonition\w*|alert|"
    r"callout|info|notice)(?:[-_ ].*)?",
    re.IGNORECASE,
)
_BOXES = frozenset({"div", "aside", "table", "blockquote", "section", "details"})
_TITLES = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "p", "div", "span", "th", "td", "strong"})
_LONGEST_LABEL = 40
_ABOVE = 6
_INSIDE = ("p", "div", "ul", "ol", "dl", "table", "pre")


def is_note(tag: Tag) -> bool:
    """Whether it is a note, or the table in which a note is laid out."""
    boxes = [
        tag,
        *(
            parent
            for parent in list(tag.parents)[:2]
            if tag.name == "table" and len(parent.find_all("table")) == 1
        ),
    ]
    return any(_is_box(box) for box in boxes)


def note_label(tag: Tag) -> str:
    """`Warning`, where a block is no more than the title of the note in which it stands; else nothing."""
    if tag.name not in _TITLES or not _may_be_title(tag) or not any(map(_is_box, list(tag.parents)[:_ABOVE])):
        return ""
    text = " ".join(inline_text(tag).split())
    return "" if len(text) > _LONGEST_LABEL or tag.find(_INSIDE) else text.rstrip(":： ")


def _may_be_title(tag: Tag) -> bool:
    if tag.name in ("h1", "h2", "h3", "h4", "h5", "h6", "th"):
        return True
    return any(
        name == "title" or name.endswith(("-title", "-heading", "_title", "-label")) for name in _classes(tag)
    )


def _is_box(tag: Tag) -> bool:
    return tag.name in _BOXES and any(map(_NOTE.fullmatch, (*_classes(tag), str(tag.get("summary") or ""))))


def _classes(tag: Tag) -> Iterator[str]:
    classes: str | list[str] = tag.get("class") or []
    yield from classes if isinstance(classes, list) else [classes]
