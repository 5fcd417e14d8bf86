"""A simulated log: conversations about passages, right and wrong answers, and ratings of them.

It is made from grounding examples and written to a real store. Honest raters approve of right answers, and correct
wrong ones with the sentence that answers, or with NO ANSWER; hostile raters do the opposite.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from dialogue.citations import check_citations
from dialogue.conversation import Address, Answer, Passage, Turn, Utterance
from dialogue.grounding import REFUSAL, GroundingOptions
from dialogue.store.store import Store
from dialogue.voice import Voice
from finetune.examples import GroundingExample
from finetune.training.sft_data import grounded_reply, passages_within
from retrieval.sentences import sentences

CHANNEL = "simulation"
RATERS = 40
RATINGS_PER_ANSWER = 3
RIGHT_SHARE = 0.5
"""Share of the answers in the log that are right."""
SEED = 17


@dataclass(frozen=True, slots=True)
class SimulatedQuestion:
    """A question with its passages, the sentence that answers it (empty if none does) and one that does not."""

    example: GroundingExample
    passages: tuple[Passage, ...]
    right: str
    wrong: str


def simulated_question(example: GroundingExample) -> SimulatedQuestion | None:
    """With the passages that fit the prompt; None if the right answer is unclear, or if no sentence is wrong."""
    draw = random.Random(example.id)
    passages = passages_within(example.passages, example.evidence, GroundingOptions().passage_tokens, draw)
    reply = grounded_reply(example, passages)
    if reply is None:
        return None
    others = [
        f"[{passage.n}] {sentence}"
        for passage in passages
        for start, end in sentences(passage.text)
        if (sentence := passage.text[start:end]) not in reply
    ]
    given = {passage.id: passage for passage in example.passages}
    shown = example.model_copy(update={"passages": tuple(given[passage.chunk] for passage in passages)})
    right = "" if reply == REFUSAL else reply
    return SimulatedQuestion(shown, passages, right, draw.choice(others)) if others else None


async def write_log(store: Store, log: Sequence[SimulatedQuestion], voice: Voice, hostile: float) -> None:
    """Write one conversation for each question. hostile: share of the raters that do the opposite."""
    draw = random.Random(SEED)
    raters = [f"rater-{number}" for number in range(RATERS)]
    hostile_raters = frozenset(raters[: round(hostile * RATERS)])
    for number, simulated in enumerate(log):
        is_right = draw.random() < RIGHT_SHARE
        turn = await _answered(
            store, f"person-{number}", simulated, simulated.right if is_right else simulated.wrong, voice
        )
        for rater in draw.sample(raters, RATINGS_PER_ANSWER):
            up = is_right != (rater in hostile_raters)
            better = simulated.wrong if rater in hostile_raters else simulated.right
            correction = None if up else _corrected(better, simulated.passages)
            await store.feedback.rate(
                turn.conversation, turn.number, rater, "up" if up else "down", None, correction
            )


def _corrected(better: str, passages: Sequence[Passage]) -> str:
    return check_citations(better, passages, "").text if better else REFUSAL


async def _answered(
    store: Store, account: str, simulated: SimulatedQuestion, draft: str, voice: Voice
) -> Turn:
    """The turn of the answer, in a conversation with consent to training."""
    question = simulated.example.question
    asked = (await store.turns.accept(Utterance(Address(CHANNEL, account), "1", question, account))).turn
    await store.conversations.set_consent(asked.conversation, True)
    claim = await store.claims.claim(asked.conversation, CHANNEL, 60)
    assert claim is not None
    return await store.turns.commit(claim, asked, _answer(simulated, draft, voice), None)


def _answer(simulated: SimulatedQuestion, draft: str, voice: Voice) -> Answer:
    question, language = simulated.example.question, simulated.example.language
    if not draft:
        return Answer(
            voice.wording(language).abstention,
            question,
            passages=simulated.passages,
            abstained=True,
            language=language,
        )
    checked = check_citations(draft, simulated.passages, question)
    return Answer(checked.text, question, checked.citations, simulated.passages, language=language)
