"""Small PDF files, written by hand: pages of lines with a place and a size, ruled lines, bookmarks."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    text: str
    x: float
    y: float
    """From the bottom of a page that is 842 points high."""
    size: float = 11
    font: str = "F1"


_NARROW = {"i": 222, "l": 222, "f": 436, "m": 833, "t": 278, "T": 611, " ": 278}
_WIDTHS = [620, 850, 1167, *[556] * 28, *(_NARROW.get(chr(code), 556) for code in range(32, 127))]
LIGATURES = (
    "<< /Type /Font /Subtype /Type1 /BaseFont /Unknown /FirstChar 1 /LastChar 126 "
    f"/Widths [{' '.join(map(str, _WIDTHS))}] "
    "/Encoding << /BaseEncoding /WinAnsiEncoding /Differences [1 /i /f /h] >> >>"
)
"""A font, F3, of which the glyphs 1 to 3 are as wide as fi, ff and Th, and are called i, f and h."""


def pdf(pages: Sequence[Sequence[Text]], drawn: str = "", bookmarks: Sequence[tuple[str, int]] = ()) -> bytes:
    """`drawn`: operators for every page; `bookmarks`: title and index of a page."""
    fonts = "<< /Font << /F1 4 0 R /F2 5 0 R /F3 3 0 R >> >>"
    count = len(pages)
    first_mark = 6 + 2 * count
    objects = [
        "<< /Type /Catalog /Pages 2 0 R" + (f" /Outlines {first_mark} 0 R" if bookmarks else "") + " >>",
        f"<< /Type /Pages /Kids [{' '.join(f'{6 + 2 * n} 0 R' for n in range(count))}] /Count {count} >>",
        LIGATURES,
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >>",
    ]
    for n, page in enumerate(pages):
        stream = drawn + "".join(f"BT /{t.font} {t.size} Tf {t.x} {t.y} Td ({t.text}) Tj ET\n" for t in page)
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {7 + 2 * n} 0 R /Resources {fonts} >>",
            f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        ]
    if bookmarks:
        last = first_mark + len(bookmarks)
        objects.append(f"<< /First {first_mark + 1} 0 R /Last {last} 0 R /Count {len(bookmarks)} >>")
        for n, (title, page_index) in enumerate(bookmarks, first_mark + 1):
            following = f" /Next {n + 1} 0 R" if n < last else ""
            objects.append(
                f"<< /Title ({title}) /Parent {first_mark} 0 R /Dest [{6 + 2 * page_index} 0 R /Fit]{following} >>"
            )
    return _file(objects)


def paragraph(*lines: str, top: float = 780, x: float = 50, size: float = 11) -> list[Text]:
    """Lines below each other."""
    return [Text(line, x, top - n * size * 1.25, size) for n, line in enumerate(lines)]


def _file(objects: Sequence[str]) -> bytes:
    body, places = "%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    trailer = f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF"
    return (f"{body}xref\n0 {size}\n0000000000 65535 f \n{table}{trailer}").encode("latin-1")
