"""The pen of synthetic ECG sheets: signals as lines of black pixels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.interpolate import CubicSpline

from ._sheet_leads import (
    EDAN_BASELINES,
    EDAN_COLUMNS,
    EDAN_MM,
    EDAN_ROWS,
    GAIN,
    PAPER_SPEED,
    PrintedLead,
    Printing,
)
from ._sheet_page import EDAN_FRAME, EDAN_PAGE
from ._synthetic_leads import LEADS

# The pen is drawn on so many times finer pixels, in both directions. Pillow sets lines that rise a
# fine pixel to the left of those that fall: a quarter of a pixel at 4 costs a reader 3 dB.
_FINER = 12
_PEN_MM = 0.38  # 3 pixels at 200 dpi


def draw_leads(
    page: NDArray[np.uint8],
    shown: NDArray[np.float64],
    sampling_rate: float,
    leads: Sequence[PrintedLead],
    printing: Printing,
    scale: tuple[float, float],
) -> None:
    """Blacken the pixels of a page of which the traces of the leads cover at least half.

    ``shown`` (n_leads, n_timesteps) is in mV and NaN where nothing is drawn; ``scale`` (across,
    down) leads from pixels of the layout to pixels of the page.
    """
    speed, gain = printing.speed, printing.gain
    pen = max(1.0, _PEN_MM * printing.mm * scale[1])
    for signal, lead in zip(shown, leads):
        first = lead.samples(sampling_rate).start
        for samples, values in _runs(signal):
            time, mv = _curve(samples, values, sampling_rate / (speed * scale[0]))
            x = (lead.x + (time - first) / sampling_rate * speed) * scale[0]
            # The curve may swing beyond its samples.
            y = np.clip(lead.y - mv * gain, printing.highest, printing.lowest) * scale[1]
            _draw(page, x, y, pen)


def _runs(signal: NDArray[np.float64]) -> list[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """Return sample numbers and values of every run without NaN; one sample alone is no line."""
    there = np.flatnonzero(~np.isnan(signal))
    runs = np.split(there, np.flatnonzero(np.diff(there) > 1) + 1)
    return [(run, signal[run]) for run in runs if len(run) > 1]


def _curve(
    samples: NDArray, values: NDArray, samples_per_pixel: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a smooth curve through the samples, with at least two points per pixel."""
    per_sample = int(np.ceil(2 / samples_per_pixel))
    if per_sample == 1 or len(samples) < 4:
        return samples.astype(float), values
    fine = samples[0] + np.arange((len(samples) - 1) * per_sample + 1) / per_sample
    return fine, CubicSpline(samples, values)(fine)


def _draw(page: NDArray[np.uint8], x: NDArray, y: NDArray, pen: float) -> None:
    """Draw a line through points in pixels, whose centres are at halves."""
    height, width = page.shape[:2]
    margin = int(np.ceil(pen)) + 1
    left, upper = (max(0, int(np.floor(v.min())) - margin) for v in (x, y))
    right = min(width, int(np.ceil(x.max())) + margin)
    lower = min(height, int(np.ceil(y.max())) + margin)
    if left >= right or upper >= lower:
        return
    ink = Image.new("L", ((right - left) * _FINER, (lower - upper) * _FINER))
    points = np.column_stack([x - left, y - upper]) * _FINER - 0.5
    ImageDraw.Draw(ink).line(
        points.ravel().tolist(), fill=255, width=max(1, round(pen * _FINER)), joint="curve"
    )
    page[upper:lower, left:right][np.asarray(ink.reduce(_FINER)) > 127] = 0


def draw_simulated(page: NDArray[np.uint8], signals: NDArray, sampling_rate: float) -> None:
    """Draw simulated leads (12, n_timesteps) in mV on a page of EDAN, on whole pixels.

    The pictures of a seed stay what they were, which is why this pen differs from the other one.
    """
    height, width = page.shape[:2]
    x_scale, y_scale = width / EDAN_PAGE[0], height / EDAN_PAGE[1]
    speed, gain = PAPER_SPEED * EDAN_MM, GAIN * EDAN_MM
    ink = Image.new("L", (width, height))
    draw = ImageDraw.Draw(ink)
    # No more points than columns of pixels: more would not be seen.
    step = max(1, int(sampling_rate / (speed * x_scale)))
    per_column = int(2.5 * sampling_rate)

    def trace(signal: np.ndarray, x: float, baseline: float) -> None:
        across = x + speed / sampling_rate * np.arange(0, len(signal), step)
        # The pen stops at the frame.
        up = np.clip(baseline - gain * signal[::step], EDAN_FRAME[1] + 5, EDAN_FRAME[3] - 6)
        points = np.column_stack([across * x_scale, up * y_scale])
        draw.line(points.ravel().tolist(), fill=255, width=max(1, round(3 * x_scale)))

    for baseline, names in zip(EDAN_BASELINES, EDAN_ROWS):
        for k, (x, name) in enumerate(zip(EDAN_COLUMNS, names)):
            part = slice(k * per_column, (k + 1) * per_column)
            trace(signals[LEADS.index(name), part], x, baseline)
    trace(signals[LEADS.index("II")], EDAN_COLUMNS[0], EDAN_BASELINES[-1])
    page[np.asarray(ink) > 127] = 0
