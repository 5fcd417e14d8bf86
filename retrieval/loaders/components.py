"""Components and boxes in Markdown: JSX of MDX, containers (`:::note`), admonitions (`!!! note`), callouts (`[!NOTE]`).

Each becomes the Markdown or HTML of what it shows: its title, its label and the text inside. Program goes.
"""

import re
from textwrap import dedent, indent

from retrieval.loaders.front_matter import is_prose
from retrieval.loaders.template_tags import outside_code

_PROGRAM = re.compile(
    r"^(?:import\s+(?:[\w*{][^;\n]*|\{[^}]*\}\s*)from\s+[\"'][^\"']+[\"'];?|import\s+[\"'][^\"']+[\"'];?|"
    r"export\s+(?:default|const|let|function|async)\b.*?(?:\n\s*\n|\Z))",
    re.MULTILINE | re.DOTALL,
)
_JSX_COMMENT = re.compile(r"\{\s*/\*.*?\*/\s*\}", re.DOTALL)
_EXPRESSION = re.compile(r"\{\s*(?:([\"'`])(.*?)\1|[\w.?\[\]()\s]*)\s*\}")
_ATTRIBUTE = re.compile(r"([\w-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|\{\s*[\"'`]([^\"'`]*)[\"'`]\s*\})")
_NAME = r"[A-Z][\w.]*"
_ATTRIBUTES = r"(?:[^<>\"'{}]|\"[^\"]*\"|'[^']*'|\{(?:[^{}]|\{[^{}]*\})*\})*?"
_ALONE = re.compile(rf"<({_NAME})\b({_ATTRIBUTES})/>", re.DOTALL)
_BLOCK = re.compile(
    rf"^([ \t]*)<({_NAME})\b({_ATTRIBUTES})>[ \t]*\n?((?:(?!<\2\b).)*?)</\2>[ \t]*$", re.DOTALL | re.MULTILINE
)
_TAG = re.compile(rf"</?({_NAME})\b({_ATTRIBUTES})>|<>|</>", re.DOTALL)
_TITLES = ("title", "label", "header", "heading", "question", "summary", "name", "caption", "tab")
_TEXTS = ("description", "text", "content", "subtitle", "answer", "body", "alt", "alt-text", "value")
_CONTAINER = re.compile(
    r"^([ \t]*):{3,}[ \t]*(?:\{?\.?([\w-]+)\}?)?[ \t]*(?:\[([^\]\n]*)\]|\{title=\"([^\"\n]*)\"\}|([^\n{]*))[^\n]*$",
    re.MULTILINE,
)
_DOCFX_IMAGE = re.compile(r":::image\b((?:[^:]|:(?!::))*):::(?:[ \t]*$)?", re.MULTILINE)
_ADMONITION = re.compile(
    r"^([ \t]*)(?:!!!|\?\?\?\+?|===)[ \t]*([\w-]*)[^\"\n]*(?:\"([^\"\n]*)\")?[ \t]*\n"
    r"((?:\1(?: {4}|\t).*\n?|[ \t]*\n)*)",
    re.MULTILINE,
)
_CALLOUT = re.compile(r"^([ \t]*>[ \t]*)\[!([A-Za-z]+)\][+-]?[ \t]*([^\n]*)$", re.MULTILINE)
_LABELS = frozenset(
    """
    note tip info warning caution danger important hint attention error success question example
    """.split()  # noqa: SIM905
)
_WIKI_LINK = re.compile(r"!\[\[[^\]]*\]\]|\[\[(?:[^\]|\n]*\|)?([^\]|\n]+)\]\]")
_FOOTNOTE_MARK = re.compile(r"(?<=\S)\[\^[^\]\n]+\](?!:)")
_FOOTNOTE = re.compile(r"^\[\^([^\]\n]+)\]:", re.MULTILINE)
_TASK = re.compile(r"^([ \t]*(?:[-*+]|\d+[.)])[ \t]+)\[[ xX]\][ \t]+", re.MULTILINE)
_MARKED = re.compile(r"==(?=\S)([^=\n]+?)(?<=\S)==")


def resolved(text: str, jsx: bool) -> str:
    """Markdown with its components and boxes replaced by what they show; `jsx`: it is MDX."""
    return outside_code(text, _without_program if jsx else _boxes)


def _without_program(text: str) -> str:
    text = _components(_JSX_COMMENT.sub("", _PROGRAM.sub("", text)))
    return _boxes(_EXPRESSION.sub(lambda found: found.group(2) or "", text))


def _components(text: str) -> str:
    """The innermost first, so that what is inside is Markdown when the outer one is replaced."""
    text = _ALONE.sub(lambda found: _told(found.group(2), alone=_line_is(found)), text)
    while (changed := _BLOCK.sub(_section, text)) != text:
        text = changed
    return _TAG.sub(lambda found: _told(found.group(2) or "", alone=False), text)


def _section(found: re.Match[str]) -> str:
    margin, _, attributes, inside = found.groups()
    lines = dedent(inside if inside.endswith("\n") or "\n" not in inside else f"{inside}\n").strip("\n")
    return "\n" + indent(f"{_told(attributes, alone=True)}\n\n{lines}", margin) + "\n"


def _line_is(found: re.Match[str]) -> bool:
    """Whether a component stands on lines of its own."""
    before = found.string[: found.start()].rpartition("\n")[2]
    after = found.string[found.end() :].partition("\n")[0]
    return not before.strip() and not after.strip()


def _told(attributes: str, alone: bool) -> str:
    """A component's title and texts, from its attributes; on a line of its own, the title is bold."""
    values = {name: a or b or c for name, a, b, c in _ATTRIBUTE.findall(attributes)}
    title = next((values[name] for name in _TITLES if values.get(name)), "")
    texts = [
        values[name] for name in _TEXTS if is_prose(values.get(name)) or (name == "text" and values.get(name))
    ]
    if not alone:
        return " ".join([title, *texts]).strip()
    said = ": ".join(filter(None, [f"**{title.strip()}**" if title.strip() else "", " ".join(texts)]))
    return f"\n{said}\n" if said else ""


def _boxes(text: str) -> str:
    text = _DOCFX_IMAGE.sub(lambda found: _told(found.group(1), alone=False), text)
    text = _ADMONITION.sub(_admonition, _CONTAINER.sub(_container, text))
    text = _CALLOUT.sub(_callout, text)
    text = _FOOTNOTE.sub(r"[\1]", _FOOTNOTE_MARK.sub("", text))
    text = _WIKI_LINK.sub(lambda found: found.group(1) or "", text)
    return _MARKED.sub(r"\1", _TASK.sub(r"\1", text))


def _container(found: re.Match[str]) -> str:
    margin, kind, *titles = found.groups()
    return f"{margin}\n{margin}{_label(kind or '', next(filter(None, titles), ''))}\n{margin}\n"


def _admonition(found: re.Match[str]) -> str:
    margin, kind, title, inside = found.groups()
    return f"\n{margin}{_label(kind, title or '')}\n\n{indent(dedent(inside), margin)}\n"


def _callout(found: re.Match[str]) -> str:
    mark, kind, title = found.groups()
    bar = mark.rstrip()
    return f"{bar}\n{mark}{_label(kind, title)}\n{bar}"


def _label(kind: str, title: str) -> str:
    """The first line of a box, which the HTML reader sets before its text; within a list it has the list's margin."""
    label = title.strip() or (kind.capitalize() if kind.lower() in _LABELS else "")
    return f'<div class="note"><p class="admonition-title">{label}</p></div>' if label else ""
