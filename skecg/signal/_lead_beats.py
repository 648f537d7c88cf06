"""Beats of the leads of one record, of which some may be there at some times only."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.signal import find_peaks

# Seconds before and behind the R peak that a beat has, and those of its baseline.
BEFORE, AFTER = 0.30, 0.50
_BASELINE = (-0.12, -0.06)

_QRS = 0.09  # seconds over which steepness is averaged
_REFRACTORY = 0.28  # seconds
_CENTRED = 0.07  # seconds on each side in which the middle of the QRS complex is looked for
_USUAL, _HIGH, _SHARE = 0.97, 0.98, 0.45


class LeadBeats(NamedTuple):
    """Beats of one record; each begins ``n_before`` samples before its R peak, in mV."""

    r_peak: NDArray[np.int64]
    n_before: int
    median: NDArray  # (n_leads, length): the median beat of every lead, NaN if it has none
    rhythm: NDArray  # (n_whole_beats, length): every whole beat of the longest lead


def lead_beats(signals: NDArray, rate: float) -> LeadBeats:
    """Find the beats of all leads together; ``signals`` is NaN where a lead is not there."""
    n_before, n_after = round(BEFORE * rate), round(AFTER * rate)
    r_peak = r_peaks_of_leads(signals, rate)
    around = np.arange(n_before + n_after)
    padding = ((0, 0), (n_before, n_after))
    padded = np.pad(signals, padding, constant_values=np.nan)
    beats = padded[:, r_peak[:, None] + around]
    first, last = (n_before + round(second * rate) for second in _BASELINE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of a lead or beat that is not there
        beats = beats - np.nanmedian(beats[..., first : max(last, first + 1)], 2, keepdims=True)
        median = np.nanmedian(beats, axis=1) if len(r_peak) else np.full(beats.shape[::2], np.nan)
    for beat in median:
        known = np.flatnonzero(np.isfinite(beat))
        if len(known):
            beat[:] = np.interp(around, known, beat[known])
    rhythm = beats[_longest(signals)]
    return LeadBeats(r_peak, n_before, median, rhythm[np.isfinite(rhythm).all(axis=1)])


def r_peaks_of_leads(signals: NDArray, rate: float) -> NDArray[np.int64]:
    """Find where most leads are steep; the middle of that is called the R peak."""
    steep = np.abs(np.gradient(signals, axis=1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        every = np.nan_to_num(np.sqrt(np.nanmean(steep**2, axis=0)))
    one = np.nan_to_num(steep[_longest(signals)])
    # Limb and chest leads differ in height: each stretch with the same leads is levelled.
    there = np.isfinite(signals)
    changes = np.flatnonzero((there[:, 1:] != there[:, :-1]).any(axis=0)) + 1
    for part in np.split(every, changes):
        part /= max(np.quantile(part, _USUAL), 1e-9)
    both = every + one / max(np.quantile(one, _USUAL), 1e-9)
    # Of squares, in which a tall T wave counts less than a small QRS complex.
    smooth = np.sqrt(uniform_filter1d(both**2, max(1, round(_QRS * rate))).clip(min=0))
    height = _SHARE * np.quantile(smooth, _HIGH)
    if height < 1e-6:
        return np.empty(0, np.int64)
    distance = max(1, round(_REFRACTORY * rate))
    peaks, _ = find_peaks(smooth, height=height, distance=distance)
    return np.array(sorted({_middle(both, peak, round(_CENTRED * rate)) for peak in peaks}), int)


def _middle(steepness: NDArray, peak: int, reach: int) -> int:
    at = np.arange(max(0, peak - reach), min(len(steepness), peak + reach + 1))
    return round(float(np.average(at, weights=steepness[at] ** 2)))


def _longest(signals: NDArray) -> int:
    """Return the lead with the most samples: the strip, the last of equals, or else lead II."""
    n = np.isfinite(signals).sum(axis=1)
    if len(signals) == 12 and n[1] == n.max():
        return 1
    return len(n) - 1 - int(np.argmax(n[::-1]))
