"""Display of attention over a sheet, its leads or a beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from ._attention import AttentionMaps, attention_maps
from ._classifier import pick, unwrap
from ._panels import COLORS, keywords, panel_grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

_SHEET_WIDTH, _LEAD_SIZE, _BEAT_SIZE = 8.0, 1.7, (6.0, 2.2)


class AttentionDisplay:
    """Display of the attention weights over a sample, lead by lead.

    It is recommended to use :meth:`from_estimator` or :meth:`from_maps` to create an
    `AttentionDisplay`. All parameters are stored as attributes.

    Parameters
    ----------
    sample : ndarray of shape (n_leads, height, width)
        The sample, in the shape of the network's input. One or three channels are a grey or colour
        picture, other numbers of channels are leads, and a height of 1 means signals.
    attention : ndarray of shape (n_leads, height, width)
        Weight of each value.
    lead_names : sequence of n_leads str or None, default=None
        Names of the leads.
    sampling_rate : float or None, default=None
        Sampling rate of a signal, in Hz. If None, the time axis is in samples.

    Attributes
    ----------
    axes_ : ndarray of Axes of shape (n_rows, n_columns)
        The panels, one per lead or a single one for a sheet. Unused panels are hidden.
    ax_ : matplotlib Axes
        The first panel.
    bounding_ax_ : matplotlib Axes or None
        The Axes that was passed as `ax` and divided into panels.
    figure_ : matplotlib Figure
        The figure.
    ims_ : list of AxesImage
        The attention in each panel.
    colorbar_ : Colorbar
        Colour scale of the attention, where 1 is the weight of a pixel in uniform attention.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg import ECGAttentionVGGClassifier
    >>> from skecg.inspection import AttentionDisplay
    >>> X = np.random.default_rng(0).integers(0, 256, (20, 2, 32, 32), dtype=np.uint8)
    >>> y = np.arange(20) % 2
    >>> clf = ECGAttentionVGGClassifier(max_epochs=1, width=2, random_state=0).fit(X, y)
    >>> display = AttentionDisplay.from_estimator(clf, X, layer="tap2", lead_names=["II", "V1"])
    >>> [ax.get_title() for ax in display.axes_.flat]
    ['II', 'V1']
    """

    def __init__(
        self,
        sample: NDArray,
        attention: NDArray[np.floating],
        *,
        lead_names: Sequence[str] | None = None,
        sampling_rate: float | None = None,
    ) -> None:
        self.sample = sample
        self.attention = attention
        self.lead_names = lead_names
        self.sampling_rate = sampling_rate

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: ArrayLike,
        *,
        sample: int = 0,
        layer: str | None = None,
        lead_names: Sequence[str] | None = None,
        sampling_rate: float | None = None,
        n_columns: int = 5,
        ax: Axes | Sequence[Axes] | None = None,
        im_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the attention of a fitted classifier on a sample.

        Parameters
        ----------
        estimator : classifier
            Fitted classifier, as in :func:`attention_maps`.
        X : array-like of shape (n_samples, ...)
            Samples, as for ``estimator.predict``.
        sample : int, default=0
            Index of the sample to draw.
        layer : str, default=None
            Name of the map, see :func:`attention_maps`. If None, the last one: the roll-out of a
            transformer, the third tap of an attention VGG. Heads are averaged.
        lead_names : sequence of n_leads str, default=None
            Names of the leads, such as those of ``get_feature_names_out()`` of a fitted
            :class:`~skecg.LeadCropper`.
        sampling_rate : float, default=None
            Sampling rate of a signal, in Hz. If None, the time axis is in samples.
        n_columns : int, default=5
            Number of panels per row.
        ax : Axes or sequence of Axes, default=None
            One Axes per panel, or a single Axes to divide into panels. If None, a new figure is
            created.
        im_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`, which draws the attention.

        Returns
        -------
        display : AttentionDisplay
            Object that stores the drawn artists.

        Raises
        ------
        TypeError, ValueError
            As in :func:`attention_maps`.
        IndexError
            If `sample` is out of range.
        """
        clf, X = unwrap(estimator, X)
        one = pick(X, sample)
        found = attention_maps(
            clf, one, layers=None if layer is None else [layer], keep_weights=False
        )
        attention = found.on_input(list(found.maps)[-1])[0]
        with clf.open_network(one) as (_, samples):
            sample_read = samples[0]
        display = cls(
            sample_read,
            attention,
            lead_names=lead_names,
            sampling_rate=sampling_rate,
        )
        return display.plot(n_columns=n_columns, ax=ax, im_kw=im_kw)

    @classmethod
    def from_maps(
        cls,
        maps: AttentionMaps,
        X: ArrayLike,
        *,
        sample: int = 0,
        layer: str | None = None,
        lead_names: Sequence[str] | None = None,
        sampling_rate: float | None = None,
        n_columns: int = 5,
        ax: Axes | Sequence[Axes] | None = None,
        im_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw attention maps that are already computed.

        Parameters
        ----------
        maps : AttentionMaps
            Attention maps as returned by :func:`attention_maps`.
        X : array-like of shape (n_samples, ...)
            The samples that the maps were computed for.
        sample, layer, lead_names, sampling_rate, n_columns, ax, im_kw
            As in :meth:`from_estimator`.

        Returns
        -------
        display : AttentionDisplay
            Object that stores the drawn artists.

        Raises
        ------
        ValueError
            If `X` does not have the size of the maps, or the name of the map is unknown.
        """
        attention = maps.on_input(list(maps.maps)[-1] if layer is None else layer)
        X = np.asarray(X)
        if X.size != attention.size:
            raise ValueError(
                f"X must hold the {len(attention)} samples of the maps, of shape "
                f"{maps.input_shape}; got X of shape {X.shape}"
            )
        images = X.reshape(attention.shape)
        display = cls(
            images[sample], attention[sample], lead_names=lead_names, sampling_rate=sampling_rate
        )
        return display.plot(n_columns=n_columns, ax=ax, im_kw=im_kw)

    def plot(
        self,
        *,
        n_columns: int = 5,
        ax: Axes | Sequence[Axes] | None = None,
        im_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the display.

        Bright traces on a dark background are drawn inverted, as on paper.

        Parameters
        ----------
        n_columns, ax, im_kw
            As in :meth:`from_estimator`.

        Returns
        -------
        display : AttentionDisplay
            The object itself.
        """
        from matplotlib.image import AxesImage

        n_leads, height, _ = self.sample.shape
        is_signal = height == 1
        samples, weights = self.sample, self.attention * self.attention.size
        if not is_signal and n_leads in (1, 3):  # one picture
            samples, weights = samples.mean(0, keepdims=True), weights.mean(0, keepdims=True)
        names = self._names(len(samples))
        n_columns = 1 if is_signal else min(n_columns, len(samples))
        n_rows = -(-len(samples) // n_columns)
        self.axes_, self.bounding_ax_ = panel_grid(
            ax, n_rows, n_columns, panel_size=_panel_size(self.sample.shape, len(samples))
        )
        self.ax_, self.figure_ = self.axes_.flat[0], self.axes_.flat[0].figure
        for panel in self.axes_.flat[len(samples) :]:
            panel.set_axis_off()
        # The scale extends at least to twice the uniform weight, so that nearly uniform attention
        # is not exaggerated.
        own = {"cmap": _attention_colors(), "vmin": 0.0, "vmax": max(2.0, float(weights.max()))}
        own = keywords({**own, "interpolation": "nearest"}, im_kw, AxesImage)
        draw = self._draw_signal if is_signal else self._draw_picture
        self.ims_ = [
            draw(panel, one, each, own)
            for panel, one, each in zip(self.axes_.flat, samples, weights)
        ]
        for panel, name in zip(self.axes_.flat, names):
            panel.set_title(name, fontsize="small")
        self._describe(is_signal)
        return self

    def _draw_picture(
        self, panel: Axes, picture: NDArray, weights: NDArray, im_kw: Mapping[str, Any]
    ) -> Any:
        is_dark = np.median(picture) < (float(picture.min()) + float(picture.max())) / 2
        panel.imshow(picture, cmap="gray_r" if is_dark else "gray")
        return panel.imshow(weights, **im_kw)

    def _draw_signal(
        self, panel: Axes, signal: NDArray, weights: NDArray, im_kw: Mapping[str, Any]
    ) -> Any:
        rate = self.sampling_rate or 1.0
        seconds = np.arange(signal.shape[1]) / rate
        panel.plot(seconds, signal[0], color="black", linewidth=1.2)
        lower, upper = panel.get_ylim()
        half = 0.5 / rate
        extent = (-half, seconds[-1] + half, lower, upper)
        return panel.imshow(weights, aspect="auto", extent=extent, zorder=0, **im_kw)

    def _describe(self, is_signal: bool) -> None:
        """Add axis labels and the colour bar."""
        if is_signal:
            label = "Sample" if self.sampling_rate is None else "Time (s)"
            self.axes_[-1, 0].set_xlabel(label)
            for panel in self.axes_[:, 0]:
                panel.set_ylabel("Amplitude")
        elif self.axes_.size == 1:
            self.ax_.set(xlabel="Pixels", ylabel="Pixels")
        else:
            for panel in self.axes_.flat:
                panel.tick_params(labelsize="x-small")
                panel.label_outer()
            self.axes_[-1, 0].set_xlabel("Pixels", fontsize="small")
            self.axes_[-1, 0].set_ylabel("Pixels", fontsize="small")
        panels = self.axes_.ravel().tolist()
        self.colorbar_ = self.figure_.colorbar(self.ims_[0], ax=panels, shrink=0.8)
        self.colorbar_.set_label("Attention (1 = uniform)")

    def _names(self, n_panels: int) -> Sequence[str]:
        if self.lead_names is not None:
            if len(self.lead_names) != n_panels:
                raise ValueError(
                    f"lead_names must have one name for each of the {n_panels} leads; got "
                    f"{len(self.lead_names)} names"
                )
            return self.lead_names
        return [""] if n_panels == 1 else [f"Lead {k + 1}" for k in range(n_panels)]


def _panel_size(shape: tuple[int, int, int], n_panels: int) -> tuple[float, float]:
    _, height, width = shape
    if height == 1:
        return _BEAT_SIZE
    size = _SHEET_WIDTH if n_panels == 1 else _LEAD_SIZE
    return size, size * height / width


def _attention_colors() -> Colormap:
    """Return a colour map from transparent to orange, which the colour-blind can see on grey."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgba

    ends = [to_rgba(COLORS[1], alpha=0.0), to_rgba(COLORS[1], alpha=0.7)]
    return LinearSegmentedColormap.from_list("attention", ends)
