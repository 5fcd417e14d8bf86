"""The voice file: the shipped one is complete in both languages, and errors name file and key."""

from dataclasses import asdict
from pathlib import Path

import pytest

from bot.errors import VoiceError
from bot.settings import PACKAGE
from bot.voice import load_voice

SHIPPED = PACKAGE / "voice.toml"


def changed(folder: Path, before: str, after: str) -> Path:
    text = SHIPPED.read_text(encoding="utf-8")
    assert before in text
    path = folder / "voice.toml"
    path.write_text(text.replace(before, after), encoding="utf-8")
    return path


def test_the_shipped_voice_speaks_english_and_chinese_under_one_name():
    voice = load_voice(SHIPPED)
    assert set(voice.wordings) == {"en", "zh"}
    for wording in voice.wordings.values():
        assert voice.name in wording.greeting
        assert "{name}" not in str(asdict(wording))
        assert "{seconds}" in wording.queued_for
        assert "{first_word}" in wording.estimate
        assert "{complete}" in wording.estimate


def test_the_chinese_wording_is_found_under_every_script_and_region():
    voice = load_voice(SHIPPED)
    assert voice.wording("zh-Hant-TW") is voice.wordings["zh"]
    assert voice.wording("sw") is voice.wordings["en"]


def test_a_new_name_reaches_the_greeting(tmp_path):
    voice = load_voice(changed(tmp_path, 'name = "Robin"', 'name = "Wren"'))
    assert "I'm Wren." in voice.wording("en").greeting


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ('name = "Robin"', "", "name is missing"),
        ('sources = "来源"', 'sources = ""', r"wording\.zh\.sources is missing or empty"),
        ('sources = "来源"', "sources = 3", r"wording\.zh\.sources is missing or empty"),
        ('sources = "来源"', 'sauces = "来源"', r"wording\.zh\.sauces is not known"),
        ('sources = "来源"', 'sources = "{来源}"', r"wording\.zh\.sources holds a brace"),
        ("大约 {seconds} 秒后轮到您", "很快轮到您", r"wording\.zh\.queued_for lacks {seconds}"),
        ("大约 {seconds} 秒后轮到您", "{seconds} {minutes}", r"only {name} and {seconds} may stand"),
        ('new = "开始新的对话"', "", r"wording\.zh\.menu\.new is missing or empty"),
        ("[wording.zh.menu]", "[wording.zh.food]", r"wording\.zh\.food is not known"),
        ('default_language = "en"', 'default_language = "fr"', r"\[wording\.fr\] is missing"),
        ("[wording.zh]", "[wording.zh", "is not a TOML file"),
    ],
)
def test_errors_name_file_and_key(tmp_path, before, after, complaint):
    path = changed(tmp_path, before, after)
    with pytest.raises(VoiceError, match=complaint) as raised:
        load_voice(path)
    assert str(path) in str(raised.value)


def test_a_missing_file_names_the_setting(tmp_path):
    with pytest.raises(VoiceError, match="Correct VOICE_FILE"):
        load_voice(tmp_path / "none.toml")
