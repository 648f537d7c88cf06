"""Map values from the positions of a layer to the pixels or time steps of the input."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def of_nearest(values: NDArray, axis: int, length: int, stride: float, offset: float) -> NDArray:
    """Return the value of the nearest position for each pixel.

    Parameters
    ----------
    values : ndarray
        Values of positions along ``axis``.
    axis : int
        Axis of the positions.
    length : int
        Number of pixels of the input along ``axis``.
    stride, offset : float
        Position k is centred at pixel ``offset + k * stride``.

    Returns
    -------
    ndarray
        Same shape as ``values``, with ``length`` pixels along ``axis``.
    """
    nearest = np.floor((np.arange(length) - offset) / stride + 0.5).astype(np.intp)
    return np.take(values, nearest.clip(0, values.shape[axis] - 1), axis)


def interpolate(
    values: NDArray[np.floating], axis: int, length: int, stride: float, offset: float
) -> NDArray[np.floating]:
    """Interpolate values linearly between positions; they are constant beyond the outer ones.

    The parameters are those of :func:`of_nearest`.
    """
    n_positions = values.shape[axis]
    centres = offset + stride * np.arange(n_positions)
    unit = np.eye(n_positions)
    matrix = np.stack([np.interp(np.arange(length), centres, row) for row in unit], 1)
    moved = np.moveaxis(values, axis, -1) @ matrix.T.astype(values.dtype)
    return np.moveaxis(moved, -1, axis)
