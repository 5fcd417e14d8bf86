"""Compares the answers of two versions question by question: rewrite, passages, text and citations.

    python -m benchmarks.same_answers record ws://127.0.0.1:8000/ws questions.jsonl before.jsonl --limit 8
    python -m benchmarks.same_answers compare before.jsonl after.jsonl

`record` talks to a running server over the websocket protocol, so it works for any version that speaks it. Questions
are JSON lines with `ask` and `dialogue`, as in `shared/real`; rows of one dialogue are one conversation, in order.
"""

import asyncio
import json
import secrets
from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from websockets.asyncio.client import ClientConnection, connect

COMPARED = ("rewrite", "passages", "text", "citations", "abstained")

app = typer.Typer(no_args_is_help=True)
console = Console(highlight=False)


@app.command()
def record(
    url: str, questions: Path, target: Path, limit: Annotated[int | None, typer.Option(min=1)] = None
) -> None:
    """Ask a server the questions of a file, one after the other, and record its answers."""
    rows = asyncio.run(_record(url, list(islice(_rows(questions), limit))))
    with target.open("a", encoding="utf-8") as out:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@app.command()
def compare(before: Path, after: Path) -> None:
    """Print and count the rows that differ. Exits with 1 if there are any."""
    first, second = _by_question(before), _by_question(after)
    missing = first.keys() ^ second.keys()
    changed = 0
    for key in first.keys() & second.keys():
        fields = [name for name in COMPARED if first[key][name] != second[key][name]]
        changed += bool(fields)
        for name in fields:
            console.print(f"{key}: {name}\n  - {first[key][name]}\n  + {second[key][name]}", markup=False)
    same = len(first.keys() & second.keys()) - changed
    console.print(f"{same} the same, {changed} changed, {len(missing)} in one file only")
    raise typer.Exit(1 if changed or missing else 0)


async def _record(url: str, questions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    recorded = []
    for dialogue, asked in groupby(questions, key=lambda row: row["dialogue"]):
        async with connect(url, max_size=None, ping_timeout=None) as socket:
            await socket.send(json.dumps({"type": "hello", "conversation": None}))
            for row in asked:
                recorded_fields = await _ask(socket, row["ask"])
                recorded.append({"dialogue": dialogue, "ask": row["ask"], **recorded_fields})
                console.print(f"{len(recorded)}/{len(questions)} {row['ask'][:90]}", markup=False)
    return recorded


async def _ask(socket: ClientConnection, text: str) -> dict[str, Any]:
    await socket.send(json.dumps({"type": "message", "id": f"q-{secrets.token_hex(8)}", "text": text}))
    recorded_fields: dict[str, Any] = {"rewrite": None, "passages": []}
    async for raw in socket:
        frame = json.loads(raw)
        if frame["type"] == "rewritten":
            recorded_fields["rewrite"] = frame["query"]
        if frame["type"] == "passages":
            recorded_fields["passages"] = [
                (each["chunk"], round(each["score"], 4)) for each in frame["passages"]
            ]
        if frame["type"] == "answer":
            cited = {"sources": [each["source"] for each in frame["citations"]]}
            return (
                recorded_fields | cited | {name: frame[name] for name in ("text", "citations", "abstained")}
            )
    raise ConnectionError("The server closed the connection before it answered.")


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines if line.strip())


def _by_question(path: Path) -> dict[str, dict[str, Any]]:
    return {f"{row['dialogue']}: {row['ask']}": json.loads(json.dumps(row)) for row in _rows(path)}


if __name__ == "__main__":
    app()
