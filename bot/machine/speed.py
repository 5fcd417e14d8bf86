"""How many tokens per second the default models read and write here: measured once, and kept in DATA_DIR.

`probe.py` times a few layers of the shape of each model. A step of 128 tokens is bound by arithmetic, a single token by
the bandwidth of the memory, as in the whole model; so the time of all layers, corrected by a factor for what the probe
leaves out (attention, norms, sampling, and the head for what is written), is that of the model. `python -m
benchmarks.machine` reads and writes with the real weights beside the probe: both models read at 0.7 times the probe's
speed. For writing, 0.65 (1.5B) and 2.2 times (0.5B, which guesses words of the prompt) were seen on a busy machine, too
far apart to correct by.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.machine.facts import Machine
from retrieval.files import write_atomically

METHOD = 2
"""To be raised with every change of what is measured or how: records of another method are not used."""
RECORD = "machine.json"
"""The file in DATA_DIR."""
PROBE = Path(__file__).with_name("probe.py")
PROBE_TIMEOUT = 60.0
"""Seconds; it takes about three."""


@dataclass(frozen=True, slots=True)
class Shape:
    """hidden, inner: widths of a layer. layers: how many. weights: of the whole model, in units of the part of a layer
    that is probed. read, write: the factors of the tokens per second that the probe alone would give."""

    hidden: int
    inner: int
    layers: int
    whole: float
    read: float
    write: float


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens per second of a prompt, beyond what is cached, and of an answer."""

    read: float
    write: float


Speeds = Mapping[str, Speed]
"""By the name of the weights."""

SHAPES: Mapping[str, Shape] = {
    "qwen2.5-coder-1.5b-instruct": Shape(1536, 8960, 28, whole=37.4, read=0.7, write=1.0),
    "qwen2.5-coder-0.5b-instruct": Shape(896, 4864, 24, whole=37.8, read=0.7, write=1.0),
}


def measure_speeds(threads: int = 0) -> Speeds:
    """Takes about three seconds. threads: 0 leaves them to OpenVINO. Raises OSError, ValueError, SubprocessError."""
    shapes = [f"{shape.hidden},{shape.inner}" for shape in SHAPES.values()]
    # By its path, so that no module of the same name in the working directory can take its place.
    command = [sys.executable, "-P", str(PROBE), str(threads), *shapes]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PROBE_TIMEOUT)
    timed = [json.loads(line) for line in done.stdout.splitlines()]
    return {name: _speed(shape, *times) for (name, shape), times in zip(SHAPES.items(), timed, strict=True)}


def _speed(shape: Shape, step: float, token: float) -> Speed:
    """From the seconds of one layer for a step of 128 tokens and for one token."""
    return Speed(
        read=round(shape.read * 128 / (shape.layers * step), 1),
        write=round(shape.write / (shape.whole * token), 1),
    )


def known_speeds(data_dir: Path, machine: Machine) -> Speeds | None:
    """What was measured on this machine before; None where nothing was, or the record is damaged or of another one."""
    try:
        record = json.loads((data_dir / RECORD).read_text("utf-8"))
        if record["machine"] != _identity(machine):
            return None
        return {name: Speed(**record["speeds"][name]) for name in SHAPES}
    except (OSError, ValueError, TypeError, KeyError):
        return None


def keep_speeds(data_dir: Path, machine: Machine, speeds: Speeds) -> None:
    """Writes the record. Raises OSError."""
    record = {
        "machine": _identity(machine),
        "speeds": {name: asdict(speed) for name, speed in speeds.items()},
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    with write_atomically(data_dir / RECORD) as partial:
        partial.write_text(json.dumps(record, indent=1) + "\n", "utf-8")


def _identity(machine: Machine) -> dict[str, Any]:
    """What the speeds depend on: if it changes, they are measured again."""
    return {
        "method": METHOD,
        "cpu": machine.cpu,
        "features": list(machine.features),
        "cores": machine.cores,
        "quota": machine.quota,
    }
