"""Records of the MIT-BIH Arrhythmia Database."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from numbers import Integral
from pathlib import Path
from typing import Literal, overload

import numpy as np
import wfdb
from sklearn.utils import Bunch

from ._data_home import find_folder
from ._returns import as_requested
from ._wfdb_database import Database, Lead, check_choices, open_records, stack
from ._wfdb_record import read_header, read_signals

MITBIH_RECORDS = (
    *(100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 111, 112, 113, 114, 115, 116, 117, 118),
    *(119, 121, 122, 123, 124, 200, 201, 202, 203, 205, 207, 208, 209, 210, 212, 213, 214, 215),
    *(217, 219, 220, 221, 222, 223, 228, 230, 231, 232, 233, 234),
)

FETCH_REMEDY = (
    "Call skecg.datasets.fetch_mitbih() to download the MIT-BIH Arrhythmia Database (about 95 MB), "
    "or say where it is with data_home or SKECG_DATA."
)

# Of every record of the database; the number of samples differs in cut copies.
_RATE = 360
_UNIT = "mV"

DESCR = """\
MIT-BIH Arrhythmia Database
===========================

48 half-hour ambulatory ECG records of 47 subjects (records 201 and 202 are one man), two leads,
360 Hz, 11 bits over 10 mV (200 units per mV), with every beat annotated by two cardiologists.

- `data`: one lead of each record, (n_records, n_samples), or several leads, (n_records, n_leads,
  n_samples).
- `annotations`: for each record a Bunch of arrays `sample`, `symbol` (WFDB codes) and `aux_note`
  with all annotations in order, beats and others.
- `target`: for each record an integer array as long as its annotations: the AAMI EC57 class of the
  beat as an index into `target_names`, -1 where the annotation is no beat.
- `groups`: the subject of each record. Split by it, never by record or by beat.
- `records`, `lead_names`: number and lead of each row of `data`.

Choose leads by name: record 114 holds its leads in the other order. Records 102 and 104 have no
MLII. Records 102, 104, 107 and 217 are paced and left out by the AAMI EC57 protocol.

Moody GB, Mark RG. The impact of the MIT-BIH Arrhythmia Database. IEEE Eng in Med and Biol
20(3):45-50, 2001. PhysioNet, https://doi.org/10.13026/C2F305. Licence: ODC-By 1.0.
"""


def mitbih_subject(record: int) -> int:
    """Return the subject of a record: 201 for record 202, else the record's own number."""
    return 201 if record == 202 else record


@overload
def load_mitbih(
    data_home: str | os.PathLike | None = ...,
    *,
    leads: Lead | Sequence[Lead] | None = ...,
    records: Sequence[int] | None = ...,
    on_missing_lead: Literal["first", "skip", "raise"] = ...,
    physical: bool = ...,
    return_X_y: Literal[False] = ...,
    return_X_y_groups: Literal[False] = ...,
    progress: bool = ...,
) -> Bunch: ...


@overload
def load_mitbih(
    data_home: str | os.PathLike | None = ...,
    *,
    leads: Lead | Sequence[Lead] | None = ...,
    records: Sequence[int] | None = ...,
    on_missing_lead: Literal["first", "skip", "raise"] = ...,
    physical: bool = ...,
    return_X_y: bool = ...,
    return_X_y_groups: bool = ...,
    progress: bool = ...,
) -> Bunch | tuple: ...


