"""Display of labelled beats: a strip on ECG paper, or an overview of the record."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from ..paper import (
    INK,
    class_color,
    clock,
    draw_paper,
    draw_trace,
    paper_figure,
    shade,
    snap_height,
    visible_range,
)
from ._beat_overview import draw_overview
from ._labelled_beats import LabelledBeats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.container import BarContainer
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle
    from matplotlib.text import Text

# Records up to this length are drawn whole, longer ones as an overview.
_LONGEST_WHOLE = 60.0
_LONGEST_STRIP = 300.0
_DEFAULT_STRIP = 30.0
# Ten seconds are 25 cm, the width of a printed page.
_ROW = 10.0
# Room in mV above a trace for the letters, and below it.
_LETTERS, _FOOT = 0.7, 0.2
# The part of a trace that takes the colour of its beat, in seconds around R.
_BEFORE, _AFTER = 0.25, 0.40


class BeatStripDisplay:
    """Display of labelled beats: a strip on ECG paper, or an overview of the record.

    It is recommended to use :meth:`from_annotations` to create a `BeatStripDisplay`. All parameters
    are stored as attributes.

    Parameters
    ----------
    annotations : BeatAnnotations
        The beats.
    start : float or None, default=None
        Start of the strip in seconds. If None, the overview is drawn.
    duration : float or None, default=None
        Length of the strip in seconds.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The strip; or the R-R intervals of the overview.
    burden_ax_ : matplotlib Axes or None
        The share of S and V beats over time, in the overview.
    bounding_ax_ : matplotlib Axes or None
        The Axes that was passed as `ax` and divided, in the overview.
    figure_ : matplotlib Figure
        The figure.
    lines_ : list of Line2D
        The traces of the strip, one for each row, or a bar for each beat without a signal; or the
        R-R intervals of the overview, one set of points for each class from the commonest to the
        rarest, and arrows for the few that are too long for the axis.
    beat_lines_ : dict of str to list of Line2D
        The coloured parts of the traces of each class, in the strip.
    text_ : list of Text
        The letters of the beats, in the strip.
    unreadable_ : list of Rectangle
        The shaded stretches.
    bars_ : dict of str to BarContainer
        The bars of the S and V beats, in the overview.

    See Also
    --------
    BeatAnnotations : What it draws.

    Examples
    --------
    >>> from skecg.datasets import make_records
    >>> from skecg.inspection import BeatStripDisplay
    >>> from skecg.records import BeatAnnotations
    >>> ecg = make_records(1, duration=8, random_state=0)
    >>> is_beat = ecg.target[0] >= 0
    >>> beats = BeatAnnotations(
    ...     ecg.annotations[0].sample[is_beat], ecg.target_names[ecg.target[0][is_beat]],
    ...     ecg.sampling_rate, ecg.data.shape[1], signal=ecg.data[0],
    ... )
    >>> display = BeatStripDisplay.from_annotations(beats)
    >>> len(display.text_) == len(beats)
    True
    """

    def __init__(
        self,
        annotations: LabelledBeats,
        *,
        start: float | None = None,
        duration: float | None = None,
    ) -> None:
        self.annotations = annotations
        self.start = start
        self.duration = duration

    @classmethod
    def from_annotations(
        cls,
        annotations: LabelledBeats,
        *,
        start: float | None = None,
        duration: float | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Draw labelled beats.

        A strip is drawn at 25 mm/s and 10 mm/mV in rows of 10 s, each around its own median. Beats
        have the letter and, unless they are N, the colour of their class. An overview shows the R-R
        intervals in the colours of the classes and the share of S and V beats over time.

        Parameters
        ----------
        annotations : BeatAnnotations
            The beats. Without a signal, vertical bars mark them on the strip.
        start : float, default=None
            Start of the strip in seconds. If None, a record of up to a minute is drawn whole, and
            of a longer one the overview, unless there is a `duration`.
        duration : float, default=None
            Length of the strip in seconds, at most 300. If None, 30 s, or what is left of the
            record.
        ax : Axes, default=None
            Axes to draw on. If None, a new figure is created, in which the strip has its true size.

        Returns
        -------
        display : BeatStripDisplay
            Object that stores the drawn artists.

        Raises
        ------
        ValueError
            If the strip starts outside the record, or its length is not positive or more than 300
            s.
        """
        total = annotations.n_timesteps / annotations.sampling_rate
        if start is None and duration is None:
            if total > _LONGEST_WHOLE:
                return cls(annotations).plot(ax=ax)
            start, duration = 0.0, total
        start = _check_start(0.0 if start is None else start, total)
        duration = min(_check_duration(duration), total - start)
        return cls(annotations, start=start, duration=duration).plot(ax=ax)

    def plot(self, *, ax: Axes | None = None) -> Self:
        """Draw the display.

        Parameters
        ----------
        ax : Axes, default=None
            As in :meth:`from_annotations`.

        Returns
        -------
        display : BeatStripDisplay
            The object itself.
        """
        self.burden_ax_ = self.bounding_ax_ = None
        self.lines_: list[Line2D] = []
        self.text_: list[Text] = []
        self.unreadable_: list[Rectangle] = []
        self.beat_lines_: dict[str, list[Line2D]] = {}
        self.bars_: dict[str, BarContainer] = {}
        if self.start is None:
            drawn = draw_overview(self.annotations, ax)
            self.ax_, self.burden_ax_, self.bounding_ax_ = drawn.ax, drawn.burden_ax, ax
            self.lines_, self.bars_, self.unreadable_ = drawn.points, drawn.bars, drawn.unreadable
        else:
            duration = _DEFAULT_STRIP if self.duration is None else self.duration
            self._draw_strip(ax, self.start, duration)
        self.figure_ = self.ax_.figure
        return self

    def _draw_strip(self, ax: Axes | None, start: float, duration: float) -> None:
        rows = _rows(self.annotations, start, duration)
        low, high = visible_range(np.concatenate([row.trace for row in rows]))
        height = snap_height(high - low + _LETTERS + _FOOT)
        width = min(duration, _ROW)
        self.ax_ = ax or paper_figure(width, height * len(rows))
        # The first row is at the top; the last one has its lowest value just above the foot.
        draw_paper(self.ax_, 0.0, width, 0.0, height * len(rows))
        places = []
        for k, row in enumerate(rows):
            foot = height * (len(rows) - 1 - k)
            self._draw_row(row, foot, foot + _FOOT - low, height)
            places.append(foot + _FOOT - low)
        self._describe(rows, places, start)

    def _draw_row(self, row: _Row, foot: float, baseline: float, height: float) -> None:
        beats, rate = self.annotations, self.annotations.sampling_rate
        stretches = (np.clip(beats.unreadable, row.first, row.stop) - row.first) / rate
        seen = [tuple(pair) for pair in stretches.tolist() if pair[0] < pair[1]]
        self.unreadable_ += shade(self.ax_, seen, foot, foot + height)
        if beats.signal is not None:
            line = draw_trace(self.ax_, row.trace, rate, left=row.left, baseline=baseline)
            self.lines_.append(line)
            self._color_beats(row, baseline)
        for time, label in zip(row.time.tolist(), row.label.tolist()):
            self._mark_beat(time, label, foot, height)

    def _color_beats(self, row: _Row, baseline: float) -> None:
        """Draw the parts of the trace around beats that are not N once more, in colour."""
        rate = self.annotations.sampling_rate
        x = row.left + np.arange(len(row.trace)) / rate
        middles = (row.near_time[1:] + row.near_time[:-1]) / 2
        begins = np.maximum(row.near_time - _BEFORE, np.append(-np.inf, middles))
        ends = np.minimum(row.near_time + _AFTER, np.append(middles, np.inf))
        for label in np.unique(row.near_label).tolist():
            if label == "N":
                continue
            inside = np.zeros(len(x) + 1, dtype=np.int64)
            mine = row.near_label == label
            np.add.at(inside, np.searchsorted(x, begins[mine]), 1)
            np.add.at(inside, np.searchsorted(x, ends[mine]), -1)
            here = np.cumsum(inside)[:-1] > 0
            if not here.any():
                continue
            part = np.where(here, row.trace, np.nan)
            style = {"color": class_color(label), "linewidth": 1.3, "zorder": 3}
            line = draw_trace(self.ax_, part, rate, left=row.left, baseline=baseline, **style)
            self.beat_lines_.setdefault(label, []).append(line)

    def _mark_beat(self, time: float, label: str, foot: float, height: float) -> None:
        color = class_color(label)
        self.text_.append(
            self.ax_.text(
                time, foot + height - _LETTERS / 2, label, color=color, clip_on=True,
                ha="center", va="center", fontsize=7 if label == "N" else 9,
                fontweight="normal" if label == "N" else "bold", alpha=0.6 if label == "N" else 1,
            )
        )  # fmt: skip
        if self.annotations.signal is None:
            ends = foot + _FOOT, foot + height - _LETTERS
            self.lines_ += self.ax_.plot(
                [time, time], ends, color=color, linewidth=1.2, scalex=False, scaley=False
            )

    def _describe(self, rows: list[_Row], places: list[float], start: float) -> None:
        """Write the time of each row, the scale and the number of beats of each class."""
        starts = [clock(start + _ROW * k) for k in range(len(rows))]
        self.ax_.set_yticks(places, starts, fontsize=8, color=INK)
        self.ax_.tick_params(length=0)
        label = np.concatenate([row.label for row in rows])
        counts = [
            f"{name} {(label == name).sum()}"
            for name in self.annotations.occurring()
            if (label == name).any()
        ]
        name = self.annotations.name
        self.ax_.set_title(
            "   ".join([*([f"Record {name}"] if name else []), *counts]),
            loc="left", fontsize=9, color=INK,
        )  # fmt: skip
        self.ax_.set_xlabel("25 mm/s   10 mm/mV", fontsize=8, color=INK, loc="right")


