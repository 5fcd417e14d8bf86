"""What the styles and lists of a Word document say of a paragraph: how high a heading it is, and its number."""

import re
from collections import defaultdict
from dataclasses import dataclass, field

from retrieval.loaders.packages import Element, attribute, child, descendants, local

_HEADING = re.compile(r"heading ([1-9])", re.IGNORECASE)
_LEVEL = re.compile(r"%([1-9])")
_LOWEST_HEADING = 9


class Styles:
    """The paragraph styles by id, each with the one that it is based on."""

    def __init__(self, root: Element | None) -> None:
        styles = root if root is not None else ()
        self._styles = {attribute(one, "styleId"): one for one in styles if local(one) == "style"}

    def name(self, paragraph: Element) -> str:
        """The name of its style, in English whatever the language of the program."""
        chain = self._chain(paragraph)
        return _value(chain[0], "name") if chain else ""

    def heading_level(self, paragraph: Element) -> int:
        """1 for the highest; 0 for what is no heading."""
        name = self.name(paragraph)
        if name.lower() == "title":
            return 1
        found = _HEADING.fullmatch(name)
        outline = self.property(paragraph, "outlineLvl")
        level = int(found.group(1)) if found else int(outline or _LOWEST_HEADING) + 1
        return level if level <= _LOWEST_HEADING else 0

    def property(self, paragraph: Element, *path: str) -> str:
        """The value of a paragraph property, its own or that of its style."""
        return next(
            filter(None, (_value(one, "pPr", *path) for one in (paragraph, *self._chain(paragraph)))), ""
        )

    def _chain(self, paragraph: Element) -> list[Element]:
        chain: list[Element] = []
        id = _value(paragraph, "pPr", "pStyle")
        while id in self._styles and self._styles[id] not in chain:
            chain.append(self._styles[id])
            id = _value(chain[-1], "basedOn")
        return chain


@dataclass(slots=True)
class Numbering:
    """Counts the items of lists as they come."""

    levels: dict[tuple[str, int], Element]
    """By the number of a list and the level in it."""
    counts: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * 9))

    @classmethod
    def of(cls, root: Element | None) -> "Numbering":
        if root is None:
            return cls({})
        abstract = {attribute(one, "abstractNumId"): one for one in root if local(one) == "abstractNum"}
        lists = {attribute(one, "numId"): one for one in root if local(one) == "num"}
        return cls(
            {
                (id, int(attribute(level, "ilvl") or 0)): level
                for id, one in lists.items()
                for source in (abstract.get(_value(one, "abstractNumId")), one)
                if source is not None
                for level in descendants(source, "lvl")
            }
        )

    def label(self, id: str, level: int) -> str:
        """What stands before the next item of a list: `2.`, `b)`, or `-` for a bullet; empty where nothing does."""
        found = self.levels.get((id, level))
        if found is None:
            return ""
        if _value(found, "numFmt") == "bullet":
            return "-"
        counts = self.counts[id]
        counts[level] = counts[level] + 1 if counts[level] else int(_value(found, "start") or 1)
        counts[level + 1 :] = [0] * (8 - level)
        return _LEVEL.sub(lambda match: self._written(id, int(match.group(1)) - 1), _value(found, "lvlText"))

    def _written(self, id: str, level: int) -> str:
        found = self.levels.get((id, level))
        number = self.counts[id][level] or 1
        return numeral(number, _value(found, "numFmt") if found is not None else "decimal")


def numeral(number: int, form: str) -> str:
    """A number in the form that a list asks for."""
    if form in ("lowerLetter", "upperLetter"):
        letters = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
        return letters if form == "lowerLetter" else letters.upper()
    if form in ("lowerRoman", "upperRoman"):
        roman = "".join(
            _ROMAN[place][digit] for place, digit in zip((3, 2, 1, 0), map(int, f"{number:04}"), strict=True)
        )
        return roman if form == "lowerRoman" else roman.upper()
    return "" if form == "none" else f"{number:02}" if form == "decimalZero" else str(number)


_ROMAN = (
    ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"),
    ("", "x", "xx", "xxx", "xl", "l", "lx", "lxx", "lxxx", "xc"),
    ("", "c", "cc", "ccc", "cd", "d", "dc", "dcc", "dccc", "cm"),
    ("", "m", "mm", "mmm", "", "", "", "", "", ""),
)


def _value(element: Element, *path: str) -> str:
    """The `val` of what a path leads to; empty where there is no such thing."""
    found = child(element, *path)
    return attribute(found, "val") if found is not None else ""
