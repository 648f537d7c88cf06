"""Where a sheet without a visible grid lies, by its traces: rows of ink of a known length."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ._reduced import Reduced

_Back = Callable[[NDArray[np.float64]], NDArray[np.float64]]

_SLOPES = np.linspace(-0.12, 0.12, 97)  # 7 degrees
_STRIP = 8  # pixels that are averaged along a row before its slope is sought
_LEAST_CONTRAST = (0.22, 0.45)  # of ink to paper; the lines of a grid have less
_PEN = (9, 9)  # pixels; lines are thinner
_SCALES = np.geomspace(0.4, 1.06, 160)  # width of the sheet / width of the picture
_N_COMPARED = 12
_LENGTH_TOLERANCE = 0.06  # of a row, where its calibration pulse may touch it
_MOST_STRETCH = 0.022  # of the scale by the distances of the rows, to that by their length
_LEAST_COVERED = 0.75  # of the columns, or of the rows in a column
_ROOM_MM = 16.0  # in which the end of a row is looked for
_PULSE_MM = 12.0  # in which there is a calibration pulse before a row
_N_SEGMENTS = 8  # of a row in which its level is measured


class Ink(NamedTuple):
    """Where there is ink on a reduced picture, and its places (n, 2) in pixels of the picture."""

    mask: NDArray[np.bool_]
    places: NDArray[np.floating]
    factor: int


class Rows(NamedTuple):
    """Rows of traces of a layout: where they begin and end, and their 0 mV, in its pixels."""

    left: float
    right: float
    baselines: NDArray[np.float64]

    @property
    def reach(self) -> float:
        """Half the distance of neighbouring rows."""
        if len(self.baselines) == 1:
            return (self.right - self.left) / 20
        return float(np.diff(self.baselines).min()) / 2


class _Turned(NamedTuple):
    """Pixels of ink in coordinates along the rows and across them, from the middle."""

    along: NDArray[np.float64]
    across: NDArray[np.float64]


class _Guess(NamedTuple):
    """Pixels per pixel of the layout, and where the origin of the layout is."""

    scale: float
    along: float
    across: float


def rows_of(traces: tuple[tuple[float, float, float], ...], pixels_per_second: float) -> Rows:
    """Return the rows of the traces (x of the first sample, y of 0 mV, seconds) of a layout."""
    table = np.array(traces, float)
    ends = table[:, 0] + table[:, 2] * pixels_per_second
    return Rows(float(table[:, 0].min()), float(ends.max()), np.unique(table[:, 1]))


class RowsAt(NamedTuple):
    """A guess of where the rows of traces are in a picture."""

    turned: _Turned
    back: _Back
    guess: _Guess

    def to_picture(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where points (n, 2) of the layout lie in the picture."""
        return self.back(self.guess.scale * points + (self.guess.along, self.guess.across))


def guess_rows(ink: NDArray[np.bool_], rows: Rows, width: float) -> RowsAt | None:
    """Guess where the rows of traces are in a picture, by their distances and lengths.

    Parameters
    ----------
    ink : ndarray of bool of shape (height, width)
        Where there is ink.
    rows : Rows
        The rows of the layout.
    width : float
        Width of the sheet in pixels of the layout.

    Returns
    -------
    RowsAt or None
        The guess, which may be a row too high or too low; None if there are no such rows.
    """
    if np.count_nonzero(ink) < 200:
        return None
    turned, back = _turn(ink, _slope(ink))
    guess = _best_guess(turned, rows, ink.shape[1] / width)
    return None if guess is None else RowsAt(turned, back, guess)


