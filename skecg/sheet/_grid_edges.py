"""The four edges of the millimetre grid on a reduced picture of a sheet: lines by their slopes.

A grid is told from text, traces and a desk by two things at once: a straight line on each of its
four sides, and the fine pattern that lies inside of them and not outside.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ._reduced import Reduced

_STRIP = 12  # pixels that are averaged along a line before its slope is sought
_SLOPES = np.linspace(-0.14, 0.14, 57)  # 8 degrees: rotation and perspective together
_MOST_CONTRAST = 0.2  # so that black ink counts no more than the coloured lines of a grid
_N_CANDIDATES = 9  # lines for each side
_N_COMPARED = 60  # frames that are looked at closely
_ASPECT_TOLERANCE = 0.12  # a sheet under perspective is shortened by some percent
_MOST_CONVERGENCE = 0.2  # log of the ratio of opposite sides
_MOST_STEP = 0.12  # of the grey of paper between neighbouring pixels, without lines
_LEAST_SHARE = 0.08  # of the picture that a grid covers


class Line(NamedTuple):
    """A line ``y = at + slope * (x - middle)``, or with x and y exchanged."""

    at: float
    slope: float
    middle: float


class Frame(NamedTuple):
    """Corners (4, 2), clockwise from the upper left, and how likely they bound a grid."""

    corners: NDArray[np.float64]
    score: float


def find_frames(reduced: Reduced, aspect: float) -> list[Frame]:
    """Find frames that may be that of a grid of this width / height, the most likely first.

    Parameters
    ----------
    reduced : Reduced
        The picture.
    aspect : float
        Width / height of the grid.

    Returns
    -------
    list of Frame
        Corners in pixels of the full picture.
    """
    across, down = ridges(reduced.grey)
    pattern = ndimage.uniform_filter(across + down, 7, mode="nearest")
    upper, lower = _edges(across, pattern)
    left, right = _edges(down.T, pattern.T)
    corners, likely = _frames(upper, lower, left, right)
    kept = _are_plausible(corners, aspect, reduced.grey.shape)
    corners, likely = corners[kept], likely[kept]
    corners = corners[np.argsort(-likely)[:_N_COMPARED]]
    if len(corners) == 0:
        return []
    scores = _scores(corners, across, down, pattern)
    scores = scores - 2 * np.abs(np.log(_aspects(corners) / aspect))
    order = np.argsort(-scores)
    return [Frame(corners[k] * reduced.factor, float(scores[k])) for k in order]


def ridges(grey: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return how much darker each pixel is than both neighbours above and below, left and right.

    Zero where there is no paper: the grain of a desk may be more of a pattern than a grid.
    """
    is_paper = _smooth_ground(grey)
    return _ridge(grey) * is_paper, np.ascontiguousarray(_ridge(grey.T).T) * is_paper


