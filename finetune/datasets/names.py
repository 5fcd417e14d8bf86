"""Names of people, where they introduce themselves or are spoken of with a title, in English and Chinese.

A recogniser by form, not a model: it finds the names that conversations with a service usually hold.
"""

import re
from collections.abc import Iterator

WORD = r"[A-Z][a-zà-öø-ÿ'’-]{1,24}"
FULL = rf"{WORD}(?:[ ](?:{WORD}|[A-Z]\.?)){{0,3}}"
NO_NAME = (
    "(?!(?:not|wrong|spelled|spelt|misspelled|misspelt|missing|on|in|at|the|a|an|still|now|no|correct|incorrect|and|or|so|"
    "as|too|listed|shown|written|changed|different|already|being|also)\\b)"
)
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆"
    "汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
HAN = "[\u4e00-\u9fff]"

ENGLISH = (
    re.compile(
        rf"(?i:my name is|my name['’]s|my full name is|i am called|i['’]m called|call me|name:)\s+({FULL})"
    ),
    re.compile(rf"(?i:my name is|my name['’]s)\s+{NO_NAME}([a-z][a-z'’-]{{1,24}})\b"),
    re.compile(rf"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Madam)\.?\s+({FULL})"),
    re.compile(rf"(?i:\b(?:kind|best|warm) regards|\bregards|\bsincerely|\bcheers),?\s+({FULL})\s*$"),
)
CHINESE = (
    re.compile(
        rf"(?:我叫做?|我的名字[是叫]|我的姓名是|姓名[:：])\s*([{SURNAMES}]{HAN}{{1,2}})(?=[^\u4e00-\u9fff]|$|[想要是在来的])"
    ),
    re.compile(rf"([{SURNAMES}]{HAN}{{0,2}}?)(?:先生|女士|小姐|太太)"),
    re.compile(rf"(?:我姓|免贵姓|本人姓)\s*([{SURNAMES}])"),
)


def names(text: str) -> Iterator[str]:
    """The names in a text, as they stand there; one may come more than once."""
    for pattern in (*ENGLISH, *CHINESE):
        yield from (match.group(1) for match in pattern.finditer(text))


def places_of(name: str, text: str) -> Iterator[tuple[int, int]]:
    """Where a name stands as a word of its own; (start, end)."""
    latin = rf"(?<![^\W_]){re.escape(name)}(?![^\W_])" if name[0].isascii() else re.escape(name)
    return (match.span() for match in re.finditer(latin, text))
