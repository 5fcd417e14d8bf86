"""The chat page in a real browser, before a real bot: what a person sees and does."""

import re
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Browser, Page, expect

from bot.channels.websocket.channel import WebsocketChannel
from dialogue.conversation import Mode, Utterance
from tests.bot.channels.bot_fixture import ANSWER, VOICE, BotFixture, bot_fixture
from tests.bot.channels.waiting import eventually
from tests.bot.http.conftest import Open

pytestmark = pytest.mark.browser

QUESTION = "Until when can I return it?"


async def online(page: Page) -> Page:
    await expect(page.locator("#status")).to_have_attribute("data-state", "online")
    return page


async def ask(page: Page, text: str = QUESTION) -> None:
    await page.fill("#text", text)
    await page.keyboard.press("Enter")


async def answered(page: Page, count: int = 1) -> None:
    await expect(page.locator(".answer .feedback")).to_have_count(count)


async def conversation(page: Page) -> str:
    return str(await page.evaluate("localStorage['groundtalk.conversation']"))


async def test_the_bot_greets_in_its_own_voice(visit: Open) -> None:
    page = await online(await visit())
    await expect(page).to_have_title(VOICE.name)
    greeting = VOICE.wording("en").greeting.replace("{name}", VOICE.name)
    await expect(page.locator("#greeting")).to_have_text(greeting)


async def test_a_question_is_answered_with_sources(visit: Open) -> None:
    page = await online(await visit())
    await ask(page)
    await answered(page)
    await expect(page.locator(".question .bubble")).to_have_text(QUESTION)
    await expect(page.locator(".answer .body")).to_have_text(re.sub(r" ?\[(\d)\]", r"\1", ANSWER))
    await expect(page.locator(".card .title")).to_have_text(["Returns", "Refunds"])
    await expect(page.locator("#welcome")).to_be_hidden()


async def test_the_bot_learns_only_where_the_person_said_so(visit: Open, bot: BotFixture) -> None:
    page = await online(await visit())
    watcher = page.get_by_role("switch")

    async def agreed(since: str = "") -> bool:
        home = await conversation(page)
        return home not in (since, "None") and (await bot.store.conversations.get(home)).consent

    await expect(page.locator("#consent")).to_have_text(VOICE.wording("en").consent)
    await expect(watcher).not_to_be_checked()
    await watcher.check()
    await eventually(agreed)
    await page.reload()
    await expect(watcher).to_be_checked()

    first = await conversation(page)
    await page.click("#new")
    await eventually(lambda: agreed(first))
    await watcher.uncheck()
    await eventually(lambda: refused(agreed))


async def refused(agreed: Callable[[], Awaitable[bool]]) -> bool:
    return not await agreed()


async def test_where_nobody_is_asked_there_is_no_switch(visit: Open, bot: BotFixture) -> None:
    bot.manager.asks_consent = False
    page = await online(await visit())
    await expect(page.locator("#consent")).to_be_hidden()


async def test_an_answer_is_seen_while_it_is_said(visit: Open, bot: BotFixture) -> None:
    bot.chat_model.waiting.clear()
    page = await online(await visit())
    await ask(page)
    await expect(page.locator(".answer.streaming .body")).to_contain_text("within 30 days")
    await expect(page.locator("#announcer")).to_have_text("")
    bot.chat_model.waiting.set()
    await answered(page)
    await expect(page.locator("#announcer")).to_contain_text("within 30 days")


async def test_a_citation_opens_the_passage_with_the_quote_marked(visit: Open) -> None:
    page = await online(await visit())
    await ask(page)
    await answered(page)
    await page.locator(".cite").first.click()
    await expect(page.locator("#passage-title")).to_have_text("Returns")
    await expect(page.locator("#passage-text")).to_contain_text("Anything you ordered can go back to us.")
    await expect(page.locator("#passage-text mark")).to_have_text(
        "You may return it within 30 days of delivery, in its box."
    )
    await page.keyboard.press("Escape")
    await expect(page.locator("#passage")).to_be_hidden()
    await expect(page.locator(".cite").first).to_be_focused()
    await page.locator(".card").last.click()
    link = page.locator("#passage-source a")
    await expect(link).to_have_attribute("href", "https://shop.example/refunds")
    await expect(link).to_have_attribute("rel", "noopener noreferrer")


