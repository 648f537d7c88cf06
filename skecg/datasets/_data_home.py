"""Where the data sets lie on this machine."""

from __future__ import annotations

import os
from pathlib import Path


def get_data_home(data_home: str | os.PathLike | None = None) -> Path:
    """Return the folder that holds the data sets, without creating it.

    Parameters
    ----------
    data_home : str or path-like, default=None
        The folder. If None, the environment variable ``SKECG_DATA`` decides, and where it is not
        set, ``~/skecg_data``. A leading ``~`` means the home folder.

    Returns
    -------
    folder : pathlib.Path
        The folder. The records of the MIT-BIH Arrhythmia Database are expected in its subfolder
        ``mitdb``, the heartbeat CSV files in ``heartbeat``, PTB-XL in ``ptbxl``.

    Examples
    --------
    >>> from skecg.datasets import get_data_home
    >>> get_data_home("my_data").name
    'my_data'
    """
    if data_home is None:
        data_home = os.environ.get("SKECG_DATA") or Path("~", "skecg_data")
    return Path(data_home).expanduser()


def find_folder(data_home: str | os.PathLike | None, name: str, remedy: str) -> Path:
    """Return the existing folder ``<data_home>/<name>``, or raise with the remedy."""
    folder = get_data_home(data_home) / name
    if not folder.is_dir():
        raise FileNotFoundError(
            f"There is no folder {str(folder)!r}. It was looked for in data_home (the argument, "
            f"else the environment variable SKECG_DATA, else ~/skecg_data). {remedy}"
        )
    return folder
