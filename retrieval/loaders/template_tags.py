"""Tags of site generators in Markdown (Jekyll and Liquid, Eleventy, Hugo, docfx): what a reader would see of them.

Comments and program are left out, literal addresses and words stay; a variable becomes the value that the front matter
gives it. Code is left as it is.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

_CODE = re.compile(
    r"^([ \t]*)(`{3,}|~{3,}).*?(?:^\1[ \t]*\2[`~]*[ \t]*$|\Z)|(`+)(?!`).+?(?<!`)\3(?!`)",
    re.MULTILINE | re.DOTALL,
)
_COMMENT = re.compile(
    r"\{%-?\s*comment\b.*?%\}.*?\{%-?\s*endcomment\s*-?%\}|\{#.*?#\}(?!\S)|\{\{[<%]?\s*/\*.*?\*/\s*[>%]?\}\}",
    re.DOTALL,
)
_RAW = re.compile(r"\{%-?\s*raw\s*-?%\}(.*?)\{%-?\s*endraw\s*-?%\}", re.DOTALL)
_HIGHLIGHT = re.compile(r"\{%-?\s*highlight\b.*?%\}\n?(.*?)\{%-?\s*endhighlight\s*-?%\}", re.DOTALL)
_TAG = re.compile(r"\{%-?\s*(/?[\w.-]+)?(.*?)-?%\}|\{\{[<%]\s*(/?[\w./-]+)?(.*?)/?\s*[>%]\}\}", re.DOTALL)
_OUTPUT = re.compile(r"\{\{-?(.*?)-?\}\}", re.DOTALL)
_LITERAL = re.compile(r"\s*(\"[^\"]*\"|'[^']*')\s*(?:\|.*)?", re.DOTALL)
_VARIABLE = re.compile(r"\s*(?:page\.|\.Params\.|\.)?([\w-]+)\s*(?:\|.*)?", re.DOTALL)
_QUOTED = re.compile(r"(?:\b(\w+)\s*[=:]\s*)?(?:\"([^\"]*)\"|'([^']*)')")
_ADDRESSES = frozenset(
    {"page", "link", "url", "ref", "relref", "post_url", "download", "asset", "xref", "doc"}
)
_SILENT = re.compile(
    r"/.*|end\w+|include\w*|render\w*|import|from|extends|block|macro|call|set|assign|if|else|elsif|elseif|elif|unless|for|"
    r"case|when|break|continue|cycle|with|layout|image\w*|img\w*|picture|svg|\w*icon|css|js|script|style|toc|youtube|"
    r"vimeo|video|gist|code|highlight|tab\w*|capture|increment|decrement|filter|autoescape|load|static|partial|plugin",
    re.IGNORECASE,
)
_SHOWN = ("title", "caption", "text", "label", "summary", "heading", "name")
_DOCFX = re.compile(
    r"\[!(?:INCLUDE|VIDEO|div|SELECTOR|CODE)\b\s*(?:\[[^\]]*\]\s*(?:\([^)]*\))?|[^\]\[]*)\]", re.IGNORECASE
)
_ATTRIBUTES = re.compile(
    r"[ \t]*\{:?[ \t]*(?:[#.][\w:.-]+|[\w-]+=(?:\"[^\"]*\"|[\w-]+)|toc\b)(?:[ \t]+(?:[#.]?[\w:=.\"-]+))*[ \t]*:?\}"
)
_ANCHOR = re.compile(r"^(#{1,6}[ \t].*?)[ \t]*\{#[^}\n]*\}[ \t]*$", re.MULTILINE)
_CONTENTS = re.compile(
    r"^[ \t]*(?:\[\[_?TOC_?\]\]|\[TOC\]|<!-- toc -->|\{\{< toc >\}\})[ \t]*$", re.MULTILINE | re.IGNORECASE
)


def without_template_tags(text: str, values: Mapping[str, Any]) -> str:
    """`values` are the front matter's, for variables."""
    text = _HIGHLIGHT.sub(r"```\n\1\n```\n", _COMMENT.sub("", text))
    kept: list[str] = []
    text = _RAW.sub(lambda found: _keep(found.group(1), kept), text)
    text = outside_code(text, lambda prose: _plain(prose, values))
    for number, raw in enumerate(kept):
        text = text.replace(_place(number), raw)
    return text


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """Changes what is not a code block or a code span."""
    kept: list[str] = []
    changed = change(_CODE.sub(lambda found: _keep(found.group(), kept, "c"), text))
    for number, code in enumerate(kept):
        changed = changed.replace(_place(number, "c"), code)
    return changed


def _plain(text: str, values: Mapping[str, Any]) -> str:
    text = _TAG.sub(_shown, _CONTENTS.sub("", text))
    text = _OUTPUT.sub(lambda found: _value(found.group(1), values), text)
    text = _ANCHOR.sub(r"\1", _DOCFX.sub("", text))
    return _ATTRIBUTES.sub("", text)


def _shown(tag: re.Match[str]) -> str:
    """The address that a tag makes, or its words; nothing for a tag that is program."""
    name, rest = (tag.group(1) or tag.group(3) or ""), (tag.group(2) or tag.group(4) or "")
    named = [(key, double or single) for key, double, single in _QUOTED.findall(rest)]
    words = [value for key, value in named if not key]
    if name in _ADDRESSES:
        paths = [*words, *(value for key, value in named if key in ("url", "href", "path"))]
        return paths[0].replace(" ", "%20") if paths else ""
    told = [value for key, value in named if key in _SHOWN and " " in value]
    if _SILENT.fullmatch(name):
        return " ".join(told)
    if words and "/" not in words[0]:
        told.insert(0, words[0])
    return f"{' '.join(told)}\n\n" if _stands_alone(tag) and told else " ".join(told)


def _stands_alone(tag: re.Match[str]) -> bool:
    before = tag.string[: tag.start()].rpartition("\n")[2]
    after = tag.string[tag.end() :].partition("\n")[0]
    return not before.strip() and not after.strip()


def _value(expression: str, values: Mapping[str, Any]) -> str:
    if literal := _LITERAL.fullmatch(expression):
        return literal.group(1)[1:-1]
    variable = _VARIABLE.fullmatch(expression)
    value = values.get(variable.group(1)) if variable else None
    return str(value) if isinstance(value, str | int | float) else ""


def _keep(text: str, kept: list[str], kind: str = "r") -> str:
    kept.append(text)
    return _place(len(kept) - 1, kind)


def _place(number: int, kind: str = "r") -> str:
    """Stands for the text that is kept, and reads as one word."""
    return f"\ue000{kind}{number}\ue001"
