"""PowerPoint slides in order: titles as headings, bullets, tables, diagrams, the data of charts, speaker notes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from retrieval.documents import Document, DocumentBuilder, readable_name
from retrieval.loaders.addresses import with_address
from retrieval.loaders.packages import Element, Package, Relation, attribute, child, descendants, local
from retrieval.tables import Row

_TITLES = ("title", "ctrTitle")
_NONE: Mapping[str, Relation] = {}
_FURNITURE = ("sldNum", "ftr", "dt", "hdr", "sldImg")


def load_pptx(content: bytes, source: str) -> Iterator[Document]:
    """One document; slides that are hidden in the show are left out and reported."""
    package = Package(content)
    draft = DocumentBuilder()
    hidden = 0
    for number, name in enumerate(_slides(package), 1):
        slide = package.xml(name)
        if slide is None or attribute(slide, "show") == "0":
            hidden += 1
        else:
            SlideReader(package, package.relations(name), draft).read(slide, number)
    if hidden:
        draft.note(f"{hidden} hidden slides are left out")
    yield draft.document(source, package.title() or readable_name(source))


def _slides(package: Package) -> Iterator[str]:
    """The names of the slides' parts, in the order of the show."""
    main = package.related("officeDocument")
    root, relations = package.xml(main), package.relations(main)
    for slide in descendants(root, "sldId") if root is not None else ():
        yield from (
            relations[id].target for key, id in slide.items() if key.startswith("{") and id in relations
        )


@dataclass(frozen=True, slots=True)
class SlideReader:
    """Reads one slide into `draft`."""

    package: Package
    relations: dict[str, Relation]
    draft: DocumentBuilder

    def read(self, slide: Element, number: int) -> None:
        shapes = [*_shapes(child(slide, "cSld", "spTree"))]
        titles = [shape for shape in shapes if _placeholder(shape) in _TITLES]
        title = " ".join(text for shape in titles for text, _ in _paragraphs(shape))
        self.draft.heading(1, title or f"Slide {number}")
        for shape in shapes:
            if shape not in titles and _placeholder(shape) not in _FURNITURE:
                self._shape(shape)
        self._notes()

    def _shape(self, shape: Element) -> None:
        if local(shape) == "graphicFrame":
            for table in descendants(shape, "tbl"):
                self._table(table)
            for id in _ids(shape):
                self._graphic(self.relations.get(id))
        else:
            for text, bullet in _paragraphs(shape, self.relations):
                self.draft.block(f"{bullet} {text}")

    def _table(self, table: Element) -> None:
        """One of a single row or column only places text on the slide."""
        rows = _grid(table, self.relations)
        if len(rows) > 1 and max(map(len, rows)) > 1:
            self.draft.table(rows, 1 if _has_head(table) else None)
        else:
            for text, bullet in _paragraphs(table, self.relations):
                self.draft.block(f"{bullet} {text}")

    def _graphic(self, relation: Relation | None) -> None:
        """What a diagram says, or the data that a chart shows."""
        root = self.package.xml(relation.target) if relation else None
        if root is None or relation is None:
            return
        if relation.kind == "diagramData":
            for text, _ in _paragraphs(root):
                self.draft.block(f"- {text}")
        elif relation.kind == "chart":
            title = child(root, "chart", "title")
            self.draft.block(" ".join(text for text, _ in _paragraphs(title)) if title is not None else "")
            self.draft.table(_chart_data(root), 1)

    def _notes(self) -> None:
        target = next((target for kind, target in self.relations.values() if kind == "notesSlide"), "")
        root = self.package.xml(target)
        for shape in _shapes(child(root, "cSld", "spTree")):
            if _placeholder(shape) not in _FURNITURE:
                for text, _ in _paragraphs(shape):
                    self.draft.block(text)


