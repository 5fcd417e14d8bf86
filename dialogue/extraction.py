"""An answer without a model: the sentences of the passage that clearly matches the question, as they stand.

Whole sentences, never a heading; the best one first, and steps or a list as a whole. A question to be answered with yes
or no is left to the model, unless the sentence begins so.
"""

import re
from collections.abc import Sequence

from dialogue.conversation import Passage
from dialogue.language import content_words
from dialogue.quotes import ENDINGS
from retrieval.chunking import estimate_tokens
from retrieval.sentences import sentences

MIN_FIT = 0.9
"""Least sum of a passage's cosine and half the share of the question's words that it contains. Of 118 questions each
from XQuAD's English training part, 59 % of those with an answer reach it and 2.5 % of those without one."""
MAX_QUOTE_TOKENS = 90
"""The longest quotation, but for a single sentence, and for steps."""
MAX_STEPS_TOKENS = 300

_ITEM = re.compile(r"^(?:[-*•–]|\(?\d{1,3}[.)])\s|^\|")
_VALUE = re.compile(r"[^:]{1,60}: \S")
"""A row of a table, or a label with its value, is as good as a sentence."""
_YES_NO = re.compile(
    r"^(?:is|are|am|was|were|do|does|did|can|could|will|would|should|may|must|has|have|had|ist|sind|bin|bist|war|kann|"
    r"kannst|können|darf|dürfen|muss|müssen|soll|gibt|hat|habe|haben|wird|werden|reicht|geht|est-ce|puis-je|peut-on|"
    r"puedo|puede|se puede|hay|posso|può|si può|é possível|kan|mag|czy|można|можно|могу)\b"
    r"|.*(?:吗|嗎|ですか|ますか)[？?。]?$",
    re.IGNORECASE,
)
_YES_OR_NO = re.compile(
    r"^(?:yes|no|ja|nein|oui|non|sí|sim|não|si|nee|tak|nie|да|нет|是|可以|不|能|はい|いいえ)\b", re.IGNORECASE
)
_LAST_SENTENCE = re.compile(r"(?:^|[.!?。！？,;:]\s+)([^.!?。！？]+[?？])\s*$")


def extractive_fallback(question: str, passages: Sequence[Passage]) -> str | None:
    """The sentences of the passage that best match the question, with its marker; None if no passage matches."""
    words = content_words(question)
    best = max(passages, key=lambda passage: _fit(words, passage), default=None)
    if best is None or _fit(words, best) < MIN_FIT:
        return None
    excerpt = _excerpt(words, best.text)
    if not excerpt or (asks_yes_or_no(question) and not _YES_OR_NO.match(excerpt)):
        return None
    return f"{excerpt} [{best.n}]"


def asks_yes_or_no(question: str) -> bool:
    """Whether a question wants a yes or a no, as far as its first word tells."""
    last = _LAST_SENTENCE.search(question.strip())
    asked = last.group(1) if last else question
    return bool(_YES_NO.match(asked.strip(" ¿")))


def _fit(words: frozenset[str], passage: Passage) -> float:
    found = words & content_words(f"{passage.title} {passage.text}")
    return passage.score + len(found) / max(1, len(words)) / 2


def _excerpt(words: frozenset[str], text: str) -> str:
    """The best matching sentences, the best one first; a list with what introduces it if that is where it is."""
    spans = list(sentences(text))
    parts = [text[start:end] for start, end in spans]
    whole = [
        n for n, part in enumerate(parts) if part.endswith(ENDINGS) or _ITEM.match(part) or _VALUE.match(part)
    ]
    if not whole:
        return ""
    best = max(whole, key=lambda n: len(words & content_words(parts[n])))
    if steps := _steps(parts, best):
        return "\n".join(steps)
    most = len(words & content_words(parts[best]))
    equals = [n for n in whole if n != best and len(words & content_words(parts[n])) == most > 0]
    return _within([parts[n] for n in (best, *equals)], MAX_QUOTE_TOKENS)


def _steps(parts: Sequence[str], best: int) -> list[str]:
    """The list that the best part introduces or belongs to; empty if there is none, or it is too long."""
    first = best + 1 if parts[best].endswith((":", "：")) else best
    if first >= len(parts) or not _ITEM.match(parts[first]) or parts[first].startswith("|"):
        return []
    start, end = first, first
    while start and _ITEM.match(parts[start - 1]):
        start -= 1
    while end < len(parts) and _ITEM.match(parts[end]):
        end += 1
    start -= start > 0 and parts[start - 1].endswith((":", "："))
    steps = list(parts[start:end])
    return steps if sum(map(estimate_tokens, steps)) <= MAX_STEPS_TOKENS else []


def _within(parts: Sequence[str], budget: int) -> str:
    """As many of the parts as fit, at least the first."""
    chosen = [parts[0]]
    for part in parts[1:]:
        if sum(map(estimate_tokens, [*chosen, part])) <= budget:
            chosen.append(part)
    return " ".join(chosen)
