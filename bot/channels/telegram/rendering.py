"""Renders an answer as Telegram messages: Markdown becomes text with entities, split at 4,096 UTF-16 code units.

`render_answer` makes the payload for the outbox, `render_progress` what is shown before the first word. Links and
citation markers such as `[1]` stay as they are written.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.channels.progress import Progress
from dialogue.conversation import Answer, Citation, Turn
from dialogue.voice import Wording

MAX_MESSAGE_UNITS = 4096
"""UTF-16 code units in one message, after Telegram has taken out the entities (Bot API, sendMessage)."""

PARAGRAPH = re.compile(r"\n\s*\n")
SENTENCE = re.compile(r"[.!?…]+[\"'”’)]*(?:\s?\[\d+\])*(?=\s)|[。！？；]+[”’」』）]*(?:\[\d+\])*")
LINE = re.compile(r"\n")
WORD = re.compile(r"\s+|[，、：]")
BREAKS = (PARAGRAPH, SENTENCE, LINE, WORD)
"""Where to cut, in order of preference."""

JOINER = "\u200d"


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text) + sum(character > "\uffff" for character in text)


@dataclass(frozen=True, slots=True)
class Span:
    """A style of `text[start:end]`: `kind` is a MessageEntity type, `detail` its language or URL."""

    kind: str
    start: int
    end: int
    detail: str | None = None

    def within(self, start: int, end: int) -> Self:
        """The part of the span inside a slice, relative to the start of the slice; may be empty."""
        return replace(self, start=max(self.start, start) - start, end=min(self.end, end) - start)


@dataclass(frozen=True, slots=True)
class StyledText:
    """A text and its spans, in code points."""

    text: str
    spans: tuple[Span, ...] = ()

    def __add__(self, other: "StyledText") -> "StyledText":
        shift = len(self.text)
        moved = (replace(span, start=span.start + shift, end=span.end + shift) for span in other.spans)
        return StyledText(self.text + other.text, (*self.spans, *moved))

    def styled(self, kind: str) -> "StyledText":
        """The whole text in one more style, around the others."""
        return StyledText(self.text, (Span(kind, 0, len(self.text)), *self.spans))

    def slice(self, start: int, end: int) -> "StyledText":
        """`text[start:end]` stripped of whitespace, with the spans that overlap it."""
        body = self.text[start:end]
        start += len(body) - len(body.lstrip())
        body = body.strip()
        inner = (span.within(start, start + len(body)) for span in self.spans)
        return StyledText(body, tuple(span for span in inner if span.start < span.end))

    @property
    def message(self) -> dict[str, Any]:
        """`text` and `entities` in the Bot API's JSON, with offsets in UTF-16 code units."""
        return {"text": self.text, "entities": self._entities()}

    def _entities(self) -> list[dict[str, Any]]:
        return [
            {
                "type": span.kind,
                "offset": utf16_length(self.text[: span.start]),
                "length": utf16_length(self.text[span.start : span.end]),
            }
            | _detail(span)
            for span in self.spans
        ]


def _detail(span: Span) -> dict[str, str]:
    if span.detail is None:
        return {}
    return {"url" if span.kind == "text_link" else "language": span.detail}


def sanitize(text: str) -> str:
    """`text` as valid UTF-8 without NULs: surrogate pairs are joined, lone surrogates replaced."""
    return text.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def split_text(styled: StyledText, longest: int = MAX_MESSAGE_UNITS) -> list[StyledText]:
    """Split into non-blank parts of at most `longest` UTF-16 code units; a style that is cut goes on in the next.

    Prefers to cut after a paragraph, then a sentence, a line, a word, within the second half of what fits, and outside
    of spans where possible; never inside a character.
    """
    return [part for part in _parts(styled, longest) if part.text]


def _parts(styled: StyledText, longest: int) -> Iterator[StyledText]:
    start = 0
    while (end := _reach(styled.text, start, longest)) < len(styled.text):
        cut = _cut(styled, start, end)
        yield styled.slice(start, cut)
        start = cut
    yield styled.slice(start, end)


def _reach(text: str, start: int, longest: int) -> int:
    """The largest end such that `text[start:end]` fits."""
    units = text[start : start + longest].encode("utf-16-le")[: 2 * longest]
    return start + len(units.decode("utf-16-le", "ignore"))


