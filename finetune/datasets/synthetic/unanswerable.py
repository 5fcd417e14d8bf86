"""Adds unanswerable variants of questions: the same question, with the evidence taken out of its passages.

The hardest part of learning to abstain is not to answer from a passage that merely looks right (cf. Rajpurkar et al.,
"Know What You Don't Know", ACL 2018). Next to its variant, the original shows what makes the difference.
"""

import random
from collections.abc import Iterable, Iterator

from dialogue.segments import MARKERS
from finetune.examples import ExamplePassage, GroundingExample
from retrieval.sentences import sentences

MIN_REMAINING = 2
"""Passages, or sentences of the evidence, that must be left."""


def with_unanswerable(
    examples: Iterable[GroundingExample], share: float, seed: int
) -> Iterator[GroundingExample]:
    """The examples; a drawn `share` of the answered ones is followed by an unanswerable variant, if there is one."""
    draw = random.Random(seed)
    for example in examples:
        yield example
        if example.answerable is True and draw.random() < share:
            variants = [*_without_sentences(example), *_without_passages(example)]
            yield from draw.sample(variants, min(1, len(variants)))


def _without_passages(example: GroundingExample) -> Iterator[GroundingExample]:
    others = tuple(passage for passage in example.passages if passage.id not in example.evidence)
    if len(others) >= MIN_REMAINING:
        yield _unanswerable(example, others)


def _without_sentences(example: GroundingExample) -> Iterator[GroundingExample]:
    """Where the answer stands in its passages word for word, these without the sentences that say it."""
    answer = MARKERS.sub("", example.answer).strip()
    left = tuple(_cut(passage, answer) for passage in example.passages)
    lengths = [sum(1 for _ in sentences(one.text)) for one in left if one.id in example.evidence]
    if left != example.passages and min(lengths, default=0) >= MIN_REMAINING:
        yield _unanswerable(example, left)


def _cut(passage: ExamplePassage, answer: str) -> ExamplePassage:
    said = [passage.text[start:end] for start, end in sentences(passage.text)]
    left = [sentence for sentence in said if not (answer in sentence or sentence in answer)]
    return passage if len(left) == len(said) else passage.model_copy(update={"text": " ".join(left)})


def _unanswerable(example: GroundingExample, passages: tuple[ExamplePassage, ...]) -> GroundingExample:
    update = {
        "id": f"{example.id}:withheld",
        "passages": passages,
        "evidence": (),
        "answer": "",
        "answerable": False,
    }
    return example.model_copy(update=update)
