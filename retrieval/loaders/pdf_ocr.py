"""Text from pictures of pages, by the program tesseract where it is there (`pip install groundtalk[ocr]`)."""

import shutil
from importlib import import_module
from importlib.util import find_spec

import pypdfium2 as pdfium

_DOTS_PER_POINT = 300 / 72
_LONGEST_SECONDS = 120


def recognized(page: pdfium.PdfPage) -> list[str] | None:
    """The lines of text on the picture of a page; None where text recognition is not installed."""
    if find_spec("pytesseract") is None or shutil.which("tesseract") is None:
        return None
    tesseract = import_module("pytesseract")
    picture = page.render(scale=_DOTS_PER_POINT, grayscale=True).to_pil()
    languages = "+".join(name for name in tesseract.get_languages() if name != "osd")
    text: str = tesseract.image_to_string(picture, lang=languages or None, timeout=_LONGEST_SECONDS)
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n") if paragraph.strip()]
