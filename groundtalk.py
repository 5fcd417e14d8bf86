"""Groundtalk: a chatbot that remembers the conversation and answers from your documents, with citations.

```python
from groundtalk import Bot

async with Bot.open() as bot:
    answer = await bot.ask("visitor-1", "How long is the warranty on an e-bike?")
    print(answer.text, [citation.source for citation in answer.citations])
```

This module gives the public names of the packages `bot`, `finetune`, `dialogue` and `retrieval`, so that what is
installed and what is imported have one name. A name is imported when it is first used.

A script of your own may be called `bot.py`, or have any other of these four names. Python would then find it instead of
the package; importing this module first sees to it that both are found.
"""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.application import Bot as Bot
    from bot.channels.base import Channel as Channel
    from bot.errors import BotError as BotError
    from bot.errors import HumanInCharge as HumanInCharge
    from bot.settings import Settings as Settings
    from dialogue.conversation import Address as Address
    from dialogue.conversation import Answer as Answer
    from dialogue.conversation import Citation as Citation
    from dialogue.conversation import Conversation as Conversation
    from dialogue.conversation import Mode as Mode
    from dialogue.conversation import OutboxMessage as OutboxMessage
    from dialogue.conversation import Passage as Passage
    from dialogue.conversation import RecordedMessage as RecordedMessage
    from dialogue.conversation import Role as Role
    from dialogue.conversation import Turn as Turn
    from dialogue.conversation import Utterance as Utterance
    from dialogue.delivery import Postponed as Postponed
    from dialogue.delivery import ReportProgress as ReportProgress
    from dialogue.delivery import Undeliverable as Undeliverable
    from dialogue.errors import DialogueError as DialogueError
    from dialogue.events import Accepted as Accepted
    from dialogue.events import Answered as Answered
    from dialogue.events import Event as Event
    from dialogue.events import Failed as Failed
    from dialogue.events import Queued as Queued
    from dialogue.events import Retrieved as Retrieved
    from dialogue.events import Rewritten as Rewritten
    from dialogue.events import Token as Token
    from dialogue.events import Writing as Writing
    from dialogue.manager import Manager as Manager
    from dialogue.steps.answer import AnswerFromDocuments as AnswerFromDocuments
    from dialogue.steps.base import Step as Step
    from dialogue.steps.base import TurnContext as TurnContext
    from dialogue.steps.handover import HandOver as HandOver
    from dialogue.steps.small_talk import SmallTalk as SmallTalk
    from dialogue.store.message_history import StoredMessageHistory as StoredMessageHistory
    from dialogue.store.store import Store as Store
    from finetune.errors import FinetuneError as FinetuneError
    from finetune.releases import Releases as Releases
    from retrieval.collection import Collection as Collection
    from retrieval.encoders.base import Encoder as Encoder
    from retrieval.encoders.embeddings import EmbeddingsEncoder as EmbeddingsEncoder
    from retrieval.encoders.loading import load_encoder as load_encoder
    from retrieval.errors import RetrievalError as RetrievalError
    from retrieval.retriever import Retriever as Retriever

PUBLIC: Mapping[str, Sequence[str]] = {
    "bot.application": ["Bot"],
    "bot.channels.base": ["Channel"],
    "bot.errors": ["BotError", "HumanInCharge"],
    "bot.settings": ["Settings"],
    "dialogue.conversation": [
        *("Address", "Answer", "Citation", "Conversation", "Mode", "OutboxMessage", "Passage"),
        *("RecordedMessage", "Role", "Turn", "Utterance"),
    ],
    "dialogue.delivery": ["Postponed", "ReportProgress", "Undeliverable"],
    "dialogue.errors": ["DialogueError"],
    "dialogue.events": [
        "Accepted",
        "Answered",
        "Event",
        "Failed",
        "Queued",
        "Retrieved",
        "Rewritten",
        "Token",
        "Writing",
    ],
    "dialogue.manager": ["Manager"],
    "dialogue.steps.answer": ["AnswerFromDocuments"],
    "dialogue.steps.base": ["Step", "TurnContext"],
    "dialogue.steps.handover": ["HandOver"],
    "dialogue.steps.small_talk": ["SmallTalk"],
    "dialogue.store.message_history": ["StoredMessageHistory"],
    "dialogue.store.store": ["Store"],
    "finetune.errors": ["FinetuneError"],
    "finetune.releases": ["Releases"],
    "retrieval.collection": ["Collection"],
    "retrieval.encoders.base": ["Encoder"],
    "retrieval.encoders.embeddings": ["EmbeddingsEncoder"],
    "retrieval.encoders.loading": ["load_encoder"],
    "retrieval.errors": ["RetrievalError"],
    "retrieval.retriever": ["Retriever"],
}
"""The public names by their modules, for `__getattr__`; above they stand for type checkers."""
HOMES = {name: module for module, names in PUBLIC.items() for name in names}
PACKAGES = ("bot", "finetune", "dialogue", "retrieval")
FOLDER = str(Path(__file__).resolve().parent)
"""The packages stand beside this file, in the repository as in `site-packages`."""

__all__ = [*sorted(HOMES)]


class PackageFinder(MetaPathFinder):
    """Finds our four packages before any file of the same name on the path, such as the script that is running."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return PathFinder.find_spec(name, [FOLDER]) if name in PACKAGES else None


class SharedName(ModuleType):
    """A module of the caller's that has the name of one of our packages, and stays what it is.

    It gets a `__path__`, so that the modules of our package are found; those are not stored in it as attributes, where
    they could replace variables of the caller's.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if value is not sys.modules.get(f"{self.__name__}.{name}"):
            super().__setattr__(name, value)


def _share_name(package: str) -> None:
    """Lets our package be found although the caller has imported a module of the same name."""
    module = sys.modules.get(package)
    if module is not None and not hasattr(module, "__path__"):
        module.__path__ = [str(Path(FOLDER, package))]
        module.__class__ = SharedName


if not any(isinstance(finder, PackageFinder) for finder in sys.meta_path):
    sys.meta_path.insert(0, PackageFinder())
for _package in PACKAGES:
    _share_name(_package)

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(HOMES[name]), name)
