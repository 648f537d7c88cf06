"""Reading the traces of a straight sheet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._ink import brightest_channel, find_runs, without_rules
from ._layouts import LeadLayout, get_layout
from ._strands import link_runs, pen_width
from ._trace_path import Place, curve_at, pen_centre, trace_edges

# A lead of which less is read has no trace: what is read is letters, dots or another lead.
_LEAST_SHARE = 0.5
_THICKEST_MM = 2.5  # of a trace, in most columns


def read_traces(
    straight: NDArray[np.uint8],
    layout: str | LeadLayout,
    box: tuple[float, float, float, float],
    pixels_per_mm: float,
    *,
    sampling_rate: float = 100.0,
) -> tuple[list[NDArray[np.float32]], NDArray[np.float32]]:
    """Read the traces of a sheet that is upright and of a known resolution.

    Parameters
    ----------
    straight : ndarray of uint8 of shape (height, width, 3) or (height, width)
        The part ``box`` of the sheet in RGB, or the brightest of the three colours.
    layout : str or LeadLayout
        Name in :data:`LAYOUTS`, or a layout with ``traces``.
    box : (float, float, float, float)
        Left, upper, right and lower edge of the part in pixels of the layout.
    pixels_per_mm : float
        Resolution of ``straight``.
    sampling_rate : float, default=100.0
        Sampling rate of the result in Hz.

    Returns
    -------
    traces : list of ndarray of float32
        The printed seconds of each lead in mV, in the order of the layout; NaN where a lead has
        no trace.
    quality : ndarray of float32 of shape (n_leads, 3)
        For each lead the share of its columns that have ink of the trace; the number of gaps that
        were bridged; and the noise in mV, the standard deviation of the difference between
        neighbouring columns where the trace is flat.

    See Also
    --------
    skecg.TraceReader : Reads files: scans and photographs.
    align_sheet, straighten : Bring a picture into this form.
    """
    layout = get_layout(layout)
    if layout.traces is None or layout.pixels_per_mm is None:
        raise ValueError("The layout says nothing about traces; give one with traces.")
    grey = brightest_channel(straight)
    scale = pixels_per_mm / layout.pixels_per_mm
    starts = (np.array([x for x, *_ in layout.traces]) - box[0]) * scale
    runs = find_runs(grey, pixels_per_mm)
    runs = without_rules(runs, np.unique(starts), grey.shape[1], pixels_per_mm)
    strands = link_runs(runs, len(grey))
    pen = pen_width(runs, strands, pixels_per_mm)
    rows = np.unique([y for _, y, _ in layout.traces])
    distance = scale * float(np.diff(rows).min()) if len(rows) > 1 else len(grey) / 2
    traces, quality = [], []
    speed = layout.mm_per_second * pixels_per_mm  # pixels per second
    for x, y, seconds in layout.traces:
        left, baseline = (x - box[0]) * scale, (y - box[1]) * scale
        first = max(0, int(left))
        stop = min(grey.shape[1], int(np.ceil(left + seconds * speed)))
        edges = trace_edges(runs, strands, Place(first, stop, baseline, distance), pixels_per_mm)
        away = baseline - pen_centre(edges, pen)
        share, n_gaps, noise = _quality(away)
        at = left + speed * np.arange(round(seconds * sampling_rate)) / sampling_rate
        trace = np.full(len(at), np.nan)
        if share >= _LEAST_SHARE and _is_trace(edges, away, distance, pixels_per_mm):
            trace = curve_at(away, at - first - 0.5)
        millivolt = layout.mm_per_mv * pixels_per_mm
        traces.append((trace / millivolt).astype(np.float32))
        quality.append((share, n_gaps, noise / millivolt))
    return traces, np.array(quality, np.float32)


def _is_trace(
    edges: NDArray[np.float32], away: NDArray[np.float64], distance: float, pixels_per_mm: float
) -> bool:
    """Return whether what was found is a line, and nearer to its own baseline than to the next."""
    known = ~np.isnan(away)
    height, middle = np.median((edges[1] - edges[0])[known]), np.median(away[known])
    return bool(height < _THICKEST_MM * pixels_per_mm and abs(middle) < distance / 2)


def _quality(away: NDArray[np.float64]) -> tuple[float, int, float]:
    known = ~np.isnan(away)
    n_gaps = int(np.count_nonzero(np.diff(known.astype(np.int8)) == -1))
    steps = np.abs(np.diff(away[known], 2))
    # Second differences of white noise have sqrt(6) of its standard deviation, and a median of
    # 0.6745 of theirs.
    noise = float(np.median(steps)) / (0.6745 * np.sqrt(6)) if steps.size else np.nan
    return float(known.mean()) if known.size else 0.0, n_gaps, noise
