"""Follow-ups that need no rewriting: an announced change of topic, and a question that names what it is about.

Saves a call of the model where that is certain; whatever is in doubt is left to the rewriter. `python -m
benchmarks.standalone` says how often this is right.
"""

import re
from collections.abc import Iterator, Sequence

from dialogue.conversation import Turn
from dialogue.language import content_words

MIN_CONTENT_WORDS = 3
"""Content words that a question needs to be searched for in its own words."""

REFERENCE = re.compile(
    r"^(?:and|but|so|or|what about|how about)\b|\b(?:it|its|this|that|these|those|they|them|their|ones?|he|him|"
    r"his|she|her)\b|[它他她这那]",
    re.I,
)

TOPIC_CHANGE = re.compile(
    r"""
    \b(?: (?:(?:tell\ me|now\ to|now)\ )?something\ (?:(?:completely|entirely|totally)\ )?(?:else|different)
        | (?:a\ |an)?(?:other|different|new)\ (?:thing|question|topic|matter|subject)
        | (?:et)?was\ (?:ganz\ )?anderes | (?:eine\ )?andere\ frage | anderes\ thema | themenwechsel
        | (?:je\ passe\ à\ )?autre\ (?:chose|question|sujet) | changeons\ de\ sujet
        | otra\ (?:cosa|pregunta) | (?:cambio|cambiando)\ de\ tema
        | (?:un['’]\ ?)?altra\ (?:cosa|domanda) | cambiando\ argomento
        | outra\ (?:coisa|pergunta) | outro\ assunto | mudando\ de\ assunto
        | iets\ anders | (?:een\ )?andere\ vraag
      )\s*(?:[:.,;–—-]+\s+|\n)
    | (?:换个(?:话题|问题)|(?:另外)?(?:再)?问个别的|另一个问题)[：:，,。\s]+
    | (?:別の(?:話|質問)(?:ですが)?|話は変わりますが)[、，,。：:\s]+
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""The words that announce another topic; what follows them is the question."""
TOPIC_DROPPED = re.compile(
    r"""
    \b(?: (?:leave|forget|drop|skip)\ (?:that|it|this|the\ \w+)(?:\ (?:then|for\ now|aside))?
        | never\ ?mind(?:\ (?:that|it|then|the\ \w+))? | (?:different|new|other)\ (?:topic|subject|matter)
        | change\ of\ (?:topic|subject) | (?:something|topic)\ (?:completely|entirely|totally)\ (?:else|different)
        | (?:lassen\ wir|lass|vergiss)\ (?:das|es) | (?:ganz\ )?anderes\ thema | themenwechsel
        | (?:etwas|was)\ ganz\ anderes
        | (?:laissons|oublie[sz]?)\ (?:ça|cela) | changeons\ de\ sujet | rien\ à\ voir
        | (?:deja|olvida)\ (?:eso|lo)? | (?:cambio|cambiando)\ de\ tema
        | lascia(?:mo)?\ (?:perdere|stare) | cambiando\ argomento
        | deixa\ (?:isso|pra\ lá) | mudando\ de\ assunto | laat\ maar | ander\ onderwerp
        | zmieniając\ temat | inny\ temat
        | (?:оставим|забудь(?:те)?)\ (?:это|об\ этом) | другая\ тема | сменим\ тему
      )\s*(?:[:.,;!–—-]+\s+|\n)
    | (?:换个(?:话题|问题)|先(?:不提|放一放|不说)(?:这个|了)?|这个先不(?:提|说))[：:，,。\s]+
    | (?:話は変わりますが|話題を変えて|それはいいとして)[、，,。：:\s]* | (?:다른\ 얘기(?:인데|지만)?|그건\ 됐고)[,.\s]+
    | (?:دعنا\ من\ هذا|موضوع\ آخر)[،,.:\s]+
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""The words that put an end to the former topic: nothing after them is about it."""
PREAMBLE = re.compile(
    r"(?:|.{0,60}(?:[.,!?;:…。，！？]|\b(?:ok|okay|then|so|and|now)))\s*", re.IGNORECASE | re.DOTALL
)
"""What may stand before these words: thanks, or a comment on the former answer."""

LIKE_BEFORE = re.compile(
    r"\b(?:too|also|there|same|auch|aussi|también|anche|também|ook)\b|[也还]", re.IGNORECASE
)
"""Says that something holds as it did before, even of another topic."""
POSSIBLE_REFERENCE = re.compile(
    r"\b(?:others?|another|else|same|also|too|either|both|former|latter|then|there|here|again|instead|besides|above|"
    r"such|any|some|anything|anyone|something|more|less|rest|next|previous|last|first|second|third|only|still|yet|"
    r"further|different|now|new|before|after|afterwards?|earlier|later|ever|specific|particular|main|"
    r"i|me|my|we|our|you|your)\b",
    re.IGNORECASE,
)
"""What may be compared with something that was said before, or depend on who speaks."""
ENGLISH_QUESTION = re.compile(
    r"(?:what|how|where|who|whom|whose|which|when|why|can|could|do|does|did|is|are|were|would|should|may|must)\b",
    re.IGNORECASE,
)
NAME = r"[A-Z0-9][\w&.'’-]*(?:\s+(?:(?:of|the|de|van|von)\s+)?[A-Z0-9][\w&.'’-]*)*"
NAMES = re.compile(rf"\b{NAME}")
NAME_INSIDE = re.compile(rf"(?<!^)(?<![.!?:]\s)\b{NAME}")
"""A name that is not capitalized for being first."""
PART_OF_NAMED = re.compile(
    r"\b(?:the|an?|no|each|every)\s+(?:[a-z]\w*\s+){1,2}(?:of|for|in|on|at|to|with|from|between|by)\s+"
    r"(?=(?:the\s+|an?\s+)?[A-Z0-9])"
)
"""`the price of the` before a name: known by the name."""
DEFINITE = re.compile(r"\b[Tt]he\s+[a-z]")
"""`the price`: of something that was said before."""


def standalone(history: Sequence[Turn], question: str) -> str | None:
    """The question as it can be searched for, without the words that announce it; None if it may need the history."""
    if left := after(TOPIC_DROPPED, question):
        left = after(TOPIC_CHANGE, left) or left
        return left if is_specific(left) and not LIKE_BEFORE.search(left) else None
    if rest := after(TOPIC_CHANGE, question):
        return rest if is_specific(rest) and not refers_back(rest) and not LIKE_BEFORE.search(rest) else None
    return question if _names_its_topic(history, question) else None


def after(announcement: re.Pattern[str], question: str) -> str:
    """What follows the announcement of another topic, at or near the beginning of a message."""
    found = announcement.search(question)
    return question[found.end() :].strip() if found and PREAMBLE.fullmatch(question, 0, found.start()) else ""


def _names_its_topic(history: Sequence[Turn], question: str) -> bool:
    """Whether it is an English question about something that it names in full."""
    if not ENGLISH_QUESTION.match(question) or not is_specific(question):
        return False
    if refers_back(question) or POSSIBLE_REFERENCE.search(question):
        return False
    if DEFINITE.search(PART_OF_NAMED.sub(" ", question)):
        return False
    named = list(_names(NAME_INSIDE, question))
    return any(map(_in_letters, named)) and not _shortened(named, history)


def _in_letters(name: frozenset[str]) -> bool:
    """Whether it is more than a number with its unit."""
    return any(len(word) > 2 and not word[0].isdigit() for word in name)


def _shortened(named: Sequence[frozenset[str]], history: Sequence[Turn]) -> bool:
    """Whether one of the names is part of a longer one that was said before: Dawkins of Richard Dawkins."""
    before = {name for turn in history for name in _names(NAMES, turn.text)}
    return any(name < longer for name in named for longer in before)


def _names(pattern: re.Pattern[str], text: str) -> Iterator[frozenset[str]]:
    for name in pattern.findall(text):
        words = re.findall(r"\w+", re.sub(r"['’]s\b", "", name).lower())
        if words:
            yield frozenset(words)


def refers_back(question: str) -> bool:
    """Whether a question refers to earlier turns: "And how long is it?"."""
    return bool(REFERENCE.search(question))


def is_specific(question: str) -> bool:
    """Whether searching for the person's own words helps; "and the blue one?" would only add noise."""
    return len(content_words(question)) >= MIN_CONTENT_WORDS
