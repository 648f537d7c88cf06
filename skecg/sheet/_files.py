"""Opening files that anyone may have written."""

from __future__ import annotations

import os
import stat
from io import BufferedReader
from typing import BinaryIO

# Eight bytes for every pixel of the largest picture that is read: 16-bit RGBA, uncompressed.
MAX_FILE_BYTES = 640_000_000
_PIECE = 1 << 24  # more than most pictures have, so that they are read at once


def open_regular_file(
    path: str | os.PathLike, *, max_bytes: int | None = MAX_FILE_BYTES
) -> BufferedReader:
    """Open a regular file for reading; refuse pipes, devices and files that are too large.

    A pipe would block until somebody writes to it, and a device may never end. Links are followed.

    Parameters
    ----------
    path : str or path
        The file.
    max_bytes : int or None, default=640_000_000
        Larger files are refused before they are read, None for no limit.

    Returns
    -------
    binary file
        The open file; the caller closes it.

    Raises
    ------
    ValueError
        If it is not a regular file, or larger than ``max_bytes``. The message names the file.
    OSError
        If it does not exist, is a folder, or must not be read.
    """
    # The open file is checked, not its name: the name may be given to another file in between.
    file = open(path, "rb", opener=_open_without_waiting)  # noqa: SIM115
    try:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ValueError(
                f"{os.fspath(path)!r} is not a regular file but a pipe, a socket or a device, "
                "which may never end. Copy its content to a file first."
            )
        if max_bytes is not None and status.st_size > max_bytes:
            raise ValueError(
                f"{os.fspath(path)!r} has {status.st_size} bytes; at most {max_bytes} are read."
            )
    except BaseException:
        file.close()
        raise
    return file


def read_regular_file(path: str | os.PathLike, *, max_bytes: int | None = MAX_FILE_BYTES) -> bytes:
    """Return the content of a file under the conditions of :func:`open_regular_file`."""
    with open_regular_file(path, max_bytes=max_bytes) as file:
        return read_at_most(file, max_bytes, os.fspath(path))


def read_at_most(
    file: BinaryIO, max_bytes: int | None = MAX_FILE_BYTES, name: object = None
) -> bytes:
    """Read an open file to its end, or raise where it does not end before the limit."""
    if max_bytes is None:
        return file.read()
    pieces, left = [], max_bytes + 1
    while left > 0 and (piece := file.read(min(left, _PIECE))):
        pieces.append(piece)
        left -= len(piece)
    if left <= 0:  # the file grew, or its size was not known
        raise ValueError(
            f"{'The file' if name is None else repr(name)} has more than {max_bytes} bytes, the "
            "most that are read."
        )
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _open_without_waiting(path: str, flags: int) -> int:
    # Opening a pipe waits for a writer otherwise. Windows has no such pipes, and no such flag.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
