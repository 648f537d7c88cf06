"""The annotations of EDF+ files, which also say when each of their data records begins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

_LABEL = b"EDF Annotations"
_FIXED_BYTES = 256  # of the header, and of the header of each signal
_MAX_SIGNALS = 512
# Widths of the fields of a signal's header in front of its number of samples.
_BEFORE_SAMPLES = 16 + 80 + 8 + 8 + 8 + 8 + 8 + 80
_TIME = re.compile(rb"([+-]\d{1,12}(?:\.\d{0,12})?)(?:\x15(\d{0,12}(?:\.\d{0,12})?))?")
_LONGEST_NOTE = 1000


@dataclass
class Layout:
    """Where the signals lie in each data record, in samples of 16 bits."""

    n_header_bytes: int
    n_records: int
    seconds: float
    labels: list[bytes]
    lengths: list[int]


def read_layout(path: Path, n_bytes: int) -> Layout:
    """Read where a file's signals lie; raise a ValueError where it is no EDF file."""
    with path.open("rb") as file:
        start = file.read(_FIXED_BYTES)
        if len(start) < _FIXED_BYTES or start[:8] != b"0       ":
            raise ValueError("it does not begin as an EDF file does")
        n_header, n_signals = int(start[184:192]), int(start[252:256])
        if not 0 < n_signals <= _MAX_SIGNALS or n_header != _FIXED_BYTES * (n_signals + 1):
            raise ValueError(f"it must have 1 to {_MAX_SIGNALS} signals, got {n_signals}")
        rest = file.read(_FIXED_BYTES * n_signals)
    first = _BEFORE_SAMPLES * n_signals
    lengths = [int(rest[i : i + 8]) for i in range(first, first + 8 * n_signals, 8)]
    if min(lengths) < 0 or not sum(lengths):
        raise ValueError("its signals must have samples in each data record")
    n_records = (n_bytes - n_header) // (2 * sum(lengths))
    if n_records < 1:
        raise ValueError(f"it has {n_bytes} bytes, not one data record of {2 * sum(lengths)}")
    labels = [rest[16 * i : 16 * i + 16].rstrip() for i in range(n_signals)]
    return Layout(n_header, n_records, float(start[244:252]), labels, lengths)


def read_annotations(path: Path, layout: Layout) -> tuple[np.ndarray | None, list]:
    """Return when each data record begins, and what is annotated.

    Returns
    -------
    onsets : ndarray of float64 of shape (n_records,) or None
        In seconds from the first; None where the file does not say.
    marks : list of (float, str)
        Seconds from the first, and text, in order.
    """
    records = np.memmap(
        path, np.uint8, "r", layout.n_header_bytes, (layout.n_records, 2 * sum(layout.lengths))
    )
    ends = 2 * np.cumsum(layout.lengths)
    onsets: list[float] | None = None
    marks: list[tuple[float, str]] = []
    for label, length, end in zip(layout.labels, layout.lengths, ends):
        if label != _LABEL or not length:
            continue
        is_first = onsets is None
        onsets = [] if onsets is None else onsets
        for row in records[:, end - 2 * length : end]:
            lists = [_parse(text) for text in row.tobytes().split(b"\0") if text]
            if is_first:
                # The first list of a data record has an empty note, and says when it begins.
                if not lists:
                    raise ValueError("a data record does not say when it begins")
                onsets.append(lists[0][0])
            marks += [(time, note) for time, notes in lists for note in notes if note]
    if onsets is None:
        return None, []
    return np.array(onsets) - onsets[0], sorted((time - onsets[0], note) for time, note in marks)


def _parse(text: bytes) -> tuple[float, list[str]]:
    """Parse a list of annotations at one time: time, perhaps duration, and notes behind 0x14."""
    time, *notes = text.split(b"\x14")
    match = _TIME.fullmatch(time)
    if match is None or not notes:
        raise ValueError(f"an annotation must begin with its time, got {text[:40]!r}")
    return float(match[1]), [
        note[:_LONGEST_NOTE].decode("utf-8", errors="replace").strip() for note in notes
    ]


def as_positions(marks: list, rate: float, n_samples: int) -> Bunch | None:
    """Return the annotations inside the recording as WFDB does comments, or None without any."""
    sample = np.array([round(time * rate) for time, _ in marks], dtype=np.int64)
    inside = (sample >= 0) & (sample < n_samples)
    if not inside.any():
        return None
    return Bunch(
        sample=sample[inside],
        symbol=np.full(int(inside.sum()), '"'),
        aux_note=np.array([note for _, note in marks])[inside],
    )
