"""Bounds of processor time and memory that tests hold, however busy the machine is."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

Result = TypeVar("Result")


def peak() -> int:
    """Return the most memory that this process has had, in bytes."""
    import resource  # not on Windows

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def call_within(
    seconds: float, call: Callable[[], Result], *, n_bytes: int | None = None, attempts: int = 5
) -> Result:
    """Return what ``call`` returns; fail unless it takes less processor time and memory than these.

    The time of this process does not count while others have the processor. But two cores may be
    two threads of one, and share its caches: what the other does then lengthens it. A call that
    takes too long is therefore repeated.
    """
    for _ in range(attempts):
        if n_bytes is not None:
            # Linux forgets the peak so far; elsewhere memory counts from the most ever taken.
            with suppress(OSError), open("/proc/self/clear_refs", "w") as file:
                file.write("5")
            before = peak()
        started = time.process_time()
        result = call()
        took = time.process_time() - started
        if n_bytes is not None:
            grew = peak() - before
            assert grew < n_bytes, f"took {grew / 2**20:.0f} MiB"
        if took < seconds:
            return result
    raise AssertionError(f"took {took:.2f} s at the last of {attempts} attempts")
