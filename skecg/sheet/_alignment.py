"""A sheet's place in a picture as a homography, and how homographies are fitted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._layouts import LAYOUTS, SHEET_SIZE, Box, LeadLayout

EDAN_PIXELS_PER_MM = 200 / 25.4  # of a sheet that is 2213 pixels wide
EDAN_GRID = LAYOUTS["edan-3x4"].grid_box
UPRIGHT_MM = 0.13  # half a pixel at 100 dpi


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

    See Also
    --------
    align_sheet : Finds it; has an example.
    """

    matrix: NDArray[np.float64]
    pixels_per_mm: float
    source: str
    layout_pixels_per_mm: float = EDAN_PIXELS_PER_MM

    def to_picture(self, points: ArrayLike) -> NDArray[np.float64]:
        """Return where points (n, 2) of the layout lie in the picture.

        Parameters
        ----------
        points : array-like of shape (n, 2)
            Points (x, y) of the layout, in its pixels.

        Returns
        -------
        ndarray of shape (n, 2)
            The points (x, y) in the picture, in pixels.
        """
        return project(self.matrix, points)


def alignment_of(matrix: NDArray[np.float64], layout: LeadLayout, source: str) -> SheetAlignment:
    """Return the alignment of a homography, with the resolution that it gives the picture."""
    per_mm = pixels_per_mm_of(layout)
    left, upper, right, lower = layout.grid_box or (0, 0, *(layout.sheet_size or SHEET_SIZE))
    middle = np.array([(left + right) / 2, (upper + lower) / 2])
    around = middle + np.array([(0, 0), (1, 0), (0, 1)])
    origin, along, below = project(matrix, around)
    scale = np.sqrt(abs(np.linalg.det([along - origin, below - origin])))
    return SheetAlignment(matrix, float(scale * per_mm), source, per_mm)


def shows_whole_sheet(alignment: SheetAlignment, layout: LeadLayout, size: tuple[int, int]) -> bool:
    """Tell whether a picture (width, height) is the whole sheet, upright to within 0.13 mm."""
    own = corners_of(grid_box_of(layout))
    away = alignment.to_picture(own) - own * np.array(size) / layout.sheet_size
    return bool(np.abs(away).max() <= UPRIGHT_MM * alignment.pixels_per_mm)


def grid_box_of(layout: LeadLayout) -> Box:
    """Return the box of the grid of a layout; raise if it has none."""
    if layout.grid_box is None:
        raise ValueError("The layout has no grid_box; it cannot be aligned with a grid.")
    return layout.grid_box


def pixels_per_mm_of(layout: LeadLayout) -> float:
    """Return the resolution that a layout is measured at, by its own word or its width."""
    if layout.pixels_per_mm is not None:
        return float(layout.pixels_per_mm)
    width = layout.sheet_size[0] if layout.sheet_size else SHEET_SIZE[0]
    return EDAN_PIXELS_PER_MM * width / SHEET_SIZE[0]


def corners_of(box: Collection[float]) -> NDArray[np.float64]:
    """Return the corners (4, 2) of a box, clockwise from the upper left."""
    left, upper, right, lower = (float(edge) for edge in box)
    return np.array([(left, upper), (right, upper), (right, lower), (left, lower)])


def solve_homography(points: ArrayLike, images: ArrayLike) -> NDArray[np.float64]:
    """Return the homography that maps points (n, 2) onto images, by least squares."""
    rows = []
    for (x, y), (u, v) in zip(np.asarray(points, float), np.asarray(images, float)):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    solution = np.linalg.lstsq(np.array(rows), np.asarray(images, float).ravel(), rcond=None)[0]
    return np.append(solution, 1.0).reshape(3, 3)


def fit_affine(points: ArrayLike, images: ArrayLike) -> NDArray[np.float64]:
    """Return the affine map (3, 3) of points (n, 2) onto images, by least squares."""
    points = np.asarray(points, float)
    rows = np.column_stack([points, np.ones(len(points))])
    solution = np.linalg.lstsq(rows, np.asarray(images, float), rcond=None)[0]
    return np.vstack([solution.T, [0, 0, 1]])


def project(matrix: NDArray[np.floating], points: ArrayLike) -> NDArray[np.float64]:
    """Map points (n, 2) by a homography."""
    points = np.asarray(points, float)
    mapped = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return mapped[:, :2] / mapped[:, 2:]
