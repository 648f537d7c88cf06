"""Numbers that describe the shape of a beat, alone and beside other beats of its record."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

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
    "near_p_difference",
    "p_visibility",
    "near_qrs_difference",
    "near_qrs_relative",
)

# Seconds around the R peak that the windows must cover, and the parts of a beat in them.
SHAPE_BEFORE, SHAPE_AFTER = 0.5, 0.75
_QRS, _WIDE_QRS, _CORE = (-0.10, 0.10), (-0.15, 0.15), (-0.05, 0.05)
_CORRELATED = (-0.12, 0.12)
_P, _LATE_P, _BEFORE_QRS = (-0.30, -0.08), (-0.20, -0.08), (-0.45, -0.08)
_T = (0.125, 0.5)

# Beats around each, itself included, whose median it is compared with.
_NEAR = 31
_BLOCK = 2048  # beats; 31 neighbours of each fit into the cache

# Differences this small, as a share of the R amplitude, are noise: about 0.01 to 0.02 mV.
_NOISE, _P_NOISE, _FLAT_P = 0.02, 0.01, 0.005


def shape_numbers(
    windows: ArrayLike,
    n_before: int,
    sampling_rate: float,
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

        Beside the median of the 31 beats around it: ``"near_p_difference"`` (from 0.45 to 0.08 s
        before the R peak: a P wave that is early, of another shape or missing) and
        ``"near_qrs_difference"`` (within 0.15 s), logarithms of the root mean square difference;
        ``"near_qrs_relative"``, the latter minus the logarithm of its usual value among these
        beats; ``"p_visibility"``, the logarithm of the root mean square of their median P wave
        over the usual difference of a beat from it: below 0 where the P waves are not there, as
        in atrial fibrillation, or drown in noise.
    causal : bool, default=False
        Compare with the beat itself and the 30 before it instead; the numbers that begin with
        ``"record_"`` are then refused.

    Returns
    -------
    ndarray of float32 of shape (n_beats, n_names)

    Raises
    ------
    ValueError
        If a name is unknown or needs later beats in spite of ``causal``; if the windows are too
        short, or hold NaN or infinite values.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg.signal import shape_numbers
    >>> beat = np.exp(-0.5 * ((np.arange(150) - 60) / 3) ** 2)       # 120 Hz, R peak at 0.5 s
    >>> wide = np.exp(-0.5 * ((np.arange(150) - 60) / 6) ** 2)
    >>> windows = np.stack([beat] * 5 + [wide])
    >>> shape_numbers(windows, 60, 120, ("width_50", "record_width"))[[0, 5]].round(2)
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
    beats = _Beats(windows, int(n_before), float(sampling_rate), causal)
    numbers = np.empty((len(windows), len(names)), dtype=np.float32)
    if len(windows):
        found: dict[str, NDArray] = {}
        for prefix, compute in (("", _alone), ("record_", _beside_record), ("near_", _beside_near)):
            of_kind = ("near_", "p_visibility") if prefix == "near_" else prefix
            if any(name.startswith(of_kind) for name in names):
                found |= compute(beats)
        for column, name in zip(numbers.T, names, strict=True):
            column[:] = found[name]
    return numbers


class _Beats:
    """The windows, and the parts of them by seconds from the R peak."""

    def __init__(self, windows: NDArray, n_before: int, rate: float, causal: bool) -> None:
        self.windows = windows
        self.n_before = n_before
        self.rate = rate
        self.causal = causal

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

    def difference(seconds: tuple[float, float]) -> NDArray:
        return np.log(_rms(beats.part(seconds) - usual[:, beats.at(seconds)]) + _NOISE)

    a, b = (_centred(x[:, beats.at(_CORRELATED)]) for x in (beats.windows, usual))
    norm = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1) + 1e-6)
    core, usual_core = beats.part(_CORE), usual[:, beats.at(_CORE)]
    width, usual_width = (beats.width(x, 0.5) + 0.01 for x in (beats.windows, usual))
    return {
        "record_qrs_difference": difference(_QRS),
        "record_p_difference": difference(_P),
        "record_t_difference": difference(_T),
        "record_qrs_correlation": (a * b).sum(axis=1) / norm,
        "record_width": np.log(width / usual_width),
        "record_max": core.max(axis=1) - usual_core.max(),
        "record_min": core.min(axis=1) - usual_core.min(),
    }


def _beside_near(beats: _Beats) -> dict[str, NDArray]:
    before_qrs, qrs = beats.part(_BEFORE_QRS), beats.part(_WIDE_QRS)
    usual_before = median_of_near(before_qrs, causal=beats.causal)
    inside = slice(beats.at(_P).start - beats.at(_BEFORE_QRS).start, None)
    p, usual_p = (_centred(x[:, inside]) for x in (before_qrs, usual_before))
    p_noise = median_of_near(_rms(p - usual_p)[:, None], causal=beats.causal)[:, 0]
    qrs_difference = _rms(qrs - median_of_near(qrs, causal=beats.causal))
    usual_difference = median_of_near(qrs_difference[:, None], causal=beats.causal)[:, 0]
    return {
        "near_p_difference": np.log(_rms(before_qrs - usual_before) + _P_NOISE),
        "p_visibility": np.log((_rms(usual_p) + _FLAT_P) / (p_noise + _FLAT_P)),
        "near_qrs_difference": np.log(qrs_difference + _NOISE),
        "near_qrs_relative": np.log((qrs_difference + _P_NOISE) / (usual_difference + _P_NOISE)),
    }


def median_of_near(values: NDArray, *, causal: bool = False) -> NDArray:
    """Return the median of the 31 rows around every row, or up to it.

    Beyond the ends the rows are reflected; where later rows may not count, the first is repeated.
    """
    before, after = (_NEAR - 1, 0) if causal else (_NEAR // 2, _NEAR // 2)
    mode = "edge" if causal else "symmetric"
    padded = np.pad(values, ((before, after), (0, 0)), mode=mode)
    near = sliding_window_view(padded, _NEAR, axis=0)
    result = np.empty_like(values)
    for start in range(0, len(values), _BLOCK):
        block = np.sort(near[start : start + _BLOCK], axis=-1)  # faster than np.median here
        result[start : start + _BLOCK] = block[..., _NEAR // 2]
    return result


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
