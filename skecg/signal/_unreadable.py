"""What cannot be read of a lead: gaps, flat and saturated stretches."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

# Seconds: a constant value for so long is no ECG; nor is the lowest or highest value of the lead
# for so long, if it is far from the baseline, where a lead of exact zeros may have its lowest.
_FLAT, _SATURATED = 3.0, 0.25
_FAR = 0.25  # of the lead's range, from its median
# Samples that the median is taken of, at least: all of a day would need the memory of a copy.
_FEW = 1 << 20
# Samples that are looked at together, which bounds the memory.
_BLOCK = 1 << 20


def unreadable_samples(signal: NDArray, sampling_rate: float) -> NDArray[np.bool_]:
    """Return which samples are not finite, or part of a flat or saturated stretch.

    Parameters
    ----------
    signal : ndarray of shape (n_timesteps,)
        One lead of real numbers.
    sampling_rate : float
        Samples per second (Hz).
    """
    is_gap = ~np.isfinite(signal)
    if is_gap.all():
        return is_gap
    rails = _rails(signal, is_gap)
    flat, saturated = _FLAT * sampling_rate, _SATURATED * sampling_rate
    # With so much before and behind it, no stretch within a block looks shorter than it counts.
    margin = int(np.ceil(flat))
    for core, piece in overlapping_blocks(0, signal.size, _BLOCK, margin, margin):
        part = signal[piece]
        steady = runs(part[1:] == part[:-1])
        steady[:, 1] += 1
        length = steady[:, 1] - steady[:, 0]
        is_rail = np.isin(part[steady[:, 0]], rails)
        steady = steady[(length >= flat) | ((length >= saturated) & is_rail)] + piece.start
        for first, last in steady.clip(core.start, core.stop):
            is_gap[first:last] = True
    return is_gap


def unreadable_stretches(signal: NDArray, sampling_rate: float) -> NDArray[np.int64]:
    """Return the first sample of every unreadable stretch and the first one behind it."""
    return runs(unreadable_samples(signal, sampling_rate))


def runs(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the first sample of every run of True and the first one behind it, (n_runs, 2)."""
    edges = np.flatnonzero(mask[1:] != mask[:-1]) + 1
    if mask.size and mask[0]:
        edges = np.append(0, edges)
    if mask.size and mask[-1]:
        edges = np.append(edges, mask.size)
    return edges.reshape(-1, 2).astype(np.int64, copy=False)


def overlapping_blocks(
    first: int, last: int, length: int, before: int, behind: int
) -> Iterator[tuple[slice, slice]]:
    """Yield blocks of equal length, and each with what is around it in [first, last)."""
    n_blocks = -(-(last - first) // max(1, length))
    bounds = [first + i * (last - first) // n_blocks for i in range(n_blocks + 1)]
    for start, stop in pairwise(bounds):
        yield slice(start, stop), slice(max(first, start - before), min(last, stop + behind))


def _rails(signal: NDArray, is_gap: NDArray[np.bool_]) -> NDArray:
    """Return the lowest and highest value of the lead, where they are far from its median."""
    readable, any_value = ~is_gap, signal[np.argmin(is_gap)]
    limits = [limit(signal, where=readable, initial=any_value) for limit in (np.min, np.max)]
    few = signal[:: max(1, signal.size // _FEW)]
    few = few[np.isfinite(few)]
    # Halved, since the range of float64 may hold the values but not their difference.
    low, high = (float(limit) / 2 for limit in limits)
    middle = float(np.median(few.astype(np.float64))) / 2 if few.size else low
    is_far = [middle - low >= _FAR * (high - low), high - middle >= _FAR * (high - low)]
    return np.array(limits, dtype=signal.dtype)[is_far]
