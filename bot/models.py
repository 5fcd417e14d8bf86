"""Models by name, loaded: text engines, and the encoder of the settings.

Knows which file goes to which loader. Loading takes seconds: call it in a thread.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel

from bot.adapters import Model, adapter_digest
from bot.apart import run_apart
from bot.errors import SettingsError
from bot.settings import Settings
from bot.weights import Weights
from dialogue.engines.chat import LocalChat
from dialogue.engines.gguf import prepare
from dialogue.engines.openvino import Limits, load_openvino
from dialogue.engines.provider import load_provider
from dialogue.engines.transformers import load_transformers
from finetune.errors import UnusableAdapter
from finetune.merging import merge
from retrieval.encoder import Encoder, load_encoder

INDEX = "index"
"""The collection's folder in DATA_DIR."""
OPENAI = "langchain_openai:ChatOpenAI"
MERGED = "with-"
KEPT = 4
"""Merged files of the same weights: others are made again in seconds."""
PATIENCE = 60.0
"""Seconds that a server with OpenAI's interface may be silent."""


def fetch_weights(settings: Settings, weights: Weights) -> None:
    """Everything that `load_engine` and `encoder_of` will need, one after the other with progress bars."""
    for name in settings.weights:
        weights.locate(name)


def load_engine(settings: Settings, weights: Weights, model: Model | None = None) -> BaseChatModel:
    """The engine of `model`, by default of GENERATOR, as ENGINE runs it.

    Raises WeightsError, EngineError, SettingsError, FinetuneError.
    """
    model = model or Model(settings.generator)
    if settings.engine == "openai":
        return load_provider(OPENAI, model.weights, _openai_options(settings))
    if not settings.runs_here:
        return load_provider(settings.engine, model.weights, settings.engine_options.get_secret_value())
    path = locate_runnable(settings, weights, model)
    if settings.engine == "transformers":
        return load_transformers(path)
    return load_openvino(path, limits=Limits(cache_gb=settings.engine_cache_gb))


def locate_runnable(settings: Settings, weights: Weights, model: Model) -> Path:
    """What the engine of this process loads: for OpenVINO a file that it reads well, rewritten once where it has to be.

    Raises WeightsError, SettingsError, FinetuneError.
    """
    path = locate_model(weights, model)
    if settings.engine == "openvino" and path.suffix == ".gguf" and not model.adapter:
        return weights.derived(path, "prepared", partial(run_apart, prepare))
    return path


def locate_model(weights: Weights, model: Model) -> Path:
    """The file or folder of the weights, with the adapter in them where there is one: merged once, kept in the cache.

    Raises WeightsError, SettingsError, FinetuneError.
    """
    path = weights.locate(model.weights)
    if path is None:
        raise SettingsError(
            f"{model.weights} is an encoder and writes nothing; see `groundtalk models list`."
        )
    if model.adapter is None:
        return path
    if path.suffix != ".gguf":
        raise UnusableAdapter(model.adapter, f"{model.weights} is no GGUF file")
    kind = f"{MERGED}{adapter_digest(model.adapter)}"
    merged = weights.derived(path, kind, partial(run_apart, _merge, model.adapter))
    weights.trim(path, MERGED, KEPT)
    return merged


def _merge(adapter: Path, source: Path, target: Path) -> None:
    merge(source, adapter, target)


def close_engine(engine: BaseChatModel) -> None:
    """Stop the engine's own threads, where it has some; a call that still runs ends with an error."""
    if isinstance(engine, LocalChat):
        engine.close()


def _openai_options(settings: Settings) -> Mapping[str, Any]:
    if not settings.openai_base_url:
        raise SettingsError("ENGINE=openai needs OPENAI_BASE_URL, such as http://localhost:11434/v1.")
    return {
        "base_url": settings.openai_base_url,
        "api_key": settings.openai_api_key.get_secret_value() or "none",
        "stream_usage": True,
        "timeout": PATIENCE,
        **settings.engine_options.get_secret_value(),
    }


def encoder_of(settings: Settings, weights: Weights) -> Encoder:
    """The encoder. Raises WeightsError, EncoderError."""
    return load_encoder(settings.encoder, weights.locate(settings.encoder.partition("+")[0]))
