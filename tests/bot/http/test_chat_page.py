import re

import httpx
import pytest

from bot.http.chat_page import STATIC_FOLDER
from tests.bot.channels.bot_fixture import VOICE


async def test_the_page_and_all_that_it_asks_for_is_served(http: httpx.AsyncClient) -> None:
    page = await http.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    asked_for = set(re.findall(r'(?:href|src)="(web/[^"]+)"', page.text))
    imported = {
        f"web/{name}"
        for file in STATIC_FOLDER.glob("*.js")
        for name in re.findall(r'"\./([^"]+)"', file.read_text())
    }
    for path in asked_for | imported:
        assert (await http.get(f"/{path}")).status_code == 200, path
    assert {"web/chat.js", "web/chat.css", "web/connection.js"} <= asked_for | imported


async def test_nothing_but_the_own_files_may_run(http: httpx.AsyncClient) -> None:
    policy = (await http.get("/")).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    for path in ("/", "/web/chat.js", "/web/icon.svg"):
        assert (await http.get(path)).headers["x-content-type-options"] == "nosniff"


def test_no_file_of_the_page_names_another_site() -> None:
    for file in (*STATIC_FOLDER.glob("*.js"), *STATIC_FOLDER.glob("*.css"), *STATIC_FOLDER.glob("*.html")):
        sites = set(re.findall(r"https?://[\w.]+", file.read_text())) - {"http://www.w3.org"}
        assert not sites, file.name


async def test_a_browser_that_has_a_file_is_told_that_it_is_the_same(http: httpx.AsyncClient) -> None:
    first = await http.get("/web/chat.js")
    again = await http.get("/web/chat.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "name", ["page.py", "__init__.py", "..%2fapp.py", "nothing.js", "%2e%2e/settings.py"]
)
async def test_no_other_file_is_served(http: httpx.AsyncClient, name: str) -> None:
    assert (await http.get(f"/web/{name}")).status_code == 404


async def test_the_voice_is_spoken_in_each_language(http: httpx.AsyncClient) -> None:
    voice = (await http.get("/voice")).json()
    assert voice["name"] == VOICE.name
    assert set(voice["wordings"]) == set(VOICE.wordings)
    assert VOICE.name in voice["wordings"]["zh"]["greeting"]
    assert "{name}" not in str(voice)


def test_the_page_has_every_label_in_every_language() -> None:
    """The labels of each language in `words.js`, by the form in which they stand there."""
    text = (STATIC_FOLDER / "words.js").read_text(encoding="utf-8")
    tables = re.findall(r"^  (\w\w): \{\n(.*?)^  \},", text, re.MULTILINE | re.DOTALL)
    labels = {
        language: dict(re.findall(r"^    (\w+): \"(.*)\",$", table, re.MULTILINE))
        for language, table in tables
    }
    assert {"de", "en", "zh"} <= set(labels)
    for language, own in labels.items():
        assert set(own) == set(labels["en"]), language
        for key, label in own.items():
            assert label.strip()
            assert sorted(re.findall(r"\{\w+\}", label)) == sorted(
                re.findall(r"\{\w+\}", labels["en"][key])
            ), key
