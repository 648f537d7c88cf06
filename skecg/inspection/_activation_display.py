"""The picture of one sample on its way through the layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from torch import nn

from ._activations import layer_activations
from ._classifier import pick, unwrap
from ._panels import COLORS, keywords, panel_grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PANEL_SIZE = (2.3, 1.7)
# They return what they get.
_IDLE = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.Flatten, nn.Identity)


class ActivationDisplay:
    """One sample and what every layer makes of it, a panel for each.

    Use :meth:`from_estimator` or :meth:`from_activations` to make one. All parameters are stored as
    attributes.

    Parameters
    ----------
    sample : ndarray of shape (n_leads, n_timesteps) or (n_channels, height, width)
        The sample as the network reads it.
    activations : dict of str to ndarray
        Output of every layer for this sample, without the axis of samples.
    kinds : dict of str to str or None, default=None
        What kind of layer each is, for the titles.
    sampling_rate : float or None, default=None
        Samples per second (Hz) of a signal. None counts samples.
    class_names : sequence of str or None, default=None
        Names of the outputs of the last layer.

    Attributes
    ----------
    axes_ : ndarray of Axes of shape (n_rows, n_columns)
        The panels, row by row; those left over are hidden.
    ax_ : matplotlib Axes
        The panel of the input.
    bounding_ax_ : matplotlib Axes or None
        The Axes that was passed and divided into panels.
    figure_ : matplotlib Figure
        The figure.
    artists_ : dict of str to list of artists
        What was drawn for every layer: lines or one image; ``"input"`` is the sample.

    Examples
    --------
    >>> from skecg import ECGResidualCNNClassifier
    >>> from skecg.datasets import make_beats
    >>> from skecg.inspection import ActivationDisplay
    >>> beats = make_beats(100, random_state=0)
    >>> clf = ECGResidualCNNClassifier(max_epochs=1, random_state=0).fit(beats.data, beats.target)
    >>> display = ActivationDisplay.from_estimator(
    ...     clf, beats.data, layers=["features.0", "features.1", "head.0", "head.3"],
    ...     sampling_rate=beats.sampling_rate,
    ... )
    >>> list(display.artists_)
    ['input', 'features.0', 'features.1', 'head.0', 'head.3']
    """

    def __init__(
        self,
        sample: NDArray,
        activations: Mapping[str, NDArray],
        *,
        kinds: Mapping[str, str] | None = None,
        sampling_rate: float | None = None,
        class_names: Sequence[str] | None = None,
    ) -> None:
        self.sample = sample
        self.activations = activations
        self.kinds = kinds
        self.sampling_rate = sampling_rate
        self.class_names = class_names

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: ArrayLike,
        *,
        sample: int = 0,
        layers: Sequence[str] | None = None,
        sampling_rate: float | None = None,
        n_columns: int = 4,
        n_channels: int = 8,
        ax: Axes | Sequence[Axes] | None = None,
        line_kw: Mapping[str, Any] | None = None,
        im_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw a sample and what the layers of a classifier make of it.

        Parameters
        ----------
        estimator : classifier
            As for :func:`layer_activations`.
        X : array-like of shape (n_samples, ...)
            Samples as ``estimator.predict`` takes them.
        sample : int, default=0
            Which of them to draw.
        layers : sequence of str, default=None
            Names of the layers. None is all of :func:`layer_activations` but those that hand on
            what they get when nothing is trained (dropout, flattening).
        sampling_rate : float, default=None
            Samples per second (Hz) of a signal. None counts samples.
        n_columns : int, default=4
            Panels side by side.
        n_channels : int, default=8
            Most channels drawn of a layer: those that vary most over their positions.
        ax : Axes or sequence of Axes, default=None
            Where to draw: one Axes per panel, or a single one whose place the panels share. If
            None, a new figure.
        line_kw, im_kw : dict, default=None
            Keywords of the lines (:meth:`matplotlib.axes.Axes.plot`) and of the images
            (:meth:`matplotlib.axes.Axes.imshow`).

        Returns
        -------
        ActivationDisplay
            The display, drawn.

        Raises
        ------
        TypeError, ValueError
            As :func:`layer_activations`.
        IndexError
            If there is no such sample.
        """
        clf, X = unwrap(estimator, X)
        one = pick(X, sample)
        found = layer_activations(clf, one, layers=layers)
        modules = dict(clf.module_.named_modules())
        kinds = {name: type(modules[name.partition(":")[0]]).__name__ for name in found}
        if layers is None:
            found = {
                name: values
                for name, values in found.items()
                if not isinstance(modules[name.partition(":")[0]], _IDLE)
            }
        with clf.open_network(one) as (_, samples):
            sample_read = samples[0]
        display = cls(
            sample_read,
            {name: values[0] for name, values in found.items()},
            kinds=kinds,
            sampling_rate=sampling_rate,
            class_names=[str(label) for label in clf.classes_],
        )
        return display.plot(
            n_columns=n_columns, n_channels=n_channels, ax=ax, line_kw=line_kw, im_kw=im_kw
        )

    @classmethod
    def from_activations(
        cls,
        activations: Mapping[str, NDArray],
        X: ArrayLike,
        *,
        sample: int = 0,
        sampling_rate: float | None = None,
        n_columns: int = 4,
        n_channels: int = 8,
        ax: Axes | Sequence[Axes] | None = None,
        line_kw: Mapping[str, Any] | None = None,
        im_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw a sample and activations that are there already.

        Parameters
        ----------
        activations : dict of str to ndarray of shape (n_samples, ...)
            As :func:`layer_activations` returns them.
        X : array-like of shape (n_samples, n_timesteps), (n_samples, n_leads, n_timesteps) or \
(n_samples, n_channels, height, width)
            The samples.
        sample, sampling_rate, n_columns, n_channels, ax, line_kw, im_kw
            As for :meth:`from_estimator`.

        Returns
        -------
        ActivationDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If activations and X have different numbers of samples.
        """
        X = np.asarray(X)
        for name, values in activations.items():
            if len(values) != len(X):
                raise ValueError(
                    f"X has {len(X)} samples, the activations of {name!r} have {len(values)}"
                )
        one = {name: values[sample] for name, values in activations.items()}
        display = cls(np.atleast_2d(X[sample]), one, sampling_rate=sampling_rate)
        return display.plot(
            n_columns=n_columns, n_channels=n_channels, ax=ax, line_kw=line_kw, im_kw=im_kw
        )

    def plot(
        self,
        *,
        n_columns: int = 4,
        n_channels: int = 8,
        ax: Axes | Sequence[Axes] | None = None,
        line_kw: Mapping[str, Any] | None = None,
        im_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the display.

        Channels of signals are lines over the layer's positions: pools and convolutions shift and
        thin these out, so that position 10 of one layer is not position 10 of the next. Feature
        maps of images stand side by side, each brightened by itself; features of a sequence are
        one image, position by position from the top.

        Parameters
        ----------
        n_columns, n_channels, ax, line_kw, im_kw
            As for :meth:`from_estimator`.

        Returns
        -------
        ActivationDisplay
            The display itself.
        """
        n_panels = 1 + len(self.activations)
        n_columns = min(n_columns, n_panels)
        self.axes_, self.bounding_ax_ = panel_grid(
            ax, -(-n_panels // n_columns), n_columns, panel_size=_PANEL_SIZE, share_x=False
        )
        self.ax_, self.figure_ = self.axes_.flat[0], self.axes_.flat[0].figure
        for panel in self.axes_.flat[n_panels:]:
            panel.set_axis_off()
        self.artists_ = {}
        is_signal = self.sample.ndim == 2
        named = {"input": self.sample, **self.activations}
        for panel, (name, values) in zip(self.axes_.flat, named.items()):
            panel.set_title(self._title(name, values), fontsize="x-small")
            panel.tick_params(labelsize="x-small")
            if values.ndim == 1:
                artists = self._draw_units(panel, values, line_kw)
            elif is_signal and values.ndim == 2:
                artists = self._draw_channels(panel, name, values, n_channels, line_kw)
            else:
                artists = self._draw_maps(panel, name, values, n_channels, im_kw)
            self.artists_[name] = artists
        return self

    def _draw_units(self, panel: Axes, values: NDArray, given: Mapping[str, Any] | None) -> list:
        from matplotlib.lines import Line2D

        own = {"color": COLORS[0], "linewidth": 0.8, "drawstyle": "steps-mid"}
        names = self.class_names
        is_output = names is not None and len(names) == len(values) <= 10
        if is_output:
            panel.set_xticks(range(len(names)), names)
            own |= {"linestyle": "", "marker": "o", "markersize": 4}
        panel.axhline(0, color="0.7", linewidth=0.6)
        panel.set_xlabel("Class" if is_output else "Unit", fontsize="x-small")
        return panel.plot(values, **keywords(own, given, Line2D))

    def _draw_channels(
        self,
        panel: Axes,
        name: str,
        values: NDArray,
        n_channels: int,
        given: Mapping[str, Any] | None,
    ) -> list:
        from matplotlib import colormaps
        from matplotlib.lines import Line2D

        positions, label = np.arange(values.shape[1]), "Position"
        if name == "input":
            n_channels, label = len(values), "Sample"
            if self.sampling_rate is not None:
                positions, label = positions / self.sampling_rate, "Time (s)"
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
            panel.xaxis.get_major_locator().set_params(integer=True)
        if name == "input":
            panel.set_ylabel("Amplitude", fontsize="x-small")
        panel.set_xlabel(label, fontsize="x-small")
        return artists

    def _draw_maps(
        self,
        panel: Axes,
        name: str,
        values: NDArray,
        n_channels: int,
        given: Mapping[str, Any] | None,
    ) -> list:
        from matplotlib.image import AxesImage

        own = {"cmap": "viridis", "interpolation": "nearest"}
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

    def _title(self, name: str, values: NDArray) -> str:
        shape = " × ".join(map(str, values.shape))
        if name == "input":
            return f"input\n{shape}"
        kind = (self.kinds or {}).get(name)
        return f"{name.removeprefix('network.')}\n{shape if kind is None else f'{kind}, {shape}'}"


def _most_varied(channels: NDArray, n_channels: int) -> NDArray[np.intp]:
    """Return the channels that vary most over their positions, in their own order."""
    spreads = channels.reshape(len(channels), -1).astype(float).std(1)
    return np.sort(np.argsort(-spreads, kind="stable")[:n_channels])


def _montage(maps: NDArray) -> NDArray:
    """Put maps (n, height, width) side by side in rows, each scaled to 0..1."""
    n_maps, height, width = maps.shape
    # The table is to be about 1.5 times as wide as high, as a panel is.
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
