"""The chat page for everyone: small screens, dark rooms, keyboards, screen readers, two languages, hostile text."""

import re
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.bot.channels.bot_fixture import VOICE, BotFixture
from tests.bot.http.conftest import Open
from tests.bot.http.test_chat import answered, ask, online

pytestmark = pytest.mark.browser

AA = 4.5
"""Contrast that WCAG 2.2 asks of text."""

TEXTS = (
    "#name",
    "#status-text",
    ".question .bubble",
    ".answer .body p",
    ".cite",
    ".card .title",
    ".card .place",
    ".card .quote",
)


async def conversation(visit: Open, **options: Any) -> Page:
    page = await online(await visit(**options))
    await ask(page)
    await answered(page)
    return page


@pytest.mark.parametrize("width", [320, 360, 768])
async def test_nothing_is_wider_than_the_screen(visit: Open, bot: BotFixture, width: int) -> None:
    bot.chat_model.text = (
        f"You may return it within 30 days [1]. {'long' * 60} and `{'code' * 60}`.\n\n"
        f"https://shop.example/{'path/' * 40}\n\n```\n{'block ' * 60}\n```"
    )
    page = await conversation(visit, viewport={"width": width, "height": 640})
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert await page.evaluate("document.querySelector('main').scrollWidth") <= width
    await page.locator(".cite").first.click()
    box = await page.locator("#passage").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width


