"""The overview of a long record: R-R intervals by class, and the share of S and V beats."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..paper import INK, class_color, label_clock, shade
from ._beat_summary import ECTOPIC
from ._labelled_beats import LabelledBeats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.container import BarContainer
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle

# The shares are of a minute, or of the first of these lengths in seconds that makes few bars.
_BAR_SECONDS = (60, 300, 900, 3600, 6 * 3600, 24 * 3600)
_MAX_BARS = 100
_BAR_NAMES = {60: "minute", 300: "5 min", 900: "15 min", 3600: "hour", 21600: "6 h", 86400: "day"}
# The R-R axis shows all but the longest intervals; arrows at its upper edge stand for them.
_SHOWN_RR = 0.999


class Overview(NamedTuple):
    """The artists of an overview."""

    ax: Axes
    burden_ax: Axes
    points: list[Line2D]
    bars: dict[str, BarContainer]
    unreadable: list[Rectangle]


def draw_overview(beats: LabelledBeats, ax: Axes | None) -> Overview:
    """Draw the R-R intervals of a record by class, and the share of S and V beats over time.

    Parameters
    ----------
    beats : LabelledBeats
        The beats.
    ax : Axes or None
        Axes to divide into the two panels. If None, a new figure is created.

    Returns
    -------
    overview : Overview
        The artists.
    """
    top, bottom = _panels(ax)
    total = beats.n_timesteps / beats.sampling_rate
    points = _draw_intervals(beats, top)
    bars = _draw_burden(beats, bottom, total)
    gaps = [tuple(pair) for pair in (beats.unreadable / beats.sampling_rate).tolist()]
    shaded = []
    for panel in (top, bottom):
        low, high = panel.get_ylim()
        shaded += shade(panel, gaps, low, high)
        panel.set_ylim(low, high)
        label_clock(panel, 0.0, total)
        panel.spines[["top", "right"]].set_visible(False)
        panel.tick_params(labelsize=8)
    top.set_xlabel("")
    top.tick_params(labelbottom=False)
    title = f"Record {beats.name}" if beats.name else ""
    top.set_title(title, loc="left", fontsize=10, color=INK)
    return Overview(top, bottom, points, bars, shaded)


def _panels(ax: Axes | None) -> tuple[Axes, Axes]:
    if ax is None:
        from matplotlib import pyplot as plt

        figure = plt.figure(figsize=(10.5, 5.0), layout="constrained")
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(5, 2))
        return top, bottom
    # Insets divide any Axes, also one that was placed by hand.
    ax.set_axis_off()
    return ax.inset_axes((0, 0.38, 1, 0.62)), ax.inset_axes((0, 0, 1, 0.26))


def _draw_intervals(beats: LabelledBeats, ax: Axes) -> list[Line2D]:
    known = ~np.isnan(beats.rr)
    high = float(np.quantile(beats.rr[known], _SHOWN_RR)) if known.any() else 1.0
    high = 1.15 * max(high, 1.0)
    points = []
    n_beats = len(beats.sample)
    for label in _drawing_order(beats.occurring(), beats.label):
        mine = known & (beats.label == label) & (beats.rr <= high)
        common = mine.sum() > n_beats / 2
        (line,) = ax.plot(
            beats.time[mine], beats.rr[mine], linestyle="none", marker=".",
            # Points of a day overlap: smaller ones still show where they are dense.
            markersize=_marker_size(n_beats) * (1.0 if common else 1.4), markeredgewidth=0,
            color="#9a9a9a" if label == "N" else class_color(label), clip_on=False,
            label=f"{label} {(beats.label == label).sum():,}", rasterized=True,
        )  # fmt: skip
        points.append(line)
    ax.set(ylim=(0.0, high), ylabel="R-R interval (s)")
    ax.yaxis.label.set_fontsize(9)
    if points:
        by_label = dict(zip(_drawing_order(beats.occurring(), beats.label), points))
        legend = ax.legend(
            handles=[by_label[label] for label in beats.occurring()], loc="lower right",
            bbox_to_anchor=(1.0, 1.0), ncols=len(points), frameon=False, fontsize=9,
            handletextpad=0.1, columnspacing=1.2, borderaxespad=0.2,
        )  # fmt: skip
        for handle in legend.get_lines():
            handle.set_markersize(9)
    longer = beats.time[known & (beats.rr > high)]
    # matplotlib would make room for a line without points at the corner of the figure.
    arrows = ax.plot(
        longer, np.full(len(longer), high), linestyle="none", marker="^", markersize=5, color=INK,
        clip_on=False, in_layout=False,
    )  # fmt: skip
    return [*points, *arrows]


def _drawing_order(labels: list[str], label: NDArray[np.str_]) -> list[str]:
    """Return the classes from the commonest, so that rare beats are on top."""
    return sorted(labels, key=lambda name: -int((label == name).sum()))


def _marker_size(n_beats: int) -> float:
    return float(np.clip(6.0 - 1.2 * np.log10(max(n_beats, 1) / 300), 2.5, 6.0))


def _draw_burden(beats: LabelledBeats, ax: Axes, total: float) -> dict[str, BarContainer]:
    width = next((step for step in _BAR_SECONDS if total / step <= _MAX_BARS), _BAR_SECONDS[-1])
    n_bars = int(np.ceil(total / width))
    of_beat = (beats.time / width).astype(np.int64)
    n_beats = np.bincount(of_beat, minlength=n_bars)
    left = width * np.arange(n_bars)
    widths = np.minimum(left + width, total) - left
    foot = np.zeros(n_bars)
    bars = {}
    for label in ECTOPIC:
        found = np.bincount(of_beat[beats.label == label], minlength=n_bars)
        share = 100 * found / np.maximum(n_beats, 1)
        bars[label] = ax.bar(
            left, share, widths, bottom=foot, align="edge", color=class_color(label), label=label,
            linewidth=0.4, edgecolor="white",
        )  # fmt: skip
        foot = foot + share
    ax.set(ylim=(0, max(5.0, min(100.0, 1.15 * foot.max()))))
    ax.set_ylabel(f"S and V\n(% per {_BAR_NAMES[width]})", fontsize=9)
    return bars
