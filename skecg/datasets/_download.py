"""Download of the files of a data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from numbers import Integral, Real
from pathlib import Path

from sklearn.utils import check_scalar
from tqdm import tqdm

from ._deadline import Deadline
from ._transfer import Expected, TransferError, fetch_file, is_complete, transfer


@dataclass(frozen=True)
class Download:
    """Where a data set is downloaded from, and how long that may take.

    Parameters
    ----------
    function : str
        Name of the public function, for errors.
    base_url : str
        Folder on a web server that holds the files.
    timeout, deadline, n_retries
        As :func:`fetch_mitbih` describes them.
    """

    function: str
    base_url: str
    timeout: float
    deadline: float
    n_retries: int

    def __post_init__(self) -> None:
        check_scalar(self.timeout, "timeout", Real, min_val=0, include_boundaries="neither")
        check_scalar(self.deadline, "deadline", Real, min_val=0, include_boundaries="neither")
        check_scalar(self.n_retries, "n_retries", Integral, min_val=0)
        if not str(self.base_url).startswith(("https://", "http://")):
            raise ValueError(
                f"base_url must start with 'https://' or 'http://', got {self.base_url!r}."
            )

    def fetch(
        self,
        folder: Path,
        files: Sequence[Expected],
        description: str,
        show: bool,
        n_connections: int = 1,
    ) -> None:
        """Download the files that are missing or do not agree.

        The bar is over bytes where all sizes are known, and over files where they are not. Several
        connections are for many small files of unknown size, each of which waits for the server.
        """
        sizes = [file.size for file in files if file.size is not None]
        in_bytes = len(sizes) == len(files)
        total = sum(sizes) if in_bytes else len(files)
        unit = {"unit": "B", "unit_scale": True} if in_bytes else {"unit": "file"}
        with tqdm(desc=description, total=total, disable=not show, **unit) as bar:
            if n_connections > 1:
                self._fetch_many(folder, files, bar, n_connections)
                return
            done = 0
            for file in files:
                report = partial(_show, bar, done) if in_bytes else silent
                self.fetch_one(folder, file, len(files), report)
                done += 1 if file.size is None or not in_bytes else file.size
                _show(bar, done, 0)

    def _fetch_many(
        self, folder: Path, files: Sequence[Expected], bar: tqdm, n_connections: int
    ) -> None:
        with ThreadPoolExecutor(n_connections) as pool:
            jobs = [pool.submit(self.fetch_one, folder, file, len(files), silent) for file in files]
            try:
                for job in as_completed(jobs):
                    job.result()
                    bar.update()
            except BaseException:
                # Those that have begun end soon, or at their deadline: the files are small.
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def fetch_one(
        self, folder: Path, file: Expected, n_files: int, report: Callable[[int], None]
    ) -> None:
        """Download one file, unless it is there and agrees."""
        path = folder / file.name
        _make_folder(folder, path.parent)
        if is_complete(path, file):
            return
        url = f"{str(self.base_url).rstrip('/')}/{file.name}"
        try:
            with Deadline(self.deadline) as limit:
                receive = partial(transfer, url, timeout=self.timeout, limit=limit, report=report)
                fetch_file(receive, url, path, file, self.n_retries, limit)
        except TransferError as error:
            raise ConnectionError(
                f"{url} could not be downloaded: {error}. What was received is kept in "
                f"{folder}; call {self.function} again to go on from there. On a machine "
                f"without access to the server, copy the {n_files} files from elsewhere "
                "into that folder."
            ) from error


def silent(received: int) -> None:
    """Report no bytes."""


def _show(bar: tqdm, done: int, received: int) -> None:
    """Put the bar where the files that are done and the bytes of the current one end."""
    bar.update(done + received - bar.n)


def _make_folder(folder: Path, inner: Path) -> None:
    """Create the folder of a file, which must be no link to another place."""
    for place in reversed([inner, *inner.parents]):
        if folder in place.parents and place.is_symlink():
            raise OSError(f"{place} is a link to another folder, into which nothing is written.")
    inner.mkdir(parents=True, exist_ok=True)
