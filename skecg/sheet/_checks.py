"""Checks of sizes and boxes, with errors that say what they must be."""

from __future__ import annotations

from collections.abc import Collection
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Twice the pixels of an A4 sheet at 600 dpi, and below the number from which Pillow warns. A
# picture of any size compresses to a small file: without a limit it fills the memory.
MAX_PIXELS = 80_000_000


def check_size(size: tuple[int, int], order: str = "(height, width)") -> tuple[int, int]:
    """Return two positive integers of no more pixels together than are read, or raise."""
    numbers = list(size) if isinstance(size, list | tuple) or _is_vector(size) else []
    if len(numbers) != 2 or not all(is_integer(n) and n > 0 for n in numbers):
        raise ValueError(f"size must be {order}, two positive integers; got {size!r}.")
    first, second = (int(n) for n in numbers)
    if first * second > MAX_PIXELS:
        raise ValueError(f"size must have at most {MAX_PIXELS} pixels; got {size!r}.")
    return first, second


def is_integer(number: object) -> bool:
    """Tell whether this is an integer and no truth value."""
    return isinstance(number, Integral) and not isinstance(number, bool | np.bool_)


def check_boxes(boxes: ArrayLike) -> NDArray[np.intp]:
    """Return boxes as an array of shape (n_boxes, 4), or raise."""
    try:
        array = np.asarray(boxes)
        is_table = array.ndim == 2 and array.shape[1] == 4 and array.dtype.kind in "iuf"
        # The comparison refuses NaN, the limit what pixels cannot be counted by.
        if array.size == 0 or (is_table and (abs(array) <= np.iinfo(np.int32).max).all()):
            return array.reshape(-1, 4).astype(np.intp)
    except (TypeError, ValueError, OverflowError):  # ragged, or no table at all
        pass
    raise ValueError(
        "boxes must have the shape (n_boxes, 4): left, upper, right and lower edge in pixels; got "
        f"{boxes!r}."
    )


def check_box(box: Collection[float], name: str) -> None:
    """Raise unless a box has four numbers with left < right and upper < lower, from 0 on."""
    try:
        left, upper, right, lower = (float(edge) for edge in box)
        fits = 0 <= left < right <= MAX_PIXELS and 0 <= upper < lower <= MAX_PIXELS
    except (TypeError, ValueError, OverflowError):
        fits = False
    if not fits:
        raise ValueError(
            f"{name} must be (left, upper, right, lower) with left < right and upper < lower; "
            f"got {box!r}."
        )


def _is_vector(size: object) -> bool:
    return isinstance(size, np.ndarray) and size.ndim == 1
