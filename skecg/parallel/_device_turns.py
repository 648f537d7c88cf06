"""Fits on one GPU, one after another."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from ._share import current_share

_SECONDS_BETWEEN_TRIES = 0.05


@contextmanager
def device_turn(device: torch.device) -> Iterator[None]:
    """Hold one of the places for fits on a CUDA device inside the block; wait until one is free.

    A search with ``n_jobs`` sends several fits to a device at once, each of which would take half
    of its free memory for its samples, and slow the others down. There is one place, or as many
    as the environment variable ``SKECG_FITS_PER_DEVICE`` says when a fit begins. Fits of all
    processes of a user count, but not those of :func:`data_parallel`, which run together.
    Afterwards the memory that PyTorch keeps for the process is given back, for the next to find.
    """
    if device.type != "cuda" or current_share() is not None:
        yield
        return
    lock = _wait_for_place(_name(device), _n_places())
    try:
        yield
    finally:
        torch.cuda.empty_cache()
        lock.release()


def _n_places() -> int:
    value = os.environ.get("SKECG_FITS_PER_DEVICE", "1")
    if not value.isdecimal() or int(value) == 0:
        raise ValueError(
            f"the environment variable SKECG_FITS_PER_DEVICE is {value!r}; it must be a number of "
            "fits, 1 or more"
        )
    return int(value)


def _name(device: torch.device) -> str:
    # Not its index: processes may see other devices under the same number.
    return str(torch.cuda.get_device_properties(device).uuid)


def _wait_for_place(name: str, n_places: int) -> FileLock:
    folder = Path(tempfile.gettempdir(), f"skecg-{os.getuid()}" if os.name == "posix" else "skecg")
    folder.mkdir(mode=0o700, exist_ok=True)
    for place in cycle(range(n_places)):
        # One object a file and process: a fit inside of a fit has its place already.
        lock = FileLock(folder / f"{name}.{place}", is_singleton=True)
        try:
            lock.acquire(timeout=_SECONDS_BETWEEN_TRIES)
        except Timeout:
            continue
        return lock
    raise AssertionError("unreachable: the places never end")