def _shapes(tree: Element | None) -> Iterator[Element]:
    """Shapes, also those in groups; of two versions of a shape, the first."""
    for one in tree if tree is not None else ():
        if local(one) in ("grpSp", "AlternateContent", "Choice"):
            yield from _shapes(one)
        elif local(one) in ("sp", "graphicFrame"):
            yield one


def _placeholder(shape: Element) -> str:
    """What the layout calls the place of a shape; empty for a box that stands free."""
    place = child(shape, "nvSpPr", "nvPr", "ph")
    return (attribute(place, "type") or "body") if place is not None else ""


def _paragraphs(shape: Element, relations: Mapping[str, Relation] = _NONE) -> Iterator[tuple[str, str]]:
    """The text of each paragraph, and the bullet or number before it."""
    body = _placeholder(shape) == "body"
    number = 0
    for paragraph in descendants(shape, "p"):
        text = _text(paragraph, relations)
        properties = child(paragraph, "pPr")
        numbered = child(properties, "buAutoNum") is not None
        number = number + 1 if numbered and text else 0 if not numbered else number
        plain = child(properties, "buNone") is not None or not (
            body or child(properties, "buChar") is not None
        )
        if text:
            yield text, f"{number}." if numbered else "" if plain else "-"


def _text(paragraph: Element, relations: Mapping[str, Relation]) -> str:
    """Neighbouring pieces with one link are one link."""
    runs = [(_address(one, relations), _said(one)) for one in paragraph if local(one) in ("r", "fld", "br")]
    linked = groupby(runs, key=itemgetter(0))
    return "".join(with_address("".join(text for _, text in run), address) for address, run in linked).strip()


def _said(run: Element) -> str:
    return " " if local(run) == "br" else "".join(one.text or "" for one in descendants(run, "t"))


def _address(run: Element, relations: Mapping[str, Relation]) -> str:
    """Where a click on the text leads, within the file or outside."""
    link = child(run, "rPr", "hlinkClick")
    relation = relations.get(attribute(link, "id")) if link is not None else None
    return relation.target if relation else ""


def _grid(table: Element, relations: Mapping[str, Relation]) -> list[Row]:
    grid: list[Row] = []
    for row in descendants(table, "tr"):
        texts: list[str | None] = []
        for cell in (one for one in row if local(one) == "tc"):
            above = grid[-1][len(texts)] if grid and len(texts) < len(grid[-1]) else ""
            text = " ".join(text for text, _ in _paragraphs(cell, relations))
            texts.append(None if attribute(cell, "hMerge") else above if attribute(cell, "vMerge") else text)
        grid.append(texts)
    return grid


def _has_head(table: Element) -> bool:
    properties = child(table, "tblPr")
    return properties is not None and attribute(properties, "firstRow") in ("1", "true")


def _ids(shape: Element) -> Iterator[str]:
    """The relations that a graphic frame names: a chart, or the data of a diagram."""
    for one in shape.iter():
        if local(one) in ("chart", "relIds"):
            yield from (value for key, value in one.items() if key.endswith(("}id", "}dm")))


def _chart_data(chart: Element) -> list[Row]:
    """The categories in rows, the series in columns."""
    series = [one for one in chart.iter() if local(one) == "ser"]
    names = [_points(child(one, "tx")) for one in series]
    columns = [_points(child(one, "val")) or _points(child(one, "yVal")) for one in series]
    labels = next(
        filter(None, (_points(child(one, "cat")) or _points(child(one, "xVal")) for one in series)), {}
    )
    head = ["", *(name.get(0, "") for name in names)]
    rows = sorted({place for column in columns for place in column})
    return [head, *([labels.get(row, ""), *(column.get(row, "") for column in columns)] for row in rows)]


def _points(data: Element | None) -> dict[int, str]:
    """The values that the file holds of a series, by their place."""
    points = descendants(data, "pt") if data is not None else iter(())
    return {int(attribute(one, "idx") or 0): "".join(one.itertext()).strip() for one in points}
