"""Reading one WFDB record, with its header and its checksums verified."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import wfdb

from ._files import check_file, read_file

# Far above the records that are read here: a half-hour record of MIT-BIH has 1,950,000 bytes.
_MAX_HEADER_BYTES = 1 << 16
_MAX_SIGNAL_BYTES = 1 << 26
_MAX_LEADS = 32
_MAX_DIGITS = 18
# Hz; and units of the converter per mV, a thousandth to a million of the usual.
_MAX_RATE = 100_000
_GAINS = (1.0, 1e6)

# Bits of a sample in the formats that hold whole numbers of up to 16 bits.
_BITS = {"16": 16, "61": 16, "80": 8, "160": 16, "212": 12, "310": 32 / 3, "311": 32 / 3}


def read_wfdb_record(path: Path, remedy: str) -> wfdb.Record:
    """Read all channels of a WFDB record as int16 and verify the checksums of its header.

    Parameters
    ----------
    path : pathlib.Path
        The record's files without their extension.
    remedy : str
        What the user can do about a missing or damaged file; the last sentence of every error.
    """
    record = read_header(path, remedy)
    record.d_signal = read_signals(record, path, remedy)
    return record


def read_header(path: Path, remedy: str) -> wfdb.Record:
    """Read and check what a WFDB record says of itself; its signals only where wfdb must.

    Parameters
    ----------
    path : pathlib.Path
        The record's files without their extension.
    remedy : str
        The last sentence of every error.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If a file is no regular file or too large, or if the header has an error: a number out of
        its range, a missing lead, name or checksum, another signal file, or more samples than
        the file holds.
    """
    header, file = path.with_suffix(".hea"), path.with_suffix(".dat")
    content = read_file(header, remedy, _MAX_HEADER_BYTES)
    n_bytes = check_file(file, remedy, _MAX_SIGNAL_BYTES)
    with refused_with(path, remedy):
        check_text(content)
        record = wfdb.rdheader(str(path))
    fault = _fault(record, file.name)
    if fault:
        raise ValueError(f"{header} is damaged, or not of this database: {fault}. {remedy}")
    with refused_with(path, remedy):
        expected = math.ceil(record.sig_len * record.n_sig * _BITS[record.fmt[0]] / 8)
        if n_bytes < expected:
            raise ValueError(f"it has {n_bytes} bytes, its header needs {expected}")
        if not is_plain(record):
            record = wfdb.rdrecord(str(path), physical=False, return_res=16)
    return record


def check_text(content: bytes, max_lines: int = _MAX_LEADS) -> None:
    """Refuse what would take wfdb long to read: more leads, or segments, or digits."""
    lines = [line for line in content.splitlines() if line.strip() and line.lstrip()[:1] != b"#"]
    if len(lines) > 1 + max_lines:
        raise ValueError(f"its header must name at most {max_lines} leads, got {len(lines) - 1}")
    if any(re.search(rb"\d{%d}" % (_MAX_DIGITS + 1), line) for line in lines):
        raise ValueError(f"its header has a number of more than {_MAX_DIGITS} digits")


def _fault(record: wfdb.Record | wfdb.MultiRecord, file_name: str) -> str | None:
    """Say what is wrong with a header, or return None."""
    if not isinstance(record, wfdb.Record):
        return "the record is made of several segments"
    if not record.n_sig or record.fmt is None or len(record.fmt) != record.n_sig:
        n_lines = 0 if record.fmt is None else len(record.fmt)
        return f"the number of leads must be that of its lines, got {record.n_sig} and {n_lines}"
    if not record.sig_len or record.sig_len < 1:
        return f"the number of samples must be at least 1, got {record.sig_len}"
    if record.fs is None or not 0 < record.fs <= _MAX_RATE:
        return f"the sampling rate must be between 0 and {_MAX_RATE} Hz, got {record.fs}"
    if len(set(record.fmt)) > 1 or record.fmt[0] not in _BITS:
        return f"the format must be one of {', '.join(_BITS)} for all leads, got {record.fmt}"
    faults = (_lead_fault(record, i, file_name) for i in range(record.n_sig))
    return next((fault for fault in faults if fault), None)


def _lead_fault(record: wfdb.Record, i: int, file_name: str) -> str | None:
    """Say what is wrong with one lead of a header, or return None."""
    name, gain, baseline = record.sig_name[i], record.adc_gain[i], record.baseline[i]
    if name is None:
        return f"lead {i} must have a name, got None"
    if record.file_name[i] != file_name:
        return f"lead {name} must be in {file_name}, got {record.file_name[i]}"
    layout = (record.samps_per_frame[i], record.skew[i] or 0, record.byte_offset[i] or 0)
    if layout != (1, 0, 0):
        return (
            f"lead {name} must have one sample a frame, no skew and no offset, got {layout[0]}, "
            f"{layout[1]} and {layout[2]}"
        )
    if not _GAINS[0] <= gain <= _GAINS[1]:
        return f"the gain of lead {name} must be {_GAINS[0]:g} to {_GAINS[1]:g} per mV, got {gain}"
    if baseline is None or not -(2**15) <= baseline < 2**15:
        return f"the baseline of lead {name} must be a number of 16 bits, got {baseline}"
    if record.checksum[i] is None:
        return f"lead {name} must have a checksum, got none"
    return None


def read_signals(record: wfdb.Record, path: Path, remedy: str) -> np.ndarray:
    """Return the signals that belong to a header, of shape (n_samples, n_leads), verified."""
    with refused_with(path, remedy):
        signals = record.d_signal
        if signals is None:
            signals = decode(record, path.with_suffix(".dat"))
    for i, samples in enumerate(signals.T):
        check_checksum(record, i, samples, path, remedy)
    return signals


def check_checksum(
    record: wfdb.Record, i: int, samples: np.ndarray, path: Path, remedy: str
) -> None:
    """Refuse samples that do not agree with their checksum, the sum in 16 bits, which wraps."""
    # Headers hold it signed, wfdb.calc_checksum returns it unsigned: as 16 bits they agree.
    if (int(samples.sum(dtype=np.int16)) - record.checksum[i]) % 65536 != 0:
        raise ValueError(
            f"{path.with_name(record.file_name[i])}: lead {record.sig_name[i]} does not agree "
            f"with the checksum in {path.name}.hea; the file is damaged. {remedy}"
        )


def to_physical(record: wfdb.Record, signals: np.ndarray, channels: list[int]) -> np.ndarray:
    """Return some channels as float32 in physical units, of shape (n_samples, n_leads)."""
    fields = ("fmt", "adc_gain", "baseline")
    return wfdb.Record(
        d_signal=signals[:, channels],
        **{field: [getattr(record, field)[i] for i in channels] for field in fields},
    ).dac(return_res=32)


@contextmanager
def refused_with(path: Path, remedy: str) -> Iterator[None]:
    """Turn whatever is raised in the block into a ValueError that names the signal file."""
    try:
        yield
    except Exception as error:
        # wfdb reports a short file as whatever numpy says about the reshape that fails.
        raise ValueError(
            f"{path.with_suffix('.dat')} cannot be read with its header; it is truncated or "
            f"damaged ({error}). {remedy}"
        ) from error


def is_plain(record: wfdb.Record) -> bool:
    """Tell whether a record has format 16, or format 212 with its leads in pairs."""
    return record.fmt[0] == "16" or (record.fmt[0] == "212" and record.n_sig % 2 == 0)


def decode(record: wfdb.Record, file: Path) -> np.ndarray:
    """Decode the plain forms of formats 16 and 212.

    Format 16 is little-endian numbers of 16 bits, one per lead in turn. In format 212 two numbers
    of 12 bits share three bytes: the lower bits of the first, then the upper four bits of both,
    those of the first below, then the lower bits of the second.

    References
    ----------
    signal(5), WFDB Applications Guide, https://physionet.org/physiotools/wag/signal-5.htm
    """
    n_samples, n_leads = record.sig_len, record.n_sig
    is_212 = record.fmt[0] == "212"
    n_bytes = n_samples * n_leads * 3 // 2 if is_212 else n_samples * n_leads * 2
    content = np.fromfile(file, np.uint8, n_bytes, offset=record.byte_offset[0] or 0)
    if len(content) < n_bytes:
        raise ValueError(f"it has {len(content)} bytes of {n_bytes}")
    if is_212:
        return _decode_212(content, n_samples, n_leads)
    return np.ascontiguousarray(content.view("<i2").reshape(-1, n_leads).T, dtype=np.int16).T


def _decode_212(content: np.ndarray, n_samples: int, n_leads: int) -> np.ndarray:
    signals = np.empty((n_leads, n_samples), dtype=np.int16)
    stride = n_leads // 2 * 3
    for lead, signal in enumerate(signals):
        first, is_second = lead // 2 * 3, lead % 2
        # Steps of three bytes are slow: the words are copied once, and then changed in place. The
        # shift to the right fills up with the sign.
        if is_second:
            signal[:] = np.ndarray(n_samples, ">i2", content, first + 1, strides=stride)
            lower = signal & 0xFF
            signal >>= 4
            signal &= ~0xFF
            signal |= lower
        else:
            signal[:] = np.ndarray(n_samples, "<i2", content, first, strides=stride)
            signal <<= 4
            signal >>= 4
    return signals.T
