"""Reading one WFDB record, with its checksums verified."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import wfdb


def read_record(path: Path, remedy: str) -> wfdb.Record:
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
    """Read what a WFDB record says of itself, and its signals only where wfdb has to read them."""
    for extension in (".hea", ".dat"):
        require_file(path.with_suffix(extension), remedy)
    with _refused_with(path, remedy):
        record = wfdb.rdheader(str(path))
        if not _is_plain(record, path.with_suffix(".dat")):
            record = wfdb.rdrecord(str(path), physical=False, return_res=16)
    return record


def read_signals(record: wfdb.Record, path: Path, remedy: str) -> np.ndarray:
    """Return the signals that belong to a header, of shape (n_samples, n_leads), verified."""
    with _refused_with(path, remedy):
        signals = record.d_signal
        if signals is None:
            signals = _decode(record, path.with_suffix(".dat"))
        checksums = zip(record.sig_name, signals.T, record.checksum)
    # The checksum is the sum in 16 bits, which wraps. Headers hold it signed, wfdb.calc_checksum
    # returns it unsigned: compared as 16 bits they agree.
    for name, samples, checksum in checksums:
        if checksum is not None and (int(samples.sum(dtype=np.int16)) - checksum) % 65536 != 0:
            raise ValueError(
                f"{path.with_suffix('.dat')}: lead {name} does not agree with the checksum in "
                f"{path.name}.hea; the file is damaged. {remedy}"
            )
    return signals


@contextmanager
def _refused_with(path: Path, remedy: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        # wfdb reports a short file as whatever numpy says about the reshape that fails.
        raise ValueError(
            f"{path.with_suffix('.dat')} cannot be read with its header; it is truncated or "
            f"damaged ({error}). {remedy}"
        ) from error


def _is_plain(record: wfdb.Record | wfdb.MultiRecord, file: Path) -> bool:
    """Tell whether a record is one file of format 16, or of format 212 with its leads in pairs."""
    if not isinstance(record, wfdb.Record) or not record.sig_len or not record.n_sig:
        return False
    formats = set(record.fmt)
    layout = set(zip(record.file_name, record.samps_per_frame, record.skew, record.byte_offset))
    if len(record.fmt) != record.n_sig or not layout <= {(file.name, 1, None, None)}:
        return False
    return formats == {"16"} or (formats == {"212"} and record.n_sig % 2 == 0)


def _decode(record: wfdb.Record, file: Path) -> np.ndarray:
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
    if file.stat().st_size < n_bytes:
        raise ValueError(f"it has {file.stat().st_size} bytes of {n_bytes}")
    content = np.fromfile(file, np.uint8, n_bytes)
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


def require_file(file: Path, remedy: str) -> None:
    """Raise with the remedy where a file is missing."""
    if not file.is_file():
        raise FileNotFoundError(f"There is no file {str(file)!r}. {remedy}")
