"""Models and a retriever that the caller made, in place of those that the settings name.

What is provided is used as it is: no weights are fetched for it, and no release takes its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from finetune.release import LANGUAGE_TASKS, TASKS

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.retrievers import BaseRetriever

    from retrieval.encoders.base import Encoder


@dataclass(frozen=True, slots=True)
class ProvidedModels:
    """None leaves a part to the settings. retriever: searches in place of the index, so that no encoder is needed."""

    generator: BaseChatModel | None = None
    rewriter: BaseChatModel | None = None
    encoder: Encoder | None = None
    retriever: BaseRetriever | None = None

    def engine(self, task: str) -> BaseChatModel | None:
        """The chat model that does a language task."""
        return self.rewriter if task == "rewrite" else self.generator

    def does(self, task: str) -> bool:
        """Whether a task is done by something provided."""
        if task in LANGUAGE_TASKS:
            return self.engine(task) is not None
        return self.encoder is not None or self.retriever is not None

    def other_tasks(self) -> tuple[str, ...]:
        """The tasks that are left to the settings."""
        return tuple(task for task in TASKS if not self.does(task))
