"""Measures systems on sets of examples: each is loaded, asked everything, and let go of before the next one.

Knows what a system needs to be measured, not how releases are loaded.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, AsyncExitStack
from pathlib import Path
from typing import Protocol

from bot.sets import Sets
from dialogue.grounding import Grounder
from dialogue.rewriting import Rewriter
from finetune.evaluation.answers import answering_with, evaluate_answers
from finetune.evaluation.asking import Progress
from finetune.evaluation.retrieval import evaluate_retrieval, rewriting_questions_with
from finetune.evaluation.rewriting import AS_ASKED, evaluate_rewriting, rewriting_with
from finetune.evaluation.scores import Result
from retrieval.encoder import Encoder

Bar = Callable[[str, int], AbstractContextManager[Progress]]
"""Shows how far along something is, by its name and how many rows it has."""


class System(Protocol):
    """A release, or the weights as they come, that can be asked. Models are in memory while a block holds them."""

    @property
    def name(self) -> str: ...

    def rewriter(self) -> AbstractAsyncContextManager[Rewriter]: ...

    def grounder(self) -> AbstractAsyncContextManager[Grounder]: ...

    async def encoder(self) -> Encoder: ...

    async def size(self, task: str) -> int | None:
        """Bytes of the weights that do the task, with their adapter; None where they run elsewhere."""


async def measure(system: System, sets: Sets, cache: Path, bar: Bar) -> list[Result]:
    """What `system` gets on all of them. cache: where vectors of corpora are kept. Raises the packages' errors."""
    async with AsyncExitStack() as loaded:
        language = [*await _rewriting(system, sets, bar, loaded), *await _answers(system, sets, bar, loaded)]
        sizes = {task: await system.size(task) for task in {result.task for result in language}}
        sized = [r if r.system == AS_ASKED else r.with_whole(bytes=sizes[r.task]) for r in language]
        return [*sized, *await _retrieval(system, sets, cache, bar, loaded)]


async def _rewriting(system: System, sets: Sets, bar: Bar, loaded: AsyncExitStack) -> list[Result]:
    results: list[Result] = []
    for name, examples in sets.rewriting.items():
        rewrite = rewriting_with(await loaded.enter_async_context(system.rewriter()))
        with bar(f"{system.name}: {name}", len(examples)) as progress:
            results += await evaluate_rewriting(
                rewrite, examples, name=name, system=system.name, progress=progress
            )
    return results


async def _answers(system: System, sets: Sets, bar: Bar, loaded: AsyncExitStack) -> list[Result]:
    results: list[Result] = []
    for name, examples in sets.answers.items():
        rewriter = await loaded.enter_async_context(system.rewriter())
        respond = answering_with(rewriter, await loaded.enter_async_context(system.grounder()))
        with bar(f"{system.name}: {name}", len(examples)) as progress:
            results += await evaluate_answers(
                respond, examples, name=name, system=system.name, progress=progress
            )
    return results


async def _retrieval(
    system: System, sets: Sets, cache: Path, bar: Bar, loaded: AsyncExitStack
) -> list[Result]:
    results: list[Result] = []
    for searches in sets.retrieval:
        encoder, rewrite = await system.encoder(), None
        if sets.rewrites:
            rewrite = rewriting_questions_with(await loaded.enter_async_context(system.rewriter()))
        with bar(f"{system.name}: {searches.name}", len(searches.questions)) as progress:
            results += await evaluate_retrieval(
                searches, encoder, cache, system=system.name, rewrite=rewrite, progress=progress
            )
    return results
