"""Reading signals from NumPy files, and which axis of an array holds the leads."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ._files import check_file
from ._source import MAX_LEADS, Source

_REMEDY = "Get the file again, or check the path."
_MAX_BYTES = 1 << 36


def open_npy(path: Path, sampling_rate: float, lead_names: Sequence[str] | None) -> Source:
    """Open an array of shape (n_timesteps,) or (n_leads, n_timesteps); it is read where it lies."""
    n_bytes = check_file(path, _REMEDY, _MAX_BYTES)
    try:
        if n_bytes == 0:
            raise ValueError("it is empty")
        # Pickled objects are refused by it, and a shape that the file does not hold.
        array: np.ndarray = np.lib.format.open_memmap(path, mode="r")
    except Exception as error:  # a damaged header is parsed as Python
        raise ValueError(f"{path} cannot be read as a NumPy array ({error}). {_REMEDY}") from error
    if array.dtype.kind not in "iuf" or array.ndim not in (1, 2) or not array.size:
        raise ValueError(
            f"{path} must be an array of numbers of shape (n_timesteps,) or (n_leads, "
            f"n_timesteps), got {array.dtype} of shape {array.shape}."
        )
    if array.ndim == 1:
        array = array[None]
    n_named = None if lead_names is None else len(lead_names)
    if _is_transposed(array.shape, n_named, str(path)):
        array = array.T
    names = lead_names or [f"channel {i}" for i in range(len(array))]
    return Source(
        path=str(path),
        name=path.stem,
        lead_names=list(names),
        rates=[sampling_rate] * len(array),
        units=["mV"] * len(array),
        n_samples=[array.shape[1]] * len(array),
        read=lambda channel: array[channel],
    )


def _is_transposed(shape: tuple[int, int], n_named: int | None, path: str) -> bool:
    """Tell whether the second axis holds the leads, and say so; raise where none can."""
    if n_named is not None and n_named not in shape:
        raise ValueError(
            f"{path}: lead_names must name each lead of an array of shape {shape}, got {n_named}."
        )
    if n_named is None and min(shape) > MAX_LEADS:
        raise ValueError(
            f"{path} must have the shape (n_leads, n_timesteps) with at most {MAX_LEADS} leads, "
            f"got {shape}."
        )
    is_transposed = n_named != shape[0] if n_named is not None else shape[0] > shape[1]
    if is_transposed:
        warnings.warn(
            f"{path} has the shape {shape}; it is read as {shape[1]} leads of {shape[0]} samples, "
            "and transposed to (n_leads, n_timesteps).",
            UserWarning,
            stacklevel=4,
        )
    return is_transposed
