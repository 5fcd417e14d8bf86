"""Any chat model of a LangChain package, loaded by name."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from langchain_core.language_models import BaseChatModel

from dialogue.errors import EngineError

EXTRAS = {"langchain_openai": "'groundtalk[openai]'"}
"""What to install for a package that comes with an extra of ours; others are named after their module."""


def load_provider(name: str, model: str, options: Mapping[str, Any]) -> BaseChatModel:
    """`name` is `package:Class`, such as `langchain_ollama:ChatOllama`; the class is given `model` and `options`.

    Raises EngineError where the package is missing, holds no such chat model, or refuses the options.
    """
    kind = _find(name)
    try:
        return kind(**{"model": model, "temperature": 0, **options})
    except Exception as error:
        raise EngineError(
            f"{name} refuses its options: {error}. Correct them.", remedies=("options",)
        ) from error


def _find(name: str) -> type[BaseChatModel]:
    module, _, attribute = name.partition(":")
    try:
        found = getattr(import_module(module), attribute, None)
    except ImportError as error:
        package = module.partition(".")[0]
        needed = EXTRAS.get(package, package.replace("_", "-"))
        raise EngineError(f"{package} is not installed. Run: pip install {needed}") from error
    if not (isinstance(found, type) and issubclass(found, BaseChatModel)):
        raise EngineError(f"{name} is not a chat model. Name one as package:Class.", remedies=("provider",))
    return found
