"""Examples for supervised fine-tuning: a prompt, just as the bot prompts a trained model, and the reply to learn.

Replies are made of the passages' own sentences, each after its passage's number: a short answer is replaced by the
sentence that contains it, a free-form answer by the sentences that support it, so every statement can be checked. A
`DataMixture` says which examples a run uses, and how many questions are also asked without their evidence; the same
dataset and mixture give the same examples.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from langchain_core.messages import BaseMessage

from dialogue.conversation import Passage
from dialogue.engines.base import ChatMessage, template_messages
from dialogue.grounding import REFUSAL
from dialogue.language import content_words, numbers
from dialogue.prompts import rewrite_prompt, trained_answer_prompt
from dialogue.rewriting import visible_history
from dialogue.segments import MARKERS
from dialogue.voice import Voice
from finetune.datasets.synthetic.unanswerable import with_unanswerable
from finetune.examples import (
    Example,
    ExamplePassage,
    GroundingExample,
    PreferenceExample,
    RatedExample,
    RewritingExample,
    to_turns,
)
from finetune.training.written_answers import written_prompt
from retrieval.chunking import estimate_tokens
from retrieval.sentences import sentences

MIN_OVERLAP = 0.8
"""A sentence is learnt as it is if one passage has this share of its words."""
MIN_NEW_WORDS = 0.2
"""Each further sentence has to add this share of the answer's words."""
MAX_SENTENCES = 4
"""A reply has at most this many."""

CitedSentences = list[tuple[int, str]]
"""Sentences with the numbers of their passages."""


def grounded_reply(example: GroundingExample, passages: Sequence[Passage]) -> str | None:
    """The reply from `passages`; None if it is not clear from the example what is right."""
    if example.answerable is False:
        return REFUSAL
    evidence = [passage for passage in passages if passage.chunk in example.evidence]
    answer = MARKERS.sub("", example.answer).strip()
    if example.answerable == "partial" or not evidence or not answer:
        return None
    said = (
        _sentences_around(answer, evidence, example.question)
        or _verbatim(answer, evidence)
        or _covering(answer, evidence)
    )
    return " ".join(f"[{n}] {sentence}" for n, sentence in said) or None


def _sentences_around(answer: str, evidence: Sequence[Passage], question: str) -> CitedSentences:
    """The sentences that contain the answer word for word; of several places, the one most similar to the question."""
    asked = content_words(question)
    found = [
        [
            (passage.n, _one_line(passage.text[a:b]))
            for a, b in sentences(passage.text)
            if a < end and b > start
        ]
        for passage in evidence
        for start, end in _occurrences(answer, passage.text)
    ]
    return max(found, key=lambda said: len(asked & content_words(said[0][1])), default=[])[:MAX_SENTENCES]


def _occurrences(answer: str, text: str) -> Iterator[tuple[int, int]]:
    start = text.find(answer)
    while start >= 0:
        yield start, start + len(answer)
        start = text.find(answer, start + len(answer))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _verbatim(answer: str, evidence: Sequence[Passage]) -> CitedSentences:
    """The answer's own sentences, if each of them is nearly a quotation."""
    said: CitedSentences = []
    for start, end in sentences(answer):
        sentence = answer[start:end]
        best = max(evidence, key=lambda passage: _overlap(sentence, passage))
        if _overlap(sentence, best) < MIN_OVERLAP:
            return []
        said.append((best.n, sentence))
    return said[:MAX_SENTENCES]


def _overlap(sentence: str, passage: Passage) -> float:
    words = content_words(sentence)
    text = f"{passage.title} {passage.text}"
    if not words or not numbers(sentence) <= numbers(text):
        return 0.0
    return len(words & content_words(text)) / len(words)


def _covering(answer: str, evidence: Sequence[Passage]) -> CitedSentences:
    """Sentences of the passages that together cover the answer, starting with the one that covers most of it."""
    wanted = content_words(answer)
    left = set(wanted)
    said: CitedSentences = []
    candidates = list(_statements(evidence))
    while candidates and len(said) < MAX_SENTENCES:
        best = max(candidates, key=lambda one: (len(content_words(one[1]) & left), -len(one[1])))
        gained = content_words(best[1]) & left
        if len(gained) <= MIN_NEW_WORDS * len(wanted):
            break
        said.append(best)
        left -= gained
        candidates.remove(best)
    return said


def _statements(evidence: Sequence[Passage]) -> Iterator[tuple[int, str]]:
    for passage in evidence:
        for start, end in sentences(passage.text):
            sentence = _one_line(passage.text[start:end])
            if not sentence.endswith(("?", "？")):
                yield passage.n, sentence


PASSAGE_BUDGETS = (160, 900)
"""The range of the random token budget of a prompt's passages, so that a model learns to read few and many."""
RANKED_SHARE = 0.5
"""Share of the prompts whose passages are ranked."""
NEUTRAL_VOICE = Voice("", "", "en", {})
"""Prompts of a trained model have no name and no tone."""

QuestionExample = GroundingExample | PreferenceExample | RatedExample
"""Examples with a question and passages."""


@dataclass(frozen=True, slots=True)
class SftExample:
    prompt: tuple[ChatMessage, ...]
    reply: str


