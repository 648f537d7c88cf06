"""Aligning a sheet without a grid by the ends of its rows, calibration pulses and rules."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._alignment import SheetAlignment, alignment_of, pixels_per_mm_of, project
from ._ink_rows import Rows
from ._layouts import LeadLayout
from ._row_marks import Frame, Marks, find_marks

_N_ROUNDS = 3
# Where marks lie, in mm, and how far they are off. A trace begins half a pen before its first
# sample or at it, and ends at most one sample before the time of the row is over.
_FIRST, _LAST = -0.05, -0.12
_START, _END, _LEVEL, _RULE = 0.08, 0.1, 0.08, 0.02
_ISOTROPIC = 4e-4  # how much the scales along and across usually differ
_PERSPECTIVE = 2e-4  # 1 / mm: that of 5 degrees
_MOST_STRETCH = 0.02  # by which they do in perspective; more is another layout
_OUTLIER_MM, _NEAR_MM = 0.35, 0.03
_N_WEIGHTINGS = 8
# Residual above which perspective is assumed, if it makes it so much smaller.
_FLAT_MM, _MUCH_BETTER = 0.16, 0.6
_LEAST_ROWS = 0.6  # whose start is seen, and whose end
_SETTLED_MM = 0.5  # of a pulse from its level in the last round
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
    plane, matrix = similar.matrix @ to_mm, start.matrix @ to_mm
    n_rows = len(rows.baselines)
    seen: list[Marks] = []
    for _ in range(_N_ROUNDS):
        now = alignment_of(matrix @ np.linalg.inv(to_mm), layout, "layout")
        marks = find_marks(grey, now, frame)
        first = _first_row(marks, n_rows)
        if first is None:
            return None
        kept = slice(first, first + n_rows)
        if first != 1:  # rules were looked for elsewhere
            marks = marks._replace(rules=marks.rules[:0])
        fit = _fit(marks, frame, kept, np.linalg.inv(plane) @ matrix)
        if fit is None:
            return None
        matrix = plane @ fit
        seen.append(marks)
    has_pulses = bool((np.abs(marks.levels[1:-1]) < _SETTLED_MM).mean() >= _LEAST_ROWS)
    if first != 1 or not (has_pulses or _may_lack_pulses(seen, matrix)):
        return None
    return Placed(alignment_of(matrix @ np.linalg.inv(to_mm), layout, "layout"), has_pulses)


def _may_lack_pulses(seen: list[Marks], matrix: NDArray[np.float64]) -> bool:
    """Tell whether no pulse was seen in any round, and all else is as it should be."""
    is_flat = bool((matrix[2, :2] == 0).all())
    ends = ~np.isnan([seen[-1].starts[1:-1], seen[-1].ends[1:-1]])
    has_none = all(np.isnan(marks.levels).all() for marks in seen)
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


def _borders(
    rows: Rows, layout: LeadLayout, per_mm: float
) -> tuple[tuple[float, float, float], ...]:
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
    ends = ~np.isnan([marks.starts[kept], marks.ends[kept]])
    if ends.mean(axis=1).min() < _LEAST_ROWS:
        return None
    places = _places(marks, frame, kept)
    places[:, :2] = project(from_similar, places[:, :2])
    middle = np.array([(frame.left + frame.right) / 2, frame.baselines.mean()])
    places[:, :2] -= middle
    places[:, 2] -= middle[places[:, 3].astype(int)]
    matrix, away = _flat_or_not(places)
    n_rules = len(marks.rules)
    if n_rules and _residual(away) > _FLAT_MM:
        # What stands at a border may be steep waves of several rows.
        other = _flat_or_not(places[:-n_rules])
        if _residual(other[1]) < _MUCH_BETTER * _residual(away):
            matrix, away = other
    stretch = np.linalg.norm(matrix[:2, 0]) / np.linalg.norm(matrix[:2, 1])
    if (away < _OUTLIER_MM).mean() < _LEAST_ROWS or abs(stretch - 1) > _MOST_STRETCH:
        return None
    to_middle = np.array([[1, 0, -middle[0]], [0, 1, -middle[1]], [0, 0, 1]])
    return np.linalg.inv(np.linalg.inv(to_middle) @ matrix @ to_middle)


def _places(marks: Marks, frame: Frame, kept: slice) -> NDArray[np.float64]:
    """Return for every mark its x and y, the true one, whether that is y, and the error in mm."""
    true_y, levels = frame.baselines[1:-1], marks.levels[kept]
    y = frame.baselines[kept] + np.nan_to_num(levels)
    x = np.where(np.isnan(levels), np.nan, marks.pulses[kept])
    table: list[tuple[ArrayLike, ...]] = [
        (marks.starts[kept], y, frame.left + _FIRST, 0, _START),
        (marks.ends[kept], y, frame.right + _LAST, 0, _END),
        (x, y, true_y, 1, _LEVEL),
        (marks.rules[:, 1], marks.rules[:, 2], marks.rules[:, 0], 0, _RULE),
    ]
    places = np.concatenate([np.column_stack(np.broadcast_arrays(*row)) for row in table])
    return places[~np.isnan(places).any(axis=1)]


def _flat_or_not(places: NDArray) -> tuple[NDArray, NDArray]:
    """Return the map and how far places are off, in perspective only if that is much better."""
    solution, away = _solve(places, is_flat=True)
    if _residual(away) > _FLAT_MM:
        other = _solve(places, is_flat=False)
        if _residual(other[1]) < _MUCH_BETTER * _residual(away):
            return other
    return solution, away


def _residual(away: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(np.minimum(away, 1.0) ** 2)))


def _solve(places: NDArray, *, is_flat: bool) -> tuple[NDArray, NDArray]:
    """Return the homography of the places to their true ones, and how far each is off in mm."""
    x, y, true, is_y, error = places.T
    zero, one = np.zeros(len(x)), np.ones(len(x))
    rows = np.column_stack([
        *(np.where(is_y == 1, 0, column) for column in (x, y, one)),
        *(np.where(is_y == 1, column, 0) for column in (x, y, one)),
        *((zero, zero) if is_flat else (-true * x, -true * y)),
    ])  # fmt: skip
    prior = np.zeros((4, 8))
    prior[0, [0, 4]] = np.array([1, -1]) / _ISOTROPIC
    prior[1, [1, 3]] = np.array([1, 1]) / _ISOTROPIC
    prior[[2, 3], [6, 7]] = 1 / _PERSPECTIVE
    away = np.zeros(len(x))
    for _ in range(_N_WEIGHTINGS):
        # Far ones count by their distance, not by its square, and the farthest not at all.
        own = 1 / (error * np.sqrt(np.maximum(1, away / _NEAR_MM)))
        own[away > max(_OUTLIER_MM, 3 * float(np.median(away)))] = 0
        left = np.concatenate([rows * own[:, None], prior])
        right = np.concatenate([true * own, np.zeros(len(prior))])
        solution = np.linalg.lstsq(left, right, rcond=None)[0]
        away = np.abs(rows @ solution - true)
    return np.array([solution[:3], solution[3:6], [*solution[6:], 1.0]]), away
