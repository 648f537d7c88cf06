"""The transfer of one file: resumed, bounded, and checked before it gets its name."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import BinaryIO
from urllib.error import HTTPError
from urllib.request import Request

from ._deadline import Deadline

_CHUNK = 1 << 16
_MAX_HEADER_BYTES = 1 << 16
_FIRST_DELAY = 0.5  # seconds before the first retry; doubled for each further one


class TransferError(Exception):
    """A transfer that ended before the file was complete."""


class _RefusedError(TransferError):
    """A request that the server refuses and will refuse again, or that is out of time."""


@dataclass(frozen=True)
class Expected:
    """What is known of a file before it is downloaded.

    Parameters
    ----------
    name : str
        Name of the file, with its folders inside the data set.
    sha256 : str or None
        None where only the server knows the file.
    size : int or None
        Bytes; None where it is not known, and the server says.
    max_bytes : int
        The most bytes that are taken where the size is not known.
    free_line_ends : bool
        Whether a header is compared without regard to its line ends.
    """

    name: str
    sha256: str | None
    size: int | None = None
    max_bytes: int = 0
    free_line_ends: bool = False

    @property
    def most(self) -> int:
        """The most bytes that are taken of it."""
        return self.max_bytes if self.size is None else self.size

    @property
    def is_header(self) -> bool:
        """Whether it is a header, which may have other line ends than the original."""
        return self.free_line_ends and self.name.endswith(".hea")


def _sha256(path: Path, file: Expected) -> str:
    """Return the SHA-256 of a file; of a header, with the line ends that PhysioNet gives it."""
    if file.is_header:
        lines = path.read_bytes().rstrip(b"\r\n").splitlines()
        return hashlib.sha256(b"".join(line + b"\r\n" for line in lines)).hexdigest()
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def is_complete(path: Path, file: Expected) -> bool:
    """Tell whether a file is there and agrees with the table; a wrong size is not read."""
    if not path.is_file():
        return False
    found = path.stat().st_size
    if file.is_header:
        has_size = found <= _MAX_HEADER_BYTES
    else:
        has_size = found <= file.max_bytes if file.size is None else found == file.size
    return has_size and file.sha256 in (None, _sha256(path, file))


def fetch_file(
    receive: Callable[[Path, Expected], None],
    url: str,
    path: Path,
    file: Expected,
    n_retries: int,
    limit: Deadline,
) -> None:
    """Download one file, continuing what is there, and put it in place once it agrees."""
    part = path.with_name(path.name + ".part")
    _remove_link(part)
    found = []
    # A file that disagrees is fetched once more: the damage may be in an older part.
    for _ in range(2):
        _complete_part(receive, part, file, n_retries, limit)
        found.append(_sha256(part, file))
        if file.sha256 in (None, found[-1]):
            os.replace(part, path)
            return
        part.unlink()
    raise OSError(
        f"{url} was downloaded twice and is damaged: its SHA-256 must be {file.sha256}, got "
        f"{' and '.join(found)}. The server, or a proxy on the way, sends another file; try again "
        "later or with another base_url."
    )


def _remove_link(part: Path) -> None:
    """Remove what is not a file of its own: to write to it would change another file."""
    try:
        status = os.lstat(part)
    except FileNotFoundError:
        return
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        part.unlink()


def _complete_part(
    receive: Callable[[Path, Expected], None],
    part: Path,
    file: Expected,
    n_retries: int,
    limit: Deadline,
) -> None:
    """Receive until the part is complete, taking up the transfer up to `n_retries` times."""
    # Headers are small and their size depends on their line ends: they are not continued.
    if part.is_file() and (not _can_resume(file) or part.stat().st_size > file.most):
        part.unlink()
    if file.size is None and is_complete(part, file):
        return
    for attempt in range(n_retries + 1):
        if attempt > 0:
            time.sleep(min(_FIRST_DELAY * 2 ** (attempt - 1), limit.remaining))
        try:
            receive(part, file)
        except _RefusedError:
            raise
        except TransferError as error:
            if not limit.remaining:
                raise _RefusedError(
                    f"it was not complete within the deadline of {limit.seconds:g} s ({error})"
                ) from error
            if attempt == n_retries:
                raise
        else:
            return


def transfer(
    url: str,
    part: Path,
    file: Expected,
    timeout: float,
    limit: Deadline,
    report: Callable[[int], None],
) -> None:
    """Request what the part lacks and append it."""
    start = part.stat().st_size if part.is_file() and _can_resume(file) else 0
    report(start)
    if start == file.size:
        return
    request = Request(url, headers={"Range": f"bytes={start}-"} if start else {})
    try:
        response = limit.open(request, timeout)
    except (OSError, HTTPException) as error:
        code = error.code if isinstance(error, HTTPError) else None
        if code == 416 and start:
            part.unlink()
            transfer(url, part, file, timeout, limit, report)
            return
        refused = code is not None and 400 <= code < 500 and code not in (408, 429)
        raise (_RefusedError if refused else TransferError)(str(error)) from error
    with response:
        resumed = response.status == 206
        if resumed and not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            if not start:
                raise _RefusedError("the server sends a part of the file that was not asked for")
            part.unlink()
            transfer(url, part, file, timeout, limit, report)
            return
        start = start if resumed else 0
        _append(response, part, start, _size(response, start, file), file.max_bytes, report)


def _can_resume(file: Expected) -> bool:
    """Tell whether a part can be continued: by its check alone is known that it fits the rest."""
    return file.sha256 is not None and not file.is_header


def _size(response: HTTPResponse, start: int, file: Expected) -> int | None:
    """Return the bytes that a file will have, None where neither table nor server knows."""
    if file.size is not None:
        # With other line ends a header is shorter; more bytes than the table says are not taken.
        n_bytes = response.length or 0
        return min(file.size, n_bytes) if file.is_header and n_bytes > 0 else file.size
    if response.length is None:
        return None
    size = start + response.length
    if size > file.max_bytes:
        raise _RefusedError(
            f"the server sends {size:,} bytes, and it can have at most {file.max_bytes:,}"
        )
    return size


def _append(
    response: HTTPResponse,
    part: Path,
    start: int,
    size: int | None,
    max_bytes: int,
    report: Callable[[int], None],
) -> None:
    """Write the answer behind the first `start` bytes of the part, until it has `size`."""
    most = max_bytes if size is None else size
    with open_part(part, append=start > 0) as file:
        while start < most:
            try:
                # read would lose what has arrived before an interruption, read1 returns it.
                chunk = response.read1(min(_CHUNK, most - start))
            except (OSError, HTTPException, ValueError) as error:
                raise TransferError(str(error) or type(error).__name__) from error
            if not chunk and size is None:
                return
            if not chunk:
                raise TransferError(f"the server ended after {start} of {size} bytes")
            file.write(chunk)
            start += len(chunk)
            report(start)
    if size is None:
        raise _RefusedError(f"the server sends more than the {max_bytes:,} bytes it can have")


def open_part(part: Path, *, append: bool) -> BinaryIO:
    """Open the part for writing, but no link that took its place meanwhile."""
    flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if append else os.O_TRUNC)
    # Windows has no links and FIFOs of this kind, but text files.
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):
        flags |= getattr(os, name, 0)
    return os.fdopen(os.open(part, flags, 0o666), "ab" if append else "wb")
