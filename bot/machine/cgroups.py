"""What a container may use: the limits of the control groups that this process is in, version 1 or 2."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MOUNT = Path("sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Limits:
    """cores: of processor time, such as 1.5. memory: bytes. None: no limit."""

    cores: float | None = None
    memory: int | None = None


def read_limits(root: Path = Path("/")) -> Limits:
    """The tightest limits of this process's groups and of those around them; none where there are no groups."""
    memory = [
        *_numbers(_files(root, "", "memory.max")),
        *_numbers(_files(root, "memory", "memory.limit_in_bytes")),
    ]
    return Limits(min(_quotas(root), default=None), min(memory, default=None))


def _quotas(root: Path) -> Iterator[float]:
    """Of both versions; without a limit the quota is `max` or -1."""
    for path in _files(root, "", "cpu.max"):
        yield from _share(*_text(path).split()[:2])
    for path in _files(root, "cpu", "cpu.cfs_quota_us"):
        yield from _share(_text(path), _text(path.with_name("cpu.cfs_period_us")))


def _share(quota: str = "", period: str = "") -> Iterator[float]:
    if quota.isdigit() and period.isdigit() and int(period) and int(quota):
        yield int(quota) / int(period)


def _numbers(paths: Iterator[Path]) -> Iterator[int]:
    return (int(text) for path in paths if (text := _text(path)).isdigit())


def _files(root: Path, controller: str, name: str) -> Iterator[Path]:
    """The file called `name` of each group of this process, the innermost first, up to the root, a container's own."""
    mount = root / MOUNT / controller
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, group = line.split(":", 2)
        if controller in controllers.split(","):
            inner = Path(group.lstrip("/"))
            yield from (mount / folder / name for folder in (inner, *inner.parents))


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except OSError:
        return ""
