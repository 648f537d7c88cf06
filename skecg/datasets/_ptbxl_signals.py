"""The signals of PTB-XL's records."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..signal import resample
from ._ptbxl_tables import REMEDY
from ._wfdb_record import read_record

PTBXL_LEADS = ("I", "II", "III", "AVR", "AVL", "AVF", "V1", "V2", "V3", "V4", "V5", "V6")
_SECONDS = 10


def read_signals(
    paths: list[Path],
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
    data = np.empty((len(paths), len(lead_names), n_timesteps), dtype=np.float32)
    is_read, skipped = np.ones(len(paths), dtype=bool), []
    bar = tqdm(paths, desc="PTB-XL records", unit="record", disable=not progress)
    for i, path in enumerate(bar):
        try:
            signal = _read_leads(path, lead_names, source_rate)
        except (ValueError, OSError) as error:
            if on_error == "raise":
                raise
            is_read[i] = False
            skipped.append((int(ecg_ids[i]), str(error)))
        else:
            data[i] = resample(signal, source_rate, sampling_rate)
    if not is_read.any():
        first = f" The first of {len(skipped)} errors: {skipped[0][1]}" if skipped else ""
        raise ValueError(f"No record of the task can be read; nothing is left to load.{first}")
    # A copy only where something is missing: the whole database takes gigabytes.
    return data if is_read.all() else data[is_read], is_read, skipped


def _read_leads(path: Path, lead_names: list[str], rate: int) -> NDArray[np.float32]:
    """Return leads of one record in mV, of shape (n_leads, n_timesteps)."""
    record = read_record(path, REMEDY)
    expected = (rate, _SECONDS * rate)
    if (record.fs, record.sig_len) != expected:
        raise ValueError(
            f"{path}.hea: the record has {record.sig_len} samples at {record.fs} Hz; "
            f"expected {expected[1]} at {rate} Hz. {REMEDY}"
        )
    # A damaged header may name no lead, or a format that wfdb reads but cannot scale.
    channels = {str(name).upper(): channel for channel, name in enumerate(record.sig_name)}
    missing = [name for name in lead_names if name not in channels]
    if missing or set(record.units) != {"mV"} or set(record.fmt) != {"16"}:
        raise ValueError(
            f"{path}.hea: expected the leads {lead_names} in mV and format 16; the record has "
            f"{record.sig_name} in {record.units}, formats {record.fmt}. {REMEDY}"
        )
    signal = record.dac(return_res=32).T[[channels[name] for name in lead_names]]
    # WFDB marks a sample that is missing by the lowest integer.
    if not np.isfinite(signal).all():
        raise ValueError(f"{path}.dat has missing samples. {REMEDY}")
    return signal
