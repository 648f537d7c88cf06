"""Records of the MIT-BIH Arrhythmia Database."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from itertools import chain
from numbers import Integral
from pathlib import Path

import numpy as np
import wfdb
from sklearn.utils import Bunch
from tqdm import tqdm

from ..signal import AAMI_CLASSES, aami_codes
from ._data_home import find_folder
from ._wfdb_annotations import read_annotations
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

DESCR = """\
MIT-BIH Arrhythmia Database
===========================

48 half-hour ambulatory ECG records of 47 subjects (records 201 and 202 are one man), two leads,
360 Hz, 11 bits over 10 mV (200 units per mV), with every beat annotated by two cardiologists.

- `data`: one lead of each record, (n_records, n_samples).
- `annotations`: for each record a Bunch of arrays `sample`, `symbol` (WFDB codes) and `aux_note`
  with all annotations in order, beats and others.
- `target`: for each record an integer array as long as its annotations: the AAMI EC57 class of the
  beat as an index into `target_names`, -1 where the annotation is no beat.
- `groups`: the subject of each record. Split by it, never by record or by beat.
- `records`, `lead_names`: number and lead of each row of `data`.

The lead is chosen by name: record 114 holds its leads in the other order. Records 102 and 104
have no MLII. Records 102, 104, 107 and 217 are paced and left out by the AAMI EC57 protocol.

Moody GB, Mark RG. The impact of the MIT-BIH Arrhythmia Database. IEEE Eng in Med and Biol
20(3):45-50, 2001. PhysioNet, https://doi.org/10.13026/C2F305. Licence: ODC-By 1.0.
"""


def mitbih_subject(record: int) -> int:
    """Return the subject of a record: 201 for record 202, else the record's own number."""
    return 201 if record == 202 else record


