"""`groundtalk chunks`: what is indexed, as it was read and cut, to see why something is found or is not."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from bot.documents import live_collection
from bot.errors import NothingIndexed
from bot.settings import load_settings
from retrieval.chunking import Chunk
from retrieval.collection import Collection

app = typer.Typer()

FIELDS = ("source", "title", "heading", "page", "text")
"""Of the JSON lines; `page` is null for files without pages."""


@app.command()
def chunks(
    source: Annotated[str, typer.Argument(help="A file or a folder, as ingest names it. Default: all.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines.")] = False,
) -> None:
    """Show the pieces that are searched, in the order of their documents."""
    collection = asyncio.run(live_collection(load_settings()))
    console = Console(highlight=False, soft_wrap=True)
    for chunk in indexed(collection, source.strip("/")):
        if as_json:
            typer.echo(as_line(chunk))
        else:
            _print_chunk(chunk, console)


def indexed(collection: Collection, source: str) -> Iterator[Chunk]:
    """The chunks of a file or a folder, or all. Raises NothingIndexed where there is none."""
    snapshot = collection.snapshot
    if snapshot is None:
        raise NothingIndexed
    found = snapshot.archive.chunks_below(source)
    first = next(found, None)
    if first is None:
        raise NothingIndexed(source)
    yield first
    yield from found


def as_line(chunk: Chunk) -> str:
    """A chunk as a line of JSON."""
    known = asdict(chunk)
    return json.dumps({name: known.get(name) for name in FIELDS}, ensure_ascii=False)


def _print_chunk(chunk: Chunk, console: Console) -> None:
    heading = " › ".join(filter(None, (chunk.title, *chunk.heading.split(" > "))))
    console.print(Text.assemble((heading, "bold"), "  ", (chunk.source, "dim")))
    console.print(Text(chunk.text))
    console.print()
