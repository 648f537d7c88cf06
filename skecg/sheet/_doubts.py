"""Pictures that can be read but hardly hold a sheet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_DARK, _BRIGHT = 32, 224  # of 255
_SHARE = 1e-3  # a tenth of what the printed traces of a sheet cover
DOUBT_REMEDY = (
    "Look at it: it may be under- or overexposed, empty, or hold values of few bits (multiply "
    "12-bit values in a 16-bit picture by 16 first)."
)
_ROWS = 64  # that are looked at: a look at every pixel would take a tenth of the decoding


def find_doubt(pixels: NDArray[np.uint8]) -> str:
    """Return "nearly black" or "nearly white" for a picture of (almost) nothing else.

    Parameters
    ----------
    pixels : ndarray of uint8 of shape (height, width, channels)
        The picture; a fourth channel is ignored.

    Returns
    -------
    str
        ``"nearly black"`` where no more than one pixel in 1000 is brighter than 32 of 255 in any
        colour, ``"nearly white"`` where no more than one in 1000 is darker than 224, else ``""``.
        Some evenly spaced rows are looked at.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg.sheet import find_doubt
    >>> find_doubt(np.zeros((30, 40, 3), dtype=np.uint8))
    'nearly black'
    """
    rows = pixels[:: max(1, len(pixels) // _ROWS)]
    # Red, green and blue as they lie in memory; the padding would count as black or as white.
    colours = [rows[..., channel] for channel in range(3)]
    n_most = _SHARE * colours[0].size
    if all(np.count_nonzero(colour > _DARK) <= n_most for colour in colours):
        return "nearly black"
    if all(np.count_nonzero(colour < _BRIGHT) <= n_most for colour in colours):
        return "nearly white"
    return ""
