"""Where a sheet lies in a picture: the homography from the pixels of a layout to the picture's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._frame_lines import refine_frame
from ._grid_edges import Frame, find_frames, reduce_picture
from ._layouts import SHEET_SIZE, LeadLayout, get_layout

# Of an EDAN sheet, which is 2213 pixels wide.
_EDAN_PIXELS_PER_MM = 200 / 25.4
# From the outermost reddish pixels of the published sheets, which are compressed, to the middle
# of the frame's lines, in mm: between that of the published sheets and of those made by skecg.
_INSET_MM = np.array([2.25, 2.0, -2.5, -2.75]) / _EDAN_PIXELS_PER_MM
_LEAST_SCORE = 2.1  # of a frame, at most 3; text, traces and desks without a grid reach 1.9
_LEAST_PIXELS_PER_MM = 2.8  # 70 dpi


@dataclass(frozen=True)
class SheetAlignment:
    """Where a sheet lies in a picture.

    Parameters
    ----------
    matrix : ndarray of float64 of shape (3, 3)
        Homography from (x, y, 1) in pixels of the layout to pixels of the picture. (0, 0) is the
        upper left corner of the upper left pixel.
    pixels_per_mm : float
        Resolution of the picture, about the middle of the sheet.
    source : str
        ``"grid"``, or ``"layout"`` where no grid was found.
    layout_pixels_per_mm : float, default=200 / 25.4
        Resolution that the layout is measured at.
    """

    matrix: NDArray[np.float64]
    pixels_per_mm: float
    source: str
    layout_pixels_per_mm: float = _EDAN_PIXELS_PER_MM

    def to_picture(self, points: ArrayLike) -> NDArray[np.float64]:
        """Return where points (n, 2) of the layout lie in the picture."""
        return project(self.matrix, points)


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
    left, upper, right, lower = np.array(layout.grid_box) + _INSET_MM * per_mm
    frames = find_frames(reduce_picture(picture), (right - left) / (lower - upper))
    own = np.array([(left, upper), (right, upper), (right, lower), (left, lower)])
    found = frames[0] if frames else Frame(own, 0.0)
    if found.score < _LEAST_SCORE:
        raise ValueError(
            f"No grid of the layout was found on a picture of {picture.shape[1]} x "
            f"{picture.shape[0]} pixels. Use a picture of the whole grid, upright to 5 degrees, "
            "and the layout of the sheet; or align=None, which places the boxes by the size of "
            "the picture."
        )
    scale = np.linalg.norm(found.corners[2] - found.corners[0]) / np.linalg.norm(own[2] - own[0])
    if scale * per_mm < _LEAST_PIXELS_PER_MM:
        raise ValueError(
            f"The sheet is too small: about {scale * per_mm:.1f} pixels per mm "
            f"({scale * per_mm * 25.4:.0f} dpi); scan it at 100 dpi or more."
        )
    corners = refine_frame(np.ascontiguousarray(picture), found.corners, scale * per_mm)
    return _alignment(solve_homography(own, corners), layout, "grid")


def pixels_per_mm_of(layout: LeadLayout) -> float:
    """Return the resolution that a layout is measured at, by its own word or its width."""
    per_mm = getattr(layout, "pixels_per_mm", None)
    if per_mm is None:
        width = layout.sheet_size[0] if layout.sheet_size else SHEET_SIZE[0]
        per_mm = _EDAN_PIXELS_PER_MM * width / SHEET_SIZE[0]
    return float(per_mm)


def solve_homography(points: ArrayLike, images: ArrayLike) -> NDArray[np.float64]:
    """Return the homography that maps points (n, 2) onto images, by least squares."""
    rows = []
    for (x, y), (u, v) in zip(np.asarray(points, float), np.asarray(images, float)):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    solution = np.linalg.lstsq(np.array(rows), np.asarray(images, float).ravel(), rcond=None)[0]
    return np.append(solution, 1.0).reshape(3, 3)


def project(matrix: NDArray[np.float64], points: ArrayLike) -> NDArray[np.float64]:
    """Map points (n, 2) by a homography."""
    points = np.asarray(points, float)
    mapped = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return mapped[:, :2] / mapped[:, 2:]


def _alignment(matrix: NDArray[np.float64], layout: LeadLayout, source: str) -> SheetAlignment:
    per_mm = pixels_per_mm_of(layout)
    left, upper, right, lower = layout.grid_box or (0, 0, *(layout.sheet_size or SHEET_SIZE))
    middle = np.array([(left + right) / 2, (upper + lower) / 2])
    around = middle + np.array([(0, 0), (1, 0), (0, 1)])
    origin, along, below = project(matrix, around)
    scale = np.sqrt(abs(np.linalg.det([along - origin, below - origin])))
    return SheetAlignment(matrix, float(scale * per_mm), source, per_mm)


def _check_picture(picture: NDArray[np.uint8]) -> None:
    is_rgb = isinstance(picture, np.ndarray) and picture.ndim == 3 and picture.shape[2] in (3, 4)
    if not is_rgb or picture.dtype != np.uint8 or picture.size == 0:
        is_array = isinstance(picture, np.ndarray)
        got = f"{picture.dtype} of {picture.shape}" if is_array else repr(picture)
        raise ValueError(
            "The picture must be an array of uint8 of shape (height, width, 3), as that of "
            f"read_image; got {got}."
        )
