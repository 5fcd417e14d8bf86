"""Documents that are zip archives of XML: Office Open XML, OpenDocument, EPUB. Opens their parts.

The archive was checked by `retrieval.loaders.detection` before. XML is parsed without entities, files or network, and
by local names: the same element has other namespaces in the strict form of a format.
"""

import posixpath
from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple, TypeAlias
from zipfile import ZipFile

from lxml import etree

Element: TypeAlias = etree._Element


class Relation(NamedTuple):
    """What a part refers to. kind: the last word of its type, as `header`; target: a part's name, or an address."""

    kind: str
    target: str


class Package:
    """The parts of an archive."""

    def __init__(self, content: bytes) -> None:
        self._archive = ZipFile(BytesIO(content))
        self.names = frozenset(self._archive.namelist())

    def read(self, name: str) -> bytes:
        """The bytes of a part; none where there is no such part."""
        return self._archive.read(name) if name in self.names else b""

    def xml(self, name: str) -> Element | None:
        """The root of a part; None where there is no such part."""
        content = self.read(name)
        return parse_xml(content) if content.strip() else None

    def relations(self, name: str = "") -> dict[str, Relation]:
        """What a part refers to, by id; without a name, what the package is made of."""
        folder, file = posixpath.split(name)
        root = self.xml(posixpath.join(folder, "_rels", f"{file}.rels"))
        return {
            attribute(one, "Id"): Relation(attribute(one, "Type").rsplit("/", 1)[-1], _target(one, folder))
            for one in (root if root is not None else ())
        }

    def related(self, kind: str, name: str = "") -> str:
        """The name of the one part of a kind that a part, or the package, refers to; empty where it has none."""
        return next((target for found, target in self.relations(name).values() if found == kind), "")

    def title(self) -> str:
        """What the properties of the document say."""
        root = self.xml(self.related("core-properties"))
        return text_of(root, "title") if root is not None else ""


def parse_xml(content: bytes) -> Element:
    """Raises lxml's XMLSyntaxError."""
    return etree.fromstring(
        content, etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    )


def local(element: Element) -> str:
    """The name of an element without its namespace; empty for what is no element."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def attribute(element: Element, name: str) -> str:
    """An attribute by its local name; empty where there is none."""
    return next((str(value) for key, value in element.items() if key.rpartition("}")[2] == name), "")


def child(element: Element | None, *path: str) -> Element | None:
    """The first child of that name, or its child of the next name, and so on."""
    for name in path:
        element = next((one for one in element if local(one) == name), None) if element is not None else None
    return element


def descendants(element: Element, name: str) -> Iterator[Element]:
    """All elements of that name below this one, in order."""
    return (one for one in element.iter() if local(one) == name)


def text_of(element: Element, name: str) -> str:
    """The text of the first descendant of that name."""
    return next(("".join(one.itertext()).strip() for one in descendants(element, name)), "")


def _target(relation: Element, folder: str) -> str:
    target = attribute(relation, "Target")
    if attribute(relation, "TargetMode") == "External":
        return target
    return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