def sft_examples(examples: Iterable[Example]) -> Iterator[SftExample]:
    """One for each rewriting or grounding example, in their order, without those that teach nothing."""
    for example in examples:
        if isinstance(example, RewritingExample):
            yield rewriting_sft_example(example)
        elif isinstance(example, GroundingExample) and (made := answering_sft_example(example)):
            yield made


def rewriting_sft_example(example: RewritingExample) -> SftExample:
    prompt = rewrite_prompt(example.language, trained=True)
    history = visible_history(to_turns(example.history))
    return _sft_example(prompt.messages(history, example.question), example.rewrite)


def answering_sft_example(example: GroundingExample) -> SftExample | None:
    """None if neither an answer nor an abstention is clearly right."""
    passages = prompt_passages(example, example.evidence)
    reply = grounded_reply(example, passages)
    if reply is None:
        return None
    prompt = trained_answer_prompt()
    return _sft_example(prompt.messages(example.question, passages), reply)


def prompt_passages(example: QuestionExample, evidence: Sequence[str]) -> tuple[Passage, ...]:
    """The passages shown in the prompt of `example`, within a random budget.

    Half of the time they are ranked as a search would rank them, as in the bot; half of the time they are in random
    order, because the first passage is not always the one that answers.
    """
    draw = random.Random(example.id)
    kept = _fit_budget(example.passages, evidence, draw.randint(*PASSAGE_BUDGETS), draw)
    return _number(_rank(kept, example.question) if draw.random() < RANKED_SHARE else kept)


def passages_within(
    passages: Sequence[ExamplePassage], evidence: Sequence[str], room: int, draw: random.Random
) -> tuple[Passage, ...]:
    """Passages that fit into `room` tokens, evidence first; they are shuffled and numbered from 1."""
    return _number(_fit_budget(passages, evidence, room, draw))


def _fit_budget(
    passages: Sequence[ExamplePassage], evidence: Sequence[str], room: int, draw: random.Random
) -> list[ExamplePassage]:
    kept: list[ExamplePassage] = []
    for passage in sorted(passages, key=lambda passage: passage.id not in evidence):
        cost = estimate_tokens(passage.text)
        if not kept or cost <= room:
            kept.append(passage)
            room -= cost
    draw.shuffle(kept)
    return kept


def _rank(passages: Sequence[ExamplePassage], question: str) -> list[ExamplePassage]:
    """Ordered by how many of the question's words they contain, the most first."""
    asked = content_words(question)
    return sorted(
        passages, key=lambda passage: -len(asked & content_words(f"{passage.title} {passage.text}"))
    )


def _number(passages: Sequence[ExamplePassage]) -> tuple[Passage, ...]:
    return tuple(
        Passage(n, passage.id, passage.title, passage.id, passage.text, 1.0)
        for n, passage in enumerate(passages, 1)
    )


def _sft_example(messages: Sequence[BaseMessage], reply: str) -> SftExample:
    return SftExample(tuple(template_messages(messages)), reply)


SourcedExample = TypeVar("SourcedExample", RewritingExample, GroundingExample)

UNANSWERABLE_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class DataMixture:
    """tasks: `rewrite`, `answer`. take: at most this many examples of a source, by its name; all of the other sources.

    withheld: share of the answered questions that are asked without their evidence; those whose answers are written are
    asked so instead, the others as well. variants: prompts of each question whose answer is written.
    """

    tasks: tuple[str, ...] = ("rewrite", "answer")
    take: Mapping[str, int] = field(default_factory=dict)
    withheld: float = UNANSWERABLE_SHARE
    variants: int = 1
    seed: int = 17

    def record(self) -> dict[str, Any]:
        return {
            "tasks": list(self.tasks),
            "take": dict(self.take),
            "withheld": self.withheld,
            "variants": self.variants,
            "seed": self.seed,
        }


def mix_sft_examples(
    rewriting: Sequence[RewritingExample], grounding: Sequence[GroundingExample], choice: DataMixture
) -> list[SftExample]:
    """The SFT examples of a mixture, shuffled."""
    chosen: list[Example] = []
    if "rewrite" in choice.tasks:
        chosen += _sample_sources(rewriting, choice)
    written: list[SftExample] = []
    if "answer" in choice.tasks:
        sampled = _sample_sources(grounding, choice)
        written = list(_written(sampled, choice))
        others = (example for example in sampled if not example.written)
        chosen += with_unanswerable(others, choice.withheld, choice.seed)
    made = [*sft_examples(chosen), *written]
    random.Random(choice.seed).shuffle(made)
    return made


def _written(examples: Iterable[GroundingExample], choice: DataMixture) -> Iterator[SftExample]:
    for example in examples:
        for variant in range(choice.variants if example.written else 0):
            messages, reply = written_prompt(example, variant, choice.withheld)
            yield _sft_example(messages, reply)


def _sample_sources(examples: Iterable[SourcedExample], choice: DataMixture) -> list[SourcedExample]:
    by_source: dict[str, list[SourcedExample]] = defaultdict(list)
    for example in examples:
        by_source[example.source].append(example)
    taken: list[SourcedExample] = []
    for source, own in by_source.items():
        most = choice.take.get(source, len(own))
        taken += random.Random(f"{choice.seed} {source}").sample(own, most) if most < len(own) else own
    return taken
