"""Sheets with known traces, drawn with a round pen and nothing else."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from skecg.sheet import LeadLayout

RATE = 200
PEN_MM = 0.4
_FINER = 4

SMALL = LeadLayout.from_table(
    (("I", "V1"), ("II", "V2")),
    strips=("rhythm",),
    sheet=(150, 130),
    grid=(5, 10, 145, 125),
)


def beats(seconds: float, *, height: float = 1.0, width: float = 0.02, first: float = 0.4):
    """Return a signal of a beat per 0.8 s: an R peak of that height (mV) and width (s), and a T."""
    time = np.arange(round(seconds * RATE)) / RATE
    signal = np.zeros_like(time)
    for peak in np.arange(first, seconds, 0.8):
        signal += height * np.exp(-0.5 * ((time - peak) / width) ** 2)
        signal += 0.2 * np.exp(-0.5 * ((time - peak - 0.25) / 0.04) ** 2)
    return signal


def draw_sheet(
    signals: list[np.ndarray], layout: LeadLayout = SMALL, *, pen_mm: float = PEN_MM
) -> np.ndarray:
    """Return a white sheet (height, width, 3) with the signals (mV at 200 Hz) of the layout."""
    width, height = layout.sheet_size
    page = Image.new("L", (width * _FINER, height * _FINER), 255)
    draw = ImageDraw.Draw(page)
    mm = layout.pixels_per_mm * _FINER
    radius = pen_mm * mm / 2
    for (left, baseline, _), signal in zip(layout.traces, signals):
        x = left * _FINER + np.arange(len(signal)) / RATE * layout.mm_per_second * mm
        y = baseline * _FINER - signal * layout.mm_per_mv * mm
        # A disc at every pixel of the way.
        way = np.r_[0, np.cumsum(np.hypot(np.diff(x), np.diff(y)))]
        at = np.arange(0, way[-1], 1.0)
        for cx, cy in zip(np.interp(at, way, x), np.interp(at, way, y)):
            draw.ellipse((cx - radius, cy - radius, cx + radius, cy + radius), fill=0)
    return np.repeat(np.asarray(page.reduce(_FINER))[..., None], 3, axis=2)


def snr(read: np.ndarray, truth: np.ndarray) -> float:
    """Return the signal-to-noise ratio in dB after removing the offset."""
    return 10 * np.log10(np.var(truth) / np.var(read - truth))
