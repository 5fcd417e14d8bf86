"""Books in EPUB: the chapters in reading order, each read as a page of HTML."""

import posixpath
from collections.abc import Iterator
from urllib.parse import unquote

from retrieval.documents import Document, DocumentBuilder, readable_name
from retrieval.errors import UnreadableDocument
from retrieval.loaders import find_loader
from retrieval.loaders.packages import Element, Package, attribute, descendants, text_of

_CONTAINER, _RIGHTS = "META-INF/container.xml", "META-INF/rights.xml"


def load_epub(content: bytes, source: str) -> Iterator[Document]:
    """One document with the book's title. Raises UnreadableDocument for one that is protected against copying."""
    package = Package(content)
    if _RIGHTS in package.names:
        raise UnreadableDocument(source, "it is protected against copying (DRM)")
    name = _package_file(package)
    root = package.xml(name)
    if root is None:
        raise UnreadableDocument(source, "it is broken: it names no content")
    title = text_of(root, "title")
    draft = DocumentBuilder()
    for chapter in _chapters(root, posixpath.dirname(name)):
        for document in find_loader(".html")(package.read(chapter), source):
            if not document.headings and document.title not in (title, readable_name(source)):
                draft.heading(1, document.title)
            draft.include(document)
    yield draft.document(source, title)


def _package_file(package: Package) -> str:
    container = package.xml(_CONTAINER)
    files = descendants(container, "rootfile") if container is not None else iter(())
    return next((attribute(file, "full-path") for file in files), "")


def _chapters(root: Element, folder: str) -> Iterator[str]:
    """The parts that are read one after the other, without the table of contents."""
    items = {attribute(item, "id"): item for item in descendants(root, "item")}
    contents = {
        attribute(one, "href").partition("#")[0]
        for one in descendants(root, "reference")
        if attribute(one, "type") == "toc"
    }
    for reference in descendants(root, "itemref"):
        item = items.get(attribute(reference, "idref"))
        if (
            item is None
            or "nav" in attribute(item, "properties").split()
            or attribute(item, "href") in contents
        ):
            continue
        yield posixpath.normpath(posixpath.join(folder, unquote(attribute(item, "href"))))
