"""Download of the MIT-BIH Arrhythmia Database from PhysioNet."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from importlib import resources
from pathlib import Path

from ._data_home import get_data_home
from ._download import Download
from ._mitbih import MITBIH_RECORDS
from ._transfer import Expected

PHYSIONET_URL = "https://physionet.org/files/mitdb/1.0.0/"
EXTENSIONS = (".hea", ".dat", ".atr")


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

    See Also
    --------
    load_mitbih : Reads the records.

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
    download = Download("fetch_mitbih", base_url, timeout, deadline, n_retries)
    numbers = _check_records(records)
    table = _read_table()
    files = [
        Expected(name, *table[name], free_line_ends=True)
        for name in (f"{number}{extension}" for number in numbers for extension in EXTENSIONS)
    ]
    folder = get_data_home(data_home) / "mitdb"
    folder.mkdir(parents=True, exist_ok=True)
    download.fetch(folder, files, "MIT-BIH", progress)
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
    text = (
        resources.files("skecg.datasets").joinpath("resources", "mitbih.sha256").read_text("utf-8")
    )
    rows = [line.split() for line in text.splitlines() if not line.startswith("#")]
    return {name: (sha256, int(size)) for sha256, size, name in rows}
