"""What the bot may send, checked as Telegram checks it. Each check returns nothing or raises `Refused`."""

import json
from collections.abc import Mapping
from typing import Any

from tests.botapi.people import utf16

LONGEST = 4096
QUOTES = {"blockquote", "expandable_blockquote"}
NESTABLE = {"bold", "italic", "underline", "strikethrough", "spoiler", "text_link"} | QUOTES
KINDS = NESTABLE | {"code", "pre"}

Params = Mapping[str, Any]


class Refused(Exception):
    """The call is bad: the code and description of the response."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(description)
        self.code = code


def params(form: Mapping[str, str]) -> dict[str, Any]:
    """Form fields as JSON values where they are JSON, else as text."""
    return {name: value if name == "text" else _value(value) for name, value in form.items()}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def check_text(text: str, given: Params, *, empty: bool = False) -> None:
    if not text.strip() and not empty:
        raise Refused(400, "Bad Request: message text is empty")
    if utf16(text) > LONGEST:
        raise Refused(400, "Bad Request: message is too long")
    if "parse_mode" in given:
        raise Refused(400, "Bad Request: can't parse entities: this server takes entities only")
    for entity in given.get("entities", ()):
        _check_entity(text, entity)
    _check_nesting(given.get("entities", ()))


def _check_entity(text: str, entity: Params) -> None:
    start, end = entity["offset"], entity["offset"] + entity["length"]
    if entity["type"] not in KINDS or start < 0 or entity["length"] <= 0 or end > utf16(text):
        raise Refused(400, f"Bad Request: can't parse entities: {entity} is out of the text or unknown")
    piece = text.encode("utf-16-le")[2 * start : 2 * end]
    try:
        piece.decode("utf-16-le")
    except UnicodeDecodeError:
        raise Refused(400, "Bad Request: can't parse entities: half a character") from None


def _check_nesting(entities: list[Params]) -> None:
    for a in entities:
        for b in entities:
            if a is b or b["offset"] >= a["offset"] + a["length"] or a["offset"] > b["offset"]:
                continue
            if b["offset"] + b["length"] > a["offset"] + a["length"] and a["offset"] != b["offset"]:
                raise Refused(400, "Bad Request: can't parse entities: they overlap")
            if {a["type"], b["type"]} - NESTABLE or {a["type"], b["type"]} <= QUOTES:
                raise Refused(400, f"Bad Request: can't parse entities: {b['type']} within {a['type']}")


def check_markup(markup: Params | None) -> None:
    for row in (markup or {}).get("inline_keyboard", ()):
        for button in row:
            if not 1 <= len(button.get("callback_data", "-").encode()) <= 64:
                raise Refused(400, "Bad Request: BUTTON_DATA_INVALID")


def check_commands(given: Params) -> None:
    for command in given["commands"]:
        name, description = command["command"], command["description"]
        if not (name.islower() and 1 <= len(name) <= 32 and 1 <= len(description) <= 256):
            raise Refused(400, "Bad Request: BOT_COMMAND_INVALID")
