"""Reading one recording from a file of any of the usual formats."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from numbers import Real
from pathlib import Path

from ._read_csv import open_csv
from ._read_dicom import open_dicom
from ._read_edf import open_edf
from ._read_npy import open_npy
from ._record import MAX_RATE, Record
from ._source import MAX_LEADS, Source, make_record
from ._wfdb_any import open_wfdb

_TEXTS = (".csv", ".tsv", ".txt")
_DICOMS = (".dcm", ".dicom")
# Extensions of the files of a WFDB record.
_WFDB = (".hea", ".dat", ".mat", ".atr")


def read_record(
    path: str | os.PathLike,
    *,
    leads: str | int | Sequence[str | int] | None = None,
    sampling_rate: float | None = None,
    lead_names: Sequence[str] | None = None,
    units: str | float | None = None,
    annotator: str | None = "atr",
) -> Record:
    r"""Read a recording: its leads in mV, their names, the sampling rate and the annotations.

    The name of the file decides its format:

    - a WFDB record (``holter``, ``holter.hea`` or ``holter.dat``): every format of its signals,
      one or several segments;
    - EDF and EDF+ (``.edf``), with ``pip install "skecg[edf]"``; an interrupted one (EDF+D) is
      filled up with NaN;
    - a text file (``.csv``, ``.tsv``, ``.txt``) with a column for each lead, header lines or not,
      and with times in its first column or not: seconds, milliseconds, or of a clock;
    - an array of NumPy (``.npy``) of shape (n_leads, n_timesteps) or (n_timesteps,);
    - a DICOM waveform (``.dcm``), with ``pip install "skecg[dicom]"``; the first that was
      recorded, not derived from others.

    Values in other units are converted to mV, which the record's ``source_units`` and its text
    tell. Channels that are no voltages, or have another rate than the first ECG lead, are left
    out, and arrays whose leads are in their last axis are transposed; both with a warning.

    Parameters
    ----------
    path : str or path-like
        The file. It may come from anyone: only regular files are opened, sizes are bounded, and
        no objects are unpickled.
    leads : str, int, sequence of these or None, default=None
        Leads to read, in this order: names, of which other names of the same lead serve as well
        (``"II"`` for ``"MLII"`` or ``"ECG II"``), or numbers of channels. None reads all.
    sampling_rate : float or None, default=None
        Samples per second (Hz), for the files that do not say: arrays, and text without times.
    lead_names : sequence of str or None, default=None
        Names of all leads of a file that does not say: arrays and text.
    units : {"mV", "uV", "V"}, float or None, default=None
        The unit of the values whatever the file says, or how many mV one unit is. If None, what
        the file says, and mV for arrays and text without units. Unless it is given, values that
        no ECG has in mV are refused.
    annotator : str or None, default="atr"
        Extension of the annotation file of a WFDB record, which need not have one.

    Returns
    -------
    record : Record
        The recording.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If the library that reads the format is not installed.
    ValueError
        If the file is damaged, no regular file, of an unknown format or too large for this
        machine; if a parameter is wrong, missing or not for this format; if there is no such
        lead; or if the values cannot be mV, or have an unknown unit. The message names the file.
    TypeError
        If `path` or `leads` is of another type.

    See Also
    --------
    load_wfdb : Reads a folder of annotated records.
    skecg.inspection.ECGDisplay : Draws a record on ECG paper.
    skecg.BeatAnnotator : Labels its beats.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from skecg.datasets import read_record
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "rest.csv")
    ...     with open(path, "w") as file:
    ...         _ = file.write("time (ms),Lead II (uV)\n")
    ...         _ = file.writelines(f"{4 * i},{600 * (i % 200 < 5)}\n" for i in range(1000))
    ...     record = read_record(path)
    >>> record
    Record 'rest': 1 lead (Lead II), 250 Hz, 4 s, converted from uV to mV
    >>> float(record.signal("II").max())
    0.6...
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path must be a path, got {path!r}.")
    path = Path(path).expanduser()
    rate = _check_rate(sampling_rate)
    names = _check_names(lead_names)
    source = _open(path, rate, names, annotator)
    if lead_names is not None and path.suffix.lower() not in (*_TEXTS, ".npy"):
        raise ValueError(f"{path} names its leads itself; lead_names is for arrays and text.")
    try:
        return make_record(source, leads, units)
    except MemoryError as error:
        raise ValueError(f"{path} is too large for this machine; choose fewer leads.") from error


def _open(path: Path, rate: float | None, names: list[str] | None, annotator: str | None) -> Source:
    suffix = path.suffix.lower()
    if suffix == ".npy":
        if rate is None:
            raise ValueError(f"{path} does not say its sampling rate; pass sampling_rate.")
        return open_npy(path, rate, names)
    if suffix in _TEXTS:
        return open_csv(path, rate, names)
    if suffix == ".edf":
        return _with_own_rate(open_edf(path), rate)
    if suffix in _DICOMS:
        return _with_own_rate(open_dicom(path), rate)
    # The name of a record may hold dots.
    if suffix in _WFDB:
        path = path.with_suffix("")
    elif suffix and not path.with_name(f"{path.name}.hea").exists():
        raise ValueError(
            f"{path} must be a WFDB record, or end in .edf, .npy, "
            f"{', '.join((*_TEXTS, *_DICOMS))}; got {suffix!r}."
        )
    return _with_own_rate(open_wfdb(path, annotator), rate)


def _with_own_rate(source: Source, rate: float | None) -> Source:
    """Refuse a rate that the file contradicts."""
    if rate is not None and all(abs(each / rate - 1) > 1e-3 for each in source.rates):
        raise ValueError(
            f"{source.path} has {source.rates[0]:g} Hz, and sampling_rate is {rate:g}; leave it "
            "away."
        )
    return source


def _check_rate(sampling_rate: float | None) -> float | None:
    if sampling_rate is None:
        return None
    is_number = isinstance(sampling_rate, Real) and not isinstance(sampling_rate, bool)
    if not is_number or not 0 < sampling_rate <= MAX_RATE:
        raise ValueError(
            f"sampling_rate must be a number of Hz up to {MAX_RATE}, got {sampling_rate!r}."
        )
    return float(sampling_rate)


def _check_names(lead_names: Sequence[str] | None) -> list[str] | None:
    if lead_names is None:
        return None
    names = list(lead_names) if isinstance(lead_names, Iterable) else [None]
    is_name = [isinstance(name, str) and bool(name.strip()) for name in names]
    if isinstance(lead_names, str) or not all(is_name) or not 0 < len(names) <= MAX_LEADS:
        raise ValueError(
            f"lead_names must be a list of 1 to {MAX_LEADS} names, got {lead_names!r}."
        )
    return names
