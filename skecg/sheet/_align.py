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
_LEAST_SEEN = 0.7  # of each line of the frame, to take the picture for the upright sheet
UPRIGHT_MM = 0.13  # half a pixel at 100 dpi
_LEAST_PIXELS_PER_MM = 1.4  # 36 dpi: no grid can be told on less


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
    own = corners_of(np.array(layout.grid_box) + _INSET_MM * per_mm)
    corners = _upright_frame(picture, layout, own)
    if corners is None:
        corners = _any_frame(picture, own, per_mm)
    return _alignment(solve_homography(own, corners), layout, "grid")


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
    picture: NDArray[np.uint8], own: NDArray[np.float64], per_mm: float
) -> NDArray[np.float64]:
    """Return the corners of the frame wherever it lies, or raise."""
    width, height = own[2] - own[0]
    frames = find_frames(reduce_picture(picture), width / height)
    found = frames[0] if frames else Frame(own, 0.0)
    if found.score < _LEAST_SCORE:
        raise ValueError(
            "No reddish grid, nor one of another colour, of this layout was found on a picture of "
            f"{picture.shape[1]} x {picture.shape[0]} pixels. Use a picture of the whole grid, "
            "upright to 5 degrees, at 100 dpi or more, and the layout of the sheet."
        )
    scale = np.linalg.norm(found.corners[2] - found.corners[0]) / np.linalg.norm(own[2] - own[0])
    if scale * per_mm < _LEAST_PIXELS_PER_MM:
        raise ValueError(
            f"The sheet is too small: about {scale * per_mm:.1f} pixels per mm "
            f"({scale * per_mm * 25.4:.0f} dpi); scan it at 100 dpi or more."
        )
    return refine_frame(picture, found.corners, scale * per_mm).corners


def shows_whole_sheet(alignment: SheetAlignment, layout: LeadLayout, size: tuple[int, int]) -> bool:
    """Tell whether a picture (width, height) is the whole sheet, upright to within 0.13 mm."""
    own = corners_of(layout.grid_box)
    away = alignment.to_picture(own) - own * np.array(size) / layout.sheet_size
    return bool(np.abs(away).max() <= UPRIGHT_MM * alignment.pixels_per_mm)


def corners_of(box: ArrayLike) -> NDArray[np.float64]:
    """Return the corners (4, 2) of a box, clockwise from the upper left."""
    left, upper, right, lower = (float(edge) for edge in box)
    return np.array([(left, upper), (right, upper), (right, lower), (left, lower)])


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
