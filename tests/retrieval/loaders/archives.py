"""Small documents in zip archives, written part by part."""

from collections.abc import Mapping
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile


def archive(parts: Mapping[str, str | bytes]) -> bytes:
    content = BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as file:
        for name, part in parts.items():
            file.writestr(name, part)
    return content.getvalue()


NAMESPACES = 'xmlns:xlink="http://www.w3.org/1999/xlink" ' + " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in {
        "office": "office",
        "text": "text",
        "table": "table",
        "draw": "drawing",
        "presentation": "presentation",
        "style": "style",
    }.items()
)


def opendocument(kind: str, body: str, styles: str = "") -> bytes:
    """An OpenDocument file: `text`, `spreadsheet` or `presentation`."""
    content = (
        f"<office:document-content {NAMESPACES}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    media_type = f"application/vnd.oasis.opendocument.{kind}"
    return archive({"mimetype": media_type, "content.xml": content})


def epub(chapters: Mapping[str, str], *, contents: str = "", rights: bool = False) -> bytes:
    """A book of chapters in HTML, by file name; `contents` is the one that is a table of contents."""
    items = "".join(f'<item id="{name}" href="{name}"/>' for name in chapters)
    spine = "".join(f'<itemref idref="{name}"/>' for name in chapters)
    guide = f'<guide><reference type="toc" href="{contents}"/></guide>' if contents else ""
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>All about pumps</dc:title></metadata><manifest>{items}</manifest>"
        f"<spine>{spine}</spine>{guide}</package>"
    )
    container = '<container><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>'
    return archive(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": container,
            "OPS/book.opf": package,
            **({"META-INF/rights.xml": "<rights/>"} if rights else {}),
            **{f"OPS/{name}": text for name, text in chapters.items()},
        }
    )