class _Row:
    """What a row of the strip shows; times are from its left edge in seconds."""

    def __init__(self, beats: LabelledBeats, start: float, duration: float) -> None:
        rate = beats.sampling_rate
        first, stop = int(np.ceil(start * rate - 1e-6)), int(np.ceil((start + duration) * rate))
        self.first, self.stop = first, min(stop, beats.n_timesteps)
        # The first sample may come a little after the edge.
        self.left = self.first / rate - start
        self.trace: NDArray[np.float64] = np.zeros(0)
        if beats.signal is not None:
            self.trace = np.array(beats.signal[self.first : self.stop], dtype=np.float64)
            if np.isfinite(self.trace).any():
                self.trace -= np.median(self.trace[np.isfinite(self.trace)])
        low, high = np.searchsorted(beats.sample, [self.first, self.stop])
        self.time = beats.time[low:high] - start
        self.label = beats.label[low:high]
        # A beat beyond an edge may begin or end in the row.
        near = slice(max(low - 1, 0), high + 1)
        self.near_time, self.near_label = beats.time[near] - start, beats.label[near]


def _rows(beats: LabelledBeats, start: float, duration: float) -> list[_Row]:
    n_rows = max(1, int(np.ceil(duration / _ROW - 1e-6)))
    return [_Row(beats, start + k * _ROW, min(_ROW, duration - k * _ROW)) for k in range(n_rows)]


def _check_start(start: float, total: float) -> float:
    if not isinstance(start, Real) or not 0 <= start < total:
        raise ValueError(
            f"start must lie in the record of {total:.1f} s; got {start!r}. It is in seconds."
        )
    return float(start)


def _check_duration(duration: float | None) -> float:
    if duration is None:
        return _DEFAULT_STRIP
    if not isinstance(duration, Real) or not 0 < duration <= _LONGEST_STRIP:
        raise ValueError(
            f"duration must be positive and at most {_LONGEST_STRIP:g} s; got {duration!r}. Leave "
            "out start and duration to draw an overview of a long record."
        )
    return float(duration)
