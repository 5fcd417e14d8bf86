"""Text engines: which weights and adapter a model is, how its engine is loaded, and how one process shares engines.

Adapters that come with the package are in `finetune/adapters/NAME/`, trained on the weights NAME. Engines are imported
where they are chosen; weights are prepared and merged in a subprocess, so that a server never loads what that needs.
"""

import asyncio
import pickle
import re
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from langchain_core.language_models import BaseChatModel

from bot.errors import SettingsError
from bot.metrics import EngineMonitor
from bot.models.local import load_local_model
from bot.models.provided import ProvidedModels
from bot.models.weights import Weights
from bot.settings import Settings
from dialogue.engines.chat import StreamingChatModel
from dialogue.engines.process import ProcessChatModel, ProcessLimits, start_process
from dialogue.engines.provider import load_provider
from finetune.errors import FinetuneError, UnusableAdapter
from finetune.release import LANGUAGE_TASKS
from retrieval.encoders.loading import Encoder, load_encoder
from retrieval.encoders.names import weights_of
from retrieval.files import sha256_of

PUBLIC_MODULE = str(Path(__file__).parents[2] / "groundtalk.py")
"""Run first in a new process, so that it finds our packages even if the caller's script is called `bot.py`."""
SHIPPED_HERE = Path(__file__).parents[2] / "finetune" / "adapters"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
CARD = "card.md"
TASKS_LINE = re.compile(r"^tasks:(.*)$", re.MULTILINE)
"""The line of a card that names the tasks an adapter has learnt; without it, all those of the language model."""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """weights: by name, path or hub id. adapter: a folder in PEFT's form, to be merged into them. engine: a chat model
    that the caller provided; `weights` is then only what it is called."""

    weights: str
    adapter: Path | None = None
    engine: BaseChatModel | None = None

    @property
    def trained(self) -> bool:
        return self.adapter is not None

    @property
    def identity(self) -> str:
        """Equal for equal models; an adapter is identified by its content, wherever it is stored."""
        if self.engine is not None:
            return f"{self.weights}@{id(self.engine)}"
        return f"{self.weights}+{adapter_digest(self.adapter)}" if self.adapter else self.weights


def adapter_digest(adapter: Path) -> str:
    """12 hexadecimal digits of the SHA-256 of its weights."""
    return sha256_of(adapter / ADAPTER_WEIGHTS)[:12]


def shipped_adapter(weights: str, *tasks: str, folder: Path = SHIPPED_HERE) -> Path | None:
    """The adapter in `folder` that has learnt one of the tasks on these weights; None if there is none."""
    adapters = {path.name: path for path in folder.glob("*") if (path / ADAPTER_WEIGHTS).is_file()}
    adapter = adapters.get(weights)
    return adapter if adapter and _tasks_of(adapter / CARD) & set(tasks) else None


def _tasks_of(card: Path) -> set[str]:
    named = TASKS_LINE.search(card.read_text(encoding="utf-8")) if card.is_file() else None
    return set(re.findall(r"\w+", named[1])) if named else set(LANGUAGE_TASKS)


RUNNER = """
import pickle, runpy, sys
out, sys.stdout = sys.stdout.buffer, sys.stderr
sys.path[:] = pickle.load(sys.stdin.buffer)
runpy.run_path(sys.argv[1])
work, given = pickle.load(sys.stdin.buffer)
try:
    failure = work(*given)
except OSError as error:
    failure = error
except Exception as error:
    failure = str(error) or type(error).__name__
pickle.dump(failure, out)
"""


