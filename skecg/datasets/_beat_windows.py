"""Beats with the rhythm around them, for classification between patients."""

from __future__ import annotations

import numpy as np
from sklearn.utils import Bunch

from ..signal import beat_windows, resample, rr_ratios
from ._beat_table import describe_beats, join_beats

DESCR = """\
Beats with their rhythm
=======================

One sample per annotated beat, of three channels: the lead around the R peak, less the window's
median and divided by the record's usual R amplitude, so that electrode gain and baseline do not
tell the person; and, as two constant channels, the logarithms of the preceding and the following
R-R interval over the record's median interval, which tell a premature beat from a normal one.

Both scales use the whole record but no labels. R peaks are the annotated ones.
"""


def beat_windows_from_records(
    records: Bunch,
    *,
    before: float = 0.5,
    after: float = 0.75,
    sampling_rate: float = 120.0,
) -> Bunch:
    """Cut the window around every annotated beat, with its rhythm as further channels.

    Rows that begin at the R peak and are scaled one by one, such as those of the heartbeat data
    set, hold neither the P wave nor the preceding interval: a classifier trained on them learns
    the training subjects. These windows hold what cardiologists look at.

    Parameters
    ----------
    records : :class:`~sklearn.utils.Bunch`
        What :func:`load_mitbih` or :func:`make_records` returns.
    before, after : float, default=0.5 and 0.75
        Seconds before and after the R peak.
    sampling_rate : float, default=120.0
        Samples per second (Hz) of the windows; the lead is resampled with an anti-alias filter.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        data : ndarray of float32 of shape (n_beats, 3, n_timesteps)
            The lead and the two R-R ratios, see :func:`skecg.signal.rr_ratios`.
        target, target_names, groups, record, sample, symbol, annotation
            As :func:`load_heartbeat` returns them.
        sampling_rate : float
        DESCR : str

    Examples
    --------
    >>> from skecg.datasets import beat_windows_from_records, make_records
    >>> beats = beat_windows_from_records(make_records(n_subjects=2, duration=20, random_state=0))
    >>> beats.data.shape[1:]
    (3, 150)
    """
    n_before, n_after = round(before * sampling_rate), round(after * sampling_rate)
    data, columns = [], []
    for i, marks in enumerate(records.annotations):
        annotation = np.flatnonzero(records.target[i] >= 0)
        r_peak = marks.sample[annotation]
        lead = resample(records.data[i], records.sampling_rate, sampling_rate)
        place = np.minimum(
            np.round(r_peak * (sampling_rate / records.sampling_rate)), len(lead) - 1
        )
        windows = beat_windows(lead, place, n_before, n_after)
        data.append(_with_rhythm(windows, rr_ratios(r_peak), n_before, sampling_rate))
        columns.append(describe_beats(records, i, annotation))
    return join_beats(
        np.concatenate(data),
        columns,
        target_names=records.target_names,
        sampling_rate=sampling_rate,
        descr=DESCR,
    )


def _with_rhythm(
    windows: np.ndarray, ratios: np.ndarray, n_before: int, sampling_rate: float
) -> np.ndarray:
    """Scale the windows of one record and put the R-R ratios beside them."""
    samples = np.empty((len(windows), 3, windows.shape[1]), dtype=np.float32)
    samples[:, 0] = windows - np.median(windows, axis=1, keepdims=True)
    near = round(0.08 * sampling_rate)  # the QRS complex reaches about this far
    around_r = samples[:, 0, max(n_before - near, 0) : n_before + near]
    amplitude = np.median(np.abs(around_r).max(axis=1)) if len(windows) else 1.0
    samples[:, 0] /= amplitude if amplitude > 0 else 1.0
    samples[:, 1:] = ratios[:, :, np.newaxis]
    return samples
