"""A talk at a terminal: the committed answer with its sources stays on the screen, and can be stopped."""

import asyncio
from getpass import getuser
from io import StringIO

import pytest
from rich.console import Console

from bot.channels.base import DirectChannel
from bot.channels.terminal import CHANNEL, TerminalSession
from dialogue.conversation import Address
from dialogue.events import Token
from tests.bot.channels.bot_fixture import ANSWER, UNKNOWN, VOICE, bot_fixture


@pytest.fixture
async def house(sqlite_url):
    async with bot_fixture(sqlite_url, DirectChannel(CHANNEL)) as kept:
        yield kept


@pytest.fixture
def screen() -> Console:
    return Console(file=StringIO(), width=200)


@pytest.fixture
def talk(house, screen) -> TerminalSession:
    return TerminalSession(house.manager, VOICE, screen, "en")


def shown(screen: Console) -> str:
    return screen.file.getvalue()


async def test_an_answer_is_shown_with_its_sources(talk, screen):
    await talk.ask("May I return it?")
    assert shown(screen).startswith(ANSWER)
    assert "[1] Returns (returns.md)" in shown(screen)
    assert "“You may return it within 30 days of delivery, in its box.”" in shown(screen)


async def test_an_abstention_has_no_sources(talk, screen):
    await talk.ask(f"How is the {UNKNOWN}?")
    assert VOICE.wording("en").abstention in shown(screen)
    assert VOICE.wording("en").sources not in shown(screen)


async def test_what_was_shown_is_not_delivered_again(talk, house):
    await talk.ask("May I return it?")
    assert await house.store.outbox.due(CHANNEL, "relay", 10, 60) == []
    assert (await house.store.operators.backlog()).deliveries == 0


async def test_questions_belong_to_one_conversation_until_a_new_one_is_begun(talk, house):
    await talk.ask("May I return it?")
    await talk.ask("And then?")
    await talk.new()
    await talk.ask("May I return it?")
    lengths = [each.last_turn for each in await house.store.operators.conversations(10)]
    assert lengths == [2, 4]


async def test_stopping_keeps_what_was_said_so_far(talk, house, screen):
    house.speaker.waiting.clear()
    conversation = await house.manager.start(Address(CHANNEL, getuser()))
    with house.manager.listen(conversation.id) as events:
        asking = asyncio.create_task(talk.ask("May I return it?"))
        async for event in events:
            if isinstance(event, Token):
                break
    asking.cancel()
    await asking
    assert ANSWER not in shown(screen)
    answer = await house.store.turns.get(conversation.id, 2)
    assert answer.text.strip() in shown(screen)


async def test_where_a_human_answers_the_person_is_told(talk, house, screen):
    await talk.ask("I want to talk to a human")
    await talk.ask("Is anybody there?")
    assert shown(screen).count(VOICE.wording("en").handed_over) == 2


async def test_forgetting_erases_all_that_was_said_here(talk, house, screen):
    await talk.ask("My name is Ada.")
    await talk.forget()
    assert await house.store.operators.conversations(10) == []
    assert VOICE.wording("en").forgotten in shown(screen)


async def test_markup_in_an_answer_is_shown_as_it_is(talk, house, screen):
    house.speaker.text = "Press [bold]now[/] within 30 days [1]."
    await talk.ask("May I return it?")
    assert "[bold]now[/]" in shown(screen)
