"""A session at the terminal: the committed answer with its sources stays on the screen, and can be stopped."""

import asyncio
from getpass import getuser
from io import StringIO

import pytest
from rich.console import Console

from bot.channels.base import DirectChannel
from bot.channels.terminal import CHANNEL, TerminalSession
from dialogue.conversation import Address
from dialogue.events import Queued, Token, Writing
from tests.bot.channels.bot_fixture import ANSWER, UNKNOWN, VOICE, bot_fixture


@pytest.fixture
async def bot(sqlite_url):
    async with bot_fixture(sqlite_url, DirectChannel(CHANNEL)) as running:
        yield running


@pytest.fixture
def screen() -> Console:
    return Console(file=StringIO(), width=200)


@pytest.fixture
def session(bot, screen) -> TerminalSession:
    return TerminalSession(bot.manager, VOICE, screen, "en")


def shown(screen: Console) -> str:
    return screen.file.getvalue()


async def test_an_answer_is_shown_with_its_sources(session, screen):
    await session.ask("May I return it?")
    assert shown(screen).startswith(ANSWER)
    assert "[1] Returns (returns.md)" in shown(screen)
    assert "“You may return it within 30 days of delivery, in its box.”" in shown(screen)


async def said_before_the_first_word(session, bot, screen, event) -> str:
    """What is on the screen after the event, while the model is still reading."""
    bot.chat_model.read.clear()
    conversation = await bot.manager.start(Address(CHANNEL, getuser()))
    with bot.manager.listen(conversation.id) as events:
        asking = asyncio.create_task(session.ask("May I return it?"))
        async for seen in events:
            if isinstance(seen, Writing):
                break
    bot.events.publish(conversation.id, event)
    await asyncio.sleep(0.1)
    said = shown(screen)
    bot.chat_model.read.set()
    await asking
    return said


async def test_what_was_found_is_shown_in_one_line_before_the_first_word(bot):
    screen = Console(file=StringIO(), width=200, force_terminal=True)
    session = TerminalSession(bot.manager, VOICE, screen, "en")
    said = await said_before_the_first_word(session, bot, screen, Writing(1, 8.2, 21.0))
    starts = "The answer starts in about 8 seconds and is complete in about 20."
    assert f"Found in: Returns, Refunds. {starts}" in said
    assert ANSWER not in said
    assert ANSWER in shown(screen)


async def test_who_waits_for_a_worker_is_told(bot):
    screen = Console(file=StringIO(), width=200, force_terminal=True)
    session = TerminalSession(bot.manager, VOICE, screen, "zh")
    said = await said_before_the_first_word(session, bot, screen, Queued(1, 3, 42.0))
    assert "大约 40 秒后轮到您" in said


async def test_an_abstention_has_no_sources(session, screen):
    await session.ask(f"How is the {UNKNOWN}?")
    assert VOICE.wording("en").abstention in shown(screen)
    assert VOICE.wording("en").sources not in shown(screen)


async def test_what_was_shown_is_not_delivered_again(session, bot):
    await session.ask("May I return it?")
    assert await bot.store.outbox.due(CHANNEL, "dispatcher", 10, 60) == []
    assert (await bot.store.operators.backlog()).deliveries == 0


async def test_questions_belong_to_one_conversation_until_a_new_one_is_begun(session, bot):
    await session.ask("May I return it?")
    await session.ask("And then?")
    await session.new()
    await session.ask("May I return it?")
    lengths = [each.last_turn for each in await bot.store.operators.conversations(10)]
    assert lengths == [2, 4]


async def test_stopping_keeps_what_was_said_so_far(session, bot, screen):
    bot.chat_model.waiting.clear()
    conversation = await bot.manager.start(Address(CHANNEL, getuser()))
    with bot.manager.listen(conversation.id) as events:
        asking = asyncio.create_task(session.ask("May I return it?"))
        async for event in events:
            if isinstance(event, Token):
                break
    asking.cancel()
    await asking
    assert ANSWER not in shown(screen)
    answer = await bot.store.turns.get(conversation.id, 2)
    assert answer.text.strip() in shown(screen)


async def test_where_a_human_answers_the_person_is_told(session, bot, screen):
    await session.ask("I want to talk to a human")
    await session.ask("Is anybody there?")
    assert shown(screen).count(VOICE.wording("en").handed_over) == 2


async def test_forgetting_erases_all_that_was_said_here(session, bot, screen):
    await session.ask("My name is Ada.")
    await session.forget()
    assert await bot.store.operators.conversations(10) == []
    assert VOICE.wording("en").forgotten in shown(screen)


async def test_markup_in_an_answer_is_shown_as_it_is(session, bot, screen):
    bot.chat_model.text = "Press [bold]now[/] within 30 days [1]."
    await session.ask("May I return it?")
    assert "[bold]now[/]" in shown(screen)
