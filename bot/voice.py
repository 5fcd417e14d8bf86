"""Loads the voice: the bot's name, its tone and its fixed sentences in every language.

What the voice file leaves out comes from `voice.toml` and, for each language, from `wordings/LANGUAGE.toml`.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from bot.errors import VoiceError
from bot.settings import PACKAGE
from dialogue.voice import Voice, Wording

SENTENCES = frozenset(field.name for field in fields(Wording)) - {"menu"}
COMMANDS = frozenset({"start", "help", "new", "consent", "forget"})
"""The keys of `menu`."""
PLACEHOLDERS = {"estimate": ("first_word", "complete"), "queued_for": ("seconds",)}
"""Names that must stand in braces in these sentences, beside {name}."""

_WORDINGS = PACKAGE / "wordings"


def load_voice(path: Path) -> Voice:
    """The voice with what the file at `path` changes; `{name}` is replaced by the bot's name in every sentence.

    Raises VoiceError, which names the file and the key that is missing, unknown or not a sentence.
    """
    try:
        return _voice(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise VoiceError(f"{path} cannot be read ({error.strerror}). Correct VOICE_FILE.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise VoiceError(f"{path} is not a TOML file in UTF-8: {error}.") from None
    except VoiceError as error:
        raise VoiceError(f"{path}: {error}") from None


def _voice(changes: Mapping[str, Any]) -> Voice:
    table = _merged(_shipped(), changes)
    top = _sentences(table, frozenset({"name", "tone", "default_language"}), "", beside={"wording"})
    languages = _table(table, "wording", "")
    _table(languages, top["default_language"], "wording.")
    wordings = {language: _wording(languages, language, top["name"]) for language in languages}
    return Voice(**top, wordings=wordings)


@cache
def _shipped() -> Mapping[str, Any]:
    """The voice that ships, as if it were one file."""
    languages = {path.stem: _toml(path) for path in sorted(_WORDINGS.glob("*.toml"))}
    return {**_toml(PACKAGE / "voice.toml"), "wording": languages}


def _toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _merged(table: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The table with the changes; tables within both are merged, too."""
    both = {key for key in table.keys() & changes.keys() if isinstance(table[key], dict)}
    within = {key: _merged(table[key], changes[key]) for key in both if isinstance(changes[key], dict)}
    return {**table, **changes, **within}


def _wording(languages: Mapping[str, Any], language: str, name: str) -> Wording:
    where = f"wording.{language}."
    table = _table(languages, language, "wording.")
    sentences = _sentences(table, SENTENCES, where, beside={"menu"})
    menu = _sentences(_table(table, "menu", where), COMMANDS, f"{where}menu.")
    filled = {
        key: _with_name(text, name, where + key, PLACEHOLDERS.get(key, ())) for key, text in sentences.items()
    }
    return Wording(**filled, menu=menu)


def _with_name(text: str, name: str, where: str, places: Sequence[str]) -> str:
    """The sentence with the bot's name; `places` are filled later."""
    sentence = rest = text.replace("{name}", name)
    for place in places:
        if f"{{{place}}}" not in sentence:
            raise VoiceError(f"{where} lacks {{{place}}}, which a number of seconds replaces.")
        rest = rest.replace(f"{{{place}}}", "")
    if "{" in rest or "}" in rest:
        allowed = " and ".join(f"{{{place}}}" for place in ("name", *places))
        raise VoiceError(f"{where} holds a brace; only {allowed} may stand in braces.")
    return sentence


def _table(table: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    value = table.get(key)
    if not isinstance(value, dict):
        raise VoiceError(f"the table [{where}{key}] is missing.")
    return value


def _sentences(
    table: Mapping[str, Any], keys: frozenset[str], where: str, beside: set[str] | None = None
) -> dict[str, str]:
    """The values of `keys`. All must be present, and no others except those in `beside`."""
    unknown = sorted(set(table) - keys - (beside or set()))
    if unknown:
        raise VoiceError(f"{where}{unknown[0]} is not known; known are {', '.join(sorted(keys))}.")
    for key in sorted(keys):
        if not isinstance(table.get(key), str) or not table[key].strip():
            raise VoiceError(f"{where}{key} is missing or empty; write a sentence there.")
    return {key: table[key].strip() for key in keys}
