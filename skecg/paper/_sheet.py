"""ECG paper: a grid of millimetres at 25 mm/s and 10 mm/mV."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._colors import FINE_COLOR, HEAVY_COLOR

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection

MM_PER_SECOND = 25.0
MM_PER_MV = 10.0
_MM_PER_INCH = 25.4
# Every fifth line is heavy.
_FINE_SECONDS, _FINE_MV = 1 / MM_PER_SECOND, 1 / MM_PER_MV


def draw_paper(
    ax: Axes, left: float, right: float, bottom: float, top: float
) -> tuple[LineCollection, LineCollection]:
    """Draw ECG paper on an Axes in seconds and mV.

    One second is as long as 2.5 mV, so that the squares of the grid are square at any size.

    Parameters
    ----------
    ax : matplotlib Axes
        The Axes. Its limits are set to the paper, its frame and ticks are removed.
    left, right : float
        Limits of the paper in seconds.
    bottom, top : float
        Limits of the paper in mV.

    Returns
    -------
    fine, heavy : LineCollection
        The lines at every millimetre, and those at every fifth.
    """
    from matplotlib.collections import LineCollection

    fine: list[list[tuple[float, float]]] = []
    heavy: list[list[tuple[float, float]]] = []
    for k, x in _positions(left, right, _FINE_SECONDS):
        (fine if k % 5 else heavy).append([(x, bottom), (x, top)])
    for k, y in _positions(bottom, top, _FINE_MV):
        (fine if k % 5 else heavy).append([(left, y), (right, y)])
    drawn = (
        LineCollection(fine, colors=FINE_COLOR, linewidths=0.5, zorder=0.0),
        LineCollection(heavy, colors=HEAVY_COLOR, linewidths=0.6, zorder=0.1),
    )
    for lines in drawn:
        ax.add_collection(lines, autolim=False)
    ax.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[])
    ax.set_aspect(MM_PER_MV / MM_PER_SECOND)
    for spine in ax.spines.values():
        spine.set(color=HEAVY_COLOR, linewidth=0.8)
    return drawn


def _positions(low: float, high: float, step: float) -> list[tuple[int, float]]:
    """Return the numbers and places of the lines between two limits; number 0 is at zero."""
    first, last = int(np.ceil(low / step - 1e-6)), int(np.floor(high / step + 1e-6))
    return [(k, k * step) for k in range(first, last + 1)]


def paper_figure(
    width: float,
    height: float,
    *,
    margins: tuple[float, float, float, float] = (16, 8, 10, 12),
    max_width: float | None = None,
) -> Axes:
    """Return the Axes of a new figure in which paper has its true size.

    Printed without scaling, or shown at the resolution of the figure, one second is 25 mm and 1 mV
    10 mm.

    Parameters
    ----------
    width : float
        Width of the paper in seconds.
    height : float
        Height of the paper in mV.
    margins : (float, float, float, float), default=(16, 8, 10, 12)
        Left, right, lower and upper margin around the paper in mm.
    max_width : float, default=None
        Width in inches that the figure is scaled down to if it is wider. If None, the size is true.

    Returns
    -------
    Axes
        The Axes, as large as the paper.
    """
    from matplotlib import pyplot as plt

    left, right, lower, upper = margins
    scale = 1.0
    if max_width is not None:
        room = max_width * _MM_PER_INCH - left - right
        scale = min(1.0, room / (width * MM_PER_SECOND))
    across, down = scale * width * MM_PER_SECOND, scale * height * MM_PER_MV
    total = left + across + right, lower + down + upper
    figure = plt.figure(figsize=(total[0] / _MM_PER_INCH, total[1] / _MM_PER_INCH))
    place = (left / total[0], lower / total[1], across / total[0], down / total[1])
    return figure.add_axes(place)
