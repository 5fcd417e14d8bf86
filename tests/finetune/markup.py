"""Checks HTML and SVG."""

from html.parser import HTMLParser

VOID = frozenset({"meta"})
"""Tags that nothing closes."""


def is_balanced(text: str) -> bool:
    """Whether every end tag closes the tag that was opened last, and none is left open."""
    parser = _Tags()
    parser.feed(text)
    return parser.matched and not parser.open


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.matched = True

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        self.matched = self.matched and bool(self.open) and self.open.pop() == tag