def run_in_subprocess(work: Callable[..., None], *given: object) -> None:
    """Runs `work(*given)`, a module-level function and values that can be pickled, and waits for it.

    Not by multiprocessing, which would run the caller's script again, and so its bot, unless the script has a guard.
    Raises OSError as `work` does, and FinetuneError with the text of any other error.
    """
    command = [sys.executable, "-P", "-c", RUNNER, PUBLIC_MODULE]
    told = pickle.dumps(sys.path) + pickle.dumps((work, given))
    done = subprocess.run(command, input=told, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise FinetuneError(
            f"The process for {work.__name__} ended with {done.returncode}; was it out of memory?"
        )
    failure = pickle.loads(done.stdout)
    if isinstance(failure, OSError):
        raise failure
    if failure is not None:
        raise FinetuneError(failure)


INDEX = "index"
"""The collection's folder in DATA_DIR."""
OPENAI = "langchain_openai:ChatOpenAI"
MERGED_PREFIX = "with-"
OPENVINO = "openvino"
KEPT_MERGED = 4
"""Merged files kept of the same weights: the others are made again in seconds."""
PROVIDER_TIMEOUT = 60.0
"""Seconds that a server with OpenAI's interface may be silent."""


def fetch_weights(settings: Settings, weights: Weights, provided: ProvidedModels) -> None:
    """Fetch all weights that will be loaded, one after the other, with progress bars."""
    for name in settings.local_weights(provided.other_tasks()):
        weights.locate(name)


def load_engine(settings: Settings, weights: Weights, model: ModelSpec | None = None) -> BaseChatModel:
    """The engine of `model`, by default of GENERATOR, as ENGINE runs it.

    Raises WeightsError, EngineError, SettingsError, FinetuneError.
    """
    model = model or ModelSpec(settings.generator)
    if settings.engine == "openai":
        return load_provider(OPENAI, model.weights, _openai_options(settings))
    if not settings.runs_here:
        return load_provider(settings.engine, model.weights, settings.engine_options.get_secret_value())
    path = locate_runnable(settings, weights, model)
    limits = ProcessLimits(silence=settings.answer_silence / 2)
    given = (
        settings.engine,
        path,
        settings.engine_cache_gb,
        settings.threads,
        settings.generation_options,
    )
    return start_process(load_local_model, *given, limits=limits)


def locate_runnable(settings: Settings, weights: Weights, model: ModelSpec) -> Path:
    """What the engine of this process loads: for OpenVINO a folder, made once of a GGUF file, with the adapter in it.

    Raises WeightsError, SettingsError, FinetuneError.
    """
    path = _locate_weights(weights, model)
    if settings.engine != "openvino" or path.suffix != ".gguf":
        return locate_model(weights, model)
    adapter = f"-{MERGED_PREFIX}{adapter_digest(model.adapter)}" if model.adapter else ""
    make = partial(run_in_subprocess, _make_openvino_folder, model.adapter)
    folder = weights.derived(path, f"{OPENVINO}{adapter}", make, suffix="")
    weights.trim(path, f"{OPENVINO}-{MERGED_PREFIX}", KEPT_MERGED)
    return folder


def locate_model(weights: Weights, model: ModelSpec) -> Path:
    """The file or folder of the weights, with the adapter, if any, merged into them once.

    Raises WeightsError, SettingsError, FinetuneError.
    """
    path = _locate_weights(weights, model)
    if model.adapter is None:
        return path
    kind = f"{MERGED_PREFIX}{adapter_digest(model.adapter)}"
    merged = weights.derived(path, kind, partial(run_in_subprocess, _merge, model.adapter))
    weights.trim(path, MERGED_PREFIX, KEPT_MERGED)
    return merged


def _locate_weights(weights: Weights, model: ModelSpec) -> Path:
    path = weights.locate(model.weights)
    if path is None:
        raise SettingsError(
            f"{model.weights} is an encoder, not a text generator; see `groundtalk models list`."
        )
    if model.adapter and path.suffix != ".gguf":
        raise UnusableAdapter(model.adapter, f"{model.weights} is no GGUF file")
    return path


def _make_openvino_folder(adapter: Path | None, source: Path, target: Path) -> None:
    """The GGUF file on the way is not kept."""
    from dialogue.engines.conversion import convert
    from dialogue.engines.gguf import prepare

    with TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as work:
        prepared = Path(work) / source.name
        if adapter:
            _merge(adapter, source, prepared)
        else:
            prepare(source, prepared)
        convert(prepared, target)


def _merge(adapter: Path, source: Path, target: Path) -> None:
    from finetune.merging import merge_adapter

    merge_adapter(source, adapter, target)


def close_engine(engine: BaseChatModel) -> None:
    """End the engine's process, if it has one; a call in progress ends with an error."""
    if isinstance(engine, StreamingChatModel):
        engine.close()


def _openai_options(settings: Settings) -> Mapping[str, Any]:
    if not settings.openai_base_url:
        raise SettingsError("ENGINE=openai needs OPENAI_BASE_URL, such as http://localhost:11434/v1.")
    return {
        "base_url": settings.openai_base_url,
        "api_key": settings.openai_api_key.get_secret_value() or "none",
        "stream_usage": True,
        "timeout": PROVIDER_TIMEOUT,
        **settings.engine_options.get_secret_value(),
    }


def load_configured_encoder(settings: Settings, weights: Weights) -> Encoder:
    """The encoder. Raises WeightsError, EncoderError."""
    return load_encoder(settings.encoder, *map(weights.locate, weights_of(settings.encoder)))


Load = Callable[[ModelSpec], BaseChatModel]
Close = Callable[[BaseChatModel], None]
"""Both may take seconds; they are called in a thread."""


class SharedEngines:
    """The engines of one process, each loaded once. `watch` observes the calls of all of them."""

    def __init__(self, load: Load, close: Close, watch: EngineMonitor) -> None:
        self._load = load
        self._close = close
        self._watch = watch
        self._engines: dict[str, BaseChatModel] = {}
        self._users: Counter[str] = Counter()
        self._one_by_one = asyncio.Lock()

    @asynccontextmanager
    async def acquire(self, model: ModelSpec) -> AsyncIterator[BaseChatModel]:
        """The engine of `model`, open until the block ends or longer. Raises what `load` raises."""
        key = await asyncio.to_thread(lambda: model.identity)
        engine = await self._engine(key, model)
        self._users[key] += 1
        try:
            yield engine
        finally:
            self._users[key] -= 1
            if not self._users[key]:
                await self._let_go(key, model)

    async def _engine(self, key: str, model: ModelSpec) -> BaseChatModel:
        async with self._one_by_one:
            if key not in self._engines:
                self._engines[key] = await self._loaded(model)
            return self._engines[key]

    async def _loaded(self, model: ModelSpec) -> BaseChatModel:
        """A provided one is copied, so that the caller's own object stays as it is, callbacks and all."""
        if model.engine is None:
            engine = await asyncio.to_thread(self._load, model)
            engine.callbacks = [self._watch]
            if isinstance(engine, ProcessChatModel):
                engine.process.on_restart = self._watch.on_restart
            return engine
        own = model.engine.callbacks or []
        handlers = own if isinstance(own, list) else own.handlers
        return model.engine.model_copy(update={"callbacks": [*handlers, self._watch]})

    async def _let_go(self, key: str, model: ModelSpec) -> None:
        engine = self._engines.pop(key)
        if model.engine is None:
            await asyncio.to_thread(self._close, engine)
