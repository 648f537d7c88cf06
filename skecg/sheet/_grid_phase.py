"""Where the lines of a millimetre grid are, by the phase of their 1-mm and 5-mm waves.

The phase of a wave is a place up to whole periods. The heavy lines, 5 mm apart, are told apart by
a rough alignment; the fine ones then by the heavy lines.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

_N_ACROSS, _N_DOWN = 7, 5  # windows
# Of heavy and fine lines, each with periods of waves that a grid has not.
_PERIODS_MM = {5.0: (3.0, 3.6, 7.0, 8.0), 1.0: (0.88, 0.93, 1.08, 1.13)}
_LEAST_CLEAR = 3.0  # amplitude of a wave, in those of waves that no grid has
_LEAST_WINDOWS = 0.5  # that show the grid
_MOST_OF_INK = 0.55  # of the grey of paper; the lines of a grid are brighter


def grid_shifts(
    pixels: NDArray[np.uint8], per_mm: float, origin_mm: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Measure by how much the lines of a grid are displaced.

    Parameters
    ----------
    pixels : ndarray of uint8 of shape (height, width)
        A grid that is upright and in place to within 2 mm.
    per_mm : float
        Pixels from one fine line to the next.
    origin_mm : (float, float)
        How many fine lines the picture begins behind a heavy one, across and down.

    Returns
    -------
    (ndarray, ndarray) of float64 of shape (n, 2), or None
        Middles of windows, and how much farther right and down the lines are there, both in
        pixels of the picture. None if there is no grid.
    """
    height, width = pixels.shape
    columns = np.linspace(0, width, _N_ACROSS + 1).astype(int)
    rows = np.linspace(0, height, _N_DOWN + 1).astype(int)
    middles, shifts = [], []
    for upper, lower in pairwise(rows):
        for left, right in pairwise(columns):
            across, down = _profiles(pixels[upper:lower, left:right])
            x = _shift(across, left, per_mm, origin_mm[0])
            y = _shift(down, upper, per_mm, origin_mm[1])
            if x is not None and y is not None:
                middles.append(((left + right) / 2, (upper + lower) / 2))
                shifts.append((x, y))
    if len(middles) < _LEAST_WINDOWS * _N_ACROSS * _N_DOWN:
        return None
    return np.array(middles), np.array(shifts)


def fit_shifts(
    fit: Callable[[NDArray, NDArray], NDArray],
    apply: Callable[[NDArray, NDArray], NDArray],
    middles: NDArray[np.float64],
    shifts: NDArray[np.float64],
    tolerance: float,
) -> NDArray[np.float64] | None:
    """Fit a map from where the windows should be to where they are; None if too few agree."""
    n = len(middles)
    kept = np.ones(n, bool)
    for _ in range(4):
        matrix = fit(middles[kept], (middles + shifts)[kept])
        away = np.linalg.norm(apply(matrix, middles) - middles - shifts, axis=1)
        kept = away <= max(tolerance, float(np.median(away)))
    return matrix if kept.sum() >= 0.7 * n and np.median(away) <= tolerance else None


def _profiles(window: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how dark the columns and the rows of a window are on average, without its ink."""
    paper = float(np.percentile(window, 80))
    is_ink = ndimage.maximum_filter(window < _MOST_OF_INK * paper, 3)
    dark = np.where(is_ink, 0, paper - window)
    n_paper = ~is_ink
    across, down = (dark.sum(axis=axis) / np.maximum(n_paper.sum(axis=axis), 1) for axis in (0, 1))
    return across, down


def _shift(
    profile: NDArray[np.float64], first: int, per_mm: float, origin_mm: float
) -> float | None:
    """Return the shift of the lines in a profile in pixels, or None where they are not clear."""
    place = (first + np.arange(len(profile)) + 0.5) / per_mm + origin_mm
    profile = (profile - profile.mean()) * np.hanning(len(profile))
    found = None
    for period, other_periods in _PERIODS_MM.items():
        wave = _wave(profile, place, period)
        others = [abs(_wave(profile, place, other)) for other in other_periods]
        if abs(wave) <= max(_LEAST_CLEAR * np.median(others), 1e-3 * len(profile)):
            continue
        shift = float(np.angle(wave)) / (2 * np.pi) * period
        if found is not None:
            shift += round((found - shift) / period) * period
        elif period == 1.0:
            continue  # without the heavy lines the fine ones are ambiguous
        found = shift
    return None if found is None else found * per_mm


def _wave(profile: NDArray, place: NDArray, period: float) -> complex:
    return complex((profile * np.exp(2j * np.pi * place / period)).sum())
