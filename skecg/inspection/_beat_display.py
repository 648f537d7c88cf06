"""Display of beats by class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._beat_statistics import (
    ClassBeats,
    check_beats,
    check_coverages,
    check_labels,
    check_names,
    summarize,
)
from ._panels import COLORS, LINE_STYLES, keywords, panel_grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from sklearn.base import BaseEstimator

_COVERAGES = (0.5, 0.9)
_RIGHT_COLOR, _ERROR_COLOR = COLORS[0], COLORS[1]


class BeatDisplay:
    """Display of the mean, quantile bands and single beats of each class.

    It is recommended to use :meth:`from_beats` or :meth:`from_estimator` to create a `BeatDisplay`.
    All parameters are stored as attributes.

    Parameters
    ----------
    beats : list of n_classes ClassBeats
        Number, mean, bands and single beats of each class.
    seconds : ndarray of shape (n_timesteps,)
        Time of the samples in seconds.
    display_labels : sequence of n_classes str
        Names of the classes.
    coverages : sequence of float
        Fraction of the beats that each band contains.
    lead_names : sequence of n_leads str or None, default=None
        Names of the leads.
    unit : str or None, default=None
        Unit of the amplitude, such as ``"mV"``.
    errors : bool, default=False
        Whether the single beats are those that a classifier misclassified.

    Attributes
    ----------
    axes_ : ndarray of Axes of shape (n_leads, n_classes), or (n_leads, 1) if overlaid
        The panels.
    ax_ : matplotlib Axes
        The first panel.
    bounding_ax_ : matplotlib Axes or None
        The Axes that was passed as `ax` and divided into panels.
    figure_ : matplotlib Figure
        The figure.
    lines_ : ndarray of Line2D of shape (n_leads, n_classes)
        The means.
    bands_ : ndarray of artists of shape (n_leads, n_classes, n_coverages)
        The bands, from the widest to the narrowest.
    example_lines_ : ndarray of lists of Line2D of shape (n_leads, n_classes)
        The single beats.
    legend_ : Legend
        The legend, in the last panel of the first row.

    Examples
    --------
    >>> from skecg.datasets import make_beats
    >>> from skecg.inspection import BeatDisplay
    >>> beats = make_beats(100, random_state=0)
    >>> display = BeatDisplay.from_beats(
    ...     beats.data, beats.target, sampling_rate=beats.sampling_rate,
    ...     display_labels=beats.target_names,
    ... )
    >>> display.axes_.shape
    (1, 5)
    """

    def __init__(
        self,
        beats: Sequence[ClassBeats],
        seconds: NDArray[np.floating],
        *,
        display_labels: Sequence[str],
        coverages: Sequence[float],
        lead_names: Sequence[str] | None = None,
        unit: str | None = None,
        errors: bool = False,
    ) -> None:
        self.beats = beats
        self.seconds = seconds
        self.display_labels = display_labels
        self.coverages = coverages
        self.lead_names = lead_names
        self.unit = unit
        self.errors = errors

    @classmethod
    def from_beats(
        cls,
        X: ArrayLike,
        y: ArrayLike,
        *,
        sampling_rate: float = 125.0,
        start: float = 0.0,
        labels: ArrayLike | None = None,
        display_labels: Sequence[str] | None = None,
        lead_names: Sequence[str] | None = None,
        unit: str | None = None,
        coverages: Sequence[float] = _COVERAGES,
        n_examples: int = 0,
        overlay: bool = False,
        ax: Axes | Sequence[Axes] | None = None,
        line_kw: Mapping[str, Any] | None = None,
        band_kw: Mapping[str, Any] | None = None,
        example_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw beats by class.

        Parameters
        ----------
        X : array-like of shape (n_beats, n_timesteps) or (n_beats, n_leads, n_timesteps)
            The beats. Zeros that pad a beat are included in the statistics.
        y : array-like of shape (n_beats,)
            Labels of the beats.
        sampling_rate : float, default=125.0
            Sampling rate in Hz.
        start : float, default=0.0
            Time of the first sample in seconds, for example -0.5 if beats start half a second
            before the R peak.
        labels : array-like of shape (n_classes,), default=None
            The labels to draw, in this order. If None, all labels: the AAMI classes in the order
            N, S, V, F, Q, then the others, sorted.
        display_labels : sequence of n_classes str, default=None
            Names of the classes. If None, the labels are used.
        lead_names : sequence of n_leads str, default=None
            Names of the leads.
        unit : str, default=None
            Unit of the amplitude, such as ``"mV"``. If None, ``"scaled to 0..1"`` if all values
            are in this range, otherwise no unit is shown.
        coverages : sequence of float, default=(0.5, 0.9)
            Fraction of the beats that each band contains at each time step: 0.9 is the band from
            the 5 % to the 95 % quantile.
        n_examples : int, default=0
            Number of single beats to draw per class, evenly spaced in the order of `X`.
        overlay : bool, default=False
            Whether to draw all classes in one panel instead of one panel per class.
        ax : Axes or sequence of Axes, default=None
            One Axes per panel, or a single Axes to divide into panels. If None, a new figure is
            created.
        line_kw, band_kw, example_kw : dict, default=None
            Keyword arguments for the means (:meth:`matplotlib.axes.Axes.plot`), the bands
            (:meth:`matplotlib.axes.Axes.fill_between`) and the single beats (``plot``).

        Returns
        -------
        display : BeatDisplay
            Object that stores the drawn artists.

        Raises
        ------
        ValueError
            If `X` has another shape or is not finite, or a label does not occur in `y`.
        """
        display = cls._computed(
            X, y, None, sampling_rate, start, labels, display_labels, lead_names, unit, coverages,
            n_examples,
        )  # fmt: skip
        return display.plot(
            overlay=overlay, ax=ax, line_kw=line_kw, band_kw=band_kw, example_kw=example_kw
        )

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: ArrayLike,
        y: ArrayLike,
        *,
        sampling_rate: float = 125.0,
        start: float = 0.0,
        labels: ArrayLike | None = None,
        display_labels: Sequence[str] | None = None,
        lead_names: Sequence[str] | None = None,
        unit: str | None = None,
        coverages: Sequence[float] = _COVERAGES,
        n_examples: int = 20,
        ax: Axes | Sequence[Axes] | None = None,
        line_kw: Mapping[str, Any] | None = None,
        band_kw: Mapping[str, Any] | None = None,
        example_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the beats that a classifier recognises and those that it misses, by true class.

        Each panel shows a true class. Mean and bands are computed from the beats that are
        classified correctly. The thin lines are beats of the class that are misclassified.

        Parameters
        ----------
        estimator : classifier
            A fitted classifier, or a pipeline that ends in one.
        X : array-like of shape (n_beats, n_timesteps) or (n_beats, n_leads, n_timesteps)
            The beats.
        y : array-like of shape (n_beats,)
            True labels of the beats.
        sampling_rate : float, default=125.0
            As in :meth:`from_beats`.
        start : float, default=0.0
            As in :meth:`from_beats`.
        labels : array-like of shape (n_classes,), default=None
            As in :meth:`from_beats`.
        display_labels : sequence of n_classes str, default=None
            As in :meth:`from_beats`.
        lead_names : sequence of n_leads str, default=None
            As in :meth:`from_beats`.
        unit : str, default=None
            As in :meth:`from_beats`.
        coverages : sequence of float, default=(0.5, 0.9)
            As in :meth:`from_beats`.
        n_examples : int, default=20
            Maximum number of misclassified beats to draw per class.
        ax : Axes or sequence of Axes, default=None
            As in :meth:`from_beats`.
        line_kw, band_kw, example_kw : dict, default=None
            As in :meth:`from_beats`.

        Returns
        -------
        display : BeatDisplay
            Object that stores the drawn artists.

        Raises
        ------
        ValueError
            As in :meth:`from_beats`.
        """
        display = cls._computed(
            X, y, estimator, sampling_rate, start, labels, display_labels, lead_names, unit,
            coverages, n_examples,
        )  # fmt: skip
        return display.plot(ax=ax, line_kw=line_kw, band_kw=band_kw, example_kw=example_kw)

    @classmethod
    def _computed(
        cls,
        X: ArrayLike,
        y: ArrayLike,
        estimator: BaseEstimator | None,
        sampling_rate: float,
        start: float,
        labels: ArrayLike | None,
        display_labels: Sequence[str] | None,
        lead_names: Sequence[str] | None,
        unit: str | None,
        coverages: Sequence[float],
        n_examples: int,
    ) -> Self:
        """Check the common parameters of both constructors and compute the statistics."""
        if not sampling_rate > 0:
            raise ValueError(f"sampling_rate must be positive (Hz); got {sampling_rate}.")
        predicted = None if estimator is None else estimator.predict(X)
        signals, y_true = check_beats(X, y)
        drawn, coverages = check_labels(labels, y_true), check_coverages(coverages)
        names = drawn.tolist() if display_labels is None else display_labels
        missed = None if predicted is None else predicted != y_true
        beats = []
        for label in drawn:
            members = y_true == label
            wrong = None if missed is None else missed[members]
            beats.append(summarize(signals[members], wrong, coverages, n_examples))
        if lead_names is not None:
            lead_names = check_names(lead_names, signals.shape[1], "lead_names", "leads of X")
        is_scaled = signals.min() >= 0 and signals.max() <= 1
        return cls(
            beats,
            start + np.arange(signals.shape[2]) / sampling_rate,
            display_labels=check_names(names, len(drawn), "display_labels", "classes"),
            coverages=coverages,
            lead_names=lead_names,
            unit=unit or ("scaled to 0..1" if is_scaled else None),
            errors=estimator is not None,
        )

    def plot(
        self,
        *,
        overlay: bool = False,
        ax: Axes | Sequence[Axes] | None = None,
        line_kw: Mapping[str, Any] | None = None,
        band_kw: Mapping[str, Any] | None = None,
        example_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the display.

        Parameters
        ----------
        overlay : bool, default=False
            As in :meth:`from_beats`.
        ax : Axes or sequence of Axes, default=None
            As in :meth:`from_beats`.
        line_kw, band_kw, example_kw : dict, default=None
            As in :meth:`from_beats`.

        Returns
        -------
        display : BeatDisplay
            The object itself.
        """
        n_leads, n_classes = self.beats[0].mean.shape[0], len(self.beats)
        self.axes_, self.bounding_ax_ = panel_grid(
            ax,
            n_leads,
            1 if overlay else n_classes,
            panel_size=_panel_size(n_leads, overlay),
            legend_width=0.0 if overlay else 1.8,
            share_y="row",
        )
        self.ax_, self.figure_ = self.axes_.flat[0], self.axes_.flat[0].figure
        self.lines_ = np.empty((n_leads, n_classes), dtype=object)
        self.bands_ = np.empty((n_leads, n_classes, len(self.coverages)), dtype=object)
        self.example_lines_ = np.empty((n_leads, n_classes), dtype=object)
        for lead, k in np.ndindex(n_leads, n_classes):
            panel = self.axes_[lead, 0 if overlay else k]
            self._draw_examples(panel, lead, k, example_kw)
            self._draw_bands(panel, lead, k, overlay, band_kw)
            self._draw_mean(panel, lead, k, overlay, line_kw)
        self._describe(overlay, own_figure=ax is None)
        return self

    def _draw_examples(
        self, panel: Axes, lead: int, k: int, given: Mapping[str, Any] | None
    ) -> None:
        from matplotlib.lines import Line2D

        color = _ERROR_COLOR if self.errors else COLORS[k % len(COLORS)]
        style = keywords({"color": color, "linewidth": 0.6, "alpha": 0.5}, given, Line2D)
        lines = panel.plot(self.seconds, self.beats[k].examples[:, lead].T, **style)
        if lines:
            lines[0].set_label("missed" if self.errors else "single beats")
        self.example_lines_[lead, k] = lines

    def _draw_bands(
        self, panel: Axes, lead: int, k: int, overlay: bool, given: Mapping[str, Any] | None
    ) -> None:
        from matplotlib.collections import PolyCollection

        color = _RIGHT_COLOR if self.errors else COLORS[k % len(COLORS)]
        for i, coverage in enumerate(self.coverages):
            lower, upper = self.beats[k].bands[i, :, lead]
            own = {
                "facecolor": color,
                "alpha": 0.12 if overlay else 0.2 + 0.3 * i / len(self.coverages),
                "linewidth": 0,
                "label": None if overlay else f"{coverage:.0%} of {self._drawn()}",
            }
            style = keywords(own, given, PolyCollection)
            self.bands_[lead, k, i] = panel.fill_between(self.seconds, lower, upper, **style)

    def _draw_mean(
        self, panel: Axes, lead: int, k: int, overlay: bool, given: Mapping[str, Any] | None
    ) -> None:
        from matplotlib.lines import Line2D

        own = {
            "color": _RIGHT_COLOR if self.errors else COLORS[k % len(COLORS)],
            "linestyle": LINE_STYLES[k % len(LINE_STYLES)] if overlay else "-",
            "linewidth": 1.6,
            "label": self._title(k) if overlay else f"mean of {self._drawn()}",
        }
        style = keywords(own, given, Line2D)
        (self.lines_[lead, k],) = panel.plot(self.seconds, self.beats[k].mean[lead], **style)

    def _describe(self, overlay: bool, own_figure: bool) -> None:
        """Add titles, axis labels and the legend."""
        for panel in self.axes_[-1]:
            panel.set_xlabel("Time (s)")
        for panel, name in zip(self.axes_[:, 0], self._quantities()):
            label = name if self.unit is None else f"{name} ({self.unit})"
            panel.set_ylabel(label, fontsize="medium" if len(self.axes_) == 1 else "small")
        if not overlay:
            for k, panel in enumerate(self.axes_[0]):
                panel.set_title(self._title(k), fontsize="medium")
        # A legend beside the panels hides nothing, but only our own figure has room for it.
        beside = {"loc": "upper left", "bbox_to_anchor": (1.02, 1.0)}
        self.legend_ = self.axes_[0, -1].legend(
            fontsize="small", framealpha=0.7, **(beside if own_figure and not overlay else {})
        )

    def _quantities(self) -> Sequence[str]:
        """Return the label of each row of panels."""
        if self.lead_names is not None:
            return self.lead_names
        n_leads = len(self.axes_)
        return ["Amplitude"] if n_leads == 1 else [f"Lead {k + 1}" for k in range(n_leads)]

    def _drawn(self) -> str:
        return "recognised" if self.errors else "beats"

    def _title(self, k: int) -> str:
        beats = self.beats[k]
        title = f"{self.display_labels[k]}: {beats.n_beats:,} beats"
        return f"{title}\n{beats.n_missed:,} missed" if self.errors else title


def _panel_size(n_leads: int, overlay: bool) -> tuple[float, float]:
    if overlay:
        return (5.0, 3.2 if n_leads == 1 else 1.8)
    return (2.2, 2.4 if n_leads == 1 else 1.4)
