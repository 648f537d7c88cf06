"""Download of the MIT-BIH Arrhythmia Database from PhysioNet."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from http.client import HTTPException, HTTPResponse
from importlib.resources import files
from numbers import Integral, Real
from pathlib import Path
from typing import BinaryIO
from urllib.error import HTTPError
from urllib.request import Request

from sklearn.utils import check_scalar
from tqdm import tqdm

from ._data_home import get_data_home
from ._deadline import Deadline
from ._mitbih import MITBIH_RECORDS

PHYSIONET_URL = "https://physionet.org/files/mitdb/1.0.0/"
EXTENSIONS = (".hea", ".dat", ".atr")

_CHUNK = 1 << 16
_MAX_HEADER_BYTES = 1 << 16
_FIRST_DELAY = 0.5  # seconds before the first retry; doubled for each further one


class _TransferError(Exception):
    """A transfer that ended before the file was complete."""


class _RefusedError(_TransferError):
    """A request that the server refuses and will refuse again, or that is out of time."""


def fetch_mitbih(
    data_home: str | os.PathLike | None = None,
    *,
    base_url: str = PHYSIONET_URL,
    records: Sequence[int] | None = None,
    timeout: float = 30.0,
    deadline: float = 600.0,
    n_retries: int = 3,
    progress: bool = True,
) -> Path:
    """Download the MIT-BIH Arrhythmia Database (94 MB) and check every file.

    Files that are there and agree with their checksum are not requested again. What an interrupted
    download received is kept in ``NAME.part`` and the next call continues it, where the server
    supports ranges. A file gets its name only after its check. Of no file more bytes are taken
    than it has in the database, and nothing is written through a link.

    Parameters
    ----------
    data_home : str or path-like, default=None
        Folder in whose subfolder ``mitdb`` the files are put; see :func:`get_data_home`. It is
        created if needed.
    base_url : str, default=PhysioNet's folder of version 1.0.0
        Folder on a web server that holds the files, for a mirror.
    records : sequence of int, default=None
        Numbers of the records to download. If None, all 48.
    timeout : float, default=30.0
        Seconds without an answer after which a transfer counts as interrupted.
    deadline : float, default=600.0
        Seconds within which each file must be complete, retries included; the largest has 2 MB.
    n_retries : int, default=3
        How often the transfer of a file is taken up again before the download gives up.
    progress : bool, default=True
        Whether to show a progress bar over the bytes.

    Returns
    -------
    folder : pathlib.Path
        The folder ``<data_home>/mitdb``.

    Raises
    ------
    ConnectionError
        If the server cannot be reached, does not have a file, breaks off more than `n_retries`
        times or is slower than the deadline. What was received is kept.
    OSError
        If a file disagrees with its checksum twice, or the disk cannot hold it.
    ValueError
        If `records` names a record that the database does not have, or `base_url` is no web
        address.

    Notes
    -----
    The package contains a table of the SHA-256 and the size of each of the 144 files. It was
    computed from a copy of version 1.0.0 whose signals agree with the checksums in their headers.
    A file that disagrees is fetched again, also one that was in the folder before. Headers are
    text: they are compared without regard to line ends and empty last lines, which copies of the
    database change.

    References
    ----------
    .. [1] G. B. Moody and R. G. Mark, "The impact of the MIT-BIH Arrhythmia Database",
           IEEE Engineering in Medicine and Biology 20(3):45-50, 2001.
           https://doi.org/10.13026/C2F305

    Examples
    --------
    >>> from skecg.datasets import fetch_mitbih, load_mitbih
    >>> folder = fetch_mitbih("my_data", records=[100, 101])  # doctest: +SKIP
    >>> mitbih = load_mitbih("my_data", records=[100, 101])  # doctest: +SKIP
    """
    check_scalar(timeout, "timeout", Real, min_val=0, include_boundaries="neither")
    check_scalar(deadline, "deadline", Real, min_val=0, include_boundaries="neither")
    check_scalar(n_retries, "n_retries", Integral, min_val=0)
    if not str(base_url).startswith(("https://", "http://")):
        raise ValueError(f"base_url must start with 'https://' or 'http://', got {base_url!r}.")
    numbers = _check_records(records)
    table = _read_table()
    names = [f"{number}{extension}" for number in numbers for extension in EXTENSIONS]
    folder = get_data_home(data_home) / "mitdb"
    folder.mkdir(parents=True, exist_ok=True)

    total = sum(table[name][1] for name in names)
    with tqdm(desc="MIT-BIH", total=total, unit="B", unit_scale=True, disable=not progress) as bar:
        done = 0
        for name in names:
            sha256, size = table[name]
            path = folder / name
            url = f"{base_url.rstrip('/')}/{name}"
            if not _is_complete(path, sha256, size):
                try:
                    with Deadline(deadline) as limit:
                        transfer = partial(
                            _transfer,
                            url,
                            timeout=timeout,
                            limit=limit,
                            report=partial(_show, bar, done),
                        )
                        _fetch_file(transfer, url, path, sha256, size, n_retries, limit)
                except _TransferError as error:
                    raise ConnectionError(
                        f"{url} could not be downloaded: {error}. What was received is kept in "
                        f"{folder}; call fetch_mitbih again to go on from there. On a machine "
                        f"without access to the server, copy the {len(names)} files from elsewhere "
                        "into that folder."
                    ) from error
            done += size
            _show(bar, done, 0)
    return folder


def _check_records(records: Sequence[int] | None) -> list[int]:
    """Return the numbers of the records without repetition."""
    if records is None:
        return list(MITBIH_RECORDS)
    names = list(records) if isinstance(records, Iterable) else [records]
    unknown = [name for name in names if name not in MITBIH_RECORDS]
    if unknown or not names:
        raise ValueError(
            f"records must name records of the MIT-BIH Arrhythmia Database, got {names!r}"
            + (f"; it has no {unknown}" if unknown else "")
            + ". See skecg.datasets.MITBIH_RECORDS, or pass None for all."
        )
    return list(dict.fromkeys(int(name) for name in names))


def _read_table() -> dict[str, tuple[str, int]]:
    """Return the SHA-256 and the size in bytes of each file of the database."""
    text = files("skecg.datasets").joinpath("resources", "mitbih.sha256").read_text("utf-8")
    rows = [line.split() for line in text.splitlines() if not line.startswith("#")]
    return {name: (sha256, int(size)) for sha256, size, name in rows}


def _show(bar: tqdm, done: int, received: int) -> None:
    """Put the bar where the files that are done and the bytes of the current one end."""
    bar.update(done + received - bar.n)


def _is_header(path: Path) -> bool:
    return path.name.removesuffix(".part").endswith(".hea")


def _sha256(path: Path) -> str:
    """Return the SHA-256 of a file; of a header, with the line ends that PhysioNet gives it."""
    if _is_header(path):
        lines = path.read_bytes().rstrip(b"\r\n").splitlines()
        return hashlib.sha256(b"".join(line + b"\r\n" for line in lines)).hexdigest()
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_complete(path: Path, sha256: str, size: int) -> bool:
    """Tell whether a file is there and agrees with the table; a wrong size is not read."""
    if not path.is_file():
        return False
    found = path.stat().st_size
    has_size = found <= _MAX_HEADER_BYTES if _is_header(path) else found == size
    return has_size and _sha256(path) == sha256


def _fetch_file(
    transfer: Callable[[Path, int], None],
    url: str,
    path: Path,
    sha256: str,
    size: int,
    n_retries: int,
    limit: Deadline,
) -> None:
    """Download one file, continuing what is there, and put it in place once it agrees."""
    part = path.with_name(path.name + ".part")
    _remove_link(part)
    found = []
    # A file that disagrees is fetched once more: the damage may be in an older part.
    for _ in range(2):
        _complete_part(transfer, part, size, n_retries, limit)
        found.append(_sha256(part))
        if found[-1] == sha256:
            os.replace(part, path)
            return
        part.unlink()
    raise OSError(
        f"{url} was downloaded twice and is damaged: its SHA-256 must be {sha256}, got "
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
    transfer: Callable[[Path, int], None],
    part: Path,
    size: int,
    n_retries: int,
    limit: Deadline,
) -> None:
    """Receive until the part is complete, taking up the transfer up to `n_retries` times."""
    # Headers are small and their size depends on their line ends: they are not continued.
    if part.is_file() and (_is_header(part) or part.stat().st_size > size):
        part.unlink()
    for attempt in range(n_retries + 1):
        if attempt > 0:
            time.sleep(min(_FIRST_DELAY * 2 ** (attempt - 1), limit.remaining))
        try:
            transfer(part, size)
        except _RefusedError:
            raise
        except _TransferError as error:
            if not limit.remaining:
                raise _RefusedError(
                    f"it was not complete within the deadline of {limit.seconds:g} s ({error})"
                ) from error
            if attempt == n_retries:
                raise
        else:
            return


def _transfer(
    url: str,
    part: Path,
    size: int,
    timeout: float,
    limit: Deadline,
    report: Callable[[int], None],
) -> None:
    """Request what the part lacks of `size` bytes and append it."""
    start = part.stat().st_size if part.is_file() and not _is_header(part) else 0
    report(start)
    if start == size:
        return
    request = Request(url, headers={"Range": f"bytes={start}-"} if start else {})
    try:
        response = limit.open(request, timeout)
    except (OSError, HTTPException) as error:
        code = error.code if isinstance(error, HTTPError) else None
        if code == 416 and start:
            part.unlink()
            _transfer(url, part, size, timeout, limit, report)
            return
        refused = code is not None and 400 <= code < 500 and code not in (408, 429)
        raise (_RefusedError if refused else _TransferError)(str(error)) from error
    with response:
        resumed = response.status == 206
        if resumed and not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            if not start:
                raise _RefusedError("the server sends a part of the file that was not asked for")
            part.unlink()
            _transfer(url, part, size, timeout, limit, report)
            return
        if _is_header(part) and (response.length or 0) > 0:
            # With other line ends it is shorter; more bytes than the table says are not taken.
            size = min(size, response.length)
        _append(response, part, start if resumed else 0, size, report)


def _append(
    response: HTTPResponse, part: Path, start: int, size: int, report: Callable[[int], None]
) -> None:
    """Write the answer behind the first `start` bytes of the part, until it has `size`."""
    with _open_part(part, append=start > 0) as file:
        while start < size:
            try:
                # read would lose what has arrived before an interruption, read1 returns it.
                chunk = response.read1(min(_CHUNK, size - start))
            except (OSError, HTTPException, ValueError) as error:
                raise _TransferError(str(error) or type(error).__name__) from error
            if not chunk:
                raise _TransferError(f"the server ended after {start} of {size} bytes")
            file.write(chunk)
            start += len(chunk)
            report(start)


def _open_part(part: Path, *, append: bool) -> BinaryIO:
    """Open the part for writing, but no link that took its place meanwhile."""
    flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if append else os.O_TRUNC)
    # Windows has no links and FIFOs of this kind, but text files.
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):
        flags |= getattr(os, name, 0)
    return os.fdopen(os.open(part, flags, 0o666), "ab" if append else "wb")
