"""Evaluates answers to questions with given passages: similarity to the references, grounding, abstention.

Each metric says which examples count for it.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence

from langchain_core.documents import Document

from dialogue.conversation import Answer
from dialogue.grounding import Grounder
from dialogue.language import numbers
from dialogue.request import read_request
from dialogue.rewriting import Rewriter
from finetune.datasets.dataset import group_of
from finetune.evaluation.concurrency import RowProgress, ask_all, no_progress, timed
from finetune.evaluation.metrics import (
    CitedPassages,
    abstention_f1,
    citation_precision,
    citation_recall,
    k_precision,
    rouge_l,
    strip_markers,
    token_f1,
    yes_or_no,
)
from finetune.evaluation.results import NO_SHARE, EvaluationResult, ScoredExample, Share, share
from finetune.examples import ExamplePassage, GroundingExample, to_turns

Answerer = Callable[[GroundingExample], Awaitable[Answer]]
"""An answer to the question of an example from its passages; the chunk of a citation is the passage's id."""


def answerer(rewriter: Rewriter, grounder: Grounder) -> Answerer:
    """What the bot does after retrieval: rewrites, fits passages into the prompt, answers, checks."""

    async def respond(example: GroundingExample) -> Answer:
        language = example.language
        request = await read_request(rewriter, to_turns(example.history), example.question, language)
        query = request.asked
        passages = grounder.passages(_document(passage) for passage in example.passages)
        text = "".join([piece async for piece in grounder.stream(query, passages, language, example.message)])
        reply = grounder.reply(text, passages, query, language)
        return Answer(reply.text, query, reply.citations, passages, reply.abstained, language)

    return respond


async def evaluate_answers(
    respond: Answerer,
    examples: Sequence[GroundingExample],
    *,
    name: str,
    system: str,
    at_once: int = 8,
    progress: RowProgress = no_progress,
) -> list[EvaluationResult]:
    """The result on the file `name`, and on those of each kind, if the examples have kinds."""
    replies = await ask_all(timed(respond), examples, at_once, progress)
    scored = [
        score_answer(example, answer, seconds)
        for example, (answer, seconds) in zip(examples, replies, strict=True)
    ]
    by_kind: defaultdict[str, list[ScoredExample]] = defaultdict(list)
    for example, score in zip(examples, scored, strict=True):
        by_kind[example.kind].append(score)
    every = {"": scored, **{kind: by_kind[kind] for kind in sorted(by_kind) if kind}}
    labels = [{"kind": kind} if len(every) > 1 else {} for kind in every]
    return [
        EvaluationResult("answer", name, system, tuple(rows), label)
        for label, rows in zip(labels, every.values(), strict=True)
    ]


def score_answer(example: GroundingExample, answer: Answer, seconds: float | None = None) -> ScoredExample:
    """The measures of one answer, as far as it counts for them.

    Token F1 and ROUGE-L: questions with an answer, also a partial one; an abstention counts as an empty text.
    K-precision: answers that are no abstention. Citations: see `metrics`; an example that has an answer but
    names no evidence is left out. Abstention: all but partial ones and those to ask back
    about, where both to abstain and to answer can be right.
    """
    said = "" if answer.abstained else strip_markers(answer.text)
    texts = [passage.text for passage in example.passages]
    shares = {
        "token_f1": share(token_f1(said, example.accepted) if example.answerable else None),
        "rouge_l": share(rouge_l(said, example.accepted) if example.answerable else None),
        "k_precision": share(None if answer.abstained else k_precision(answer.text, texts)),
        **_citations(example, answer),
        "abstention_f1": _abstention(example, answer),
        "numbers": share(None if answer.abstained else _known_numbers(example, said)),
        "yes_no": share(None if answer.abstained else _agrees(example, said)),
        "seconds": share(seconds),
    }
    return ScoredExample(example.id, group_of(example.id), example.question, answer.text, shares)


def _known_numbers(example: GroundingExample, said: str) -> float | None:
    own = numbers(said)
    evidence = [passage.text for passage in example.passages if passage.id in example.evidence]
    known = numbers(" ".join((example.question, example.message, *example.accepted, *evidence)))
    return len(own & known) / len(own) if own else None


def _agrees(example: GroundingExample, said: str) -> float | None:
    wanted = yes_or_no(strip_markers(example.answer)) if example.answerable else None
    return None if wanted is None else float(yes_or_no(said) is wanted)


def _document(passage: ExamplePassage) -> Document:
    return Document(
        passage.text,
        metadata={"chunk": passage.id, "title": passage.title, "source": passage.id},
    )


def _citations(example: GroundingExample, answer: Answer) -> dict[str, Share]:
    if example.answerable and not example.evidence:
        return {"citation_precision": NO_SHARE, "citation_recall": NO_SHARE}
    cited = CitedPassages(
        frozenset(citation.chunk for citation in answer.citations), frozenset(example.evidence)
    )
    return {
        "citation_precision": share(citation_precision(cited)),
        "citation_recall": share(citation_recall(cited)),
    }


def _abstention(example: GroundingExample, answer: Answer) -> Share:
    if not isinstance(example.answerable, bool):
        return NO_SHARE
    return abstention_f1(answer.abstained, example.answerable)