async def test_a_thumb_is_big_enough_for_a_finger(visit: Open) -> None:
    page = await conversation(visit, viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
    for selector in ("#send", "#new", ".thumb.up", ".thumb.down"):
        box = await page.locator(selector).bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 40, selector


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_stands_out_from_its_ground(visit: Open, scheme: str) -> None:
    page = await conversation(visit, color_scheme=scheme)
    for selector in TEXTS:
        ink, ground = await _colours(page.locator(selector).first)
        assert _contrast(ink, ground) >= AA, f"{selector}: {ink} on {ground}"
    dark = _luminance((await _colours(page.locator("body")))[1]) < 0.2
    assert dark is (scheme == "dark")


async def test_everything_is_reached_by_keyboard(visit: Open) -> None:
    page = await conversation(visit)
    await page.evaluate("document.activeElement.blur()")
    reached = []
    for _ in range(16):
        await page.keyboard.press("Tab")
        reached.append(await page.evaluate("document.activeElement.id || document.activeElement.className"))
    order = ["skip", "new", "card", "cite", "thumb up", "thumb down", "text"]
    assert [name for name in dict.fromkeys(reached) if name in order] == order
    await page.locator(".skip").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#text")).to_be_focused()


async def test_enter_sends_and_shift_enter_breaks_the_line(visit: Open) -> None:
    page = await online(await visit())
    await page.locator("#text").press_sequentially("One")
    await page.keyboard.press("Shift+Enter")
    await page.locator("#text").press_sequentially("two?")
    await expect(page.locator(".question")).to_have_count(0)
    await page.keyboard.press("Enter")
    await expect(page.locator(".question .bubble")).to_have_text("One\ntwo?", use_inner_text=True)
    await expect(page.locator("#text")).to_have_value("")


async def test_enter_does_not_send_while_an_input_method_composes(visit: Open) -> None:
    page = await online(await visit())
    await page.fill("#text", "nihao")
    await page.evaluate(
        """document.querySelector('#text').dispatchEvent(
            new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))"""
    )
    await expect(page.locator(".question")).to_have_count(0)
    await expect(page.locator("#text")).to_have_value("nihao")


async def test_listeners_hear_the_answer_once_and_no_tokens(visit: Open) -> None:
    page = await conversation(visit)
    await expect(page.get_by_role("log")).to_have_attribute("aria-live", "off")
    await expect(page.locator("#announcer")).to_have_attribute("aria-live", "polite")
    await expect(page.locator("#announcer")).to_have_text(re.compile(f"^{VOICE.name} says: You may return"))


async def test_every_control_has_a_name(visit: Open) -> None:
    page = await conversation(visit)
    await page.get_by_role("button", name="Not helpful").click()
    controls = page.locator("button:visible, textarea:visible, a:visible")
    for n in range(await controls.count()):
        assert await _accessible_name(controls.nth(n)), await controls.nth(n).evaluate("e => e.outerHTML")


async def test_the_page_speaks_chinese_to_a_chinese_browser(visit: Open) -> None:
    page = await online(await visit(locale="zh-CN"))
    await expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    await expect(page.locator("#greeting")).to_have_text(
        VOICE.wording("zh").greeting.replace("{name}", VOICE.name)
    )
    await expect(page.get_by_role("button", name="新对话")).to_be_visible()
    await ask(page, "退货期是多久？")
    await expect(page.locator(".sources h3")).to_have_text(VOICE.wording("zh").sources)


async def test_what_a_model_writes_is_never_run(visit: Open, bot: BotFixture) -> None:
    bot.chat_model.text = (
        "You may return it within 30 days <img onerror=alert()> of delivery [1].\n"
        "You may return it within 30 days <script>alert()</script> of delivery [1].\n"
        "You may return it within 30 days [here](javascript:alert()) of delivery [1].\n"
        "You may return it within 30 days [there](https://shop.example/a) of delivery [1]."
    )
    page = await conversation(visit)
    body = page.locator(".answer .body")
    await expect(body).to_contain_text("<img onerror=alert()>")
    await expect(body).to_contain_text("<script>alert()</script>")
    await expect(body).to_contain_text("[here](javascript:alert())")
    await expect(body.locator("img, script")).to_have_count(0)
    links = await body.locator("a").evaluate_all("links => links.map((link) => [link.href, link.rel])")
    assert links == [["https://shop.example/a", "noopener noreferrer"]]


MARKDOWN = {
    "One.\n\nTwo\nthree.": "<p>One.</p><p>Two<br>three.</p>",
    "**Bold**, *soft*, `a*b*`": "<p><strong>Bold</strong>, <em>soft</em>, <code>a*b*</code></p>",
    "- a\n- b\n\nc": "<ul><li>a</li><li>b</li></ul><p>c</p>",
    "3. a\n4. b": '<ol start="3"><li>a</li><li>b</li></ol>',
    "# Head\ntext": '<p class="heading">Head</p><p>text</p>',
    "```js\n<b>\n```": '<pre tabindex="0"><code>&lt;b&gt;</code></pre>',
    "```\nnever closed": '<pre tabindex="0"><code>never closed</code></pre>',
    "Yes [1, 2].": "<p>Yes<cite>1</cite><cite>2</cite>.</p>",
    "是的[1]。": "<p>是的<cite>1</cite>。</p>",
    "Not [9] nor [1, 9].": "<p>Not [9] nor [1, 9].</p>",
    "2 * 3 * 4 and a_b_c": "<p>2 * 3 * 4 and a_b_c</p>",
    "**open and `open": "<p>**open and `open</p>",
    "": "",
}


async def test_a_little_markdown_is_understood(visit: Open) -> None:
    page = await visit()
    shown = await page.evaluate(
        """async (texts) => {
            const { render } = await import("/web/markdown.js");
            const cite = (n) => n > 2 ? null : Object.assign(document.createElement("cite"), { textContent: n });
            return texts.map((text) => {
                const box = document.createElement("div");
                box.append(render(text, cite));
                return box.innerHTML;
            });
        }""",
        list(MARKDOWN),
    )
    assert dict(zip(MARKDOWN, shown, strict=True)) == MARKDOWN


async def _colours(element: Locator) -> tuple[list[float], list[float]]:
    """Text colour and the colour behind it, as red, green and blue from 0 to 255."""
    found = await element.evaluate(
        """(element) => {
            const rgb = (colour) => colour.match(/[\\d.]+/g).map(Number);
            let ground = element;
            while (rgb(getComputedStyle(ground).backgroundColor)[3] === 0) ground = ground.parentElement;
            return [rgb(getComputedStyle(element).color), rgb(getComputedStyle(ground).backgroundColor)];
        }"""
    )
    return found[0][:3], found[1][:3]


def _luminance(colour: list[float]) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: list[float], other: list[float]) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


async def _accessible_name(control: Locator) -> str:
    name = await control.evaluate(
        """(e) => e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent"""
    )
    return str(name).strip()