async def test_the_conversation_is_there_after_a_reload(visit: Open) -> None:
    page = await online(await visit())
    await ask(page)
    await answered(page)
    known = await conversation(page)
    await page.reload()
    await answered(page)
    await expect(page.locator(".turn")).to_have_count(2)
    await ask(page, "And the refund?")
    await answered(page, 2)
    assert await conversation(page) == known


async def test_a_new_conversation_begins_empty(visit: Open, bot: BotFixture) -> None:
    page = await online(await visit())
    await ask(page)
    await answered(page)
    old = await conversation(page)
    await page.click("#new")
    await expect(page.locator(".turn")).to_have_count(0)
    await expect(page.locator("#greeting")).to_have_text(VOICE.wording("en").new_conversation)
    await ask(page, "Something else?")
    await answered(page)
    assert await conversation(page) != old
    assert len(await bot.store.turns.after(old, 0, 10)) == 2


async def test_an_answer_can_be_stopped(visit: Open, bot: BotFixture) -> None:
    bot.chat_model.waiting.clear()
    page = await online(await visit())
    await expect(page.locator("#stop")).to_be_hidden()
    await ask(page)
    await expect(page.locator(".streaming")).to_be_visible()
    await page.keyboard.press("Escape")
    await answered(page)
    await expect(page.locator("#stop")).to_be_hidden()
    await expect(page.locator("#text")).to_be_focused()


async def test_what_is_written_while_the_server_is_away_is_sent_when_it_is_back(
    visit: Open, bot: BotFixture
) -> None:
    page = await online(await visit())
    await ask(page)
    await answered(page)
    await bot.close()
    await expect(page.locator("#trouble")).to_be_visible()
    await ask(page, "Are you there?")
    await ask(page, "Hello?")
    await expect(page.locator(".question .state")).to_have_count(2)
    await bot.open()
    await answered(page, 3)
    await expect(page.locator("#trouble")).to_be_hidden()
    await expect(page.locator(".question .state")).to_have_count(0)
    turns = await bot.store.turns.after(await conversation(page), 0, 20)
    assert [turn.text for turn in turns if turn.reply_to is None] == [QUESTION, "Are you there?", "Hello?"]
    await expect(page.locator(".turn")).to_have_count(6)


async def test_what_was_not_sent_survives_a_closed_browser(visit: Open, bot: BotFixture) -> None:
    page = await online(await visit())
    await bot.close()
    await expect(page.locator("#status")).not_to_have_attribute("data-state", "online")
    await ask(page, "Do not lose me.")
    context = page.context
    await page.close()
    await bot.open()
    again = await context.new_page()
    await again.goto(bot.url)
    await answered(again)
    await expect(again.locator(".question .bubble")).to_have_text("Do not lose me.")
    kept = await again.evaluate("Object.keys(localStorage).filter((key) => key.includes('unsent'))")
    assert kept == []


async def test_a_connection_lost_in_the_middle_of_an_answer_loses_nothing(
    visit: Open, bot: BotFixture
) -> None:
    bot.chat_model.waiting.clear()
    page = await online(await visit())
    await ask(page)
    await expect(page.locator(".streaming")).to_be_visible()
    await bot.close()
    bot.chat_model.waiting.set()
    await bot.open()
    await answered(page)
    await expect(page.locator(".turn")).to_have_count(2)
    await expect(page.locator(".answer .body")).to_contain_text("The refund takes 5 working days")


async def test_a_database_that_forgot_the_conversation_gives_a_new_one(visit: Open) -> None:
    page = await online(await visit())
    await page.evaluate("localStorage['groundtalk.conversation'] = 'gone'")
    await page.reload()
    await online(page)
    await ask(page)
    await answered(page)


async def test_two_tabs_show_the_same(visit: Open, bot: BotFixture) -> None:
    one = await online(await visit())
    await ask(one)
    await answered(one)
    other = await one.context.new_page()
    await other.goto(bot.url)
    await answered(other)
    await ask(one, "And the refund?")
    for page in (one, other):
        await answered(page, 2)
        await expect(page.locator(".question .bubble")).to_have_text([QUESTION, "And the refund?"])


