"""The four edges of the millimetre grid on a reduced picture of a sheet: lines by their slopes.

A grid is told from text, traces and a desk by two things at once: a straight line on each of its
four sides, and the fine pattern that lies inside of them and not outside.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

_LONG_SIDE = 740  # pixels of the reduced picture
_STRIP = 8  # pixels that are averaged along a line before its slope is sought
_SLOPES = np.linspace(-0.16, 0.16, 65)  # 9 degrees: rotation and perspective together
_MOST_CONTRAST = 0.3  # so that black ink counts no more than the coloured lines of a grid
_N_CANDIDATES = 7  # lines for each side
_N_COMPARED = 60  # frames that are looked at closely
_ASPECT_TOLERANCE = 0.12  # a sheet under perspective is shortened by some percent
_LEAST_SHARE = 0.08  # of the picture that a grid covers


class Reduced(NamedTuple):
    """A smaller picture: its darkest colour, and full-size pixels per pixel."""

    grey: NDArray[np.float32]
    factor: int


class Line(NamedTuple):
    """A line ``y = at + slope * (x - middle)``, or with x and y exchanged."""

    at: float
    slope: float
    middle: float


class Frame(NamedTuple):
    """Corners (4, 2), clockwise from the upper left, and how likely they bound a grid."""

    corners: NDArray[np.float64]
    score: float


def reduce_picture(picture: NDArray[np.uint8]) -> Reduced:
    """Average a picture over squares of pixels, and keep the darkest of the three colours."""
    factor = max(1, round(max(picture.shape[:2]) / _LONG_SIDE))
    image = Image.fromarray(picture)
    small = np.asarray(image.reduce(factor) if factor > 1 else image)
    darkest = np.minimum(np.minimum(small[..., 0], small[..., 1]), small[..., 2])
    return Reduced(darkest.astype(np.float32), factor)


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
    height, width = reduced.grey.shape
    frames = []
    for lines in product(upper, lower, left, right):
        corners = _corners(*(line for _, line in lines))
        if _is_plausible(corners, aspect, width, height):
            frames.append((sum(score for score, _ in lines), corners))
    frames.sort(key=lambda frame: -frame[0])
    found = []
    for _, corners in frames[:_N_COMPARED]:
        score = _score(corners, across, down, pattern) - 2 * abs(np.log(_aspect(corners) / aspect))
        found.append(Frame(corners * reduced.factor, float(score)))
    return sorted(found, key=lambda frame: -frame.score)


def ridges(grey: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return how much darker each pixel is than both neighbours above and below, left and right."""
    return _ridge(grey), np.ascontiguousarray(_ridge(grey.T).T)


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


def _corners(upper: Line, lower: Line, left: Line, right: Line) -> NDArray[np.float64]:
    return np.array(
        [_meet(upper, left), _meet(upper, right), _meet(lower, right), _meet(lower, left)]
    )


def _meet(across: Line, down: Line) -> tuple[float, float]:
    """Return where a line y(x) and a line x(y) meet."""
    offset = across.at - across.slope * across.middle
    x = (down.at + down.slope * (offset - down.middle)) / (1 - across.slope * down.slope)
    return x, offset + across.slope * x


def _is_plausible(corners: NDArray, aspect: float, width: int, height: int) -> bool:
    sides = np.roll(corners, -1, axis=0) - corners
    if sides[0, 0] <= 0 or sides[1, 1] <= 0:
        return False
    upper, right, lower, left = np.linalg.norm(sides, axis=1)
    if (upper + lower) * (left + right) / 4 < _LEAST_SHARE * width * height:
        return False
    if (corners < -3).any() or (corners > (width + 3, height + 3)).any():
        return False
    if abs(_aspect(corners) / aspect - 1) > _ASPECT_TOLERANCE:
        return False
    return max(upper / lower, lower / upper, left / right, right / left) < 1.25


def _aspect(corners: NDArray) -> float:
    upper, right, lower, left = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    return (upper + lower) / (left + right)


def _score(corners: NDArray, across: NDArray, down: NDArray, pattern: NDArray) -> float:
    """Return the mean over the sides of the share drawn as a line plus the step of the pattern."""
    share = np.linspace(0.04, 0.96, 24)[:, None, None]
    left, right = (corners[a] + share * (corners[b] - corners[a]) for a, b in ((0, 3), (1, 2)))
    inside = np.median(_at(pattern, left + share.transpose(1, 0, 2) * (right - left)))
    enough = max(0.5 * float(inside), 1e-3)
    total = 0.0
    for side in range(4):
        start, stop = corners[side], corners[(side + 1) % 4]
        points = start + np.linspace(0.02, 0.98, 96)[:, None] * (stop - start)
        inwards = np.array([start[1] - stop[1], stop[0] - start[0]]) / np.linalg.norm(stop - start)
        ridge = across if side % 2 == 0 else down
        drawn = np.max([_at(ridge, points + k * inwards) for k in (-1, 0, 1)], axis=0)
        within, without = (
            (np.mean([_at(pattern, points + k * inwards) for k in ks], axis=0) > enough).mean()
            for ks in ((6, 9), (-6, -9))
        )
        total += np.minimum(drawn / 0.06, 1).mean() + 1.5 * (within - without)
    return total / 4


def _at(values: NDArray, points: NDArray) -> NDArray:
    """Return the values at points in pixels, zero outside."""
    x, y = np.moveaxis(np.floor(points).astype(int), -1, 0)
    height, width = values.shape
    inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    return np.where(inside, values[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)], 0)
