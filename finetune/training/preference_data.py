"""Examples for preference training: a prompt with a better and a worse reply, or with one rated reply.

Logged answers are turned back into the form in which a model writes them: sentences after the numbers of their
passages.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dialogue.citations import check_citations, markers
from dialogue.conversation import Passage
from dialogue.engines.base import ChatMessage, template_messages
from dialogue.grounding import REFUSAL
from dialogue.prompts import trained_answer_prompt
from dialogue.segments import MARKERS
from finetune.datasets.examples_from_log import is_logged
from finetune.examples import ExamplePassage, PreferenceExample, RatedExample
from finetune.training.sft_data import prompt_passages
from retrieval.sentences import sentences

FeedbackExample = PreferenceExample | RatedExample


@dataclass(frozen=True, slots=True)
class PreferencePair:
    prompt: tuple[ChatMessage, ...]
    chosen: str
    rejected: str


@dataclass(frozen=True, slots=True)
class RatedReply:
    prompt: tuple[ChatMessage, ...]
    reply: str
    welcome: bool


def to_preference_pairs(examples: Iterable[PreferenceExample]) -> Iterator[PreferencePair]:
    """In their order, without those whose better answer is unsupported by the passages or equals the other one."""
    for example in examples:
        passages = _passages(example, (example.chosen, example.rejected))
        chosen = model_reply(example, example.chosen, passages)
        rejected = model_reply(example, example.rejected, passages) or _strip_markers(example.rejected)
        if chosen and rejected and chosen != rejected:
            yield PreferencePair(_prompt(example, passages), chosen, rejected)


def to_rated_replies(examples: Iterable[RatedExample]) -> Iterator[RatedReply]:
    """In their order, without welcome answers that the passages do not support."""
    for example in examples:
        passages = _passages(example, (example.answer,))
        said = model_reply(example, example.answer, passages)
        if not example.welcome:
            said = said or _strip_markers(example.answer)
        if said:
            yield RatedReply(_prompt(example, passages), said, example.welcome)


def model_reply(example: FeedbackExample, answer: str, passages: Sequence[Passage]) -> str | None:
    """The answer as a model would write it from `passages`; None if they support none of it.

    `[n]` in an answer is the n-th passage of the example. In a log, only abstentions have no citations.
    """
    grounded = check_citations(answer, _number(example.passages), example.question)
    if not grounded.citations:
        return REFUSAL if is_logged(example.id) else None
    places = {passage.chunk: passage.n for passage in passages}
    said = [
        _cited_sentence(grounded.text[start:end], example.passages, places)
        for start, end in sentences(grounded.text)
    ]
    return " ".join(filter(None, said)) or None


def _cited_sentence(sentence: str, given: Sequence[ExamplePassage], places: dict[str, int]) -> str:
    """The sentence after the prompt's number of the passage it cites; empty if that passage is not in the prompt."""
    cited = list(markers(sentence))
    if not cited:
        return _strip_markers(sentence)
    here = [places[given[n - 1].id] for n in cited if given[n - 1].id in places]
    return f"[{here[0]}] {_strip_markers(sentence)}" if here else ""


def _passages(example: FeedbackExample, answers: Sequence[str]) -> tuple[Passage, ...]:
    """The passages of the prompt, those that the answers cite before all others."""
    numbered = _number(example.passages)
    evidence = [
        citation.chunk
        for answer in answers
        for citation in check_citations(answer, numbered, example.question).citations
    ]
    return prompt_passages(example, evidence)


def _prompt(example: FeedbackExample, passages: Sequence[Passage]) -> tuple[ChatMessage, ...]:
    prompt = trained_answer_prompt()
    return tuple(template_messages(prompt.messages(example.question, passages)))


def _number(given: Sequence[ExamplePassage]) -> tuple[Passage, ...]:
    return tuple(Passage(n, one.id, one.title, one.id, one.text, 1.0) for n, one in enumerate(given, 1))


def _strip_markers(text: str) -> str:
    return " ".join(MARKERS.sub("", text).split())
