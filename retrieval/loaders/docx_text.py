"""The text of a Word paragraph: what was inserted, not what was deleted; results of fields; equations in a line."""

import re
from collections.abc import Iterator, Mapping

from retrieval.loaders.addresses import with_address
from retrieval.loaders.packages import Element, attribute, child, local

_DELETED = ("del", "moveFrom")
_ELSEWHERE = ("Fallback", "txbxContent", "footnoteReference", "endnoteReference", "annotationRef")
_PROPERTIES = ("pPr", "rPr", "sectPr", "delText", "delInstrText")
_DROPPED = frozenset([*_DELETED, *_ELSEWHERE, *_PROPERTIES])
_CHARACTERS = {"tab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": " "}
_OPERATORS = {"sSup": ("^", "sup"), "sSub": ("_", "sub")}
_NONE: Mapping[str, str] = {}
_BEGIN, _SEPARATE, _END = "\ue000", "\ue001", "\ue002"
_FIELD_MARKS = {"begin": _BEGIN, "separate": _SEPARATE, "end": _END}
_FIELD = re.compile(f"{_BEGIN}([^{_BEGIN}-{_END}]*)(?:{_SEPARATE}([^{_BEGIN}-{_END}]*))?{_END}")
_OPEN_FIELD = re.compile(f"{_BEGIN}[^{_BEGIN}-{_END}]*|[^{_BEGIN}-{_END}]*(?={_SEPARATE})|{_SEPARATE}")
_LINK = re.compile(r'\s*HYPERLINK\s+"([^"]+)"')
_OFF = frozenset(["0", "false", "off", "none"])
_CHECK_MARKS = str.maketrans(
    {"û": "✗", "ü": "✓", "þ": "☑", "ý": "☒", "¨": "☐", "o": "☐", "à": "→", "è": "→", "§": "•"}
)
"""What the letters of the symbol font Wingdings show."""


def paragraph_text(paragraph: Element, links: Mapping[str, str] = _NONE) -> str:
    """The text without that of boxes and notes, which stand elsewhere. links: the addresses of links by id."""
    text = "".join(_pieces(paragraph, links))
    return _resolved(text) if _BEGIN in text or _END in text else text


def boxes(paragraph: Element) -> Iterator[Element]:
    """The contents of the text boxes that are anchored in a paragraph; of two versions of a box, the first."""
    for one in paragraph:
        if local(one) == "txbxContent":
            yield one
        elif local(one) != "Fallback" and local(one) not in _DELETED:
            yield from boxes(one)


def notes(paragraph: Element) -> Iterator[tuple[str, str]]:
    """`footnote` or `endnote`, and its id, for each that the paragraph refers to."""
    for one in paragraph.iter():
        if local(one) in ("footnoteReference", "endnoteReference"):
            yield local(one).removesuffix("Reference"), attribute(one, "id")


def _resolved(text: str) -> str:
    """The results of fields in place of their codes, from the innermost out; a field may go on beyond the text."""
    while (shorter := _FIELD.sub(_result, text)) != text:
        text = shorter
    return _OPEN_FIELD.sub("", text).replace(_END, "")


def _result(field: re.Match[str]) -> str:
    code, result = field.groups()
    link = _LINK.match(code)
    return with_address(result or "", link.group(1)) if link else result or ""


def _pieces(element: Element, links: Mapping[str, str]) -> Iterator[str]:
    fonts = child(element, "rPr", "rFonts")
    symbols = fonts is not None and attribute(fonts, "ascii").startswith("Wingdings")
    for one in element:
        name = local(one)
        if name == "t":
            yield (one.text or "").translate(_CHECK_MARKS if symbols else {})
        elif name == "oMath":
            yield f" {equation(one)} "
        elif name in _CHARACTERS:
            yield _CHARACTERS[name]
        elif name == "fldChar":
            yield _FIELD_MARKS.get(attribute(one, "fldCharType"), "")
        elif name == "hyperlink":
            yield with_address("".join(_pieces(one, links)), links.get(attribute(one, "id"), ""))
        elif name == "instrText":
            yield one.text or ""
        elif name == "sym":
            yield _symbol(attribute(one, "char"))
        elif name not in _DROPPED and not _hidden(one):
            yield from _pieces(one, links)


def is_on(switch: Element | None) -> bool:
    """Whether a property such as bold is there, and not switched off."""
    return switch is not None and attribute(switch, "val") not in _OFF


def _hidden(run: Element) -> bool:
    return is_on(child(run, "rPr", "vanish"))


def _symbol(code: str) -> str:
    """A character of a symbol font, in which those from F000 on stand for Latin letters."""
    number = int(code or "20", 16)
    return chr(number & 0xFF).translate(_CHECK_MARKS) if 0xF000 <= number <= 0xF0FF else chr(number)


def equation(element: Element) -> str:
    """An equation in a line, as in `x^2 + (a+b)/2`."""
    return "".join(filter(None, map(_term, element)))


def _term(one: Element) -> str:
    name = local(one)
    if name == "t":
        return str(one.text or "")
    if name == "f":
        return f"{_group(one, 'num')}/{_group(one, 'den')}"
    if name in _OPERATORS:
        sign, part = _OPERATORS[name]
        return f"{_group(one, 'e')}{sign}{_group(one, part)}"
    if name == "sSubSup":
        return f"{_group(one, 'e')}_{_group(one, 'sub')}^{_group(one, 'sup')}"
    if name == "rad":
        return f"{_of(one, 'deg')}√{_group(one, 'e')}"
    if name == "nary":
        operator = child(one, "naryPr", "chr")
        return f"{attribute(operator, 'val') if operator is not None else '∫'}{_limits(one)} {_of(one, 'e')}"
    if name == "d":
        return f"({', '.join(equation(part) for part in one if local(part) == 'e')})"
    return "" if name.endswith("Pr") else equation(one)


def _limits(nary: Element) -> str:
    low, high = _of(nary, "sub"), _of(nary, "sup")
    return (f"_{_bracketed(low)}" if low else "") + (f"^{_bracketed(high)}" if high else "")


def _of(element: Element, part: str) -> str:
    found = child(element, part)
    return equation(found) if found is not None else ""


def _group(element: Element, part: str) -> str:
    return _bracketed(_of(element, part))


def _bracketed(text: str) -> str:
    whole = text.replace(".", "").isalnum() or (text.startswith("(") and text.endswith(")"))
    return text if whole else f"({text})"
