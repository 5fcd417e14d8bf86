"""The headings of Word documents whose authors set them in bold or large letters and not in a heading style."""

from statistics import median

from retrieval.loaders.docx_styles import Styles
from retrieval.loaders.docx_text import is_on, paragraph_text
from retrieval.loaders.packages import Element, attribute, child, descendants, local

_LONGEST = 80
_MOST = 0.4
"""Of all paragraphs; where more stand out, none does."""
_LOWEST_LEVEL = 4
_NO_HEADING_ENDS = (".", ":", ";", ",", "。", "：")
_USUAL_SIZE = 22


def typed_headings(body: Element, styles: Styles) -> dict[Element, int]:
    """Their levels, the largest letters first; none where the document has headings in a style."""
    paragraphs = [one for one in body if local(one) == "p" and paragraph_text(one).strip()]
    if any(map(styles.heading_level, paragraphs)) or not paragraphs:
        return {}
    usual = median(map(_size, paragraphs))
    found = [
        one for one in paragraphs if _stands_out(one, usual) and not styles.property(one, "numPr", "numId")
    ]
    if len(found) > _MOST * len(paragraphs):
        return {}
    sizes = sorted({_size(one) for one in found}, reverse=True)
    return {one: min(sizes.index(_size(one)) + 1, _LOWEST_LEVEL) for one in found}


def is_bold(element: Element) -> bool:
    """Whether all text in a paragraph, or in a row of a table, is bold."""
    runs = [
        run for run in descendants(element, "r") if any((t.text or "").strip() for t in descendants(run, "t"))
    ]
    return bool(runs) and all(is_on(child(run, "rPr", "b")) for run in runs)


def _stands_out(paragraph: Element, usual: float) -> bool:
    text = paragraph_text(paragraph).strip()
    if len(text) > _LONGEST or text.endswith(_NO_HEADING_ENDS):
        return False
    return is_bold(paragraph) or _size(paragraph) >= 1.2 * usual


def _size(paragraph: Element) -> int:
    """The largest letters in half points."""
    sizes = [child(run, "rPr", "sz") for run in descendants(paragraph, "r")]
    return max((int(attribute(size, "val") or 0) for size in sizes if size is not None), default=_USUAL_SIZE)
