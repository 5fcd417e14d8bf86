"""Which characters the bytes of a text file stand for, where nobody says so.

UTF-8 proves itself, also with a few damaged bytes in it. Of the older encodings the one is taken in which the
characters beyond ASCII are those that people write in it, where they write them: a dozen bytes are usually enough.
"""

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from charset_normalizer import from_bytes

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 1 << 16
_STRAY = 0.005
"""Most of the bytes that may be zero in a text of single bytes."""
_LEAST = 0.6
"""Least mean plausibility of the characters beyond ASCII; below it, all other encodings are tried."""

_SIGNS = frozenset("€£§°©®«»„“”‘’‚–—…•·×±½¼²³µ¿¡\xa0№™")
_WIDE_SIGNS = frozenset("，。、；：？！（）《》「」『』【】“”‘’—…　·～％￥０１２３４５６７８９")
_COMMON = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然"
    "家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把"
    "机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果"
    "加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔"
    "更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展"
    "马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共"
    "确传师观清今切院让识候带导争运费价元请您货单退款选择使用们"
    "這個們來為國說時會對發後過沒還進現經當動開無與長機關點業將兩間問應戰頭體見產實話給員認論處義條係題變總電數報結"
    "務場計資許統區隊決馬書則聽覺達強難權設類據邊張該規萬術領確傳師觀讓識帶導爭運費價請貨單"
    "이다는을의가에를로고하한은지도기서사리자대시어인나라해아일수그스정부장보원전주있들제여동게조했과성것만무상신문화"
    "되소경세공유관안국용중니습요세합"
)
"""What makes up most of any Chinese text, simplified or traditional, and the commonest Korean syllables."""


class Decoding(Protocol):
    """How an encoding is written."""

    def plausibility(self, text: str) -> float:
        """From 0 to 1: how much the characters beyond ASCII look like what people write."""


@dataclass(frozen=True)
class Letters:
    """An encoding of single bytes. common, rare: the letters of its languages; latin: they stand among ASCII ones."""

    common: str
    rare: str
    latin: bool = False

    def plausibility(self, text: str) -> float:
        padded = f" {text} "
        places = (place for place in range(1, len(padded) - 1) if padded[place] > "\x7f")
        return _mean(self._letter(*padded[place - 1 : place + 2]) for place in places)

    def _letter(self, before: str, character: str, after: str) -> float:
        if character in _SIGNS:
            return 0.0 if before.isalpha() and after.isalpha() and character not in "’·" else 0.8
        fits = (
            before < "\x80" or after < "\x80" or not after.isalpha()
            if self.latin
            else not _ascii_letter(before)
        )
        if not fits or (character.isupper() and before.islower()):
            return 0.0
        return 1.0 if character in self.common else 0.8 if character in self.rare else 0.0


@dataclass(frozen=True)
class Ideographs:
    """An encoding of Chinese, Japanese or Korean. levels: first bytes of its common characters; script: its own."""

    codec: str
    levels: range
    script: str = ""

    def plausibility(self, text: str) -> float:
        own = [bool(self.script) and self.script[0] <= character <= self.script[-1] for character in text]
        if self.script and not any(own):
            return 0.0
        pairs = zip(text, own, strict=True)
        return _mean(self._character(c, known) for c, known in pairs if c > "\x7f")

    def _character(self, character: str, own: bool) -> float:
        if character in _COMMON or character in _WIDE_SIGNS:
            return 1.0
        if own:
            return 0.95 if character < "가" else 0.75
        return 0.6 if character.encode(self.codec, "replace")[0] in self.levels else 0.0


_DECODINGS: Mapping[str, Decoding] = {
    "cp1252": Letters("äöüßéèàçñóáíúêâôûîÄÖÜÉÀÇÑÁåæøãÅÆØ", "ëïùœìòõýÈÊËÎÏÔÙÛŒÍÓÚÃÕÌÒªº", latin=True),
    "gb18030": Ideographs("gb2312", range(0xB0, 0xD8)),
    "big5": Ideographs("big5", range(0xA4, 0xC7)),
    "cp932": Ideographs("cp932", range(0x88, 0x98), script="ぁ-ヿ"),
    "euc_jp": Ideographs("euc_jp", range(0xB0, 0xD0), script="ぁ-ヿ"),
    "euc_kr": Ideographs("euc_kr", range(0), script="가-힣"),
    "cp1251": Letters("абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґ", "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЁІЇЄҐ"),
    "cp1250": Letters(
        "ěščřžýáíéóúůąćęłńśźżőűäöüßŠČŘŽÁÉÍÓÚŁŚŻŹĆÄÖÜ", "ďťňľôâîçëđĚĎŤŇĽĄĘŃÝŮŐŰĐÂÎăşţ", latin=True
    ),
    "cp1254": Letters("ğışçöüİŞÇÖÜĞ", "âîûäéß", latin=True),
    "koi8_r": Letters("абвгдежзийклмнопрстуфхцчшщъыьэюяё", "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЁ"),
    "cp1253": Letters("αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋ", "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΆΈΉΊΌΎΏ"),
}
"""The likelier ones first."""


def likeliest_encoding(content: bytes) -> str | None:
    """The name of a codec, to be used with `errors="replace"`; None where the bytes are no text."""
    for mark, name in _MARKS:
        if content.startswith(mark):
            return name
    sample = content[_first_beyond(content) :][:_SAMPLE]
    if content.count(0, 0, _SAMPLE) > _STRAY * len(content[:_SAMPLE]):
        return _utf_16(content[:_SAMPLE])
    if b"\x1b$" in content and content.isascii():
        return "iso2022_jp"
    return "utf-8" if _is_utf_8(content) else _older(sample)


def _utf_16(sample: bytes) -> str | None:
    """Without a mark at its start, Latin text in UTF-16 has a zero in every other place."""
    even, odd = (sample[start::2].count(0) / len(sample) for start in (0, 1))
    if max(even, odd) < 0.15 or min(even, odd) > 0.02:
        return None
    return "utf-16-be" if even > odd else "utf-16-le"


def _is_utf_8(content: bytes) -> bool:
    """Whether it is UTF-8, or was so before a few bytes were damaged."""
    text = content.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    return 2 * bad <= sum(character > "\x7f" for character in text) - bad


def _older(sample: bytes) -> str | None:
    scores = {name: _DECODINGS[name].plausibility(text) - _handicap(name) for name, text in _readings(sample)}
    best = max(scores, key=scores.__getitem__, default="")
    if best and scores[best] >= _LEAST:
        return best
    guess = from_bytes(sample).best()
    return guess.encoding if guess else None


def _readings(sample: bytes) -> Iterator[tuple[str, str]]:
    """What the sample says in each encoding that allows it; its last bytes may be half a character."""
    for name in _DECODINGS:
        try:
            yield name, codecs.getincrementaldecoder(name)().decode(sample)
        except UnicodeDecodeError:
            continue


def _handicap(name: str) -> float:
    """Where Western and other Latin letters fit alike, they are Western ones."""
    return 0.1 if name in ("cp1250", "cp1254") else 0.0


def _ascii_letter(character: str) -> bool:
    return character.isalpha() and character.isascii()


def _mean(values: Iterable[float]) -> float:
    counted = [*values]
    return sum(counted) / max(1, len(counted))


def _first_beyond(content: bytes) -> int:
    """Where the first line with a byte beyond ASCII starts, as far as lines have line breaks."""
    found = re.search(rb"[\x80-\xff]", content)
    return content.rfind(b"\n", 0, found.start()) + 1 if found else 0
