"""One person and the bot, over the real library and a real HTTP server."""

import asyncio
from typing import Any

import pytest

from bot.channels.telegram.albums import ALBUM_PAUSE
from dialogue.conversation import Address, Mode, Role
from tests.bot.channels.telegram.deployed_channel import VOICE, Deployment, FakeStep, deployed
from tests.botapi import BotApi, Person

ADA, LI = Person(11, "Ada"), Person(12, "Li", language="zh-hans")
EN, ZH = VOICE.wording("en"), VOICE.wording("zh")
ANSWER = "About Which voltage?: it takes 230 volts [1].\n\nSources\n[1] Charger manual\n“The charger takes 230 volts.”"


async def test_a_question_is_answered_with_its_sources(api: BotApi, bot: Deployment) -> None:
    api.inbox.say(ADA, "Which voltage?")

    await api.until(lambda: api.texts(ADA.room))

    assert api.texts(ADA.room) == [ANSWER]
    assert "reply_parameters" not in api.shown(ADA.room)[0]


async def test_the_answer_is_streamed_as_a_draft(api: BotApi, sqlite_url: str) -> None:
    async with deployed(api.base_url, sqlite_url, FakeStep(pause=0.3)):
        api.inbox.say(ADA, "Which voltage?")
        await api.until(lambda: api.texts(ADA.room))

    drafts = [draft["text"] for draft in api.drafts]
    assert len(drafts) >= 2
    assert all(ANSWER.startswith(draft) for draft in drafts)
    assert len({draft["draft_id"] for draft in api.drafts}) == 1
    assert api.called("sendChatAction")[0]["action"] == "typing"


async def test_questions_are_answered_in_order(api: BotApi, bot: Deployment) -> None:
    for number in range(5):
        api.inbox.say(ADA, f"Question {number}")

    await api.until(lambda: len(api.texts(ADA.room)) == 5)

    assert bot.step.questions == [f"Question {number}" for number in range(5)]
    assert [text.partition(":")[0] for text in api.texts(ADA.room)] == [
        f"About Question {number}" for number in range(5)
    ]


async def test_two_people_do_not_wait_for_each_other(api: BotApi, sqlite_url: str) -> None:
    async with deployed(api.base_url, sqlite_url, FakeStep(pause=0.05)):
        api.inbox.say(ADA, "One")
        api.inbox.say(LI, "Two")
        await api.until(lambda: len(api.texts(ADA.room) + api.texts(LI.room)) == 2, seconds=2)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("/start", "greeting"),
        ("/start deep-link", "greeting"),
        ("/help", "help"),
        ("/HELP@Groundtalk_Bot", "help"),
        ("/nonsense", "help"),
        ("/new", "new_conversation"),
        ("/consent", "ask_consent"),
        ("/forget", "confirm_forget"),
    ],
)
async def test_commands_speak_the_persons_language(
    api: BotApi, bot: Deployment, command: str, sentence: str
) -> None:
    api.inbox.say(ADA, command)
    api.inbox.say(LI, command)

    await api.until(lambda: api.texts(ADA.room) and api.texts(LI.room))

    assert (api.texts(ADA.room), api.texts(LI.room)) == ([getattr(EN, sentence)], [getattr(ZH, sentence)])
    assert bot.step.questions == []


async def test_new_begins_another_conversation(api: BotApi, bot: Deployment) -> None:
    api.inbox.say(ADA, "One")
    await api.until(lambda: len(api.texts(ADA.room)) == 1)
    first = await bot.store.conversations.current(Address("telegram", "11"))
    api.inbox.say(ADA, "/new")
    api.inbox.say(ADA, "Two")
    await api.until(lambda: len(api.texts(ADA.room)) == 3)

    second = await bot.store.conversations.current(Address("telegram", "11"))
    assert first and second and first.id != second.id
    assert [turn.text for turn in await bot.store.turns.after(second.id, number=0, limit=1)] == ["Two"]


@pytest.mark.parametrize(
    "content",
    [
        {"photo": [{"file_id": "p", "file_unique_id": "p", "width": 1, "height": 1}]},
        {
            "sticker": {
                "file_id": "s",
                "file_unique_id": "s",
                "type": "regular",
                "width": 1,
                "height": 1,
            }
            | {"is_animated": False, "is_video": False}
        },
        {"voice": {"file_id": "v", "file_unique_id": "v", "duration": 3}},
        {"document": {"file_id": "d", "file_unique_id": "d"}},
        {"location": {"longitude": 1.0, "latitude": 2.0}},
    ],
)
async def test_what_cannot_be_read_is_answered_politely(
    api: BotApi, bot: Deployment, content: dict[str, Any]
) -> None:
    api.inbox.send(ADA, **content)

    await api.until(lambda: api.texts(ADA.room))

    assert api.texts(ADA.room) == [EN.unsupported]


