"""Slow Python work in a process of its own, so that people are answered meanwhile.

A thread will not do: while an engine writes, it holds the interpreter's lock for most of the time, and reading a GGUF
file in Python beside it took minutes in place of seconds. Knows nothing of the work.
"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from finetune.errors import FinetuneError


def run_apart(work: Callable[..., None], *given: object) -> None:
    """Does `work(*given)`, a function of a module with values that can be pickled, and waits for it.

    Raises OSError as `work` does, and FinetuneError with the words of any other error.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        if words := process.submit(_attempt, work, *given).result():
            raise FinetuneError(words)


def _attempt(work: Callable[..., None], *given: object) -> str:
    """What went wrong, in words: not every error survives the way to another process."""
    try:
        work(*given)
    except OSError:
        raise
    except Exception as error:
        return str(error) or type(error).__name__
    return ""
