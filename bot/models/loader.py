"""Loads everything that answers: engines, encoder and index, of the settings or of the releases that are live.

A release for retrieval is a query map, which uses the index that is there, or an encoder, whose own index is kept
beside the others in DATA_DIR and is filled from the newest of them before it is searched.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from langchain_core.documents import BaseDocumentCompressor
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.retrievers import BaseRetriever

from bot.metrics import EngineMonitor
from bot.models.engines import (
    INDEX,
    ModelSpec,
    SharedEngines,
    close_engine,
    load_configured_encoder,
    load_engine,
    shipped_adapter,
)
from bot.models.provided import ProvidedModels
from bot.models.reader import load_reader
from bot.models.weights import Weights
from bot.settings import Settings
from dialogue.answer_cache import AnswerCache
from dialogue.engines.process import ProcessChatModel
from dialogue.errors import EngineError
from dialogue.grounding import Grounder, GroundingOptions
from dialogue.prompts import fixed_beginnings
from dialogue.responder import Responder
from dialogue.rewriting import Rewriter
from dialogue.steps import ArrangeSteps, default_steps
from dialogue.store.turns import Turns
from dialogue.voice import Voice
from finetune.errors import BadRelease
from finetune.release import BASE_RELEASE, SHIPPED_RELEASE, ActiveModels, Release
from finetune.releases import Releases
from retrieval.chunking import Chunking
from retrieval.collection import Collection
from retrieval.encoders.loading import Encoder, load_encoder
from retrieval.encoders.query_map import MAP_FILE, MappedEncoder, QueryMap
from retrieval.errors import IngestRunning
from retrieval.evidence import EvidenceSentences
from retrieval.retriever import Retriever
from retrieval.snapshots import SnapshotDirectory

log = structlog.get_logger(__name__)

ENCODER_FOLDER = "encoder"
"""The folder of an encoder in a release."""


class RetrieverLoader:
    """Encoder and index for each release, and the reader. Loading takes seconds: call it in a thread.

    Raises WeightsError, RetrievalError.
    """

    def __init__(self, settings: Settings, weights: Weights, encoder: Encoder | None = None) -> None:
        """encoder: one that the caller provided, in place of that of the settings."""
        self._settings = settings
        self._weights = weights
        self._encoder = encoder
        self._reader: BaseDocumentCompressor | None = None

    def encoder(self, release: Release | None = None, folder: Path | None = None) -> Encoder:
        """The encoder of the settings, or that of a release with its files in `folder`. Raises BadRelease."""
        if release is None or folder is None:
            return self._own_encoder()
        if (folder / MAP_FILE).exists():
            return MappedEncoder(self._own_encoder(), QueryMap.read(folder / MAP_FILE))
        if (folder / ENCODER_FOLDER).is_dir():
            return load_encoder(release.base, folder / ENCODER_FOLDER)
        raise BadRelease(release.id, f"it holds neither {MAP_FILE} nor the folder {ENCODER_FOLDER}")

    def collection(self, release: Release | None = None, folder: Path | None = None) -> Collection:
        """The encoder with its index, which is brought up to the newest of all indexes."""
        encoder = self.encoder(release, folder)
        own = release is not None and encoder.fingerprint != self._own_encoder().fingerprint
        path = self._settings.data_dir / (f"{INDEX}-{release.id}" if release and own else INDEX)
        collection = Collection(path, encoder, Chunking(faq_columns=self._settings.faq_columns))
        newest = newest_index(self._settings)
        if newest is not None and newest.folder != path:
            try:
                collection.adopt(newest.folder)
            except IngestRunning:
                log.info("index_is_being_filled", folder=str(path))  # and is searched once that is published
        return collection

    def reader(self) -> BaseDocumentCompressor:
        """The trained reader, loaded once."""
        self._reader = self._reader or load_reader(self._settings, self._weights)
        return self._reader

    def _own_encoder(self) -> Encoder:
        self._encoder = self._encoder or load_configured_encoder(self._settings, self._weights)
        return self._encoder


def newest_index(settings: Settings) -> SnapshotDirectory | None:
    """The index that was published last, whichever encoder it is for; None before the first ingest.

    Ids of snapshots begin with the time.
    """
    directories = map(SnapshotDirectory, settings.data_dir.glob(f"{INDEX}*"))
    published = {id: directory for directory in directories if (id := directory.current())}
    return published[max(published)] if published else None


WHOLE_PASSAGES, SENTENCE_PASSAGES, READER_PASSAGES = 6, 20, 100
"""How many passages are retrieved to be shown as they were found, to choose sentences from, and for a reader."""
FIRST_WORD_TIMEOUT = 120.0
"""Seconds that an engine may take for its first word: it may be busy with other answers."""
GIVE_WAY_WITHIN = 0.05
"""Seconds after which reading ahead gives way to somebody who asks."""
FETCHED = "releases"
"""The folder in DATA_DIR with the files of releases, fetched out of the database."""

EnginePrompt = tuple[BaseChatModel, list[BaseMessage]]


@dataclass(frozen=True, slots=True)
class LoadedModels:
    """Everything that answers, loaded. name: stored with every answer. engines: the one that answers comes first.

    collection: what our own retriever searches; None where the caller provided another retriever. answers: the cache of
    what these models answered. beginnings: what prompts begin with in the language of the voice, for the engines of
    this machine. later: the same in other languages, and for the second look at a rewrite.
    """

    active: ActiveModels
    name: str
    responder: Responder
    collection: Collection | None
    engines: tuple[BaseChatModel, ...]
    answers: AnswerCache
    loaded: AsyncExitStack
    beginnings: Sequence[EnginePrompt] = ()
    later: deque[EnginePrompt] = field(default_factory=deque)

    async def warm_up(self, seconds: float = FIRST_WORD_TIMEOUT) -> None:
        """Has the engines read what their prompts begin with, so that the first question is answered like the others.

        An engine in a process of its own reads it again after every restart. Raises what the engine raises, EngineError
        after `seconds` without a word.
        """
        for engine, prompt in self.beginnings:
            try:
                async with asyncio.timeout(seconds):
                    await engine.ainvoke(prompt, max_tokens=1)
            except TimeoutError as error:
                raise EngineError(f"The engine of {self.name} was silent for {seconds:g} seconds.") from error
            if isinstance(engine, ProcessChatModel):
                engine.remember([prompt])

    async def read_ahead(self) -> None:
        """Has an engine read the next of `later` while nobody waits for any of them. Raises what it raises.

        Somebody who asks meanwhile goes first: the prompt is given up and read another time.
        """
        if self.later and self._waiting() == 0:
            engine, prompt = self.later[0]
            reading = asyncio.ensure_future(engine.ainvoke(prompt, max_tokens=1))
            if await _ended_before(reading, lambda: self._waiting() > 1):
                self.later.popleft()
                reading.result()

    def _waiting(self) -> int:
        """The requests at the engines of this machine."""
        own = (engine.process for engine in self.engines if isinstance(engine, ProcessChatModel))
        return sum(process.waiting for process in own)

    async def close(self) -> None:
        """Releases the engines; those that nothing else uses are closed."""
        await self.loaded.aclose()


async def _ended_before(work: "asyncio.Future[Any]", given_up: Callable[[], bool]) -> bool:
    """Whether `work` ended before there was a reason to give it up, for which it is cancelled."""
    try:
        while not work.done() and not given_up():
            await asyncio.wait([work], timeout=GIVE_WAY_WITHIN)
        return work.done()
    finally:
        work.cancel()


class ModelLoader:
    """Loads for one process. Whatever it does may raise WeightsError, EngineError, RetrievalError, FinetuneError."""

    def __init__(
        self,
        settings: Settings,
        voice: Voice,
        releases: Releases,
        engines: SharedEngines,
        retrievers: RetrieverLoader,
        arrange_steps: ArrangeSteps = lambda default: default,
        provided: ProvidedModels | None = None,
    ) -> None:
        """provided: does its tasks whatever `active` says."""
        self._settings = settings
        self._voice = voice
        self._releases = releases
        self._engines = engines
        self._retrievers = retrievers
        self._arrange_steps = arrange_steps
        self._provided = provided or ProvidedModels()

    async def load(self, active: ActiveModels, turns: Turns) -> LoadedModels:
        """What answers under `active`. Models that are in memory already are not loaded again."""
        async with AsyncExitStack() as stack:
            rewriting, rewriter = await stack.enter_async_context(self.rewriter(active))
            answering, grounder = await stack.enter_async_context(self.grounder(active))
            retriever, collection = await self.retriever(active)
            name = self.name(active)
            answers = AnswerCache(self._settings.answer_cache)
            steps = self._arrange_steps(
                default_steps(rewriter, retriever, grounder, reader=await self.reader(), answers=answers)
            )
            responder = Responder(turns, steps, self._voice, release=name)
            engines = (answering,) if answering is rewriting else (answering, rewriting)
            beginnings, later = await self._beginnings(active, answering, rewriting)
            loaded = stack.pop_all()
            return LoadedModels(
                active, name, responder, collection, engines, answers, loaded, beginnings, later
            )

    async def _beginnings(
        self, active: ActiveModels, answering: BaseChatModel, rewriting: BaseChatModel
    ) -> tuple[list[EnginePrompt], deque[EnginePrompt]]:
        """What the engines of this machine are to read before the first question, and what after it."""
        answer, rewrite = await self.model(active, "answer"), await self.model(active, "rewrite")
        tasks = [
            ("answer", answering, answer),
            ("rewrite", rewriting, rewrite),
            ("rewrite", answering, answer),
        ]
        soon: list[EnginePrompt] = []
        later: deque[EnginePrompt] = deque()
        for second_look, (task, engine, model) in enumerate(tasks[:2] if answering is rewriting else tasks):
            if self._settings.runs_here and model.engine is None:
                first, *others = fixed_beginnings(task, self._voice, trained=model.trained)
                (later if second_look > 1 else soon).append((engine, first))
                later += [(engine, prompt) for prompt in others]
        return soon, later

    @asynccontextmanager
    async def rewriter(self, active: ActiveModels) -> AsyncIterator[tuple[BaseChatModel, Rewriter]]:
        """The rewriter and its engine. Another model that answers, and can rewrite, rewrites again what drifts."""
        model, other = await self.model(active, "rewrite"), await self.model(active, "answer")
        able = await self._answerer_rewrites(active, other)
        async with self._engines.acquire(model) as engine, self._engines.acquire(other) as answering:
            second = Rewriter(answering, trained=other.trained) if able and answering is not engine else None
            yield engine, Rewriter(engine, trained=model.trained, second=second)

    async def _answerer_rewrites(self, active: ActiveModels, answerer: ModelSpec) -> bool:
        """Whether what answers can rewrite too: a model that was trained only to answer does nothing else well."""
        name = self._chosen(active, "answer")
        if not answerer.trained:
            return True
        if name == SHIPPED_RELEASE:
            return shipped_adapter(answerer.weights, "rewrite") is not None
        return "rewrite" in (await self._releases.get(name)).tasks

    @asynccontextmanager
    async def grounder(self, active: ActiveModels) -> AsyncIterator[tuple[BaseChatModel, Grounder]]:
        """What answers, with its engine."""
        model = await self.model(active, "answer")
        grounding = GroundingOptions(passage_tokens=self._settings.passage_tokens)
        async with self._engines.acquire(model) as engine:
            yield engine, Grounder(engine, self._voice, grounding, trained=model.trained)

    async def retriever(self, active: ActiveModels) -> tuple[BaseRetriever, Collection | None]:
        """What searches, and the collection that it searches where it is ours."""
        if self._provided.retriever is not None:
            return self._provided.retriever, None
        collection = await self.collection(active)
        return Retriever(collection=collection, k=self._candidates), collection

    async def reader(self) -> BaseDocumentCompressor | None:
        """What orders and shortens the passages that were found; None where whole ones are shown as they were found."""
        if self._settings.reads:
            return await asyncio.to_thread(self._retrievers.reader)
        if self._settings.evidence == "passages":
            return None
        budget, least = self._settings.passage_tokens, GroundingOptions().least_score
        return EvidenceSentences(budget=budget, least_score=least)

    @property
    def _candidates(self) -> int:
        """How many passages are retrieved."""
        if self._settings.reads:
            return READER_PASSAGES
        return WHOLE_PASSAGES if self._settings.evidence == "passages" else SENTENCE_PASSAGES

    async def encoder(self, active: ActiveModels) -> Encoder:
        """What encodes questions and passages."""
        return await asyncio.to_thread(self._retrievers.encoder, *await self._retrieving(active))

    async def collection(self, active: ActiveModels) -> Collection:
        """What is searched."""
        return await asyncio.to_thread(self._retrievers.collection, *await self._retrieving(active))

    def name(self, active: ActiveModels) -> str:
        """What does each task, in one word where the same model does all that needs a language."""
        answer, rewrite = self._named(active, "answer"), self._named(active, "rewrite")
        retrieve = self._chosen_retriever(active)
        more = [f"rewrite:{rewrite}"] if rewrite != answer else []
        more += [f"retrieve:{retrieve}"] if retrieve != BASE_RELEASE else []
        return " ".join([answer, *more])

    def _named(self, active: ActiveModels, task: str) -> str:
        name = self._chosen(active, task)
        return f"{name}:{self._weights_for(task)}" if name in (BASE_RELEASE, SHIPPED_RELEASE) else name

    def _weights_for(self, task: str) -> str:
        """The name of the weights that do a language task, or the class of a provided model."""
        engine = self._provided.engine(task)
        return self._settings.weights_for(task) if engine is None else type(engine).__name__

    def _chosen(self, active: ActiveModels, task: str) -> str:
        """The name that does a language task. Where no shipped adapter has learnt it, `shipped` is the bare weights."""
        if self._provided.does(task):
            return BASE_RELEASE
        learnt = self._settings.runs_here and shipped_adapter(self._settings.weights_for(task), task)
        name = active.names.get(task, SHIPPED_RELEASE)
        return BASE_RELEASE if name == SHIPPED_RELEASE and not learnt else name

    async def model(self, active: ActiveModels, task: str) -> ModelSpec:
        """The weights and the adapter that do a language task."""
        name, weights = self._chosen(active, task), self._weights_for(task)
        if name == BASE_RELEASE:
            return ModelSpec(weights, engine=self._provided.engine(task))
        if not self._settings.runs_here:
            raise BadRelease(name, f"ENGINE={self._settings.engine} runs it elsewhere")
        if name == SHIPPED_RELEASE:
            return ModelSpec(weights, shipped_adapter(weights, task))
        release, folder = await self._fetched(name, task)
        return ModelSpec(release.base, folder)

    def _chosen_retriever(self, active: ActiveModels) -> str:
        return BASE_RELEASE if self._provided.does("retrieve") else active.names.get("retrieve", BASE_RELEASE)

    async def _retrieving(self, active: ActiveModels) -> tuple[Release, Path] | tuple[()]:
        name = self._chosen_retriever(active)
        return () if name == BASE_RELEASE else await self._fetched(name, "retrieve")

    async def _fetched(self, name: str, task: str) -> tuple[Release, Path]:
        """The release and where its files are on this machine."""
        release = await self._releases.get(name)
        if task not in release.tasks:
            raise BadRelease(name, f"it has not learnt to {task}")
        return release, await self._releases.fetch(name, self._settings.data_dir / FETCHED / name)


def model_loader(
    settings: Settings,
    voice: Voice,
    releases: Releases,
    weights: Weights,
    watch: EngineMonitor,
    arrange_steps: ArrangeSteps = lambda default: default,
    provided: ProvidedModels | None = None,
) -> ModelLoader:
    """Loads real weights for all that is not provided; `watch` sees every call of an engine."""
    provided = provided or ProvidedModels()
    engines = SharedEngines(partial(load_engine, settings, weights), close_engine, watch)
    retrievers = RetrieverLoader(settings, weights, provided.encoder)
    return ModelLoader(settings, voice, releases, engines, retrievers, arrange_steps, provided)
