"""Loads a local text engine. Called in the engine's own process, so it imports little, and each engine where chosen."""

from pathlib import Path

from dialogue.engines.chat import LocalChatModel
from dialogue.engines.generation import GenerationOptions
from dialogue.errors import EngineError


def load_local_model(
    engine: str, path: Path, cache_gb: int, threads: int, options: GenerationOptions
) -> LocalChatModel:
    """The weights at `path`, run by `engine`. threads: 0 leaves them to the engine. Raises EngineError."""
    if engine == "transformers":
        from dialogue.engines.transformers import load_transformers

        return load_transformers(path, options=options)
    if engine == "llamacpp":
        return _llamacpp(path, cache_gb, threads, options)
    from dialogue.engines.openvino import PROPERTIES, EngineLimits, load_openvino

    properties = {**PROPERTIES, **({"INFERENCE_NUM_THREADS": threads} if threads else {})}
    limits = EngineLimits(cache_gb=cache_gb)
    return load_openvino(path, limits=limits, options=options, properties=properties)


def _llamacpp(path: Path, cache_gb: int, threads: int, options: GenerationOptions) -> LocalChatModel:
    try:
        from dialogue.engines.llamacpp import CACHE_TOKENS, SlotLimits, load_llamacpp
    except ImportError as error:
        raise EngineError("llama.cpp is not installed. Run: pip install 'groundtalk[llamacpp]'") from error
    limits = SlotLimits(cache_tokens=cache_gb * CACHE_TOKENS)
    return load_llamacpp(path, limits=limits, options=options, threads=threads)
