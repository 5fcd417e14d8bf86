"""Reads the steps of a deployment's own from one Python file, `STEPS_FILE`.

The file defines `steps(default)`: it is given the list that a bot starts with and returns the one to use. The file may
import modules that lie beside it.
"""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from bot.errors import SettingsError
from dialogue.steps import ArrangeSteps, Step

FUNCTION = "steps"


def load_steps(path: Path | None) -> ArrangeSteps:
    """What arranges the steps; without a file the default list stays as it is. Raises SettingsError."""
    if path is None:
        return lambda default: default
    arrange = getattr(_module(path), FUNCTION, None)
    if not callable(arrange):
        raise SettingsError(
            f"{path} defines no function {FUNCTION}(default). Let it return the list of steps; see docs/steps.md."
        )

    def checked(default: list[Step]) -> list[Step]:
        arranged = list(arrange(default))
        if wrong := [step for step in arranged if not callable(getattr(step, "run", None))]:
            raise SettingsError(f"{path}: {wrong[0]!r} is not a step: it has no method run(turn).")
        return arranged

    return checked


def _module(path: Path) -> ModuleType:
    if not path.is_file():
        raise SettingsError(f"There is no file {path}. Correct STEPS_FILE.")
    spec = spec_from_file_location(f"steps_of_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise SettingsError(f"{path} is not a Python file. Correct STEPS_FILE.")
    module = module_from_spec(spec)
    if (folder := str(path.resolve().parent)) not in sys.path:
        sys.path.append(folder)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise SettingsError(f"{path} cannot be run: {type(error).__name__}: {error}") from error
    return module
