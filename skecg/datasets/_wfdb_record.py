"""Reading one WFDB record, with its checksums verified."""

from __future__ import annotations

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
    for extension in (".hea", ".dat"):
        require_file(path.with_suffix(extension), remedy)
    try:
        record = wfdb.rdrecord(str(path), physical=False, return_res=16)
        checksums = zip(record.sig_name, record.d_signal.T, record.checksum)
    except Exception as error:
        # wfdb reports a short file as whatever numpy says about the reshape that fails.
        raise ValueError(
            f"{path.with_suffix('.dat')} cannot be read with its header; it is truncated or "
            f"damaged ({error}). {remedy}"
        ) from error
    # The checksum is the sum in 16 bits, which wraps. Headers hold it signed, wfdb.calc_checksum
    # returns it unsigned: compared as 16 bits they agree.
    for name, samples, checksum in checksums:
        if checksum is not None and (int(samples.sum(dtype=np.int16)) - checksum) % 65536 != 0:
            raise ValueError(
                f"{path.with_suffix('.dat')}: lead {name} does not agree with the checksum in "
                f"{path.name}.hea; the file is damaged. {remedy}"
            )
    return record


def require_file(file: Path, remedy: str) -> None:
    """Raise with the remedy where a file is missing."""
    if not file.is_file():
        raise FileNotFoundError(f"There is no file {str(file)!r}. {remedy}")
