"""Panels of one layer: units, channels of a signal, and feature maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..metrics import aami_order
from ._panels import COLORS, keywords, whole_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Letters of all class names that fit below a panel; longer names are slanted.
_LETTERS = 28
_LONGEST_NAME = 16


def draw_units(
    panel: Axes,
    values: NDArray,
    label: str,
    class_names: Sequence[str] | None,
    given: Mapping[str, Any] | None,
) -> list:
    """Draw one value for each unit; outputs for up to ten classes in the order of the standard."""
    from matplotlib.lines import Line2D

    own = {"color": COLORS[0], "linewidth": 0.8, "drawstyle": "steps-mid"}
    if class_names is not None and len(class_names) == len(values) <= 10:
        label, order = "Class", aami_order(class_names)
        values = values[order]
        _name_classes(panel, [class_names[k] for k in order])
    elif label != "Unit":
        whole_numbers(panel)
    if label != "Unit":
        own |= {"linestyle": "", "marker": "o", "markersize": 4}
    panel.axhline(0, color="0.7", linewidth=0.6)
    panel.set_xlabel(label, fontsize="x-small")
    return panel.plot(values, **keywords(own, given, Line2D))


def _name_classes(panel: Axes, names: list[str]) -> None:
    panel.set_xticks(range(len(names)), names)
    if len(names) * max(map(len, names)) > _LETTERS:
        panel.set_xticks(range(len(names)), [_shortened(name) for name in names])
        panel.tick_params(axis="x", labelrotation=30)
        for text in panel.get_xticklabels():
            text.set(horizontalalignment="right", rotation_mode="anchor")


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1].rstrip()}…"


def draw_channels(
    panel: Axes,
    name: str,
    values: NDArray,
    n_channels: int,
    sampling_rate: float | None,
    given: Mapping[str, Any] | None,
) -> list:
    """Draw channels (n_channels, n_positions) as lines: all of the input, else the most varied."""
    from matplotlib import colormaps
    from matplotlib.lines import Line2D

    label = "Position"
    positions: NDArray = np.arange(values.shape[1])
    if name == "input":
        n_channels, label = len(values), "Sample"
        if sampling_rate is not None:
            positions, label = positions / sampling_rate, "Time (s)"
    drawn = _most_varied(values, n_channels)
    colors = [COLORS[0]] if len(drawn) == 1 else colormaps["viridis"](
        np.linspace(0, 0.9, len(drawn))
    )  # fmt: skip
    artists = []
    for channel, color in zip(drawn, colors):
        own = {"color": color, "linewidth": 0.9}
        if values.shape[1] < 10:
            own |= {"marker": ".", "markersize": 3}
        artists += panel.plot(positions, values[channel], **keywords(own, given, Line2D))
    if label != "Time (s)":
        whole_numbers(panel)
    if name == "input":
        panel.set_ylabel("Amplitude", fontsize="x-small")
    panel.set_xlabel(label, fontsize="x-small")
    return artists


def draw_maps(
    panel: Axes,
    name: str,
    values: NDArray,
    n_channels: int,
    given: Mapping[str, Any] | None,
) -> list:
    """Draw feature maps side by side, or the features of a sequence as one image."""
    from matplotlib.image import AxesImage

    own = {"cmap": "viridis", "interpolation": "nearest"}
    aspect: Literal["equal", "auto"]
    if values.ndim == 2:
        panel.set_xlabel("Feature", fontsize="x-small")
        panel.set_ylabel("Position", fontsize="x-small")
        picture, aspect = values, "auto"
    else:
        maps = values.reshape(-1, *values.shape[-2:])
        if name == "input":
            own["cmap"], n_channels = "gray", len(maps)
            if len(maps) == 3:  # colours
                maps = maps.mean(0, keepdims=True)
        picture, aspect = _montage(maps[_most_varied(maps, n_channels)]), "equal"
        panel.set_xticks([])
        panel.set_yticks([])
    return [panel.imshow(picture, aspect=aspect, **keywords(own, given, AxesImage))]


def _most_varied(channels: NDArray, n_channels: int) -> NDArray[np.intp]:
    """Return the channels with the largest standard deviation, in ascending order."""
    spreads = channels.reshape(len(channels), -1).astype(float).std(1)
    return np.sort(np.argsort(-spreads, kind="stable")[:n_channels])


def _montage(maps: NDArray) -> NDArray:
    """Arrange maps (n, height, width) in a grid, each scaled to the range 0 to 1."""
    n_maps, height, width = maps.shape
    # Like a panel, the grid should be about 1.5 times as wide as high.
    n_columns = int(np.clip(round(np.sqrt(1.5 * n_maps * height / width)), 1, n_maps))
    n_rows = -(-n_maps // n_columns)
    gap = max(1, min(height, width) // 16)
    picture = np.full((n_rows * (height + gap) - gap, n_columns * (width + gap) - gap), np.nan)
    for i, one in enumerate(maps.astype(float)):
        top, left = (i // n_columns) * (height + gap), (i % n_columns) * (width + gap)
        contrast = np.ptp(one)
        scaled = (one - one.min()) / (contrast if contrast else 1)
        picture[top : top + height, left : left + width] = scaled
    return picture
