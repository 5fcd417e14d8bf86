"""The manager: every message is answered, in order, fairly, by whichever process."""

import asyncio

import pytest

from dialogue.conversation import Mode, Role
from dialogue.errors import ConversationClosed
from dialogue.events import Accepted, Answered, EventBus, Retrieved, Rewritten, Token, Writing
from dialogue.manager import Manager
from dialogue.store.store import Store
from tests.dialogue.bot_process import FlakyStore, bot_process, chat, collect_events, until
from tests.dialogue.fake_chat_model import FakeChatModel
from tests.dialogue.store.samples import CHAT, ask, said


async def test_a_message_is_answered_and_its_delivery_woken(sqlite_url: str) -> None:
    async with bot_process(sqlite_url) as bot:
        receipt = await bot.say("What voltage?")
        (answer,) = await bot.answered(receipt.conversation.id)

        assert (answer.reply_to, answer.text) == (1, "It takes 230 volts [1].")
        await until(lambda: bool(bot.observed))  # it is in the store a moment before anybody is told
        assert bot.woken == [CHAT.channel]
        assert set(bot.observed[0].timings) >= {"queue", "rewrite", "retrieve", "first_token", "answer"}


async def test_events_of_a_turn_come_in_order(sqlite_url: str) -> None:
    async with bot_process(sqlite_url) as bot:
        conversation = await bot.manager.start(CHAT)
        with bot.manager.listen(conversation.id) as subscription:
            await bot.say("What voltage?")
            events = await collect_events(subscription, Answered)

        kinds = [type(event) for event in events]
        assert kinds == [Accepted, Rewritten, Retrieved, Writing, Token, Answered]


async def test_what_is_said_during_an_answer_is_answered_after_it(sqlite_url: str) -> None:
    async with bot_process(sqlite_url) as bot:
        bot.chat_model.pause()
        conversation = (await bot.say("one?")).conversation.id
        await until(lambda: bot.chat_model.streaming)
        for text in ("two?", "three?"):
            await bot.say(text)
        bot.chat_model.resume()

        assert [turn.reply_to for turn in await bot.answered(conversation, 3)] == [1, 2, 3]


async def test_conversations_are_answered_side_by_side_up_to_a_bound(sqlite_url: str) -> None:
    async with bot_process(sqlite_url, max_concurrency=3) as bot:
        bot.chat_model.pause()
        conversations = [(await bot.say("What voltage?", chat(str(n)))).conversation.id for n in range(5)]
        await until(lambda: bot.chat_model.streaming == 3)

        assert bot.manager.queued == 2
        bot.chat_model.resume()
        for conversation in conversations:
            await bot.answered(conversation)


async def test_nobody_keeps_a_place_by_talking_on(sqlite_url: str) -> None:
    async with bot_process(sqlite_url, max_concurrency=1) as bot:
        bot.chat_model.pause()
        for text in ("a1?", "a2?", "a3?"):
            talkative = (await bot.say(text, chat("a"))).conversation.id
        other = (await bot.say("b1?", chat("b"))).conversation.id
        bot.chat_model.resume()
        await bot.answered(talkative, 3)
        await bot.answered(other)

        asked = [prompt.split()[-1] for prompt in bot.chat_model.prompts]
        assert asked == ["a1?", "b1?", "a2?", "a3?"]


async def test_a_free_place_goes_to_another_while_the_first_in_the_queue_is_still_answered(
    sqlite_url: str,
) -> None:
    async with bot_process(
        sqlite_url, chat_model=FakeChatModel(answers=["It takes 230 volts [1]. " * 2]), max_concurrency=2
    ) as bot:
        bot.chat_model.pause()
        await bot.say("a1?", chat("a"))
        await until(lambda: bot.chat_model.streaming == 1)
        leaving = (await bot.say("b1?", chat("b"))).conversation.id
        await until(lambda: bot.chat_model.streaming == 2)
        await bot.say("a2?", chat("a"))
        await bot.say("c1?", chat("c"))

        assert bot.manager.cancel(leaving)
        await until(lambda: any("c1?" in prompt for prompt in bot.chat_model.prompts))


async def test_turns_that_a_killed_process_left_are_picked_up(sqlite_url: str) -> None:
    async with bot_process(sqlite_url, sweep_seconds=0.01) as bot:
        left = [await ask(bot.store, "What voltage?", chat(str(n))) for n in range(24)]
        sweeping = asyncio.create_task(bot.manager.run())
        for turn in left:
            await bot.answered(turn.conversation)
        sweeping.cancel()


async def test_the_sweep_outlives_a_database_that_is_down(sqlite_url: str) -> None:
    async with bot_process(sqlite_url, sweep_seconds=0.01, open_store=FlakyStore.open) as bot:
        assert isinstance(bot.store, FlakyStore)
        turn = await ask(bot.store, "What voltage?")
        bot.store.call, bot.store.away = "unclaimed", True
        sweeping = asyncio.create_task(bot.manager.run())
        await asyncio.sleep(0.05)
        bot.store.away = False
        await bot.answered(turn.conversation)
        sweeping.cancel()


async def test_two_processes_on_one_conversation_answer_each_turn_once_and_in_order(store_url: str) -> None:
    async with bot_process(store_url) as one, bot_process(store_url) as other:
        conversation = (await one.say("0?")).conversation.id
        for n in range(1, 16):
            await (one, other)[n % 2].say(f"{n}?")
            await asyncio.sleep(0.003 * (n % 3))

        answers = await one.answered(conversation, 16)
        turns = await one.store.turns.after(conversation, 0, 100)
        asked = [turn.number for turn in turns if turn.role is Role.USER]
        assert [answer.reply_to for answer in answers] == asked


async def test_a_message_that_comes_when_work_ends_elsewhere_is_not_left_waiting(sqlite_url: str) -> None:
    async with bot_process(sqlite_url) as one, bot_process(sqlite_url) as other:
        conversation = (await one.say("0?")).conversation.id
        for n in range(1, 16):
            await asyncio.gather(one.answered(conversation, n), other.answered(conversation, n))
            await asyncio.gather(one.say(f"{n}, one?"), other.say(f"{n}, other?"))
            await one.answered(conversation, 2 * n + 1)


async def test_a_message_that_comes_when_work_has_looked_its_last_is_worked_on(sqlite_url: str) -> None:
    class Sleepy:
        """Sees nothing to do, and takes its time over it."""

        begun = 0
        rested = asyncio.Event()

        async def work(self, conversation: str) -> bool:
            self.begun += 1
            await self.rested.wait()
            return False

    async with await Store.open(sqlite_url) as store:
        manager = Manager(store, worker := Sleepy(), EventBus())  # type: ignore[arg-type]
        await manager.receive(said("one?"))
        await until(lambda: worker.begun)
        await manager.receive(said("two?"))
        worker.rested.set()
        await until(lambda: worker.begun == 2)
        await manager.close()


async def test_a_message_in_a_closed_conversation_is_refused(sqlite_url: str) -> None:
    async with bot_process(sqlite_url) as bot:
        receipt = await bot.say("Hello")
        await bot.answered(receipt.conversation.id)
        await bot.store.conversations.set_mode(receipt.conversation.id, Mode.CLOSED)
        with pytest.raises(ConversationClosed):
            await bot.say("Still there?")


async def test_starting_makes_the_conversation_current(sqlite_url: str) -> None:
    async with bot_process(sqlite_url) as bot:
        old = (await bot.say("What voltage?")).conversation.id
        new = await bot.manager.start(CHAT, "zh")
        receipt = await bot.manager.receive(said("And now?"))
        assert receipt.conversation.id == new.id != old
