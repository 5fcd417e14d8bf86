"""What stands within a line of AsciiDoc: emphasis, links, references, keys and menus, as plain text."""

import re
from collections.abc import Mapping

_ATTRIBUTE = re.compile(r"(?<!\\)\{([\w-]+)\}")
_KNOWN = {"nbsp": " ", "sp": " ", "plus": "+", "asterisk": "*", "amp": "&", "lt": "<", "gt": ">", "vbar": "|"} | {
    "cpp": "C++", "apos": "'", "quot": '"', "hyphen": "-", "tilde": "~", "caret": "^", "backtick": "`"
}  # fmt: skip
_PASSED = re.compile(r"pass:\w*\[(.*?)\]|\+\+\+(.+?)\+\+\+|(?<![\w+])\+(?=\S)([^+\n]+?)(?<=\S)\+(?![\w+])")
_LINK = re.compile(
    r"(?:link:)?\+{0,2}((?:https?|ftp|mailto|irc)://?[^\s\[\]<>+]*|mailto:[^\s\[\]]+)\+{0,2}\[([^\]]*)\]"
)
_LOCAL = re.compile(r"(?:link|xref):[^\s\[]*\[([^\]]*)\]")
_REFERENCE = re.compile(r"<<([^,>]+)(?:,\s*([^>]+))?>>")
_MACRO = re.compile(
    r"(?:kbd|btn|footnote(?:ref)?|indexterm2?|anchor|icon|image|stem|latexmath|asciimath|menu):([^\s\[]*)\[([^\]]*)\]"
)
_INDEX = re.compile(r"\(\(\([^)]*\)\)\)|\(\(([^)]*)\)\)")
_ANCHOR = re.compile(r"\[\[[^\]]*\]\]")
_ROLE = re.compile(r"\[[.#%][^\]]*\](?=[#*_`])")
_DOUBLE = re.compile(r"(\*\*|__|``|##)(?=\S)(.+?)(?<=\S)\1")
_SINGLE = re.compile(r"(?<![\w\\*_`#])([*_`#])(?=\S)((?:(?!\1).)+?)(?<=\S)\1(?!\w)")
_RAISED = re.compile(r"(?<=\w)([\^~])(\S+?)\1")
_ESCAPED = re.compile(r"\\(?=[*_`#{<\[\]^~+])")
_ENTITY = re.compile(r"\((C|R|TM)\)")


def inline_text(text: str, attributes: Mapping[str, str]) -> str:
    """`attributes`: the values of `{names}`; a name that nobody has set is left out."""
    text = _ATTRIBUTE.sub(
        lambda found: attributes.get(found.group(1).lower(), _KNOWN.get(found.group(1).lower(), "")), text
    )
    text = _INDEX.sub(lambda found: found.group(1) or "", _ANCHOR.sub("", text))
    text = _LINK.sub(_link, text)
    text = _LOCAL.sub(lambda found: _label(found.group(1)), text)
    text = _REFERENCE.sub(lambda found: found.group(2) or found.group(1).replace("_", " ").strip("# "), text)
    text = _MACRO.sub(_macro, text)
    kept: list[str] = []
    text = _PASSED.sub(lambda found: _keep(next(filter(None, found.groups()), ""), kept), text)
    text = _ROLE.sub("", text)
    for pattern in (_DOUBLE, _SINGLE, _SINGLE):
        text = pattern.sub(r"\2", text)
    text = _ESCAPED.sub("", _RAISED.sub(r"\2", text))
    for number, passed in enumerate(kept):
        text = text.replace(_place(number), passed)
    return text.replace("'`", "’").replace("`'", "’").replace('"`', "“").replace('`"', "”")


def _link(found: re.Match[str]) -> str:
    address, label = found.group(1), _label(found.group(2))
    return (
        f"{label} ({address.removeprefix('mailto:')})"
        if label and label not in address
        else address.removeprefix("mailto:")
    )


def _label(attributes: str) -> str:
    """The text of a link without `window=_blank` and the like."""
    if attributes.startswith('"') and '"' in attributes[1:]:
        return attributes[1:].partition('"')[0]
    return re.sub(r",\s*\w+=.*$", "", attributes).removesuffix("^").strip()


def _macro(found: re.Match[str]) -> str:
    name = found.group().partition(":")[0]
    target, inside = found.group(1), found.group(2)
    if name == "menu":
        return " > ".join(filter(None, [target, *(part.strip() for part in inside.split(">"))]))
    if name in ("kbd", "btn", "indexterm2", "stem", "latexmath", "asciimath"):
        return inside
    if name.startswith("footnote"):
        return f" ({inside})" if inside else ""
    words = inside.split(",")[0].strip('"')
    return words if name == "image" and len(words.split()) > 2 else ""


def _keep(text: str, kept: list[str]) -> str:
    kept.append(text)
    return _place(len(kept) - 1)


def _place(number: int) -> str:
    return f"\ue000{number}\ue001"
