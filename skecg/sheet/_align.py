"""Where a sheet lies in a picture: the homography from the pixels of a layout to the picture's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ._alignment import (
    EDAN_PIXELS_PER_MM,
    UPRIGHT_MM,
    SheetAlignment,
    alignment_of,
    corners_of,
    fit_affine,
    pixels_per_mm_of,
    project,
    solve_homography,
)
from ._frame_lines import refine_frame
from ._grid_edges import Reduced, find_frames, reduce_picture
from ._grid_phase import fit_shifts, grid_shifts
from ._ink_rows import Rows, find_ink, find_rows, refine_rows, rows_of
from ._layouts import LeadLayout, get_layout
from ._row_checks import is_upside_down, rows_agree
from ._straighten import straighten

# From the outermost reddish pixels of the published sheets, which are compressed, to the middle
# of the frame's lines, in mm: between that of the published sheets and of those made by skecg.
_INSET_MM = np.array([2.25, 2.0, -2.5, -2.75]) / EDAN_PIXELS_PER_MM
_LEAST_SCORE = 2.1  # of a frame, at most 3; text, traces and desks without a grid reach 1.9
_LEAST_SEEN = 0.7  # of each line of the frame, to take the picture for the upright sheet
_LEAST_PIXELS_PER_MM = 1.4  # 36 dpi: no grid can be told on less


_LEAST_CURVED_MM = 0.8  # residual of an affine map from which perspective is assumed
_GRID_PIXELS_PER_MM = 4.0  # at which its lines are looked for
_MOST_GRID_RESIDUAL_MM = 0.35
_MOST_STRETCH = 0.012
_MOST_RESIDUAL_MM = 2.5  # of the ends of the rows of traces
_EDAN_GRID = (67, 283, 2178, 1520)
# The dots of its grid are farther apart than the traces have it, and begin outside of the frame.
_EDAN_PITCH, _EDAN_FIRST = 7.945, np.array([57.9, 284.6])
# Of layouts that do not say where their traces are.
_EDAN_ROWS = Rows(153.5, 153.5 + 250 * EDAN_PIXELS_PER_MM, np.array([463.5, 764, 1066, 1367]))


def align_sheet(picture: NDArray[np.uint8], layout: str | LeadLayout) -> SheetAlignment:
    """Find a sheet of a known layout in a scan or photograph.

    Rotation and perspective to 5 degrees, 100 to 600 dpi, margins, uneven light, blur and a grid
    of any colour are allowed for. The four sides of the grid fix the place.

    Parameters
    ----------
    picture : ndarray of uint8 of shape (height, width, 3)
        The picture in RGB, as of :func:`read_image`.
    layout : str or LeadLayout
        Name of a layout, or a layout with a ``grid_box``.

    Returns
    -------
    SheetAlignment
        Where the sheet lies.

    Raises
    ------
    ValueError
        If the picture is no such array, or holds no grid of this layout.
    """
    layout = get_layout(layout)
    _check_picture(picture)
    picture = picture[..., :3]
    if layout.grid_box is None:
        raise ValueError("The layout has no grid_box; it cannot be aligned with a grid.")
    per_mm = pixels_per_mm_of(layout)
    own = corners_of(np.array(layout.grid_box) + _INSET_MM * per_mm)
    corners = _upright_frame(picture, layout, own)
    if corners is not None:
        return alignment_of(solve_homography(own, corners), layout, "grid")
    reduced = reduce_picture(picture)
    ink, rows = find_ink(reduced.grey), _rows_of(layout, per_mm)
    for place in _places(picture, reduced, ink, rows, layout, own):
        if _is_confirmed(ink, place.matrix, rows, per_mm, reduced.factor):
            return place
    raise ValueError(
        "No reddish grid, nor one of another colour, and no traces of this layout were found on a "
        f"picture of {picture.shape[1]} x {picture.shape[0]} pixels. Use a picture of the whole "
        "grid, upright to 5 degrees, at 100 dpi or more, and the layout of the sheet."
    )


def _places(
    picture: NDArray[np.uint8],
    reduced: Reduced,
    ink: NDArray[np.bool_],
    rows: Rows | None,
    layout: LeadLayout,
    own: NDArray[np.float64],
) -> Iterator[SheetAlignment]:
    """Yield where the sheet may be, the surest and finest place first."""
    has_frame = layout.grid_box == _EDAN_GRID
    if has_frame or rows is None:
        yield from _by_frame(picture, reduced, layout, own)
    if rows is None:
        return
    matrix = _by_rows(ink, rows, layout, reduced.factor)
    if matrix is not None:
        rough = alignment_of(matrix, layout, "layout")
        finer = _by_grid_lines(picture, rough, layout)
        if finer is not None:
            yield alignment_of(finer, layout, "grid")
    if not has_frame:
        yield from _by_frame(picture, reduced, layout, own)
    if matrix is not None:
        yield rough


def _by_frame(
    picture: NDArray[np.uint8], reduced: Reduced, layout: LeadLayout, own: NDArray[np.float64]
) -> Iterator[SheetAlignment]:
    corners = _any_frame(picture, reduced, own, pixels_per_mm_of(layout))
    if corners is not None:
        yield alignment_of(solve_homography(own, corners), layout, "grid")


def _is_confirmed(
    ink: NDArray[np.bool_],
    matrix: NDArray[np.float64],
    rows: Rows | None,
    per_mm: float,
    factor: int,
) -> bool:
    """Tell whether the traces are where the layout has them; raise if they are upside down."""
    if rows is None:
        return True
    points = _ink_on_layout(ink, np.diag([1 / factor, 1 / factor, 1.0]) @ matrix)
    if is_upside_down(points, rows, per_mm):
        raise ValueError(
            "The sheet is upside down: the calibration pulses, which begin each row of traces, "
            "stand at its end. Turn the picture by 180 degrees."
        )
    return rows_agree(points, rows, per_mm)


def _ink_on_layout(ink: NDArray[np.bool_], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the places (n, 2) of ink in pixels of the layout, by the map to the picture."""
    y, x = np.nonzero(ink)
    return project(np.linalg.inv(matrix), np.column_stack([x, y]) + 0.5)


