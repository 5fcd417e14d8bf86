"""A step of a deployment's own: what it keeps in the state is committed with the answer, once, whatever happens.

`test_kills.py` counts with the same step over kill -9, over two processes, and over a process that stalls.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from structlog.processors import format_exc_info
from structlog.testing import capture_logs

from bot.steps import load_steps
from dialogue.conversation import Answer, Mode
from dialogue.events import Answered, Failed, Token
from dialogue.steps import ArrangeSteps, Step, TurnContext
from dialogue.store.store import Store
from dialogue.worker import MAX_ATTEMPTS
from tests.dialogue.bot_process import BotProcess, bot_process, chat, collect_events
from tests.dialogue.counting_step import CountQuestions
from tests.dialogue.store.samples import CHAT

COUNTING = load_steps(Path(__file__).with_name("counting_step.py"))


def first(step: Step) -> ArrangeSteps:
    """The default list with this step before it."""
    return lambda default: [step, *default]


async def texts(bot: BotProcess, conversation: str, number: int) -> list[str]:
    return [answer.text for answer in await bot.answered(conversation, number)]


async def state(store: Store, conversation: str) -> dict[str, Any]:
    return dict((await store.conversations.get(conversation)).state)


async def test_the_count_is_right_over_a_restart(store_url: str) -> None:
    async with bot_process(store_url, arrange=COUNTING) as bot:
        conversation = (await bot.say("Count order 7.")).conversation.id
        await bot.say("What voltage?")
        await bot.answered(conversation, 2)
    async with bot_process(store_url, arrange=COUNTING) as bot:
        await bot.say("Count order 8.")
        assert await texts(bot, conversation, 3) == [
            "Order 7 is question 1 of this kind.",
            "It takes 230 volts [1].",
            "Order 8 is question 2 of this kind.",
        ]


async def test_the_count_is_right_with_two_replicas(store_url: str) -> None:
    async with (
        bot_process(store_url, arrange=COUNTING, sweep_seconds=0.05) as one,
        bot_process(store_url, arrange=COUNTING, sweep_seconds=0.05) as other,
    ):
        sweeps = [asyncio.create_task(bot.manager.run()) for bot in (one, other)]
        conversation = (await one.say("Count order 0.")).conversation.id
        await asyncio.gather(*((one, other)[n % 2].say(f"Count order {n}.") for n in range(1, 12)))
        answers = await texts(other, conversation, 12)
        for sweep in sweeps:
            sweep.cancel()

        assert [text.split(" is ")[1] for text in answers] == [
            f"question {n} of this kind." for n in range(1, 13)
        ]
        assert await state(one.store, conversation) == {"counted": 12}


async def test_conversations_do_not_share_a_count(sqlite_url: str) -> None:
    async with bot_process(sqlite_url, arrange=COUNTING) as bot:
        for account in "abc":
            conversation = (await bot.say("Count order 1.", chat(account))).conversation.id
            assert await texts(bot, conversation, 1) == ["Order 1 is question 1 of this kind."]


class InterruptedStep(CountQuestions):
    """Counts, and the first time somebody else changes the state before the answer is committed."""

    def __init__(self) -> None:
        self.store: Store | None = None

    async def run(self, turn: TurnContext) -> Answer | None:
        answer = await super().run(turn)
        if self.store is not None:
            store, self.store = self.store, None
            conversation = turn.conversation
            await store.conversations.set_state(conversation.id, {"counted": 40}, conversation.state_version)
        return answer


async def test_a_state_that_was_changed_meanwhile_is_read_again(store_url: str) -> None:
    step = InterruptedStep()
    async with bot_process(store_url, arrange=first(step)) as bot:
        step.store = bot.store
        conversation = await bot.manager.start(CHAT)
        with bot.manager.listen(conversation.id) as subscription:
            await bot.say("Count order 7.")
            events = await collect_events(subscription, Answered)

        assert [type(event) for event in events if isinstance(event, Failed | Answered)] == [Failed, Answered]
        assert await texts(bot, conversation.id, 1) == ["Order 7 is question 41 of this kind."]
        assert await state(bot.store, conversation.id) == {"counted": 41}


class NoteAndPassOn:
    """Changes the state and leaves the answer to the next steps."""

    async def run(self, turn: TurnContext) -> None:
        turn.state["turns"] = [*turn.state.get("turns", []), turn.text]


async def test_a_step_that_passes_on_commits_its_change_with_whichever_step_answers(store_url: str) -> None:
    async with bot_process(store_url, arrange=first(NoteAndPassOn())) as bot:
        conversation = (await bot.say("hello")).conversation.id
        await bot.say("What voltage?")
        await bot.say("Can I talk to a person?")

        assert await texts(bot, conversation, 3) == ["greeting", "It takes 230 volts [1].", "handed_over"]
        assert await state(bot.store, conversation) == {
            "turns": ["hello", "What voltage?", "Can I talk to a person?"]
        }
        assert (await bot.store.conversations.get(conversation)).mode is Mode.HUMAN


class FailingStep:
    """Changes the state and then raises, so many times."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.runs = 0

    async def run(self, turn: TurnContext) -> Answer | None:
        self.runs += 1
        turn.state["runs"] = turn.state.get("runs", 0) + 1
        if self.runs <= self.failures:
            raise RuntimeError("The inventory does not respond.")
        return turn.answer("In stock.")


