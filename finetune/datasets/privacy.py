"""Replaces personal data in an exchange with placeholders: <EMAIL> <PHONE> <CARD> <IBAN> <ADDRESS> <ID> <NAME>.

Recognisers for English and Chinese verify checksums where there are any and otherwise go by form; they err on the
side of finding too much. Names are recognised where people introduce themselves or are addressed with a title.
Anything that also appears in the passages shown is public and stays: an answer must be able to give the help desk's
number.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate

import phonenumbers
from stdnum import iban, luhn
from stdnum.cn import ric
from stdnum.us import ssn

from dialogue.conversation import Turn
from finetune.datasets.log import Exchange, FeedbackEntry

CharSpan = tuple[int, int]
Recogniser = Callable[[str], Iterator[CharSpan]]

EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}")
DIGIT_GROUPS = re.compile(r"\d+(?:[ -]\d+)*")
CARD_DIGITS = range(13, 20)
IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}")
DIALLED = re.compile(r"\d(?:[\s().\-/–]{0,3}\d){6}")
PHONE_REGIONS = ("US", "GB", "CN")
"""Regions whose numbers are recognised without a country code."""

RESIDENT = re.compile(r"(?<!\d)\d{17}[\dXx](?![\dA-Za-z])")
SOCIAL_SECURITY = re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])")
NATIONAL_INSURANCE = re.compile(r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?(?:\d{2} ?){3}[A-D]\b")
PASSPORT = re.compile(r"(?:passport|护照)[^\d\n]{0,16}?([A-Z]{0,2}\d{7,9})(?!\d)", re.IGNORECASE)

STREET_TYPES = (
    r"(?:street|st|road|rd|avenue|ave|boulevard|blvd|lane|ln|drive|dr|court|ct|square|sq|terrace|place|pl|parkway|pkwy"
    r"|highway|hwy|crescent|close|way)"
)
ENGLISH_ADDRESS = re.compile(
    rf"""
    \b\d{{1,5}}[A-Za-z]?\ (?:[A-Z][\w'’.-]{{0,30}}\ ){{1,4}}(?i:{STREET_TYPES})\b\.?
    (?:,?\ (?i:apt|apartment|suite|unit|flat)\.?\ ?\#?\w{{1,6}})?
    (?:,\ [A-Z][A-Za-z.'’-]{{1,30}}(?:\ [A-Z][A-Za-z.'’-]{{1,30}}){{0,2}})?
    (?:,?\ [A-Z]{{2}}\ \d{{5}}(?:-\d{{4}})?)?
    | \b(?i:p\.?\ ?o\.?\ box)\ \d{{1,6}}
    | \b[A-Z]{{1,2}}\d[A-Z\d]?\ \d[A-Z]{{2}}\b
    """,
    re.VERBOSE,
)
CHINESE_STREET = re.compile(
    r"""
    (?: (?:路|街|大道|道|巷|弄|胡同)\s{0,2}\d{1,5}\s{0,2}(?:号院?|弄|巷)
      | \d{1,4}\s{0,2}(?:号楼|栋|幢|座)\s{0,2}(?:\d{1,3}\s{0,2}单元\s{0,2})?\d{2,5}\s{0,2}(?:室|号|房)
    )
    (?:\s{0,2}[\dA-Za-z]{1,4}\s{0,2}(?:号楼|栋|幢|座|楼|单元|层|室|号)){0,5}
    """,
    re.VERBOSE,
)
CHINESE_PLACE = re.compile(r"(?:(?![在到是的了寄送住址我你您他她请])[\u4e00-\u9fff]|[ ]){1,40}$")
"""What precedes a street and number: province, city, district. Characters that introduce an address end it."""
MAX_PLACE_LENGTH = 40
"""At most this many characters before a street may belong to the address."""


def emails(text: str) -> Iterator[CharSpan]:
    return (match.span() for match in EMAIL.finditer(text))


def identities(text: str) -> Iterator[CharSpan]:
    """Valid Chinese resident and US social security numbers, UK national insurance numbers, passport numbers."""
    yield from (m.span() for m in RESIDENT.finditer(text) if ric.is_valid(m.group().upper()))
    yield from (m.span() for m in SOCIAL_SECURITY.finditer(text) if ssn.is_valid(m.group()))
    yield from (m.span() for m in NATIONAL_INSURANCE.finditer(text))
    yield from (m.span(1) for m in PASSPORT.finditer(text))


def ibans(text: str) -> Iterator[CharSpan]:
    """A match may run on into the next words: the longest start of it that is a valid number counts."""
    for match in IBAN.finditer(text):
        start, end = match.span()
        stops = (stop for stop in range(end, start + 14, -1) if text[stop - 1].isalnum())
        ends = (stop for stop in stops if iban.is_valid(text[start:stop], False))
        yield from ((start, stop) for stop in list(ends)[:1])


def cards(text: str) -> Iterator[CharSpan]:
    """Payment cards by Luhn's checksum, made of one or more whole groups of digits."""
    for run in DIGIT_GROUPS.finditer(text):
        groups = [(m.start() + run.start(), m.group()) for m in re.finditer(r"\d+", run.group())]
        place = 0
        while place < len(groups):
            taken = _card(groups[place : place + CARD_DIGITS.stop])
            if taken:
                last, digits = groups[place + taken - 1]
                yield groups[place][0], last + len(digits)
            place += taken or 1


def _card(groups: list[tuple[int, str]]) -> int:
    """How many of the first groups make a card number; 0 if none do."""
    lengthening = accumulate(digits for _, digits in groups)
    fitting = [
        n for n, digits in enumerate(lengthening, 1) if len(digits) in CARD_DIGITS and luhn.is_valid(digits)
    ]
    return max(fitting, default=0)


def phones(text: str) -> Iterator[CharSpan]:
    """Valid phone numbers by the numbering plans of all countries."""
    if not DIALLED.search(text):
        return
    for region in PHONE_REGIONS:
        for match in phonenumbers.PhoneNumberMatcher(text, region):
            yield match.start, match.end


def addresses(text: str) -> Iterator[CharSpan]:
    yield from (match.span() for match in ENGLISH_ADDRESS.finditer(text))
    for door in CHINESE_STREET.finditer(text):
        place = CHINESE_PLACE.search(text, max(0, door.start() - MAX_PLACE_LENGTH), door.start())
        yield place.start() if place else door.start(), door.end()


RECOGNISERS: Mapping[str, Recogniser] = {
    "EMAIL": emails,
    "IBAN": ibans,
    "ID": identities,
    "CARD": cards,
    "PHONE": phones,
    "ADDRESS": addresses,
}
"""By type, the most certain first: where two overlap, the first one counts."""


NAME_WORD = r"[A-Z][a-zà-öø-ÿ'’-]{1,24}"
FULL_NAME = rf"{NAME_WORD}(?:[ ](?:{NAME_WORD}|[A-Z]\.?)){{0,3}}"
NOT_A_NAME = (
    "(?!(?:not|wrong|spelled|spelt|misspelled|misspelt|missing|on|in|at|the|a|an|still|now|no|correct|incorrect|and|or|so|"
    "as|too|listed|shown|written|changed|different|already|being|also)\\b)"
)
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆"
    "汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
HAN_CHARACTER = "[\u4e00-\u9fff]"

ENGLISH_NAMES = (
    re.compile(
        rf"(?i:my name is|my name['’]s|my full name is|i am called|i['’]m called|call me|name:)\s+({FULL_NAME})"
    ),
    re.compile(rf"(?i:my name is|my name['’]s)\s+{NOT_A_NAME}([a-z][a-z'’-]{{1,24}})\b"),
    re.compile(rf"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Madam)\.?\s+({FULL_NAME})"),
    re.compile(rf"(?i:\b(?:kind|best|warm) regards|\bregards|\bsincerely|\bcheers),?\s+({FULL_NAME})\s*$"),
)
CHINESE_NAMES = (
    re.compile(
        rf"(?:我叫做?|我的名字[是叫]|我的姓名是|姓名[:：])\s*([{SURNAMES}]{HAN_CHARACTER}{{1,2}})(?=[^\u4e00-\u9fff]|$|[想要是在来的])"
    ),
    re.compile(rf"([{SURNAMES}]{HAN_CHARACTER}{{0,2}}?)(?:先生|女士|小姐|太太)"),
    re.compile(rf"(?:我姓|免贵姓|本人姓)\s*([{SURNAMES}])"),
)


def find_names(text: str) -> Iterator[str]:
    """The names in a text, as written there; a name may occur more than once."""
    for pattern in (*ENGLISH_NAMES, *CHINESE_NAMES):
        yield from (match.group(1) for match in pattern.finditer(text))


def find_occurrences(name: str, text: str) -> Iterator[tuple[int, int]]:
    """Where a name occurs as a whole word: (start, end)."""
    latin = rf"(?<![^\W_]){re.escape(name)}(?![^\W_])" if name[0].isascii() else re.escape(name)
    return (match.span() for match in re.finditer(latin, text))


PersonalDataSpan = tuple[int, int, str]
"""Start, end and type."""

FULLWIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
"""Full-width characters to their ASCII counterparts, one for one."""
NAME = "NAME"
MIN_NAME_LENGTH = 2
"""A part of a name that is not longer than this is not looked for elsewhere."""


class Redactor:
    """counts: what was replaced in questions, answers and corrections, by type."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def exchange(self, exchange: Exchange, feedback: Sequence[FeedbackEntry]) -> Exchange:
        """The exchange with only this `feedback`, without personal data."""
        public = "\n".join(f"{passage.title}\n{passage.text}" for passage in exchange.passages)
        names = _names_in(exchange, feedback)
        before, now = _Redaction(public, names), _Redaction(public, names)
        clean = replace(
            exchange,
            history=tuple(_redact_turn(turn, before) for turn in exchange.history),
            question=_redact_turn(exchange.question, now),
            answer=_redact_turn(exchange.answer, now),
            feedback=tuple(_redact_feedback(entry, now) for entry in feedback),
        )
        self.counts += now.counts
        return clean


class _Redaction:
    """Redacts the words of one exchange. public: the documents' words, which stay. names: of people."""

    def __init__(self, public: str, names: frozenset[str]) -> None:
        self._public = public
        people = (name for name in names if not any(find_occurrences(name, public)))
        self._names = sorted(people, key=lambda name: (-len(name), name))
        self.counts: Counter[str] = Counter()

    def redacted(self, text: str) -> str:
        parts, place = [], 0
        for start, end, kind in self._chosen(text):
            parts += [text[place:start], f"<{kind}>"]
            place = end
            self.counts[kind] += 1
        return "".join([*parts, text[place:]])

    def _chosen(self, text: str) -> list[PersonalDataSpan]:
        """The spans to replace, in order and without overlaps."""
        private = (span for span in find_personal_data(text) if text[span[0] : span[1]] not in self._public)
        named = ((a, b, NAME) for name in self._names for a, b in find_occurrences(name, text))
        chosen: list[PersonalDataSpan] = []
        for start, end, kind in (*private, *named):
            if all(end <= a or start >= b for a, b, _ in chosen):
                chosen.append((start, end, kind))
        return sorted(chosen)


@lru_cache(maxsize=4096)
def find_personal_data(text: str) -> tuple[PersonalDataSpan, ...]:
    """Personal data other than names in a text, the most certain types first; spans may overlap."""
    plain = text.translate(FULLWIDTH)
    return tuple((start, end, kind) for kind, seek in RECOGNISERS.items() for start, end in seek(plain))


def _names_in(exchange: Exchange, feedback: Sequence[FeedbackEntry]) -> frozenset[str]:
    """The names given in the exchange, and their parts: somebody called "Ada Lovelace" is greeted as Ada."""
    texts = [turn.text for turn in (*exchange.history, exchange.question, exchange.answer)]
    texts += [entry.correction for entry in feedback if entry.correction]
    return frozenset(_with_parts(name for text in texts for name in find_names(text)))


def _with_parts(names: Iterable[str]) -> Iterable[str]:
    for name in names:
        yield name
        yield from (part for part in name.split() if len(part) > MIN_NAME_LENGTH)


def _redact_turn(turn: Turn, words: _Redaction) -> Turn:
    query = words.redacted(turn.query) if turn.query else turn.query
    return replace(turn, text=words.redacted(turn.text), query=query)


def _redact_feedback(entry: FeedbackEntry, words: _Redaction) -> FeedbackEntry:
    correction = words.redacted(entry.correction) if entry.correction else entry.correction
    return replace(entry, correction=correction)
