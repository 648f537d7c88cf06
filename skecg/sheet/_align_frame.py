"""Aligning a sheet by the frame of its grid."""

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
    grid_box_of,
    pixels_per_mm_of,
    solve_homography,
)
from ._frame_lines import refine_frame
from ._grid_edges import find_frames
from ._layouts import LeadLayout
from ._reduced import Reduced

# From the outermost reddish pixels of the published sheets, which are compressed, to the middle
# of the frame's lines, in mm: between that of the published sheets and of those made by skecg.
_INSET_MM = np.array([2.25, 2.0, -2.5, -2.75]) / EDAN_PIXELS_PER_MM
_LEAST_SCORE = 2.1  # of a frame, at most 3; text, traces and desks without a grid reach 1.9
_N_TRIED = 3  # frames; the traces tell which is the grid's
_LEAST_SEEN = 0.7  # of each line of the frame, to take the picture for the upright sheet
_NEAR_MM = (1.6, 0.6)  # in which a line of the frame is looked for, twice
_ASPECT_TOLERANCE = 0.01  # of a picture that may be the whole sheet
_LEAST_PIXELS_PER_MM = 1.4  # 36 dpi: no grid can be told on less


def align_upright_frame(picture: NDArray[np.uint8], layout: LeadLayout) -> SheetAlignment | None:
    """Align a picture that is the whole sheet, upright, else return None."""
    size = layout.sheet_size
    if size is None:
        return None
    scale = np.array(picture.shape[1::-1]) / size
    if abs(scale[0] / scale[1] - 1) > _ASPECT_TOLERANCE:
        return None
    own = _frame_of(layout)
    per_mm = pixels_per_mm_of(layout) * scale.mean()
    found = refine_frame(picture, own * scale, per_mm, (0.25,))
    away = np.abs(found.corners - own * scale).max()
    if away > UPRIGHT_MM * per_mm or found.shares.min() < _LEAST_SEEN:
        return None
    return alignment_of(solve_homography(own, found.corners), layout, "grid")


def align_near_frame(
    picture: NDArray[np.uint8], near: SheetAlignment, layout: LeadLayout
) -> SheetAlignment | None:
    """Align a picture by the frame beside a place that may be a millimetre off, else return None.

    Lines of a grid look alike, but for those that frame it.
    """
    own = _frame_of(layout)
    found = refine_frame(picture, near.to_picture(own), near.pixels_per_mm, _NEAR_MM)
    if found.shares.min() < _LEAST_SEEN:
        return None
    return alignment_of(solve_homography(own, found.corners), layout, "grid")


def align_frames(
    picture: NDArray[np.uint8], reduced: Reduced, layout: LeadLayout
) -> Iterator[SheetAlignment]:
    """Align a picture by frames that may be that of the grid, the most likely first."""
    own = _frame_of(layout)
    width, height = own[2] - own[0]
    for frame in find_frames(reduced, width / height)[:_N_TRIED]:
        if frame.score < _LEAST_SCORE:
            return
        per_mm = float(np.linalg.norm(frame.corners[2] - frame.corners[0]))
        per_mm *= pixels_per_mm_of(layout) / float(np.linalg.norm(own[2] - own[0]))
        if per_mm < _LEAST_PIXELS_PER_MM:
            raise ValueError(
                f"The sheet is too small: about {per_mm:.1f} pixels per mm ({per_mm * 25.4:.0f} "
                "dpi); scan it at 100 dpi or more."
            )
        corners = refine_frame(picture, frame.corners, per_mm).corners
        yield alignment_of(solve_homography(own, corners), layout, "grid")


def _frame_of(layout: LeadLayout) -> NDArray[np.float64]:
    """Return the corners where the middles of the lines of the frame meet."""
    return corners_of(np.array(grid_box_of(layout)) + _INSET_MM * pixels_per_mm_of(layout))
