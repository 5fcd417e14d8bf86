"""Lessons from what people said of answers: a prompt as the bot asks it, with a better and a worse reply, or one rated.

What the bot would show of an answer is learnt, in the form that a model writes it: sentences after their numbers. Knows
neither models nor losses.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dialogue.citations import MARKERS, ground, markers
from dialogue.conversation import Passage
from dialogue.engines.messages import Message, template_messages
from dialogue.grounding import REFUSAL
from dialogue.prompting import answer_prompt
from finetune.datasets.making import is_logged
from finetune.examples import GivenPassage, PreferenceExample, RatedExample
from finetune.training.lessons import NOBODY, in_lesson
from retrieval.sentences import sentences

Judged = PreferenceExample | RatedExample


@dataclass(frozen=True, slots=True)
class PairLesson:
    prompt: tuple[Message, ...]
    chosen: str
    rejected: str


@dataclass(frozen=True, slots=True)
class RatedLesson:
    prompt: tuple[Message, ...]
    reply: str
    welcome: bool


def pair_lessons(examples: Iterable[PreferenceExample]) -> Iterator[PairLesson]:
    """In their order; without those whose better answer the passages do not bear out, or that is the same answer."""
    for example in examples:
        passages = _shown(example, (example.chosen, example.rejected))
        chosen = reply(example, example.chosen, passages)
        rejected = reply(example, example.rejected, passages) or _bare(example.rejected)
        if chosen and rejected and chosen != rejected:
            yield PairLesson(_prompt(example, passages), chosen, rejected)


def rated_lessons(examples: Iterable[RatedExample]) -> Iterator[RatedLesson]:
    """In their order; without welcome answers that the passages do not bear out."""
    for example in examples:
        passages = _shown(example, (example.answer,))
        said = reply(example, example.answer, passages)
        if not example.welcome:
            said = said or _bare(example.answer)
        if said:
            yield RatedLesson(_prompt(example, passages), said, example.welcome)


def reply(example: Judged, answer: str, passages: Sequence[Passage]) -> str | None:
    """The answer as a model would write it from `passages`; None where nothing of it can be said from them.

    `[n]` in an answer is the n-th passage of the example. In a log only an abstention is without citations.
    """
    grounded = ground(answer, _numbered(example.passages), example.question)
    if not grounded.citations:
        return REFUSAL if is_logged(example.id) else None
    places = {passage.chunk: passage.n for passage in passages}
    said = [
        _leading(grounded.text[start:end], example.passages, places)
        for start, end in sentences(grounded.text)
    ]
    return " ".join(filter(None, said)) or None


def _leading(sentence: str, given: Sequence[GivenPassage], places: dict[str, int]) -> str:
    """The sentence after the number in the prompt of what it cites; nothing where that is not in the prompt."""
    cited = list(markers(sentence))
    if not cited:
        return _bare(sentence)
    here = [places[given[n - 1].id] for n in cited if given[n - 1].id in places]
    return f"[{here[0]}] {_bare(sentence)}" if here else ""


def _shown(example: Judged, answers: Sequence[str]) -> tuple[Passage, ...]:
    """The passages of the prompt, those that the answers cite before all others."""
    numbered = _numbered(example.passages)
    evidence = [
        citation.chunk
        for answer in answers
        for citation in ground(answer, numbered, example.question).citations
    ]
    return in_lesson(example, evidence)


def _prompt(example: Judged, passages: Sequence[Passage]) -> tuple[Message, ...]:
    prompt = answer_prompt(example.language, NOBODY, trained=True)
    return tuple(template_messages(prompt.messages(example.question, passages)))


def _numbered(given: Sequence[GivenPassage]) -> tuple[Passage, ...]:
    return tuple(Passage(n, one.id, one.title, one.id, one.text, 1.0) for n, one in enumerate(given, 1))


def _bare(text: str) -> str:
    return " ".join(MARKERS.sub("", text).split())
