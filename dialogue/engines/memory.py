"""Gives memory back to the system that a model needed only while it was loaded. Does nothing where that is not Linux.

A model's weights are mapped from their file and then packed anew for the processor. What was mapped stays counted, and
in the way of others, until it is released; if it is needed after all, it is read again from the file.
"""

import ctypes
import mmap
import re
import sys
from pathlib import Path

MAPPING = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) r--[ps] .* (/.*)$", re.MULTILINE)
"""A read-only mapping of a file in /proc/self/maps: where it begins and ends, and the file."""


def release(file: Path) -> None:
    """Releases the pages of this process that are mapped from `file`, and what was freed in its heap."""
    if sys.platform != "linux":
        return
    system = ctypes.CDLL(None)
    for start, end, mapped in MAPPING.findall(Path("/proc/self/maps").read_text(encoding="utf-8")):
        if Path(mapped) == file.resolve():
            first = int(start, 16)
            system.madvise(ctypes.c_void_p(first), ctypes.c_size_t(int(end, 16) - first), mmap.MADV_DONTNEED)
    if hasattr(system, "malloc_trim"):  # glibc's
        system.malloc_trim(0)
