"""The ink on a sheet: which pixels are as dark as a pen, and the runs of them in every column."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import median_filter, uniform_filter

_BAND = 64  # rows that stay in the processor's cache
_BLOCK_MM = 8.0  # of which the middle grey is paper: larger than a letter, smaller than a shadow
_CELL_MM = 2.0
_EVEN = 48  # grey levels between the brightest and the darkest paper that need no correction
_INK_SHARE = 0.004  # of the pixels; the traces of a sheet cover more
# Of the way from paper to ink. Dots and lines of the grid are seldom so dark; a thin line of ink
# that was blurred is.
_THRESHOLD = 0.62
# A rule between the columns of leads is this long and this near to the start of a lead. At its
# sides it is paler and falls into pieces, which are longer than a trace is thick.
_RULE_MM, _RULE_OFF_MM, _PIECE_MM = 40.0, 1.0, 1.0
_PALE = 0.6


class Runs(NamedTuple):
    """Runs of ink, sorted by column and then by row; lengths are in pixels.

    ``first`` and ``stop`` are rows of pixels, ``upper`` and ``lower`` the edges to a fraction of a
    pixel, where pixel k lies from k to k + 1.
    """

    column: NDArray[np.intp]
    first: NDArray[np.intp]
    stop: NDArray[np.intp]
    upper: NDArray[np.float32]
    lower: NDArray[np.float32]


def brightest_channel(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the brightest of red, green and blue: a coloured grid is bright in one of them."""
    if picture.ndim == 2:
        return picture
    height, width, n_channels = picture.shape
    brightest = np.empty((height, width), np.uint8)
    for start in range(0, height, _BAND):
        band = picture[start : start + _BAND].reshape(-1)
        # Of neighbours in memory, though most results are dropped: steps of three are slower.
        larger = np.maximum(band[:-1], band[1:])
        part = brightest[start : start + _BAND].reshape(-1)
        np.maximum(larger[::n_channels], band[2::n_channels], out=part)
    return brightest


def find_runs(grey: NDArray[np.uint8], pixels_per_mm: float) -> Runs:
    """Find the runs of ink in the columns of a grey picture.

    Parameters
    ----------
    grey : ndarray of uint8 of shape (height, width)
        The picture.
    pixels_per_mm : float
        Its resolution.

    Returns
    -------
    Runs
        All runs but those of dots; letters and rules too.
    """
    limit, middle = _limits(grey, pixels_per_mm)
    ink = grey < np.ceil(limit).astype(np.uint8)  # bytes are compared faster than numbers
    ink[0] = ink[-1] = False
    # Pairs of pixels: dots of the grid, of which there are tens of thousands, are none.
    pairs = ink[1:] & ink[:-1]
    edges = np.flatnonzero(pairs[1:] != pairs[:-1])
    row, column = np.divmod(edges, grey.shape[1])
    by_column = np.argsort(column, kind="stable")
    row, column = row[by_column], column[by_column[0::2]]
    first, stop = row[0::2] + 1, row[1::2] + 2
    upper = first - _outside(grey, middle, first - 1, first, column)
    lower = stop + _outside(grey, middle, stop, stop - 1, column)
    return Runs(column, first, stop, upper.astype(np.float32), lower.astype(np.float32))


def without_rules(
    runs: Runs, borders: NDArray[np.float64], n_columns: int, pixels_per_mm: float
) -> Runs:
    """Leave the rules between the leads out, also where they have become pale and broken.

    Parameters
    ----------
    runs : Runs
        The runs of a picture.
    borders : ndarray of shape (n_borders,)
        Columns at which leads begin. A long run elsewhere is one of steep flanks that meet.
    n_columns : int
        Width of the picture.
    pixels_per_mm : float
        Its resolution.

    Returns
    -------
    Runs
        The other runs.
    """
    height = runs.stop - runs.first
    total = np.bincount(runs.column, height, n_columns)
    longest = np.zeros(n_columns, height.dtype)  # ufunc.at is slow if it has to cast
    np.maximum.at(longest, runs.column, height)
    has_rule = np.zeros(n_columns, bool)
    for border in borders:
        left, right = (round(border + way * _RULE_OFF_MM * pixels_per_mm) for way in (-1, 1))
        near = slice(max(0, left), max(0, right) + 1)
        if longest[near].max(initial=0) >= _RULE_MM * pixels_per_mm:
            has_rule[near] = total[near] >= _PALE * total[near].max()
    is_rule = has_rule[runs.column] & (height >= _PIECE_MM * pixels_per_mm)
    kept = ~is_rule
    return Runs(
        runs.column[kept], runs.first[kept], runs.stop[kept], runs.upper[kept], runs.lower[kept]
    )


def _limits(
    grey: NDArray[np.uint8], pixels_per_mm: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return how dark ink is at least, and the grey of its edge half way between ink and paper.

    Both are one number, or one per pixel where the light is uneven.
    """
    ways = (_THRESHOLD, 0.5)
    some = np.ascontiguousarray(grey[::3, ::3])
    paper = _paper(grey, pixels_per_mm)
    if np.ptp(paper) < _EVEN:
        # Of bytes, counting is faster than sorting.
        share = np.cumsum(np.bincount(some.ravel(), minlength=256)) / some.size
        ink, level = (float(np.searchsorted(share, part)) for part in (_INK_SHARE, 0.5))
        dark, edge = (np.asarray(level + way * (ink - level), np.float32) for way in ways)
        return dark, edge
    height, width = grey.shape
    whole = Image.fromarray(paper).resize((width, height), Image.Resampling.BILINEAR)
    paper = np.maximum(np.asarray(whole), 1)
    ink = float(np.quantile(some / paper[::3, ::3], _INK_SHARE))
    dark, edge = (paper * np.float32(1 + way * (ink - 1)) for way in ways)
    return dark, edge


def _paper(grey: NDArray[np.uint8], pixels_per_mm: float) -> NDArray[np.float32]:
    """Return how bright the paper is, in cells of 2 mm."""
    cell = max(1, round(_CELL_MM * pixels_per_mm))
    n_rows, n_columns = (max(1, n // cell) for n in grey.shape)
    # The brightest of a few pixels of each cell: neither a trace nor a grid fills a cell.
    rows = np.linspace(0, len(grey) - 1, 3 * n_rows).astype(np.intp)
    columns = np.linspace(0, grey.shape[1] - 1, 3 * n_columns).astype(np.intp)
    few = grey[np.ix_(rows, columns)].reshape(n_rows, 3, -1).max(1)
    few = few.reshape(n_rows, n_columns, 3).max(2)
    width = round(_BLOCK_MM / _CELL_MM) | 1
    return uniform_filter(median_filter(few, width).astype(np.float32), width, mode="nearest")


def _outside(
    grey: NDArray[np.uint8],
    middle: NDArray[np.float32],
    outer: NDArray[np.intp],
    inner: NDArray[np.intp],
    column: NDArray[np.intp],
) -> NDArray[np.float32]:
    """Return how far the edge lies outside of the inner pixel, by the greys on both sides."""
    light = grey[outer, column].astype(np.float32)
    dark = grey[inner, column].astype(np.float32)
    middle = middle if middle.ndim == 0 else middle[inner, column]
    # From centre to centre the grey changes in a straight line.
    return np.clip((middle - dark) / np.maximum(light - dark, 1), 0, 1) - 0.5
