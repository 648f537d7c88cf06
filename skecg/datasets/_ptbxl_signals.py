"""The signals of PTB-XL's records."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..signal import resample
from ._ptbxl_tables import REMEDY
from ._wfdb_record import read_wfdb_record

PTBXL_LEADS = ("I", "II", "III", "AVR", "AVL", "AVF", "V1", "V2", "V3", "V4", "V5", "V6")
_SECONDS = 10


def read_signals(
    folder: Path,
    names: NDArray[np.object_],
    ecg_ids: NDArray[np.int64],
    lead_names: list[str],
    source_rate: int,
    sampling_rate: float,
    on_error: str,
    progress: bool,
) -> tuple[NDArray[np.float32], NDArray[np.bool_], list[tuple[int, str]]]:
    """Read the records; return their signals, which of them could be read, and the errors."""
    probe = np.zeros(_SECONDS * source_rate, dtype=np.float32)
    n_timesteps = len(resample(probe, source_rate, sampling_rate))
    data = np.empty((len(names), len(lead_names), n_timesteps), dtype=np.float32)
    is_read, skipped = np.ones(len(names), dtype=bool), []
    bar = tqdm(names, desc="PTB-XL records", unit="record", disable=not progress)
    for i, name in enumerate(bar):
        try:
            signal = _read_leads(_path_inside(folder, name), lead_names, source_rate)
        except Exception as error:  # whatever a damaged record brings out
            if on_error == "raise":
                raise
            is_read[i] = False
            skipped.append((int(ecg_ids[i]), str(error) or type(error).__name__))
        else:
            data[i] = resample(signal, source_rate, sampling_rate)
    if not is_read.any():
        first = f" The first of {len(skipped)} errors: {skipped[0][1]}" if skipped else ""
        raise ValueError(f"No record of the task can be read; nothing is left to load.{first}")
    # A copy only where something is missing: the whole database takes gigabytes.
    return data if is_read.all() else data[is_read], is_read, skipped


def _path_inside(folder: Path, name: str) -> Path:
    """Return the path of a record that the table names, which must be inside the folder."""
    if re.fullmatch(r"[\w-]+(/[\w-]+)*", name, re.ASCII) is None:
        raise ValueError(
            "a record must be named by folders and a file inside the database, such as "
            f"'records100/00000/00001_lr'; got {name[:80]!r} in ptbxl_database.csv. {REMEDY}"
        )
    return folder / name


def _read_leads(path: Path, lead_names: list[str], rate: int) -> NDArray[np.float32]:
    """Return leads of one record in mV, of shape (n_leads, n_timesteps)."""
    record = read_wfdb_record(path, REMEDY)
    expected = (rate, _SECONDS * rate)
    if (record.fs, record.sig_len) != expected:
        raise ValueError(
            f"{path}.hea: expected {expected[1]} samples at {rate} Hz; got {record.sig_len} at "
            f"{record.fs} Hz. {REMEDY}"
        )
    channels = {name.upper(): channel for channel, name in enumerate(record.sig_name)}
    missing = [name for name in lead_names if name not in channels]
    if missing or set(record.units) != {"mV"} or set(record.fmt) != {"16"}:
        raise ValueError(
            f"{path}.hea: expected the leads {lead_names} in mV and format 16; got "
            f"{record.sig_name} in {record.units}, formats {record.fmt}. {REMEDY}"
        )
    signal = record.dac(return_res=32).T[[channels[name] for name in lead_names]]
    # WFDB marks a sample that is missing by the lowest integer.
    if not np.isfinite(signal).all():
        raise ValueError(f"{path}.dat has missing samples. {REMEDY}")
    return signal
