"""Resampling a part of a sheet upright, at a resolution of one's choice."""

from __future__ import annotations

from collections.abc import Collection
from numbers import Real

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ._alignment import UPRIGHT_MM, SheetAlignment, corners_of, project
from ._checks import check_box, check_size

_WHITE: dict[str, float | tuple[float, ...]] = {"L": 255, "RGB": (255, 255, 255)}


def straighten(
    picture: NDArray[np.uint8],
    alignment: SheetAlignment,
    box: Collection[float],
    pixels_per_mm: float,
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
        The part; white where it lies outside the picture. (x, y) of the layout is at
        ``((x - left) * s, (y - upper) * s)`` with ``s = pixels_per_mm /
        alignment.layout_pixels_per_mm``. Where the sheet is upright and of that resolution to
        within 0.13 mm, the pixels are those of the picture.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another form, the box has no area, or the result would have more than
        80 million pixels.

    See Also
    --------
    align_sheet : Finds the sheet.
    """
    _check(picture, alignment, pixels_per_mm)
    check_box(box, "box")
    left, upper, right, lower = (float(edge) for edge in box)
    try:
        scale = float(pixels_per_mm) / alignment.layout_pixels_per_mm
        size = (max(1, round((right - left) * scale)), max(1, round((lower - upper) * scale)))
    except OverflowError as error:
        raise ValueError(f"pixels_per_mm is too large; got {pixels_per_mm!r:.50}.") from error
    check_size(size, "(width, height)")
    shift = upright_shift(alignment, box, pixels_per_mm)
    if shift is not None:
        return _cut(picture, *shift, *size)
    to_layout = np.array([[1 / scale, 0, left], [0, 1 / scale, upper], [0, 0, 1]])
    image, matrix = _part(picture, alignment.matrix @ to_layout, size)
    matrix = matrix / matrix[2, 2]
    straight = image.transform(
        size,
        Image.Transform.PERSPECTIVE,
        matrix.ravel()[:8].tolist(),
        Image.Resampling.BILINEAR,
        fillcolor=_WHITE[image.mode],
    )
    return np.asarray(straight)


def _check(picture: object, alignment: object, pixels_per_mm: float) -> None:
    if not isinstance(alignment, SheetAlignment):
        raise TypeError(
            "alignment must be a SheetAlignment, as align_sheet returns it; got "
            f"{type(alignment).__name__}."
        )
    is_picture = (
        isinstance(picture, np.ndarray)
        and picture.dtype == np.uint8
        and picture.ndim >= 2
        and picture.size > 0
        and picture.shape[2:] in ((), (3,), (4,))
    )
    if not is_picture:
        got = repr(picture)
        if hasattr(picture, "dtype") and hasattr(picture, "shape"):
            got = f"{picture.dtype} of {picture.shape}"
        raise ValueError(
            "The picture must be an array of uint8 of shape (height, width, 3) or (height, width); "
            f"got {got}."
        )
    is_number = isinstance(pixels_per_mm, Real) and not isinstance(pixels_per_mm, bool)
    if not (is_number and 0 < pixels_per_mm < np.inf):
        raise ValueError(f"pixels_per_mm must be a number > 0; got {pixels_per_mm!r}.")


def upright_shift(
    alignment: SheetAlignment, box: Collection[float], pixels_per_mm: float
) -> tuple[int, int] | None:
    """Return the upper left pixel of a part that can be cut out as it is, or None.

    That is one which is upright and of that resolution to within 0.13 mm.
    """
    scale = pixels_per_mm / alignment.layout_pixels_per_mm
    own = corners_of(box)
    away = alignment.to_picture(own) - (own - own[0]) * scale
    shift = np.rint(away.mean(axis=0))
    if np.abs(away - shift).max() > UPRIGHT_MM * pixels_per_mm:
        return None
    return int(shift[0]), int(shift[1])


def _cut(
    picture: NDArray[np.uint8], left: int, upper: int, width: int, height: int
) -> NDArray[np.uint8]:
    """Cut out a part that may reach beyond the picture, where it is white."""
    pixels = picture[..., :3] if picture.ndim == 3 else picture
    cut = np.full((height, width, *pixels.shape[2:]), 255, np.uint8)
    rows = slice(max(0, upper), max(0, upper + height))
    columns = slice(max(0, left), max(0, left + width))
    part = pixels[rows, columns]
    first = max(0, -upper), max(0, -left)
    to = cut[first[0] : first[0] + part.shape[0], first[1] : first[1] + part.shape[1]]
    to[...] = part
    return cut


def _part(
    picture: NDArray[np.uint8],
    matrix: NDArray[np.float64],
    size: tuple[int, int],
) -> tuple[Image.Image, NDArray[np.float64]]:
    """Cut out what is needed and shrink it to about the resolution of the result."""
    width, height = size
    corners = project(matrix, corners_of((0, 0, width, height)))
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
