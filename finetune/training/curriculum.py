"""What a language model is taught in one run: chosen examples as lessons, in a drawn order.

Beside what a dataset holds it takes what is woven out of public data, and asks some questions again without their
evidence. The same dataset and choice give the same lessons. Knows examples, no model.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeVar

from finetune.examples import Example, GroundingExample, RewritingExample
from finetune.training.lessons import Lesson, lessons
from finetune.training.weaving.conversations import quoted_answers
from finetune.training.weaving.followups import woven_followups
from finetune.training.weaving.joint_questions import joint_questions
from finetune.training.weaving.overviews import overviews
from finetune.training.withholding import with_twins

Sourced = TypeVar("Sourced", RewritingExample, GroundingExample)

WITHHELD = 0.2


@dataclass(frozen=True, slots=True)
class Choice:
    """tasks: `rewrite`, `answer`. take: the most examples of a source, by its name; all of a source that is not
    named, but of wide questions none.
    withheld: share of answered questions that are also asked with their evidence withheld.
    """

    tasks: tuple[str, ...] = ("rewrite", "answer")
    take: Mapping[str, int] = field(default_factory=dict)
    withheld: float = WITHHELD
    seed: int = 17

    def record(self) -> dict[str, Any]:
        return {
            "tasks": list(self.tasks),
            "take": dict(self.take),
            "withheld": self.withheld,
            "seed": self.seed,
        }


def curriculum(
    rewriting: Sequence[RewritingExample], grounding: Sequence[GroundingExample], choice: Choice
) -> list[Lesson]:
    """The lessons that `choice` makes of the examples."""
    chosen: list[Example] = []
    if "rewrite" in choice.tasks:
        chosen += _taken([*rewriting, *woven_followups(grounding, choice.seed)], choice)
    if "answer" in choice.tasks:
        asked = [*grounding, *_wide(rewriting, grounding, choice)]
        chosen += with_twins(_taken(asked, choice), choice.withheld, choice.seed)
    random.Random(choice.seed).shuffle(chosen)
    return list(lessons(chosen))


def _wide(
    rewriting: Sequence[RewritingExample], grounding: Sequence[GroundingExample], choice: Choice
) -> Iterator[GroundingExample]:
    """Wide questions of the sources that are named: a log's own questions are as wide as its people ask them."""
    woven = chain(
        quoted_answers(rewriting, choice.seed),
        joint_questions(grounding, choice.seed),
        overviews(grounding, choice.seed),
    )
    return (example for example in woven if example.source in choice.take)


def _taken(examples: Iterable[Sourced], choice: Choice) -> list[Sourced]:
    by_source: dict[str, list[Sourced]] = defaultdict(list)
    for example in examples:
        by_source[example.source].append(example)
    taken: list[Sourced] = []
    for source, own in by_source.items():
        most = choice.take.get(source, len(own))
        taken += random.Random(f"{choice.seed} {source}").sample(own, most) if most < len(own) else own
    return taken
