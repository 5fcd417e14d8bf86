"""How well follow-ups become standalone questions: rewrites beside those that people wrote.

Measures per file and per source in it: exact match, ROUGE-L, BLEU. Every row counts; a question that stands
alone should stay as it is. Knows nothing of models: it is given what rewrites.
"""

from collections.abc import Awaitable, Callable, Sequence

from dialogue.rewriting import Rewriter
from finetune.evaluation.asking import Progress, ask_all, silent
from finetune.evaluation.history import turns
from finetune.evaluation.report import Row
from finetune.evaluation.support import mean
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
) -> list[Row]:
    """Rows of the questions as asked and of the rewriter, for the file `name` and each source in it."""
    rewrites = await ask_all(rewrite, examples, at_once, progress)
    questions = [example.question for example in examples]
    return [*_by_source(examples, questions, name, AS_ASKED), *_by_source(examples, rewrites, name, system)]


def _by_source(
    examples: Sequence[RewritingExample], texts: Sequence[str], name: str, system: str
) -> list[Row]:
    pairs = list(zip(examples, texts, strict=True))
    sources = list(dict.fromkeys(example.source for example in examples))
    rows = [_row(pairs, name, system)]
    if len(sources) > 1:
        for source in sources:
            own = [pair for pair in pairs if pair[0].source == source]
            rows.append(_row(own, f"{name}/{source}", system))
    return rows


def _row(pairs: Sequence[tuple[RewritingExample, str]], name: str, system: str) -> Row:
    return {
        "set": name,
        "system": system,
        "n": len(pairs),
        "exact_match": mean([exact_match(text, example.accepted) for example, text in pairs]),
        "rouge_l": mean([rouge_l(text, example.accepted) for example, text in pairs]),
        "bleu": bleu([text for _, text in pairs], [example.accepted for example, _ in pairs]),
    }
