"""The pages that were found, on the screen before a slow model's first word, and as the answer's sources afterwards."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.bot.channels.bot_fixture import BotFixture
from tests.bot.http.conftest import Open
from tests.bot.http.test_chat import answered, ask, online

pytestmark = pytest.mark.browser

QUOTES = [
    "You may return it within 30 days of delivery, in its box.",
    "Once the parcel is here, the refund takes 5 working days to reach your account.",
]


async def reading(visit: Open, bot: BotFixture, **options: Any) -> Page:
    """A page whose question has found its passages, and whose answer has not begun."""
    bot.chat_model.read.clear()
    page = await online(await visit(**options))
    await ask(page)
    await expect(page.locator(".card")).to_have_count(2)
    return page


async def top(page: Page, selector: str) -> float:
    box = await page.locator(selector).first.bounding_box()
    question = await page.locator(".question").first.bounding_box()
    assert box is not None
    assert question is not None
    return box["y"] - question["y"]


async def test_what_was_found_is_there_before_the_first_word(visit: Open, bot: BotFixture) -> None:
    page = await reading(visit, bot)
    await expect(page.locator(".sources h3")).to_have_text("Found in")
    await expect(page.locator(".card .title")).to_have_text(["Returns", "Refunds"])
    await expect(page.locator(".card .place")).to_have_text(["returns.md", "shop.example/refunds"])
    await expect(page.locator(".card .quote")).to_have_text(QUOTES)
    await expect(page.locator(".stage")).to_contain_text("Reading 2 passages")
    await expect(page.locator(".answer .body")).to_have_text("")


async def test_a_card_opens_what_was_found_before_the_answer_is_stored(visit: Open, bot: BotFixture) -> None:
    page = await reading(visit, bot)
    await page.locator(".card").first.click()
    await expect(page.locator("#passage-title")).to_have_text("Returns")
    await expect(page.locator("#passage-text")).to_contain_text("Anything you ordered can go back to us.")
    await expect(page.locator("#passage-text mark")).to_have_text(QUOTES[0])
    await expect(page.locator("#passage-text .note")).to_have_count(0)
    await page.keyboard.press("Escape")
    await page.locator(".card").last.click()
    await expect(page.locator("#passage-source a")).to_have_attribute("href", "https://shop.example/refunds")


@pytest.mark.parametrize("width", [360, 1024])
async def test_nothing_moves_when_the_answer_comes(visit: Open, bot: BotFixture, width: int) -> None:
    bot.chat_model.waiting.clear()
    page = await reading(visit, bot, viewport={"width": width, "height": 640})
    cards, stage = await top(page, ".sources"), await top(page, ".stage")
    bot.chat_model.read.set()
    await expect(page.locator(".answer.streaming .body")).to_contain_text("within 30 days")
    assert abs(await top(page, ".sources") - cards) < 1
    assert abs(await top(page, ".body") - stage) < 1
    bot.chat_model.waiting.set()
    await answered(page)
    assert abs(await top(page, ".sources") - cards) < 1
    assert abs(await top(page, ".body") - stage) < 1
    assert await page.evaluate("document.querySelector('main').scrollWidth") <= width


async def test_what_the_answer_does_not_cite_folds_away(visit: Open, bot: BotFixture) -> None:
    bot.chat_model.text = "The refund takes 5 working days [2]."
    page = await reading(visit, bot)
    await page.locator(".card").last.focus()
    bot.chat_model.read.set()
    await answered(page)
    await expect(page.locator(".sources h3")).to_have_text("Sources")
    await expect(page.locator(".card:visible .title")).to_have_text(["Refunds"])
    await expect(page.locator(".card:visible")).to_be_focused()
    fold = page.get_by_role("button", name="1 more")
    await expect(fold).to_have_attribute("aria-expanded", "false")
    await fold.click()
    await expect(page.locator(".card:visible .title")).to_have_text(["Refunds", "Returns"])
    await page.get_by_role("button", name="Show fewer").click()
    await expect(page.locator(".card:visible")).to_have_count(1)


async def test_a_page_that_is_loaded_in_the_middle_of_an_answer_shows_what_is_there(
    visit: Open, bot: BotFixture
) -> None:
    bot.chat_model.waiting.clear()
    page = await reading(visit, bot)
    bot.chat_model.read.set()
    await expect(page.locator(".answer.streaming .body")).to_contain_text("within 30 days")
    await page.reload()
    await expect(page.locator(".card .title")).to_have_text(["Returns", "Refunds"])
    await expect(page.locator(".answer.streaming .body")).to_contain_text("within 30 days")
    bot.chat_model.waiting.set()
    await answered(page)
    await expect(page.locator(".answer .body")).to_contain_text(
        re.compile("^You may return it within 30 days")
    )


async def test_how_long_it_takes_is_said_once_it_was_measured(visit: Open, bot: BotFixture) -> None:
    bot.chat_model.reading, bot.chat_model.pause = 2.0, 3.5
    page = await online(await visit())
    await ask(page)
    await expect(page.locator(".stage")).to_have_text("Reading 2 passages")
    await expect(page.locator(".answer .feedback")).to_have_count(1, timeout=15_000)
    await ask(page, "And again, until when can I return it?")
    await expect(page.locator(".stage")).to_have_text(re.compile("^Reading 2 passages, about [1-3] s$"))
    await expect(page.locator(".stage")).to_have_count(0, timeout=15_000)


async def test_who_waits_for_a_worker_is_told(visit: Open, bot: BotFixture) -> None:
    bot.manager._max_concurrency = 1
    first = await reading(visit, bot)
    second = await online(await visit())
    await ask(second)
    await expect(second.locator(".stage")).to_have_text("Waiting, 1 ahead of you")
    bot.chat_model.read.set()
    await answered(first)
    await answered(second)
