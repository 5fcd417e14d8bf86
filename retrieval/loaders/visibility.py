"""Which elements of a web page nobody sees: hidden, without size, or in the colour of the paper.

What a click opens is text: the panel of an accordion, a tab, a menu of questions. Knows simple rules of style sheets
(`.name`, `#name`) and no layout.
"""

import re
from collections.abc import Iterator

from bs4 import Tag

_AT_RULE = re.compile(r"@[^{;]*(?:;|\{(?:[^{}]|\{[^{}]*\})*\})")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_SIMPLE = re.compile(r"[.#][\w-]+")
_UNSEEN = re.compile(
    r"display:none|visibility:hidden|visibility:collapse|opacity:0(?:\.0+)?(?:;|$)|font-size:0(?:\.0+)?(?:px|pt|em|rem|%)?(?:;|!|$)|"
    r"text-indent:-\d{3,}|left:-\d{4,}|clip:rect\(0"
)
_WHITE = r"(?:white|#fff(?:fff)?|rgb\(255,255,255\))"
_WHITE_TEXT = re.compile(rf"(?:^|;)color:{_WHITE}(?:;|!|$)")
_BACKGROUND = re.compile(r"(?:^|;)background(?:-color|-image)?:([^;]+)")
_IS_WHITE = re.compile(rf"{_WHITE}|none|transparent|inherit|initial")
_DISCLOSED = re.compile(
    r"(?:.*[-_])?(?:accordion|accordeon|collaps\w*|expand\w*|tab|tabs|tabpanel|panel|pane|answer|faq|toggle\w*|"
    r"spoiler|details|dropdown-content)(?:[-_].*)?",
    re.IGNORECASE,
)


class Visibility:
    """The style of one page, and what it hides."""

    def __init__(self, page: Tag) -> None:
        self._rules = dict(_rules(page))
        self._opened = {
            str(tag[name]).lstrip("#")
            for tag in page.find_all(_opens)
            for name in ("aria-controls", "data-target", "data-bs-target", "href")
            if tag.has_attr(name)
        }

    def is_hidden(self, tag: Tag) -> bool:
        """A formula written in elements counts as seen: pages hide it behind a picture of it."""
        return (
            self._is_unseen(tag)
            and not self._is_disclosed(tag)
            and tag.name != "math"
            and not tag.find("math")
        )

    def _is_unseen(self, tag: Tag) -> bool:
        if (tag.has_attr("hidden") and tag["hidden"] != "false") or tag.get("aria-hidden") == "true":
            return True
        style = self._style(tag)
        return bool(style and (_UNSEEN.search(style) or (_WHITE_TEXT.search(style) and self._on_white(tag))))

    def _style(self, tag: Tag) -> str:
        """What the page says about an element, its own attributes last, without white space."""
        parts = []
        if self._rules:
            names = [f".{name}" for name in tag.get("class") or []] + [f"#{tag.get('id')}"]
            parts = [self._rules[name] for name in names if name in self._rules]
        if tag.name == "font" and tag.has_attr("color"):
            parts.append(f"color:{tag['color']}")
        parts.append(str(tag.get("style") or ""))
        return _plain(";".join(parts)) if any(parts) else ""

    def _on_white(self, tag: Tag) -> bool:
        """Whether neither it nor what it stands in has a background of another colour."""
        for element in (tag, *tag.parents):
            ground = _BACKGROUND.search(self._style(element)) if isinstance(element, Tag) else None
            if ground or element.attrs.get("bgcolor"):
                return bool(_IS_WHITE.match(ground.group(1) if ground else _plain(str(element["bgcolor"]))))
        return True

    def _is_disclosed(self, tag: Tag) -> bool:
        """Whether a click shows it."""
        if tag.get("aria-hidden") == "true" and tag.name in ("span", "i", "a"):
            return False
        if (
            tag.get("role") == "tabpanel"
            or tag.get("id") in self._opened
            or tag.get("hidden") == "until-found"
        ):
            return True
        if any(_DISCLOSED.fullmatch(name) for name in tag.get("class") or []):
            return True
        before = tag.find_previous_sibling()
        return before is not None and (
            before.name in ("button", "summary") or before.find("button") is not None
        )


def _opens(tag: Tag) -> bool:
    return bool(
        tag.attrs.keys() & {"aria-controls", "data-target", "data-bs-target", "data-toggle", "data-bs-toggle"}
    )


def _rules(page: Tag) -> Iterator[tuple[str, str]]:
    for sheet in page.find_all("style"):
        text = _AT_RULE.sub("", _COMMENT.sub("", sheet.get_text()))
        for selectors, declarations in _RULE.findall(text):
            for selector in selectors.split(","):
                if _SIMPLE.fullmatch(selector.strip()):
                    yield selector.strip(), declarations


def _plain(style: str) -> str:
    return re.sub(r"\s+", "", style).lower()
