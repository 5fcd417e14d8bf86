"""How well questions are answered from given passages: likeness to the expected answers, grounds, abstention.

Each measure says which examples count for it. Knows nothing of models: it is given what answers.
"""

from collections.abc import Awaitable, Callable, Sequence

from langchain_core.documents import Document

from dialogue.conversation import Answer
from dialogue.grounding import Grounder
from dialogue.rewriting import Rewriter
from finetune.evaluation.asking import Progress, ask_all, silent
from finetune.evaluation.history import turns
from finetune.evaluation.report import Row
from finetune.evaluation.support import (
    Cited,
    abstention_f1,
    citation_precision,
    citation_recall,
    k_precision,
    mean,
    without_markers,
)
from finetune.evaluation.text import rouge_l, token_f1
from finetune.examples import GivenPassage, GroundingExample

Respond = Callable[[GroundingExample], Awaitable[Answer]]
"""An answer to the question of an example from its passages; the chunk of a citation is the passage's id."""

Pair = tuple[GroundingExample, Answer]


def answering_with(rewriter: Rewriter, grounder: Grounder) -> Respond:
    """The bot's own way without the retriever: rewrites, fits passages into the prompt, answers, checks."""

    async def respond(example: GroundingExample) -> Answer:
        language = example.language
        query = await rewriter.rewrite(turns(example.history), example.question, language)
        passages = grounder.passages(_document(passage) for passage in example.passages)
        text = "".join([piece async for piece in grounder.stream(query, passages, language)])
        reply = grounder.reply(text, passages, query, language)
        return Answer(reply.text, query, reply.citations, passages, reply.abstained, language)

    return respond


async def evaluate_answers(
    respond: Respond,
    examples: Sequence[GroundingExample],
    *,
    name: str,
    system: str,
    at_once: int = 8,
    progress: Progress = silent,
) -> list[Row]:
    """One row for the file `name`."""
    answers = await ask_all(respond, examples, at_once, progress)
    return [score_answers(list(zip(examples, answers, strict=True)), name, system)]


def score_answers(pairs: Sequence[Pair], name: str, system: str) -> Row:
    """The measures over the pairs that count for each, as fractions.

    Token F1 and ROUGE-L: questions with an answer, also a partial one; an abstention counts as an empty text.
    K-precision: answers that are no abstention. Citations: see `support`; an example that has an answer but
    names no evidence is left out. Abstention: all but partial ones, where both to abstain and to answer can
    be right.
    """
    answerable = [(example, answer) for example, answer in pairs if example.answerable]
    return {
        "set": name,
        "system": system,
        "n": len(pairs),
        "token_f1": mean([token_f1(_said(answer), example.accepted) for example, answer in answerable]),
        "rouge_l": mean([rouge_l(_said(answer), example.accepted) for example, answer in answerable]),
        "k_precision": _k_precision(pairs),
        **_citations(pairs),
        "abstention_f1": _abstention(pairs),
    }


def _document(passage: GivenPassage) -> Document:
    return Document(
        passage.text,
        metadata={"chunk": passage.id, "title": passage.title, "source": passage.id},
    )


def _said(answer: Answer) -> str:
    return "" if answer.abstained else without_markers(answer.text)


def _k_precision(pairs: Sequence[Pair]) -> float | None:
    shares = [
        k_precision(answer.text, [passage.text for passage in example.passages])
        for example, answer in pairs
        if not answer.abstained
    ]
    return mean([share for share in shares if share is not None])


def _citations(pairs: Sequence[Pair]) -> dict[str, float | None]:
    judged = [
        Cited(frozenset(citation.chunk for citation in answer.citations), frozenset(example.evidence))
        for example, answer in pairs
        if example.evidence or not example.answerable
    ]
    return {"citation_precision": citation_precision(judged), "citation_recall": citation_recall(judged)}


def _abstention(pairs: Sequence[Pair]) -> float | None:
    clear = [(example, answer) for example, answer in pairs if example.answerable != "partial"]
    return abstention_f1(
        [answer.abstained for _, answer in clear], [bool(example.answerable) for example, _ in clear]
    )
