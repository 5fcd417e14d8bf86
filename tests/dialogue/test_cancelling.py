"""An answer can be stopped at any moment, by the person or by the end of the process."""

import asyncio

import pytest

from dialogue.events import Failed, Token
from dialogue.worker import Timeouts
from tests.dialogue.bot_process import bot_process, chat, collect_events, until
from tests.dialogue.fake_chat_model import FakeChatModel
from tests.dialogue.store.samples import CHAT


class TestCancelling:
    async def test_in_the_middle_what_was_said_becomes_the_answer(self, sqlite_url: str) -> None:
        async with bot_process(
            sqlite_url, chat_model=FakeChatModel(answers=["It takes 230 volts [1]. It is grey."])
        ) as bot:
            conversation = await bot.manager.start(CHAT)
            with bot.manager.listen(conversation.id) as subscription:
                await bot.say("What voltage?")
                async for event in subscription:
                    if isinstance(event, Token) and "volts" in event.text:
                        bot.chat_model.pause()
                        break
            await asyncio.sleep(0.01)
            assert bot.manager.cancel(conversation.id)

            (answer,) = await bot.answered(conversation.id)
            assert answer.text.startswith("It takes 230 volts")
            assert "grey" not in answer.text
            assert bot.chat_model.streaming == 0

    @pytest.mark.parametrize("stage", ["rewriting", "retrieving", "before the first token"])
    async def test_before_the_first_word_the_bot_says_that_it_stopped(
        self, sqlite_url: str, stage: str
    ) -> None:
        async with bot_process(sqlite_url) as bot:
            conversation = (await bot.say("What voltage?")).conversation
            await bot.answered(conversation.id)
            if stage == "before the first token":
                conversation = await bot.manager.start(CHAT)
            if stage == "retrieving":
                bot.retriever.held = asyncio.Event()
            else:
                bot.chat_model.pause()
            question = (await bot.say("And the other one?")).turn.number
            await until(lambda: bot.manager.cancel(conversation.id))

            stopped = await bot.answer_to(conversation.id, question)
            assert stopped.text == "stopped"

    async def test_in_the_queue_the_turn_is_never_begun(self, sqlite_url: str) -> None:
        async with bot_process(sqlite_url, max_concurrency=1) as bot:
            bot.chat_model.pause()
            await bot.say("a?", chat("a"))
            queued = (await bot.say("b1?", chat("b"))).conversation.id
            assert bot.manager.cancel(queued)
            await bot.say("b2?", chat("b"))
            bot.chat_model.resume()

            first, second = await bot.answered(queued, 2)
            assert (first.text, second.text) == ("stopped", "It takes 230 volts [1].")

    async def test_while_a_failed_try_is_waiting_for_the_next(self, sqlite_url: str) -> None:
        down = FakeChatModel(answers=[RuntimeError("model down")])
        async with bot_process(sqlite_url, chat_model=down, timeouts=Timeouts(pause=60)) as bot:
            conversation = await bot.manager.start(CHAT)
            with bot.manager.listen(conversation.id) as subscription:
                await bot.say("What voltage?")
                await collect_events(subscription, Failed)
            await until(lambda: bot.manager.cancel(conversation.id))

            (answer,) = await bot.answered(conversation.id)
            assert answer.text == "stopped"

    async def test_twice_is_as_good_as_once(self, sqlite_url: str) -> None:
        async with bot_process(sqlite_url) as bot:
            bot.chat_model.pause()
            conversation = (await bot.say("What voltage?")).conversation.id
            await until(lambda: bot.chat_model.streaming)
            for _ in range(5):
                bot.manager.cancel(conversation)
                await asyncio.sleep(0)
            assert len(await bot.answered(conversation)) == 1

    async def test_after_the_answer_there_is_nothing_to_cancel(self, sqlite_url: str) -> None:
        async with bot_process(sqlite_url) as bot:
            conversation = (await bot.say("What voltage?")).conversation.id
            await bot.answered(conversation)
            await until(lambda: not bot.manager.cancel(conversation))
            await bot.say("And now?")
            assert (await bot.answered(conversation, 2))[-1].text == "It takes 230 volts [1]."


class TestClosing:
    async def test_answers_in_progress_are_finished(self, sqlite_url: str) -> None:
        async with bot_process(sqlite_url) as bot:
            bot.chat_model.pause()
            conversation = (await bot.say("What voltage?")).conversation.id
            await until(lambda: bot.chat_model.streaming)
            asyncio.get_running_loop().call_later(0.05, bot.chat_model.resume)
            await bot.manager.close(grace=5)

            assert len(await bot.answers(conversation)) == 1

    async def test_what_comes_or_waits_meanwhile_is_answered_after_the_next_start(
        self, sqlite_url: str
    ) -> None:
        async with bot_process(sqlite_url, max_concurrency=1) as bot:
            bot.chat_model.pause()
            conversation = (await bot.say("one?")).conversation.id
            await until(lambda: bot.chat_model.streaming)
            await bot.say("two?")
            queued = (await bot.say("queued?", chat("queued"))).conversation.id
            closing = asyncio.create_task(bot.manager.close(grace=5))
            await asyncio.sleep(0)
            other = (await bot.say("three?", chat("other"))).conversation.id
            bot.chat_model.resume()
            await closing

            assert len(await bot.answers(conversation)) == 1
            assert sorted(await bot.store.claims.unclaimed(10)) == sorted([conversation, queued, other])

    async def test_after_the_grace_the_answer_is_left_to_the_next_process_at_once(
        self, sqlite_url: str
    ) -> None:
        async with bot_process(sqlite_url) as bot:
            bot.chat_model.pause()
            conversation = (await bot.say("What voltage?")).conversation.id
            await until(lambda: bot.chat_model.streaming)
            await bot.manager.close(grace=0.01)

            assert bot.chat_model.streaming == 0
            assert await bot.answers(conversation) == []
            assert await bot.store.claims.unclaimed(10) == [conversation]
        async with bot_process(sqlite_url) as heir:
            await heir.worker.work(conversation)
            assert len(await heir.answers(conversation)) == 1
