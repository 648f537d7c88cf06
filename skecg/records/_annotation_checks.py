"""Checks of what the labelled beats of a record are made of."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._limits import in_range

_LONGEST = 10 * 366 * 24 * 3600.0  # seconds


def check_rate(sampling_rate: float) -> float:
    """Return the sampling rate as a float, or raise an error if it is not positive."""
    if not isinstance(sampling_rate, Real) or not 0 < sampling_rate < np.inf:
        raise ValueError(f"sampling_rate must be a positive number (Hz); got {sampling_rate!r}.")
    with in_range("sampling_rate"):
        return float(sampling_rate)


def check_length(n_timesteps: int, sampling_rate: float) -> int:
    """Return the length of the record, or raise an error if it is not one of a record."""
    if not isinstance(n_timesteps, Integral) or n_timesteps < 1:
        raise ValueError(
            "n_timesteps must be the length of the record in samples, a positive integer; got "
            f"{n_timesteps!r}."
        )
    if n_timesteps > _LONGEST * sampling_rate:
        raise ValueError(
            f"n_timesteps must be less than ten years at {sampling_rate:g} Hz; got {n_timesteps} "
            "samples. The sampling rate is in Hz."
        )
    return int(n_timesteps)


def check_samples(sample: ArrayLike, n_timesteps: int) -> NDArray[np.int64]:
    """Return the positions of the beats, or raise an error if they are not in order."""
    values = np.asarray(sample)
    if values.ndim != 1:
        raise ValueError(
            f"sample must be one-dimensional, one position for each beat; got shape {values.shape}."
        )
    if values.size == 0:
        return np.zeros(0, dtype=np.int64)
    if values.dtype.kind not in "iu":
        raise TypeError(
            f"sample must hold integers, the positions of the beats in samples; got "
            f"{values.dtype}. Multiply times in seconds by the sampling rate and round them."
        )
    if (values[1:] <= values[:-1]).any():
        k = int(np.argmax(values[1:] <= values[:-1]))
        raise ValueError(
            f"sample must be in ascending order, each position once; got {values[k]} before "
            f"{values[k + 1]}. Sort the beats and their labels by position."
        )
    if values[0] < 0 or values[-1] >= n_timesteps:
        raise ValueError(
            f"sample must lie in the record of {n_timesteps} samples; got {values[0]} to "
            f"{values[-1]}."
        )
    return values.astype(np.int64)


def check_labels(label: ArrayLike, n_beats: int) -> NDArray[np.str_]:
    """Return the labels as strings, or raise an error if there is not one for each beat."""
    values = np.asarray(label)
    if values.shape != (n_beats,):
        raise ValueError(
            f"label must hold one class for each of the {n_beats} beats; got shape {values.shape}."
        )
    if values.dtype.kind not in "UT" and not all(isinstance(x, str) for x in values.tolist()):
        raise TypeError(
            f"label must hold strings such as 'N' or 'V'; got {values.dtype}. Index the names of "
            "the classes with integer codes first."
        )
    return values.astype(np.str_)


def check_classes(
    classes: ArrayLike | None, label: NDArray[np.str_], default: Sequence[str]
) -> tuple[str, ...]:
    """Return the names of the classes, or raise an error if a label is not among them."""
    occurring = np.unique(label).tolist()
    if classes is None:
        return (*default, *(name for name in occurring if name not in default))
    names = tuple(str(name) for name in np.asarray(classes).ravel().tolist())
    left_out = [name for name in occurring if name not in names]
    if left_out or len(set(names)) < len(names):
        raise ValueError(
            f"classes must be distinct and include every label that occurs; got {list(names)}"
            + (f" without {left_out}." if left_out else ".")
        )
    return names


def check_probabilities(
    probabilities: ArrayLike | None, n_beats: int, classes: tuple[str, ...]
) -> NDArray[np.floating] | None:
    """Return the probabilities, or raise an error if their shape is not that of the beats."""
    if probabilities is None:
        return None
    values = np.asarray(probabilities)
    if values.shape != (n_beats, len(classes)):
        raise ValueError(
            f"probabilities must have the shape ({n_beats}, {len(classes)}), one row for each "
            f"beat and one column for each of the classes {', '.join(classes)}; got "
            f"{values.shape}."
        )
    if values.dtype.kind != "f":
        raise TypeError(f"probabilities must hold floats; got {values.dtype}.")
    return values


def check_stretches(unreadable: ArrayLike | None, n_timesteps: int) -> NDArray[np.int64]:
    """Return the unreadable stretches, or raise an error if they overlap or leave the record."""
    values = np.zeros((0, 2), dtype=np.int64) if unreadable is None else np.asarray(unreadable)
    if values.size == 0:
        return np.zeros((0, 2), dtype=np.int64)
    if values.ndim != 2 or values.shape[1] != 2 or values.dtype.kind not in "iu":
        raise ValueError(
            "unreadable must hold the first sample of each stretch and the first one after it, "
            f"integers of shape (n_stretches, 2); got {values.dtype} of shape {values.shape}."
        )
    edges = values.ravel()
    ordered = (values[:, 0] < values[:, 1]).all() and (values[1:, 0] >= values[:-1, 1]).all()
    if not ordered or edges[0] < 0 or edges[-1] > n_timesteps:
        raise ValueError(
            f"unreadable must be stretches of the record of {n_timesteps} samples, ascending, "
            "without overlap and none empty; merge the ones that overlap and sort them."
        )
    return values.astype(np.int64)


def check_signal(signal: ArrayLike | None, n_timesteps: int) -> NDArray | None:
    """Return the lead, or raise an error if it has another length than the record."""
    if signal is None:
        return None
    values = np.asarray(signal)
    if values.shape != (n_timesteps,) or values.dtype.kind not in "fiu":
        raise ValueError(
            f"signal must be one lead of {n_timesteps} samples in mV; got {values.dtype} of shape "
            f"{values.shape}."
        )
    return values
