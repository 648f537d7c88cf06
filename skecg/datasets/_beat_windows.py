"""Beats with what tells them from others of their record, for classification between patients."""

from __future__ import annotations

import numpy as np
from sklearn.base import clone
from sklearn.utils import Bunch

from ..preprocessing import BeatWindows
from ._beat_table import check_positions, check_records, describe_beats, join_beats

DESCR = """\
Beats with their rhythm
=======================

One row per annotated beat: windows around the R peak, channel by channel, and behind them numbers
that describe its rhythm and shape beside those of other beats of the record, as
skecg.BeatWindows makes them. R peaks are the annotated ones.

Each window loses its own median and is divided by the R amplitude of its record (the median over
the beats of the highest absolute value within 0.08 s of the R peak), so that electrode gain and
baseline do not tell the person. Both scales use the whole record but no labels.
"""


def beat_windows_from_records(records: Bunch, windows: BeatWindows | None = None) -> Bunch:
    """Describe every annotated beat by the window around it and by numbers.

    Rows that begin at the R peak and are scaled one by one, such as those of the heartbeat data
    set, hold neither the P wave nor the preceding interval: a classifier trained on them learns
    the training subjects. These rows hold what cardiologists look at.

    Parameters
    ----------
    records : :class:`~sklearn.utils.Bunch`
        What :func:`load_mitbih` or :func:`make_records` returns.
    windows : BeatWindows or None, default=None
        What describes a beat, at the sampling rate of the records. None is
        ``BeatWindows(records.sampling_rate)``: the lead, and all its numbers.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        The data set as attributes:

        data : ndarray of float32 of shape (n_beats, n_features)
            What ``windows.segment`` returns for the beats.
        feature_names : ndarray of str of shape (n_features,)
            Names of the columns.
        n_numbers : int
            How many columns, the last ones, are numbers: ``n_side_features`` of a network.
        target, target_names, groups, record, sample, symbol, annotation : ndarray
            As :func:`load_heartbeat` returns them.
        sampling_rate : float
            That of the channels.
        DESCR : str
            Description of the data.

    Raises
    ------
    TypeError
        If ``windows`` is something else.
    ValueError
        If the annotations of a record do not rise or lie outside its signal, if ``windows`` has
        another sampling rate or refuses the record. The message names the record.

    See Also
    --------
    skecg.BeatWindows : The same for records without annotations.

    Examples
    --------
    >>> from skecg.datasets import beat_windows_from_records, make_records
    >>> beats = beat_windows_from_records(make_records(n_subjects=2, duration=20, random_state=0))
    >>> beats.data.shape[1], beats.n_numbers
    (178, 28)
    """
    check_records(records)
    if not isinstance(windows, BeatWindows | None):
        raise TypeError(f"windows must be BeatWindows or None, got {type(windows).__name__}")
    windows = BeatWindows(records.sampling_rate) if windows is None else clone(windows)
    if windows.sampling_rate != records.sampling_rate:
        raise ValueError(
            f"windows must have the sampling rate of the records, {records.sampling_rate:g} Hz, "
            f"got {windows.sampling_rate:g} Hz"
        )
    data, columns = [], []
    for i, marks in enumerate(records.annotations):
        annotation = np.flatnonzero(records.target[i] >= 0)
        try:
            check_positions(marks.sample, len(records.data[i]))
            found = windows.segment([records.data[i]], r_peaks=[marks.sample[annotation]])
        except ValueError as error:
            raise ValueError(f"record {records.records[i]}: {error}") from error
        data.append(found.beats)
        columns.append(describe_beats(records, i, annotation))
    beats = join_beats(
        np.concatenate(data),
        columns,
        target_names=records.target_names,
        sampling_rate=windows.rate,
        descr=DESCR,
    )
    beats.feature_names = windows.get_feature_names_out()
    beats.n_numbers = len(windows.set_params(channels=()).get_feature_names_out())
    return beats
