"""reStructuredText, also as Sphinx writes it: parsed by docutils, which renders it to HTML.

Roles and directives that docutils does not know are read for their text; files are never included.
"""

import re
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Any, ClassVar

from bs4.element import NavigableString
from docutils import nodes
from docutils.core import publish_parts
from docutils.parsers.rst import Directive, directives, roles
from docutils.parsers.rst.languages import en as english

from retrieval.documents import Document, DocumentBuilder
from retrieval.loaders.html import parsed, read_page
from retrieval.loaders.text import decoded

_ROLE = re.compile(r"(?<!\w):([a-z][\w:+.-]*):`", re.IGNORECASE)
_DIRECTIVE = re.compile(r"^[ \t]*\.\.[ \t]+(?:\|[^|\n]+\|[ \t]+)?([\w:+.-]+)::", re.MULTILINE)
_TARGET = re.compile(r"(?s)^(.+?)\s*<[^<>]*>$")
_SUBSTITUTION = re.compile(r"^[ \t]*\.\.[ \t]+\|([^|\n]+)\|", re.MULTILINE)
_SUBSTITUTED = re.compile(r"(?<![\w|`+-])\|(\w(?:[\w .-]*\w)?)\|(?![\w|`+-])")
_PATHS = frozenset({"doc", "download", "file", "std:doc"})
_SILENT = frozenset(
    """
    toctree index contents only ifconfig include literalinclude automodule autoclass autofunction automethod
    autodata autoattribute currentmodule module image figure raw meta highlight tabularcolumns sectionauthor
    codeauthor default-role role default-domain program youtube graphviz inheritance-diagram todolist
    bibliography plantuml
    """.split()  # noqa: SIM905
)
_BLOCKS_OF_CODE = frozenset(
    {"code-block", "sourcecode", "prompt", "doctest", "testcode", "productionlist", "parsed-literal"}
)
_NOTES = frozenset(["seealso", "versionadded", "versionchanged", "deprecated", "versionremoved", "todo"])
_LABELS = {
    "versionadded": "New in version",
    "versionchanged": "Changed in version",
    "deprecated": "Deprecated since version",
}
_SETTINGS = {
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "report_level": 5,
    "halt_level": 5,
    "doctitle_xform": False,
    "initial_header_level": 1,
    "smart_quotes": False,
    "syntax_highlight": "none",
    "math_output": "LaTeX",
    "embed_stylesheet": False,
    "_disable_config": True,
}


def load_rst(content: bytes, source: str) -> Iterator[Document]:
    """One document, titled by its first heading."""
    draft = DocumentBuilder()
    read_rst(decoded(content, source), draft)
    yield draft.document(source)


def read_rst(text: str, draft: DocumentBuilder) -> None:
    _register(text)
    text += "".join(f"\n\n.. |{name}| replace:: \u200b" for name in _undefined(text))
    parts = publish_parts(
        text, writer="html5", settings_overrides={**_SETTINGS, "warning_stream": StringIO()}
    )
    page = parsed(str(parts["body"]))
    for tag in page.find_all(class_="system-message"):
        tag.decompose()
    for tag in page.find_all(role="doc-noteref"):
        if isinstance(before := tag.previous_sibling, NavigableString):
            before.replace_with(NavigableString(before.rstrip()))
        tag.decompose()
    read_page(page, draft)


def _undefined(text: str) -> list[str]:
    """The names of substitutions that the site's settings would define."""
    defined = set(_SUBSTITUTION.findall(text))
    return sorted(set(_SUBSTITUTED.findall(text)) - defined)


class _AnyOption(dict[str, Any]):
    def __missing__(self, name: str) -> Any:
        return directives.unchanged


class _Text(Directive):  # type: ignore[misc]
    """Reads the argument and the content of a directive of any name."""

    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = _AnyOption({"class": directives.unchanged})

    def run(self) -> Sequence[nodes.Node]:
        name, argument = self.name.lower(), " ".join(self.arguments)
        if name in _BLOCKS_OF_CODE:
            return [nodes.literal_block(text="\n".join(self.content) or argument)]
        box = nodes.container()
        if argument:
            inline, _ = self.state.inline_text(
                f"{_LABELS[name]} {argument}:" if name in _LABELS else argument, self.lineno
            )
            box += nodes.paragraph("", "", *inline)
        self.state.nested_parse(self.content, self.content_offset, box)
        if name in _NOTES:
            box["classes"].append("note")
        return [box]


class _Nothing(_Text):
    def run(self) -> Sequence[nodes.Node]:
        return []


def _role(
    name: str, rawtext: str, text: str, lineno: int, inliner: Any, options: Any = None, content: Any = None
) -> tuple[list[nodes.Node], list[nodes.Node]]:
    """What a role shows: the text before its target, a menu's path, the last part of a document's."""
    said = _TARGET.sub(r"\1", nodes.unescape(text)).lstrip("!~")
    if name.lower() in _PATHS:
        said = said.rstrip("/").rsplit("/", 1)[-1]
    if name.lower() in ("guilabel", "menuselection"):
        said = said.replace("-->", ">").replace("&", "")
    return [nodes.inline(rawtext, said)], []


def _register(text: str) -> None:
    """Makes the names known that a text uses and docutils lacks."""
    for name in {found.lower() for found in _ROLE.findall(text)}:
        if name not in english.roles:
            roles.register_local_role(name, _role)
    for name in {found.lower() for found in _DIRECTIVE.findall(text)}:
        if name in _SILENT:
            directives.register_directive(name, _Nothing)
        elif name not in english.directives or name in _BLOCKS_OF_CODE:
            directives.register_directive(name, _Text)
