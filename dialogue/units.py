"""Units, currencies, months and weekdays as people spell them in thirteen languages, from the Unicode CLDR (Babel).

`MB`, `megabytes` and `мегабайт` are one unit. A spelling may stand for several: `pounds` is a weight and a currency.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from babel import localedata

LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl", "pl", "ru", "ja", "ko", "ar", "zh")

_WORDS = re.compile(r"[^\W\u1100-\uffff]|in|mb", re.UNICODE)
"""Spellings in the CLDR that are usually something else: letters, "in", and `mb` for millibars."""

Units = frozenset[str]
"""Keys of units, such as `digital-megabyte` or `EUR`: those that a spelling stands for."""

_CLDR_UNITS = """
angle-degree area-acre area-hectare area-square-centimeter area-square-foot area-square-kilometer area-square-meter
concentr-percent concentr-permille digital-bit digital-byte digital-gigabit digital-gigabyte digital-kilobit
digital-kilobyte digital-megabit digital-megabyte digital-petabyte digital-terabit digital-terabyte duration-century
duration-day duration-decade duration-hour duration-microsecond duration-millisecond duration-minute duration-month
duration-nanosecond duration-night duration-quarter duration-second duration-week duration-year electric-ampere
electric-milliampere electric-ohm electric-volt energy-joule energy-kilocalorie energy-kilojoule energy-kilowatt-hour
frequency-gigahertz frequency-hertz frequency-kilohertz frequency-megahertz graphics-dot-per-inch graphics-megapixel
graphics-pixel graphics-pixel-per-inch length-centimeter length-foot length-inch length-kilometer length-meter
length-micrometer length-mile length-millimeter length-nanometer length-yard light-candela light-lumen light-lux
mass-gram mass-kilogram mass-milligram mass-ounce mass-pound mass-tonne power-horsepower power-kilowatt power-megawatt
power-milliwatt power-watt pressure-bar pressure-hectopascal pressure-kilopascal pressure-millibar pressure-pascal
pressure-pound-force-per-square-inch speed-kilometer-per-hour speed-meter-per-second speed-mile-per-hour
temperature-celsius temperature-fahrenheit temperature-kelvin volume-centiliter volume-cubic-meter volume-gallon
volume-liter volume-milliliter
"""
_MORE = """
dB dBm dBi mV µV kV µA mAh Ah Wh MWh VA kVA kΩ MΩ nF pF µF rpm fps bpm baud KiB MiB GiB TiB kbit/s
Mbit/s Gbit/s kB/s MB/s GB/s ppm px=graphics-pixel ms=duration-millisecond µs=duration-microsecond
kbps=kbit/s Mbps=Mbit/s Gbps=Gbit/s sec=duration-second secs=duration-second min=duration-minute
mins=duration-minute hr=duration-hour hrs=duration-hour h=duration-hour Std=duration-hour
Stunden=duration-hour yr=duration-year yrs=duration-year Jahren=duration-year Tagen=duration-day
Monaten=duration-month percent=concentr-percent prozentig=concentr-percent pct=concentr-percent
procent=concentr-percent pour\u00a0cent=concentr-percent por\u00a0ciento=concentr-percent
per\u00a0cent=concentr-percent por\u00a0cento=concentr-percent per\u00a0cento=concentr-percent
Zoll=length-inch 月=duration-month 周=duration-week 星期=duration-week 礼拜=duration-week 日=duration-day
日間=duration-day 日间=duration-day 晚=duration-night KB=digital-kilobyte V=electric-volt
A=electric-ampere W=power-watt m=length-meter g=mass-gram l=volume-liter L=volume-liter
s=duration-second t=mass-tonne K=temperature-kelvin B=digital-byte Ω=electric-ohm м=length-meter
л=volume-liter ч=duration-hour mb=digital-megabyte gb=digital-gigabyte kb=digital-kilobyte
tb=digital-terabyte Mb=digital-megabyte Gb=digital-gigabyte bits=digital-bit Bits=digital-bit
minutes=duration-minute meters=length-meter metres=length-meter metre=length-meter
litre=volume-liter litres=volume-liter kilometres=length-kilometer 公里=length-kilometer
米=length-meter 度=angle-degree
"""
_CURRENCIES = {
    "EUR": "€ EUR euro euros eur евро 欧元 歐元 ユーロ 유로 يورو",
    "USD": "$ US$ USD dollar dollars dólar dólares dollaro dollari dolar dolary dolarów доллар доллара долларов 美元 "
    "美金 ドル 달러 دولار",
    "GBP": "£ GBP pound pounds quid Pfund livres libras фунт фунтов 英镑 英鎊 ポンド 파운드",
    "CHF": "CHF SFr Fr. Franken francs franken franchi 瑞士法郎",
    "JPY": "¥ JPY yen Yen 円 日元 日圓 엔",
    "CNY": "¥ CN¥ CNY RMB yuan Yuan 元 块 人民币",
    "INR": "₹ INR rupee rupees",
    "PLN": "zł PLN złoty złote złotych",
    "RUB": "₽ RUB руб рубль рубля рублей",
    "KRW": "₩ KRW won 원",
    "CAD": "C$ CA$ CAD",
    "AUD": "A$ AU$ AUD",
    "SEK": "SEK kr Kronen",
    "cent": "¢ ct cent cents Cent centimes céntimos centavos cêntimos centesimi",
}
_MAGNITUDES = {
    3: "thousand tausend Tsd mille mil mila duizend tysiąc tysięcy тысяч тыс k",
    4: "万 萬 만",
    6: "million millions Million Millionen Mio millón millones milhão milhões milione milioni miljoen milion миллион "
    "миллионов млн 百万",
    8: "亿 億 억",
    9: "billion billions Milliarde Milliarden Mrd milliard milliards miliardi miljard miliard миллиард млрд",
}
"""Powers of ten, and the words for them."""

_NUMERALS = {
    2: "two zwei deux dos dois duas due twee dwa dwie два две 二 两 兩 둘 두",
    3: "three drei trois tres três tre drie trzy три 三 셋 세",
    4: "four vier quatre cuatro quatro quattro vier cztery четыре 四 네",
    5: "five fünf cinq cinco cinque vijf pięć пять 五 다섯",
    6: "six sechs seis sei zes sześć шесть 六 여섯",
    7: "seven sieben sept siete sete sette zeven siedem семь 七 일곱",
    8: "eight acht huit ocho oito otto osiem восемь 八 여덟",
    9: "nine neun neuf nueve nove negen dziewięć девять 九 아홉",
    10: "ten zehn dix diez dez dieci tien dziesięć десять 十 열",
    11: "eleven elf onze once undici jedenaście одиннадцать 十一",
    12: "twelve zwölf douze doce doze dodici twaalf dwanaście двенадцать 十二",
    14: "fourteen vierzehn quatorze catorce quattordici veertien czternaście четырнадцать 十四",
    15: "fifteen fünfzehn quinze quince quindici vijftien piętnaście пятнадцать 十五",
    20: "twenty zwanzig vingt veinte vinte venti twintig dwadzieścia двадцать 二十",
    24: "twenty-four vierundzwanzig vingt-quatre veinticuatro 二十四",
    30: "thirty dreißig trente treinta trinta trenta dertig trzydzieści тридцать 三十",
    60: "sixty sechzig soixante sesenta sessenta sessanta zestig sześćdziesiąt шестьдесят 六十",
    90: "ninety neunzig quatre-vingt-dix noventa novanta negentig dziewięćdziesiąt девяносто 九十",
    100: "hundred hundert cent cien cem cento honderd sto сто 一百",
}
_HAN_WEEKDAYS = {
    prefix + day: n for prefix in ("周", "週", "星期", "礼拜") for n, day in enumerate("一二三四五六日")
}


@cache
def numerals() -> Mapping[str, int]:
    """Numbers in words, in lower case."""
    return {word: number for number, words in _NUMERALS.items() for word in words.split()}


@cache
def magnitudes() -> Mapping[str, int]:
    """The words for powers of ten, with the power."""
    return {word: power for power, words in _MAGNITUDES.items() for word in words.split()}


@cache
def unit_spellings() -> Mapping[str, Units]:
    """Spellings as they stand in a text after NFKC; those of three letters and more also in lower case."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for spelling, unit in (*_from_cldr(), *_listed()):
        normal = unicodedata.normalize("NFKC", spelling).strip().rstrip(".")
        found[normal].add(unit)
        if len(normal) > 2:
            found[normal.casefold()].add(unit)
    return {spelling: frozenset(units) for spelling, units in found.items() if spelling}


