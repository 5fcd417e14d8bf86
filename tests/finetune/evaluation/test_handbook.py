import asyncio

import pytest

from dialogue.conversation import Citation
from dialogue.events import Accepted, Answered, Failed, Rewritten, Token
from finetune.evaluation.handbook import (
    HandbookQuestion,
    HandbookReply,
    evaluate_handbook,
    judge,
    rows_by_kind,
    rows_by_question,
)

QUESTION = HandbookQuestion(
    id="plain-01",
    kind="plain",
    question="How long can I return things?",
    answerable=True,
    facts=(("30 days", "thirty days"),),
    sources=("en/returns.md",),
)
UNANSWERABLE = HandbookQuestion(
    id="un-01", kind="unanswerable", question="Student discount?", answerable=False
)


def reply(text="30 days [1].", cited=("en/returns.md",), abstained=False):
    return HandbookReply(text, "", cited, abstained, 0.1, 0.2)


class FakeBot:
    """Answers every question with 30 days from the returns page, and remembers who asked what."""

    def __init__(self):
        self.heard = []

    async def converse(self, utterance):
        self.heard.append((utterance.address.account, utterance.text))
        turn = len(self.heard)
        citation = Citation(1, "c1", "Returns", "en/returns.md", "30 days.")
        yield Accepted(turn)
        yield Rewritten(turn, f"standalone {utterance.text}")
        await asyncio.sleep(0.01)
        yield Token(turn, "30 ")
        await asyncio.sleep(0.02)
        yield Token(turn, "days [1].")
        yield Answered(turn + 1, turn, "30 days [1].", (citation,), False)


def test_right_needs_every_fact_and_an_accepted_source():
    assert judge(QUESTION, reply()).right
    assert not judge(QUESTION, reply("14 days [1].")).right
    assert not judge(QUESTION, reply(cited=("en/warranty.md",))).right
    assert not judge(QUESTION, reply(cited=())).right


def test_one_accepted_source_among_others_is_enough():
    assert judge(QUESTION, reply(cited=("en/warranty.md", "en/returns.md"))).right


def test_a_source_may_stand_under_a_folder_but_not_merely_end_alike():
    assert judge(QUESTION, reply(cited=("knowledge/en/returns.md",))).right
    assert not judge(QUESTION, reply(cited=("len/returns.md",))).right


def test_an_abstention_is_right_only_where_there_is_no_answer():
    silence = reply("I could not find that.", cited=(), abstained=True)
    assert judge(UNANSWERABLE, silence).right
    assert not judge(QUESTION, silence).right
    assert not judge(UNANSWERABLE, reply()).right


async def test_follow_ups_are_asked_after_their_history_in_one_conversation_each():
    bot = FakeBot()
    follow_up = QUESTION.model_copy(update={"history": ("Hello", "Returns?"), "question": "How long?"})
    await evaluate_handbook(bot.converse, [follow_up, QUESTION])
    (first, *_, last) = [account for account, _ in bot.heard]
    assert [text for account, text in bot.heard if account == first] == ["Hello", "Returns?", "How long?"]
    assert first != last


async def test_an_outcome_has_the_rewrite_the_citations_and_the_time_to_the_first_token():
    (outcome,) = await evaluate_handbook(FakeBot().converse, [QUESTION])
    assert outcome.right
    assert outcome.reply.query == "standalone How long can I return things?"
    assert outcome.reply.cited == ("en/returns.md",)
    assert 0.01 <= outcome.reply.first_token < outcome.reply.seconds


async def test_a_failure_is_wrong_and_its_message_is_kept():
    async def fails(utterance):
        yield Accepted(1)
        yield Failed("engine", "Sorry.", 1)

    wrong, unanswerable = await evaluate_handbook(fails, [QUESTION, UNANSWERABLE])
    assert not wrong.right
    assert not unanswerable.right
    assert wrong.reply.text == "Sorry."


async def test_a_failure_that_a_retry_made_good_is_an_answer():
    async def recovers(utterance):
        yield Failed("engine", "Sorry.", 1)
        async for event in FakeBot().converse(utterance):
            yield event

    (outcome,) = await evaluate_handbook(recovers, [QUESTION])
    assert outcome.right


async def test_progress_is_told_of_every_question():
    done = []
    await evaluate_handbook(FakeBot().converse, [QUESTION, QUESTION], progress=lambda: done.append(1))
    assert len(done) == 2


def test_the_table_counts_by_kind_and_in_all():
    silence = reply(cited=(), abstained=True)
    outcomes = [judge(QUESTION, reply()), judge(QUESTION, silence), judge(UNANSWERABLE, reply())]
    rows = {row["kind"]: row for row in rows_by_kind(outcomes, "base")}
    assert list(rows) == ["plain", "unanswerable", "all"]
    assert (rows["plain"]["n"], rows["plain"]["right"], rows["plain"]["abstained"]) == (2, 1, 1)
    assert rows["plain"]["source_missing"] == 1
    assert (rows["all"]["n"], rows["all"]["right"]) == (3, 1)
    assert rows["all"]["first_token_seconds"] == pytest.approx(0.1)


def test_one_by_one_shows_what_went_wrong():
    (row,) = rows_by_question([judge(QUESTION, reply("14 days [1]."))], "base")
    assert (row["id"], row["right"], row["missing"]) == ("plain-01", 0, "30 days")
