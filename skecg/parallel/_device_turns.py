"""Limit on the number of simultaneous fits on a GPU."""

from __future__ import annotations

import os
import tempfile
import traceback
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
    """Context manager that limits the number of simultaneous fits on a CUDA device.

    A search with ``n_jobs`` starts several fits on a device at once. Each of them would use half
    of the free memory for its samples and slow the others down. By default, fits run one at a
    time. The environment variable ``SKECG_FITS_PER_DEVICE``, read when a fit begins, allows more.
    The limit applies to the fits of all processes of a user, except those of
    :func:`data_parallel`, which must run together. At the end, the memory that PyTorch caches for
    the process is released for the next fit.

    Parameters
    ----------
    device : torch.device
        The device. There is no limit unless it is a CUDA device.

    Yields
    ------
    None
        When it is this fit's turn.

    Raises
    ------
    ValueError
        If ``SKECG_FITS_PER_DEVICE`` is not a positive integer.
    torch.OutOfMemoryError
        If the fit does not find the memory that it needs. What it had is given back.

    See Also
    --------
    data_parallel : One fit over several processes or GPUs.
    """
    if device.type != "cuda" or current_share() is not None:
        yield
        return
    n_places = _n_places()
    lock = _wait_for_place(_name(device), n_places)
    try:
        yield
    except torch.OutOfMemoryError as error:
        # The frames of the fit would keep its tensors for as long as somebody keeps the error.
        traceback.clear_frames(error.__traceback__)
        fewer = (
            f", or fewer fits at once (SKECG_FITS_PER_DEVICE={n_places})" if n_places > 1 else ""
        )
        raise torch.OutOfMemoryError(
            f"The memory of {device} is not enough for this fit. Use a smaller batch_size, "
            f"precision='bfloat16'{fewer}. PyTorch said: {error}"
        ) from None
    finally:
        torch.cuda.empty_cache()
        lock.release()


def _n_places() -> int:
    value = os.environ.get("SKECG_FITS_PER_DEVICE", "1")
    if not value.isdecimal() or int(value) == 0:
        raise ValueError(
            "the environment variable SKECG_FITS_PER_DEVICE must be a positive integer; got "
            f"{value!r}"
        )
    return int(value)


def _name(device: torch.device) -> str:
    # The index is not used, because it can denote different devices in different processes.
    return str(torch.cuda.get_device_properties(device).uuid)


def _wait_for_place(name: str, n_places: int) -> FileLock:
    folder = Path(tempfile.gettempdir(), f"skecg-{os.getuid()}" if os.name == "posix" else "skecg")
    folder.mkdir(mode=0o700, exist_ok=True)
    for place in cycle(range(n_places)):
        # One object per file and process, so that a fit inside a fit does not wait for itself.
        lock = FileLock(folder / f"{name}.{place}", is_singleton=True)
        try:
            lock.acquire(timeout=_SECONDS_BETWEEN_TRIES)
        except Timeout:
            continue
        return lock
    raise AssertionError("unreachable: the loop is infinite")
