"""A release, or the weights as they come, loaded to be measured. Each model is loaded when it is first asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from langchain_core.language_models import BaseChatModel

from bot.hub import Hub
from bot.models import close_engine, encoder_of, load_engine
from bot.settings import Settings
from bot.voice import load_voice
from bot.weights import Weights
from dialogue.grounding import Grounder, Grounding
from dialogue.rewriting import Rewriter
from retrieval.encoder import Encoder


class BaseSystem:
    """What the settings name, without anything learnt."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._weights = Weights(settings.weights_dir, Hub(settings.hf_endpoint))

    @property
    def name(self) -> str:
        return f"base:{self._settings.generator}"

    @property
    def size(self) -> int | None:
        """None for a model that runs elsewhere, or in a folder."""
        path = self._weights.locate(self._settings.generator) if self._settings.runs_here else None
        return path.stat().st_size if path and path.is_file() else None

    @cached_property
    def engine(self) -> BaseChatModel:
        return load_engine(self._settings, self._weights)

    @cached_property
    def encoder(self) -> Encoder:
        return encoder_of(self._settings, self._weights)

    @property
    def rewriter(self) -> Rewriter:
        return Rewriter(self.engine)

    @property
    def grounder(self) -> Grounder:
        grounding = Grounding(passage_tokens=self._settings.passage_tokens)
        return Grounder(self.engine, load_voice(self._settings.voice_file), grounding)

    def close(self) -> None:
        if "engine" in vars(self):
            close_engine(self.engine)


@contextmanager
def system_of(settings: Settings, release: str) -> Iterator[BaseSystem]:
    """The system of that name; its models are let go of in the end. Raises the packages' errors."""
    system = BaseSystem(settings)
    try:
        yield system
    finally:
        system.close()
