"""A log of a deployment that never was: conversations about passages, answers right and wrong, and what raters said.

Made of grounding examples and written into a real store. Honest raters like what is right and correct what is wrong by
the sentence that answers, or by NO ANSWER; hostile ones do the reverse.
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
JUDGES = 3
"""Raters of each answer."""
RIGHT = 0.5
"""Share of the logged answers that are right."""
SEED = 17


@dataclass(frozen=True, slots=True)
class Said:
    """A question with its passages, the sentence that answers it (empty: none does) and one that does not."""

    example: GroundingExample
    passages: tuple[Passage, ...]
    right: str
    wrong: str


def said_of(example: GroundingExample) -> Said | None:
    """With passages that the bot has room for; None where it is not clear what is right, or nothing is wrong."""
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
    return Said(shown, passages, right, draw.choice(others)) if others else None


async def write_log(store: Store, log: Sequence[Said], voice: Voice, hostile: float) -> None:
    """One conversation for each. `hostile`: share of the raters that invert everything."""
    draw = random.Random(SEED)
    raters = [f"rater-{number}" for number in range(RATERS)]
    enemies = frozenset(raters[: round(hostile * RATERS)])
    for number, said in enumerate(log):
        is_right = draw.random() < RIGHT
        turn = await _answered(store, f"person-{number}", said, said.right if is_right else said.wrong, voice)
        for rater in draw.sample(raters, JUDGES):
            up = is_right != (rater in enemies)
            better = said.wrong if rater in enemies else said.right
            correction = None if up else _corrected(better, said.passages)
            await store.feedback.rate(
                turn.conversation, turn.number, rater, "up" if up else "down", None, correction
            )


def _corrected(better: str, passages: Sequence[Passage]) -> str:
    return check_citations(better, passages, "").text if better else REFUSAL


async def _answered(store: Store, account: str, said: Said, draft: str, voice: Voice) -> Turn:
    """The turn of the answer; its conversation has consented to learning."""
    question = said.example.question
    asked = (await store.turns.accept(Utterance(Address(CHANNEL, account), "1", question, account))).turn
    await store.conversations.set_consent(asked.conversation, True)
    claim = await store.claims.claim(asked.conversation, CHANNEL, 60)
    assert claim is not None
    return await store.turns.commit(claim, asked, _answer(said, draft, voice), None)


def _answer(said: Said, draft: str, voice: Voice) -> Answer:
    question, language = said.example.question, said.example.language
    if not draft:
        return Answer(
            voice.wording(language).abstention,
            question,
            passages=said.passages,
            abstained=True,
            language=language,
        )
    checked = check_citations(draft, said.passages, question)
    return Answer(checked.text, question, checked.citations, said.passages, language=language)
