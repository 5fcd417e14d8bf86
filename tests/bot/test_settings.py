"""Settings: the environment wins over `.env`, errors name the key, and `.env.example` is complete and right."""

import re
from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.settings import GENERATOR, REWRITER, Settings, load_settings
from dialogue.engines.generation import GenerationOptions

EXAMPLE = Path(__file__).parents[2] / ".env.example"
KEY = re.compile(r"^([A-Z_]+)=(.*)$", re.MULTILINE)


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch, tmp_path):
    for field in Settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_environment_wins_over_the_file(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("PORT=9001\nHOST=0.0.0.0\nSOMETHING_ELSE=1\n")
    monkeypatch.setenv("PORT", "9002")
    settings = load_settings()
    assert (settings.port, settings.host) == (9002, "0.0.0.0")


def test_what_is_given_wins_over_both(monkeypatch):
    monkeypatch.setenv("PORT", "9002")
    assert load_settings(port=9003).port == 9003


def test_an_empty_value_is_no_value(monkeypatch):
    monkeypatch.setenv("PORT", "")
    monkeypatch.setenv("OPERATOR_TOKEN", "")
    settings = load_settings()
    assert settings.port == 8000
    assert settings.operator_token.get_secret_value() == ""


def test_lists_are_written_with_commas_or_spaces(monkeypatch):
    monkeypatch.setenv("ALLOWED_ORIGINS", "https://a.example, https://b.example")
    monkeypatch.setenv("WEBSOCKET_TOKENS", "one two")
    settings = load_settings()
    assert settings.allowed_origins == ("https://a.example", "https://b.example")
    assert [token.get_secret_value() for token in settings.websocket_tokens] == ["one", "two"]


def test_columns_of_questions_and_answers_are_pairs_of_names(monkeypatch):
    monkeypatch.setenv("FAQ_COLUMNS", "Issue: What to do, Problème: Remède")
    assert load_settings().faq_columns == (("Issue", "What to do"), ("Problème", "Remède"))
    monkeypatch.setenv("FAQ_COLUMNS", "Issue")
    with pytest.raises(SettingsError, match=r"FAQ_COLUMNS: .*QUESTION: ANSWER"):
        load_settings()


def test_every_bad_key_is_named_and_no_value_repeated(monkeypatch):
    monkeypatch.setenv("PORT", "hunter2")
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    with pytest.raises(SettingsError, match=r"PORT: .*\nLOG_LEVEL: .*\.env\.example") as raised:
        load_settings()
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(("key", "value"), [("ENGINE", "abacus"), ("ENGINE_OPTIONS", "{hunter2")])
def test_an_engine_that_cannot_be_is_named(monkeypatch, key, value):
    monkeypatch.setenv(key, value)
    with pytest.raises(SettingsError, match=f"^{key}: ") as raised:
        load_settings()
    assert "hunter2" not in str(raised.value)


def test_secrets_do_not_show_when_printed(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql+asyncpg://me:hunter2@db/bot")
    monkeypatch.setenv("WEBSOCKET_TOKENS", "hunter2")
    settings = load_settings()
    assert "hunter2" not in repr(settings)
    assert settings.database == "postgresql+asyncpg://me:hunter2@db/bot"


def test_without_a_database_url_the_database_lies_in_the_data_folder(monkeypatch):
    monkeypatch.setenv("DATA_DIR", "/srv/bot")
    assert load_settings().database == "sqlite:////srv/bot/groundtalk.db"


def test_weights_are_needed_for_what_runs_on_this_machine():
    settings = load_settings(encoder="owner/small+multilingual", generator="big")
    assert settings.local_weights() == ("owner/small", "big")
    assert load_settings(encoder="small", generator="big", engine="openai").local_weights() == ("small",)


def test_a_small_trained_rewriter_stands_beside_the_default_generator_alone():
    assert load_settings().weights_for("rewrite") == REWRITER
    assert load_settings().weights_for("answer") == GENERATOR
    assert load_settings(generator="big").weights_for("rewrite") == "big"
    assert load_settings(engine="openai").weights_for("rewrite") == GENERATOR
    assert load_settings(generator="big", rewriter="small").weights_for("rewrite") == "small"


def test_the_example_names_every_setting_and_no_other():
    keys = [key for key, _ in KEY.findall(EXAMPLE.read_text(encoding="utf-8"))]
    assert sorted(keys) == sorted(field.upper() for field in Settings.model_fields)


def test_the_example_copied_as_it_is_changes_nothing():
    assert Settings(_env_file=EXAMPLE) == Settings(_env_file=None)


def test_every_setting_of_the_example_is_explained():
    blocks = EXAMPLE.read_text(encoding="utf-8").split("\n\n")
    bare = [block for block in blocks if KEY.search(block) and not block.startswith("#")]
    assert bare == []


def test_generation_options_are_json_with_checked_values(monkeypatch):
    monkeypatch.setenv("GENERATION_OPTIONS", '{"temperature": 0.7, "top_p": 0.9}')
    assert load_settings().generation_options == GenerationOptions(temperature=0.7, top_p=0.9)


@pytest.mark.parametrize(
    ("value", "named"), [('{"top_p": 0.9}', "temperature above 0"), ('{"top_k": 4}', "top_k"), ("4", "")]
)
def test_a_bad_generation_option_is_named_with_the_remedy(monkeypatch, value, named):
    monkeypatch.setenv("GENERATION_OPTIONS", value)
    with pytest.raises(SettingsError, match=rf"^GENERATION_OPTIONS: .*{named}.*\.env\.example"):
        load_settings()
