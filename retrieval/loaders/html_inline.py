"""The text of one line of HTML: links with addresses that say something, raised figures, pictures in words."""

import re

from bs4 import Tag
from bs4.element import PageElement, PreformattedString

from retrieval.loaders.addresses import with_address

_RAISED = str.maketrans("0123456789+-−()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-−()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₍₎")
_FIGURES = re.compile(r"[0-9+\-−()]+|n")
_FILE_NAME = re.compile(r"\S+\.(?:png|jpe?g|gif|svg|webp|bmp)", re.IGNORECASE)
_PICTURE = re.compile(
    r"\W*(?:image|picture|screenshot|photo|logo|icon|figure|bild|abbildung|图片?)s?\b.{0,25}", re.IGNORECASE
)
_TEX = re.compile("tex", re.IGNORECASE)
_MATHEMATICAL = re.compile(r"math|latex|\btex\b", re.IGNORECASE)
_STYLE = re.compile(r"\\(?:displaystyle|textstyle|left|right|,|!|;|quad)(?![a-z])")
_FEWEST_WORDS = 3


def inline_text(element: PageElement) -> str:
    """What an element says on one line."""
    if not isinstance(element, Tag):
        return "" if isinstance(element, PreformattedString) else str(element)
    if element.name in ("img", "math"):
        return _formula(element) or _described(str(element.get("alt") or ""), element)
    if element.name in ("br", "hr"):
        return " "
    text = "".join(inline_text(child) for child in element.children)
    if element.name == "a":
        return with_address(text, str(element.get("href") or ""))
    if element.name in ("sup", "sub") and _FIGURES.fullmatch(text.strip()):
        return text.strip().translate(_RAISED if element.name == "sup" else _LOWERED)
    if element.name == "q":
        return f"“{text}”"
    if element.name in ("td", "th", "p", "div", "li", "tr"):
        return f" {text} "
    return text


def _described(alt: str, element: Tag) -> str:
    """A picture's description where it is a sentence or a phrase, not a file's name or the word picture."""
    if element.name == "math":
        return "".join(inline_text(child) for child in element.children)
    words = alt.split()
    wide = sum(character >= "\u2e80" for character in alt)
    if (len(words) < _FEWEST_WORDS and wide < 2 * _FEWEST_WORDS) or _FILE_NAME.fullmatch(alt.strip()):
        return ""
    return "" if _PICTURE.fullmatch(alt) else f" {alt} "


def _formula(element: Tag) -> str:
    """A formula as it is typed in TeX, where the page has that beside its picture or its elements."""
    note = element.find("annotation", encoding=_TEX)
    if element.name == "math":
        typed = note.get_text() if note else str(element.get("alttext") or "")
    else:
        typed = (
            str(element.get("alt") or "")
            if _MATHEMATICAL.search(" ".join(element.get("class") or []))
            else ""
        )
    return f" {_STYLE.sub('', typed).strip('{} ')} " if typed.strip() else ""
