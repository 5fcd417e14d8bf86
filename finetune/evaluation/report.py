"""What an evaluation found: rows of measures, printed as a table and written as JSON.

Knows nothing of what was measured. A fraction stays a fraction, a share of nothing is empty.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.table import Table

Cell = str | int | float | None
Row = Mapping[str, Cell]
"""One line of a table: `set`, `system`, `n`, then the measures by name."""


def table(rows: Sequence[Row], title: str) -> Table:
    """The rows under one column for every name that occurs in them, in the order of first sight."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    drawn = Table(title=title, title_justify="left")
    for name in names:
        numeric = any(isinstance(row.get(name), int | float) for row in rows)
        drawn.add_column(name.replace("_", " "), justify="right" if numeric else "left")
    for row in rows:
        drawn.add_row(*(_shown(row.get(name)) for name in names))
    return drawn


def write(rows: Sequence[Row], path: Path) -> None:
    """Writes `{"rows": [...]}`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"rows": list(rows)}, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _shown(cell: Cell) -> str:
    if cell is None:
        return "-"
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)
