"""Channels and numbers of the beats of one record, piece by piece."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..signal import (
    beat_windows,
    late_beats,
    median_of_late,
    resample,
    scale_beat_windows,
    shape_numbers,
)

BEAT_CHANNELS = ("lead", "record_deviation", "late_deviation")

# Seconds. A record is described in equal pieces of up to the first; the lead is resampled with
# so much on either side of a piece as its windows and the filter reach.
_PIECE, _MARGIN = 2000.0, 2.0
# Seconds before and behind the R peak, and Hz, that the numbers look at, whatever channels show.
_OF_NUMBERS = (0.5, 0.75, 120.0)
# Beats up to each whose R amplitude counts, where later ones may not.
_PAST = 60


class Described(NamedTuple):
    """Channels (n_beats, n_channels * n_timesteps) and numbers (n_beats, n_numbers) of beats."""

    channels: NDArray[np.float32]
    numbers: NDArray[np.float32]


def describe_record(
    signal: NDArray,
    r_peak: NDArray[np.int64],
    sampling_rate: float,
    rr: NDArray[np.float64],
    *,
    channels: Sequence[str],
    numbers: Sequence[str],
    before: float,
    after: float,
    rate: float,
    causal: bool,
) -> Described:
    """Describe the beats of one lead at given R peaks; NaN is crossed on straight lines.

    ``rr`` is the interval before each beat, in any unit; NaN where there is none.
    """
    n_timesteps = round(before * rate) + round(after * rate)
    described = Described(
        np.empty((len(r_peak), len(channels) * n_timesteps), dtype=np.float32),
        np.empty((len(r_peak), len(numbers)), dtype=np.float32),
    )
    n_pieces = max(1, int(np.ceil(signal.size / (_PIECE * sampling_rate))))
    seams = np.linspace(0, signal.size, n_pieces + 1)
    bounds = np.searchsorted(r_peak, seams)
    shown, (seconds, _, hertz) = (before, after, rate), _OF_NUMBERS
    margin = int((_MARGIN + before + after) * sampling_rate)
    for first, last in pairwise(bounds):
        if first == last:
            continue
        start = max(0, int(r_peak[first]) - margin)
        lead = _without_gaps(signal[start : int(r_peak[last - 1]) + margin])
        peaks, beats = r_peak[first:last] - start, slice(first, last)
        # The default channels show what the numbers look at: these windows are cut once.
        forms = {shown} if channels else set()
        forms |= {_OF_NUMBERS} if numbers else set()
        cut = {form: _windows(lead, peaks, sampling_rate, *form, causal) for form in forms}
        for i, channel in enumerate(channels):
            part = slice(i * n_timesteps, (i + 1) * n_timesteps)
            described.channels[beats, part] = _channel(cut[shown], channel, rr[beats], causal)
        if numbers:
            described.numbers[beats] = shape_numbers(
                cut[_OF_NUMBERS],
                round(seconds * hertz),
                hertz,
                rr[beats],
                tuple(numbers),
                causal=causal,
            )
    return described


def _windows(
    lead: NDArray,
    r_peak: NDArray[np.int64],
    sampling_rate: float,
    before: float,
    after: float,
    rate: float,
    causal: bool,
) -> NDArray[np.float32]:
    lead = resample(lead, sampling_rate, rate)
    # The resampled lead may end half a sample before the place of the last R peak.
    place = np.minimum(np.round(r_peak * (rate / sampling_rate)), len(lead) - 1).astype(np.int64)
    n_before = round(before * rate)
    windows = beat_windows(lead, place, n_before, round(after * rate))
    scaled = scale_beat_windows(windows, min(n_before, windows.shape[1] - 1), rate)
    if not causal:
        return scaled
    reach = max(1, round(0.08 * rate))
    height = np.abs(scaled[:, max(n_before - reach, 0) : n_before + reach]).max(axis=1)
    past = sliding_window_view(np.pad(height, (_PAST - 1, 0), mode="edge"), _PAST)
    amplitude = np.median(past, axis=1).astype(np.float32)
    divisor: NDArray[np.float32] = np.where(amplitude > 0, amplitude, np.float32(1))
    return scaled / divisor[:, None]


def _channel(
    windows: NDArray[np.float32], name: str, rr: NDArray[np.float64], causal: bool
) -> NDArray[np.float32]:
    if name == "lead":
        return windows
    if name == "record_deviation":
        return windows - np.median(windows, axis=0).astype(windows.dtype, copy=False)
    return windows - median_of_late(windows, late_beats(rr, causal=causal))


def _without_gaps(lead: NDArray) -> NDArray[np.floating]:
    """Return the lead with NaN on straight lines between what is known."""
    lead = lead.astype(np.float32 if lead.dtype == np.float32 else np.float64, copy=False)
    is_gap = np.isnan(lead)
    if not is_gap.any():
        return lead
    known = np.flatnonzero(~is_gap)
    filled = lead.copy()
    gaps = np.flatnonzero(is_gap)
    filled[gaps] = np.interp(gaps, known, lead[known]) if known.size else 0
    return filled
