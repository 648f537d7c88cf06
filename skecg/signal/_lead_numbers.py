"""What a cardiologist measures on the twelve leads, as numbers."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._lead_beats import LeadBeats, lead_beats
from ._windows import check_rate

_LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
_OF_RECORD = (
    *("rr_mean", "rr_sd", "rr_cv", "rr_rmssd", "rr_median", "rr_shortest", "rr_longest"),
    *("rr_change", "beat_correlation_least", "beat_correlation_mean", "qrs_correlation_least"),
    *("qrs_correlation_mean", "p_visibility", "p_range", "qrs_width", "t_time"),
    *("qrs_axis_cos", "qrs_axis_sin", "t_axis_cos", "t_axis_sin", "qrs_t_angle_cos"),
    *("limb_range", "chest_range"),
)
_OF_LEAD = (
    *("r", "s", "q", "s_after_r", "st", "st_60", "st_slope", "t", "t_mean", "qrs_area"),
    *("p", "p_least", "qrs_range", "q_width", "r_time", "t_ratio", "st_ratio", "q_ratio"),
    "r_share",
)
LEAD_NUMBERS = (*_OF_RECORD, *(f"{name}_{lead}" for name in _OF_LEAD for lead in _LEADS))

# Seconds from the R peak.
_NEAR_QRS, _CORE, _P = (-0.12, 0.16), (-0.10, 0.10), (-0.28, -0.08)
_EDGE = 0.15  # of the steepest of the QRS complex, where it begins and ends
_ST, _T = 0.06, 0.06  # seconds behind the J point: where ST is measured, where T begins
_DEEP = 0.05  # mV; a Q wave of which the width counts
_SMALL = 0.05  # mV; keeps ratios of flat leads small


def lead_numbers(X: ArrayLike, sampling_rate: float = 100.0) -> NDArray[np.float32]:
    """Measure rhythm, intervals, axes and the waves of every lead of 12-lead ECGs.

    Beats are found in all leads together. Waves are measured on the median beat of each lead,
    against the baseline before its QRS complex.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_leads, n_timesteps)
        Signals in mV: I, II, III, aVR, aVL, aVF, V1 to V6 in this order, then any rhythm strips.
        NaN where a lead is not there: ``TraceReader(output="10s")`` gives sheets in this form.
    sampling_rate : float, default=100.0
        Samples per second (Hz), from 50 to 5,000.

    Returns
    -------
    ndarray of float32 of shape (n_samples, 251)
        Numbers with the names ``LEAD_NUMBERS``, in s and mV; NaN where a lead, or any beat, is
        missing.

        Of the record: mean, standard deviation, coefficient of variation, root mean square of
        differences, and median of the R-R intervals, ``"rr_..."``; shortest and longest interval
        and largest change, as shares of the median; least and mean correlation of a beat, and of
        a QRS complex, with the median of the rhythm strip, which an ectopic beat lowers;
        ``"p_visibility"``, the logarithm of P wave over its scatter, and ``"p_range"``;
        ``"qrs_width"``; ``"t_time"`` from the start of the QRS complex to the peak of the T wave;
        cosine and sine of the axes of QRS and T in the frontal plane, and of the angle between
        them; the largest QRS complex of limb and of chest leads.

        Of each lead: ``"r"`` and ``"s"``, the highest and lowest value of the QRS complex; ``"q"``
        and ``"s_after_r"``, the lowest before and after R; ``"st"`` at the J point, ``"st_60"``
        60 ms behind it, and ``"st_slope"``, their difference; ``"t"`` and ``"t_mean"``, the
        largest value of the T wave and its mean; ``"qrs_area"`` in mV s; ``"p"`` and
        ``"p_least"``; ``"qrs_range"``; ``"q_width"``; ``"r_time"`` from the start of the QRS
        complex; T, ST and Q over the largest deflection of the QRS complex, ``"..._ratio"``; and
        ``"r_share"``, R over the whole height.

    Raises
    ------
    ValueError
        If X has another shape, infinite values, less than 1 s, or the sampling rate is out of
        range.

    See Also
    --------
    skecg.TraceReader : Reads the leads from pictures of printed ECGs.

    Notes
    -----
    On 491 distinct published sheets of four classes, read by ``TraceReader`` and split by content,
    an ``ExtraTreesClassifier`` on these numbers does better than networks on the pictures; see
    ``benchmarks/accuracy_trace_classes.py``. The intervals are those of a program that sees a few
    beats at 100 Hz: good enough to tell classes, not to be reported.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg.signal import LEAD_NUMBERS, lead_numbers
    >>> time = np.arange(1000) / 100
    >>> beat = np.exp(-0.5 * (((time + 0.4) % 0.8 - 0.4) / 0.02) ** 2)  # a beat every 0.8 s
    >>> X = np.linspace(0.2, 1.3, 12)[None, :, None] * beat
    >>> numbers = lead_numbers(X)[0]
    >>> for name in ("rr_mean", "r_I", "r_V6"):
    ...     print(name, numbers[LEAD_NUMBERS.index(name)].round(2))
    rr_mean 0.8
    r_I 0.2
    r_V6 1.3

    As a step of a pipeline, which ``skecg.save`` can store:

    >>> from sklearn.preprocessing import FunctionTransformer
    >>> FunctionTransformer(lead_numbers).fit_transform(X).shape
    (1, 251)
    """
    check_rate("sampling_rate", sampling_rate)
    if not 50 <= sampling_rate <= 5000:
        raise ValueError(f"sampling_rate must be from 50 to 5000 Hz, got {sampling_rate}")
    X = np.asarray(X)
    if X.ndim != 3 or X.shape[1] < len(_LEADS) or X.dtype.kind not in "fiu":
        raise ValueError(
            f"X must be numbers of shape (n_samples, 12 leads or more, n_timesteps), got "
            f"{X.dtype} {X.shape}"
        )
    if X.shape[2] < sampling_rate:
        raise ValueError(f"X must have 1 s or more, got {X.shape[2]} samples at {sampling_rate} Hz")
    numbers = np.full((len(X), len(LEAD_NUMBERS)), np.nan, np.float32)
    for row, signals in zip(numbers, X):
        if np.isinf(signals).any():
            raise ValueError("X has infinite values; a lead that is not there is NaN")
        beats = lead_beats(signals.astype(float), float(sampling_rate))
        waves = beats.median[: len(_LEADS)]
        if np.isfinite(waves).any():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # means of leads that are NaN
                row[:] = np.concatenate(
                    [_rhythm(beats, sampling_rate), _waves(waves, beats.n_before, sampling_rate)]
                )
    return numbers


def _rhythm(beats: LeadBeats, rate: float) -> list[float]:
    """Return what the intervals say, and how much the beats of the strip are alike."""
    if len(beats.r_peak) < 2:
        intervals = [np.nan] * 8
    else:
        rr = np.diff(beats.r_peak) / rate
        changes, median = np.diff(rr), float(np.median(rr))
        intervals = [
            *(rr.mean(), rr.std(), rr.std() / rr.mean()),
            *(np.sqrt(np.mean(changes**2)) if len(changes) else 0.0, median),
            *(rr.min() / median, rr.max() / median),
            np.abs(changes).max() / median if len(changes) else 0.0,
        ]
    if not len(beats.rhythm):
        return [*intervals, *[np.nan] * 6]
    core, p = (_part(beats.n_before, seconds, rate) for seconds in (_CORE, _P))
    likeness = []
    for own in (beats.rhythm, beats.rhythm[:, core]):
        usual = np.median(own, axis=0)
        size = np.linalg.norm(own, axis=1) * np.linalg.norm(usual)
        correlation = own @ usual / np.maximum(size, 1e-9)
        likeness += [correlation.min(), correlation.mean()]
    waves = beats.rhythm[:, p] - beats.rhythm[:, p].mean(axis=1, keepdims=True)
    usual = waves.mean(axis=0)
    visibility = np.log((usual.std() + 0.003) / ((waves - usual).std() + 0.003))
    return [*intervals, *likeness, visibility, np.ptp(usual)]


def _waves(beats: NDArray, n_before: int, rate: float) -> NDArray:
    """Return widths, axes and heights, of the median beats of the twelve leads."""
    first, last = _qrs(beats, n_before, rate)
    j = min(last + 1, beats.shape[1] - 1 - round(2 * _T * rate))
    qrs, p = beats[:, first : last + 1], beats[:, _part(n_before, _P, rate)]
    t = beats[:, j + round(_T * rate) :]
    t_peak = int(np.argmax(np.nan_to_num(np.nanmean(t**2, axis=0))))
    r, s, r_at = qrs.max(axis=1).clip(min=0), qrs.min(axis=1).clip(max=0), qrs.argmax(axis=1)
    before = np.arange(qrs.shape[1]) <= r_at[:, None]
    q = np.where(before, qrs, 0).min(axis=1)
    after = np.where(before, 0, qrs).min(axis=1)
    half = max(1, round(0.01 * rate))
    st = beats[:, j : j + 2 * half].mean(axis=1)
    middle = j + round(_ST * rate)
    st_60 = beats[:, middle - half : middle + 2 * half].mean(axis=1)
    t_high, t_low = t.max(axis=1), t.min(axis=1)
    t_most = np.where(t_high > -t_low, t_high, t_low)
    area, t_mean, size = qrs.sum(axis=1) / rate, t.mean(axis=1), np.abs(qrs).max(axis=1) + _SMALL
    heights = r - s  # a QRS complex of R alone rises from the baseline
    by_lead = [
        *(r, s, q, after, st, st_60, st_60 - st, t_most, t_mean, area),
        *(p.max(axis=1), p.min(axis=1), heights),
        *((before & (qrs < -_DEEP)).sum(axis=1) / rate, r_at / rate),
        *(t_most / size, st_60 / size, q / size, r / (r - s + 0.4 * _SMALL)),
    ]
    missing = np.isnan(beats).any(axis=1)
    numbers = np.where(missing, np.nan, np.array(by_lead))
    axes = [np.arctan2(of[_LEADS.index("aVF")], of[_LEADS.index("I")]) for of in (area, t_mean)]
    of_record = [
        *((last - first) / rate, (j + round(_T * rate) + t_peak - first) / rate),
        *(function(axis) for axis in axes for function in (np.cos, np.sin)),
        *(np.cos(axes[0] - axes[1]), np.nanmax(heights[:6]), np.nanmax(heights[6:])),
    ]
    return np.concatenate([of_record, numbers.ravel()])


def _qrs(beats: NDArray, n_before: int, rate: float) -> tuple[int, int]:
    """Return the first and last sample of the QRS complex of all leads."""
    near = _part(n_before, _NEAR_QRS, rate)
    steep = np.sqrt(np.nanmean(np.gradient(beats, axis=1)[:, near] ** 2, axis=0))
    found = near.start + np.flatnonzero(steep >= _EDGE * steep.max())
    return int(found[0]), int(found[-1])


def _part(n_before: int, seconds: tuple[float, float], rate: float) -> slice:
    first, last = (n_before + round(second * rate) for second in seconds)
    return slice(max(first, 0), max(last, first + 1))