def _by_rows(
    ink: NDArray[np.bool_], rows: Rows | None, layout: LeadLayout, factor: int
) -> NDArray[np.float64] | None:
    """Return the homography that the rows of traces give, or None."""
    if rows is None:
        return None
    per_mm = pixels_per_mm_of(layout)
    width = layout.sheet_size[0] if layout.sheet_size else rows.right + rows.left
    found = find_rows(ink, rows, width, per_mm)
    if found is None:
        return None
    matrix, away = _fit_ends(*found, per_mm)
    # Under perspective the rows were not level at first.
    again = refine_rows(_ink_on_layout(ink, matrix), rows, per_mm, _scale_of(matrix))
    if again is not None:
        shift, away = _fit_ends(*again, per_mm)
        matrix = matrix @ shift
    if away > _MOST_RESIDUAL_MM * per_mm:
        return None
    return np.diag([factor, factor, 1.0]) @ matrix


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


def _by_grid_lines(
    picture: NDArray[np.uint8], rough: SheetAlignment, layout: LeadLayout
) -> NDArray[np.float64] | None:
    """Return a finer homography by the lines of the grid, or None where they are not seen."""
    per_mm = rough.layout_pixels_per_mm
    pitch, first = per_mm, np.array(layout.grid_box[:2])
    if layout.grid_box == _EDAN_GRID:
        pitch, first = _EDAN_PITCH, _EDAN_FIRST
    straight = straighten(picture, rough, layout.grid_box, _GRID_PIXELS_PER_MM)
    origin = (np.array(layout.grid_box[:2]) - first) / pitch
    ratio = per_mm / _GRID_PIXELS_PER_MM
    found = grid_shifts(straight.min(axis=2), pitch / ratio, tuple(origin))
    if found is None:
        return None
    middles, shifts = found
    shift = fit_shifts(
        solve_homography, project, middles * ratio, shifts * ratio, _MOST_GRID_RESIDUAL_MM * per_mm
    )
    if shift is None:
        return None
    left, upper = np.array(layout.grid_box[:2], float)
    to_box = np.array([[1, 0, -left], [0, 1, -upper], [0, 0, 1]])
    shift = np.linalg.inv(to_box) @ shift @ to_box
    # The traces' own length gives the scale to less than that; another grid does not belong here.
    width = np.ptp(project(shift, corners_of(layout.grid_box)), axis=0) / np.ptp(
        corners_of(layout.grid_box), axis=0
    )
    if np.abs(width - 1).max() > _MOST_STRETCH:
        return None
    return rough.matrix @ shift


def _rows_of(layout: LeadLayout, per_mm: float) -> Rows | None:
    traces = getattr(layout, "traces", None)
    if traces is not None:
        return rows_of(traces, getattr(layout, "mm_per_second", 25.0) * per_mm)
    if layout.grid_box == _EDAN_GRID and "aVR" in layout.lead_names:
        return _EDAN_ROWS
    return None


def _upright_frame(
    picture: NDArray[np.uint8], layout: LeadLayout, own: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Return the corners of the frame where the picture is the whole sheet, else None."""
    size = layout.sheet_size
    if size is None:
        return None
    scale = np.array(picture.shape[1::-1]) / size
    if abs(scale[0] / scale[1] - 1) > 0.01:
        return None
    per_mm = pixels_per_mm_of(layout) * scale.mean()
    found = refine_frame(picture, own * scale, per_mm, (0.25,))
    is_there = np.abs(found.corners - own * scale).max() <= UPRIGHT_MM * per_mm
    return found.corners if is_there and found.shares.min() >= _LEAST_SEEN else None


def _any_frame(
    picture: NDArray[np.uint8], reduced: Reduced, own: NDArray[np.float64], per_mm: float
) -> NDArray[np.float64] | None:
    """Return the corners of the frame wherever it lies, or None."""
    width, height = own[2] - own[0]
    frames = find_frames(reduced, width / height)
    if not frames or frames[0].score < _LEAST_SCORE:
        return None
    corners = frames[0].corners
    scale = np.linalg.norm(corners[2] - corners[0]) / np.linalg.norm(own[2] - own[0])
    if scale * per_mm < _LEAST_PIXELS_PER_MM:
        raise ValueError(
            f"The sheet is too small: about {scale * per_mm:.1f} pixels per mm "
            f"({scale * per_mm * 25.4:.0f} dpi); scan it at 100 dpi or more."
        )
    return refine_frame(picture, corners, scale * per_mm).corners


def _check_picture(picture: NDArray[np.uint8]) -> None:
    is_rgb = isinstance(picture, np.ndarray) and picture.ndim == 3 and picture.shape[2] in (3, 4)
    if not is_rgb or picture.dtype != np.uint8 or picture.size == 0:
        is_array = isinstance(picture, np.ndarray)
        got = f"{picture.dtype} of {picture.shape}" if is_array else repr(picture)
        raise ValueError(
            "The picture must be an array of uint8 of shape (height, width, 3), as that of "
            f"read_image; got {got}."
        )
