"""What the text engine runs: weights by name, with or without an adapter on top of them.

Knows the adapters that come with this package (`finetune/adapters/NAME/`, trained on the weights NAME) and what their
cards say. Does not know how weights are fetched, merged or run.
"""

import re
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from finetune.release import LANGUAGE

SHIPPED_HERE = Path(__file__).parents[1] / "finetune" / "adapters"
LEARNT = "adapter_model.safetensors"
CARD = "card.md"
SERVES = re.compile(r"^tasks:(.*)$", re.MULTILINE)
"""The line of a card that names the tasks an adapter has learnt; without it, all those of the language model."""


@dataclass(frozen=True, slots=True)
class Model:
    """weights: by name, path or hub id. adapter: a folder in PEFT's form, to be merged into them."""

    weights: str
    adapter: Path | None = None

    @property
    def trained(self) -> bool:
        return self.adapter is not None

    @property
    def identity(self) -> str:
        """The same for models that are the same; an adapter is known by its bytes, wherever it lies."""
        return f"{self.weights}+{adapter_digest(self.adapter)}" if self.adapter else self.weights


def adapter_digest(adapter: Path) -> str:
    """12 hexadecimal digits of the SHA-256 of what was learnt."""
    with (adapter / LEARNT).open("rb") as file:
        return file_digest(file, "sha256").hexdigest()[:12]


def shipped_adapter(weights: str, *tasks: str, folder: Path = SHIPPED_HERE) -> Path | None:
    """The adapter in `folder` that has learnt one of the tasks on these weights; None if there is none."""
    adapters = {path.name: path for path in folder.glob("*") if (path / LEARNT).is_file()}
    adapter = adapters.get(weights)
    return adapter if adapter and _served(adapter / CARD) & set(tasks) else None


def _served(card: Path) -> set[str]:
    named = SERVES.search(card.read_text(encoding="utf-8")) if card.is_file() else None
    return set(re.findall(r"\w+", named[1])) if named else set(LANGUAGE)
