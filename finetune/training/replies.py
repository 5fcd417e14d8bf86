"""The reply that a model should learn to give from passages: their own sentences, each after its number.

A short answer is replaced by the sentence that it stands in, an answer in somebody's own words by the sentences of
the passages that say it, so that everything said can be checked. Knows no prompts.
"""

from collections.abc import Iterator, Sequence

from dialogue.citations import MARKERS
from dialogue.conversation import Passage
from dialogue.grounding import REFUSAL
from dialogue.words import content_words, numbers
from finetune.examples import GroundingExample
from retrieval.sentences import sentences

OWN_WORDS = 0.8
"""Share of a sentence's words that one passage must hold for the sentence to be learnt as it is."""
NEW = 0.2
"""Share of an answer's words that a further sentence has to add."""
MOST = 4
"""Sentences of a reply."""

Said = list[tuple[int, str]]
"""Sentences with the numbers of their passages."""


def grounded_reply(example: GroundingExample, passages: Sequence[Passage]) -> str | None:
    """The reply from `passages`; None where the example does not say clearly what is right."""
    if example.answerable is False:
        return REFUSAL
    evidence = [passage for passage in passages if passage.chunk in example.evidence]
    answer = MARKERS.sub("", example.answer).strip()
    if example.answerable == "partial" or not evidence or not answer:
        return None
    said = (
        _around(answer, evidence, example.question)
        or _verbatim(answer, evidence)
        or _covering(answer, evidence)
    )
    return " ".join(f"[{n}] {sentence}" for n, sentence in said) or None


def _around(answer: str, evidence: Sequence[Passage], question: str) -> Said:
    """The sentences that the answer stands in word for word; of several places, the one nearest the question."""
    asked = content_words(question)
    found = [
        [(passage.n, _line(passage.text[a:b])) for a, b in sentences(passage.text) if a < end and b > start]
        for passage in evidence
        for start, end in _occurrences(answer, passage.text)
    ]
    return max(found, key=lambda said: len(asked & content_words(said[0][1])), default=[])[:MOST]


def _occurrences(answer: str, text: str) -> Iterator[tuple[int, int]]:
    start = text.find(answer)
    while start >= 0:
        yield start, start + len(answer)
        start = text.find(answer, start + len(answer))


def _line(text: str) -> str:
    return " ".join(text.split())


def _verbatim(answer: str, evidence: Sequence[Passage]) -> Said:
    """The answer's own sentences, if each of them is nearly a quotation."""
    said: Said = []
    for start, end in sentences(answer):
        sentence = answer[start:end]
        best = max(evidence, key=lambda passage: _held(sentence, passage))
        if _held(sentence, best) < OWN_WORDS:
            return []
        said.append((best.n, sentence))
    return said[:MOST]


def _held(sentence: str, passage: Passage) -> float:
    words = content_words(sentence)
    text = f"{passage.title} {passage.text}"
    if not words or not numbers(sentence) <= numbers(text):
        return 0.0
    return len(words & content_words(text)) / len(words)


def _covering(answer: str, evidence: Sequence[Passage]) -> Said:
    """Sentences of the passages that together say what the answer says; the one that says most of it first."""
    wanted = content_words(answer)
    left = set(wanted)
    said: Said = []
    candidates = list(_statements(evidence))
    while candidates and len(said) < MOST:
        best = max(candidates, key=lambda one: (len(content_words(one[1]) & left), -len(one[1])))
        gained = content_words(best[1]) & left
        if len(gained) <= NEW * len(wanted):
            break
        said.append(best)
        left -= gained
        candidates.remove(best)
    return said


def _statements(evidence: Sequence[Passage]) -> Iterator[tuple[int, str]]:
    for passage in evidence:
        for start, end in sentences(passage.text):
            sentence = _line(passage.text[start:end])
            if not sentence.endswith(("?", "？")):
                yield passage.n, sentence