@cache
def months() -> Mapping[str, int]:
    """The names of months, in lower case."""
    return dict(_names("months", range(1, 13)))


@cache
def weekdays() -> Mapping[str, int]:
    """The names of weekdays, in lower case; Monday is 0."""
    return dict(_names("days", range(7))) | _HAN_WEEKDAYS


def _from_cldr() -> Iterator[tuple[str, str]]:
    for language in LANGUAGES:
        patterns = _locale(language)["unit_patterns"]
        for unit in _CLDR_UNITS.split():
            for length in ("long", "short"):
                yield from ((spelling, unit) for spelling in _spellings(patterns[unit][length]))


def _spellings(forms: Mapping[str, str]) -> Iterator[str]:
    for form, pattern in forms.items():
        spelling = pattern.removeprefix("{0}").strip().rstrip(".")
        if form != "per" and pattern.startswith("{0}") and not _WORDS.fullmatch(spelling):
            yield spelling


def _listed() -> Iterator[tuple[str, str]]:
    for entry in _MORE.split(" "):
        for word in entry.split("\n"):
            spelling, _, unit = word.partition("=")
            yield spelling, unit or unicodedata.normalize("NFKC", spelling)
    for currency, words in _CURRENCIES.items():
        yield from ((word, currency) for word in words.split())


def _names(kind: str, numbers: range) -> Iterator[tuple[str, int]]:
    for language in LANGUAGES:
        names = _locale(language)[kind]
        for context in ("format", "stand-alone"):
            for number in numbers:
                name = str(names[context]["wide"][number]).casefold()
                if not name[0].isdigit():
                    yield name, number


def _locale(language: str) -> Any:
    return localedata.LocaleDataDict(dict[Any, Any](localedata.load(language)))
