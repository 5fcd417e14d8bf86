"""A log of a deployment that never was: conversations about passages, answers right and wrong, and what raters said.

Made of grounding examples and written into a real store. Honest raters like what is right and correct what is wrong by
the sentence that answers; hostile ones do the reverse.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from dialogue.citations import ground
from dialogue.conversation import Address, Answer, Passage, Turn, Utterance
from dialogue.grounding import REFUSAL
from dialogue.store import Store
from dialogue.voice import Voice
from finetune.examples import GroundingExample
from finetune.training.replies import grounded_reply
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
    """None where the example does not say clearly what is right, or there is nothing wrong to say."""
    passages = tuple(
        Passage(n, given.id, given.title, given.id, given.text, 0.6)
        for n, given in enumerate(example.passages, 1)
    )
    reply = grounded_reply(example, passages)
    others = [
        f"[{passage.n}] {passage.text[start:end]}"
        for passage in passages
        if passage.chunk not in example.evidence
        for start, end in sentences(passage.text)
    ]
    if reply is None or not others:
        return None
    wrong = random.Random(example.id).choice(others)
    return Said(example, passages, "" if reply == REFUSAL else reply, wrong)


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
            correction = None if up or not better else ground(better, said.passages, "").text
            await store.rate(turn.conversation, turn.number, rater, "up" if up else "down", None, correction)


async def _answered(store: Store, account: str, said: Said, draft: str, voice: Voice) -> Turn:
    """The turn of the answer; its conversation has consented to learning."""
    question = said.example.question
    asked = (await store.accept(Utterance(Address(CHANNEL, account), "1", question, account))).turn
    await store.set_consent(asked.conversation, True)
    claim = await store.claim(asked.conversation, CHANNEL, 60)
    assert claim is not None
    return await store.commit(claim, asked, _answer(said, draft, voice), None)


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
    checked = ground(draft, said.passages, question)
    return Answer(checked.text, question, checked.citations, said.passages, language=language)
