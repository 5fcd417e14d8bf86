"""Loads a local text engine. Called in the engine's own process, so it imports little, and each engine where chosen."""

from pathlib import Path

from dialogue.engines.chat import LocalChatModel
from dialogue.engines.generation import GenerationOptions


def load_local_model(
    engine: str, path: Path, cache_gb: int, threads: int, options: GenerationOptions
) -> LocalChatModel:
    """The weights at `path`, run by `engine`. threads: 0 leaves them to OpenVINO. Raises EngineError."""
    if engine == "transformers":
        from dialogue.engines.transformers import load_transformers

        return load_transformers(path, options=options)
    from dialogue.engines.openvino import PROPERTIES, EngineLimits, load_openvino

    properties = {**PROPERTIES, **({"INFERENCE_NUM_THREADS": threads} if threads else {})}
    limits = EngineLimits(cache_gb=cache_gb)
    return load_openvino(path, limits=limits, options=options, properties=properties)
