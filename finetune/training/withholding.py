"""Twins of questions whose evidence is withheld: what is left speaks of the same matter and does not answer.

The hardest thing to learn about abstaining is not to answer from a passage that only looks right (cf. Rajpurkar et al.,
"Know What You Don't Know", ACL 2018). Beside its twin a question teaches what the difference is. Knows grounding
examples only.
"""

import random
from collections.abc import Iterable, Iterator

from dialogue.citations import MARKERS
from finetune.examples import GivenPassage, GroundingExample
from retrieval.sentences import sentences

LEFT = 2
"""Passages, or sentences of the evidence, that must be left."""


def with_twins(examples: Iterable[GroundingExample], share: float, seed: int) -> Iterator[GroundingExample]:
    """The examples; a drawn `share` of the answered ones is followed by a twin without its evidence, if it has one."""
    draw = random.Random(seed)
    for example in examples:
        yield example
        if example.answerable is True and draw.random() < share:
            twins = [*_without_sentences(example), *_without_passages(example)]
            yield from draw.sample(twins, min(1, len(twins)))


def _without_passages(example: GroundingExample) -> Iterator[GroundingExample]:
    others = tuple(passage for passage in example.passages if passage.id not in example.evidence)
    if len(others) >= LEFT:
        yield _twin(example, others)


def _without_sentences(example: GroundingExample) -> Iterator[GroundingExample]:
    """Where the answer stands in its passages word for word, these without the sentences that say it."""
    answer = MARKERS.sub("", example.answer).strip()
    left = tuple(_cut(passage, answer) for passage in example.passages)
    lengths = [sum(1 for _ in sentences(one.text)) for one in left if one.id in example.evidence]
    if left != example.passages and min(lengths, default=0) >= LEFT:
        yield _twin(example, left)


def _cut(passage: GivenPassage, answer: str) -> GivenPassage:
    said = [passage.text[start:end] for start, end in sentences(passage.text)]
    left = [sentence for sentence in said if not (answer in sentence or sentence in answer)]
    return passage if len(left) == len(said) else passage.model_copy(update={"text": " ".join(left)})


def _twin(example: GroundingExample, passages: tuple[GivenPassage, ...]) -> GroundingExample:
    update = {
        "id": f"{example.id}:withheld",
        "passages": passages,
        "evidence": (),
        "answer": "",
        "answerable": False,
    }
    return example.model_copy(update=update)
