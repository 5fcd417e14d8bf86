"""What can go wrong in learning and evaluation. Every message names the remedy.

FinetuneError
├── BadFile        a file of rows cannot be read, or a row has not the form it should have
├── UnusableBase   weights cannot be trained on
├── UnusableAdapter  an adapter does not fit the weights it is merged into
├── RunMismatch    a folder holds the run of something else
├── DatasetError   a dataset is missing, damaged, or was changed
│   └── EmptyDataset   nothing logged or imported is fit to learn from
├── NothingToLearn no example is left to train on
├── UnknownRelease     no release has this id
├── BadRelease         a release's files are missing, damaged, or not what they should be
├── NothingToRollBack  nothing was promoted
├── LeaseLost          another process does now what this one did
├── LiveChanged        another release went live while a candidate was measured
└── StepFailed         a step of a cycle of learning failed
"""

from collections.abc import Mapping
from pathlib import Path


class FinetuneError(Exception):
    """The root of this package's errors; its text may be shown to an operator."""

    def __init__(self, message: str = "", *, remedies: tuple[str, ...] = ()) -> None:
        """remedies: names of the parameters and functions that put it right, for whoever has other names for them."""
        super().__init__(message)
        self.remedies = remedies


class BadFile(FinetuneError):
    """A file of rows cannot be read, or the row in `line` (from 1) has not the form it should have."""

    def __init__(self, path: Path, line: int | None, problem: str) -> None:
        place = f"{path}, line {line}" if line else str(path)
        super().__init__(f"{place}: {problem}. docs/evaluation.md describes the forms of the files.")
        self.path = path
        self.line = line


class UnusableBase(FinetuneError):
    """Weights cannot be trained on."""

    def __init__(self, path: Path, reason: Exception) -> None:
        super().__init__(
            f"{path.name} cannot be trained on: {reason}. Give a GGUF file of a Llama or Qwen model, or a folder that "
            "transformers reads."
        )


class UnusableAdapter(FinetuneError):
    """An adapter does not fit the weights it is merged into."""

    def __init__(self, adapter: Path, reason: str) -> None:
        super().__init__(
            f"The adapter in {adapter} cannot be merged: {reason}. Merge it into the weights it was trained on."
        )


class RunMismatch(FinetuneError):
    """A folder holds the run of something else."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder} holds a run with other data or options, or one whose run.json is damaged. "
            "Choose another name, or remove the folder to start anew."
        )


class DatasetError(FinetuneError):
    """A dataset is missing, damaged, or was changed."""

    def __init__(self, folder: Path, problem: str) -> None:
        super().__init__(
            f"The dataset {folder} {problem}. Name one that is there, or build one.", remedies=("datasets",)
        )
        self.folder = folder


class EmptyDataset(DatasetError):
    """Nothing logged or imported is fit to learn from."""

    def __init__(self, folder: Path, left: Mapping[str, int]) -> None:
        reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(left.items()) if count)
        FinetuneError.__init__(
            self,
            f"Nothing in the log is fit to learn from (left out: {reasons or 'nothing'}). "
            "Ask people for consent (docs/privacy.md), or import files of examples.",
            remedies=("imports",),
        )
        self.folder = folder
        self.left = left


class NothingToLearn(FinetuneError):
    """No example is left to train on."""

    def __init__(self, task: str) -> None:
        super().__init__(
            f"There is no example to train a {task} on. Build a dataset with some, or name files of them."
        )


class UnknownRelease(FinetuneError):
    """No release has this id."""

    def __init__(self, release: str) -> None:
        super().__init__(f"There is no release {release!r}. Name one that is there.", remedies=("releases",))
        self.release = release


class BadRelease(FinetuneError):
    """A release's files are missing, damaged, or not what they should be."""

    def __init__(self, release: str, reason: str) -> None:
        super().__init__(
            f"Release {release} cannot be used: {reason}. Train it again, or promote another one."
        )
        self.release = release


class NothingToRollBack(FinetuneError):
    """Nothing was promoted, or all of it was rolled back."""

    def __init__(self) -> None:
        super().__init__("There is nothing to roll back: what comes by default is live already.")


class LeaseLost(FinetuneError):
    """Another process does now what this one did, which stood still for too long."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"This process stood still for so long that another took over {name}. Nothing was promoted here."
        )


class LiveChanged(FinetuneError):
    """Another release went live while a candidate was measured."""

    def __init__(self) -> None:
        super().__init__("Another release went live meanwhile, so the candidate was beside the wrong one")


class StepFailed(FinetuneError):
    """A step of a cycle of learning failed; what is live stayed as it was."""

    def __init__(self, step: str, error: Exception) -> None:
        super().__init__(
            f"Retraining stopped at {step}: {error}\n"
            "What is live stays as it was. Retrain again: it goes on where it stopped.",
            remedies=(*getattr(error, "remedies", ()), "retrain"),
        )
        self.step = step