def load_mitbih(
    data_home: str | os.PathLike | None = None,
    *,
    lead: str | int = "MLII",
    records: Sequence[int] | None = None,
    on_missing_lead: str = "first",
    physical: bool = True,
    progress: bool = False,
) -> Bunch:
    """Load the records of the MIT-BIH Arrhythmia Database with annotations and subjects.

    Parameters
    ----------
    data_home : str or path-like, default=None
        Folder whose subfolder ``mitdb`` holds the ``.hea``, ``.dat`` and ``.atr`` files; see
        :func:`get_data_home`.
    lead : str or int, default="MLII"
        Name of the lead to read, whichever channel it stands in. An integer takes that channel
        whatever it is called.
    records : sequence of int, default=None
        Numbers of the records to read, in this order. If None, all 48.
    on_missing_lead : {"first", "skip", "raise"}, default="first"
        What to do with a record that lacks the lead, such as 102 and 104 for MLII: read its first
        lead (one warning names the records), leave the record out and list it in ``skipped``, or
        raise.
    physical : bool, default=True
        Whether to return millivolts. If False, the stored integers (units of the analogue-digital
        converter) are returned.
    progress : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        data : ndarray of shape (n_records, n_samples)
            The lead, float32 in mV, or int16 if ``physical=False``.
        target : list of n_records int64 ndarrays
            The AAMI class of each annotation as an index into `target_names`; -1 where the
            annotation is not a beat. Aligned with `annotations`.
        target_names : ndarray of shape (5,)
            The AAMI classes.
        groups : ndarray of shape (n_records,)
            The subject of each record.
        records : ndarray of shape (n_records,)
            The number of each record.
        lead_names : list of n_records str
            The lead that was read from each record.
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

    Raises
    ------
    FileNotFoundError
        If the folder or a file of a record is missing.
    ValueError
        If a file is damaged or does not agree with the checksum in its header.

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
        lead=lead,
        records=records,
        on_missing_lead=on_missing_lead,
        physical=physical,
        progress=progress,
    )
    first = next(signals)
    bunch.data = np.empty((len(bunch.records), len(first)), dtype=first.dtype)
    for signal, row in zip(chain([first], signals), bunch.data):
        row[:] = signal
    return bunch


def open_mitbih(
    data_home: str | os.PathLike | None,
    *,
    lead: str | int,
    records: Sequence[int] | None = None,
    on_missing_lead: str = "first",
    physical: bool,
    progress: bool = False,
) -> tuple[Bunch, Iterator[np.ndarray]]:
    """Return what :func:`load_mitbih` does but for ``data``, and the rows of it one by one.

    Headers and annotations, which are small, are read at once; each lead when it is asked for.
    """
    if on_missing_lead not in ("first", "skip", "raise"):
        raise ValueError(
            f"on_missing_lead must be 'first', 'skip' or 'raise', got {on_missing_lead!r}."
        )
    folder = find_folder(data_home, "mitdb", FETCH_REMEDY)
    numbers = MITBIH_RECORDS if records is None else [int(record) for record in records]
    if len(numbers) == 0:
        raise ValueError("records is empty; name at least one record, or None for all.")

    opened, forms, lead_names, annotations = [], [], [], []
    loaded, skipped, replaced = [], [], []
    for number in numbers:
        record = read_header(folder / str(number), FETCH_REMEDY)
        channel = _find_lead(record, lead)
        if channel is None and on_missing_lead == "raise":
            raise ValueError(
                f"Record {number} has no lead {lead!r}; it has {record.sig_name}. Choose another "
                "lead, or on_missing_lead='first' or 'skip'."
            )
        if channel is None and on_missing_lead == "skip":
            skipped.append(number)
            continue
        if channel is None:
            replaced.append(number)
            channel = 0
        forms.append((record.sig_len, float(record.fs)))
        if forms[-1] != forms[0]:
            lengths, rates = (sorted({*pair}) for pair in zip(forms[-1], forms[0]))
            raise ValueError(
                f"Records {[*loaded, number]} have {lengths} samples at {rates} Hz; records loaded "
                "together need one length and one sampling rate. Load them apart."
            )
        opened.append((folder / str(number), record, channel))
        lead_names.append(record.sig_name[channel])
        annotations.append(read_annotations(folder / f"{number}.atr", FETCH_REMEDY))
        loaded.append(number)

    if not loaded:
        raise ValueError("No record has the lead that was asked for; nothing is left to load.")
    if replaced:
        warnings.warn(
            f"Records {replaced} have no lead {lead!r}; their first lead is used instead (see "
            "lead_names). Pass on_missing_lead='skip' to leave them out.",
            UserWarning,
            stacklevel=3,
        )
    bunch = Bunch(
        data=None,
        target=[aami_codes(annotation.symbol) for annotation in annotations],
        target_names=np.array(AAMI_CLASSES),
        groups=np.array([mitbih_subject(number) for number in loaded]),
        records=np.array(loaded),
        lead_names=lead_names,
        annotations=annotations,
        skipped=skipped,
        sampling_rate=forms[0][1],
        units="mV" if physical else "adu",
        DESCR=DESCR,
    )
    return bunch, _read_leads(opened, physical, progress)


def _read_leads(
    opened: Sequence[tuple[Path, wfdb.Record, int]], physical: bool, progress: bool
) -> Iterator[np.ndarray]:
    """Read one channel of each record."""
    bar = tqdm(opened, desc="MIT-BIH records", unit="record", disable=not progress)
    for path, record, channel in bar:
        signals = read_signals(record, path, FETCH_REMEDY)
        yield _in_millivolts(record, signals, channel) if physical else signals[:, channel]


def _find_lead(record: wfdb.Record, lead: str | int) -> int | None:
    """Return the channel of a lead, or None where the record lacks it."""
    if isinstance(lead, Integral):
        if not 0 <= lead < record.n_sig:
            raise ValueError(
                f"lead={lead} is not a channel of record {record.record_name}, which has "
                f"{record.n_sig}."
            )
        return int(lead)
    if not isinstance(lead, str):
        raise TypeError(f"lead must be a name such as 'MLII' or a channel number, got {lead!r}.")
    return record.sig_name.index(lead) if lead in record.sig_name else None


def _in_millivolts(record: wfdb.Record, signals: np.ndarray, channel: int) -> np.ndarray:
    """Return one channel as float32 in physical units."""
    fields = ("fmt", "adc_gain", "baseline")
    return wfdb.Record(
        d_signal=signals[:, [channel]],
        **{field: [getattr(record, field)[channel]] for field in fields},
    ).dac(return_res=32)[:, 0]
