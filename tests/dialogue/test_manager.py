"""The manager: every message is answered, in order, fairly, in whatever process; and it can be stopped."""

import asyncio

import pytest

from dialogue.conversation import Address, Mode, Role
from dialogue.errors import ConversationClosed
from dialogue.events import Accepted, Answered, Failed, Retrieved, Rewritten, Token
from dialogue.worker import Patience
from tests.dialogue.process import Fragile, heard, process, until
from tests.dialogue.speaker import Speaker
from tests.dialogue.talk import CHAT, ask, said


def chat(name: str) -> Address:
    return Address(CHAT.channel, name)


async def test_a_message_is_answered_and_its_delivery_woken(sqlite_url: str) -> None:
    async with process(sqlite_url) as bot:
        receipt = await bot.say("What voltage?")
        (answer,) = await bot.answered(receipt.conversation.id)

        assert (answer.reply_to, answer.text) == (1, "It takes 230 volts [1].")
        assert bot.woken == [CHAT.channel]
        assert set(bot.observed[0].timings) == {"queue", "rewrite", "retrieve", "first_token", "answer"}


async def test_events_of_a_turn_come_in_order(sqlite_url: str) -> None:
    async with process(sqlite_url) as bot:
        home = await bot.manager.start(CHAT)
        with bot.manager.listen(home.id) as listener:
            await bot.say("What voltage?")
            events = await heard(listener, Answered)

        kinds = [type(event) for event in events]
        assert kinds == [Accepted, Rewritten, Retrieved, *[Token] * 5, Answered]


async def test_what_is_said_during_an_answer_is_answered_after_it(sqlite_url: str) -> None:
    async with process(sqlite_url) as bot:
        bot.speaker.hold()
        home = (await bot.say("one?")).conversation.id
        await until(lambda: bot.speaker.speaking)
        for text in ("two?", "three?"):
            await bot.say(text)
        bot.speaker.go_on()

        assert [turn.reply_to for turn in await bot.answered(home, 3)] == [1, 2, 3]


async def test_conversations_are_answered_side_by_side_up_to_a_bound(sqlite_url: str) -> None:
    async with process(sqlite_url, parallel=3) as bot:
        bot.speaker.hold()
        homes = [(await bot.say("What voltage?", chat(str(n)))).conversation.id for n in range(5)]
        await until(lambda: bot.speaker.speaking == 3)

        assert bot.manager.queued == 2
        bot.speaker.go_on()
        for home in homes:
            await bot.answered(home)


async def test_nobody_keeps_a_place_by_talking_on(sqlite_url: str) -> None:
    async with process(sqlite_url, parallel=1) as bot:
        bot.speaker.hold()
        for text in ("a1?", "a2?", "a3?"):
            talkative = (await bot.say(text, chat("a"))).conversation.id
        other = (await bot.say("b1?", chat("b"))).conversation.id
        bot.speaker.go_on()
        await bot.answered(talkative, 3)
        await bot.answered(other)

        asked = [prompt.rpartition("Question: ")[2] for prompt in bot.speaker.prompts]
        assert asked == ["a1?", "b1?", "a2?", "a3?"]


async def test_a_free_place_goes_to_another_while_the_first_in_line_is_still_answered(
    sqlite_url: str,
) -> None:
    async with process(
        sqlite_url, speaker=Speaker(answers=["It takes 230 volts [1]. " * 2]), parallel=2
    ) as bot:
        bot.speaker.hold()
        await bot.say("a1?", chat("a"))
        await until(lambda: bot.speaker.speaking == 1)
        leaving = (await bot.say("b1?", chat("b"))).conversation.id
        await until(lambda: bot.speaker.speaking == 2)
        await bot.say("a2?", chat("a"))
        await bot.say("c1?", chat("c"))

        assert bot.manager.cancel(leaving)
        await until(lambda: any("c1?" in prompt for prompt in bot.speaker.prompts))


