"""Whether a sentence says the opposite of what it copies: the same words with a negation more or less.

Compares only sentences that share nearly all of their words; what follows from other words is not judged.
"""

import re

from dialogue.language import support_terms

_NEGATION = re.compile(
    r"\b(?:not|no|never|without|cannot|neither|nor|none|nothing|nobody|nicht|nichts|kein\w*|nie|niemals|ohne|weder|"
    r"niemand|pas|jamais|sans|aucune?|rien|ni|nunca|sin|ning[uú]n\w*|nada|tampoco|não|nunca|sem|nenhum\w*|jamais|non|"
    r"mai|senza|nessun\w*|niente|niet|niets|geen|nooit|zonder|nie|bez|nigdy|żaden|не|нет|без|никогда|нельзя|ни|"
    r"ليس|لا|لم|لن|بدون)\b|n['’]t\b|[不没沒無无未别勿非]|ません|ない(?!と)|않|없|못",
    re.IGNORECASE,
)
_ANSWER_WORD = re.compile(
    r"^(?:no|nein|non|não|nee|nie|нет|不是|不能|不行|不会|不用|不可以|没有|不|いいえ|아니요|لا)[,，.。:;；、!！]\s*",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"[,;:()，；：、。]|\s[-–—]\s|\b(?:but|aber|sondern|mais|pero|mas|ma|maar|ale|но|except|außer)\b|但"
)
_NEARLY_ALL = 0.8
_LEAST_TERMS = 2


def contradicts(sentence: str, text: str) -> bool:
    """Whether a clause of the sentence is one of the text but for its negation, and stands there nowhere as it is."""
    said = [clause for clause in _clauses(_ANSWER_WORD.sub("", sentence)) if len(clause[0]) >= _LEAST_TERMS]
    known = _clauses(text)
    return any(_opposed(clause, known) for clause in said)


Clause = tuple[frozenset[str], bool]
"""The words of a clause without its negations, and whether it has any."""


def _opposed(clause: Clause, known: list[Clause]) -> bool:
    terms, negated = clause
    alike = {other for words, other in known if _same(terms, words)}
    return bool(alike) and negated not in alike


def _same(first: frozenset[str], second: frozenset[str]) -> bool:
    return len(first & second) >= _NEARLY_ALL * max(len(first), len(second))


def _clauses(text: str) -> list[Clause]:
    return [
        (frozenset(support_terms(_NEGATION.sub(" ", part))), bool(_NEGATION.search(part)))
        for line in text.split("\n")
        for part in _CLAUSE.split(line)
        if part and part.strip()
    ]
