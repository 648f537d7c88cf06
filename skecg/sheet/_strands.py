"""Strands: runs of ink that follow each other from column to column without a choice."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._ink import Runs

_LONG_MM = 5.0  # of a strand that can only be a trace
_FLAT = 0.2  # share of a trace that is flat
_TREMBLE = 0.9  # by which even there a trace is thicker than the pen
# A trace that trembles all along is nowhere flat; its thinnest columns are at most so much thinner.
_THINNEST, _THINNER = 0.02, 1.1
_USUAL_PEN_MM = 0.4


class Strands(NamedTuple):
    """Strands, sorted by first column. ``order`` lists their runs one strand after the other.

    The runs of strand ``k`` are ``order[starts[k] : starts[k + 1]]``, one per column from
    ``first[k]`` to ``last[k]``.
    """

    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    first: NDArray[np.intp]
    last: NDArray[np.intp]


def link_runs(runs: Runs, height: int) -> Strands:
    """Join runs that touch in neighbouring columns, as long as there is only one to go on with.

    Parameters
    ----------
    runs : Runs
        The runs, sorted by column and then by row.
    height : int
        Height of the picture in pixels.

    Returns
    -------
    Strands
        All strands, single runs too.
    """
    n = len(runs.column)
    # One number for column and row: touching runs of the next column are a range of it.
    key = runs.column * (height + 2)
    lowest = np.searchsorted(key + runs.stop, key + height + 2 + runs.first, side="left")
    highest = np.searchsorted(key + runs.first, key + height + 2 + runs.stop, side="right")
    n_next = np.maximum(highest - lowest, 0)
    some = n_next > 0
    begin, end = (np.bincount(limit[some], minlength=n + 1) for limit in (lowest, highest))
    n_before = np.cumsum(begin - end)[:-1]

    follower = np.where(n_next == 1, np.minimum(lowest, n - 1), 0)
    is_linked = (n_next == 1) & (n_before[follower] == 1)
    is_head = np.ones(n, bool)
    is_head[follower[is_linked]] = False
    strand = _heads(np.where(is_linked, follower, -1), is_head)
    order = np.lexsort((runs.column, strand))
    starts = (
        np.flatnonzero(np.r_[True, np.diff(strand[order]) > 0, True]) if n else np.zeros(1, int)
    )
    column = runs.column[order]
    return Strands(order, starts, column[starts[:-1]], column[starts[1:] - 1])


def pen_width(runs: Runs, strands: Strands, pixels_per_mm: float) -> float:
    """Return the width of the pen in pixels: the height of long strands where they are flat.

    Where the trace rises, and where it trembles, its runs are higher than the pen is wide.
    """
    lengths = np.diff(strands.starts)
    is_long = np.repeat(lengths >= _LONG_MM * pixels_per_mm, lengths)
    long = strands.order[is_long]
    if len(long) == 0:
        return _USUAL_PEN_MM * pixels_per_mm
    flat, thinnest = np.quantile(runs.lower[long] - runs.upper[long], (_FLAT, _THINNEST))
    return float(min(_TREMBLE * flat, _THINNER * thinnest))


def _heads(follower: NDArray[np.intp], is_head: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the number of the strand of every run."""
    n = len(follower)
    before = np.arange(n)
    linked = np.flatnonzero(follower >= 0)
    before[follower[linked]] = linked
    # Every round doubles how far a run looks back.
    while True:
        further = before[before]
        if (further == before).all():
            break
        before = further
    return (np.cumsum(is_head) - 1)[before]
