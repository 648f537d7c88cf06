"""Where the positions of a layer lie on the input."""

from __future__ import annotations

from typing import NamedTuple


class SpatialLayer(NamedTuple):
    """A layer whose output keeps positions, and where they lie on the input.

    Position k along an axis is centred at ``offset + k * stride``, in samples or pixels of the
    input, counted from 0.

    Parameters
    ----------
    name : str
        Name of the layer, for :meth:`torch.nn.Module.get_submodule`.
    strides : tuple of float
        Per axis, the distance of neighbouring positions.
    offsets : tuple of float
        Per axis, the centre of the first position.
    """

    name: str
    strides: tuple[float, ...]
    offsets: tuple[float, ...]


def cells(name: str, *sizes: int) -> SpatialLayer:
    """Return a layer whose positions stand for cells of so many pixels, edge to edge."""
    return SpatialLayer(name, sizes, tuple((size - 1) / 2 for size in sizes))
