"""Display of the leads of a record on ECG paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ..paper import (
    INK,
    clock,
    draw_calibration,
    draw_paper,
    draw_trace,
    paper_figure,
    snap_height,
    visible_range,
)
from ._panels import keywords
from ._record_leads import (
    STANDARD_ROWS,
    RecordLike,
    check_layout,
    check_part,
    check_record,
    find_lead,
    usual_spelling,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from matplotlib.text import Text

_MAX_LEADS = 12
# Seconds left of the leads, for the calibration pulse.
_PULSE = 0.4
# Room in mV above and below a trace; the name of the lead is above.
_ABOVE, _BELOW = 0.4, 0.1
# Width of the paper in inches that fits a screen.
_SCREEN_WIDTH = 10.5


class _Place(NamedTuple):
    """Where a part of a lead is drawn: the lead's number and the part in seconds."""

    lead: int
    start: float
    stop: float


class ECGDisplay:
    """Display of the leads of a record on ECG paper, at 25 mm/s and 10 mm/mV.

    It is recommended to use :meth:`from_record` to create an `ECGDisplay`. All parameters are
    stored as attributes.

    Parameters
    ----------
    signals : ndarray of shape (n_leads, n_timesteps)
        The leads in mV.
    sampling_rate : float
        Sampling rate in Hz.
    lead_names : sequence of n_leads str
        Names of the leads.
    start : float, default=0.0
        Time of the first sample in the record in seconds, for the title.
    layout : {"3x4", "rows"}, default="rows"
        Arrangement of the leads.
    rhythm_lead : str or None, default="II"
        Lead of the rhythm strip below a 3 x 4 arrangement.
    name : str, default=""
        Name of the record, for the title.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The paper, in seconds and mV.
    figure_ : matplotlib Figure
        The figure.
    lines_ : list of Line2D
        The traces, row by row.
    text_ : list of Text
        The names of the leads, in the same order.
    calibration_ : list of Line2D
        The calibration pulses, one for each row.

    See Also
    --------
    skecg.datasets.read_record : Reads a record.
    skecg.records.BeatStripDisplay : Draws a record with its labelled beats.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from skecg.datasets import make_records
    >>> from skecg.inspection import ECGDisplay
    >>> ecg = make_records(1, duration=8, random_state=0)
    >>> record = SimpleNamespace(
    ...     signals=ecg.data, sampling_rate=ecg.sampling_rate, lead_names=ecg.lead_names
    ... )
    >>> display = ECGDisplay.from_record(record)
    >>> [text.get_text() for text in display.text_]
    ['MLII']
    """

    def __init__(
        self,
        signals: NDArray,
        sampling_rate: float,
        lead_names: Sequence[str],
        *,
        start: float = 0.0,
        layout: str = "rows",
        rhythm_lead: str | None = "II",
        name: str = "",
    ) -> None:
        self.signals = signals
        self.sampling_rate = sampling_rate
        self.lead_names = lead_names
        self.start = start
        self.layout = layout
        self.rhythm_lead = rhythm_lead
        self.name = name

    @classmethod
    def from_record(
        cls,
        record: RecordLike,
        *,
        leads: Sequence[str] | None = None,
        start: float = 0.0,
        duration: float = 10.0,
        layout: str | None = None,
        rhythm_lead: str | None = "II",
        true_scale: bool = False,
        ax: Axes | None = None,
        line_kw: Mapping[str, Any] | None = None,
        text_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the leads of a record.

        Each trace is drawn around its own median, and interrupted where the record is NaN.

        Parameters
        ----------
        record : Record or similar
            Any object with ``signals`` of shape (n_leads, n_timesteps) in mV, ``sampling_rate`` in
            Hz and ``lead_names``.
        leads : sequence of str, default=None
            Names of the leads to draw, in this order. If None, all leads, of which there must not
            be more than 12.
        start : float, default=0.0
            Start of the picture in seconds.
        duration : float, default=10.0
            Length of the picture in seconds, at most 60; shorter at the end of the record.
        layout : {"3x4", "rows"}, default=None
            ``"3x4"``: the twelve standard leads in three rows of four, each for a quarter of the
            duration and the next column where the one before ends, above a rhythm strip.
            ``"rows"``: one row for each lead. If None, ``"3x4"`` if all standard leads are
            there, otherwise ``"rows"``.
        rhythm_lead : str, default="II"
            Lead of the rhythm strip of ``"3x4"``. If None, there is no strip.
        true_scale : bool, default=False
            Whether the new figure has the size at which one second is 25 mm and 1 mV 10 mm long in
            print. If False, it is made smaller where it is too wide for a screen.
        ax : Axes, default=None
            Axes to draw on. If None, a new figure is created.
        line_kw, text_kw : dict, default=None
            Keyword arguments for the traces (:meth:`matplotlib.axes.Axes.plot`) and the names of
            the leads (:meth:`matplotlib.axes.Axes.text`).

        Returns
        -------
        display : ECGDisplay
            Object that stores the drawn artists.

        Raises
        ------
        TypeError
            If `record` lacks one of the attributes.
        ValueError
            If a lead is not in the record, there are more than 12, the part lies outside the
            record, the layout is unknown or its leads are missing, or `true_scale` is given with
            `ax`.
        """
        signals, rate, names = check_record(record)
        if leads is not None:
            order = [find_lead(names, lead) for lead in leads]
            signals, names = signals[order], [names[i] for i in order]
        if not 1 <= len(names) <= _MAX_LEADS:
            raise ValueError(
                f"There must be 1 to {_MAX_LEADS} leads to draw; got {len(names)}. Choose them by "
                "name with leads=[...]."
            )
        first, stop = check_part(start, duration, signals.shape[1], rate)
        layout = check_layout(layout, names, rhythm_lead)
        if true_scale and ax is not None:
            raise ValueError(
                "true_scale=True sets the size of the figure, so ax must be None; got an Axes."
            )
        display = cls(
            signals[:, first:stop], rate, names, start=first / rate, layout=layout,
            rhythm_lead=rhythm_lead, name=str(getattr(record, "name", "") or ""),
        )  # fmt: skip
        return display.plot(true_scale=true_scale, ax=ax, line_kw=line_kw, text_kw=text_kw)

    def plot(
        self,
        *,
        true_scale: bool = False,
        ax: Axes | None = None,
        line_kw: Mapping[str, Any] | None = None,
        text_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the display.

        Parameters
        ----------
        true_scale : bool, default=False
            As in :meth:`from_record`.
        ax : Axes, default=None
            As in :meth:`from_record`.
        line_kw, text_kw : dict, default=None
            As in :meth:`from_record`.

        Returns
        -------
        display : ECGDisplay
            The object itself.
        """
        length = self.signals.shape[1] / self.sampling_rate
        rows = [[(place, self._part(place)) for place in row] for row in self._rows(length)]
        ranges = [_range([trace for _, trace in row]) for row in rows]
        heights = [snap_height(high - low + _ABOVE + _BELOW) for low, high in ranges]
        width = length + _PULSE
        self.ax_ = ax or paper_figure(
            width, sum(heights), margins=(6, 6, 10, 12),
            max_width=None if true_scale else _SCREEN_WIDTH,
        )  # fmt: skip
        self.figure_ = self.ax_.figure
        draw_paper(self.ax_, -_PULSE, length, 0.0, sum(heights))
        self.lines_: list[Line2D] = []
        self.text_: list[Text] = []
        self.calibration_: list[Line2D] = []
        top = sum(heights)
        for row, (low, _), height in zip(rows, ranges, heights):
            # On a line of the grid, as the paper of a recorder has it.
            baseline = round(top - height + _BELOW - low, 1)
            self.calibration_.append(draw_calibration(self.ax_, -0.85 * _PULSE, baseline))
            for place, trace in row:
                self._draw_lead(place, trace, baseline, top, line_kw, text_kw)
            top -= height
        self._describe()
        return self

    def _rows(self, length: float) -> list[list[_Place]]:
        """Return which part of which lead is drawn in each row."""
        if self.layout == "rows":
            return [[_Place(lead, 0.0, length)] for lead in range(len(self.lead_names))]
        edges = np.linspace(0, length, 5).tolist()
        rows = [
            [
                _Place(find_lead(self.lead_names, lead), *edges[k : k + 2])
                for k, lead in enumerate(row)
            ]
            for row in STANDARD_ROWS
        ]
        if self.rhythm_lead is not None:
            rows.append([_Place(find_lead(self.lead_names, self.rhythm_lead), 0.0, length)])
        return rows

    def _part(self, place: _Place) -> NDArray[np.float64]:
        first, stop = (round(edge * self.sampling_rate) for edge in (place.start, place.stop))
        # One more sample joins a lead to the edge where the next one begins.
        trace = np.array(self.signals[place.lead, first : stop + 1], dtype=np.float64)
        finite = np.isfinite(trace)
        return trace - np.median(trace[finite]) if finite.any() else np.full(len(trace), np.nan)

    def _draw_lead(
        self,
        place: _Place,
        trace: NDArray[np.float64],
        baseline: float,
        top: float,
        line_kw: Mapping[str, Any] | None,
        text_kw: Mapping[str, Any] | None,
    ) -> None:
        from matplotlib.lines import Line2D
        from matplotlib.text import Text

        left = round(place.start * self.sampling_rate) / self.sampling_rate
        style = keywords({"linewidth": 0.9, "color": INK}, line_kw, Line2D)
        line = draw_trace(
            self.ax_, trace, self.sampling_rate, left=left, baseline=baseline, **style
        )
        self.lines_.append(line)
        if place.start > 0:
            ends = baseline - 0.3, baseline + 0.3
            self.ax_.plot([left, left], ends, color=INK, linewidth=1.2, scalex=False, scaley=False)
        own = {"color": INK, "fontsize": 9, "fontweight": "bold", "verticalalignment": "top"}
        self.text_.append(
            self.ax_.text(
                left + 0.06, top - 0.08, usual_spelling(self.lead_names[place.lead]),
                **keywords(own, text_kw, Text),
            )
        )  # fmt: skip

    def _describe(self) -> None:
        parts = [f"Record {self.name}"] if self.name else []
        if self.start:
            parts.append(f"from {clock(self.start)}")
        title = "   ".join(parts)
        self.ax_.set_title(title, loc="left", fontsize=9, color=INK)
        self.ax_.set_xlabel("25 mm/s   10 mm/mV", fontsize=8, color=INK, loc="right")


def _range(traces: list[NDArray[np.float64]]) -> tuple[float, float]:
    """Return the range of a row, which has room for the calibration pulse."""
    low, high = visible_range(np.concatenate(traces))
    return min(low, 0.0), max(high, 1.0)
