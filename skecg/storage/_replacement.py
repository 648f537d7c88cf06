"""A file that takes the place of another when it is whole, and what killed processes left of one.

The new file is written beside the old one under a name of its own, and its writer holds a lock on
it, which the system releases when the process ends in whatever way. So the next writer can tell
what a killed process has left behind, which it removes, from what another process is writing.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # not POSIX
    fcntl = None  # type: ignore[assignment]  # a module to mypy, which sees the one of this system

# Where files cannot be locked, age tells: no file takes a day to be written.
_MAX_AGE = 24 * 60 * 60


@contextmanager
def replacement(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """Open a file that takes the place of ``path`` when the block ends and all is on the disk.

    An error in the block leaves the old file as it was. What killed processes have left of such a
    file is removed first.

    Parameters
    ----------
    path : path-like
        The file; where it is a link, the file that it points to.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    target = Path(os.path.realpath(path))
    remove_unfinished(target)
    beside, file = _open_beside(target)
    try:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if fcntl is None:  # an open file cannot be renamed there
                file.close()
            os.replace(beside, target)
        except BaseException:
            with suppress(OSError):
                beside.unlink()
            raise
    finally:
        file.close()
    if os.name == "posix":  # the new name must survive a loss of power as well
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def remove_unfinished(path: str | os.PathLike) -> None:
    """Remove what killed processes have left of files that were to replace ``path``.

    A file that another process is writing stays.

    Parameters
    ----------
    path : path-like
        The file that was to be replaced; it need not exist.
    """
    target = Path(os.path.realpath(path))
    pattern = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{16}}")
    with suppress(OSError):  # a folder that may not be listed
        names = [name for name in os.listdir(target.parent) if pattern.fullmatch(name)]
        for name in names:
            _remove_if_abandoned(target.with_name(name))


def _remove_if_abandoned(path: Path) -> None:
    with suppress(OSError):
        # A link or a pipe of that name is not ours; opening a pipe would block.
        if path.is_symlink() or not path.is_file():
            return
        with open(path, "r+b") as file:
            is_abandoned = _lock(file)
            if is_abandoned is None:
                is_abandoned = time.time() - os.fstat(file.fileno()).st_mtime > _MAX_AGE
            if is_abandoned and fcntl is not None:
                path.unlink()
        if is_abandoned and fcntl is None:  # an open file cannot be removed there
            path.unlink()


def _open_beside(target: Path) -> tuple[Path, BinaryIO]:
    while True:
        beside = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
        file = open(beside, "xb")  # noqa: SIM115 - the caller closes it
        # Another process may have taken it for abandoned before it was locked: try another name.
        if _lock(file) is not False and beside.exists():
            return beside, file
        file.close()


def _lock(file: BinaryIO) -> bool | None:
    """Tell whether the file is locked for us now; None where files cannot be locked."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # as on some network file systems
        return None
    return True
