"""Questions whose evidence is withheld: what else was found speaks of the same matter and does not answer.

The hardest thing to learn about abstaining is not to answer from a passage that only looks right (cf. Rajpurkar et al.,
"Know What You Don't Know", ACL 2018). Knows grounding examples only.
"""

import random
from collections.abc import Iterable, Iterator

from finetune.examples import GroundingExample

LEFT = 2
"""Passages that must be left."""


def some_withheld(
    examples: Iterable[GroundingExample], share: float, seed: int
) -> Iterator[GroundingExample]:
    """The examples, a drawn `share` of those with enough other passages without their evidence."""
    draw = random.Random(seed)
    for example in examples:
        others = tuple(p for p in example.passages if p.id not in example.evidence)
        if example.answerable is True and len(others) >= LEFT and draw.random() < share:
            yield example.model_copy(
                update={"passages": others, "evidence": (), "answer": "", "answerable": False}
            )
        else:
            yield example
