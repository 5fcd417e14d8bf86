"""An evaluation asks a real bot, and leaves nothing behind that would be delivered later."""

import pytest
from sqlalchemy import select

from bot.channels.base import DirectChannel
from dialogue.store import schema
from finetune.evaluation.handbook import EVALUATION_CHANNEL, HandbookQuestion, evaluate_handbook
from tests.bot.channels.bot_fixture import UNKNOWN, bot_fixture

ASKED = HandbookQuestion(
    id="follow-up-01",
    kind="follow-up",
    history=("May I return it?",),
    question="Within how many days?",
    answerable=True,
    facts=(("30 days",),),
    sources=("returns.md",),
)
UNANSWERABLE = HandbookQuestion(
    id="un-01", kind="unanswerable", question=f"What is the {UNKNOWN} like?", answerable=False
)


@pytest.fixture
async def bot(store_url):
    async with bot_fixture(store_url, DirectChannel(EVALUATION_CHANNEL)) as running:
        yield running


async def test_answers_are_measured_and_none_is_left_to_be_delivered(bot):
    results = await evaluate_handbook(bot.manager.converse, [ASKED, UNANSWERABLE])
    assert [result.right for result in results] == [True, True]
    rows = await bot.store.database.read(lambda c: c.execute(select(schema.outbox)).all())
    assert rows == []
