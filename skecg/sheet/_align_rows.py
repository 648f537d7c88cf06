"""Aligning a sheet by its rows of traces, and then by the lines of its grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._alignment import (
    EDAN_GRID,
    EDAN_PIXELS_PER_MM,
    SheetAlignment,
    alignment_of,
    corners_of,
    fit_affine,
    grid_box_of,
    pixels_per_mm_of,
    project,
    solve_homography,
)
from ._grid_phase import fit_shifts, grid_shifts
from ._ink_rows import Ink, Rows, RowsAt, find_rows, guess_rows, refine_rows, rows_of
from ._layouts import LeadLayout
from ._straighten import straighten

_LEAST_CURVED_MM = 0.8  # residual of an affine map from which perspective is assumed
_MOST_RESIDUAL_MM = 2.5  # of the ends of the rows of traces
_GRID_PIXELS_PER_MM = 4.0  # at which the lines of the grid are looked for
_MOST_GRID_RESIDUAL_MM = 0.35
_MOST_STRETCH = 0.012  # by which the scale of the grid may differ from that of the rows
# The dots of EDAN's grid are farther apart than the traces have it, and begin outside of the frame.
_EDAN_PITCH, _EDAN_FIRST = 7.945, np.array([57.9, 284.6])
# Of layouts that do not say where their traces are.
_EDAN_ROWS = Rows(153.5, 153.5 + 250 * EDAN_PIXELS_PER_MM, np.array([463.5, 764, 1066, 1367]))


def rows_of_layout(layout: LeadLayout) -> Rows | None:
    """Return the rows of traces of a layout, or None if it does not say where they are."""
    if layout.traces is not None:
        return rows_of(layout.traces, layout.mm_per_second * pixels_per_mm_of(layout))
    if layout.grid_box == EDAN_GRID and "aVR" in layout.lead_names:
        return _EDAN_ROWS
    return None


def guess_place(ink: Ink, rows: Rows, layout: LeadLayout) -> RowsAt | None:
    """Find rows of traces by their distances and lengths, or return None."""
    width = layout.sheet_size[0] if layout.sheet_size else rows.right + rows.left
    return guess_rows(ink.mask, rows, width)


def align_similar(guess: RowsAt, ink: Ink, rows: Rows, layout: LeadLayout) -> SheetAlignment:
    """Return the shift, rotation and scale of a guess; it may be some rows too high or low."""
    own = corners_of((rows.left, rows.baselines[0], rows.right, rows.baselines[0] + rows.reach))
    return alignment_of(fit_affine(own, ink.factor * guess.to_picture(own)), layout, "layout")


def align_rows(guess: RowsAt, ink: Ink, rows: Rows, layout: LeadLayout) -> SheetAlignment | None:
    """Align a picture by the ends of its rows of traces, to a mm or so, or return None."""
    per_mm = pixels_per_mm_of(layout)
    found = find_rows(guess, rows, per_mm)
    if found is None:
        return None
    matrix, away = _fit_ends(*found, per_mm)
    # Under perspective the rows were not level at first.
    places = project(np.linalg.inv(matrix), ink.places / ink.factor)
    again = refine_rows(places, rows, per_mm, _scale_of(matrix))
    if again is not None:
        shift, away = _fit_ends(*again, per_mm)
        matrix = matrix @ shift
    if away > _MOST_RESIDUAL_MM * per_mm:
        return None
    return alignment_of(np.diag([ink.factor, ink.factor, 1.0]) @ matrix, layout, "layout")


def align_grid_lines(
    picture: NDArray[np.uint8], rough: SheetAlignment, layout: LeadLayout
) -> SheetAlignment | None:
    """Align a picture by the lines of its grid, or return None where they are not seen.

    The heavy lines are counted from the left and upper edge of the layout's ``grid_box``.
    """
    per_mm, box = rough.layout_pixels_per_mm, grid_box_of(layout)
    pitch, first = per_mm, np.array(box[:2], float)
    if box == EDAN_GRID:
        pitch, first = _EDAN_PITCH, _EDAN_FIRST
    straight = straighten(picture, rough, box, _GRID_PIXELS_PER_MM)
    ratio = per_mm / _GRID_PIXELS_PER_MM
    x, y = (box[:2] - first) / pitch
    found = grid_shifts(straight.min(axis=2), pitch / ratio, (x, y))
    if found is None:
        return None
    middles, shifts = np.array(box[:2]) + found[0] * ratio, found[1] * ratio
    shift = fit_shifts(solve_homography, project, middles, shifts, _MOST_GRID_RESIDUAL_MM * per_mm)
    if shift is None:
        return None
    own = corners_of(box)
    stretch = np.ptp(project(shift, own), axis=0) / np.ptp(own, axis=0)
    # The rows give the scale to less than that: this grid is not the layout's.
    if np.abs(stretch - 1).max() > _MOST_STRETCH:
        return None
    return alignment_of(rough.matrix @ shift, layout, "grid")


def _fit_ends(
    own: NDArray[np.float64], ends: NDArray[np.float64], per_mm: float
) -> tuple[NDArray[np.float64], float]:
    """Return a map of the ends of rows, and how far most are off at most in pixels of the layout.

    A row that could not be told from its calibration pulse, or that begins with a wave, is left
    out.
    """
    kept = np.ones(len(own), bool)
    for _ in range(4):
        fit = fit_affine
        away = _away(fit(own[kept], ends[kept]), own, ends)
        if kept.sum() >= 6 and away[kept].max() > _LEAST_CURVED_MM * per_mm:
            fit = solve_homography
        matrix = fit(own[kept], ends[kept])
        away = _away(matrix, own, ends)
        kept = away <= max(1.5 * per_mm, 2 * float(np.median(away)))
    enough = kept.sum() >= max(4, 0.6 * len(own))
    return matrix, float(away[kept].max()) if enough else np.inf


def _away(matrix: NDArray, own: NDArray, ends: NDArray) -> NDArray[np.float64]:
    return np.linalg.norm(project(matrix, own) - ends, axis=1) / _scale_of(matrix)


def _scale_of(matrix: NDArray[np.float64]) -> float:
    return float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
