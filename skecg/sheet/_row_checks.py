"""Whether the ink of an aligned sheet is where its layout has it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ._ink_rows import Rows, longest_run

_BIN_MM = 0.6
_BESIDE_MM = 15.0  # looked at on either side of a row
_LEAST_COVERED = 0.75  # of the columns of a row
_MOST_AWAY_MM = 5.0  # from 0 mV to the level at which most of the ink of a row is
_LEAST_ROWS = 0.5
_PULSE_MM = 10.0  # a calibration pulse stands no farther from the trace


def rows_agree(ink: NDArray[np.float64], rows: Rows, per_mm: float) -> bool:
    """Tell whether at least half of the rows of a layout are drawn.

    Parameters
    ----------
    ink : ndarray of float64 of shape (n, 2)
        Places of ink in pixels of the layout.
    rows : Rows
        The rows of the layout.
    per_mm : float
        Resolution of the layout.
    """
    drawn = []
    for baseline in rows.baselines:
        x, y = _of_row(ink, rows, baseline)
        inside = (x >= rows.left) & (x < rows.right)
        covered = np.bincount(((x[inside] - rows.left) / (_BIN_MM * per_mm)).astype(int)) > 0
        n = (rows.right - rows.left) / (_BIN_MM * per_mm)
        is_level = len(y) > 0 and abs(np.median(y) - baseline) < _MOST_AWAY_MM * per_mm
        drawn.append(covered.sum() >= _LEAST_COVERED * n and is_level)
    return float(np.mean(drawn)) >= _LEAST_ROWS


def is_upside_down(ink: NDArray[np.float64], rows: Rows, per_mm: float) -> bool:
    """Tell whether the calibration pulses, which begin a row, stand at its end."""
    sides = [_pulse_side(*_of_row(ink, rows, y), rows, per_mm) for y in rows.baselines]
    return sum(side > 0 for side in sides) > max(len(sides) / 2, sum(side < 0 for side in sides))


def _of_row(ink: NDArray, rows: Rows, baseline: float) -> tuple[NDArray, NDArray]:
    x, y = ink[np.abs(ink[:, 1] - baseline) < rows.reach].T
    return x, y


def _pulse_side(x: NDArray, y: NDArray, rows: Rows, per_mm: float) -> int:
    """Return -1 where there is ink before the trace only, 1 after it only, else 0."""
    size = _BIN_MM * per_mm
    first = rows.left - _BESIDE_MM * per_mm
    n = int((rows.right - rows.left + 2 * _BESIDE_MM * per_mm) / size)
    at = ((x - first) / size).astype(int)
    columns = np.zeros(n, bool)
    columns[at[(x >= first) & (at < n)]] = True
    columns = ndimage.binary_closing(columns, iterations=1)
    start, stop = longest_run(columns)
    if (stop - start) * size < 0.5 * (rows.right - rows.left):
        return 0
    near = int(_PULSE_MM / _BIN_MM)
    before = columns[max(0, start - near) : max(0, start - 1)].mean() if start > 1 else 0.0
    after = columns[stop + 1 : stop + near].mean() if stop + 1 < n else 0.0
    # On a coarse picture the pulse and the trace are one.
    before += (rows.left - first) / size - start > 6
    after += stop - (rows.right - first) / size > 6
    return int(after > 0.15 > before) - int(before > 0.15 > after)
