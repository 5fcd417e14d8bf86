"""The command `groundtalk`: one module for each group of commands, imported when one of them is called.

A failure is one line with a remedy on stderr, and exit code 1.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import structlog
from rich.console import Console
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from bot.errors import BotError, MissingPackage, explain
from bot.logs import quiet_logs
from dialogue.errors import DialogueError
from finetune.errors import FinetuneError
from retrieval.errors import RetrievalError

EXPECTED = (BotError, DialogueError, FinetuneError, RetrievalError, OSError)
"""Errors whose text says what to do about them."""

log = structlog.get_logger(__name__)


class LazyCommand(TyperCommand):
    """A command of `bot.commands`, imported when it is called; `place` is a module, or `module:app`."""

    def __init__(self, name: str, place: str, about: str) -> None:
        super().__init__(name=name, help=about)
        module, _, app = place.partition(":")
        self._module, self._app = f"bot.commands.{module}", app or "app"

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        command = get_command(getattr(import_module(self._module), self._app))
        return command.make_context(info_name, args, parent, **extra)


COMMANDS = TyperGroup(
    name="groundtalk",
    help="A chatbot that remembers, retrieves, answers with citations, and learns from its logs.",
    no_args_is_help=True,
    commands=[
        LazyCommand("init", "init", "Create a project of your own: documents, a step, settings."),
        LazyCommand("serve", "serve", "Serve the bot: web page, websocket, Telegram, operators' API."),
        LazyCommand("chat", "chat", "Talk to the bot in this terminal."),
        LazyCommand("doctor", "doctor", "Examine the machine and the deployment; for bug reports."),
        LazyCommand("ingest", "documents:ingest_app", "Read a folder of documents into the index."),
        LazyCommand("search", "documents:search_app", "Show the passages that a question finds."),
        LazyCommand("chunks", "chunks", "Show what is indexed, as it was read and cut."),
        LazyCommand("models", "models", "List or download weights."),
        LazyCommand("db", "conversations:database_app", "Create or upgrade the database."),
        LazyCommand("dataset", "datasets", "Build training datasets from the log."),
        TyperGroup(
            name="finetune",
            help="Train a model on the log or on files.",
            no_args_is_help=True,
            commands=[
                LazyCommand(
                    "rewriter", "finetune_language:rewriter", "Train a model to rewrite follow-up questions."
                ),
                LazyCommand(
                    "generator",
                    "finetune_language:generator",
                    "Train a model to answer from passages and to rewrite.",
                ),
                LazyCommand("retriever", "finetune_retriever", "Train the retriever."),
                LazyCommand("reader", "finetune_reader", "Train the reader of what is found."),
            ],
        ),
        LazyCommand("evaluate", "evaluation", "Measure retrieval, reading, rewriting and answers."),
        LazyCommand("retrain", "retraining", "Train on the log, and promote the result if it is better."),
        LazyCommand("releases", "releases", "List releases, promote one, or roll back."),
        LazyCommand("export", "conversations:export_app", "Write conversations to a file."),
        LazyCommand("forget", "conversations:forget_app", "Erase a person."),
    ],
)


def main(args: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 failed, 2 wrong usage."""
    quiet_logs()
    try:
        COMMANDS.main(args, prog_name="groundtalk")
    except EXPECTED as error:
        _fail(explain(error))
    except ModuleNotFoundError as error:
        _fail(str(MissingPackage(str(error.name))))
    except Exception as error:
        log.debug("unexpected", exc_info=True)
        _fail(f"Unexpected {type(error).__name__}: {error}. LOG_LEVEL=DEBUG shows where; please report it.")


def _fail(reason: str) -> None:
    Console(stderr=True, soft_wrap=True).print(f"groundtalk: {reason}", markup=False, highlight=False)
    sys.exit(1)
