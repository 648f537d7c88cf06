"""Numbers that describe the shape of a beat, alone and beside other beats of its record."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._late_beats import late_beats, median_difference_of_late, median_of_late
from ._rhythm import as_intervals
from ._windows import check_rate

SHAPE_NUMBERS = (
    "width_50",
    "width_30",
    "qrs_max",
    "qrs_min",
    "qrs_variation",
    "p_range",
    "record_qrs_difference",
    "record_p_difference",
    "record_t_difference",
    "record_qrs_correlation",
    "record_width",
    "record_max",
    "record_min",
    "late_p_difference",
    "late_p_shape",
    "late_p_correlation",
    "p_visibility",
    "late_qrs_difference",
    "late_qrs_relative",
    "late_qrs_correlation",
    "late_t_difference",
    "late_width",
    "late_max",
    "late_min",
)

# Seconds around the R peak that the windows must cover, and the parts of a beat in them.
SHAPE_BEFORE, SHAPE_AFTER = 0.5, 0.75
_QRS, _WIDE_QRS, _CORE = (-0.10, 0.10), (-0.15, 0.15), (-0.05, 0.05)
_CORRELATED = (-0.12, 0.12)
_P, _LATE_P, _BEFORE_QRS = (-0.30, -0.08), (-0.20, -0.08), (-0.45, -0.08)
_T = (0.125, 0.5)

# Differences this small, as a share of the R amplitude, are noise: about 0.01 to 0.02 mV.
_NOISE, _P_NOISE, _FLAT_P = 0.02, 0.01, 0.005


def shape_numbers(
    windows: ArrayLike,
    n_before: int,
    sampling_rate: float,
    rr: ArrayLike,
    names: tuple[str, ...] = SHAPE_NUMBERS,
    *,
    causal: bool = False,
) -> NDArray[np.float32]:
    """Describe every beat by its shape, alone and beside other beats of its record.

    Parameters
    ----------
    windows : array-like of shape (n_beats, n_timesteps)
        Scaled windows of the beats of one lead, in the order of time, as
        :func:`scale_beat_windows` returns them; at least 0.5 s before and 0.75 s behind the R
        peak.
    n_before : int
        Samples in front of the R peak.
    sampling_rate : float
        Samples per second (Hz).
    rr : array-like of shape (n_beats,)
        Interval before each beat, in any unit; NaN where there is none. It tells which beats come
        late.
    names : tuple of str
        Numbers to compute, in this order.

        Of the beat alone: ``"width_50"`` and ``"width_30"``, how long the signal is above 50 and
        30 % of its peak, in seconds, within 0.15 s of the R peak; ``"qrs_max"``, ``"qrs_min"`` and
        ``"qrs_variation"``, its maximum, minimum and total variation there; ``"p_range"``, the
        range of the signal from 0.20 to 0.08 s before the R peak.

        Beside the median beat of all windows: ``"record_qrs_difference"`` (within 0.1 s of the R
        peak), ``"record_p_difference"`` (from 0.30 to 0.08 s before it) and
        ``"record_t_difference"`` (from 0.125 to 0.5 s behind it), logarithms of the root mean
        square difference; ``"record_qrs_correlation"`` within 0.12 s; ``"record_width"``, the
        logarithm of the ratio of the widths at 50 %; ``"record_max"`` and ``"record_min"``, the
        differences of maximum and minimum within 0.05 s.

        Beside the median of the late beats around it, which are the 31 of 61 behind the longest
        R-R intervals: sinus beats even where most beats are premature.
        ``"late_qrs_difference"`` (within 0.15 s), ``"late_t_difference"``,
        ``"late_qrs_correlation"``, ``"late_width"``, ``"late_max"`` and ``"late_min"`` as above;
        ``"late_qrs_relative"``, the first minus the logarithm of its usual value among the late
        beats; ``"late_p_difference"`` from 0.45 to 0.08 s before the R peak: a P wave that is
        early, of another shape or missing; ``"late_p_shape"`` and ``"late_p_correlation"``,
        difference and correlation from 0.30 to 0.08 s before it, each without its mean;
        ``"p_visibility"``, the logarithm of the root mean square of the median P wave of the late
        beats over their usual difference from it: below 0 where the P waves are not there, as in
        atrial fibrillation, or drown in noise.
    causal : bool, default=False
        Look for late beats among the beat itself and the 60 before it; the numbers that begin with
        ``"record_"`` are then refused.

    Returns
    -------
    ndarray of float32 of shape (n_beats, n_names)
        One column for each of ``names``.

    Raises
    ------
    ValueError
        If a name is unknown or needs later beats in spite of ``causal``; if the windows are too
        short, or hold NaN or infinite values; if ``rr`` is not one number for each, positive or
        NaN.

    See Also
    --------
    rhythm_numbers : Describes the same beats by the intervals around them.
    skecg.BeatWindows : Computes both.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg.signal import shape_numbers
    >>> beat = np.exp(-0.5 * ((np.arange(150) - 60) / 3) ** 2)       # 120 Hz, R peak at 0.5 s
    >>> wide = np.exp(-0.5 * ((np.arange(150) - 60) / 6) ** 2)
    >>> windows = np.stack([beat] * 5 + [wide])
    >>> shape_numbers(windows, 60, 120, [1.0] * 6, ("width_50", "record_width"))[[0, 5]].round(2)
    array([[0.06, 0.  ],
           [0.12, 0.68]], dtype=float32)
    """
    check_rate("sampling_rate", sampling_rate)
    windows = _as_windows(windows, n_before, sampling_rate)
    unknown = [name for name in names if name not in SHAPE_NUMBERS]
    if unknown:
        raise ValueError(f"shape numbers are {', '.join(SHAPE_NUMBERS)}; got {unknown}")
    whole = [name for name in names if causal and name.startswith("record_")]
    if whole:
        raise ValueError(f"causal=True cannot give {whole}, which need the whole record")
    rr = as_intervals(rr)
    if len(rr) != len(windows):
        raise ValueError(
            f"rr must be one interval for each of {len(windows)} windows, got {len(rr)}"
        )
    beats = _Beats(windows, int(n_before), float(sampling_rate))
    numbers = np.empty((len(windows), len(names)), dtype=np.float32)
    if len(windows):
        found = _alone(beats)
        if any(name.startswith("record_") for name in names):
            found |= _beside_record(beats)
        if any(name.startswith("late_") or name == "p_visibility" for name in names):
            found |= _beside_late(beats, late_beats(rr, causal=causal))
        for column, name in zip(numbers.T, names, strict=True):
            column[:] = found[name]
    return numbers


class _Beats:
    """The windows, and the parts of them by seconds from the R peak."""

    def __init__(self, windows: NDArray, n_before: int, rate: float) -> None:
        self.windows = windows
        self.n_before = n_before
        self.rate = rate

    def at(self, seconds: tuple[float, float]) -> slice:
        first, last = (self.n_before + round(second * self.rate) for second in seconds)
        return slice(first, max(last, first + 1))

    def part(self, seconds: tuple[float, float]) -> NDArray[np.float32]:
        return self.windows[:, self.at(seconds)]

    def width(self, windows: NDArray, height: float) -> NDArray:
        """Return the seconds above a share of the peak."""
        size = np.abs(windows[:, self.at(_WIDE_QRS)])
        return (size > height * size.max(axis=1, keepdims=True)).sum(axis=1) / self.rate


def _alone(beats: _Beats) -> dict[str, NDArray]:
    qrs = beats.part(_WIDE_QRS)
    return {
        "width_50": beats.width(beats.windows, 0.5),
        "width_30": beats.width(beats.windows, 0.3),
        "qrs_max": qrs.max(axis=1),
        "qrs_min": qrs.min(axis=1),
        "qrs_variation": np.abs(np.diff(qrs, axis=1)).sum(axis=1),
        "p_range": np.ptp(beats.part(_LATE_P), axis=1),
    }


def _beside_record(beats: _Beats) -> dict[str, NDArray]:
    usual = np.median(beats.windows, axis=0, keepdims=True)
    beside = _beside(beats, usual, _QRS)
    beside["p_difference"] = _difference(beats, usual, _P)
    return {f"record_{name}": values for name, values in beside.items()}


def _beside_late(beats: _Beats, late: NDArray[np.int64]) -> dict[str, NDArray]:
    usual = median_of_late(beats.windows, late)
    beside = _beside(beats, usual, _WIDE_QRS)
    beside["p_difference"] = _difference(beats, usual, _BEFORE_QRS, _P_NOISE)
    qrs, usual_qrs = (x[:, beats.at(_WIDE_QRS)] for x in (beats.windows, usual))
    scatter = median_difference_of_late(qrs, usual_qrs, late)
    beside["qrs_relative"] = np.log((_rms(qrs - usual_qrs) + _P_NOISE) / (scatter + _P_NOISE))
    p, usual_p = (_centred(x[:, beats.at(_P)]) for x in (beats.windows, usual))
    beside["p_shape"] = np.log(_rms(p - usual_p) + _P_NOISE)
    beside["p_correlation"] = _correlation(p, usual_p, _P_NOISE**2 * p.shape[1])
    scatter = median_difference_of_late(p, usual_p, late)
    visibility = np.log((_rms(usual_p) + _FLAT_P) / (scatter + _FLAT_P))
    numbers = {f"late_{name}": values for name, values in beside.items()}
    return numbers | {"p_visibility": visibility}


def _beside(beats: _Beats, usual: NDArray, qrs: tuple[float, float]) -> dict[str, NDArray]:
    """Compare every beat with its usual one."""
    a, b = (_centred(x[:, beats.at(_CORRELATED)]) for x in (beats.windows, usual))
    core, usual_core = (x[:, beats.at(_CORE)] for x in (beats.windows, usual))
    width, usual_width = (beats.width(x, 0.5) + 0.01 for x in (beats.windows, usual))
    return {
        "qrs_difference": _difference(beats, usual, qrs),
        "t_difference": _difference(beats, usual, _T),
        "qrs_correlation": _correlation(a, b, 1e-6),
        "width": np.log(width / usual_width),
        "max": core.max(axis=1) - usual_core.max(axis=1),
        "min": core.min(axis=1) - usual_core.min(axis=1),
    }


def _difference(
    beats: _Beats, usual: NDArray, seconds: tuple[float, float], noise: float = _NOISE
) -> NDArray:
    part = beats.at(seconds)
    return np.log(_rms(beats.windows[:, part] - usual[:, part]) + noise)


def _correlation(a: NDArray, b: NDArray, smallest: float) -> NDArray:
    return (a * b).sum(axis=1) / np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1) + smallest)


def _rms(values: NDArray) -> NDArray:
    return np.sqrt((values**2).mean(axis=1))


def _centred(values: NDArray) -> NDArray:
    return values - values.mean(axis=1, keepdims=True)


def _as_windows(windows: ArrayLike, n_before: int, sampling_rate: float) -> NDArray[np.float32]:
    windows = np.asarray(windows)
    if windows.ndim != 2 or windows.dtype.kind not in "iuf":
        raise ValueError(
            "windows must be numbers of shape (n_beats, n_timesteps), got "
            f"{windows.dtype} of shape {windows.shape}"
        )
    if not isinstance(n_before, Integral) or isinstance(n_before, bool):
        raise ValueError(f"n_before must be a number of samples, got {n_before!r}")
    if not 0 <= n_before <= windows.shape[1]:
        raise ValueError(f"n_before must be 0 to {windows.shape[1]} samples, got {n_before}")
    windows, n_before = windows.astype(np.float32, copy=False), int(n_before)
    before, after = n_before / sampling_rate, (windows.shape[1] - n_before) / sampling_rate
    if before < SHAPE_BEFORE - 0.02 or after < SHAPE_AFTER - 0.02:
        raise ValueError(
            f"windows must reach from {SHAPE_BEFORE} s before to {SHAPE_AFTER} s behind the R "
            f"peak, got {before:.3g} and {after:.3g} s"
        )
    if not np.isfinite(windows).all():
        raise ValueError("windows must be finite, got NaN or infinite values: scale them first")
    return windows
