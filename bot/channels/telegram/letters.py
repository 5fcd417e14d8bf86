"""An answer as Telegram will show it: parts of text with entities, the sources under them. Sends nothing."""

from typing import Any

from bot.channels.telegram.markup import styled
from bot.channels.telegram.texts import Styled, clean, split
from dialogue.conversation import Answer, Citation, Turn
from dialogue.voice import Wording

LONGEST_QUOTE = 400
"""Characters of a supporting sentence that are shown."""


def letter(answer: Answer, turn: Turn, wording: Wording) -> dict[str, Any]:
    """The payload for the outbox: JSON.

    `parts` are messages (`text`, `entities`), `question` is the number of the user's turn, `reply_to` the
    message that asked, `rateable` whether thumbs go under the last part: not under apologies, nor under what a
    human wrote, which no release produced.
    """
    whole = styled(clean(answer.text))
    if answer.citations:
        whole += Styled("\n\n") + _sources(answer.citations, wording.sources)
    return {
        "parts": [part.message for part in split(whole)],
        "question": turn.number,
        "reply_to": int(turn.reference) if turn.reference else None,
        "rateable": bool(answer.release) and not answer.failed,
    }


def _sources(citations: tuple[Citation, ...], heading: str) -> Styled:
    """The heading, and under it each source with its quote in a block that folds."""
    block = Styled("")
    for citation in sorted({c.n: c for c in citations}.values(), key=lambda citation: citation.n):
        line = "\n" if block.text else ""
        title = clean(citation.title).strip() or clean(citation.source)
        block += Styled(f"{line}[{citation.n}] ") + Styled(title).styled("bold") + _quote(citation)
    return Styled(heading).styled("bold") + Styled("\n") + block.styled("expandable_blockquote")


def _quote(citation: Citation) -> Styled:
    quote = " ".join(clean(citation.quote).split())
    if len(quote) > LONGEST_QUOTE:
        quote = quote[:LONGEST_QUOTE].rstrip() + "…"
    return Styled(f"\n“{quote}”" if quote else "")
