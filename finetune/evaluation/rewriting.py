"""How well follow-ups become standalone questions: rewrites beside those that people wrote.

Measures per file and per source in it: exact match, ROUGE-L, BLEU. Every row counts; a question that stands
alone should stay as it is. Knows nothing of models: it is given what rewrites.
"""

from collections.abc import Awaitable, Callable, Sequence

from dialogue.rewriting import Rewriter
from finetune.datasets.splitting import group_of
from finetune.evaluation.asking import Progress, ask_all, silent, timed
from finetune.evaluation.history import turns
from finetune.evaluation.scores import Result, Scored, share
from finetune.evaluation.text import bleu, exact_match, rouge_l
from finetune.examples import RewritingExample

Rewrite = Callable[[RewritingExample], Awaitable[str]]
"""The standalone question for the history and the question of an example."""

AS_ASKED = "as asked"
"""The system that changes nothing: what every rewriter has to beat."""


def rewriting_with(rewriter: Rewriter) -> Rewrite:
    """The bot's own rewriter, drift guard included."""

    async def rewrite(example: RewritingExample) -> str:
        return await rewriter.rewrite(turns(example.history), example.question, example.language)

    return rewrite


async def evaluate_rewriting(
    rewrite: Rewrite,
    examples: Sequence[RewritingExample],
    *,
    name: str,
    system: str,
    at_once: int = 8,
    progress: Progress = silent,
) -> list[Result]:
    """Results of the questions as asked and of the rewriter, for the file `name` and each source in it."""
    replies = await ask_all(timed(rewrite), examples, at_once, progress)
    asked = [_scored(example, example.question, None) for example in examples]
    rewritten = [
        _scored(example, text, seconds) for example, (text, seconds) in zip(examples, replies, strict=True)
    ]
    return [*_by_source(examples, asked, name, AS_ASKED), *_by_source(examples, rewritten, name, system)]


def _scored(example: RewritingExample, text: str, seconds: float | None) -> Scored:
    shares = {
        "exact_match": share(exact_match(text, example.accepted)),
        "rouge_l": share(rouge_l(text, example.accepted)),
        "seconds": share(seconds),
    }
    return Scored(example.id, group_of(example.id), example.question, text, shares)


def _by_source(
    examples: Sequence[RewritingExample], scored: Sequence[Scored], name: str, system: str
) -> list[Result]:
    sources = list(dict.fromkeys(example.source for example in examples))
    results = [_result(examples, scored, name, system)]
    if len(sources) > 1:
        for source in sources:
            own = [(e, s) for e, s in zip(examples, scored, strict=True) if e.source == source]
            results.append(_result([e for e, _ in own], [s for _, s in own], f"{name}/{source}", system))
    return results


def _result(examples: Sequence[RewritingExample], scored: Sequence[Scored], name: str, system: str) -> Result:
    blend = bleu([one.said for one in scored], [example.accepted for example in examples])
    return Result("rewrite", name, system, tuple(scored), whole={"bleu": blend})
