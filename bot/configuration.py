"""Settles the settings that were left to the machine: looks at it, measures it once, and fills in what suits it.

Every command that loads models goes through `configure`, so that what is measured and trained is what serves. DATA_DIR
keeps what was measured (`machine.json`) and what was chosen (`profile.json`). Documents stay with the encoder that they
were read with, and a deployment from before there were profiles stays as it is.
"""

import json
import subprocess
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import structlog

from bot.index_summary import published_index
from bot.machine.facts import Machine, this_machine
from bot.machine.speed import RECORD as SPEEDS_RECORD
from bot.machine.speed import Speeds, keep_speeds, known_speeds, measure_speeds
from bot.profiles import BOTH_ENCODERS, CHOSEN, ENGLISH_ENCODER, FORMER_ENCODERS, Choice, Wishes, choose
from bot.settings import Settings, load_settings
from retrieval.files import write_atomically

RECORD = "profile.json"
"""The file in DATA_DIR."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Configuration:
    """settings: with everything settled. choice: None where the person left nothing to the machine."""

    settings: Settings
    machine: Machine
    speeds: Speeds | None
    wishes: Wishes
    choice: Choice | None


def configure(
    settings: Settings,
    provided: Collection[str] = (),
    *,
    first_start: bool = True,
    look: Callable[[], Machine] = this_machine,
    measure: Callable[[int], Speeds] = measure_speeds,
) -> Configuration:
    """The settings as this machine runs them. Takes three seconds the first time, then none.

    provided: the tasks that models of the caller's own do. first_start: measure and write down what is not known yet;
    otherwise an unknown machine is taken for one that is fast enough. Raises MachineTooSmall.
    """
    machine = look()
    wishes = _wishes(settings, provided)
    if set(CHOSEN) <= settings.model_fields_set:
        return Configuration(settings, machine, known_speeds(settings.data_dir, machine), wishes, None)
    speeds = known_speeds(settings.data_dir, machine)
    if speeds is None and first_start and wishes.local and wishes.profile in ("auto", "former"):
        speeds = measure_and_keep(settings.data_dir, machine, measure)
    choice = choose(machine, speeds, wishes)
    if first_start:
        _keep(settings.data_dir, wishes, choice)
    chosen = {key: getattr(choice, key) for key in CHOSEN if key not in settings.model_fields_set}
    return Configuration(settings.model_copy(update=chosen), machine, speeds, wishes, choice)


def load_configured() -> Settings:
    """The settings of this process, settled. Raises SettingsError, MachineTooSmall."""
    return configure(load_settings()).settings


def measure_and_keep(data_dir: Path, machine: Machine, measure: Callable[[int], Speeds]) -> Speeds | None:
    """The speeds of this machine, written down. None where the probe fails: the bot then starts as on a fast one."""
    log.info("Measuring how fast this machine is; this takes a few seconds, once.")
    try:
        speeds = measure(machine.threads if machine.throttled else 0)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        log.warning("machine_not_measured", reason=str(error))
        return None
    try:
        keep_speeds(data_dir, machine, speeds)
    except OSError as error:
        log.warning("machine_not_kept", reason=str(error))
    return speeds


def _wishes(settings: Settings, provided: Collection[str]) -> Wishes:
    explicit = {
        key: getattr(settings, key) for key in (*CHOSEN, "rewriter") if key in settings.model_fields_set
    }
    explicit = {key: value for key, value in explicit.items() if value}
    if "retrieve" in provided:
        explicit["encoder"] = settings.encoder
    record, index = _record(settings.data_dir), _index_encoder(settings.data_dir)
    former = index and "profile" not in settings.model_fields_set and _is_former(settings.data_dir, record)
    return Wishes(
        profile="former" if former else settings.profile,
        explicit=explicit,
        local=settings.runs_here and "answer" not in provided,
        index_encoder=str(record.get("encoder", index)) if index else None,
    )


def _is_former(data_dir: Path, record: Mapping[str, Any]) -> bool:
    """Whether the documents here were read before there were profiles."""
    if any((data_dir / name).exists() for name in (RECORD, SPEEDS_RECORD)):
        return bool(record.get("former"))
    return _index_encoder(data_dir) == FORMER_ENCODERS


def _record(data_dir: Path) -> Mapping[str, Any]:
    """What was written down at an earlier start; empty if there was none, or the file is damaged."""
    try:
        record = json.loads((data_dir / RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _index_encoder(data_dir: Path) -> str | None:
    """The encoder of the documents that were read already, by the form of its fingerprint; None without documents."""
    index = published_index(data_dir)
    if index is None:
        return None
    if "+" not in index.encoder:
        return ENGLISH_ENCODER
    return BOTH_ENCODERS if "+e5-" in index.encoder else FORMER_ENCODERS


def _keep(data_dir: Path, wishes: Wishes, choice: Choice) -> None:
    """Writes down what was chosen. If it cannot be written, it is chosen again at the next start."""
    record = {"former": wishes.profile == "former", **asdict(choice)}
    if record == _record(data_dir):
        return
    try:
        with write_atomically(data_dir / RECORD) as partial:
            partial.write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    except OSError as error:
        log.warning("profile_not_kept", reason=str(error))
