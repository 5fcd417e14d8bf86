"""Makes a lineup of names into a team that answers: fetches releases, loads what they need, puts the parts together.

Knows what stands behind each name. Does not know which lineup is live.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from langchain_core.language_models import BaseChatModel

from bot.adapters import Model, shipped_adapter
from bot.engines import Engines
from bot.metrics import EngineWatch
from bot.models import close_engine, load_engine
from bot.pairs import Pairs
from bot.settings import Settings
from bot.weights import Weights
from dialogue.errors import EngineError
from dialogue.grounding import Grounder, Grounding
from dialogue.history import History
from dialogue.responder import Responder
from dialogue.rewriting import Rewriter
from dialogue.voice import Voice
from finetune.errors import BadRelease
from finetune.release import BASE, SHIPPED, Lineup, Release
from finetune.releases import Releases
from retrieval.collection import Collection
from retrieval.encoder import Encoder
from retrieval.retriever import Retriever

PROOF = 120.0
"""Seconds that an engine may take for its first word: it may have to answer those who ask it already."""
FETCHED = "releases"
"""The folder in DATA_DIR with the files of releases, fetched out of the database."""


@dataclass(frozen=True, slots=True)
class Team:
    """All that answers under a lineup, loaded. name: goes with every answer. engines: the one that answers first."""

    lineup: Lineup
    name: str
    responder: Responder
    collection: Collection
    engines: tuple[BaseChatModel, ...]
    loaded: AsyncExitStack

    async def prove(self) -> None:
        """Has each engine say a word before people depend on it. Raises what it raises, EngineError if it is silent."""
        for engine in self.engines:
            try:
                async with asyncio.timeout(PROOF):
                    await engine.ainvoke("Hello", max_tokens=1)
            except TimeoutError as error:
                raise EngineError(f"The engine of {self.name} was silent for {PROOF:.0f} seconds.") from error

    async def close(self) -> None:
        """Lets go of the engines; those that no other team uses are closed."""
        await self.loaded.aclose()


class Staff:
    """Loads for one process. Whatever it does may raise WeightsError, EngineError, RetrievalError, FinetuneError."""

    def __init__(
        self,
        settings: Settings,
        voice: Voice,
        releases: Releases,
        engines: Engines,
        pairs: Pairs,
    ) -> None:
        self._settings = settings
        self._voice = voice
        self._releases = releases
        self._engines = engines
        self._pairs = pairs

    async def load(self, lineup: Lineup, history: History) -> Team:
        """The team of a lineup. What other teams have in memory already is not loaded again."""
        async with AsyncExitStack() as stack:
            rewriting, rewriter = await stack.enter_async_context(self.rewriter(lineup))
            answering, grounder = await stack.enter_async_context(self.grounder(lineup))
            collection = await self.collection(lineup)
            name = self.name(lineup)
            retriever = Retriever(collection=collection)
            responder = Responder(history, rewriter, retriever, grounder, self._voice, release=name)
            engines = (answering,) if answering is rewriting else (answering, rewriting)
            return Team(lineup, name, responder, collection, engines, stack.pop_all())

    @asynccontextmanager
    async def rewriter(self, lineup: Lineup) -> AsyncIterator[tuple[BaseChatModel, Rewriter]]:
        """What rewrites under a lineup, with its engine. What answers has a second look where it is another model."""
        model, other = await self.model(lineup, "rewrite"), await self.model(lineup, "answer")
        async with self._engines.held(model) as engine, self._engines.held(other) as answering:
            second = None if answering is engine else Rewriter(answering, trained=other.trained)
            yield engine, Rewriter(engine, trained=model.trained, second=second)

    @asynccontextmanager
    async def grounder(self, lineup: Lineup) -> AsyncIterator[tuple[BaseChatModel, Grounder]]:
        """What answers under a lineup, with its engine."""
        model = await self.model(lineup, "answer")
        grounding = Grounding(passage_tokens=self._settings.passage_tokens)
        async with self._engines.held(model) as engine:
            yield engine, Grounder(engine, self._voice, grounding, trained=model.trained)

    async def encoder(self, lineup: Lineup) -> Encoder:
        """What encodes questions and passages under a lineup."""
        return await asyncio.to_thread(self._pairs.encoder, *await self._retrieving(lineup))

    async def collection(self, lineup: Lineup) -> Collection:
        """What is searched under a lineup."""
        return await asyncio.to_thread(self._pairs.collection, *await self._retrieving(lineup))

    def name(self, lineup: Lineup) -> str:
        """What does each task, in one word where the same model does all that needs a language."""
        answer, rewrite = self._named(lineup, "answer"), self._named(lineup, "rewrite")
        retrieve = lineup.names.get("retrieve", BASE)
        more = [f"rewrite:{rewrite}"] if rewrite != answer else []
        more += [f"retrieve:{retrieve}"] if retrieve != BASE else []
        return " ".join([answer, *more])

    def _named(self, lineup: Lineup, task: str) -> str:
        name = self._chosen(lineup, task)
        return f"{name}:{self._settings.weights_for(task)}" if name in (BASE, SHIPPED) else name

    def _chosen(self, lineup: Lineup, task: str) -> str:
        """The name that does a language task. Where no shipped adapter has learnt it, `shipped` is the bare weights."""
        learnt = self._settings.runs_here and shipped_adapter(self._settings.weights_for(task), task)
        name = lineup.names.get(task, SHIPPED)
        return BASE if name == SHIPPED and not learnt else name

    async def model(self, lineup: Lineup, task: str) -> Model:
        """The weights and the adapter that do a language task under a lineup."""
        name, weights = self._chosen(lineup, task), self._settings.weights_for(task)
        if name == BASE:
            return Model(weights)
        if not self._settings.runs_here:
            raise BadRelease(name, f"ENGINE={self._settings.engine} runs it elsewhere")
        if name == SHIPPED:
            return Model(weights, shipped_adapter(weights, task))
        release, folder = await self._fetched(name, task)
        return Model(release.base, folder)

    async def _retrieving(self, lineup: Lineup) -> tuple[Release, Path] | tuple[()]:
        name = lineup.names.get("retrieve", BASE)
        return () if name == BASE else await self._fetched(name, "retrieve")

    async def _fetched(self, name: str, task: str) -> tuple[Release, Path]:
        """The release and where its files are on this machine."""
        release = await self._releases.get(name)
        if task not in release.tasks:
            raise BadRelease(name, f"it has not learnt to {task}")
        return release, await self._releases.fetch(name, self._settings.data_dir / FETCHED / name)


def staff_of(
    settings: Settings, voice: Voice, releases: Releases, weights: Weights, watch: EngineWatch
) -> Staff:
    """Staff that loads real weights; `watch` sees every call of an engine."""
    engines = Engines(partial(load_engine, settings, weights), close_engine, watch)
    return Staff(settings, voice, releases, engines, Pairs(settings, weights))
