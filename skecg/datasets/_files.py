"""Opening the files of a data set, which may come from anyone."""

from __future__ import annotations

import os
import stat
from io import BufferedReader
from pathlib import Path


def check_file(file: Path, remedy: str, max_bytes: int) -> int:
    """Return the size of a regular file in bytes, or raise before anything of it is read.

    Devices and FIFOs never end, and a sparse file may claim any size: each of them would take
    all memory or wait for ever.

    Parameters
    ----------
    file : pathlib.Path
        The file, or a link to it.
    remedy : str
        What the user can do; the last sentence of every error.
    max_bytes : int
        The largest size that a file of this kind can have.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no regular file, or larger.
    """
    try:
        status = os.stat(file)
    except (OSError, ValueError) as error:
        # ValueError: the name holds a NUL.
        raise FileNotFoundError(f"There is no file {str(file)!r}. {remedy}") from error
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{file} is not a regular file, but a folder or device. {remedy}")
    if status.st_size > max_bytes:
        raise ValueError(
            f"{file} must have at most {max_bytes:,} bytes, got {status.st_size:,}. {remedy}"
        )
    return status.st_size


def open_file(file: Path, remedy: str, max_bytes: int) -> BufferedReader:
    """Open a file that `check_file` accepts; see there."""
    check_file(file, remedy, max_bytes)
    return file.open("rb")


def read_file(file: Path, remedy: str, max_bytes: int) -> bytes:
    """Return the content of a file that `check_file` accepts; see there."""
    with open_file(file, remedy, max_bytes) as stream:
        # A file that grows meanwhile is not followed.
        return stream.read(max_bytes)
