"""The two models that the settings name, loaded: the text engine, and the encoder with its collection.

Knows which file goes to which loader. Loading takes seconds: call it in a thread.
"""

from pathlib import Path

from langchain_core.language_models import BaseChatModel

from bot.errors import SettingsError
from bot.settings import Settings
from bot.weights import Weights
from dialogue.engines.gguf import prepare, readable
from dialogue.engines.openvino import Limits, OpenVINOChat
from retrieval.collection import Collection
from retrieval.encoder import Encoder, load_encoder

INDEX = "index"
"""The collection's folder in DATA_DIR."""


def fetch_weights(settings: Settings, weights: Weights) -> None:
    """Everything that `load_engine` and `load_collection` will need, one after the other with progress bars."""
    for name in settings.weights:
        weights.locate(name)


def load_engine(settings: Settings, weights: Weights) -> BaseChatModel:
    """The text engine. Raises WeightsError, EngineError, SettingsError."""
    path = weights.locate(settings.generator)
    if path is None:
        raise SettingsError(
            f"GENERATOR: {settings.generator} is an encoder. `groundtalk models list` shows which is which."
        )
    return OpenVINOChat.load(_runnable(path, weights), limits=Limits(cache_gb=settings.engine_cache_gb))


def close_engine(engine: BaseChatModel) -> None:
    """Stop the engine's own threads, where it has some; a call that still runs ends with an error."""
    if isinstance(engine, OpenVINOChat):
        engine.close()


def _runnable(path: Path, weights: Weights) -> Path:
    """The file itself, or its copy rewritten for OpenVINO, made once."""
    if path.suffix != ".gguf" or readable(path):
        return path
    return weights.derived(path, "openvino", prepare)


def encoder_of(settings: Settings, weights: Weights) -> Encoder:
    """The encoder. Raises WeightsError, EncoderError."""
    return load_encoder(settings.encoder, weights.locate(settings.encoder.partition("+")[0]))


def load_collection(settings: Settings, weights: Weights) -> Collection:
    """The collection in DATA_DIR with its encoder. Raises WeightsError, EncoderError."""
    return Collection(settings.data_dir / INDEX, encoder_of(settings, weights))
