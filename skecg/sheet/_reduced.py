"""A smaller picture, on which a sheet is found faster."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image


class Reduced(NamedTuple):
    """A smaller picture: its darkest colour, and full-size pixels per pixel."""

    grey: NDArray[np.float32]
    factor: int


def reduce_picture(picture: NDArray[np.uint8], long_side: int) -> Reduced:
    """Average a picture over squares of pixels, and keep the darkest of the three colours.

    The longer side has about ``long_side`` pixels then, or as many as before if that is less.
    """
    factor = max(1, round(max(picture.shape[:2]) / long_side))
    # Of a large scan every second or third pixel is enough; the lines are wider.
    step = max(1, factor // 4)
    image = Image.fromarray(np.ascontiguousarray(picture[::step, ::step, :3]))
    factor //= step
    small = np.asarray(image.reduce(factor) if factor > 1 else image)
    factor *= step
    darkest = np.minimum(np.minimum(small[..., 0], small[..., 1]), small[..., 2])
    return Reduced(darkest.astype(np.float32), factor)
