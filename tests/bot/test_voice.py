"""The voice: whole in every language, changed by the operator's file in any part, and errors name file and key."""

import re
import string
import tomllib
from dataclasses import asdict
from pathlib import Path

import pytest

from bot.errors import VoiceError
from bot.settings import PACKAGE
from bot.voice import PLACEHOLDERS, SENTENCES, load_voice

SHIPPED = PACKAGE / "voice.toml"
LANGUAGES = {"ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "zh"}
ENGLISH = {"the", "you", "your", "with", "from", "what", "would", "please", "answer", "my", "and"}
ALIKE = {"sources"}
"""Sentences that may be the same words as in English, as "Sources" is in French."""
SCRIPTS = {
    "ar": "\u0600-\u06ff",
    "ja": "\u3040-\u30ff\u4e00-\u9fff",
    "ko": "\uac00-\ud7af",
    "ru": "\u0400-\u04ff",
    "zh": "\u4e00-\u9fff",
}


def texts(language: str) -> dict[str, str]:
    """All sentences of a shipped language, those of the menu among them."""
    table = tomllib.loads((PACKAGE / "wordings" / f"{language}.toml").read_text(encoding="utf-8"))
    menu = {f"menu.{command}": text for command, text in table.pop("menu").items()}
    return {**table, **menu}


def places(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


def changed(folder: Path, changes: str) -> Path:
    path = folder / "voice.toml"
    path.write_text(changes, encoding="utf-8")
    return path


def test_the_shipped_voice_speaks_all_languages_under_one_name() -> None:
    voice = load_voice(SHIPPED)
    assert set(voice.wordings) == LANGUAGES
    for wording in voice.wordings.values():
        assert voice.name in wording.greeting
        assert "{name}" not in str(asdict(wording))


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_language_has_every_sentence_with_its_places_and_commands(language: str) -> None:
    english, others = texts("en"), texts(language)
    assert set(others) == set(english)
    for key, text in others.items():
        assert text.strip() == text.strip("\u200e\u200f") != ""
        assert places(text) == places(english[key]), key
        assert sorted(re.findall(r"/[a-z]+", text)) == sorted(re.findall(r"/[a-z]+", english[key])), key
        if key in PLACEHOLDERS:
            assert set(PLACEHOLDERS[key]) <= set(places(text))


@pytest.mark.parametrize("language", sorted(LANGUAGES - {"en"}))
def test_no_sentence_is_left_in_english(language: str) -> None:
    english = texts("en")
    for key, text in texts(language).items():
        assert key in ALIKE | {"must_not_learn"} or text != english[key], key
        bare = re.sub(r"\{\w+\}|/[a-z]+", "", text)
        assert not ENGLISH & set(re.findall(r"[a-z]+", bare.lower())), key
        if script := SCRIPTS.get(language):
            assert re.search(f"[{script}]", bare), key
            assert not re.search(r"[A-Za-z]{2}", re.sub(r"Enter|Shift", "", bare)), key


def test_a_sentence_in_arabic_begins_in_arabic_so_that_it_runs_from_the_right() -> None:
    for key, text in texts("ar").items():
        for line in text.strip().splitlines():
            first = re.search(r"\w", re.sub(r"\{\w+\}", "", line))
            assert first and re.match("[\u0600-\u06ff]", first.group()), key


def test_a_region_or_script_finds_its_language() -> None:
    voice = load_voice(SHIPPED)
    assert voice.wording("zh-Hant-TW") is voice.wordings["zh"]
    assert voice.wording("pt-BR") is voice.wordings["pt"]
    assert voice.wording("sw") is voice.wordings["en"]


def test_a_new_name_reaches_the_greeting_in_every_language(tmp_path: Path) -> None:
    voice = load_voice(changed(tmp_path, 'name = "Wren"'))
    assert all("Wren" in wording.greeting for wording in voice.wordings.values())


def test_one_sentence_is_changed_and_the_others_stay(tmp_path: Path) -> None:
    path = changed(
        tmp_path, '[wording.de]\nsources = "Nachweise"\n[wording.de.menu]\nstart = "Was der Bot kann"'
    )
    voice, before = load_voice(path), load_voice(SHIPPED)
    assert voice.wording("de").sources == "Nachweise"
    assert voice.wording("de").menu["start"] == "Was der Bot kann"
    assert voice.wording("de").menu["help"] == before.wording("de").menu["help"]
    assert voice.wording("de").greeting == before.wording("de").greeting
    assert voice.wording("fr") == before.wording("fr")


def test_another_language_needs_every_sentence(tmp_path: Path) -> None:
    sentences = "\n".join(
        f'{key} = "sv {" ".join(f"{{{place}}}" for place in PLACEHOLDERS.get(key, ()))}"'
        for key in sorted(SENTENCES)
    )
    menu = "\n".join(f'{command} = "sv"' for command in ("start", "help", "new", "consent", "forget"))
    voice = load_voice(changed(tmp_path, f"[wording.sv]\n{sentences}\n[wording.sv.menu]\n{menu}"))
    assert voice.wording("sv-SE").greeting == "sv"
    with pytest.raises(VoiceError, match=r"wording\.sv\.abstention is missing or empty"):
        load_voice(changed(tmp_path, '[wording.sv]\ngreeting = "Hej"'))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ('name = ""', "name is missing"),
        ('nome = "Wren"', "nome is not known"),
        ('[wording.zh]\nsources = ""', r"wording\.zh\.sources is missing or empty"),
        ("[wording.zh]\nsources = 3", r"wording\.zh\.sources is missing or empty"),
        ('[wording.zh]\nsauces = "来源"', r"wording\.zh\.sauces is not known"),
        ('[wording.zh]\nsources = "{来源}"', r"wording\.zh\.sources holds a brace"),
        ('[wording.zh]\nqueued_for = "很快轮到您"', r"wording\.zh\.queued_for lacks {seconds}"),
        ('[wording.zh]\nqueued_for = "{seconds} {minutes}"', r"only {name} and {seconds} may stand"),
        ('[wording.zh.menu]\nnew = ""', r"wording\.zh\.menu\.new is missing or empty"),
        ('[wording.zh.food]\nnew = "新"', r"wording\.zh\.food is not known"),
        ('[wording]\nzh = "新"', r"\[wording\.zh\] is missing"),
        ('default_language = "sv"', r"\[wording\.sv\] is missing"),
        ("[wording.zh", "is not a TOML file"),
    ],
)
def test_errors_name_file_and_key(tmp_path: Path, changes: str, complaint: str) -> None:
    path = changed(tmp_path, changes)
    with pytest.raises(VoiceError, match=complaint) as raised:
        load_voice(path)
    assert str(path) in str(raised.value)


def test_a_missing_file_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(VoiceError, match="Correct VOICE_FILE"):
        load_voice(tmp_path / "none.toml")