async def test_turns_that_a_killed_process_left_are_swept_up(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dialogue.manager.SWEEP", 0.01)
    async with process(sqlite_url) as bot:
        left = [await ask(bot.store, "What voltage?", chat(str(n))) for n in range(24)]
        sweeping = asyncio.create_task(bot.manager.run())
        for turn in left:
            await bot.answered(turn.conversation)
        sweeping.cancel()


async def test_the_sweep_outlives_a_database_that_is_away(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dialogue.manager.SWEEP", 0.01)
    async with process(sqlite_url, open_store=Fragile.open) as bot:
        assert isinstance(bot.store, Fragile)
        turn = await ask(bot.store, "What voltage?")
        bot.store.call, bot.store.away = "unclaimed", True
        sweeping = asyncio.create_task(bot.manager.run())
        await asyncio.sleep(0.05)
        bot.store.away = False
        await bot.answered(turn.conversation)
        sweeping.cancel()


async def test_two_processes_on_one_conversation_answer_each_turn_once_and_in_order(store_url: str) -> None:
    async with process(store_url) as one, process(store_url) as other:
        home = (await one.say("0?")).conversation.id
        for n in range(1, 16):
            await (one, other)[n % 2].say(f"{n}?")
            await asyncio.sleep(0.003 * (n % 3))

        answers = await one.answered(home, 16)
        turns = await one.store.turns(home, 0, 100)
        asked = [turn.number for turn in turns if turn.role is Role.USER]
        assert [answer.reply_to for answer in answers] == asked


async def test_a_message_that_comes_when_work_ends_elsewhere_is_not_left_waiting(sqlite_url: str) -> None:
    async with process(sqlite_url) as one, process(sqlite_url) as other:
        home = (await one.say("0?")).conversation.id
        for n in range(1, 16):
            await asyncio.gather(one.answered(home, n), other.answered(home, n))
            await asyncio.gather(one.say(f"{n}, one?"), other.say(f"{n}, other?"))
            await one.answered(home, 2 * n + 1)


async def test_a_message_in_a_closed_conversation_is_refused(sqlite_url: str) -> None:
    async with process(sqlite_url) as bot:
        receipt = await bot.say("Hello")
        await bot.answered(receipt.conversation.id)
        await bot.store.set_mode(receipt.conversation.id, Mode.CLOSED)
        with pytest.raises(ConversationClosed):
            await bot.say("Still there?")


class TestCancelling:
    async def test_in_the_middle_what_was_said_becomes_the_answer(self, sqlite_url: str) -> None:
        async with process(
            sqlite_url, speaker=Speaker(answers=["It takes 230 volts [1]. It is grey."])
        ) as bot:
            home = await bot.manager.start(CHAT)
            with bot.manager.listen(home.id) as listener:
                await bot.say("What voltage?")
                async for event in listener:
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
        async with process(sqlite_url) as bot:
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
        async with process(sqlite_url, parallel=1) as bot:
            bot.speaker.hold()
            await bot.say("a?", chat("a"))
            queued = (await bot.say("b1?", chat("b"))).conversation.id
            assert bot.manager.cancel(queued)
            await bot.say("b2?", chat("b"))
            bot.speaker.go_on()

            first, second = await bot.answered(queued, 2)
            assert (first.text, second.text) == ("stopped", "It takes 230 volts [1].")

    async def test_while_a_failed_try_is_waiting_for_the_next(self, sqlite_url: str) -> None:
        down = Speaker(answers=[RuntimeError("model down")])
        async with process(sqlite_url, speaker=down, patience=Patience(pause=60)) as bot:
            home = await bot.manager.start(CHAT)
            with bot.manager.listen(home.id) as listener:
                await bot.say("What voltage?")
                await heard(listener, Failed)
            await until(lambda: bot.manager.cancel(home.id))

            (answer,) = await bot.answered(home.id)
            assert answer.text == "stopped"

    async def test_twice_is_as_good_as_once(self, sqlite_url: str) -> None:
        async with process(sqlite_url) as bot:
            bot.speaker.hold()
            home = (await bot.say("What voltage?")).conversation.id
            await until(lambda: bot.speaker.speaking)
            for _ in range(5):
                bot.manager.cancel(home)
                await asyncio.sleep(0)
            assert len(await bot.answered(home)) == 1

    async def test_after_the_answer_there_is_nothing_to_cancel(self, sqlite_url: str) -> None:
        async with process(sqlite_url) as bot:
            home = (await bot.say("What voltage?")).conversation.id
            await bot.answered(home)
            await until(lambda: not bot.manager.cancel(home))
            await bot.say("And now?")
            assert (await bot.answered(home, 2))[-1].text == "It takes 230 volts [1]."


class TestClosing:
    async def test_answers_in_progress_are_finished(self, sqlite_url: str) -> None:
        async with process(sqlite_url) as bot:
            bot.speaker.hold()
            home = (await bot.say("What voltage?")).conversation.id
            await until(lambda: bot.speaker.speaking)
            asyncio.get_running_loop().call_later(0.05, bot.speaker.go_on)
            await bot.manager.close(grace=5)

            assert len(await bot.answers(home)) == 1

    async def test_what_comes_or_waits_meanwhile_is_answered_after_the_next_start(
        self, sqlite_url: str
    ) -> None:
        async with process(sqlite_url, parallel=1) as bot:
            bot.speaker.hold()
            home = (await bot.say("one?")).conversation.id
            await until(lambda: bot.speaker.speaking)
            await bot.say("two?")
            closing = asyncio.create_task(bot.manager.close(grace=5))
            await asyncio.sleep(0)
            other = (await bot.say("three?", chat("other"))).conversation.id
            bot.speaker.go_on()
            await closing

            assert len(await bot.answers(home)) == 1
            assert sorted(await bot.store.unclaimed(10)) == sorted([home, other])

    async def test_after_the_grace_the_answer_is_left_to_the_next_process_at_once(
        self, sqlite_url: str
    ) -> None:
        async with process(sqlite_url) as bot:
            bot.speaker.hold()
            home = (await bot.say("What voltage?")).conversation.id
            await until(lambda: bot.speaker.speaking)
            await bot.manager.close(grace=0.01)

            assert bot.speaker.speaking == 0
            assert await bot.answers(home) == []
            assert await bot.store.unclaimed(10) == [home]
        async with process(sqlite_url) as heir:
            await heir.worker.work(home)
            assert len(await heir.answers(home)) == 1


async def test_starting_makes_the_conversation_current(sqlite_url: str) -> None:
    async with process(sqlite_url) as bot:
        old = (await bot.say("What voltage?")).conversation.id
        new = await bot.manager.start(CHAT, "zh")
        receipt = await bot.manager.receive(said("And now?"))
        assert receipt.conversation.id == new.id != old
