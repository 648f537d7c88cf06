"""The heartbeat data set: from its CSV files, or rebuilt from the records with subjects."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from importlib import resources
from numbers import Integral
from pathlib import Path
from typing import Literal, overload

import numpy as np
from sklearn.utils import Bunch, check_scalar

from ..signal import AAMI_CLASSES
from ._beat_table import check_records, describe_beats, join_beats
from ._data_home import get_data_home
from ._heartbeat_csv import read_heartbeat_csv
from ._heartbeat_rebuild import cut_heartbeats
from ._mitbih import open_mitbih
from ._returns import as_requested

# The rows keep every third sample of 360 Hz, although 125 Hz is usually stated.
_RATE = 120.0

_CSV_FILES = {
    ("mitbih", "train"): ("mitbih_train.csv",),
    ("mitbih", "test"): ("mitbih_test.csv",),
    ("mitbih", "all"): ("mitbih_train.csv", "mitbih_test.csv"),
    ("ptb", "all"): ("ptbdb_normal.csv", "ptbdb_abnormal.csv"),
}
_PTB_CLASSES = ("normal", "abnormal")

DESCR = """\
Heartbeat data set
==================

One row per beat: the signal from an R peak through the next one, 187 samples at 120 Hz (every
third sample of MIT-BIH's 360 Hz, unfiltered; the usual statement of 125 Hz is wrong), scaled to
[0, 1] by its own minimum and maximum and zero-padded. Classes by AAMI EC57: N 90,589, S 2,779,
V 7,236, F 803, Q 8,039 (most of Q is paced, which EC57 leaves out).

The published split into 87,554 training and 21,892 test beats is by beat: all 48 records, and so
all 47 subjects, are in both files. Figures measured on it do not tell how a classifier does on a
new patient. The published files have no subjects; the rows rebuilt from the records do (`groups`),
see also `match_heartbeat`.

Kachuee M, Fazeli S, Sarrafzadeh M. ECG Heartbeat Classification: A Deep Transferable
Representation. IEEE ICHI 2018, arXiv:1805.00794. Source: MIT-BIH Arrhythmia Database (Moody and
Mark 2001) and PTB Diagnostic ECG Database (Bousseljot et al. 1995), PhysioNet.
"""


@overload
def load_heartbeat(
    data_home: str | os.PathLike | None = ...,
    *,
    source: Literal["csv", "mitbih"] = ...,
    subset: Literal["all", "train", "test"] = ...,
    database: Literal["mitbih", "ptb"] = ...,
    return_X_y: Literal[False] = ...,
    return_X_y_groups: Literal[False] = ...,
    progress: bool = ...,
) -> Bunch: ...


@overload
def load_heartbeat(
    data_home: str | os.PathLike | None = ...,
    *,
    source: Literal["csv", "mitbih"] = ...,
    subset: Literal["all", "train", "test"] = ...,
    database: Literal["mitbih", "ptb"] = ...,
    return_X_y: bool = ...,
    return_X_y_groups: bool = ...,
    progress: bool = ...,
) -> Bunch | tuple[np.ndarray, ...]: ...


def load_heartbeat(
    data_home: str | os.PathLike | None = None,
    *,
    source: Literal["csv", "mitbih"] = "csv",
    subset: Literal["all", "train", "test"] = "all",
    database: Literal["mitbih", "ptb"] = "mitbih",
    return_X_y: bool = False,
    return_X_y_groups: bool = False,
    progress: bool = False,
) -> Bunch | tuple[np.ndarray, ...]:
    """Load the heartbeat data set of Kachuee et al., with subjects where they can be known.

    Parameters
    ----------
    data_home : str or path-like, default=None
        Folder of the data sets, see :func:`get_data_home`.
    source : {"csv", "mitbih"}, default="csv"
        ``"csv"`` reads the published files (``mitbih_train.csv`` and so on, also ``.gz``) from the
        folder or its subfolder ``heartbeat``. ``"mitbih"`` rebuilds the same rows, bit for bit,
        from the records in the subfolder ``mitdb``, with record, position, symbol and subject of
        every beat.
    subset : {"all", "train", "test"}, default="all"
        The published split. Rebuilt rows are in the order of record and time, those of
        ``"test"`` in the order of the published file.
    database : {"mitbih", "ptb"}, default="mitbih"
        ``"ptb"`` reads the files of the PTB database; they have no published split.
    return_X_y : bool, default=False
        Return ``(data, target)``.
    return_X_y_groups : bool, default=False
        Return ``(data, target, groups)``; only with ``source="mitbih"``, since the published files
        have no subjects.
    progress : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        The data set as attributes:

        data : ndarray of float32 of shape (n_beats, 187)
            The beats, scaled to [0, 1].
        target : ndarray of int64 of shape (n_beats,)
            Index into `target_names`.
        target_names : ndarray of str
            The AAMI classes N, S, V, F, Q; normal and abnormal for PTB.
        sampling_rate : float
            120 Hz (125 Hz for PTB, as its authors state).
        DESCR : str
            Description of the data.
        groups, record, sample, symbol, annotation : ndarray of shape (n_beats,)
            Only with ``source="mitbih"``: subject, record number, position of the R peak in the
            record (360 Hz), WFDB symbol, and index among the record's annotations.

        Or one of the tuples.

    Raises
    ------
    FileNotFoundError
        If a file is missing; the message says where it was looked for.
    ValueError
        If a file is damaged, no regular file or too large; if the subset does not exist; or if
        groups are asked for of files that have none.

    See Also
    --------
    match_heartbeat : Finds record and subject of rows of the published files.
    beats_from_records : Cuts beats from other records by the same rule.

    References
    ----------
    .. [1] M. Kachuee, S. Fazeli, M. Sarrafzadeh, "ECG Heartbeat Classification: A Deep
       Transferable Representation", IEEE ICHI 2018, arXiv:1805.00794.

    Examples
    --------
    >>> from skecg.datasets import load_heartbeat
    >>> beats = load_heartbeat(source="mitbih", subset="test")  # doctest: +SKIP
    >>> beats.data.shape, len(set(beats.groups))  # doctest: +SKIP
    ((21892, 187), 47)
    """
    if source not in ("csv", "mitbih"):
        raise ValueError(f"source must be 'csv' or 'mitbih', got {source!r}.")
    is_known = isinstance(database, str) and isinstance(subset, str)
    if not is_known or (database, subset) not in _CSV_FILES:
        raise ValueError(
            f"There is no subset {subset!r} of database {database!r}: the subsets of 'mitbih' are "
            "'all', 'train' and 'test'; 'ptb' has no published split, only 'all'."
        )
    if return_X_y_groups and source == "csv":
        raise ValueError(
            "return_X_y_groups=True needs source='mitbih', got source='csv': the published files "
            "have no subjects. match_heartbeat finds those of their rows."
        )
    if source == "csv":
        bunch = _read_csv_files(data_home, database, subset, progress)
    elif database == "ptb":
        raise ValueError("database='ptb' cannot be rebuilt from MIT-BIH records; use source='csv'.")
    else:
        bunch = _rebuild(data_home, subset, progress)
    return as_requested(bunch, return_X_y, return_X_y_groups)


def beats_from_records(records: Bunch, *, n_timesteps: int = 187) -> Bunch:
    """Cut every annotated beat from records by the rule of the heartbeat data set.

    Parameters
    ----------
    records : :class:`~sklearn.utils.Bunch`
        What :func:`load_mitbih` or :func:`make_records` returns.
    n_timesteps : int, default=187
        Length of a row; shorter beats are zero-padded, longer ones cut off.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        The data set with the attributes data, target, target_names, groups, record, sample,
        symbol, annotation, sampling_rate and DESCR, as :func:`load_heartbeat` returns them. The
        rows keep every k-th sample, where k brings the sampling rate nearest to 120 Hz.

    Raises
    ------
    TypeError
        If `n_timesteps` is no integer.
    ValueError
        If the records do not have one lead each, if a signal has a gap, or if annotations do not
        rise or lie outside their signal.

    See Also
    --------
    beat_windows_from_records : Windows with what precedes the R peak, and numbers.
    skecg.BeatSegmenter : Cuts beats of records without annotations.

    Examples
    --------
    >>> from skecg.datasets import beats_from_records, make_records
    >>> beats = beats_from_records(make_records(n_subjects=2, duration=20, random_state=0))
    >>> beats.data.shape[1], beats.sampling_rate
    (187, 120.0)
    """
    check_records(records)
    check_scalar(n_timesteps, "n_timesteps", Integral, min_val=1, max_val=100_000)
    return cut_records(records, records.data, n_timesteps)


def cut_records(records: Bunch, leads: Iterable[np.ndarray], n_timesteps: int = 187) -> Bunch:
    """Cut the beats of :func:`beats_from_records` from leads that may be read one by one."""
    step = max(1, round(records.sampling_rate / _RATE))
    n_beats = [np.count_nonzero(codes[:-1] >= 0) for codes in records.target]
    # The rows of all records in one array from the start: parts to be joined would double it.
    data = np.empty((sum(n_beats), n_timesteps), dtype=np.float32)
    columns = []
    parts = np.split(data, np.cumsum(n_beats)[:-1])
    for i, (lead, rows) in enumerate(zip(leads, parts, strict=True)):
        _, annotation = cut_heartbeats(
            lead,
            records.annotations[i].sample,
            records.target[i] >= 0,
            step=step,
            n_timesteps=n_timesteps,
            out=rows,
        )
        columns.append(describe_beats(records, i, annotation))
    return join_beats(
        data,
        columns,
        target_names=records.target_names,
        sampling_rate=records.sampling_rate / step,
        descr=DESCR,
    )


def rebuild_heartbeats(
    data_home: str | os.PathLike | None,
    *,
    records: Sequence[int] | None = None,
    progress: bool = False,
) -> Bunch:
    """Rebuild the rows of MIT-BIH records; one lead at a time is in memory."""
    # The published rows come from the first channel, whatever lead it holds, in raw units.
    opened, leads = open_mitbih(
        data_home, leads=0, records=records, physical=False, progress=progress
    )
    return cut_records(opened, leads)


def _rebuild(data_home: str | os.PathLike | None, subset: str, progress: bool) -> Bunch:
    bunch = rebuild_heartbeats(data_home, progress=progress)
    if subset == "all":
        return bunch
    rows = published_test_rows()
    if subset == "train":
        rows = np.setdiff1d(np.arange(len(bunch.data)), rows, assume_unique=True)
    return Bunch(
        **{name: values[rows] if name in _PER_BEAT else values for name, values in bunch.items()}
    )


_PER_BEAT = ("data", "target", "groups", "record", "sample", "symbol", "annotation")


def published_test_rows() -> np.ndarray:
    """Return which of the 109,446 rebuilt beats the published test file holds, in its order.

    The package contains these 21,892 positions, and nothing of the signals, because the rule by
    which they were drawn is not known.
    """
    file = resources.files(__package__) / "resources" / "heartbeat_test_rows.npy"
    with file.open("rb") as stream:
        return np.load(stream, allow_pickle=False).astype(np.int64)


def _read_csv_files(
    data_home: str | os.PathLike | None, database: str, subset: str, progress: bool
) -> Bunch:
    files = [_find_csv(data_home, name) for name in _CSV_FILES[database, subset]]
    parts = [read_heartbeat_csv(file, progress=progress) for file in files]
    names = AAMI_CLASSES if database == "mitbih" else _PTB_CLASSES
    target = np.concatenate([labels for _, labels in parts])
    if target.max() >= len(names):
        raise ValueError(
            f"{files[0].parent} holds labels up to {target.max()}; the files of {database!r} have "
            f"the labels 0 to {len(names) - 1}."
        )
    return Bunch(
        data=np.concatenate([rows for rows, _ in parts]) if len(parts) > 1 else parts[0][0],
        target=target,
        target_names=np.array(names),
        sampling_rate=_RATE if database == "mitbih" else 125.0,
        DESCR=DESCR,
    )


def _find_csv(data_home: str | os.PathLike | None, name: str) -> Path:
    home = get_data_home(data_home)
    for folder in (home / "heartbeat", home):
        for file in (folder / name, folder / f"{name}.gz"):
            if file.exists():
                return file
    raise FileNotFoundError(
        f"There is no {name} or {name}.gz in {str(home / 'heartbeat')!r} or {str(home)!r}. The "
        "files are part of the 'ECG Heartbeat Categorization Dataset' on Kaggle; those of MIT-BIH "
        "can also be rebuilt from its records with source='mitbih'."
    )
