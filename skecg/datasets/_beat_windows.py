"""Beats with the rhythm around them, for classification between patients."""

from __future__ import annotations

import numpy as np
from sklearn.utils import Bunch

from ..signal import beats_with_rhythm
from ._beat_table import check_positions, check_records, describe_beats, join_beats

DESCR = """\
Beats with their rhythm
=======================

One sample per annotated beat, of three channels: the lead around the R peak, scaled; and, as two
constant channels, the logarithms of the preceding and the following R-R interval over the record's
median interval, which tell a premature beat from a normal one.

Each window loses its own median and is divided by the R amplitude of its record (the median over
the beats of the highest absolute value within 0.08 s of the R peak), so that electrode gain and
baseline do not tell the person. Both scales use the whole record but no labels. R peaks are the
annotated ones.
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
            The lead and the two R-R ratios. Each window loses its own median and is divided by
            the R amplitude of its record, see :func:`skecg.signal.scale_beat_windows`; the
            ratios are those of :func:`skecg.signal.rr_ratios`.
        target, target_names, groups, record, sample, symbol, annotation
            As :func:`load_heartbeat` returns them.
        sampling_rate : float
        DESCR : str

    Raises
    ------
    ValueError
        If the annotations of a record do not rise or lie outside its signal, if the signal has
        a gap, or if a number of seconds or Hz is out of its range. The message names the record.

    See Also
    --------
    skecg.signal.beats_with_rhythm : The same for one lead and its R peaks.

    Examples
    --------
    >>> from skecg.datasets import beat_windows_from_records, make_records
    >>> beats = beat_windows_from_records(make_records(n_subjects=2, duration=20, random_state=0))
    >>> beats.data.shape[1:]
    (3, 150)
    """
    check_records(records)
    data, columns = [], []
    for i, marks in enumerate(records.annotations):
        annotation = np.flatnonzero(records.target[i] >= 0)
        try:
            check_positions(marks.sample, len(records.data[i]))
            samples = beats_with_rhythm(
                records.data[i],
                marks.sample[annotation],
                records.sampling_rate,
                before=before,
                after=after,
                rate=sampling_rate,
            )
        except ValueError as error:
            raise ValueError(f"record {records.records[i]}: {error}") from error
        data.append(samples)
        columns.append(describe_beats(records, i, annotation))
    return join_beats(
        np.concatenate(data),
        columns,
        target_names=records.target_names,
        sampling_rate=sampling_rate,
        descr=DESCR,
    )
