"""`converse` follows a turn to its end: live, from the store, or answered by another process."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

from dialogue.conversation import Mode, Utterance
from dialogue.events import Accepted, Answered, Event, Failed, Retrieved, Rewritten, Token, Writing
from dialogue.worker import Timeouts
from tests.dialogue.bot_process import BotProcess, until
from tests.dialogue.bot_process import bot_process as process
from tests.dialogue.store.samples import CHAT, ask, said

bot_process = partial(process, poll_seconds=0.05)


async def converse(bot: BotProcess, utterance: Utterance) -> list[Event]:
    async with asyncio.timeout(5):
        return [event async for event in bot.manager.converse(utterance)]


async def test_a_turn_from_its_acceptance_to_its_answer(sqlite_url: str) -> None:
    async with bot_process(sqlite_url) as bot:
        events = await converse(bot, said("What voltage?"))
        kinds = [type(event) for event in events]
        assert kinds == [Accepted, Rewritten, Retrieved, Writing, Token, Answered]


async def test_a_second_turn_goes_on_in_the_same_conversation(sqlite_url: str) -> None:
    async with bot_process(sqlite_url) as bot:
        await converse(bot, said("What voltage?"))
        events = await converse(bot, said("And now?"))
        assert isinstance(events[-1], Answered)
        assert (events[0].turn, events[-1].turn, events[-1].reply_to) == (3, 4, 3)


async def test_what_was_answered_is_not_answered_again(sqlite_url: str) -> None:
    async with bot_process(sqlite_url) as bot:
        first = await converse(bot, said("What voltage?", external_id="m"))
        again = await converse(bot, said("What voltage?", external_id="m"))
        assert again == [Accepted(1, duplicate=True), first[-1]]


async def test_a_message_sent_twice_at_once_shows_the_one_answer_twice(sqlite_url: str) -> None:
    async with bot_process(sqlite_url) as bot:
        await bot.manager.start(CHAT)
        both = await asyncio.gather(
            *(converse(bot, said("What voltage?", external_id="m")) for _ in range(2))
        )
        assert both[0][-1] == both[1][-1]
        assert len(bot.observed) == 1


async def test_a_message_of_an_earlier_conversation_shows_the_answer_it_had_there(sqlite_url: str) -> None:
    async with bot_process(sqlite_url) as bot:
        first = await converse(bot, said("What voltage?", external_id="m"))
        await bot.manager.start(CHAT)
        again = await converse(bot, said("What voltage?", external_id="m"))
        assert again[-1] == first[-1]


async def test_an_answer_of_another_process_is_found_however_many_questions_wait_behind(
    sqlite_url: str,
) -> None:
    async with bot_process(sqlite_url) as asker, bot_process(sqlite_url) as other:
        other.chat_model.pause()
        conversation = (await other.say("Who?")).conversation.id
        await until(lambda: other.chat_model.streaming)
        following = asyncio.create_task(converse(asker, said("What voltage?")))
        for _ in range(25):
            await ask(asker.store, "Anyone there?")
        other.chat_model.resume()
        await other.answered(conversation, 27)
        events = await following

    assert isinstance(events[-1], Answered)
    assert events[-1].reply_to == events[0].turn


async def test_while_a_human_answers_there_is_nothing_to_wait_for(sqlite_url: str) -> None:
    async with process(sqlite_url, poll_seconds=60) as bot:
        conversation = await bot.manager.start(CHAT)
        await bot.store.conversations.set_mode(conversation.id, Mode.HUMAN)
        assert await converse(bot, said("What voltage?")) == [Accepted(1)]


async def test_a_human_who_takes_over_ends_the_waiting(sqlite_url: str) -> None:
    async with bot_process(sqlite_url, timeouts=Timeouts(lease=0.06)) as bot:
        conversation = await bot.manager.start(CHAT)
        bot.chat_model.pause()
        following = asyncio.create_task(converse(bot, said("What voltage?")))
        await until(lambda: bot.chat_model.streaming)
        await bot.store.conversations.set_mode(conversation.id, Mode.HUMAN)
        events = await following
        assert [type(event) for event in events] == [Accepted, Rewritten, Retrieved, Writing, Failed]


async def test_who_stops_listening_leaves_the_answer_to_be_made(sqlite_url: str) -> None:
    async with bot_process(sqlite_url) as bot:
        events: AsyncIterator[Event] = bot.manager.converse(said("What voltage?"))
        async for event in events:
            if isinstance(event, Rewritten):
                break
        await events.aclose()  # type: ignore[attr-defined]
        conversation = await bot.store.conversations.current(CHAT)
        assert conversation is not None
        assert len(await bot.answered(conversation.id)) == 1
