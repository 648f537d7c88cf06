"""Display of attention over a sheet, its leads or a beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from ._attention import AttentionMaps, attention_maps
from ._classifier import names_of_leads, pick, predicted_class, unwrap
from ._panels import COLORS
from ._sample_display import SampleDisplay, see_through

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class AttentionDisplay(SampleDisplay):
    """Display of the attention weights over a sample, lead by lead.

    It is recommended to use :meth:`from_estimator` or :meth:`from_maps` to create an
    `AttentionDisplay`. All parameters are stored as attributes.

    Parameters
    ----------
    sample : ndarray of shape (n_leads, height, width)
        The sample, in the shape of the network's input. One or three channels without names are a
        grey or colour picture, other numbers of channels are leads, and a height of 1 means
        signals. So do the rows of a single channel if `lead_names` has one name for each of them.
    attention : ndarray of shape (n_leads, height, width)
        Weight of each value.
    lead_names : sequence of n_leads str or None, default=None
        Names of the leads.
    sampling_rate : float or None, default=None
        Sampling rate of a signal, in Hz. If None, the time axis is in samples.
    predicted : str or None, default=None
        The predicted class, for the heading.
    probability : float or None, default=None
        Its probability.

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
    heading_ : Text or None
        The predicted class, above the panels.
    ims_ : list of AxesImage
        The attention in each panel.
    colorbar_ : Colorbar
        Colour scale of the attention, where 1 is the weight of a pixel in uniform attention.

    See Also
    --------
    attention_maps : Computes what it shows.
    SaliencyDisplay : Shows what the output depends on, of any network.

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
    >>> display.predicted == str(clf.predict(X[:1])[0])
    True
    """

    _colorbar_label = "Attention (1 = uniform)"
    _of_channels = staticmethod(np.mean)

    def __init__(
        self,
        sample: NDArray,
        attention: NDArray[np.floating],
        *,
        lead_names: Sequence[str] | None = None,
        sampling_rate: float | None = None,
        predicted: str | None = None,
        probability: float | None = None,
    ) -> None:
        self.sample = sample
        self.attention = attention
        self.lead_names = lead_names
        self.sampling_rate = sampling_rate
        self.predicted = predicted
        self.probability = probability

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
        """Draw the attention of a fitted classifier on a sample, with the predicted class.

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
            Names of the leads. If None, those of the :class:`~skecg.LeadCropper` or
            :class:`~skecg.TraceReader` in the pipeline, if there is one and the network reads as
            many leads.
        sampling_rate : float, default=None
            Sampling rate of a signal, in Hz. If None, the time axis is in samples.
        n_columns : int, default=5
            Number of panels per row. Signals are drawn below each other, more than six in two
            columns.
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
        clf, one = unwrap(estimator, pick(X, sample))
        found = attention_maps(
            clf, one, layers=None if layer is None else [layer], keep_weights=False
        )
        attention = found.on_input(list(found.maps)[-1])[0]
        with clf.open_network(one) as (_, samples):
            sample_read = samples[0]
        if lead_names is None:
            lead_names = names_of_leads(estimator, sample_read.shape)
        label, probability = predicted_class(clf, one)
        display = cls(
            sample_read,
            attention,
            lead_names=lead_names,
            sampling_rate=sampling_rate,
            predicted=str(label),
            probability=probability,
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
        predicted: str | None = None,
        probability: float | None = None,
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
        sample : int, default=0
            As in :meth:`from_estimator`.
        layer : str, default=None
            As in :meth:`from_estimator`.
        lead_names : sequence of n_leads str, default=None
            As in :meth:`from_estimator`; the names are not known here.
        sampling_rate : float, default=None
            As in :meth:`from_estimator`.
        predicted : str, default=None
            The predicted class of the sample, for the heading.
        probability : float, default=None
            Its probability.
        n_columns : int, default=5
            As in :meth:`from_estimator`.
        ax : Axes or sequence of Axes, default=None
            As in :meth:`from_estimator`.
        im_kw : dict, default=None
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
            images[sample], attention[sample], lead_names=lead_names, sampling_rate=sampling_rate,
            predicted=predicted, probability=probability,
        )  # fmt: skip
        return display.plot(n_columns=n_columns, ax=ax, im_kw=im_kw)

    def _values(self) -> NDArray[np.floating]:
        return self.attention * self.attention.size

    def _colors(self, values: NDArray[np.floating]) -> dict[str, Any]:
        # The scale extends at least to twice the uniform weight, so that nearly uniform attention
        # is not exaggerated.
        colors = see_through("attention", COLORS[1], alpha=0.7)
        return {"cmap": colors, "vmin": 0.0, "vmax": max(2.0, float(values.max()))}
