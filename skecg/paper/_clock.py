"""Time in a record, as hours, minutes and seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Steps of the ticks in seconds, and how many ticks an axis has at most.
_STEPS = (
    *(1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600),
)
_MAX_TICKS = 13


def clock(seconds: float, *, show_seconds: bool = True) -> str:
    """Return a time as ``h:mm:ss`` or ``h:mm``.

    Parameters
    ----------
    seconds : float
        Time from the start of the record; rounded down to whole seconds or minutes.
    show_seconds : bool, default=True
        Whether to show the seconds.

    Returns
    -------
    str
        The time. Hours count on after a day.

    Examples
    --------
    >>> from skecg.paper import clock
    >>> clock(3725.9), clock(90_000, show_seconds=False)
    ('1:02:05', '25:00')
    """
    # A time that was computed from samples may be a rounding error below a whole second.
    minutes, rest = divmod(int(seconds + 1e-6), 60)
    text = f"{minutes // 60}:{minutes % 60:02d}"
    return f"{text}:{rest:02d}" if show_seconds else text


def label_clock(ax: Axes, start: float, stop: float) -> None:
    """Put ticks at round times on the x axis of an Axes in seconds.

    Parameters
    ----------
    ax : matplotlib Axes
        The Axes.
    start, stop : float
        Limits of the axis in seconds.
    """
    span = stop - start
    days = 24 * 3600 * -(-span // (24 * 3600 * _MAX_TICKS))
    step = next((step for step in _STEPS if span / step <= _MAX_TICKS), days)
    ticks = [k * step for k in range(int(-(-start // step)), int(stop // step) + 1)]
    with_seconds = step < 60
    ax.set_xticks(ticks, [clock(tick, show_seconds=with_seconds) for tick in ticks])
    ax.set_xlim(start, stop)
    ax.set_xlabel("Time (h:mm:ss)" if with_seconds else "Time (h:mm)")
