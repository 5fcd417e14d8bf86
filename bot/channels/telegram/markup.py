"""The Markdown that language models write, as Telegram shows it: bold, italic, code, lists, headings, quotes.

Links and HTML stay plain text on purpose: a person sees the address that a link would hide.
"""

from collections.abc import Callable, Sequence
from typing import ClassVar

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.channels.telegram.texts import Span, Styled

OFF = ("link", "image", "autolink", "html_inline", "html_block", "reference", "entity", "code", "lheading")
STYLES = {
    "strong": "bold",
    "em": "italic",
    "s": "strikethrough",
    "heading": "bold",
    "blockquote": "blockquote",
}
VERBATIM = frozenset({"code", "pre"})
RULE = "———"

_markdown = MarkdownIt("commonmark").enable("strikethrough").disable(OFF)


def styled(markdown: str) -> Styled:
    """The text with its marks turned into spans; what is no mark stays as it stands, `[1]` included."""
    page = _Page()
    page.write(_markdown.parse(markdown))
    result = Styled(page.text, tuple(_carved(page.spans)))
    return result.slice(0, len(page.text)) if page.text.strip() else Styled(markdown.strip())


class _Page:
    """Grows while tokens are read: the text so far, finished spans, and where open styles began."""

    def __init__(self) -> None:
        self.text = ""
        self.spans: list[Span] = []
        self._open: list[int] = []
        self._lists: list[int | None] = []
        self._quotes = 0

    def write(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            name, _, step = token.type.rpartition("_")
            if step in ("open", "close") and name in STYLES:
                self._style(name, opens=step == "open")
            elif write := self._writers.get(token.type):
                write(self, token)

    def _style(self, name: str, *, opens: bool) -> None:
        if opens:
            self._open.append(len(self.text))
        else:
            self._span(STYLES[name], self._open.pop())
        if name == "blockquote":
            self._quotes += 1 if opens else -1
        if not opens and name in ("heading", "blockquote"):
            self._gap(2)

    def _span(self, kind: str, start: int, detail: str | None = None) -> None:
        """Marks what was written since `start`; an inner quote is part of the outer one."""
        end = len(self.text.rstrip())
        if start < end and not (kind == "blockquote" and self._quotes > 1):
            self.spans.append(Span(kind, start, end, detail))

    def _gap(self, lines: int) -> None:
        """Ends the block: at least so many line ends before what comes next."""
        self.text = self.text.rstrip("\n") + "\n" * lines if self.text else ""

    def _inline(self, token: Token) -> None:
        self.write(token.children or ())

    def _text(self, token: Token) -> None:
        self.text += token.content

    def _break(self, token: Token) -> None:
        self.text += "\n"

    def _code(self, token: Token) -> None:
        start = len(self.text)
        self.text += token.content
        self._span("code", start)

    def _fence(self, token: Token) -> None:
        start = len(self.text)
        self.text += token.content
        self._span("pre", start, token.info.split()[0] if token.info.strip() else None)
        self._gap(2)

    def _rule(self, token: Token) -> None:
        self.text += RULE
        self._gap(2)

    def _paragraph(self, token: Token) -> None:
        self._gap(1 if token.hidden or self._lists else 2)

    def _list(self, token: Token) -> None:
        if self._lists:
            self._gap(1)
        ordered = token.type == "ordered_list_open"
        self._lists.append(int(token.attrGet("start") or 1) if ordered else None)

    def _list_end(self, token: Token) -> None:
        self._lists.pop()
        self._gap(1 if self._lists else 2)

    def _item(self, token: Token) -> None:
        number = self._lists[-1]
        self.text += "  " * (len(self._lists) - 1) + ("• " if number is None else f"{number}. ")
        if number is not None:
            self._lists[-1] = number + 1

    def _item_end(self, token: Token) -> None:
        self._gap(1)

    _writers: ClassVar[dict[str, Callable[["_Page", Token], None]]] = {
        "inline": _inline,
        "text": _text,
        "softbreak": _break,
        "hardbreak": _break,
        "code_inline": _code,
        "fence": _fence,
        "hr": _rule,
        "paragraph_close": _paragraph,
        "bullet_list_open": _list,
        "ordered_list_open": _list,
        "bullet_list_close": _list_end,
        "ordered_list_close": _list_end,
        "list_item_open": _item,
        "list_item_close": _item_end,
    }


def _carved(spans: Sequence[Span]) -> list[Span]:
    """Outer spans before inner ones, with code cut out of the others: Telegram nests nothing with code."""
    code = [span for span in spans if span.kind in VERBATIM]
    rest = [span for span in spans if span.kind not in VERBATIM]
    for hole in code:
        rest = [piece for span in rest for piece in _around(span, hole)]
    return sorted([*code, *rest], key=lambda span: (span.start, -span.end))


def _around(span: Span, hole: Span) -> list[Span]:
    if hole.end <= span.start or span.end <= hole.start:
        return [span]
    sides = [(span.start, hole.start), (hole.end, span.end)]
    return [Span(span.kind, start, end, span.detail) for start, end in sides if start < end]
