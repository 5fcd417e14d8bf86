"""The frame of every HTML page of a report: it stands alone, without script and without anything from elsewhere."""

from html import escape
from importlib.resources import files


def document(title: str, body: str) -> str:
    """The whole page as text; `body` is HTML."""
    style = (files("finetune.evaluation") / "page.css").read_text("utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>\n{style}</style></head>\n"
        f"<body>\n<h1>{escape(title)}</h1>\n{body}</body></html>\n"
    )
