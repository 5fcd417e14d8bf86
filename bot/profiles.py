"""Which models, and how much evidence, suit a machine: `choose` is a pure function of what the machine is and what the
person has set.

Two profiles: `full` answers with the 1.5B and rewrites with the trained 0.5B, `small` does both with the 0.5B. `auto`
takes the best of them, with the largest budget of evidence, whose first word comes within TARGET seconds. A setting
that the person made always wins. Knows nothing of files; `bot/configuration.py` applies the choice to the settings.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.errors import MachineTooSmall
from bot.machine.facts import Machine
from bot.machine.speed import Speeds
from bot.settings import GENERATOR, REWRITER, Settings

ProfileName = Literal["auto", "full", "small"]
CHOSEN = ("generator", "encoder", "passage_tokens", "threads")
"""The settings that a profile decides."""

TARGET = 3.0
"""Seconds to the first word of a follow-up question that `auto` tries to keep."""
PATIENCE = 4.5
"""Seconds to the first word that the better model may take, where the smaller one would keep TARGET: people wait that
long for an answer that is right more often (`docs/machines.md`)."""
WORTH = 2.0
"""If nothing keeps TARGET, the smaller model must be this many times quicker, for it answers less well."""
BUDGETS = (1.0, 0.75, 0.5)
"""Shares of the default budget of evidence that may be chosen, the best first."""

BOTH_ENCODERS: str = Settings.model_fields["encoder"].default
ENGLISH_ENCODER = "all-MiniLM-L6-v2"
FORMER_ENCODERS = "all-MiniLM-L6-v2+multilingual"
"""The default before multilingual-e5-small; an index that it made keeps it."""
PASSAGE_TOKENS: int = Settings.model_fields["passage_tokens"].default

MEMORY_GB: Mapping[str, float] = {
    "process": 0.4,
    GENERATOR: 2.8,
    REWRITER: 1.3,
    BOTH_ENCODERS: 0.5,
    FORMER_ENCODERS: 0.5,
    ENGLISH_ENCODER: 0.2,
}
"""The most that each part takes, cache and loading included; a model that is not here is not counted."""

SEARCH_SECONDS = 0.15
REWRITE_READ, REWRITE_WRITTEN = 100, 15
"""Tokens of a follow-up with its history beyond the prompt's beginning, which is cached; and of what it becomes."""
QUESTION_TOKENS = 15
"""Tokens of a prompt for an answer beyond its evidence and its cached beginning: of the 40 handbook questions,
half have at most 254 with a budget of 240."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is not for the machine to decide.

    profile: PROFILE; `former` keeps what a deployment from before there were profiles has, if memory allows. explicit:
    the settings that the person made. local: whether the text models run on this machine. index_encoder: of the
    documents that were read already.
    """

    profile: ProfileName | Literal["former"] = "auto"
    explicit: Mapping[str, Any] = field(default_factory=dict)
    local: bool = True
    index_encoder: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The models and the budget. threads: of the text engine, 0 leaves them to it. first_word: seconds that a follow-up
    question is expected to take, None where that is not known. memory_gb: the most that all of it takes."""

    profile: Literal["full", "small"]
    generator: str
    rewriter: str
    encoder: str
    passage_tokens: int
    threads: int
    first_word: float | None
    memory_gb: float


def choose(machine: Machine, speeds: Speeds | None, wishes: Wishes) -> Choice:
    """The best choice for this machine. Raises MachineTooSmall where neither profile fits into memory."""
    candidates = list(_candidates(machine, speeds, wishes))
    fitting = [choice for choice in candidates if choice.memory_gb <= machine.memory_gb]
    if fitting:
        return _quick_enough(fitting) if wishes.profile == "auto" else fitting[0]
    if wishes.local and wishes.profile in ("auto", "former") and "generator" not in wishes.explicit:
        raise MachineTooSmall(machine.memory_gb, candidates[-1].memory_gb)
    return candidates[-1]


def _quick_enough(choices: Sequence[Choice]) -> Choice:
    """The first that keeps TARGET, of the best model alone if that keeps PATIENCE. If none does, the quickest of
    the best model, or of all if that is WORTH it."""
    best = choices[0]
    if best.first_word is None:
        return best
    same = [choice for choice in choices if choice.generator == best.generator]
    of_best = min(same, key=_wait)
    patient = _wait(of_best) <= PATIENCE
    within = next((choice for choice in (same if patient else choices) if _wait(choice) <= TARGET), None)
    quickest = min(choices, key=_wait)
    worth = not patient and _wait(quickest) * WORTH <= _wait(of_best)
    return within or (quickest if worth else of_best)


def _wait(choice: Choice) -> float:
    return choice.first_word or 0.0


def _candidates(machine: Machine, speeds: Speeds | None, wishes: Wishes) -> Iterator[Choice]:
    """All that may be chosen, the best answers first."""
    for profile in _profiles(wishes.profile):
        generator = wishes.explicit.get("generator") or (GENERATOR if profile == "full" else REWRITER)
        rewriter = wishes.explicit.get("rewriter") or (REWRITER if generator == GENERATOR else generator)
        for budget in _budgets(wishes):
            encoder = _encoder(machine, wishes, (generator, rewriter))
            yield Choice(
                profile=profile,
                generator=generator,
                rewriter=rewriter,
                encoder=encoder,
                passage_tokens=budget,
                threads=wishes.explicit.get("threads", machine.threads if machine.throttled else 0),
                first_word=first_word(speeds, generator, rewriter, budget) if wishes.local else None,
                memory_gb=memory_needed(encoder, (generator, rewriter) if wishes.local else ()),
            )


def _profiles(name: str) -> tuple[Literal["full", "small"], ...]:
    if name == "full":
        return ("full",)
    return ("small",) if name == "small" else ("full", "small")


def _budgets(wishes: Wishes) -> tuple[int, ...]:
    if explicit := wishes.explicit.get("passage_tokens"):
        return (explicit,)
    shares = BUDGETS if wishes.profile == "auto" else BUDGETS[:1]
    return tuple(round(share * PASSAGE_TOKENS) for share in shares)


def _encoder(machine: Machine, wishes: Wishes, models: Sequence[str]) -> str:
    """That of the person or of the index; else both encoders, unless PROFILE or the memory asks for one."""
    if named := wishes.explicit.get("encoder") or wishes.index_encoder:
        return str(named)
    needed = memory_needed(BOTH_ENCODERS, models if wishes.local else ())
    both = wishes.profile == "full" or (wishes.profile != "small" and needed <= machine.memory_gb)
    return BOTH_ENCODERS if both else ENGLISH_ENCODER


def memory_needed(encoder: str, models: Sequence[str]) -> float:
    """Gigabytes, at most, with these text models on this machine."""
    parts = ("process", encoder, *dict.fromkeys(models))
    return sum(MEMORY_GB.get(part, 0.0) for part in parts)


def first_word(speeds: Speeds | None, generator: str, rewriter: str, passage_tokens: int) -> float | None:
    """Seconds to the first word of a follow-up question that is asked alone; None without the models' speeds."""
    if not speeds or generator not in speeds or rewriter not in speeds:
        return None
    rewriting, answering = speeds[rewriter], speeds[generator]
    rewrite = REWRITE_READ / rewriting.read + REWRITE_WRITTEN / rewriting.write
    answer = (passage_tokens + QUESTION_TOKENS) / answering.read + 1 / answering.write
    return round(SEARCH_SECONDS + rewrite + answer, 1)
