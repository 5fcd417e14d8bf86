"""Reads what a deployment says in its own voice (`voice.toml`) into `dialogue.voice.Voice`.

Knows the file's form. Does not know when a sentence is said.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from bot.errors import VoiceError
from dialogue.voice import Voice, Wording

SENTENCES = frozenset(field.name for field in fields(Wording)) - {"menu"}
COMMANDS = frozenset({"start", "help", "new", "consent", "forget"})
"""What `menu` holds a line for."""


def load_voice(path: Path) -> Voice:
    """The voice of `path`; `{name}` in a sentence is replaced by the bot's name.

    Raises VoiceError naming the file and the key that is missing, unknown or not a sentence.
    """
    try:
        return _voice(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise VoiceError(f"{path} cannot be read ({error.strerror}). Correct VOICE_FILE.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise VoiceError(f"{path} is not a TOML file in UTF-8: {error}.") from None
    except VoiceError as error:
        raise VoiceError(f"{path}: {error}") from None


def _voice(table: Mapping[str, Any]) -> Voice:
    top = _sentences(table, frozenset({"name", "tone", "default_language"}), "", beside={"wording"})
    languages = _table(table, "wording", "")
    _table(languages, top["default_language"], "wording.")
    wordings = {language: _wording(languages, language, top["name"]) for language in languages}
    return Voice(**top, wordings=wordings)


def _wording(languages: Mapping[str, Any], language: str, name: str) -> Wording:
    where = f"wording.{language}."
    table = _table(languages, language, "wording.")
    spoken = _sentences(table, SENTENCES, where, beside={"menu"})
    menu = _sentences(_table(table, "menu", where), COMMANDS, f"{where}menu.")
    return Wording(**{key: _named(text, name, where + key) for key, text in spoken.items()}, menu=menu)


def _named(text: str, name: str, where: str) -> str:
    said = text.replace("{name}", name)
    if "{" in said or "}" in said:
        raise VoiceError(f"{where} holds a brace; only {{name}} may stand in braces.")
    return said


def _table(table: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    value = table.get(key)
    if not isinstance(value, dict):
        raise VoiceError(f"the table [{where}{key}] is missing.")
    return value


def _sentences(
    table: Mapping[str, Any], keys: frozenset[str], where: str, beside: set[str] | None = None
) -> dict[str, str]:
    """The value of each of `keys`, all of them and no other (`beside` may stand there too)."""
    unknown = sorted(set(table) - keys - (beside or set()))
    if unknown:
        raise VoiceError(f"{where}{unknown[0]} is not known; known are {', '.join(sorted(keys))}.")
    for key in sorted(keys):
        if not isinstance(table.get(key), str) or not table[key].strip():
            raise VoiceError(f"{where}{key} is missing or empty; write a sentence there.")
    return {key: table[key].strip() for key in keys}
