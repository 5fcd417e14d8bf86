"""A message that replies to another one is about that one."""

from dialogue.conversation import Address, Turn
from tests.bot.channels.telegram.deployed_channel import Deployment, FakeStep, deployed
from tests.botapi import BotApi, Person, Room

ADA, BOB = Person(11, "Ada"), Person(12, "Bob")
GROUP = Room(-100)


def finished(api: BotApi, room: Room) -> list[str]:
    return [text for text in api.texts(room) if "Sources" in text]


async def turns(bot: Deployment, room: Room) -> list[Turn]:
    home = await bot.store.conversations.current(Address("telegram", str(room.id)))
    assert home is not None
    return await bot.store.turns.after(home.id, number=0, limit=20)


async def test_a_mention_in_a_reply_is_about_the_question_of_somebody_else(
    api: BotApi, bot: Deployment
) -> None:
    question = api.inbox.say(BOB, "Which voltage does the charger take?", GROUP)
    api.inbox.say(ADA, "@groundtalk_bot can you answer this?", GROUP, reply_to=question)

    await api.until(lambda: finished(api, GROUP))

    said = await turns(bot, GROUP)
    assert [(turn.author, turn.text) for turn in said[:2]] == [
        ("12", "Which voltage does the charger take?"),
        ("11", "can you answer this?"),
    ]
    assert bot.step.questions == ["can you answer this?"]
    assert bot.step.before == [["Which voltage does the charger take?"]]


async def test_a_mention_without_a_word_is_about_it_too(api: BotApi, bot: Deployment) -> None:
    question = api.inbox.say(BOB, "Which voltage does the charger take?", GROUP)
    api.inbox.say(ADA, "@groundtalk_bot", GROUP, reply_to=question)

    await api.until(lambda: finished(api, GROUP))

    assert bot.step.before == [["Which voltage does the charger take?"]]


async def test_what_somebody_else_asked_is_forgotten_with_them(api: BotApi, bot: Deployment) -> None:
    question = api.inbox.say(BOB, "Which voltage does the charger take?", GROUP)
    api.inbox.say(ADA, "@groundtalk_bot can you answer this?", GROUP, reply_to=question)
    await api.until(lambda: finished(api, GROUP))

    await bot.manager.forget("telegram", account=str(GROUP.id), author="12")

    assert "12" not in [turn.author for turn in await turns(bot, GROUP)]


async def test_a_reply_to_an_older_answer_is_about_that_answer(api: BotApi, bot: Deployment) -> None:
    for question in ("Which voltage?", "Which colour?", "Which weight?"):
        api.inbox.say(ADA, question)
    await api.until(lambda: len(finished(api, ADA.room)) == 3)
    first = api.shown(ADA.room)[0]
    api.inbox.say(ADA, "And in winter?", reply_to=first)
    await api.until(lambda: len(finished(api, ADA.room)) == 4)

    assert [said.partition(":")[0] for said in bot.step.before[-1]] == [
        "Which voltage?",
        "About Which voltage?",
    ]


async def test_a_reply_to_an_own_older_question_is_about_that_question(api: BotApi, bot: Deployment) -> None:
    asked = [api.inbox.say(ADA, "Which voltage?")]
    await api.until(lambda: len(finished(api, ADA.room)) == 1)
    api.inbox.say(ADA, "Which colour?")
    await api.until(lambda: len(finished(api, ADA.room)) == 2)
    api.inbox.say(ADA, "And in winter?", reply_to=asked[0])
    await api.until(lambda: len(finished(api, ADA.room)) == 3)

    assert bot.step.before[-1][0] == "Which voltage?"
    assert len(await turns(bot, ADA.room)) == 6


async def test_a_part_of_a_long_answer_is_known_by_its_words(api: BotApi, sqlite_url: str) -> None:
    paragraphs = "\n\n".join(f"Part {'abcdefghij'[n]} of it: {'word ' * 150}" for n in range(9))
    async with deployed(api.base_url, sqlite_url, FakeStep(text=paragraphs)) as bot:
        api.inbox.say(ADA, "Which voltage?")
        await api.until(lambda: len(api.texts(ADA.room)) == 2, seconds=10)
        bot.step.text = "Short."
        api.inbox.say(ADA, "Which colour?")
        await api.until(lambda: len(api.texts(ADA.room)) == 3, seconds=10)
        api.inbox.say(ADA, "And in winter?", reply_to=api.shown(ADA.room)[0])
        await api.until(lambda: len(api.texts(ADA.room)) == 4, seconds=10)

        assert bot.step.before[-1][0] == "Which voltage?"
        assert len(bot.step.before[-1]) == 2


async def test_an_answer_of_an_earlier_conversation_is_not_looked_for(api: BotApi, bot: Deployment) -> None:
    api.inbox.say(ADA, "Which voltage?")
    await api.until(lambda: finished(api, ADA.room))
    api.inbox.say(ADA, "/new")
    await api.until(lambda: len(api.texts(ADA.room)) == 2)
    api.inbox.say(ADA, "And in winter?", reply_to=api.shown(ADA.room)[0])
    await api.until(lambda: len(finished(api, ADA.room)) == 2)

    assert bot.step.before[-1] == []
