"""The lines of a frame at full resolution, to a fraction of a pixel."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_N_POINTS = 240  # on each side
_ACROSS = 3  # neighbouring pixels that are averaged along the line
_HALF_WIDTH_MM = 0.5  # of a printed line, with its blur
_LEAST_SHARE = 0.4  # of the points must lie on one line


class Found(NamedTuple):
    """Corners (4, 2) where four lines meet, and the share of each line that was seen."""

    corners: NDArray[np.float64]
    shares: NDArray[np.float64]


def refine_frame(
    picture: NDArray[np.uint8],
    corners: NDArray[np.float64],
    pixels_per_mm: float,
    reaches_mm: tuple[float, ...] = (1.2, 0.6),
) -> Found:
    """Find the corners of a frame, where the middles of its four lines meet.

    Each line is sought within the first reach of its rough place, then more closely. A side
    without a clear line stays where it was.
    """
    lines, shares = [], []
    for side in range(4):
        start, stop = corners[side], corners[(side + 1) % 4]
        # The upper and lower sides are functions of x, the others of y.
        is_level = side % 2 == 0
        pixels = picture if is_level else picture.swapaxes(0, 1)
        if not is_level:
            start, stop = start[::-1], stop[::-1]
        line, share = _fit(pixels, start, stop, pixels_per_mm, reaches_mm)
        lines.append(line)
        shares.append(share)
    upper, right, lower, left = lines
    pairs = ((upper, left), (upper, right), (lower, right), (lower, left))
    return Found(np.array([_meet(across, down) for across, down in pairs]), np.array(shares))


def _meet(across: NDArray, down: NDArray) -> tuple[float, float]:
    """Return where y = a x + b and x = c y + d meet."""
    (a, b), (c, d) = across, down
    x = (c * b + d) / (1 - a * c)
    return x, a * x + b


def _fit(
    picture: NDArray[np.uint8],
    start: NDArray,
    stop: NDArray,
    pixels_per_mm: float,
    reaches_mm: tuple[float, ...],
) -> tuple[NDArray[np.float64], float]:
    """Fit y = a x + b to a dark line between two points; also return the share that is on it."""
    slope = (stop[1] - start[1]) / (stop[0] - start[0])
    line, share = np.array([slope, start[1] - slope * start[0]]), 0.0
    x = np.linspace(start[0], stop[0], _N_POINTS + 2)[1:-1].astype(int)
    for reach in reaches_mm:
        at, clear = _centres(picture, x, line, max(2.0, reach * pixels_per_mm), pixels_per_mm)
        if clear.mean() < _LEAST_SHARE:
            return line, 0.0
        found, near = _robust_line(x[clear] + 0.5, at[clear], 0.1 * pixels_per_mm)
        share = near * float(clear.mean())
        if share < _LEAST_SHARE:
            return line, share
        line = found
    return line, share


def _centres(
    picture: NDArray[np.uint8], x: NDArray, line: NDArray, reach: float, pixels_per_mm: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the middle of the darkest line in each column near a line, and where it is clear."""
    height, width = picture.shape[:2]
    offsets = np.arange(-int(reach) - 1, int(reach) + 2)
    first = np.floor(line[0] * (x + 0.5) + line[1]).astype(int)
    rows = first[:, None] + offsets
    columns = x[:, None] + np.arange(_ACROSS) - _ACROSS // 2
    inside = (rows[:, 0] >= 0) & (rows[:, -1] < height)
    inside &= (columns[:, 0] >= 0) & (columns[:, -1] < width)
    pixels = picture[
        np.clip(rows, 0, height - 1)[:, :, None], np.clip(columns, 0, width - 1)[:, None, :]
    ]
    profile = pixels.min(axis=-1).mean(axis=-1)
    dark = np.percentile(profile, 75, axis=1)[:, None] - profile
    smooth = dark.copy()
    smooth[:, 1:-1] += dark[:, :-2] + dark[:, 2:]
    peak = smooth.argmax(axis=1)
    highest = np.take_along_axis(dark, peak[:, None], axis=1)
    near = np.abs(offsets - offsets[peak][:, None]) <= max(2.0, _HALF_WIDTH_MM * pixels_per_mm)
    weights = np.where(near, np.clip(dark - 0.4 * highest, 0, None), 0)
    total = weights.sum(axis=1)
    clear = inside & (highest[:, 0] > 8) & (total > 0)
    centre = (weights * (rows + 0.5)).sum(axis=1) / np.maximum(total, 1e-9)
    return centre, clear


def _robust_line(
    x: NDArray[np.float64], y: NDArray[np.float64], tolerance: float
) -> tuple[NDArray[np.float64], float]:
    """Return the line y = a x + b that most points lie on, and the share within a tolerance."""
    half = len(x) // 2
    slope = np.median((y[half : 2 * half] - y[:half]) / (x[half : 2 * half] - x[:half]))
    line = np.array([slope, np.median(y - slope * x)])
    kept = np.zeros(len(x), bool)
    for _ in range(3):
        residual = np.abs(y - line[0] * x - line[1])
        before, kept = kept, residual <= max(0.5, 3 * float(np.median(residual)))
        if (kept == before).all():
            break
        line = np.polyfit(x[kept], y[kept], 1)
    residual = np.abs(y - line[0] * x - line[1])
    return line, float((residual <= max(0.5, tolerance)).mean())