def find_rows(
    guess: RowsAt, rows: Rows, per_mm: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Find the ends of the rows of traces in a picture.

    Parameters
    ----------
    guess : RowsAt
        Where they are, about.
    rows : Rows
        The rows of the layout.
    per_mm : float
        Resolution of the layout.

    Returns
    -------
    (ndarray, ndarray) of float64 of shape (2 * n_rows, 2), or None
        Ends of the rows at 0 mV in the layout, and in the picture; None if there are no such rows.
    """
    found = _all_ends(guess.turned, rows, guess.guess, per_mm)
    return None if found is None else (found[0], guess.back(found[1]))


def refine_rows(
    ink: NDArray[np.floating], rows: Rows, per_mm: float, scale: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Find the ends of the rows again among places of ink (n, 2) that are roughly aligned.

    All are in pixels of the layout, of which the picture has ``scale`` pixels. Returns where the
    ends should be, and where they are.
    """
    found = _all_ends(_Turned(*(scale * ink.T)), rows, _Guess(scale, 0.0, 0.0), per_mm)
    return None if found is None else (found[0], found[1] / scale)


def _all_ends(
    turned: _Turned, rows: Rows, guess: _Guess, per_mm: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    own, found = [], []
    for baseline in rows.baselines:
        ends = _ends(turned, rows, baseline, guess, per_mm)
        if ends is not None:
            own += [(rows.left, baseline), (rows.right, baseline)]
            found += ends
    if len(own) < 2 * max(1, len(rows.baselines) - 1):
        return None
    return np.array(own), np.array(found)


def find_ink(reduced: Reduced, least_depth: float = 0.0) -> Ink:
    """Return where thin lines are much darker than the paper around them.

    ``least_depth`` is how much darker they are at least, in greys of the brightest paper: the
    grain of a desk is less deep than ink.
    """
    # Without its thin lines: a desk stays dark, and is no ink.
    paper = ndimage.grey_closing(reduced.grey.astype(np.uint8), _PEN)
    contrast = 1 - reduced.grey / np.maximum(paper, 30)
    # Ink that is blurred is paler, and so are the lines of the grid.
    least = np.clip(0.5 * np.percentile(contrast[::3, ::3], 99.8), *_LEAST_CONTRAST)
    mask = contrast > least
    if least_depth:
        mask &= paper - reduced.grey > least_depth * np.percentile(paper[::3, ::3], 95)
    y, x = np.nonzero(mask)
    return Ink(mask, (np.column_stack([x, y]) + 0.5) * reduced.factor, reduced.factor)


def _slope(ink: NDArray[np.bool_]) -> float:
    """Return the slope along which the ink lies in the sharpest rows."""
    height, n = len(ink), ink.shape[1] // _STRIP
    strips = ink[:, : n * _STRIP].reshape(height, n, _STRIP).mean(axis=2, dtype=np.float32).T
    # A bar that is black all over is no row.
    strips = np.pad(np.where(strips.mean(axis=1, keepdims=True) > 0.5, 0, strips), ((0, 0), (1, 1)))
    offsets = (np.arange(n) + 0.5 - n / 2) * _STRIP
    sharpness = []
    for slope in _SLOPES:
        shifts = np.rint(slope * offsets).astype(int)
        margin = int(abs(shifts).max())
        total = np.zeros(height + 2 + 2 * margin, np.float32)
        for strip, shift in zip(strips, shifts.tolist()):
            total[margin - shift : margin - shift + height + 2] += strip
        sharpness.append(float((total**2).sum()))
    return float(_SLOPES[int(np.argmax(sharpness))])


def _turn(ink: NDArray[np.bool_], slope: float) -> tuple[_Turned, _Back]:
    middle = np.array(ink.shape[::-1]) / 2
    cosine, sine = np.array([1, slope]) / np.hypot(1, slope)
    y, x = np.nonzero(ink)
    x, y = x + 0.5 - middle[0], y + 0.5 - middle[1]
    turned = _Turned(cosine * x + sine * y, cosine * y - sine * x)

    def back(points: NDArray[np.float64]) -> NDArray[np.float64]:
        along, across = points.T
        return np.column_stack([cosine * along - sine * across, sine * along + cosine * across]) + (
            middle
        )

    return turned, back


def _best_guess(turned: _Turned, rows: Rows, scale: float) -> _Guess | None:
    """Find the scale and place at which there is ink at every baseline, and of the right length."""
    first = int(np.floor(turned.across.min())) - 2
    profile = np.bincount(np.floor(turned.across).astype(int) - first)
    profile = ndimage.gaussian_filter1d(np.pad(profile, (0, 4)).astype(float), 1.5)
    # Not the sum: one dark line must not stand for several rows.
    profile = np.log1p(profile / max(float(np.median(profile)), 1.0))
    combs = []
    for factor in _SCALES * scale:
        at = np.rint((rows.baselines - rows.baselines[0]) * factor).astype(int)
        n = len(profile) - at[-1]
        if n <= 0:
            continue
        comb = sum(profile[k : k + n] for k in at) / len(at)
        for start in np.argsort(-comb)[:3].tolist():
            combs.append((float(comb[start]), factor, first + start + 0.5))
    combs.sort(reverse=True)
    guesses = []
    for score, factor, start in combs[: 4 * _N_COMPARED]:
        found = _place_along(turned, rows, factor, start - rows.baselines[0] * factor)
        if found is not None:
            misfit, guess = found
            guesses.append((misfit - 0.1 * score, guess))
    return min(guesses, default=(0.0, None), key=lambda found: found[0])[1]


def _place_along(
    turned: _Turned, rows: Rows, scale: float, across: float
) -> tuple[float, _Guess] | None:
    """Find the columns in which most rows have ink; return how far their number is off."""
    first = int(np.floor(turned.along.min())) - 2
    n = int(np.ceil(turned.along.max())) + 3 - first
    covered = np.zeros((len(rows.baselines), n))
    for row, baseline in enumerate(rows.baselines):
        near = np.abs(turned.across - across - baseline * scale) < rows.reach * scale
        covered[row, np.floor(turned.along[near]).astype(int) - first] = 1
    covered = ndimage.maximum_filter1d(covered, 3, axis=1)
    start, stop = longest_run(covered.mean(axis=0) >= _LEAST_COVERED)
    length = (rows.right - rows.left) * scale
    misfit = (stop - start - 2) / length - 1
    if not -_LENGTH_TOLERANCE / 2 < misfit < _LENGTH_TOLERANCE:
        return None
    if abs(misfit) < _MOST_STRETCH:
        stretched = (stop - start - 2) / (rows.right - rows.left)
        middle = (rows.baselines[0] + rows.baselines[-1]) / 2
        across += middle * (scale - stretched)
        scale = stretched
    missing = 1 - covered[:, start:stop].mean(axis=1).min()
    missing += covered[:, stop + 2 : stop + 8].any(axis=1).mean()  # lines of a form end elsewhere
    # Calibration pulses stand at the left, so that the right end is the surer one.
    return abs(misfit) + 0.1 * missing, _Guess(scale, first + stop - 1 - rows.right * scale, across)


def longest_run(values: NDArray[np.bool_]) -> tuple[int, int]:
    """Return the first index of the longest run of True, and the first behind it."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], values, [False]])))
    if len(edges) == 0:
        return 0, 0
    starts, stops = edges[::2], edges[1::2]
    longest = int(np.argmax(stops - starts))
    return int(starts[longest]), int(stops[longest])


def _ends(
    turned: _Turned, rows: Rows, baseline: float, guess: _Guess, per_mm: float
) -> list[tuple[float, float]] | None:
    """Return where a row begins and ends at the level of most of its ink."""
    mm = per_mm * guess.scale
    level = guess.across + baseline * guess.scale
    left = guess.along + rows.left * guess.scale
    right = guess.along + rows.right * guess.scale
    near = np.abs(turned.across - level) < rows.reach * guess.scale
    along, across = turned.along[near], turned.across[near]
    middles, levels = [], []
    borders = np.linspace(left, right, _N_SEGMENTS + 1)
    for low, high in pairwise(borders):
        piece = across[(along >= low) & (along < high)]
        if len(piece) < 0.3 * (high - low):
            continue
        counts = np.bincount((2 * (piece - level + rows.reach * guess.scale)).astype(int))
        counts = ndimage.gaussian_filter1d(counts.astype(float), 1.5)
        middles.append((low + high) / 2)
        levels.append(level - rows.reach * guess.scale + (counts.argmax() + 0.5) / 2)
    if len(levels) < _N_SEGMENTS // 2:
        return None
    a, b = _median_line(np.array(middles), np.array(levels))
    columns = np.zeros(int(right - left + 2 * _ROOM_MM * mm), bool)
    at = (along - left + _ROOM_MM * mm).astype(int)
    columns[at[(at >= 0) & (at < len(columns))]] = True
    columns = ndimage.binary_closing(columns, iterations=1)
    start, stop = longest_run(columns)
    length = (rows.right - rows.left) * guess.scale
    has_pulse = columns[max(0, start - int(_PULSE_MM * mm)) : max(0, start - 1)].any()
    tolerance = _LENGTH_TOLERANCE if has_pulse else _MOST_STRETCH
    if abs(stop - start - length) < tolerance * length:
        left, right = start + left - _ROOM_MM * mm, stop + left - _ROOM_MM * mm
    elif 0 < stop - start - length < _PULSE_MM * mm:  # one with its calibration pulse
        right = stop + left - _ROOM_MM * mm
        left = right - length
    return [(left, a * left + b), (right, a * right + b)]


def _median_line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Return the line y = a x + b through the medians of all slopes and heights."""
    i, j = np.triu_indices(len(x), 1)
    slope = float(np.median((y[j] - y[i]) / (x[j] - x[i])))
    return slope, float(np.median(y - slope * x))
