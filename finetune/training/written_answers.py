"""Prompts and replies of examples whose answer was written for them: several prompts of each, all different.

Each shows other passages in another order within another budget: whole ones, or their sentences that bear on the
question, as the bot shows them. A share of the answered questions is asked without its evidence, with what only looks
like it, and then the reply is NO ANSWER. The reply has the markers before its sentences: so the model first chooses the
passage, then writes what it says.
"""

import random
from collections.abc import Sequence

from langchain_core.documents import Document
from langchain_core.messages import BaseMessage

from dialogue.asking import QuestionBack
from dialogue.citations import markers
from dialogue.conversation import Passage
from dialogue.grounding import REFUSAL
from dialogue.prompts import trained_answer_prompt
from dialogue.segments import MARKERS
from finetune.datasets.dialogue_answers import within
from finetune.examples import ExamplePassage, GroundingExample
from retrieval.evidence import EvidenceSentences
from retrieval.sentences import sentences

BUDGETS = (120, 360)
"""The range of the random token budget of a prompt's passages."""
READ_SHARE = 0.6
"""Share of the prompts that show the sentences that bear on the question; the others show whole passages."""
RANKED_SHARE = 0.7
"""Share of the prompts whose passages are ranked; in the others they are shuffled."""
MESSAGE_SHARE = 0.5
"""Share of the rewritten questions that are shown with the person's own message."""
MIN_LEFT = 2
"""Passages that have to be left when the evidence is taken away."""


def written_prompt(example: GroundingExample, variant: int, withheld: float) -> tuple[list[BaseMessage], str]:
    """The messages of the prompt, and the reply. withheld: share of the answered ones to ask without evidence."""
    draw = random.Random(f"{example.id} {variant}")
    if draw.random() < withheld:
        example = without_evidence(example)
    passages = shown_passages(example, draw)
    message = example.message if draw.random() < MESSAGE_SHARE else ""
    messages = trained_answer_prompt().messages(example.question, passages, message)
    return messages, written_reply(example, passages)


def without_evidence(example: GroundingExample) -> GroundingExample:
    """The example as an unanswerable one; as it is if it has no answer or too little would be left."""
    left = tuple(passage for passage in example.passages if passage.id not in example.evidence)
    if example.answerable is not True or len(left) < MIN_LEFT:
        return example
    changed = {"passages": left, "evidence": (), "quotes": (), "answer": "", "answerable": False}
    return example.model_copy(update=changed)


def shown_passages(example: GroundingExample, draw: random.Random) -> tuple[Passage, ...]:
    """Passages within a random budget, the evidence among them, numbered from 1."""
    room = draw.randint(*BUDGETS)
    read = draw.random() < READ_SHARE
    shown = _sentences_that_matter(example, room) if read else []
    if not _shows_evidence(example, shown):
        shown = list(within(example, room).passages)
    if draw.random() >= RANKED_SHARE:
        draw.shuffle(shown)
    return tuple(Passage(n, each.id, each.title, each.id, each.text, 1.0) for n, each in enumerate(shown, 1))


def _sentences_that_matter(example: GroundingExample, room: int) -> list[ExamplePassage]:
    documents = [
        Document(passage.text, id=passage.id, metadata={"title": passage.title})
        for passage in example.passages
    ]
    kept = EvidenceSentences(budget=room).compress_documents(documents, example.question)
    return [
        ExamplePassage(id=str(each.id), title=each.metadata["title"], text=each.page_content) for each in kept
    ]


def _shows_evidence(example: GroundingExample, shown: Sequence[ExamplePassage]) -> bool:
    """Whether all passages of the evidence are shown, and all that is quoted from them."""
    evidence = {
        passage.id: " ".join(passage.text.split()) for passage in shown if passage.id in example.evidence
    }
    quotes = (" ".join(quote.split()) for quote in example.quotes)
    return len(evidence) == len(example.evidence) and all(
        any(quote in text for text in evidence.values()) for quote in quotes
    )


def written_reply(example: GroundingExample, passages: Sequence[Passage]) -> str:
    """What the model is to write: an answer, a question back, or the refusal."""
    if example.answerable is False:
        return REFUSAL
    if example.answerable == "ask back":
        return str(QuestionBack(" ".join(MARKERS.sub("", example.answer).split()), example.options))
    shown = {passage.chunk: passage.n for passage in passages}
    return _markers_first(example.answer, [shown[name] for name in example.evidence])


def _markers_first(answer: str, numbers: Sequence[int]) -> str:
    """The answer with the markers of each sentence before it; `numbers` holds those of the passages in the prompt."""
    parts: list[str] = []
    end = 0
    for start, stop in sentences(answer):
        sentence = answer[start:stop]
        cited = dict.fromkeys(numbers[n - 1] for n in markers(sentence))
        first = "".join(f"[{n}]" for n in cited)
        parts += [answer[end:start], f"{first} " if first else "", MARKERS.sub("", sentence)]
        end = stop
    return "".join(parts)
