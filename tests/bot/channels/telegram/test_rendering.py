"""An answer is composed once, before it enters the outbox: text, markers, and the sources under it."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bot.channels.telegram.rendering import MAX_MESSAGE_UNITS, render_answer, utf16_length
from bot.settings import PACKAGE
from bot.voice import load_voice
from dialogue.conversation import Answer, Citation, Role, Turn
from tests.botapi.messages import check_text

VOICE = load_voice(Path(PACKAGE / "voice.toml"))
TURN = Turn("c1", 7, Role.USER, "Which voltage?", datetime.now(UTC), reference="42")
CITATION = Citation(1, "chunk-1", "Charger manual", "charger.md", "The charger takes 230 volts.")
ANSWER = Answer("It takes **230 volts** [1].", "Which voltage?", citations=(CITATION,), release="base")


def test_a_payload_holds_the_answer_and_its_sources() -> None:
    payload = render_answer(ANSWER, TURN, VOICE.wording("en"))

    assert [part["text"] for part in payload["parts"]] == [
        "It takes 230 volts [1].\n\nSources\n[1] Charger manual\n“The charger takes 230 volts.”"
    ]
    kinds = [entity["type"] for entity in payload["parts"][0]["entities"]]
    assert kinds == ["bold", "bold", "expandable_blockquote", "bold"]
    assert (payload["question"], payload["reply_to"], payload["rateable"]) == (7, 42, True)


def test_the_heading_is_in_the_language_of_the_answer() -> None:
    payload = render_answer(ANSWER, TURN, VOICE.wording("zh-Hans"))

    assert "\n来源\n" in payload["parts"][0]["text"]


def test_sources_stand_once_and_in_order() -> None:
    second = Citation(2, "chunk-2", "", "faq.md", "")
    payload = render_answer(replace(ANSWER, citations=(second, CITATION, second)), TURN, VOICE.wording("en"))

    _, _, sources = payload["parts"][0]["text"].partition("Sources\n")
    assert sources == "[1] Charger manual\n“The charger takes 230 volts.”\n[2] faq.md"


def test_a_long_answer_is_several_messages_that_telegram_accepts() -> None:
    quotes = tuple(replace(CITATION, n=n, quote="Volts! 😀 " * 200) for n in range(1, 30))
    answer = replace(ANSWER, text="A **sentence**. 😀 " * 700, citations=quotes)
    payload = render_answer(answer, TURN, VOICE.wording("en"))

    assert len(payload["parts"]) > 3
    for part in payload["parts"]:
        check_text(part["text"], part)
    assert all(utf16_length(part["text"]) <= MAX_MESSAGE_UNITS for part in payload["parts"])


def test_what_the_database_and_the_network_cannot_carry_is_replaced() -> None:
    payload = render_answer(
        replace(ANSWER, text="half \ud83d of a pair \0", citations=()), TURN, VOICE.wording("en")
    )

    assert json.loads(json.dumps(payload, ensure_ascii=False).encode()) == payload
    assert payload["parts"][0]["text"] == "half � of a pair"


def test_neither_an_apology_nor_a_human_asks_for_a_rating() -> None:
    assert not render_answer(replace(ANSWER, failed=True), TURN, VOICE.wording("en"))["rateable"]
    assert not render_answer(replace(ANSWER, release=""), TURN, VOICE.wording("en"))["rateable"]
