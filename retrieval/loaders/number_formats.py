"""Numbers and dates of a spreadsheet as it shows them: `$1,234.50`, `15%`, `2024-05-01`.

Of a number format code (ECMA-376, part 1, 18.8.31) decimals, thousands, percent, scale and literal text are followed.
Dates are written in ISO 8601, as much of them as the format shows.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|\[\$(?P<currency>[^\]-]*)[^\]]*\]|(?P<skipped>\[[^\]]*\]|[_*].)|'
    r"(?P<digits>[#0?][#0?,.]*|General|@)|(?P<end>;)|(?P<other>.)",
    re.DOTALL,
)
_LONG_DECIMALS = re.compile(r"-?\d+\.\d{9,}")
_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|SPILL!|CALC!|GETTING_DATA)")

Token = tuple[str, str]
"""Kind and text of a part of a format code."""


def shown(value: object, code: str = "General") -> str:
    """A cell's value as text; nothing for an error value such as `#N/A`, and for a zero shown as a dash."""
    if value is None or (isinstance(value, str) and _ERROR.fullmatch(value)):
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return _number(value, code)
    if isinstance(value, datetime | date | time | timedelta):
        return _moment(value, code)
    return str(value)


def shortened(text: str) -> str:
    """A number with nine decimals or more, which no person wrote, with six digits; any other text as it is."""
    return f"{float(text):.6g}" if _LONG_DECIMALS.fullmatch(text) else text


def _number(value: float, code: str) -> str:
    sections = _sections(code)
    tokens = sections[2] if value == 0 and len(sections) > 2 else sections[0]
    digits = next((text for kind, text in tokens if kind == "digits"), "")
    if any(kind == "other" and text in "/E" for kind, text in tokens):
        tokens, digits = [("digits", "General")], "General"
    number = _digits(abs(value), digits, percent=("other", "%") in tokens)
    text = " ".join("".join(_rendered(tokens, number)).split())
    if not any(map(str.isalnum, text)):
        return ""
    return f"-{text}" if value < 0 else text


def _sections(code: str) -> list[list[Token]]:
    """The parts for positive, negative and zero numbers, as far as the code has them."""
    sections: list[list[Token]] = [[]]
    for found in _TOKEN.finditer(code):
        kind = found.lastgroup or ""
        if kind == "end":
            sections.append([])
        else:
            sections[-1].append((kind, found.group(kind)))
    return sections


def _rendered(tokens: Sequence[Token], number: str) -> list[str]:
    """The number in place of its first digits, and the literal text around it."""
    first = next((n for n, (kind, _) in enumerate(tokens) if kind == "digits"), None)
    return [
        number if n == first else "" if kind in ("digits", "skipped") or text in "()" else text
        for n, (kind, text) in enumerate(tokens)
    ]


def _digits(value: float, digits: str, *, percent: bool) -> str:
    if digits in ("", "General", "@"):
        return _general(value)
    if value == 0 and "0" not in digits:
        return ""
    whole, _, decimals = digits.rstrip(",").partition(".")
    scaled = value * (100 if percent else 1) / 1000 ** (len(digits) - len(digits.rstrip(",")))
    text = f"{scaled:0{_width(whole, decimals)}{',' if ',' in whole else ''}.{len(decimals)}f}"
    optional = len(decimals) - len(decimals.rstrip("#?"))
    return _without_zeros(text, optional) if optional else text


def _width(whole: str, decimals: str) -> int:
    """The least width of a number with leading zeros, point and decimals included."""
    return whole.count("0") + (len(decimals) + 1 if decimals else 0)


def _without_zeros(text: str, most: int) -> str:
    kept = text[: len(text) - most] + text[len(text) - most :].rstrip("0")
    return kept.rstrip(".")


def _general(value: float) -> str:
    return f"{value:.10g}" if abs(value) < 1e15 else f"{value:g}"


def _moment(value: datetime | date | time | timedelta, code: str) -> str:
    if isinstance(value, timedelta):
        minutes = round(value.total_seconds() / 60)
        return f"{minutes // 60}:{minutes % 60:02}"
    if isinstance(value, time):
        return value.isoformat("auto" if value.second else "minutes")
    shows = {text.lower() for kind, text in _sections(code)[0] if kind == "other"} or set("ymd")
    day = value.strftime("%Y-%m-%d" if "d" in shows else "%Y-%m" if "m" in shows else "%Y")
    if isinstance(value, datetime) and (value.hour or value.minute) and "h" in shows:
        return f"{day} {value:%H:%M}"
    return day
