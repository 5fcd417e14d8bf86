"""Loads a local text engine. Called in the engine's own process, so it imports little, and each engine where chosen."""

from pathlib import Path

from dialogue.engines.chat import LocalChatModel


def load_local_model(engine: str, path: Path, cache_gb: int) -> LocalChatModel:
    """The weights at `path`, run by `engine`. Raises EngineError."""
    if engine == "transformers":
        from dialogue.engines.transformers import load_transformers

        return load_transformers(path)
    from dialogue.engines.openvino import EngineLimits, load_openvino

    return load_openvino(path, limits=EngineLimits(cache_gb=cache_gb))
