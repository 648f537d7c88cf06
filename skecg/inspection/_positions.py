"""From the positions of a layer to the pixels or time steps of the input."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def spread(
    weights: NDArray[np.floating], axis: int, length: int, stride: float, offset: float
) -> NDArray[np.floating]:
    """Divide the weight of every position equally among the pixels that are nearest to it.

    Sums stay as they are.

    Parameters
    ----------
    weights : ndarray
        Weights of positions along ``axis``.
    axis : int
        Axis of the positions.
    length : int
        Pixels of the input along that axis.
    stride, offset : float
        Position k is centred at pixel ``offset + k * stride``.

    Returns
    -------
    ndarray
        As ``weights``, with ``length`` pixels along ``axis``.
    """
    n_positions = weights.shape[axis]
    nearest = np.floor((np.arange(length) - offset) / stride + 0.5).astype(np.intp)
    owner = nearest.clip(0, n_positions - 1)
    shape = [1] * weights.ndim
    shape[axis] = length
    share = 1 / np.bincount(owner, minlength=n_positions)[owner]
    return np.take(weights, owner, axis) * share.reshape(shape).astype(weights.dtype)


def interpolate(
    values: NDArray[np.floating], axis: int, length: int, stride: float, offset: float
) -> NDArray[np.floating]:
    """Interpolate values linearly between positions; beyond the first and the last they stay.

    The parameters are those of :func:`spread`.
    """
    n_positions = values.shape[axis]
    centres = offset + stride * np.arange(n_positions)
    unit = np.eye(n_positions)
    matrix = np.stack([np.interp(np.arange(length), centres, row) for row in unit], 1)
    moved = np.moveaxis(values, axis, -1) @ matrix.T.astype(values.dtype)
    return np.moveaxis(moved, -1, axis)
