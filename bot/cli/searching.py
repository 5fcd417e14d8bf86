"""`groundtalk search`: what the retriever finds, without any model that writes."""

import asyncio
from typing import Annotated

import typer
from langchain_core.documents import Document
from rich.console import Console
from rich.text import Text

from bot.knowledge import freshen, live_collection
from bot.settings import load_settings
from retrieval.retriever import Retriever

app = typer.Typer()


@app.command()
def search(
    question: Annotated[str, typer.Argument()],
    limit: Annotated[int, typer.Option(help="How many passages.", min=1, max=100)] = 5,
) -> None:
    """Show the passages that QUESTION finds, best first, each with its cosine, title and source."""
    settings = load_settings()
    collection = asyncio.run(live_collection(settings))
    freshen(settings, collection)
    found = asyncio.run(Retriever(collection=collection, k=limit).ainvoke(question))
    for n, document in enumerate(found, 1):
        _show(n, document)


def _show(n: int, document: Document) -> None:
    console = Console(highlight=False)
    about = document.metadata
    heading = " › ".join(filter(None, (about["title"], about["heading"])))
    console.print(
        Text.assemble(
            (f"{n}. ", "bold"), (heading, "bold"), f"  {about['score']:.3f}  ", (about["source"], "dim")
        )
    )
    console.print(Text(document.page_content))
    console.print()
