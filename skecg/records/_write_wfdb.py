"""Writing labelled beats as a WFDB annotation file."""

from __future__ import annotations

import re
from os import PathLike
from pathlib import Path

import numpy as np
import wfdb
from numpy.typing import NDArray

from ..signal import AAMI_CLASSES

_QUALITY = "~"
_UNREADABLE, _READABLE = -1, 0


def write_wfdb(
    sample: NDArray[np.int64],
    label: NDArray[np.str_],
    unreadable: NDArray[np.int64],
    sampling_rate: float,
    record_name: str,
    extension: str,
    folder: str | PathLike[str],
) -> None:
    """Write the file of :meth:`BeatAnnotations.to_wfdb`."""
    if not isinstance(record_name, str) or not re.fullmatch(r"[A-Za-z0-9_-]+", record_name):
        raise ValueError(
            "record_name must have only letters, digits, _ and -; got "
            f"{record_name!r}. Give the folder as folder=..."
        )
    if not isinstance(extension, str) or not re.fullmatch(r"[A-Za-z]+", extension):
        raise ValueError(f"extension must have only letters; got {extension!r}.")
    others = sorted(set(np.unique(label).tolist()) - set(AAMI_CLASSES))
    if others:
        raise ValueError(
            f"labels must be the AAMI classes {', '.join(AAMI_CLASSES)} to be written as WFDB "
            f"symbols; got {', '.join(map(repr, others))}. Relabel these beats first."
        )
    if not len(sample):
        raise ValueError("There is no beat to write; WFDB has no empty annotation files.")
    if not Path(folder).is_dir():
        raise FileNotFoundError(f"There is no folder {folder}; create it first.")

    place = np.concatenate([unreadable.ravel(), sample])
    symbol = np.concatenate([np.full(unreadable.size, _QUALITY), label.astype("<U1")])
    subtype = np.zeros(len(place), dtype=np.int64)
    subtype[: unreadable.size : 2] = _UNREADABLE
    # Stable, so that a stretch that ends at a beat ends before it.
    order = np.argsort(place, kind="stable")
    wfdb.wrann(
        record_name,
        extension,
        place[order],
        symbol=symbol[order].tolist(),
        subtype=subtype[order],
        fs=sampling_rate,
        write_dir=str(folder),
    )
