"""Measures systems on sets of examples: each is loaded, asked everything, and let go of before the next one.

Knows what a system needs to be measured, not how releases are loaded.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from dialogue.grounding import Grounder
from dialogue.rewriting import Rewriter
from finetune.evaluation.answers import answering_with, evaluate_answers
from finetune.evaluation.asking import Progress
from finetune.evaluation.retrieval import evaluate_retrieval, rewriting_questions_with
from finetune.evaluation.rewriting import AS_ASKED, evaluate_rewriting, rewriting_with
from finetune.evaluation.scores import Result
from finetune.evaluation.searches import SearchSet
from finetune.examples import GroundingExample, RewritingExample
from retrieval.encoder import Encoder

Bar = Callable[[str, int], AbstractContextManager[Progress]]
"""Shows how far along something is, by its name and how many rows it has."""


class System(Protocol):
    """A release, or the weights as they come, that can be asked. `size`: bytes of its language model's file."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int | None: ...

    @property
    def rewriter(self) -> Rewriter: ...

    @property
    def grounder(self) -> Grounder: ...

    @property
    def encoder(self) -> Encoder: ...


@dataclass(frozen=True, slots=True)
class Sets:
    """What to measure on, by the names of the sets. rewrites: whether searches are made with our rewrites too."""

    rewriting: Mapping[str, Sequence[RewritingExample]] = field(default_factory=dict)
    answers: Mapping[str, Sequence[GroundingExample]] = field(default_factory=dict)
    retrieval: Sequence[SearchSet] = ()
    rewrites: bool = True


async def measure(system: System, sets: Sets, cache: Path, bar: Bar) -> list[Result]:
    """What `system` gets on all of them. cache: where vectors of corpora are kept. Raises the packages' errors."""
    language = [*await _rewriting(system, sets, bar), *await _answers(system, sets, bar)]
    sized = [r if r.system == AS_ASKED else r.with_whole(bytes=system.size) for r in language]
    return [*sized, *await _retrieval(system, sets, cache, bar)]


async def _rewriting(system: System, sets: Sets, bar: Bar) -> list[Result]:
    results: list[Result] = []
    for name, examples in sets.rewriting.items():
        rewrite = rewriting_with(system.rewriter)
        with bar(f"{system.name}: {name}", len(examples)) as progress:
            results += await evaluate_rewriting(
                rewrite, examples, name=name, system=system.name, progress=progress
            )
    return results


async def _answers(system: System, sets: Sets, bar: Bar) -> list[Result]:
    results: list[Result] = []
    for name, examples in sets.answers.items():
        respond = answering_with(system.rewriter, system.grounder)
        with bar(f"{system.name}: {name}", len(examples)) as progress:
            results += await evaluate_answers(
                respond, examples, name=name, system=system.name, progress=progress
            )
    return results


async def _retrieval(system: System, sets: Sets, cache: Path, bar: Bar) -> list[Result]:
    results: list[Result] = []
    for searches in sets.retrieval:
        rewrite = rewriting_questions_with(system.rewriter) if sets.rewrites else None
        with bar(f"{system.name}: {searches.name}", len(searches.questions)) as progress:
            results += await evaluate_retrieval(
                searches, system.encoder, cache, system=system.name, rewrite=rewrite, progress=progress
            )
    return results
