"""Cutting the leads out of a sheet."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from ._area import area_resize
from ._checks import check_boxes, check_size, is_integer


def crop_leads(
    sheet: Image.Image,
    boxes: ArrayLike,
    size: tuple[int, int] = (64, 64),
    *,
    invert: bool = True,
    dilation: int = 3,
    swap_channels: bool = False,
    resample: str = "area",
) -> NDArray[np.uint8]:
    """Cut boxes out of a sheet: crop, grey, thicken the trace, invert, resize.

    Parameters
    ----------
    sheet : PIL.Image.Image
        The sheet, of mode RGB.
    boxes : array-like of int of shape (n_boxes, 4)
        Left, upper, right and lower edges in pixels.
    size : (int, int), default=(64, 64)
        Height and width of the crops after resizing.
    invert : bool, default=True
        Make the trace bright on a dark ground.
    dilation : int, default=3
        Odd width in pixels of the square in which the darkest pixel of the sheet is taken, so
        that the thin trace survives resizing. 1 changes nothing.
    swap_channels : bool, default=False
        Weigh red by 0.114 and blue by 0.299 instead of the other way round.
    resample : {"area", "bicubic"}, default="area"
        The exact mean of the covered area, or Pillow's bicubic filter.

    Returns
    -------
    ndarray of uint8 of shape (n_boxes, height, width)
        The crops.

    Raises
    ------
    TypeError
        If the sheet is no Pillow image of mode RGB.
    ValueError
        If a box lies outside the sheet, or another argument is out of range.

    See Also
    --------
    skecg.LeadCropper : The same as a transformer of files.

    Examples
    --------
    >>> from PIL import Image
    >>> from skecg.sheet import crop_leads
    >>> crop_leads(Image.new("RGB", (40, 30), "white"), [(0, 0, 20, 10)], (2, 2))
    array([[[0, 0],
            [0, 0]]], dtype=uint8)
    """
    if not (isinstance(sheet, Image.Image) and sheet.mode == "RGB"):
        got = f"mode {sheet.mode}" if isinstance(sheet, Image.Image) else type(sheet).__name__
        raise TypeError(
            f"The sheet must be a Pillow image of mode RGB; got {got}. Read it with "
            "skecg.sheet.read_image, and make an image of it with PIL.Image.fromarray."
        )
    size, boxes = check_size(size), check_boxes(boxes)
    if not (is_integer(dilation) and dilation > 0 and dilation % 2):
        raise ValueError(f"dilation must be an odd number of pixels; got {dilation!r}.")
    if resample not in ("area", "bicubic"):
        raise ValueError(f"resample must be 'area' or 'bicubic'; got {resample!r}.")
    if len(boxes) == 0:
        return np.empty((0, *size), np.uint8)
    if (
        (boxes < 0).any()
        or (boxes > np.tile(sheet.size, 2)).any()
        or (boxes[:, :2] >= boxes[:, 2:]).any()
    ):
        raise ValueError(
            f"Every box must lie in the sheet of {sheet.width} x {sheet.height} pixels, with left "
            f"< right and upper < lower; got {boxes.tolist()}."
        )
    corner = boxes[:, :2].min(0)
    region = sheet.crop((*corner.tolist(), *boxes[:, 2:].max(0).tolist()))
    if swap_channels:
        region = Image.merge("RGB", region.split()[::-1])
    greys = np.asarray(region.convert("L"))
    out = np.empty((len(boxes), *size), np.uint8)
    for k, (left, upper, right, lower) in enumerate((boxes - np.tile(corner, 2)).tolist()):
        grey = thicken(greys[upper:lower, left:right], dilation)
        if invert:
            grey = ~grey
        if resample == "area":
            out[k] = area_resize(grey, size)
        else:
            out[k] = np.asarray(Image.fromarray(grey).resize(size[::-1], Image.Resampling.BICUBIC))
    return out


def thicken(grey: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Take the minimum over a square of odd width, at the border over its part in the picture."""
    for axis in (0, 1):
        darkest = grey.copy()
        rows, out = grey.swapaxes(0, axis), darkest.swapaxes(0, axis)
        for shift in range(1, min(width // 2, len(rows) - 1) + 1):
            np.minimum(out[shift:], rows[:-shift], out=out[shift:])
            np.minimum(out[:-shift], rows[shift:], out=out[:-shift])
        grey = darkest
    return grey
