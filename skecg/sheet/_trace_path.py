"""The way of one trace through the strands of a sheet, and its height in every column."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import Akima1DInterpolator, PchipInterpolator

from ._ink import Runs
from ._strands import Strands

# Costs in mm. A column without ink costs its width. A jump from ink to ink that does not touch
# costs half its height, so that a trace is rather left open than led over letters and dots.
_JUMP = 0.5
# The trace is the line that explains most of the ink: a QRS complex, not the letter before it.
# What letters have, too, does not count, and a level line is better than a stroke of a letter.
_INK, _LETTER_MM = 0.1, 2.5
_CLIMB = 0.01
_OVERLAP_MM = 1.0  # of the columns of two pieces; a blurred flank is pale in its middle
# A column far from the baseline costs more than an open one only near the next row of leads.
_AT_NEXT_ROW = 1.5
_REACH = 1.6  # rows up and down in which a trace is looked for
_USUAL_DOUBT = 1.5
_STEPS_AT_ONCE = 128  # pieces to which steps are computed together
_PLACES = 13  # on the edge of the pen that are looked at
# The name of a lead stands here: from the first sample to the right, from 0 mV upwards.
_NAME_RIGHT_MM, _NAME_UP_MM = 7.5, (0.5, 4.0)
_ON_NAME = 0.5  # what a column costs in which the ink may be a letter


class Pieces(NamedTuple):
    """Parts of strands; the runs of piece k are ``runs[starts[k] : starts[k + 1]]``."""

    runs: NDArray[np.intp]
    starts: NDArray[np.intp]

    @property
    def heads(self) -> NDArray[np.intp]:
        return self.runs[self.starts[:-1]]

    @property
    def tails(self) -> NDArray[np.intp]:
        return self.runs[self.starts[1:] - 1]


class Place(NamedTuple):
    """Where a trace is looked for, in pixels of the picture."""

    first: int
    stop: int
    baseline: float
    row_distance: float


def trace_edges(
    runs: Runs, strands: Strands, place: Place, pixels_per_mm: float
) -> NDArray[np.float32]:
    """Return the upper and lower edge of the trace in every column, NaN where it has no ink.

    Parameters
    ----------
    runs, strands : Runs, Strands
        The ink of the picture.
    place : Place
        Columns, baseline and distance of the rows.
    pixels_per_mm : float
        Resolution of the picture.

    Returns
    -------
    ndarray of float32 of shape (2, n_columns)
        Rows of the upper and of the lower edge.
    """
    edges = np.full((2, place.stop - place.first), np.nan, np.float32)
    candidates = _candidates(runs, strands, place)
    if len(candidates) == 0:
        return edges
    pieces = _clip(strands, candidates, place)
    is_letter = _are_names(runs, pieces, place, pixels_per_mm)
    own = _own_costs(runs, pieces, place, pixels_per_mm)
    own += is_letter * _ON_NAME * np.diff(pieces.starts) / pixels_per_mm
    for k in _cheapest(runs, pieces, own, place, pixels_per_mm):
        piece = pieces.runs[pieces.starts[k] : pieces.starts[k + 1]]
        columns = runs.column[piece] - place.first
        # Where two pieces overlap, both are parts of one steep flank.
        edges[0, columns] = np.fmin(edges[0, columns], runs.upper[piece])
        edges[1, columns] = np.fmax(edges[1, columns], runs.lower[piece])
    return edges


def _are_names(runs: Runs, pieces: Pieces, place: Place, pixels_per_mm: float) -> NDArray[np.bool_]:
    """Return which pieces lie wholly where the name of the lead stands."""
    right, up = _NAME_RIGHT_MM * pixels_per_mm, np.array(_NAME_UP_MM) * pixels_per_mm
    highest = np.minimum.reduceat(runs.first[pieces.runs], pieces.starts[:-1])
    lowest = np.maximum.reduceat(runs.stop[pieces.runs], pieces.starts[:-1])
    is_beside = runs.column[pieces.tails] <= place.first + right
    return is_beside & (highest >= place.baseline - up[1]) & (lowest <= place.baseline - up[0])


def _candidates(runs: Runs, strands: Strands, place: Place) -> NDArray[np.intp]:
    """Return the strands that may be part of the trace, in the order of their last columns."""
    ends = strands.order[strands.starts[:-1]], strands.order[strands.starts[1:] - 1]
    reach = _REACH * place.row_distance
    is_near = (strands.last >= place.first) & (strands.first < place.stop)
    for end in ends:
        is_near &= runs.stop[end] > place.baseline - reach
        is_near &= runs.first[end] < place.baseline + reach
    near = np.flatnonzero(is_near)
    # As many as columns are enough for a line of broken pixels, and bound the time that a picture
    # of noise takes.
    n_most = place.stop - place.first
    if len(near) > n_most:
        longest = np.argsort(strands.first[near] - strands.last[near], kind="stable")
        near = np.sort(near[longest[:n_most]])
    return near[np.argsort(strands.last[near], kind="stable")]


def _clip(strands: Strands, candidates: NDArray[np.intp], place: Place) -> Pieces:
    """Return the runs of each strand in the columns of the lead."""
    before = place.first - strands.first[candidates]
    behind = strands.last[candidates] + 1 - place.stop
    starts = strands.starts[candidates] + before.clip(0)
    stops = strands.starts[candidates + 1] - behind.clip(0)
    parts = [strands.order[start:stop] for start, stop in zip(starts.tolist(), stops.tolist())]
    return Pieces(np.concatenate(parts), np.concatenate([[0], np.cumsum(stops - starts)]))


def _cheapest(
    runs: Runs,
    pieces: Pieces,
    own: NDArray[np.float64],
    place: Place,
    pixels_per_mm: float,
) -> list[int]:
    """Return the pieces of the cheapest way from the first column to the last."""
    heads, tails = pieces.heads, pieces.tails
    first, last = runs.column[heads], runs.column[tails]
    # From the first column to each piece, and then by the cheapest piece before it.
    total = (first - place.first) / pixels_per_mm + own
    before = np.full(len(heads), -1)
    steps = _steps(runs, heads, tails, pixels_per_mm)
    next(steps)  # nothing is before the first
    for k, step in enumerate(steps, start=1):
        costs = total[:k] + step[:k]
        best = costs.argmin()
        if (cost := costs[best] + own[k]) < total[k]:
            total[k], before[k] = cost, best
    k = int(np.argmin(total + (place.stop - 1 - last) / pixels_per_mm))
    way = []
    while k >= 0:
        way.append(k)
        k = int(before[k])
    return way[::-1]


def _steps(
    runs: Runs, heads: NDArray[np.intp], tails: NDArray[np.intp], pixels_per_mm: float
) -> Iterator[NDArray[np.float64]]:
    """Yield for every piece what the step to it costs from each of all pieces."""
    for start in range(0, len(heads), _STEPS_AT_ONCE):
        here = heads[start : start + _STEPS_AT_ONCE, None]
        open_columns = runs.column[here] - runs.column[tails] - 1
        gap = np.maximum(
            runs.first[here] - runs.stop[tails], runs.first[tails] - runs.stop[here]
        ).clip(0)
        costs = (open_columns.clip(0) + _JUMP * gap) / pixels_per_mm
        is_behind = runs.column[tails[start : start + _STEPS_AT_ONCE, None]] > runs.column[tails]
        is_possible = is_behind & (open_columns >= -_OVERLAP_MM * pixels_per_mm)
        yield from np.where(is_possible, costs, np.inf)


def _own_costs(
    runs: Runs, pieces: Pieces, place: Place, pixels_per_mm: float
) -> NDArray[np.float64]:
    """Return what every piece costs by itself: its distance from the baseline, less its ink."""
    joined, starts = pieces.runs, pieces.starts[:-1]
    first, stop = runs.first[joined], runs.stop[joined]
    away = np.maximum(first - place.baseline, place.baseline - stop).clip(0)
    costs = _AT_NEXT_ROW * (away / place.row_distance) ** 2
    costs -= _INK * np.maximum((stop - first) / pixels_per_mm - _LETTER_MM, 0)
    climb = np.abs(np.diff(runs.upper[joined] + runs.lower[joined], prepend=np.nan)) / 2
    climb[starts] = 0
    costs += _CLIMB * np.minimum(climb, _LETTER_MM * pixels_per_mm)
    return np.add.reduceat(costs, starts) / pixels_per_mm


def pen_centre(edges: NDArray[np.float32], pen: float) -> NDArray[np.float64]:
    """Return the height of the pen's centre in every column, also at the tips of steep waves.

    The edge of a trace is that of all discs that the pen has covered. Where the line is a narrow
    peak, its upper edge, taken back by a disc, is exact, and the lower one shows the flanks only;
    in a narrow valley it is the other way round; elsewhere both agree.

    Parameters
    ----------
    edges : ndarray of shape (2, n_columns)
        Upper and lower edge; NaN where there is no ink.
    pen : float
        Width of the pen in pixels.

    Returns
    -------
    ndarray of float64 of shape (n_columns,)
        Rows; NaN where there is no ink.
    """
    upper, lower = np.full(edges.shape, np.nan)
    reach = math.ceil(pen / 2) + 1
    padded = np.full((2, edges.shape[1] + 2 * reach), np.nan)
    padded[:, reach:-reach] = edges
    for angle in np.linspace(-np.pi / 2, np.pi / 2, _PLACES):
        # Between the columns, too: in a steep flank the edge moves far within half a pixel.
        over, under = _between(padded, reach + pen / 2 * np.sin(angle), edges.shape[1])
        height = pen / 2 * np.cos(angle)
        upper, lower = np.fmax(upper, over + height), np.fmin(lower, under - height)
    upper[np.isnan(edges[0])] = lower[np.isnan(edges[0])] = np.nan
    centre = (upper + lower) / 2
    doubt = np.maximum(lower - upper, 0)
    # Pixels alone make edges differ by one or so, which is no sign of a peak.
    doubt *= np.clip(doubt / _USUAL_DOUBT - 1, 0, 1)
    beside = _mean_beside(centre, round(pen) + 1)
    return centre - doubt * np.clip((beside - centre) / np.maximum(doubt, 1), -0.5, 0.5)


def _between(edges: NDArray[np.float64], start: float, n_columns: int) -> NDArray[np.float64]:
    """Return the edges at ``start`` and every column after it; NaN beside NaN."""
    first = math.floor(start)
    left, right = edges[:, first:][:, :n_columns], edges[:, first + 1 :][:, :n_columns]
    return left if first == start else left + (right - left) * (start - first)


def _mean_beside(centre: NDArray[np.float64], distance: int) -> NDArray[np.float64]:
    """Return the mean of the heights on both sides; at gaps, of the side that has ink."""
    padded = np.pad(centre, distance, constant_values=np.nan)
    left, right = padded[: -2 * distance], padded[2 * distance :]
    both = (left + right) / 2
    return np.where(np.isnan(both), np.where(np.isnan(left), right, left), both)


def curve_at(centre: NDArray[np.floating], columns: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the trace between the columns, over gaps without overshoot, flat before and behind.

    Parameters
    ----------
    centre : ndarray of shape (n_columns,)
        The trace in every column; NaN in gaps.
    columns : ndarray of shape (n_timesteps,)
        Where to read it; the first column lies at 0.

    Returns
    -------
    ndarray of float64 of shape (n_timesteps,)
        The trace; NaN if fewer than two columns are known.
    """
    known = np.flatnonzero(~np.isnan(centre))
    if len(known) < 2:
        return np.full(len(columns), np.nan)
    inside = np.arange(known[0], known[-1] + 1)
    bridged = centre[inside]
    gaps = np.isnan(bridged)
    if gaps.any():
        bridged[gaps] = PchipInterpolator(known, centre[known])(inside[gaps])
    # A straight line from column to column would cut the tips.
    return Akima1DInterpolator(inside, bridged)(columns.clip(inside[0], inside[-1]))
