"""What an evaluation found: rows of measures, printed as a table and written as JSON.

Knows nothing of what was measured. A fraction stays a fraction, a share of nothing is empty. `x_low` and `x_high` are
the ends of the interval of `x` and stand below it in its cell.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.table import Table

LOW, HIGH = "_low", "_high"

Cell = str | int | float | None
Row = Mapping[str, Cell]
"""One line of a table: `set`, `system`, `n`, then the measures by name."""


def table(rows: Sequence[Row], title: str) -> Table:
    """The rows under one column for every name that occurs in them, in the order of first sight."""
    names = columns(rows)
    drawn = Table(title=title, title_justify="left")
    for name in names:
        numeric = any(isinstance(row.get(name), int | float) for row in rows)
        drawn.add_column(name.replace("_", " "), justify="right" if numeric else "left")
    for row in rows:
        drawn.add_row(*("\n".join(filter(None, (shown(row.get(name)), reach(row, name)))) for name in names))
    return drawn


def columns(rows: Sequence[Row]) -> list[str]:
    """The names in the rows, without the ends of intervals."""
    names = dict.fromkeys(name for row in rows for name in row)
    ends = {f"{name}{end}" for name in names for end in (LOW, HIGH)}
    return [name for name in names if name not in ends]


def shown(cell: Cell) -> str:
    if cell is None:
        return "-"
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)


def reach(row: Row, name: str) -> str:
    """The interval of a measure in a row; nothing where it has none."""
    low, high = row.get(f"{name}{LOW}"), row.get(f"{name}{HIGH}")
    return f"{low:.2f} to {high:.2f}" if isinstance(low, float) and isinstance(high, float) else ""


def write(rows: Sequence[Row], path: Path, gains: Sequence[Row] = ()) -> None:
    """Writes `{"rows": [...]}`, with `"gains"` beside it where there are any."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found = {"rows": list(rows), **({"gains": list(gains)} if gains else {})}
    path.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
