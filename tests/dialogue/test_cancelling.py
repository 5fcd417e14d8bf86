"""An answer can be stopped at any moment, by the person and by the end of the process."""

import asyncio

import pytest

from dialogue.events import Failed, Token
from dialogue.worker import Timeouts
from tests.dialogue.bot_process import bot_process, chat, heard, until
from tests.dialogue.fake_chat_model import FakeChatModel
from tests.dialogue.store.samples import CHAT


class TestCancelling:
    async def test_in_the_middle_what_was_said_becomes_the_answer(self, sqlite_url: str) -> None:
        async with bot_process(
            sqlite_url, speaker=FakeChatModel(answers=["It takes 230 volts [1]. It is grey."])
        ) as bot:
            home = await bot.manager.start(CHAT)
            with bot.manager.listen(home.id) as subscription:
                await bot.say("What voltage?")
                async for event in subscription:
                    if isinstance(event, Token) and "volts" in event.text:
                        bot.speaker.hold()
                        break
            await asyncio.sleep(0.01)
            assert bot.manager.cancel(home.id)

            (answer,) = await bot.answered(home.id)
            assert answer.text.startswith("It takes 230 volts")
            assert "grey" not in answer.text
            assert bot.speaker.speaking == 0

    @pytest.mark.parametrize("stage", ["rewriting", "retrieving", "before the first token"])
    async def test_before_the_first_word_the_bot_says_that_it_stopped(
        self, sqlite_url: str, stage: str
    ) -> None:
        async with bot_process(sqlite_url) as bot:
            home = (await bot.say("What voltage?")).conversation
            await bot.answered(home.id)
            if stage == "before the first token":
                home = await bot.manager.start(CHAT)
            if stage == "retrieving":
                bot.shelf.held = asyncio.Event()
            else:
                bot.speaker.hold()
            question = (await bot.say("And the other one?")).turn.number
            await until(lambda: bot.manager.cancel(home.id))

            stopped = await bot.answer_to(home.id, question)
            assert stopped.text == "stopped"

    async def test_in_the_queue_the_turn_is_never_begun(self, sqlite_url: str) -> None:
        async with bot_process(sqlite_url, max_concurrency=1) as bot:
            bot.speaker.hold()
            await bot.say("a?", chat("a"))
            queued = (await bot.say("b1?", chat("b"))).conversation.id
            assert bot.manager.cancel(queued)
            await bot.say("b2?", chat("b"))
            bot.speaker.go_on()

            first, second = await bot.answered(queued, 2)
            assert (first.text, second.text) == ("stopped", "It takes 230 volts [1].")

    async def test_while_a_failed_try_is_waiting_for_the_next(self, sqlite_url: str) -> None:
        down = FakeChatModel(answers=[RuntimeError("model down")])
        async with bot_process(sqlite_url, speaker=down, timeouts=Timeouts(pause=60)) as bot:
            home = await bot.manager.start(CHAT)
            with bot.manager.listen(home.id) as subscription:
                await bot.say("What voltage?")
                await heard(subscription, Failed)
            await until(lambda: bot.manager.cancel(home.id))

            (answer,) = await bot.answered(home.id)
            assert answer.text == "stopped"

    async def test_twice_is_as_good_as_once(self, sqlite_url: str) -> None:
        async with bot_process(sqlite_url) as bot:
            bot.speaker.hold()
            home = (await bot.say("What voltage?")).conversation.id
            await until(lambda: bot.speaker.speaking)
            for _ in range(5):
                bot.manager.cancel(home)
                await asyncio.sleep(0)
            assert len(await bot.answered(home)) == 1

    async def test_after_the_answer_there_is_nothing_to_cancel(self, sqlite_url: str) -> None:
        async with bot_process(sqlite_url) as bot:
            home = (await bot.say("What voltage?")).conversation.id
            await bot.answered(home)
            await until(lambda: not bot.manager.cancel(home))
            await bot.say("And now?")
            assert (await bot.answered(home, 2))[-1].text == "It takes 230 volts [1]."


class TestClosing:
    async def test_answers_in_progress_are_finished(self, sqlite_url: str) -> None:
        async with bot_process(sqlite_url) as bot:
            bot.speaker.hold()
            home = (await bot.say("What voltage?")).conversation.id
            await until(lambda: bot.speaker.speaking)
            asyncio.get_running_loop().call_later(0.05, bot.speaker.go_on)
            await bot.manager.close(grace=5)

            assert len(await bot.answers(home)) == 1

    async def test_what_comes_or_waits_meanwhile_is_answered_after_the_next_start(
        self, sqlite_url: str
    ) -> None:
        async with bot_process(sqlite_url, max_concurrency=1) as bot:
            bot.speaker.hold()
            home = (await bot.say("one?")).conversation.id
            await until(lambda: bot.speaker.speaking)
            await bot.say("two?")
            queued = (await bot.say("queued?", chat("queued"))).conversation.id
            closing = asyncio.create_task(bot.manager.close(grace=5))
            await asyncio.sleep(0)
            other = (await bot.say("three?", chat("other"))).conversation.id
            bot.speaker.go_on()
            await closing

            assert len(await bot.answers(home)) == 1
            assert sorted(await bot.store.claims.unclaimed(10)) == sorted([home, queued, other])

    async def test_after_the_grace_the_answer_is_left_to_the_next_process_at_once(
        self, sqlite_url: str
    ) -> None:
        async with bot_process(sqlite_url) as bot:
            bot.speaker.hold()
            home = (await bot.say("What voltage?")).conversation.id
            await until(lambda: bot.speaker.speaking)
            await bot.manager.close(grace=0.01)

            assert bot.speaker.speaking == 0
            assert await bot.answers(home) == []
            assert await bot.store.claims.unclaimed(10) == [home]
        async with bot_process(sqlite_url) as heir:
            await heir.worker.work(home)
            assert len(await heir.answers(home)) == 1
