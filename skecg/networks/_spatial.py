"""Positions of the output of a layer on the input."""

from __future__ import annotations

from typing import NamedTuple


class SpatialLayer(NamedTuple):
    """A layer whose output has spatial positions, and their location on the input.

    Position k along an axis is centred at ``offset + k * stride``, in samples or pixels of the
    input, counted from 0.

    Parameters
    ----------
    name : str
        Name of the layer, for :meth:`torch.nn.Module.get_submodule`.
    strides : tuple of float
        Distance between adjacent positions along each axis.
    offsets : tuple of float
        Centre of the first position along each axis.
    """

    name: str
    strides: tuple[float, ...]
    offsets: tuple[float, ...]


def cells(name: str, *sizes: int) -> SpatialLayer:
    """Return a layer whose positions represent adjacent cells of the given size in pixels."""
    return SpatialLayer(name, sizes, tuple((size - 1) / 2 for size in sizes))