def _cut(styled: StyledText, start: int, end: int) -> int:
    half = (start + end) // 2
    whole = [span for span in styled.spans if span.start < end and span.end > half]
    for spans in (whole, []):
        for pattern in BREAKS:
            places = (match.end() for match in pattern.finditer(styled.text, half, end))
            if thread := max(_outside(places, spans), default=0):
                return thread
    return _between_characters(styled.text, half, end)


def _outside(places: Iterable[int], spans: list[Span]) -> Iterator[int]:
    return (thread for thread in places if not any(span.start < thread < span.end for span in spans))


def _between_characters(text: str, half: int, end: int) -> int:
    """The last thread up to `end` that parts no character from its accents, joiners and variants."""
    for thread in range(end, max(half, end - 50), -1):
        if not _is_combining(text[thread]) and text[thread - 1] != JOINER:
            return thread
    return end


def _is_combining(character: str) -> bool:
    return character == JOINER or unicodedata.category(character) in {"Mn", "Me", "Mc", "Sk"}


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


def render_markdown(markdown: str) -> StyledText:
    """The text with Markdown turned into spans; anything else stays as it is written, including `[1]`."""
    page = _MarkdownWriter()
    page.write(_markdown.parse(markdown))
    result = StyledText(page.text, tuple(_nest_spans(page.spans)))
    return result.slice(0, len(page.text)) if page.text.strip() else StyledText(markdown.strip())


class _MarkdownWriter:
    """Collects the text and spans while it reads Markdown tokens."""

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
        """Add a span over what was written since `start`; nested quotes become part of the outer one."""
        end = len(self.text.rstrip())
        if start < end and not (kind == "blockquote" and self._quotes > 1):
            self.spans.append(Span(kind, start, end, detail))

    def _gap(self, lines: int) -> None:
        """End the block: the next one starts after `lines` line breaks."""
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

    _writers: ClassVar[dict[str, Callable[["_MarkdownWriter", Token], None]]] = {
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


def _nest_spans(spans: Sequence[Span]) -> list[Span]:
    """Sort outer spans before inner ones, and cut code out of other styles: Telegram does not nest code."""
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


MAX_QUOTE_CHARACTERS = 400
"""Longer quotes are truncated."""


def render_answer(answer: Answer, turn: Turn, wording: Wording) -> dict[str, Any]:
    """The payload for the outbox: JSON.

    parts: the messages (`text`, `entities`). question: the number of the user's turn. reply_to: the id of the
    user's message. rateable: whether to put rating buttons below the last part; not for apologies, nor for what an
    operator wrote.
    """
    whole = render_markdown(sanitize(answer.text))
    if answer.citations:
        whole += StyledText("\n\n") + _sources(answer.citations, wording.sources)
    return {
        "parts": [part.message for part in split_text(whole)],
        "question": turn.number,
        "reply_to": int(turn.reference) if turn.reference else None,
        "rateable": bool(answer.release) and not answer.failed,
    }


def render_progress(progress: Progress) -> StyledText:
    """Where the answer was found, with the best sentence, and how long it takes; empty while nothing is known."""
    found = StyledText("")
    if progress.titles:
        titles = " · ".join(sanitize(title).strip() for title in progress.titles)
        found = StyledText(f"{progress.heading}: ") + StyledText(titles).styled("bold")
        found += _quoted(progress.quote)
    gap = StyledText("\n\n" if found.text and progress.wait else "")
    return found + gap + StyledText(progress.wait).styled("italic")


def _sources(citations: tuple[Citation, ...], heading: str) -> StyledText:
    """The heading, and below it the sources with their quotes in an expandable block."""
    block = StyledText("")
    for citation in sorted({c.n: c for c in citations}.values(), key=lambda citation: citation.n):
        line = "\n" if block.text else ""
        title = sanitize(citation.title).strip() or sanitize(citation.source)
        block += (
            StyledText(f"{line}[{citation.n}] ") + StyledText(title).styled("bold") + _quoted(citation.quote)
        )
    return StyledText(heading).styled("bold") + StyledText("\n") + block.styled("expandable_blockquote")


def _quoted(text: str) -> StyledText:
    """The text on a line of its own, in quotation marks; empty if it is."""
    quote = " ".join(sanitize(text).split())
    if len(quote) > MAX_QUOTE_CHARACTERS:
        quote = quote[:MAX_QUOTE_CHARACTERS].rstrip() + "…"
    return StyledText(f"\n“{quote}”" if quote else "")
