"""Resampling a part of a sheet upright, at a resolution of one's choice."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from ._align import SheetAlignment, project
from ._checks import check_box, check_size

_WHITE = {"L": 255, "RGB": (255, 255, 255)}


def straighten(
    picture: NDArray[np.uint8], alignment: SheetAlignment, box: ArrayLike, pixels_per_mm: float
) -> NDArray[np.uint8]:
    """Resample a part of a sheet upright, at a resolution of one's choice.

    Parameters
    ----------
    picture : ndarray of uint8 of shape (height, width, 3) or (height, width)
        The picture that was aligned, or a grey version of it.
    alignment : SheetAlignment
        As of :func:`align_sheet`.
    box : (float, float, float, float)
        Left, upper, right and lower edge of the part in pixels of the layout.
    pixels_per_mm : float
        Resolution of the result.

    Returns
    -------
    ndarray of uint8 of shape (height, width, 3) or (height, width)
        The part; white where it lies outside the picture. A pixel at (x, y) of the layout is at
        ``((x - left) * s, (y - upper) * s)`` with ``s = pixels_per_mm /
        alignment.layout_pixels_per_mm``.

    Raises
    ------
    ValueError
        If the box has no area, or the result would have more than 80 million pixels.
    """
    check_box(box, "box")
    left, upper, right, lower = (float(edge) for edge in box)
    scale = pixels_per_mm / alignment.layout_pixels_per_mm
    size = (max(1, round((right - left) * scale)), max(1, round((lower - upper) * scale)))
    check_size(size, "(width, height)")
    to_layout = np.array([[1 / scale, 0, left], [0, 1 / scale, upper], [0, 0, 1]])
    matrix = alignment.matrix @ to_layout
    image, matrix = _part(picture, matrix, size)
    matrix = matrix / matrix[2, 2]
    straight = image.transform(
        size,
        Image.Transform.PERSPECTIVE,
        matrix.ravel()[:8].tolist(),
        Image.Resampling.BILINEAR,
        fillcolor=_WHITE[image.mode],
    )
    return np.asarray(straight)


def _part(
    picture: NDArray[np.uint8], matrix: NDArray[np.float64], size: tuple[int, int]
) -> tuple[Image.Image, NDArray[np.float64]]:
    """Cut out what is needed and shrink it to about the resolution of the result."""
    width, height = size
    corners = project(matrix, [(0, 0), (width, 0), (width, height), (0, height)])
    limits = np.array(picture.shape[1::-1])
    # One pixel of the surroundings, for the interpolation.
    first = np.clip(np.floor(corners.min(axis=0)).astype(int) - 2, 0, limits - 1)
    last = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 2, first + 1, limits)
    part = picture[first[1] : last[1], first[0] : last[0]]
    image = Image.fromarray(np.ascontiguousarray(part[..., :3] if part.ndim == 3 else part))
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    shrink = float((sides / (width, height, width, height)).mean())
    ratio = np.ones(2)
    if shrink > 1.2:
        smaller = np.maximum(1, np.rint(np.array(image.size) / shrink)).astype(int)
        ratio = smaller / np.array(image.size)
        image = image.resize(tuple(smaller.tolist()), Image.Resampling.BOX)
    shift = np.array([[1, 0, -first[0]], [0, 1, -first[1]], [0, 0, 1]])
    return image, np.diag([*ratio, 1]) @ shift @ matrix
