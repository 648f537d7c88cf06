"""Data bases of WFDB records with annotated beats."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from numbers import Integral
from pathlib import Path
from typing import NamedTuple

import numpy as np
import wfdb
from sklearn.utils import Bunch
from tqdm import tqdm

from .._limits import require_memory
from ..signal import AAMI_CLASSES, aami_codes
from ._beat_table import check_positions
from ._source import check_leads
from ._units import millivolts_per
from ._wfdb_annotations import read_annotations
from ._wfdb_record import to_physical

Lead = str | int
RecordName = str | int


@dataclass(frozen=True)
class Database:
    """A folder of records, and what is special about them.

    Parameters
    ----------
    folder : pathlib.Path
    remedy : str
        The last sentence of errors about files.
    read_header : callable
        Returns the checked header of a record, from its path without extension and the remedy.
    read_signals : callable
        Returns its stored integers, of shape (n_samples, n_leads), from the header, path, remedy.
    find_lead : callable
        Returns the channel of a name among names, or None.
    subject : callable
        Returns the subject, from the name of the record and the comments of its header.
    bar : str
        Text of the progress bar.
    descr : str
    annotator : str
        Extension of the annotation files.
    one_length : bool
        Whether records of different lengths are refused.
    """

    folder: Path
    remedy: str
    read_header: Callable[[Path, str], wfdb.Record]
    read_signals: Callable[[wfdb.Record, Path, str], np.ndarray]
    find_lead: Callable[[str, Sequence[str]], int | None]
    subject: Callable[[RecordName, list[str]], object]
    bar: str
    descr: str
    annotator: str = "atr"
    one_length: bool = True

    def path(self, name: RecordName) -> Path:
        """Return a record's files without their extension."""
        return self.folder / str(name)


class _Opened(NamedTuple):
    name: RecordName
    record: wfdb.Record
    channels: list[int]


def check_choices(leads: Lead | Sequence[Lead] | None, on_missing_lead: str) -> None:
    """Refuse wrong values of the parameters that every loader of records has."""
    if on_missing_lead not in ("first", "skip", "raise"):
        raise ValueError(
            f"on_missing_lead must be 'first', 'skip' or 'raise', got {on_missing_lead!r}."
        )
    check_leads(leads)


def open_records(
    database: Database,
    names: Sequence[RecordName],
    *,
    leads: Lead | Sequence[Lead] | None,
    on_missing_lead: str,
    physical: bool,
    progress: bool,
) -> tuple[Bunch, Iterator[np.ndarray], list[int]]:
    """Return what a loader does but for ``data``, the rows of it one by one, and their lengths.

    Headers and annotations, which are small, are read at once; the leads of a record when they
    are asked for.
    """
    wanted = check_leads(leads)
    opened, skipped, replaced, annotations = [], [], [], []
    for name in names:
        path = database.path(name)
        record = database.read_header(path, database.remedy)
        found = _find_channels(record, wanted, database)
        if None in found:
            missing = [lead for lead, channel in zip(wanted or (), found) if channel is None]
            if on_missing_lead == "raise":
                raise ValueError(
                    f"Record {name} must have the leads {missing}, got {record.sig_name}. Choose "
                    "other leads, or on_missing_lead='first' or 'skip'."
                )
            if on_missing_lead == "skip":
                skipped.append(name)
                continue
            replaced.append(name)
        opened.append(_Opened(name, record, _fill_up(record, found)))
        _check_alike(opened[0], opened[-1], database.one_length)
        annotations.append(_read_marks(path, record, database))

    if not opened:
        raise ValueError("No record has the lead that was asked for; nothing is left to load.")
    if replaced:
        warnings.warn(
            f"Records {replaced} do not have all of the leads {wanted}; their first other lead is "
            "used instead (see lead_names). Pass on_missing_lead='skip' to leave them out.",
            UserWarning,
            stacklevel=4,
        )
    is_single = isinstance(leads, str | Integral)
    lead_names = [[each.record.sig_name[i] for i in each.channels] for each in opened]
    bunch = Bunch(
        data=None,
        target=[aami_codes(annotation.symbol) for annotation in annotations],
        target_names=np.array(AAMI_CLASSES),
        groups=np.array([database.subject(each.name, each.record.comments) for each in opened]),
        records=np.array([each.name for each in opened]),
        lead_names=[names[0] for names in lead_names] if is_single else lead_names,
        annotations=annotations,
        skipped=skipped,
        sampling_rate=float(opened[0].record.fs),
        units="mV" if physical else "adu",
        DESCR=database.descr,
    )
    n_values = sum(len(each.channels) * each.record.sig_len for each in opened)
    require_memory(4 * n_values, "the data", "load fewer records or leads")
    signals = _read_leads(opened, database, physical, progress)
    rows = (signal[0] for signal in signals) if is_single else signals
    return bunch, rows, [each.record.sig_len for each in opened]