async def test_thumbs_and_a_correction_reach_the_store(visit: Open, bot: BotFixture) -> None:
    page = await online(await visit())
    await ask(page)
    await answered(page)
    await page.get_by_role("button", name="Not helpful").click()
    await page.get_by_label("What would have been the right answer?").fill("60 days in December.")
    await page.get_by_role("button", name="Send", exact=True).first.click()
    await expect(page.locator(".thanks")).to_have_text(VOICE.wording("en").thanks)
    await expect(page.locator(".thumb.down")).to_have_attribute("aria-pressed", "true")

    async def kept() -> bool:
        opinions = await bot.store.operators.ratings(10)
        return [(each.rating, each.correction) for each in opinions] == [("down", "60 days in December.")]

    await eventually(kept)


async def test_a_thumb_given_while_the_server_is_away_is_kept(visit: Open, bot: BotFixture) -> None:
    page = await online(await visit())
    await ask(page)
    await answered(page)
    await bot.close()
    await expect(page.locator("#trouble")).to_be_visible()
    await page.get_by_role("button", name="Helpful", exact=True).click()
    await bot.open()

    async def kept() -> bool:
        return [each.rating for each in await bot.store.operators.ratings(10)] == ["up"]

    await eventually(kept)


async def test_an_attempt_that_failed_leaves_no_words_behind(visit: Open, bot: BotFixture) -> None:
    page = await online(await visit())
    bot.chat_model.fails = 1
    await ask(page)
    await expect(page.locator(".stage")).to_contain_text(VOICE.wording("en").retrying)
    await answered(page)
    await expect(page.locator(".answer .body")).to_have_text(re.sub(r" ?\[(\d)\]", r"\1", ANSWER))


async def test_an_abstention_looks_like_one(visit: Open) -> None:
    page = await online(await visit())
    await ask(page, "Is the weather nice?")
    await expect(page.locator(".answer.abstained .body")).to_contain_text(VOICE.wording("en").abstention)
    await expect(page.locator(".card")).to_have_count(0)


async def test_options_of_a_question_back_are_buttons_that_say_them_once(
    visit: Open, bot: BotFixture
) -> None:
    bot.chat_model.text = "ASK: Which one do you mean?\n- You may return it\n- The refund"
    page = await online(await visit())
    await ask(page)
    options = page.locator(".option")
    await expect(options).to_have_text(["You may return it", "The refund"])
    await options.first.click()
    await expect(page.locator(".turn.question, .turn.said, .turn.user").last).to_contain_text(
        "You may return it"
    )
    await expect(options.first).to_be_disabled()


async def test_a_chat_behind_a_token_opens_by_its_link(sqlite_url: str, browser: Browser) -> None:
    async with bot_fixture(sqlite_url, WebsocketChannel(VOICE, tokens=["s3cret"])) as bot:
        page = await browser.new_page()
        await page.goto(bot.url)
        await expect(page.locator("#trouble")).to_contain_text("valid access link")
        await page.goto("about:blank")
        await page.goto(f"{bot.url}/#token=s3cret")
        await online(page)
        assert "s3cret" not in page.url
        await page.reload()
        await online(page)


async def test_earlier_messages_are_fetched_when_asked_for(visit: Open, bot: BotFixture) -> None:
    page = await online(await visit())
    home = await bot.store.conversations.get(await conversation(page))
    await bot.store.conversations.set_mode(home.id, Mode.HUMAN)
    for n in range(1, 151):
        await bot.store.turns.accept(Utterance(home.address, str(n), f"Turn {n}"), home.id)
    await page.reload()
    await expect(page.locator(".question")).to_have_count(100)
    await page.click("#earlier")
    await expect(page.locator(".question")).to_have_count(150)
    await expect(page.locator(".question .bubble").first).to_have_text("Turn 1")
    await expect(page.locator("#earlier")).to_be_hidden()


async def test_the_page_is_labelled_in_german_and_the_bot_greets_in_german(visit: Open) -> None:
    page = await online(await visit(locale="de-AT"))
    await expect(page.locator("#new")).to_have_text("Neues Gespräch")
    await expect(page.locator("#greeting")).to_have_text(VOICE.wording("de").greeting)


async def test_arabic_runs_from_the_right(visit: Open) -> None:
    page = await online(await visit(locale="ar-EG"))
    await expect(page.locator("#greeting")).to_have_text(VOICE.wording("ar").greeting)
    await ask(page, "كم يستغرق التوصيل إلى ألمانيا؟")
    bubble = page.locator(".bubble")
    await expect(bubble).to_have_css("unicode-bidi", "plaintext")
    await expect(page.locator("#text")).to_have_attribute("dir", "auto")