def load_mitbih(
    data_home: str | os.PathLike | None = None,
    *,
    leads: Lead | Sequence[Lead] | None = "MLII",
    records: Sequence[int] | None = None,
    on_missing_lead: Literal["first", "skip", "raise"] = "first",
    physical: bool = True,
    return_X_y: bool = False,
    return_X_y_groups: bool = False,
    progress: bool = False,
) -> Bunch | tuple:
    """Load the records of the MIT-BIH Arrhythmia Database with annotations and subjects.

    Parameters
    ----------
    data_home : str or path-like, default=None
        Folder whose subfolder ``mitdb`` holds the ``.hea``, ``.dat`` and ``.atr`` files; see
        :func:`get_data_home`.
    leads : str, int, sequence of these or None, default="MLII"
        Names of the leads to read, in this order, in whichever channel they are. An integer takes
        that channel, whatever its name. One that is not in a list drops the axis of leads; None
        takes all channels.
    records : sequence of int, default=None
        Numbers of the records to read, in this order. If None, all 48.
    on_missing_lead : {"first", "skip", "raise"}, default="first"
        What to do with a record without a lead that is asked for by name, such as 102 and 104 for
        MLII: read the record's first lead that is not asked for instead (one warning names the
        records), leave the record out and list it in ``skipped``, or raise.
    physical : bool, default=True
        Whether to return millivolts. If False, the stored integers (units of the analogue-digital
        converter) are returned.
    return_X_y : bool, default=False
        Return ``(data, target)``.
    return_X_y_groups : bool, default=False
        Return ``(data, target, groups)``.
    progress : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        The data set as attributes:

        data : ndarray of shape (n_records, n_samples) or (n_records, n_leads, n_samples)
            Float32 in mV, or int16 if ``physical=False``. The first shape where ``leads`` is one
            name or number.
        target : list of n_records int64 ndarrays
            The AAMI class of each annotation as an index into `target_names`; -1 where the
            annotation is not a beat. Aligned with `annotations`.
        target_names : ndarray of shape (5,)
            The AAMI classes.
        groups : ndarray of shape (n_records,)
            The subject of each record.
        records : ndarray of shape (n_records,)
            The number of each record.
        lead_names : list of n_records str, or list of n_records lists of str
            The leads that were read from each record.
        annotations : list of n_records Bunch
            Arrays ``sample`` (position in the record), ``symbol`` (WFDB code) and ``aux_note``.
        skipped : list of int
            Records left out by ``on_missing_lead="skip"``.
        sampling_rate : float
            In Hz.
        units : str
            ``"mV"`` or ``"adu"``.
        DESCR : str
            Description of the database.

        Or one of the tuples.

    Raises
    ------
    FileNotFoundError
        If the folder or a file of a record is missing.
    ValueError
        If a parameter is wrong or no record is left; if a file is damaged, no regular file or too
        large; if a header does not fit the database, its signal file or its checksums; or if
        annotations do not rise or lie outside the signal. The message names the file.

    See Also
    --------
    fetch_mitbih : Downloads the records.
    load_wfdb : Reads other data bases in the same form.
    make_records : Makes such records.
    beats_from_records, beat_windows_from_records : Cut the beats.

    References
    ----------
    .. [1] G. B. Moody and R. G. Mark, "The impact of the MIT-BIH Arrhythmia Database",
           IEEE Engineering in Medicine and Biology 20(3):45-50, 2001.

    Examples
    --------
    >>> from skecg.datasets import load_mitbih
    >>> mitbih = load_mitbih(records=[100, 114])  # doctest: +SKIP
    >>> mitbih.data.shape, mitbih.lead_names  # doctest: +SKIP
    ((2, 650000), ['MLII', 'MLII'])
    """
    bunch, signals = open_mitbih(
        data_home,
        leads=leads,
        records=records,
        on_missing_lead=on_missing_lead,
        physical=physical,
        progress=progress,
    )
    bunch.data = stack(signals, len(bunch.records))
    return as_requested(bunch, return_X_y, return_X_y_groups)


def open_mitbih(
    data_home: str | os.PathLike | None,
    *,
    leads: Lead | Sequence[Lead] | None,
    records: Sequence[int] | None = None,
    on_missing_lead: str = "first",
    physical: bool,
    progress: bool = False,
) -> tuple[Bunch, Iterator[np.ndarray]]:
    """Return what :func:`load_mitbih` does but for ``data``, and the rows of it one by one.

    Headers and annotations, which are small, are read at once; the leads of a record when they
    are asked for.
    """
    check_choices(leads, on_missing_lead)
    folder = find_folder(data_home, "mitdb", FETCH_REMEDY)
    database = Database(
        folder,
        FETCH_REMEDY,
        read_header=_read_header,
        read_signals=read_signals,
        find_lead=_find_by_spelling,
        subject=lambda number, comments: mitbih_subject(int(number)),
        bar="MIT-BIH records",
        descr=DESCR,
    )
    bunch, signals, _ = open_records(
        database,
        _check_numbers(records),
        leads=leads,
        on_missing_lead=on_missing_lead,
        physical=physical,
        progress=progress,
    )
    return bunch, signals


def _check_numbers(records: Sequence[int] | None) -> list[int]:
    """Return the numbers of the records to read."""
    if records is None:
        return list(MITBIH_RECORDS)
    numbers = list(records) if isinstance(records, Iterable) else [None]
    is_number = [isinstance(number, Integral) and 0 <= number < 10**6 for number in numbers]
    if isinstance(records, str) or not all(is_number):
        raise ValueError(
            "records must be a list of record numbers such as [100, 114], or None for all; got "
            f"{records!r}. See skecg.datasets.MITBIH_RECORDS."
        )
    if not numbers:
        raise ValueError("records is empty; name at least one record, or None for all.")
    return [int(number) for number in numbers]


def _read_header(path: Path, remedy: str) -> wfdb.Record:
    """Read a header, and refuse what no record of the database can have."""
    record = read_header(path, remedy)
    units = sorted({str(unit) for unit in record.units})
    if record.fs != _RATE or units != [_UNIT]:
        raise ValueError(
            f"{path}.hea: the records of the database have {_RATE} Hz and the unit {_UNIT}; got "
            f"{record.fs} Hz and {', '.join(units)}. {remedy}"
        )
    return record


def _find_by_spelling(name: str, lead_names: Sequence[str]) -> int | None:
    return lead_names.index(name) if name in lead_names else None
