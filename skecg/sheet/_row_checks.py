"""Whether the ink of an aligned sheet is where its layout has it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ._ink_rows import Rows, longest_run

_BIN_MM = 0.6
_BESIDE_MM = 15.0  # looked at on either side of a row
_LEAST_COVERED = 0.75  # of the columns of a row
_MOST_AWAY_MM = 3.0  # of the rows, on the median, from their level and their end
_MOST_LATE_MM = 1.5  # the same, from their start: a frame that begins with the paper is wider
_GAP, _LONG = 7, 25  # columns that may be open between parts of a row, which are longer than pulses
_LEAST_ROWS = 0.8  # that are drawn
_PULSE_MM = 10.0  # a calibration pulse stands no farther from the trace, and is as high
_BEFORE_MM, _MOST_SHIFT_MM = 0.5, 4.5  # from the trace; of its level
_FINE_MM, _LEAST_LEVEL_MM = 0.3, 1.2  # of the foot and of the top of a pulse


def rows_agree(ink: NDArray[np.float64], rows: Rows, per_mm: float) -> bool:
    """Tell whether most rows of a layout are drawn, and in their place.

    Parameters
    ----------
    ink : ndarray of float64 of shape (n, 2)
        Places of ink in pixels of the layout.
    rows : Rows
        The rows of the layout.
    per_mm : float
        Resolution of the layout.
    """
    drawn, levels, starts, ends = [], [], [], []
    for baseline in rows.baselines:
        x, y = _of_row(ink, rows, baseline)
        inside = (x >= rows.left) & (x < rows.right)
        covered = np.bincount(((x[inside] - rows.left) / (_BIN_MM * per_mm)).astype(int)) > 0
        n = (rows.right - rows.left) / (_BIN_MM * per_mm)
        start, stop = (at * _BIN_MM - _BESIDE_MM for at in _run(x, rows, per_mm, gaps=True)[:2])
        starts.append(start)
        ends.append(stop - (rows.right - rows.left) / per_mm)
        levels.append((np.median(y[inside]) - baseline) / per_mm if inside.any() else np.inf)
        # A line of a form may be as long as a row, but ends elsewhere.
        drawn.append(covered.sum() >= _LEAST_COVERED * n and abs(ends[-1]) < _MOST_AWAY_MM)
    is_drawn = float(np.mean(drawn)) >= _LEAST_ROWS
    # They may begin early, with their calibration pulses.
    is_late = np.median(starts) > _MOST_LATE_MM
    away = max(abs(np.median(levels)), abs(np.median(ends)))
    return bool(is_drawn and not is_late and away < _MOST_AWAY_MM)


def is_upside_down(ink: NDArray[np.float64], rows: Rows, per_mm: float) -> bool:
    """Tell whether the calibration pulses, which begin a row, stand at its end."""
    sides = [_pulse_side(_of_row(ink, rows, y)[0], rows, per_mm) for y in rows.baselines]
    return sum(side > 0 for side in sides) > max(len(sides) / 2, sum(side < 0 for side in sides))


def is_mirrored(ink: NDArray[np.float64], rows: Rows, per_mm: float) -> bool:
    """Tell whether the calibration pulses, which stand on 0 mV, hang from it.

    Foot and top of a pulse are level lines, 10 mm apart.
    """
    n_hanging = 0
    shift_mm = min(_MOST_SHIFT_MM, 0.4 * rows.reach / per_mm)
    for baseline in rows.baselines:
        x, y = (ink - (rows.left, baseline)).T / per_mm
        near = (x > -_BESIDE_MM) & (x < -_BEFORE_MM) & (np.abs(y) < _PULSE_MM + shift_mm + 1)
        shape = (round(_BESIDE_MM / _FINE_MM), round(2 * (_PULSE_MM + shift_mm + 1) / _FINE_MM) + 1)
        cells = np.zeros(shape, bool)
        columns = ((x[near] + _BESIDE_MM) / _FINE_MM).astype(int)
        cells[columns, ((y[near] + _PULSE_MM + shift_mm + 1) / _FINE_MM).astype(int)] = True
        lengths = ndimage.maximum_filter1d(cells.sum(axis=0) * _FINE_MM, 3)
        height, reach = round(_PULSE_MM / _FINE_MM), round(shift_mm / _FINE_MM)
        feet = np.arange(-reach, reach + 1) + shape[1] // 2
        standing, hanging = (
            np.minimum(lengths[feet], lengths[feet + way * height]).max() for way in (-1, 1)
        )
        n_hanging += hanging > max(_LEAST_LEVEL_MM, 1.3 * standing)
    return n_hanging > len(rows.baselines) / 2


def _of_row(ink: NDArray, rows: Rows, baseline: float) -> tuple[NDArray, NDArray]:
    x, y = ink[np.abs(ink[:, 1] - baseline) < rows.reach].T
    return x, y


def _pulse_side(x: NDArray, rows: Rows, per_mm: float) -> int:
    """Return -1 where there is ink before the trace only, 1 after it only, else 0."""
    size = _BIN_MM * per_mm
    first = rows.left - _BESIDE_MM * per_mm
    start, stop, columns = _run(x, rows, per_mm)
    n = len(columns)
    if (stop - start) * size < 0.5 * (rows.right - rows.left):
        return 0
    near = int(_PULSE_MM / _BIN_MM)
    before = columns[max(0, start - near) : max(0, start - 1)].mean() if start > 1 else 0.0
    after = columns[stop + 1 : stop + near].mean() if stop + 1 < n else 0.0
    # On a coarse picture the pulse and the trace are one.
    before += (rows.left - first) / size - start > 6
    after += stop - (rows.right - first) / size > 6
    return int(after > 0.15 > before) - int(before > 0.15 > after)


def _run(
    x: NDArray, rows: Rows, per_mm: float, *, gaps: bool = False
) -> tuple[int, int, NDArray[np.bool_]]:
    """Return the longest run of columns with ink, and all columns, from some mm before a row.

    With ``gaps``, it may have some, and the columns are those of long runs.
    """
    size = _BIN_MM * per_mm
    first = rows.left - _BESIDE_MM * per_mm
    columns = np.zeros(int((rows.right - rows.left + 2 * _BESIDE_MM * per_mm) / size), bool)
    at = ((x - first) / size).astype(int)
    columns[at[(x >= first) & (at < len(columns))]] = True
    columns = ndimage.binary_closing(columns, iterations=1)
    if gaps:
        columns = ndimage.binary_opening(columns, np.ones(_LONG))
        columns = ndimage.binary_closing(columns, np.ones(_GAP))
    return *longest_run(columns), columns
