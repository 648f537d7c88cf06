"""Aligning a sheet without a grid by the ends of its rows, calibration pulses and rules."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._alignment import SheetAlignment, alignment_of, pixels_per_mm_of, project
from ._ink_rows import Rows
from ._layouts import LeadLayout
from ._row_marks import Frame, Marks, find_marks

_N_ROUNDS = 3
# Where marks lie, in mm, and how far they are off. A trace begins half a pen before its first
# sample or at it, and ends at most one sample before the time of the row is over.
_FIRST, _LAST = -0.05, -0.12
_START, _END, _LEVEL, _RULE = 0.08, 0.1, 0.08, 0.02
_ISOTROPIC = 4e-4  # how much the scales along and across may differ
_OUTLIER_MM, _NEAR_MM = 0.35, 0.03
_N_WEIGHTINGS = 8
# Residual above which perspective is assumed, if it makes it so much smaller.
_FLAT_MM, _MUCH_BETTER = 0.12, 0.6
_LEAST_ROWS = 0.6  # whose start is seen, and whose end
_LEAST_WITHOUT_PULSES = 0.8  # of starts and ends
_LEAST_RULE_MM = 40.0


class Placed(NamedTuple):
    """Where a sheet lies, and whether most rows have their calibration pulse there."""

    place: SheetAlignment
    has_pulses: bool


def align_marks(
    grey: NDArray[np.uint8],
    start: SheetAlignment,
    similar: SheetAlignment,
    rows: Rows,
    layout: LeadLayout,
) -> Placed | None:
    """Refine a rough alignment of a sheet without a grid; None if the marks do not agree.

    Parameters
    ----------
    grey : ndarray of uint8 of shape (height, width)
        The picture, the brightest of its three colours.
    start : SheetAlignment
        A rough one; it may be one row too high or too low.
    similar : SheetAlignment
        A rough one that is a shift, rotation and scale.
    rows : Rows
        The rows of the layout.
    layout : LeadLayout
        The layout.
    """
    per_mm = pixels_per_mm_of(layout)
    frame = frame_of(rows, layout, per_mm)
    to_mm = np.diag([per_mm, per_mm, 1.0])
    similar, matrix = similar.matrix @ to_mm, start.matrix @ to_mm
    n_rows = len(rows.baselines)
    for _ in range(_N_ROUNDS):
        now = alignment_of(matrix @ np.linalg.inv(to_mm), layout, "layout")
        marks = find_marks(grey, now, frame)
        first = _first_row(marks, n_rows)
        if first is None:
            return None
        kept = slice(first, first + n_rows)
        if first != 1:  # rules were looked for elsewhere
            marks = marks._replace(rules=marks.rules[:0])
        fit = _fit(marks, frame, kept, np.linalg.inv(similar) @ matrix)
        if fit is None:
            return None
        matrix = similar @ fit
    has_pulses = bool((~np.isnan(marks.levels[1:-1])).mean() >= _LEAST_ROWS)
    if first != 1 or not (has_pulses or _may_lack_pulses(marks, matrix)):
        return None
    return Placed(alignment_of(matrix @ np.linalg.inv(to_mm), layout, "layout"), has_pulses)


def _may_lack_pulses(marks: Marks, matrix: NDArray[np.float64]) -> bool:
    """Tell whether all but the pulses is as it should be."""
    is_flat = bool((matrix[2, :2] == 0).all())
    ends = ~np.isnan([marks.starts[1:-1], marks.ends[1:-1]])
    has_none = bool(np.isnan(marks.levels).all())
    return is_flat and has_none and ends.mean() >= _LEAST_WITHOUT_PULSES


def frame_of(rows: Rows, layout: LeadLayout, per_mm: float) -> Frame:
    """Return the rows of a layout in mm, with one more above and below."""
    y = rows.baselines / per_mm
    pitch = 2 * rows.reach / per_mm
    if len(y) > 1:
        y = np.concatenate([[2 * y[0] - y[1]], y, [2 * y[-1] - y[-2]]])
    else:
        y = np.concatenate([y - pitch, y, y + pitch])
    return Frame(
        rows.left / per_mm, rows.right / per_mm, y, min(pitch / 2, 14.0),
        layout.mm_per_mv, _borders(rows, layout, per_mm),
    )  # fmt: skip


def _borders(rows: Rows, layout: LeadLayout, per_mm: float) -> tuple[tuple[float, ...], ...]:
    """Return where rules may be: between leads, over the rows that have a lead beginning there."""
    if layout.traces is None:
        return ()
    table = np.array(layout.traces)[:, :2] / per_mm
    found = []
    for x in np.unique(table[:, 0]):
        y = table[table[:, 0] == x, 1]
        if x > rows.left / per_mm + 1 and np.ptp(y) > _LEAST_RULE_MM:
            found.append((float(x), float(y.min()), float(y.max())))
    return tuple(found)


def _first_row(marks: Marks, n_rows: int) -> int | None:
    """Return which of the rows looked at is the first of the layout: 0, 1 or 2."""
    seen = (~np.isnan([marks.starts, marks.ends, marks.levels])).astype(int)
    counts = [seen[:, k : k + n_rows].sum() for k in range(3)]
    best = int(np.argmax(counts))
    if sorted(counts)[1] == counts[best]:
        return None
    return best


def _fit(
    marks: Marks, frame: Frame, kept: slice, from_similar: NDArray
) -> NDArray[np.float64] | None:
    """Return the homography from the layout to the plane of the rough similarity, both in mm."""
    y = frame.baselines[kept] + np.nan_to_num(marks.levels[kept])
    true_y = frame.baselines[1:-1]
    starts, ends = marks.starts[kept], marks.ends[kept]
    if min((~np.isnan(starts)).mean(), (~np.isnan(ends)).mean()) < _LEAST_ROWS:
        return None
    pulse_x = np.where(np.isnan(marks.pulses[kept]), frame.left, marks.pulses[kept])
    level_y = np.where(np.isnan(marks.levels[kept]), np.nan, y)
    n = len(true_y)
    rules = marks.rules
    # Measured x and y, the true value, whether it is that of y, and how far it may be off.
    table = [
        (starts, y, np.full(n, frame.left + _FIRST), 0, _START),
        (ends, y, np.full(n, frame.right + _LAST), 0, _END),
        (pulse_x, level_y, true_y, 1, _LEVEL),
        (rules[:, 1], rules[:, 2], rules[:, 0], 0, _RULE),
    ]
    places = [np.column_stack(np.broadcast_arrays(*row)) for row in table]
    places = np.concatenate(places)
    places = places[~np.isnan(places).any(axis=1)]
    places[:, :2] = project(from_similar, places[:, :2])
    middle = np.array([(frame.left + frame.right) / 2, frame.baselines.mean()])
    solution, away = _solve(places, middle, is_flat=True)
    if (flat := _residual(away)) > _FLAT_MM:
        other = _solve(places, middle, is_flat=False)
        if _residual(other[1]) < _MUCH_BETTER * flat:
            solution, away = other
    if (away < _OUTLIER_MM).mean() < _LEAST_ROWS:
        return None
    return np.linalg.inv(solution)


def _residual(away: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(np.minimum(away, 1.0) ** 2)))


def _solve(places: NDArray, middle: NDArray, is_flat: bool) -> tuple[NDArray, NDArray]:
    """Return the homography of the places to their true ones, and how far each is off in mm."""
    x, y = (places[:, :2] - middle).T
    is_y = places[:, 3] == 1
    true = places[:, 2] - np.where(is_y, middle[1], middle[0])
    zero = np.zeros(len(x))
    one = np.ones(len(x))
    rows = np.column_stack([
        *(np.where(is_y, 0, column) for column in (x, y, one)),
        *(np.where(is_y, column, 0) for column in (x, y, one)),
        *((zero, zero) if is_flat else (-true * x, -true * y)),
    ])  # fmt: skip
    tie = 1 / _ISOTROPIC
    prior = np.zeros((4, 8))
    prior[0, [0, 4]] = tie, -tie
    prior[1, [1, 3]] = tie, tie
    prior[2, 6] = prior[3, 7] = 1 / 2e-4
    goal = np.zeros(4)
    weights = 1 / places[:, 4]
    away = np.zeros(len(x))
    for _ in range(_N_WEIGHTINGS):
        # Far ones count by their distance, not by its square, and the farthest not at all.
        own = weights / np.sqrt(np.maximum(1, away / _NEAR_MM))
        own[away > max(_OUTLIER_MM, 3 * float(np.median(away)))] = 0
        left = np.concatenate([rows * own[:, None], prior])
        right = np.concatenate([true * own, goal])
        solution = np.linalg.lstsq(left, right, rcond=None)[0]
        away = np.abs(rows @ solution - true)
    matrix = np.array([solution[:3], solution[3:6], [*solution[6:], 1.0]])
    shift = np.array([[1, 0, -middle[0]], [0, 1, -middle[1]], [0, 0, 1]])
    return np.linalg.inv(shift) @ matrix @ shift, away
