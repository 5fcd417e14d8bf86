"""Evaluates rewriting: how close rewritten follow-ups come to those that people wrote.

Exact match, ROUGE-L and BLEU, for each file and each source in it. Every row counts; a question that stands alone
should stay as it is.
"""

from collections.abc import Awaitable, Callable, Sequence

from dialogue.request import read_request
from dialogue.rewriting import Rewriter
from finetune.datasets.dataset import group_of
from finetune.evaluation.concurrency import RowProgress, ask_all, no_progress, timed
from finetune.evaluation.metrics import bleu, exact_match, rouge_l
from finetune.evaluation.results import EvaluationResult, ScoredExample, share
from finetune.examples import RewritingExample, to_turns

ExampleRewriter = Callable[[RewritingExample], Awaitable[str]]
"""The standalone question for the history and the question of an example."""

AS_ASKED = "as asked"
"""The system that changes nothing: what every rewriter has to beat."""


def example_rewriter(rewriter: Rewriter) -> ExampleRewriter:
    """The bot's own rewriter, drift guard included."""

    async def rewrite(example: RewritingExample) -> str:
        request = await read_request(rewriter, to_turns(example.history), example.question, example.language)
        return request.rewrite

    return rewrite


async def evaluate_rewriting(
    rewrite: ExampleRewriter,
    examples: Sequence[RewritingExample],
    *,
    name: str,
    system: str,
    at_once: int = 8,
    progress: RowProgress = no_progress,
) -> list[EvaluationResult]:
    """Results of the questions as asked and of the rewriter, for the file `name` and each source in it."""
    replies = await ask_all(timed(rewrite), examples, at_once, progress)
    asked = [_scored(example, example.question, None) for example in examples]
    rewritten = [
        _scored(example, text, seconds) for example, (text, seconds) in zip(examples, replies, strict=True)
    ]
    return [*_by_source(examples, asked, name, AS_ASKED), *_by_source(examples, rewritten, name, system)]


def _scored(example: RewritingExample, text: str, seconds: float | None) -> ScoredExample:
    shares = {
        "exact_match": share(exact_match(text, example.accepted)),
        "rouge_l": share(rouge_l(text, example.accepted)),
        "seconds": share(seconds),
    }
    return ScoredExample(example.id, group_of(example.id), example.question, text, shares)


def _by_source(
    examples: Sequence[RewritingExample], scored: Sequence[ScoredExample], name: str, system: str
) -> list[EvaluationResult]:
    sources = list(dict.fromkeys(example.source for example in examples))
    results = [_result(examples, scored, name, system)]
    if len(sources) > 1:
        for source in sources:
            own = [(e, s) for e, s in zip(examples, scored, strict=True) if e.source == source]
            results.append(_result([e for e, _ in own], [s for _, s in own], f"{name}/{source}", system))
    return results


def _result(
    examples: Sequence[RewritingExample], scored: Sequence[ScoredExample], name: str, system: str
) -> EvaluationResult:
    blend = bleu([one.said for one in scored], [example.accepted for example in examples])
    return EvaluationResult("rewrite", name, system, tuple(scored), whole={"bleu": blend})
