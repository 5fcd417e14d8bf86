"""How well questions are answered from given passages: likeness to the expected answers, grounds, abstention.

Each measure says which examples count for it. Knows nothing of models: it is given what answers.
"""

from collections.abc import Awaitable, Callable, Sequence

from langchain_core.documents import Document

from dialogue.conversation import Answer
from dialogue.grounding import Grounder
from dialogue.rewriting import Rewriter
from finetune.datasets.splitting import group_of
from finetune.evaluation.asking import Progress, ask_all, silent, timed
from finetune.evaluation.history import turns
from finetune.evaluation.scores import NO_SHARE, Result, Scored, Share, share
from finetune.evaluation.support import (
    Cited,
    abstention_f1,
    citation_precision,
    citation_recall,
    k_precision,
    without_markers,
)
from finetune.evaluation.text import rouge_l, token_f1
from finetune.examples import GivenPassage, GroundingExample

Respond = Callable[[GroundingExample], Awaitable[Answer]]
"""An answer to the question of an example from its passages; the chunk of a citation is the passage's id."""


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
) -> list[Result]:
    """The result on the file `name`."""
    replies = await ask_all(timed(respond), examples, at_once, progress)
    scored = (
        score_answer(example, answer, seconds)
        for example, (answer, seconds) in zip(examples, replies, strict=True)
    )
    return [Result("answer", name, system, tuple(scored))]


def score_answer(example: GroundingExample, answer: Answer, seconds: float | None = None) -> Scored:
    """The measures of one answer, where it counts for them.

    Token F1 and ROUGE-L: questions with an answer, also a partial one; an abstention counts as an empty text.
    K-precision: answers that are no abstention. Citations: see `support`; an example that has an answer but
    names no evidence is left out. Abstention: all but partial ones, where both to abstain and to answer can
    be right.
    """
    said = "" if answer.abstained else without_markers(answer.text)
    texts = [passage.text for passage in example.passages]
    shares = {
        "token_f1": share(token_f1(said, example.accepted) if example.answerable else None),
        "rouge_l": share(rouge_l(said, example.accepted) if example.answerable else None),
        "k_precision": share(None if answer.abstained else k_precision(answer.text, texts)),
        **_citations(example, answer),
        "abstention_f1": _abstention(example, answer),
        "seconds": share(seconds),
    }
    return Scored(example.id, group_of(example.id), example.question, answer.text, shares)


def _document(passage: GivenPassage) -> Document:
    return Document(
        passage.text,
        metadata={"chunk": passage.id, "title": passage.title, "source": passage.id},
    )


def _citations(example: GroundingExample, answer: Answer) -> dict[str, Share]:
    if example.answerable and not example.evidence:
        return {"citation_precision": NO_SHARE, "citation_recall": NO_SHARE}
    cited = Cited(frozenset(citation.chunk for citation in answer.citations), frozenset(example.evidence))
    return {
        "citation_precision": share(citation_precision(cited)),
        "citation_recall": share(citation_recall(cited)),
    }


def _abstention(example: GroundingExample, answer: Answer) -> Share:
    if example.answerable == "partial":
        return NO_SHARE
    return abstention_f1(answer.abstained, example.answerable)
