"""What is drawn on ECG paper: traces, calibration pulses and unreadable stretches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._colors import INK, UNREADABLE_COLOR

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle

# Paper of more than this many mV is no picture of a heart: an artefact, or another unit.
_MAX_RANGE = 6.0
_PULSE_SECONDS = 0.2


def draw_trace(
    ax: Axes, signal: ArrayLike, sampling_rate: float, *, left: float, baseline: float, **style: Any
) -> Line2D:
    """Draw a trace on ECG paper.

    Parameters
    ----------
    ax : matplotlib Axes
        The Axes, in seconds and mV.
    signal : array-like of shape (n_timesteps,)
        The trace in mV. It is interrupted at NaN.
    sampling_rate : float
        Sampling rate in Hz.
    left : float
        Place of the first sample in seconds.
    baseline : float
        Place of 0 mV.
    **style
        Keyword arguments of the line.

    Returns
    -------
    Line2D
        The trace.
    """
    signal = np.asarray(signal)
    x = left + np.arange(len(signal)) / sampling_rate
    # Rounded joins: mitred ones would lengthen the tip of a QRS complex by more than the line.
    own = {"color": INK, "linewidth": 0.9, "solid_joinstyle": "round", "zorder": 2}
    (line,) = ax.plot(x, baseline + signal, scalex=False, scaley=False, **{**own, **style})
    return line


def draw_calibration(ax: Axes, left: float, baseline: float, **style: Any) -> Line2D:
    """Draw a calibration pulse of 1 mV and 0.2 s.

    Parameters
    ----------
    ax : matplotlib Axes
        The Axes, in seconds and mV.
    left : float
        Start of the pulse in seconds.
    baseline : float
        Place of 0 mV.
    **style
        Keyword arguments of the line.

    Returns
    -------
    Line2D
        The pulse.
    """
    foot = 0.06
    x = left + np.array([-foot, 0, 0, _PULSE_SECONDS, _PULSE_SECONDS, _PULSE_SECONDS + foot])
    y = baseline + np.array([0, 0, 1, 1, 0, 0])
    own = {"color": INK, "linewidth": 0.9, "solid_joinstyle": "miter", "zorder": 2}
    (line,) = ax.plot(x, y, scalex=False, scaley=False, **{**own, **style})
    return line


def shade(
    ax: Axes, stretches: Iterable[tuple[float, float]], bottom: float, top: float, **style: Any
) -> list[Rectangle]:
    """Shade stretches that could not be read.

    Parameters
    ----------
    ax : matplotlib Axes
        The Axes.
    stretches : iterable of (float, float)
        First and last place of each stretch on the x axis.
    bottom, top : float
        Limits on the y axis.
    **style
        Keyword arguments of the rectangles.

    Returns
    -------
    list of Rectangle
        The shaded areas.
    """
    from matplotlib.patches import Rectangle

    own = {
        "facecolor": UNREADABLE_COLOR, "alpha": 0.3, "hatch": "////", "edgecolor": "white",
        "linewidth": 0, "zorder": 1,
    }  # fmt: skip
    patches = [
        Rectangle((x, bottom), end - x, top - bottom, **{**own, **style}) for x, end in stretches
    ]
    for patch in patches:
        ax.add_patch(patch)
    return patches


def visible_range(signal: NDArray) -> tuple[float, float]:
    """Return the range of a trace in mV, bounded so that artefacts do not make it huge.

    Parameters
    ----------
    signal : ndarray
        The trace or traces in mV, of any shape; may have NaN.

    Returns
    -------
    low, high : float
        The range, at most 6 mV around the median; (-0.5, 0.5) if there is no finite value.
    """
    values = np.asarray(signal)
    values = values[np.isfinite(values)]
    if not values.size:
        return -0.5, 0.5
    middle = float(np.median(values))
    low, high = np.quantile(values, [0.0005, 0.9995])
    return float(max(low, middle - _MAX_RANGE / 2)), float(min(high, middle + _MAX_RANGE / 2))


def snap_height(height: float) -> float:
    """Return a height in mV rounded up to whole heavy squares of 0.5 mV.

    Parameters
    ----------
    height : float
        Height in mV.

    Returns
    -------
    float
        The next multiple of 0.5 mV.
    """
    return float(np.ceil(height / 0.5 - 1e-6) * 0.5)
