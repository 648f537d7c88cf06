"""Display of a sample and its activations in each layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from torch import nn

from ._activation_panels import draw_channels, draw_maps, draw_units
from ._activations import layer_activations
from ._classifier import pick, unwrap
from ._panels import draw_heading, evenly_spaced, panel_grid
from ._side_features import SIDE_FEATURES, split_sample

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PANEL_SIZE = (2.3, 1.7)
# Layers that return their input unchanged in evaluation mode, apart from its shape.
_IDLE = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.Flatten, nn.Identity)


class ActivationDisplay:
    """Display of one sample and its activations, with one panel per layer.

    It is recommended to use :meth:`from_estimator` or :meth:`from_activations` to create an
    `ActivationDisplay`. All parameters are stored as attributes.

    Parameters
    ----------
    sample : ndarray of shape (n_leads, n_timesteps) or (n_channels, height, width)
        The sample, in the shape of the network's input.
    activations : dict of str to ndarray
        Output of each layer for this sample, without the axis of samples.
    kinds : dict of str to str or None, default=None
        Type of each layer, shown in the titles.
    sampling_rate : float or None, default=None
        Sampling rate of a signal, in Hz. If None, the time axis is in samples.
    class_names : sequence of str or None, default=None
        Names of the outputs of the last layer, which are drawn in the order N, S, V, F, Q, and then
        all others as they are.

    Attributes
    ----------
    axes_ : ndarray of Axes of shape (n_rows, n_columns)
        The panels in row-major order. Unused panels are hidden.
    ax_ : matplotlib Axes
        The panel of the input.
    bounding_ax_ : matplotlib Axes or None
        The Axes that was passed as `ax` and divided into panels.
    figure_ : matplotlib Figure
        The figure.
    heading_ : Text or None
        How many of the layers are drawn, if not all of them.
    artists_ : dict of str to list of artists
        The lines or the image drawn for each layer. The key ``"input"`` is the sample.

    See Also
    --------
    layer_activations : Computes what it shows.

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
        max_layers: int | None = 12,
        sampling_rate: float | None = None,
        n_columns: int = 4,
        n_channels: int = 8,
        ax: Axes | Sequence[Axes] | None = None,
        line_kw: Mapping[str, Any] | None = None,
        im_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw a sample and its activations in a fitted classifier.

        Numbers beside a signal have a panel of their own, ``"side features"``.

        Parameters
        ----------
        estimator : classifier
            Fitted classifier, as in :func:`layer_activations`.
        X : array-like of shape (n_samples, ...)
            Samples, as for ``estimator.predict``.
        sample : int, default=0
            Index of the sample to draw.
        layers : sequence of str, default=None
            Names of the layers. If None, all layers of :func:`layer_activations` except dropout,
            flattening and identity layers.
        max_layers : int or None, default=12
            Number of layers to draw at most if `layers` is None: the first, the last, and others
            evenly spaced between them; the figure says how many there are. None draws all.
        sampling_rate : float, default=None
            Sampling rate of a signal, in Hz. If None, the time axis is in samples.
        n_columns : int, default=4
            Number of panels per row.
        n_channels : int, default=8
            Maximum number of channels to draw per layer. The channels with the largest standard
            deviation over their positions are drawn.
        ax : Axes or sequence of Axes, default=None
            One Axes per panel, or a single Axes to divide into panels. If None, a new figure is
            created.
        line_kw, im_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.plot` and
            :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : ActivationDisplay
            Object that stores the drawn artists.

        Raises
        ------
        TypeError, ValueError
            As in :func:`layer_activations`, or if `max_layers` is less than 2.
        IndexError
            If `sample` is out of range.
        """
        clf, one = unwrap(estimator, pick(X, sample))
        found = layer_activations(clf, one, layers=layers)
        modules = dict(clf.module_.named_modules())
        kinds = {name: type(modules[name.partition(":")[0]]).__name__ for name in found}
        if layers is None:
            found = {
                name: values
                for name, values in found.items()
                if not isinstance(modules[name.partition(":")[0]], _IDLE)
            }
        activations = {name: values[0] for name, values in found.items()}
        with clf.open_network(one) as (net, samples):
            sample_read, numbers = split_sample(net.module_, samples[0])
        if numbers is not None:
            activations = {SIDE_FEATURES: numbers, **activations}
        display = cls(
            sample_read,
            activations,
            kinds=kinds,
            sampling_rate=sampling_rate,
            class_names=[str(label) for label in clf.classes_],
        )
        return display.plot(
            max_layers=max_layers if layers is None else None, n_columns=n_columns,
            n_channels=n_channels, ax=ax, line_kw=line_kw, im_kw=im_kw,
        )  # fmt: skip

    @classmethod
    def from_activations(
        cls,
        activations: Mapping[str, NDArray],
        X: ArrayLike,
        *,
        sample: int = 0,
        max_layers: int | None = 12,
        sampling_rate: float | None = None,
        n_columns: int = 4,
        n_channels: int = 8,
        ax: Axes | Sequence[Axes] | None = None,
        line_kw: Mapping[str, Any] | None = None,
        im_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw a sample and its activations, given as arrays.

        Parameters
        ----------
        activations : dict of str to ndarray of shape (n_samples, ...)
            Activations as returned by :func:`layer_activations`.
        X : array-like of shape (n_samples, n_timesteps), (n_samples, n_leads, n_timesteps) or \
(n_samples, n_channels, height, width)
            The samples.
        sample : int, default=0
            As in :meth:`from_estimator`.
        max_layers : int or None, default=12
            As in :meth:`from_estimator`.
        sampling_rate : float, default=None
            As in :meth:`from_estimator`.
        n_columns : int, default=4
            As in :meth:`from_estimator`.
        n_channels : int, default=8
            As in :meth:`from_estimator`.
        ax : Axes or sequence of Axes, default=None
            As in :meth:`from_estimator`.
        line_kw, im_kw : dict, default=None
            As in :meth:`from_estimator`.

        Returns
        -------
        display : ActivationDisplay
            Object that stores the drawn artists.

        Raises
        ------
        ValueError
            If `activations` and `X` have different numbers of samples, or `max_layers` is less
            than 2.
        """
        X = np.asarray(X)
        for name, values in activations.items():
            if len(values) != len(X):
                raise ValueError(
                    "X and activations must have the same number of samples; got "
                    f"{len(X)} in X and {len(values)} in the activations of {name!r}"
                )
        one = {name: values[sample] for name, values in activations.items()}
        display = cls(np.atleast_2d(X[sample]), one, sampling_rate=sampling_rate)
        return display.plot(
            max_layers=max_layers, n_columns=n_columns, n_channels=n_channels, ax=ax,
            line_kw=line_kw, im_kw=im_kw,
        )  # fmt: skip

    def plot(
        self,
        *,
        max_layers: int | None = 12,
        n_columns: int = 4,
        n_channels: int = 8,
        ax: Axes | Sequence[Axes] | None = None,
        line_kw: Mapping[str, Any] | None = None,
        im_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the display.

        Channels of signals are drawn as lines over the positions of the layer. Pooling and
        convolutions without padding change these positions, so that position 10 of one layer is
        not position 10 of the next. Feature maps of images are drawn side by side, each with its
        own grey scale. Features of a sequence are drawn as one image, with one row per position.

        Parameters
        ----------
        max_layers : int or None, default=12
            As in :meth:`from_estimator`.
        n_columns : int, default=4
            As in :meth:`from_estimator`.
        n_channels : int, default=8
            As in :meth:`from_estimator`.
        ax : Axes or sequence of Axes, default=None
            As in :meth:`from_estimator`.
        line_kw, im_kw : dict, default=None
            As in :meth:`from_estimator`.

        Returns
        -------
        display : ActivationDisplay
            The object itself.

        Raises
        ------
        ValueError
            If `max_layers` is less than 2.
        """
        layers, note = self._chosen(max_layers)
        n_panels = 1 + len(layers)
        n_columns = min(n_columns, n_panels)
        self.axes_, self.bounding_ax_ = panel_grid(
            ax, -(-n_panels // n_columns), n_columns, panel_size=_PANEL_SIZE, share_x=False
        )
        self.ax_, self.figure_ = self.axes_.flat[0], self.axes_.flat[0].figure
        for panel in self.axes_.flat[n_panels:]:
            panel.set_axis_off()
        self.artists_ = {}
        is_signal = self.sample.ndim == 2
        named = {"input": self.sample, **{name: self.activations[name] for name in layers}}
        for panel, (name, values) in zip(self.axes_.flat, named.items()):
            panel.set_title(self._title(name, values), fontsize="x-small")
            panel.tick_params(labelsize="x-small")
            if values.ndim == 1:
                names = None if name == SIDE_FEATURES else self.class_names
                label = "Side feature" if name == SIDE_FEATURES else "Unit"
                artists = draw_units(panel, values, label, names, line_kw)
            elif is_signal and values.ndim == 2:
                rate = self.sampling_rate
                artists = draw_channels(panel, name, values, n_channels, rate, line_kw)
            else:
                artists = draw_maps(panel, name, values, n_channels, im_kw)
            self.artists_[name] = artists
        self.heading_ = draw_heading(self.axes_, note, n_title_lines=2)
        return self

    def _chosen(self, max_layers: int | None) -> tuple[list[str], str]:
        """Return the names of what is drawn, and what the figure says of layers that are not."""
        if max_layers is not None and not (isinstance(max_layers, Integral) and max_layers >= 2):
            raise ValueError(
                "max_layers must be None or an integer of at least 2, for the first and the last "
                f"layer; got {max_layers!r}"
            )
        beside = [name for name in self.activations if name == SIDE_FEATURES]
        layers = [name for name in self.activations if name != SIDE_FEATURES]
        if max_layers is None or len(layers) <= max_layers:
            return [*beside, *layers], ""
        chosen = [layers[k] for k in evenly_spaced(len(layers), max_layers)]
        note = f"{max_layers} of {len(layers)} layers; max_layers=None draws all"
        return [*beside, *chosen], note

    def _title(self, name: str, values: NDArray) -> str:
        shape = " × ".join(map(str, values.shape))
        if name == "input":
            return f"input\n{shape}"
        kind = (self.kinds or {}).get(name)
        return f"{name.removeprefix('network.')}\n{shape if kind is None else f'{kind}, {shape}'}"
