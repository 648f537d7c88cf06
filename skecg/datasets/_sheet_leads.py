"""Which part of a recording every lead of a printed sheet shows, and where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..sheet import LeadLayout, is_integer, pixels_per_mm_of
from ._synthetic_leads import LEADS

PAPER_SPEED, GAIN = 25.0, 10.0  # mm per second and per millivolt

# The sheets of EDAN, in pixels of their 200 dpi: the first pixels of the traces.
EDAN_MM = 200 / 25.4
EDAN_COLUMNS = (153, 644, 1136, 1628)
EDAN_BASELINES = (463, 764, 1066, 1367)
EDAN_ROWS = (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"))
_STRIP_LEAD = "II"


class PrintedLead(NamedTuple):
    """A lead on a sheet; x and y of its first sample at 0 mV in pixels of the sheet."""

    name: str
    source: int  # index into LEADS
    x: float
    y: float
    start: float  # seconds after the start of the recording
    seconds: float

    def samples(self, sampling_rate: float) -> slice:
        """Return the samples of the recording that the lead shows."""
        first = round(self.start * sampling_rate)
        return slice(first, first + round(self.seconds * sampling_rate))


class Printing(NamedTuple):
    """How a layout is printed, in pixels of the sheet that it is measured on."""

    mm: float
    speed: float  # per second
    gain: float  # per mV
    highest: float  # the y that the pen reaches: it stops inside the frame
    lowest: float


def sheet_size_of(layout: LeadLayout) -> tuple[int, int]:
    """Return width and height of the sheet of a layout; raise if it does not say."""
    if layout.sheet_size is None:
        raise ValueError("The layout has no sheet_size; a sheet of it cannot be drawn.")
    return layout.sheet_size


def printing_of(layout: LeadLayout) -> Printing:
    """Return how a layout is printed."""
    mm = pixels_per_mm_of(layout)
    speed, gain = layout.mm_per_second * mm, layout.mm_per_mv * mm
    _, upper, _, lower = layout.grid_box or (0, 0, *sheet_size_of(layout))
    return Printing(mm, speed, gain, upper + 0.7 * mm, lower - 0.7 * mm)


def printed_leads(layout: LeadLayout) -> list[PrintedLead]:
    """Return the leads in the order of the boxes of a layout; all columns follow each other."""
    traces = layout.traces
    if traces is None or layout.sheet_size is None:
        raise ValueError(
            "make_sheets can only draw a layout that says where the traces are and on what size "
            f"of a sheet; got one with traces={traces} and sheet_size={layout.sheet_size}. Make "
            "it with LeadLayout.from_table, or choose 'edan-3x4'."
        )
    origin = min(x for x, _, _ in traces)
    speed = printing_of(layout).speed
    leads = []
    for name, (x, y, seconds) in zip(layout.lead_names, traces):
        # Columns are placed on whole pixels, time is not: the k-th one starts after k of its own.
        start = round((x - origin) / speed / seconds) * seconds
        leads.append(PrintedLead(name, _source(name), x, y, start, seconds))
    return leads


def _source(name: str) -> int:
    """Return the lead of the recording that is printed under a name: strips show lead II."""
    known = {lead.upper(): k for k, lead in enumerate(LEADS)}
    known["RHYTHM"] = known[_STRIP_LEAD]
    if name.upper() not in known:
        raise ValueError(
            f"The leads of a layout that is drawn must be {', '.join(LEADS)} or rhythm; got "
            f"{name!r}."
        )
    return known[name.upper()]


def check_signals(
    signals: ArrayLike, sampling_rate: float | None, leads: Sequence[PrintedLead]
) -> NDArray[np.float64]:
    """Return the recordings (n, 12, n_timesteps) in mV, as long as the sheet shows them."""
    signals = np.asarray(signals)
    if signals.dtype.kind not in "fiu":
        raise TypeError(f"signals must be numbers in mV; got an array of {signals.dtype}.")
    if signals.ndim == 2:
        signals = signals[None]
    if signals.ndim != 3 or signals.shape[1] != len(LEADS) or not len(signals):
        raise ValueError(
            f"signals must have the shape (n_samples, 12, n_timesteps), the leads in the order "
            f"{', '.join(LEADS)}; got {signals.shape}."
        )
    rate_is_number = isinstance(sampling_rate, (int, float)) or is_integer(sampling_rate)
    is_number = rate_is_number and not isinstance(sampling_rate, bool)
    if sampling_rate is None or not is_number or not 20 <= sampling_rate <= 1e5:
        raise ValueError(
            "sampling_rate must be that of the signals, from 20 to 100,000 Hz; got "
            f"{sampling_rate!r}."
        )
    n_timesteps = max(lead.samples(sampling_rate).stop for lead in leads)
    if signals.shape[2] < n_timesteps:
        raise ValueError(
            f"The sheet shows {n_timesteps / sampling_rate:g} s, {n_timesteps} samples; got "
            f"signals of {signals.shape[2]}. Pass longer ones, or fill them up with NaN, which is "
            "not drawn."
        )
    signals = signals[..., :n_timesteps]
    if np.isinf(signals).any():
        raise ValueError("signals must be finite, or NaN for what is not drawn; got infinity.")
    return signals.astype(np.float64)


def printed_signals(
    signals: NDArray, sampling_rate: float, leads: Sequence[PrintedLead], printing: Printing
) -> NDArray[np.float64]:
    """Return what the leads show of a recording (12, n_timesteps), and NaN before and after."""
    shown = np.full((len(leads), signals.shape[1]), np.nan)
    limits = printing.highest, printing.lowest
    for row, lead in zip(shown, leads):
        part = lead.samples(sampling_rate)
        most, least = ((lead.y - limit) / printing.gain for limit in limits)
        row[part] = np.clip(signals[lead.source, part], least, most)
    return shown