def _smooth_ground(grey: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return where the ground is smooth once thin dark lines are removed from it."""
    half = grey[: len(grey) // 2 * 2, : grey.shape[1] // 2 * 2].astype(np.uint8)
    half = np.maximum(np.maximum(half[::2, ::2], half[1::2, ::2]), half[::2, 1::2])
    ground = ndimage.grey_closing(half, (5, 5), mode="nearest")
    highest = ndimage.maximum_filter(ground, 3).astype(np.int16)
    lowest = ndimage.minimum_filter(ground, 3)
    is_smooth = highest - lowest <= np.maximum(6, _MOST_STEP * highest)
    # Where most of the surroundings are rough, the smooth spots between are none of the paper's.
    is_rough = ndimage.uniform_filter((~is_smooth).astype(np.float32), 9) > 0.3
    is_smooth &= ~is_rough
    smooth = np.zeros(grey.shape, bool)
    doubled = np.repeat(np.repeat(is_smooth, 2, axis=0), 2, axis=1)
    smooth[: doubled.shape[0], : doubled.shape[1]] = doubled
    return smooth


def _ridge(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    ridge = np.zeros_like(grey)
    sides = np.minimum(grey[4:], grey[:-4])
    contrast = (sides - grey[2:-2]) / np.maximum(sides, 16)
    np.clip(contrast, 0, _MOST_CONTRAST, out=ridge[2:-2])
    return ridge


def _edges(
    ridge: NDArray[np.float32], pattern: NDArray[np.float32]
) -> tuple[list[tuple[float, Line]], list[tuple[float, Line]]]:
    """Return likely upper and lower edges of the grid, each with its score."""
    strips = [_strips(of) for of in (ridge, pattern)]
    lines, inside = (_sum_along(of) for of in strips)
    lines = ndimage.maximum_filter1d(lines, 3, axis=1)
    cumulated = np.cumsum(np.pad(inside, ((0, 0), (9, 9)), mode="edge"), axis=1)
    bands = (cumulated[:, 6:] - cumulated[:, :-6]) / 6
    # A pattern below and none above the line, from 3 to 8 pixels away.
    n = lines.shape[1]
    step = bands[:, 11 : 11 + n] - bands[:, :n]
    middle = ridge.shape[1] / 2
    return _best(lines + step, middle), _best(lines - step, middle)


def _strips(values: NDArray[np.float32]) -> NDArray[np.float32]:
    n = values.shape[1] // _STRIP
    return values[:, : n * _STRIP].reshape(len(values), n, _STRIP).mean(axis=2).T.copy()


def _sum_along(strips: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average along lines of every slope and place: shape (n_slopes, n_rows)."""
    n, height = strips.shape
    offsets = (np.arange(n) + 0.5 - n / 2) * _STRIP
    shifts = np.rint(_SLOPES[:, None] * offsets).astype(int)
    margin = int(abs(shifts).max())
    padded = np.pad(strips, ((0, 0), (margin, margin)))
    sums = np.zeros((len(_SLOPES), height), np.float32)
    for total, shift in zip(sums, shifts):
        for strip, begin in zip(padded, (shift + margin).tolist()):
            total += strip[begin : begin + height]
    return sums / n


def _best(scores: NDArray[np.float32], middle: float) -> list[tuple[float, Line]]:
    """Return the highest scores and their lines, no two of them within a few pixels."""
    scores = scores.copy()
    found = []
    for _ in range(_N_CANDIDATES):
        k, at = np.unravel_index(int(scores.argmax()), scores.shape)
        if scores[k, at] <= 0:
            break
        found.append((float(scores[k, at]), Line(at + 0.5, float(_SLOPES[k]), middle)))
        scores[:, max(0, at - 4) : at + 5] = -1
    return found


def _frames(*sides: list[tuple[float, Line]]) -> tuple[NDArray, NDArray]:
    """Return the corners (n, 4, 2) of all frames of upper, lower, left and right lines.

    The corners go clockwise from the upper left. The second array is the sum of the scores.
    """
    chosen = np.array(list(product(*(range(len(side)) for side in sides))), int).reshape(-1, 4)
    if len(chosen) == 0:
        return np.empty((0, 4, 2)), np.empty(0)
    scores = [np.array([score for score, _ in side])[k] for side, k in zip(sides, chosen.T)]
    upper, lower, left, right = (
        np.array([line for _, line in side])[k] for side, k in zip(sides, chosen.T)
    )
    pairs = ((upper, left), (upper, right), (lower, right), (lower, left))
    return np.stack([_meet(across, down) for across, down in pairs], axis=1), sum(scores)


def _meet(across: NDArray, down: NDArray) -> NDArray:
    """Return where lines y(x) and lines x(y) meet; each row is a `Line`."""
    offset = across[:, 0] - across[:, 1] * across[:, 2]
    x = down[:, 0] + down[:, 1] * (offset - down[:, 2])
    x /= 1 - across[:, 1] * down[:, 1]
    return np.column_stack([x, offset + across[:, 1] * x])


def _sides(corners: NDArray) -> NDArray:
    """Return the lengths (n, 4) of the upper, right, lower and left side."""
    lengths = np.linalg.norm(np.roll(corners, -1, axis=1) - corners, axis=2)
    return np.maximum(lengths, 1e-6)


def _aspects(corners: NDArray) -> NDArray:
    upper, right, lower, left = _sides(corners).T
    return (upper + lower) / (right + left)


def _are_plausible(corners: NDArray, aspect: float, shape: tuple[int, int]) -> NDArray[np.bool_]:
    upper, right, lower, left = _sides(corners).T
    size = np.array(shape[::-1])
    return (
        (corners[:, 1, 0] > corners[:, 0, 0])
        & (corners[:, 3, 1] > corners[:, 0, 1])
        & ((upper + lower) * (left + right) / 4 > _LEAST_SHARE * size.prod())
        & (corners > -3).all(axis=(1, 2))
        & (corners < size + 3).all(axis=(1, 2))
        & (np.abs(_aspects(corners) / aspect - 1) < _ASPECT_TOLERANCE)
        & (np.abs(np.log(upper / lower)) < _MOST_CONVERGENCE)
        & (np.abs(np.log(left / right)) < _MOST_CONVERGENCE)
    )


def _scores(corners: NDArray, across: NDArray, down: NDArray, pattern: NDArray) -> NDArray:
    """Return for each frame the share of its sides that is a line with a pattern inside only."""
    inner = np.linspace(0.04, 0.96, 24)[:, None]
    left, right = (
        corners[:, None, a] + inner * (corners[:, None, b] - corners[:, None, a])
        for a, b in ((0, 3), (1, 2))
    )
    inside = _at(pattern, left[:, None] + inner[:, None] * (right - left)[:, None])
    enough = np.maximum(0.5 * np.median(inside, axis=(1, 2)), 1e-3)[:, None]
    total = np.zeros(len(corners))
    for side in range(4):
        start, stop = corners[:, None, side], corners[:, None, (side + 1) % 4]
        points = start + np.linspace(0.02, 0.98, 96)[:, None] * (stop - start)
        along = (stop - start) / np.linalg.norm(stop - start, axis=2, keepdims=True)
        inwards = np.stack([-along[..., 1], along[..., 0]], axis=2)
        ridge = down if side % 2 else across
        drawn, *beside = (
            np.max([_at(ridge, points + k * inwards) for k in (at - 1, at, at + 1)], axis=0)
            for at in (0, -4, 4)
        )
        # Text and the grain of a desk have lines beside each of their lines.
        share = np.clip((drawn - np.maximum(*beside)) / 0.05, 0, 1).mean(axis=1)
        within, without = (
            (_at(pattern, points + k * inwards) + _at(pattern, points + 1.5 * k * inwards)
             > 2 * enough).mean(axis=1)
            for k in (6, -6)
        )  # fmt: skip
        total += 2 * share + within - without
    return total / 4


def _at(values: NDArray, points: NDArray) -> NDArray:
    """Return the values at points in pixels, zero outside."""
    x, y = np.moveaxis(np.floor(points).astype(int), -1, 0)
    height, width = values.shape
    inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    return np.where(inside, values[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)], 0)