async def test_a_step_that_raises_is_tried_again(store_url: str) -> None:
    async with bot_process(store_url, arrange=first(FailingStep(failures=2))) as bot:
        conversation = (await bot.say("Is it in stock?")).conversation.id
        assert await texts(bot, conversation, 1) == ["In stock."]
        assert await state(bot.store, conversation) == {"runs": 1}


async def test_a_step_that_keeps_raising_ends_in_an_apology_without_its_change(store_url: str) -> None:
    step = FailingStep(failures=100)
    async with bot_process(store_url, arrange=first(step)) as bot:
        conversation = (await bot.say("Is it in stock?")).conversation.id
        assert await texts(bot, conversation, 1) == ["failure"]
        assert await state(bot.store, conversation) == {}
        assert step.runs == MAX_ATTEMPTS


class StreamingStep:
    """Streams its answer, and waits in the middle of it; `finish` makes what a cancelled answer says."""

    def __init__(self, finish: bool) -> None:
        self.finish = finish

    async def run(self, turn: TurnContext) -> Answer:
        turn.state["started"] = True
        if self.finish:
            turn.on_cancel = lambda: turn.answer(f"{turn.streamed}and so on.")
        turn.stream("One, two, ")
        await asyncio.Event().wait()
        return turn.answer("One, two, three.")


@pytest.mark.parametrize(("finish", "text"), [(False, "One, two, "), (True, "One, two, and so on.")])
async def test_a_step_that_streams_can_be_cancelled(sqlite_url: str, finish: bool, text: str) -> None:
    async with bot_process(sqlite_url, arrange=first(StreamingStep(finish))) as bot:
        conversation = (await bot.manager.start(CHAT)).id
        with bot.manager.listen(conversation) as subscription:
            await bot.say("Count to three.")
            await collect_events(subscription, Token)
        assert bot.manager.cancel(conversation)

        assert await texts(bot, conversation, 1) == [text]
        assert await state(bot.store, conversation) == {}


class UnstorableStep:
    """Puts a value into the state that is not JSON."""

    def __init__(self, value: object) -> None:
        self.value = value

    async def run(self, turn: TurnContext) -> Answer:
        turn.state["value"] = self.value
        return turn.answer("Noted.")


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), object()], ids=["set", "NaN", "object"])
async def test_a_state_that_is_not_json_ends_in_an_apology(sqlite_url: str, value: object) -> None:
    async with bot_process(sqlite_url, arrange=first(UnstorableStep(value))) as bot:
        with capture_logs(processors=[format_exc_info]) as logs:
            conversation = (await bot.say("Note this.")).conversation.id
            assert await texts(bot, conversation, 1) == ["failure"]

        failed = [entry for entry in logs if entry["event"] == "answer_failed"]
        assert len(failed) == MAX_ATTEMPTS
        assert all("StepError" in entry["exception"] for entry in failed)
        assert await state(bot.store, conversation) == {}


async def test_steps_run_in_the_order_of_the_list(sqlite_url: str) -> None:
    def arrange(default: Sequence[Step]) -> Sequence[Step]:
        return [step for step in default if type(step).__name__ != "SmallTalk"]

    async with bot_process(sqlite_url, arrange=arrange) as bot:
        conversation = (await bot.say("hello")).conversation.id
        assert await texts(bot, conversation, 1) == ["It takes 230 volts [1]."]
