"""Download of PhysioNet's data bases with the checksums that PhysioNet publishes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any, Literal

from sklearn.utils import check_scalar

from ._data_home import get_data_home
from ._download import Download, silent
from ._fetch_mitbih import PHYSIONET_URL as MITBIH_URL
from ._fetch_mitbih import fetch_mitbih
from ._files import read_file
from ._transfer import Expected

_SUMS = "SHA256SUMS.txt"
# Those of PTB-XL, with 87,200 files of records, have some 9 MB.
_MAX_SUMS_BYTES = 1 << 25
_LINE = re.compile(r"([0-9a-fA-F]{64}) [ *]?(\S.*)")
_PATH = re.compile(r"[\w+-][\w.+-]*(?:/[\w+-][\w.+-]*)*", re.ASCII)

# A record of the long-term data base has some 30 MB; one of PTB-XL at 500 Hz 120 kB.
_MOST_BYTES = {".hea": 1 << 16, ".atr": 1 << 22, ".dat": 1 << 27, ".csv": 1 << 25}
_MAX_CONNECTIONS = 32

URLS = {
    "incartdb": "https://physionet.org/files/incartdb/1.0.0/",
    "ltdb": "https://physionet.org/files/ltdb/1.0.0/",
    "mitdb": MITBIH_URL,
    "svdb": "https://physionet.org/files/svdb/1.0.0/",
}
PTBXL_URL = "https://physionet.org/files/ptb-xl/1.0.3/"
_TABLES = ("ptbxl_database.csv", "scp_statements.csv")
_FOLDERS = {100: "records100", 500: "records500"}


def fetch_wfdb(
    name: Literal["incartdb", "ltdb", "mitdb", "svdb"],
    data_home: str | os.PathLike | None = None,
    *,
    base_url: str | None = None,
    records: Sequence[str | int] | None = None,
    timeout: float = 30.0,
    deadline: float = 600.0,
    n_retries: int = 3,
    progress: bool = True,
) -> Path:
    """Download a data base of annotated beats from PhysioNet and check every file.

    It works as :func:`fetch_mitbih` does: files that are there and agree are not requested again,
    an interrupted download goes on where it ended, of no file more bytes are taken than it can
    have, and nothing is written through a link. It was tested on a server of generated files: the
    data bases other than ``"mitdb"`` were not at hand.

    Parameters
    ----------
    name : {"incartdb", "ltdb", "mitdb", "svdb"}
        The data base, as PhysioNet calls it: the St Petersburg INCART 12-lead Arrhythmia Database
        (75 records of 32 people), the MIT-BIH Long-Term ECG Database (7 records of 14 to 22
        hours), the MIT-BIH Arrhythmia Database or the MIT-BIH Supraventricular Arrhythmia
        Database (78 records).
    data_home : str or path-like, default=None
        Folder in whose subfolder `name` the files are put; see :func:`get_data_home`.
    base_url : str or None, default=None
        Folder on a web server that holds the files, for a mirror. If None, PhysioNet's.
    records : sequence of str or int, default=None
        Names of the records to download. If None, all.
    timeout : float, default=30.0
        As in :func:`fetch_mitbih`.
    deadline : float, default=600.0
        As in :func:`fetch_mitbih`.
    n_retries : int, default=3
        As in :func:`fetch_mitbih`.
    progress : bool, default=True
        As in :func:`fetch_mitbih`.

    Returns
    -------
    folder : pathlib.Path
        The folder ``<data_home>/<name>``, for :func:`load_wfdb`.

    Raises
    ------
    ConnectionError
        If the server cannot be reached, does not have a file, breaks off more than `n_retries`
        times, is slower than the deadline, or sends more than a file can have. What was received
        is kept.
    OSError
        If a file disagrees with its checksum twice, the list of checksums is damaged, a folder is
        a link, or the disk cannot hold the files.
    ValueError
        If `name` or `records` names what is not there, or `base_url` is no web address.

    See Also
    --------
    load_wfdb : Reads the records.

    Notes
    -----
    The SHA-256 of every file come from PhysioNet's own list, ``SHA256SUMS.txt``, which is
    downloaded first and kept with the files: they find damage, and trust the server. For
    ``"mitdb"`` the package has a table of its own.

    Examples
    --------
    >>> from skecg.datasets import fetch_wfdb, load_wfdb
    >>> svdb = load_wfdb(fetch_wfdb("svdb"))  # doctest: +SKIP
    """
    if not isinstance(name, str) or name not in URLS:
        raise ValueError(f"name must be one of {', '.join(map(repr, URLS))}; got {name!r}.")
    base_url = URLS[name] if base_url is None else base_url
    limits: dict[str, Any] = {"timeout": timeout, "deadline": deadline, "n_retries": n_retries}
    wanted = _check_names(records)
    if name == "mitdb":
        chosen: list[Any] | None = wanted  # what is no number is refused there
        if wanted is not None and all(each.isdecimal() for each in wanted):
            chosen = [int(each) for each in wanted]
        return fetch_mitbih(
            data_home,
            base_url=base_url,
            records=chosen,
            progress=progress,
            **limits,
        )
    download = Download("fetch_wfdb", base_url, **limits)
    folder = get_data_home(data_home) / name
    sums = _fetch_sums(download, folder)
    stems = [each.removesuffix(".hea") for each in sums if each.endswith(".hea")]
    known = [stem for stem in stems if f"{stem}.dat" in sums and f"{stem}.atr" in sums]
    unknown = [each for each in wanted or () if each not in known]
    if unknown or not known:
        raise ValueError(
            f"records must name records of {name}, got {records!r}; {folder / _SUMS} lists "
            f"{len(known)} with a .hea, a .dat and an .atr file, and not {unknown}."
        )
    names = [f"{stem}{end}" for stem in wanted or known for end in (".hea", ".dat", ".atr")]
    download.fetch(folder, _expected(sums, names), name, progress)
    return folder


def fetch_ptbxl(
    data_home: str | os.PathLike | None = None,
    *,
    base_url: str = PTBXL_URL,
    sampling_rate: Literal[100, 500] = 100,
    records: Sequence[int] | None = None,
    n_connections: int = 4,
    timeout: float = 30.0,
    deadline: float = 600.0,
    n_retries: int = 3,
    progress: bool = True,
) -> Path:
    """Download PTB-XL (version 1.0.3) from PhysioNet and check every file.

    It works as :func:`fetch_wfdb` does, over several connections: the 21,799 records are two
    small files each. It was tested on a server of generated files: PhysioNet was out of reach.

    Parameters
    ----------
    data_home : str or path-like, default=None
        Folder in whose subfolder ``ptbxl`` the files are put; see :func:`get_data_home`.
    base_url : str, default=PhysioNet's folder of version 1.0.3
        Folder on a web server that holds the files, for a mirror.
    sampling_rate : {100, 500}, default=100
        Whether to download the records at 100 Hz (about 0.5 GB) or at 500 Hz (2.6 GB).
    records : sequence of int, default=None
        The ``ecg_id`` of the records to download. If None, all. The tables are always complete:
        :func:`load_ptbxl` leaves the others out with ``on_error="skip"``.
    n_connections : int, default=4
        How many files are downloaded at a time.
    timeout : float, default=30.0
        As in :func:`fetch_mitbih`.
    deadline : float, default=600.0
        As in :func:`fetch_mitbih`.
    n_retries : int, default=3
        As in :func:`fetch_mitbih`.
    progress : bool, default=True
        As in :func:`fetch_mitbih`.

    Returns
    -------
    folder : pathlib.Path
        The folder ``<data_home>/ptbxl``.

    Raises
    ------
    ConnectionError, OSError, ValueError
        As :func:`fetch_wfdb` does.

    See Also
    --------
    load_ptbxl : Reads the records.

    Examples
    --------
    >>> from skecg.datasets import fetch_ptbxl, load_ptbxl
    >>> folder = fetch_ptbxl("my_data", sampling_rate=500)  # doctest: +SKIP
    >>> ptbxl = load_ptbxl("my_data", sampling_rate=250)  # doctest: +SKIP
    """
    check_scalar(n_connections, "n_connections", Integral, min_val=1, max_val=_MAX_CONNECTIONS)
    if not isinstance(sampling_rate, Integral) or sampling_rate not in _FOLDERS:
        raise ValueError(f"sampling_rate must be 100 or 500, got {sampling_rate!r}.")
    wanted = _check_names(records)
    if wanted is not None and not all(each.isdecimal() for each in wanted):
        raise ValueError(f"records must be a list of ecg_id, which are numbers; got {records!r}.")
    download = Download("fetch_ptbxl", base_url, timeout, deadline, n_retries)
    folder = get_data_home(data_home) / "ptbxl"
    sums = _fetch_sums(download, folder)
    pattern = re.compile(rf"{_FOLDERS[sampling_rate]}/\d+/(\d+)_[lh]r\.(?:hea|dat)")
    matches = {name: match for name in sums if (match := pattern.fullmatch(name))}
    found = {name: int(match[1]) for name, match in matches.items()}
    missing = sorted({int(each) for each in wanted or ()} - set(found.values()))
    absent = [name for name in _TABLES if name not in sums]
    if missing or absent or not found:
        raise ValueError(
            f"records must name records of PTB-XL, got {records!r}; {folder / _SUMS} does not list "
            f"the records {missing[:10]} and the tables {absent}, and {len(found)} files."
        )
    numbers = set(found.values()) if wanted is None else {int(each) for each in wanted}
    names = [*_TABLES, *(name for name, number in found.items() if number in numbers)]
    download.fetch(folder, _expected(sums, names), "PTB-XL", progress, n_connections)
    return folder


def _check_names(records: Sequence[str | int] | None) -> list[str] | None:
    """Return the names of the records without repetition."""
    if records is None:
        return None
    names = list(records) if isinstance(records, Iterable) else [None]
    is_name = [isinstance(name, str | Integral) and not isinstance(name, bool) for name in names]
    if isinstance(records, str | bytes) or not names or not all(is_name):
        raise ValueError(
            f"records must be a list of names of records, or None for all; got {records!r}."
        )
    return list(dict.fromkeys(map(str, names)))


def _fetch_sums(download: Download, folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file that the server lists, by its name."""
    folder.mkdir(parents=True, exist_ok=True)
    download.fetch_one(folder, Expected(_SUMS, None, None, _MAX_SUMS_BYTES), 1, silent)
    content = read_file(folder / _SUMS, "Remove it and try again.", _MAX_SUMS_BYTES)
    sums = {}
    for line in content.decode("utf-8", errors="replace").splitlines():
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise OSError(
                f"{folder / _SUMS} is damaged: expected SHA-256 and name, got {line[:80]!r}. "
                "Remove it and try again."
            )
        # A name that could lead out of the folder is none of a record.
        if _PATH.fullmatch(match[2]) is not None:
            sums[match[2]] = match[1].lower()
    return sums


def _expected(sums: dict[str, str], names: Iterable[str]) -> list[Expected]:
    return [Expected(name, sums[name], max_bytes=_MOST_BYTES[Path(name).suffix]) for name in names]