async def test_an_album_gets_one_polite_answer_and_a_caption_a_real_one(api: BotApi, bot: Deployment) -> None:
    photo = [{"file_id": "p", "file_unique_id": "p", "width": 1, "height": 1}]
    for _ in range(3):
        api.inbox.send(ADA, photo=photo, media_group_id="album")
    api.inbox.send(ADA, photo=photo, caption="Which voltage?")

    await api.until(lambda: len(api.texts(ADA.room)) == 2)

    assert sorted(api.texts(ADA.room)) == sorted([EN.unsupported, ANSWER])


@pytest.mark.parametrize("captioned", [0, 2])
async def test_of_an_album_with_a_caption_only_the_caption_is_answered(
    api: BotApi, bot: Deployment, captioned: int
) -> None:
    photo = [{"file_id": "p", "file_unique_id": "p", "width": 1, "height": 1}]
    for number in range(3):
        caption: dict[str, Any] = {"caption": "Which voltage?"} if number == captioned else {}
        api.inbox.send(ADA, photo=photo, media_group_id="album", **caption)

    await api.until(lambda: api.texts(ADA.room))
    await asyncio.sleep(1.5 * ALBUM_PAUSE)

    assert api.texts(ADA.room) == [ANSWER]


async def test_nothing_is_made_of_service_messages(api: BotApi, bot: Deployment) -> None:
    api.inbox.send(ADA, message_auto_delete_timer_changed={"message_auto_delete_time": 60})
    api.inbox.say(ADA, "Which voltage?")

    await api.until(lambda: api.texts(ADA.room))

    assert api.texts(ADA.room) == [ANSWER]


async def test_a_question_that_is_too_long_is_refused(api: BotApi, bot: Deployment) -> None:
    api.inbox.say(ADA, "x" * 4_001)

    await api.until(lambda: api.texts(ADA.room))

    assert api.texts(ADA.room) == [EN.too_long]
    assert await bot.store.conversations.current(Address("telegram", "11")) is None


async def test_messages_are_limited(api: BotApi, bot: Deployment) -> None:
    for number in range(21):
        api.inbox.say(ADA, f"{number}")

    await api.until(lambda: EN.too_fast in api.texts(ADA.room))

    home = await bot.store.conversations.current(Address("telegram", "11"))
    assert home is not None
    stored = [
        turn for turn in await bot.store.turns.after(home.id, number=0, limit=100) if turn.role is Role.USER
    ]
    assert [turn.text for turn in stored] == [f"{number}" for number in range(20)]


async def test_the_bot_is_quiet_while_a_human_has_the_conversation(api: BotApi, bot: Deployment) -> None:
    api.inbox.say(ADA, "One")
    await api.until(lambda: api.texts(ADA.room))
    home = await bot.store.conversations.current(Address("telegram", "11"))
    assert home is not None
    await bot.store.conversations.set_mode(home.id, Mode.HUMAN)
    before = len(api.called("sendChatAction"))

    api.inbox.say(ADA, "Two")
    await api.until(lambda: not api.inbox.updates)
    await asyncio.sleep(0.1)

    assert len(api.texts(ADA.room)) == 1
    assert len(api.called("sendChatAction")) == before


async def test_a_closed_conversation_is_followed_by_a_new_one(api: BotApi, bot: Deployment) -> None:
    closed = await bot.store.conversations.start(Address("telegram", "11"))
    await bot.store.conversations.set_mode(closed.id, Mode.CLOSED)

    api.inbox.say(ADA, "Which voltage?")
    await api.until(lambda: api.texts(ADA.room))

    assert api.texts(ADA.room) == [ANSWER]


async def test_the_menu_of_commands_is_there_in_every_language(api: BotApi, bot: Deployment) -> None:
    await api.until(lambda: {"", "en", "zh"} <= set(api.commands))

    assert [command["command"] for command in api.commands["zh"]] == [
        "start",
        "help",
        "new",
        "consent",
        "forget",
    ]
    assert api.commands["zh"][2]["description"] == ZH.menu["new"]
    assert api.commands[""] == api.commands["en"]
