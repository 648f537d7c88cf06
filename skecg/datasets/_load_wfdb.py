"""Loader of any WFDB data base with annotated beats."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
import wfdb
from sklearn.utils import Bunch

from ._data_home import get_data_home
from ._lead_names import find_lead
from ._returns import as_requested
from ._wfdb_any import read_digital
from ._wfdb_database import Database, Lead, check_choices, open_records, stack
from ._wfdb_header import read_header

_NAME = re.compile(r"[\w+-][\w.+-]{0,99}", re.ASCII)
_MAX_RECORDS = 100_000

DESCR = """\
Records of a WFDB data base
===========================

- `data`: one lead of each record, (n_records, n_samples), or several leads, (n_records, n_leads,
  n_samples); a list of such rows where the records differ in length.
- `annotations`: for each record a Bunch of arrays `sample`, `symbol` (WFDB codes) and `aux_note`
  with all annotations in order, beats and others.
- `target`: for each record an integer array as long as its annotations: the AAMI EC57 class of the
  beat as an index into `target_names`, -1 where the annotation is no beat.
- `groups`: the subject of each record, as `subject` says; without it the record's own name. Split
  by it, and make sure that one person is one subject.
- `records`, `lead_names`: name and lead of each row of `data`.
"""


@overload
def load_wfdb(
    folder: str | os.PathLike,
    records: Sequence[str | int] | None = ...,
    *,
    leads: Lead | Sequence[Lead] | None = ...,
    subject: Callable[[str, list[str]], Hashable] | None = ...,
    annotator: str = ...,
    on_missing_lead: Literal["first", "skip", "raise"] = ...,
    physical: bool = ...,
    return_X_y: Literal[False] = ...,
    return_X_y_groups: Literal[False] = ...,
    progress: bool = ...,
) -> Bunch: ...


@overload
def load_wfdb(
    folder: str | os.PathLike,
    records: Sequence[str | int] | None = ...,
    *,
    leads: Lead | Sequence[Lead] | None = ...,
    subject: Callable[[str, list[str]], Hashable] | None = ...,
    annotator: str = ...,
    on_missing_lead: Literal["first", "skip", "raise"] = ...,
    physical: bool = ...,
    return_X_y: bool = ...,
    return_X_y_groups: bool = ...,
    progress: bool = ...,
) -> Bunch | tuple: ...


def load_wfdb(
    folder: str | os.PathLike,
    records: Sequence[str | int] | None = None,
    *,
    leads: Lead | Sequence[Lead] | None = 0,
    subject: Callable[[str, list[str]], Hashable] | None = None,
    annotator: str = "atr",
    on_missing_lead: Literal["first", "skip", "raise"] = "first",
    physical: bool = True,
    return_X_y: bool = False,
    return_X_y_groups: bool = False,
    progress: bool = False,
) -> Bunch | tuple:
    """Load the records of a WFDB data base with annotated beats, in the form of `load_mitbih`.

    It was made for the MIT-BIH Supraventricular Arrhythmia Database (svdb), the St Petersburg
    INCART 12-lead Arrhythmia Database (incartdb) and the MIT-BIH Long-Term ECG Database (ltdb),
    and tested on generated records of their forms: the originals were not at hand.

    Parameters
    ----------
    folder : str or path-like
        The folder of the records' files, such as :func:`fetch_wfdb` returns. One that is not
        there is looked for in :func:`get_data_home`.
    records : sequence of str or int, default=None
        Names of the records to read, in this order. If None, all that have an annotation file.
    leads : str, int, sequence of these or None, default=0
        Names of the leads to read, in this order, in whichever channel they are; other names of
        the same lead serve as well, such as ``"II"`` for ``"MLII"``. An integer takes that
        channel, whatever its name. One that is not in a list drops the axis of leads; None takes
        all channels.
    subject : callable or None, default=None
        Returns the subject of a record, a str or int, from its name and the comments of its
        header (a list of str). :func:`incart_subject` does so for INCART, whose 75 records are
        of 32 people. If None, every record is a subject of its own.
    annotator : str, default="atr"
        Extension of the annotation files.
    on_missing_lead : {"first", "skip", "raise"}, default="first"
        What to do with a record without a lead that is asked for by name: read the record's first
        lead that is not asked for instead (one warning names the records), leave the record out
        and list it in ``skipped``, or raise.
    physical : bool, default=True
        Whether to return millivolts, to which other units are converted. If False, the stored
        integers are returned, as int32.
    return_X_y : bool, default=False
        Return ``(data, target)``.
    return_X_y_groups : bool, default=False
        Return ``(data, target, groups)``.
    progress : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        What :func:`load_mitbih` returns, but ``records`` and ``skipped`` hold names, and ``data``
        is a list of n_records arrays where the records have different lengths.

        Or one of the tuples.

    Raises
    ------
    FileNotFoundError
        If the folder or a file of a record is missing.
    ValueError
        If a parameter is wrong or no record is left; if records differ in their rate or number of
        leads; if a file is damaged, no regular file or too large; if a record has several segments
        or a unit that is no voltage; or if annotations do not rise or lie outside the signal.
    TypeError
        If `folder`, `leads` or `subject` is of another type.

    See Also
    --------
    read_record : Reads one recording of any format.

    Examples
    --------
    >>> from skecg.datasets import fetch_wfdb, incart_subject, load_wfdb
    >>> folder = fetch_wfdb("incartdb")  # doctest: +SKIP
    >>> incart = load_wfdb(folder, leads="II", subject=incart_subject)  # doctest: +SKIP
    >>> incart.data.shape, incart.sampling_rate  # doctest: +SKIP
    ((75, 462600), 257.0)
    """
    check_choices(leads, on_missing_lead)
    if subject is not None and not callable(subject):
        raise TypeError(
            "subject must be a function of a record's name and its header's comments, or None; got "
            f"{subject!r}."
        )
    if not isinstance(annotator, str) or _NAME.fullmatch(annotator) is None:
        raise ValueError(f"annotator must be an extension such as 'atr', got {annotator!r}.")
    place = _find_folder(folder)
    database = Database(
        place,
        f"Get the files again, for instance with skecg.datasets.fetch_wfdb, or check {place}.",
        read_header=_read_header,
        read_signals=_read_signals,
        find_lead=find_lead,
        subject=_checked(subject),
        bar=f"{place.name} records",
        descr=DESCR,
        annotator=annotator,
        one_length=False,
    )
    bunch, signals, lengths = open_records(
        database,
        _check_records(records, place, annotator),
        leads=leads,
        on_missing_lead=on_missing_lead,
        physical=physical,
        progress=progress,
    )
    if not physical:
        # Formats of 16 and of more bits may be mixed.
        signals = (signal.astype(np.int32) for signal in signals)
    is_even = len(set(lengths)) == 1
    bunch.data = stack(signals, len(lengths)) if is_even else list(signals)
    return as_requested(bunch, return_X_y, return_X_y_groups)


def incart_subject(record: str, comments: list[str]) -> int:
    """Return the patient of a record of the St Petersburg INCART data base.

    Parameters
    ----------
    record : str
        Name of the record.
    comments : list of str
        The comments of its header, of which one is such as ``"patient 1"``.

    Returns
    -------
    int
        Number of the patient.

    Raises
    ------
    ValueError
        If no comment names the patient.

    See Also
    --------
    load_wfdb : Takes such a function as its ``subject``.

    Examples
    --------
    >>> from skecg.datasets import incart_subject
    >>> incart_subject("I01", ["<age>: 65 <sex>: F", "patient 1", "PVCs, noise"])
    1
    """
    for comment in comments:
        match = re.fullmatch(r"\s*patient\s+(\d{1,9})\s*", comment, re.IGNORECASE)
        if match:
            return int(match[1])
    raise ValueError(
        f"the header of record {record} must have a comment such as 'patient 1', got {comments!r}"
    )


def _find_folder(folder: str | os.PathLike) -> Path:
    if not isinstance(folder, str | os.PathLike):
        raise TypeError(f"folder must be a path, got {folder!r}.")
    places = [Path(folder).expanduser(), get_data_home() / folder]
    try:
        return next(place for place in places if place.is_dir())
    except (StopIteration, ValueError) as error:  # ValueError: the name holds a NUL
        raise FileNotFoundError(
            f"There is no folder {str(folder)!r}, neither here nor in {str(get_data_home())!r}. "
            "Call skecg.datasets.fetch_wfdb to download a data base."
        ) from error


def _check_records(records: Sequence[str | int] | None, folder: Path, annotator: str) -> list[str]:
    """Return the names of the records to read."""
    if records is None:
        with os.scandir(folder) as entries:
            names = {entry.name for entry, _ in zip(entries, range(10 * _MAX_RECORDS))}
        found = (name.removesuffix(".hea") for name in sorted(names) if name.endswith(".hea"))
        records = [name for name in found if f"{name}.{annotator}" in names]
        if not records:
            raise ValueError(
                f"{folder} has no record with a .hea and an .{annotator} file; check the folder "
                "and annotator."
            )
    asked: list[Any] = list(records) if isinstance(records, Iterable) else [None]
    is_name = [
        isinstance(name, str | int)
        and not isinstance(name, bool)
        and _NAME.fullmatch(str(name)[:101]) is not None
        for name in asked
    ]
    if isinstance(records, str) or not asked or not all(is_name):
        raise ValueError(
            "records must be a list of names of records such as ['800', '801'], or None for all; "
            f"got {records!r}."
        )
    return [str(name) for name in asked]


def _read_header(path: Path, remedy: str) -> wfdb.Record:
    """Read the header of a record of one segment."""
    record = read_header(path, remedy)
    if not isinstance(record, wfdb.Record) or set(record.samps_per_frame) != {1}:
        raise ValueError(
            f"{path}.hea: records loaded together must have one segment, and one sample a frame. "
            "Read this one with skecg.datasets.read_record."
        )
    return record


def _read_signals(record: wfdb.Record, path: Path, remedy: str) -> np.ndarray:
    return np.stack(read_digital(record, path, remedy)).T


def _checked(subject: Callable[[str, list[str]], Hashable] | None) -> Callable[..., str | int]:
    """Return a function of the subject that never mixes kinds of it, which would merge people."""
    kinds = set()

    def of_record(name: str, comments: list[str]) -> str | int:
        found = name if subject is None else subject(name, comments)
        kind = str if isinstance(found, str) else int
        kinds.add(kind)
        if not isinstance(found, str | int) or isinstance(found, bool) or len(kinds) > 1:
            raise TypeError(
                "subject must return a str of every record, or an int of every record; got "
                f"{found!r} of record {name}."
            )
        return found

    return of_record
