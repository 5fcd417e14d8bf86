"""The errors of training and evaluation. Every message names the remedy.

FinetuneError
├── BadFile        a file of rows cannot be read, or a row does not have the required form
├── UnusableBase   a model cannot be trained
├── UnusableAdapter  an adapter does not fit the weights it is merged into
├── RunMismatch    a folder holds a different run
├── DatasetError   a dataset is missing, damaged, or was changed
│   └── EmptyDataset   the log and the files have no usable examples
├── NothingToLearn no example is left to train on
├── UnknownRelease     no release has this id
├── BadRelease         a release's files are missing, damaged, or not what they should be
├── NothingToRollBack  nothing was promoted, or everything was rolled back
├── LeaseLost          another process took over the work
├── LiveChanged        another release went live while a candidate was measured
└── StepFailed         a step of a retraining cycle failed
"""

from collections.abc import Mapping
from pathlib import Path


class FinetuneError(Exception):
    """The root of this package's errors; the text may be shown to operators."""

    def __init__(self, message: str = "", *, remedies: tuple[str, ...] = ()) -> None:
        """remedies: names of the parameters and functions that put it right, for whoever has other names for them."""
        super().__init__(message)
        self.remedies = remedies


class BadFile(FinetuneError):
    """A file of rows cannot be read, or the row in `line` (from 1) does not have the required form."""

    def __init__(self, path: Path, line: int | None, problem: str) -> None:
        place = f"{path}, line {line}" if line else str(path)
        super().__init__(f"{place}: {problem}. docs/evaluation.md describes the forms of the files.")
        self.path = path
        self.line = line


class UnusableBase(FinetuneError):
    """A model cannot be trained."""

    def __init__(self, path: Path, reason: Exception) -> None:
        super().__init__(
            f"{path.name} cannot be trained: {reason}. Give a GGUF file of a Llama or Qwen model, or a folder that "
            "transformers reads."
        )


class UnusableAdapter(FinetuneError):
    """An adapter does not fit the weights it is merged into."""

    def __init__(self, adapter: Path, reason: str) -> None:
        super().__init__(
            f"The adapter in {adapter} cannot be merged: {reason}. Merge it into the model it was trained on."
        )


class RunMismatch(FinetuneError):
    """A folder holds a different run."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder} holds a run with other data or options, or its run.json is damaged. "
            "Choose another name, or remove the folder to start over."
        )


class DatasetError(FinetuneError):
    """A dataset is missing, damaged, or was changed."""

    def __init__(self, folder: Path, problem: str) -> None:
        super().__init__(
            f"The dataset {folder} {problem}. Name one that is there, or build one.", remedies=("datasets",)
        )
        self.folder = folder


class EmptyDataset(DatasetError):
    """The log and the imported files have no usable examples."""

    def __init__(self, folder: Path, left: Mapping[str, int]) -> None:
        reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(left.items()) if count)
        FinetuneError.__init__(
            self,
            f"Nothing in the log can be learnt from (left out: {reasons or 'nothing'}). "
            "Ask people for consent (docs/privacy.md), or import files of examples.",
            remedies=("imports",),
        )
        self.folder = folder
        self.left = left


class NothingToLearn(FinetuneError):
    """No example is left to train on."""

    def __init__(self, task: str) -> None:
        super().__init__(
            f"There are no examples to train a {task} on. Build a dataset that has some, or give files of them."
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
    """Nothing was promoted, or everything was rolled back."""

    def __init__(self) -> None:
        super().__init__("There is nothing to roll back: the default is live already.")


class LeaseLost(FinetuneError):
    """Another process took over the work, because this one stood still for too long."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"This process stood still for so long that another took over {name}. Nothing was promoted here."
        )


class LiveChanged(FinetuneError):
    """Another release went live while a candidate was measured."""

    def __init__(self) -> None:
        super().__init__(
            "Another release went live in the meantime, so the candidate was compared with the wrong one"
        )


class StepFailed(FinetuneError):
    """A step of a retraining cycle failed; the live release stays."""

    def __init__(self, step: str, error: Exception) -> None:
        super().__init__(
            f"Retraining stopped at {step}: {error}\n"
            "The live release stays. Retrain again to continue from there.",
            remedies=(*getattr(error, "remedies", ()), "retrain"),
        )
        self.step = step
