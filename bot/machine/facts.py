"""What a machine has, without measuring anything: processor, cores, memory.

A container's limits count, not what the computer around it has.
"""

import math
import os
import platform
from dataclasses import dataclass
from pathlib import Path

import archspec.cpu
import archspec.cpu.detect
import psutil

from bot.machine.cgroups import read_limits

GB = 1 << 30
FEATURES = (
    *("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_int8", "amx_bf16"),
    *("asimd", "asimddp", "i8mm", "bf16", "sve"),
)
"""The instructions that decide how fast models run, by the names that Linux gives them; x86 first, then ARM."""
NATIVE_BF16 = frozenset({"avx512_bf16", "amx_bf16", "bf16"})


@dataclass(frozen=True, slots=True)
class Machine:
    """features: those of FEATURES that it has. cores: those that this process may run on. quota: the processor time
    that it may use, in cores; None is no limit. memory: bytes that it may use."""

    cpu: str
    architecture: str
    features: tuple[str, ...]
    cores: int
    quota: float | None
    memory: int

    @property
    def threads(self) -> int:
        """The threads that can work at once: more would only wait for each other under a quota."""
        return self.cores if self.quota is None else max(1, min(self.cores, math.ceil(self.quota)))

    @property
    def throttled(self) -> bool:
        """Whether a quota leaves less than the cores that a library sees."""
        return self.threads < self.cores

    @property
    def memory_gb(self) -> float:
        return self.memory / GB

    @property
    def has_bf16(self) -> bool:
        """Whether the processor multiplies bfloat16 itself."""
        return bool(NATIVE_BF16 & set(self.features))

    def __str__(self) -> str:
        cores = f"{self.threads} core{'s' if self.threads > 1 else ''}"
        return f"{self.cpu}, {cores}, {self.memory_gb:.1f} GB of memory"


def this_machine(root: Path = Path("/")) -> Machine:
    """The machine that this process runs on. root: where `/proc` and `/sys` are."""
    limits = read_limits(root)
    total = int(psutil.virtual_memory().total)
    return Machine(
        cpu=_cpu_name(),
        architecture=platform.machine(),
        features=_features(),
        cores=_usable_cores(),
        quota=limits.cores,
        memory=min(total, limits.memory or total),
    )


def _cpu_name() -> str:
    return str(archspec.cpu.brand_string() or archspec.cpu.host().name)


def _features() -> tuple[str, ...]:
    found = archspec.cpu.detect.detected_info().features | archspec.cpu.host().features
    return tuple(name for name in FEATURES if name in found)


def _usable_cores() -> int:
    """Those that a scheduler lets this process run on: `taskset` and cpusets leave fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