def stack(signals: Iterator[np.ndarray], n_records: int) -> np.ndarray:
    """Put rows of one shape into one array, of which there is no second copy."""
    first = next(signals)
    data = np.empty((n_records, *first.shape), dtype=first.dtype)
    for signal, row in zip(chain([first], signals), data):
        row[:] = signal
    return data


def _find_channels(
    record: wfdb.Record, wanted: list[Lead] | None, database: Database
) -> list[int | None]:
    """Return the channel of each lead, None where the record does not have it."""
    if wanted is None:
        return list(range(record.n_sig))
    for lead in wanted:
        if isinstance(lead, Integral) and not 0 <= lead < record.n_sig:
            raise ValueError(
                f"leads must be channels from 0 to {record.n_sig - 1} of record "
                f"{record.record_name}, got {lead}."
            )
    return [
        database.find_lead(lead, record.sig_name) if isinstance(lead, str) else int(lead)
        for lead in wanted
    ]


def _fill_up(record: wfdb.Record, channels: list[int | None]) -> list[int]:
    """Put the record's first channels that are not asked for where a lead is missing."""
    others = [channel for channel in range(record.n_sig) if channel not in channels]
    if len(others) < channels.count(None):
        raise ValueError(
            f"Record {record.record_name} has only the leads {record.sig_name}, too few for the "
            f"{len(channels)} that are asked for. Pass on_missing_lead='skip' to leave it out."
        )
    rest = iter(others)
    return [next(rest) if channel is None else channel for channel in channels]


def _check_alike(first: _Opened, other: _Opened, one_length: bool) -> None:
    """Refuse records that cannot be loaded together."""
    forms = [(len(each.channels), each.record.sig_len) for each in (first, other)]
    if forms[0] != forms[1] and (one_length or forms[0][0] != forms[1][0]):
        raise ValueError(
            "Records loaded together must have one number of leads"
            f"{' and samples' if one_length else ''}, got {forms[0]} in record {first.name} and "
            f"{forms[1]} in record {other.name}. Load them apart."
        )
    if first.record.fs != other.record.fs:
        raise ValueError(
            f"Records loaded together must have one sampling rate, got {first.record.fs} Hz in "
            f"record {first.name} and {other.record.fs} Hz in record {other.name}. Load them apart."
        )


def _read_marks(path: Path, record: wfdb.Record, database: Database) -> Bunch:
    """Read the annotations of a record and check that they lie in its signal, in order."""
    file = path.with_name(f"{path.name}.{database.annotator}")
    annotations = read_annotations(file, database.remedy, float(record.fs))
    try:
        check_positions(annotations.sample, record.sig_len)
    except ValueError as error:
        raise ValueError(f"{file} is damaged ({error}). {database.remedy}") from error
    return annotations


def _read_leads(
    opened: Sequence[_Opened], database: Database, physical: bool, progress: bool
) -> Iterator[np.ndarray]:
    """Read the channels of each record, of shape (n_leads, n_samples)."""
    bar = tqdm(opened, desc=database.bar, unit="record", disable=not progress)
    for name, record, channels in bar:
        signals = database.read_signals(record, database.path(name), database.remedy)
        if not physical:
            yield signals.T[channels]
            continue
        yield _in_millivolts(record, signals, channels, database.path(name))


def _in_millivolts(
    record: wfdb.Record, signals: np.ndarray, channels: list[int], path: Path
) -> np.ndarray:
    leads = to_physical(record, signals, channels).T
    for lead, channel in zip(leads, channels):
        factor = millivolts_per(record.units[channel])
        if factor is None:
            raise ValueError(
                f"{path}.hea: lead {record.sig_name[channel]} must be in volts of some kind, got "
                f"{record.units[channel]}. Choose other leads, or physical=False."
            )
        if factor != 1:
            lead *= factor
    return leads
