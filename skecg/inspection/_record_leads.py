"""The leads of a record: which are there, and which part and arrangement can be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .._limits import in_range

STANDARD_ROWS = (
    ("I", "aVR", "V1", "V4"),
    ("II", "aVL", "V2", "V5"),
    ("III", "aVF", "V3", "V6"),
)
_LONGEST = 60.0  # seconds


class RecordLike(Protocol):
    """What is drawn of a record."""

    signals: NDArray
    sampling_rate: float
    lead_names: Sequence[str]


def usual_spelling(name: str) -> str:
    """Return the usual spelling of a standard lead, such as aVR for AVR; else the name."""
    usual = {lead.lower(): lead for row in STANDARD_ROWS for lead in row}
    return usual.get(name.lower(), name)


def check_record(record: RecordLike) -> tuple[NDArray, float, list[str]]:
    """Return signals, sampling rate and names of the leads, or raise an error."""
    missing = [
        name for name in ("signals", "sampling_rate", "lead_names") if not hasattr(record, name)
    ]
    if missing:
        raise TypeError(
            "record must have signals, sampling_rate and lead_names, as that of "
            f"skecg.datasets.read_record has; got {type(record).__name__} without "
            f"{', '.join(missing)}."
        )
    signals, names = np.asarray(record.signals), [str(name) for name in record.lead_names]
    if signals.ndim != 2 or signals.dtype.kind not in "fiu" or len(signals) != len(names):
        raise ValueError(
            "record.signals must be numbers of shape (n_leads, n_timesteps), with one name in "
            f"record.lead_names for each lead; got {signals.dtype} of shape {signals.shape} and "
            f"{len(names)} names."
        )
    rate = record.sampling_rate
    if not isinstance(rate, Real) or not 0 < rate < np.inf:
        raise ValueError(f"record.sampling_rate must be a positive number (Hz); got {rate!r}.")
    with in_range("record.sampling_rate"):
        return signals, float(rate), names


def find_lead(names: Sequence[str], lead: str) -> int:
    """Return the number of a lead; AVR and aVR are the same."""
    exact = [i for i, name in enumerate(names) if name == lead]
    same = exact or [i for i, name in enumerate(names) if name.lower() == str(lead).lower()]
    if not same:
        raise ValueError(f"The record has no lead {lead!r}; it has {', '.join(names)}.")
    return same[0]


def check_part(start: float, duration: float, n_timesteps: int, rate: float) -> tuple[int, int]:
    """Return the first sample of a part and the first after it, or raise an error."""
    total = n_timesteps / rate
    if not isinstance(start, Real) or not 0 <= start < total:
        raise ValueError(
            f"start must lie in the record of {total:.1f} s; got {start!r}. It is in seconds."
        )
    if not isinstance(duration, Real) or not 0 < duration <= _LONGEST:
        raise ValueError(f"duration must be positive and at most {_LONGEST:g} s; got {duration!r}.")
    if duration * rate < 1:
        raise ValueError(
            f"duration must be at least one sample long; got {duration:g} s at {rate:g} Hz. The "
            "sampling rate of the record is in Hz."
        )
    first = min(round(start * rate), n_timesteps - 1)
    return first, min(first + max(1, round(duration * rate)), n_timesteps)


def check_layout(layout: str | None, names: Sequence[str], rhythm_lead: str | None) -> str:
    """Return the name of the layout, or raise an error if leads of it are missing."""
    if layout not in ("3x4", "rows", None):
        raise ValueError(f'layout must be "3x4", "rows" or None; got {layout!r}.')
    there = {name.lower() for name in names}
    missing = [lead for row in STANDARD_ROWS for lead in row if lead.lower() not in there]
    if layout is None:
        layout = "rows" if missing else "3x4"
    if layout == "3x4" and missing:
        raise ValueError(
            f'layout="3x4" needs the twelve standard leads; the record has no '
            f'{", ".join(missing)}. Use layout="rows".'
        )
    if layout == "3x4" and rhythm_lead is not None:
        find_lead(names, rhythm_lead)
    return layout
