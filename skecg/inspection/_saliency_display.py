"""Display of the attribution of a prediction to the values of a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from ._classifier import names_of_leads, pick, predicted_class, unwrap
from ._panels import COLORS, whole_numbers
from ._saliency import saliency
from ._sample_display import SampleDisplay, see_through
from ._side_features import SIDE_FEATURES, split_sample

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Share of the values within the range of the colours: a few pixels do not make all others pale.
_WITHIN = 0.995


class SaliencyDisplay(SampleDisplay):
    """Display of the attribution of a class to the values of a sample, lead by lead.

    Orange speaks for the class and blue against it. It is recommended to use
    :meth:`from_estimator` or :meth:`from_saliency` to create a `SaliencyDisplay`. All parameters
    are stored as attributes.

    Parameters
    ----------
    sample : ndarray of shape (n_leads, n_timesteps) or (n_channels, height, width)
        The sample: signals or a picture. One or three channels without names are a grey or colour
        picture, other numbers of channels are leads, and a height of 1 means signals. So do the
        rows of a single channel if `lead_names` has one name for each of them.
    attributions : ndarray of the shape of the sample
        Attribution to each value, in units of the logit. The pixel of a colour picture has the sum
        of its channels.
    target : str or None, default=None
        The class, for the heading.
    predicted : str or None, default=None
        The predicted class, for the heading.
    probability : float or None, default=None
        Probability of the predicted class.
    lead_names : sequence of n_leads str or None, default=None
        Names of the leads.
    sampling_rate : float or None, default=None
        Sampling rate of a signal, in Hz. If None, the time axis is in samples.
    side_attributions : ndarray of shape (n_numbers,) or None, default=None
        Attributions to the numbers beside a signal, which have a panel of their own.

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
        The classes, above the panels.
    ims_ : list of AxesImage
        The attributions in each panel.
    bars_ : BarContainer or None
        The attributions to the numbers beside a signal.
    colorbar_ : Colorbar
        Colour scale of the attributions, symmetric about 0.

    See Also
    --------
    saliency : Compute the attributions.
    AttentionDisplay : Draw where a network with attention reads.

    Examples
    --------
    >>> from skecg import ECGResidualCNNClassifier
    >>> from skecg.datasets import make_beats
    >>> from skecg.inspection import SaliencyDisplay
    >>> beats = make_beats(100, random_state=0)
    >>> y = beats.target_names[beats.target]
    >>> clf = ECGResidualCNNClassifier(max_epochs=1, random_state=0).fit(beats.data, y)
    >>> display = SaliencyDisplay.from_estimator(clf, beats.data, "V", sampling_rate=125)
    >>> display.attributions.shape, display.ax_.get_xlabel()
    ((1, 187), 'Time (s)')
    """

    _colorbar_label = "Attribution (logit)"
    _of_channels = staticmethod(np.sum)

    def __init__(
        self,
        sample: NDArray,
        attributions: NDArray[np.floating],
        *,
        target: str | None = None,
        predicted: str | None = None,
        probability: float | None = None,
        lead_names: Sequence[str] | None = None,
        sampling_rate: float | None = None,
        side_attributions: NDArray[np.floating] | None = None,
    ) -> None:
        self.sample = sample
        self.attributions = attributions
        self.target = target
        self.predicted = predicted
        self.probability = probability
        self.lead_names = lead_names
        self.sampling_rate = sampling_rate
        self.side_attributions = side_attributions

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: ArrayLike,
        target: object = None,
        *,
        sample: int = 0,
        method: Literal["integrated_gradients", "gradcam", "occlusion"] = "integrated_gradients",
        baseline: float | ArrayLike | None = None,
        n_steps: int = 50,
        window: int | tuple[int, ...] | None = None,
        layer: str | None = None,
        lead_names: Sequence[str] | None = None,
        sampling_rate: float | None = None,
        n_columns: int = 5,
        ax: Axes | Sequence[Axes] | None = None,
        im_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the attribution of a class of a fitted classifier to the values of a sample.

        Requires captum: ``pip install "skecg[explain]"``.

        Parameters
        ----------
        estimator : classifier
            Fitted classifier, as in :func:`saliency`.
        X : array-like of shape (n_samples, ...)
            Samples, as for ``estimator.predict``. Of a pipeline, the sample is drawn as its
            classifier reads it.
        target : label, default=None
            Class whose logit is attributed. If None, the predicted class.
        sample : int, default=0
            Index of the sample to draw.
        method : {"integrated_gradients", "gradcam", "occlusion"}, default="integrated_gradients"
            As in :func:`saliency`.
        baseline : float or array-like, default=None
            As in :func:`saliency`.
        n_steps : int, default=50
            As in :func:`saliency`.
        window : int or tuple of int, default=None
            As in :func:`saliency`.
        layer : str, default=None
            As in :func:`saliency`.
        lead_names : sequence of n_leads str, default=None
            As in :meth:`AttentionDisplay.from_estimator`.
        sampling_rate : float, default=None
            As in :meth:`AttentionDisplay.from_estimator`.
        n_columns : int, default=5
            As in :meth:`AttentionDisplay.from_estimator`.
        ax : Axes or sequence of Axes, default=None
            As in :meth:`AttentionDisplay.from_estimator`.
        im_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`, which draws the
            attributions. By default, the range of the colours holds 99.5 % of them.

        Returns
        -------
        display : SaliencyDisplay
            Object that stores the drawn artists.

        Raises
        ------
        ImportError, TypeError, ValueError
            As in :func:`saliency`.
        IndexError
            If `sample` is out of range.
        """
        clf, one = unwrap(estimator, pick(X, sample))
        label, probability = predicted_class(clf, one)
        found = saliency(
            clf, one, label if target is None else target, method=method, baseline=baseline,
            n_steps=n_steps, window=window, layer=layer,
        )  # fmt: skip
        with clf.open_network(one) as (net, samples):
            sample_read, _ = split_sample(net.module_, samples[0])
            attributions, beside = split_sample(net.module_, found.reshape(samples[0].shape))
        if lead_names is None:
            lead_names = names_of_leads(estimator, sample_read.shape)
        display = cls(
            np.atleast_2d(sample_read),
            np.atleast_2d(attributions),
            target=str(label if target is None else target),
            predicted=str(label),
            probability=probability,
            lead_names=lead_names,
            sampling_rate=sampling_rate,
            side_attributions=beside,
        )
        return display.plot(n_columns=n_columns, ax=ax, im_kw=im_kw)

    @classmethod
    def from_saliency(
        cls,
        attributions: ArrayLike,
        X: ArrayLike,
        *,
        sample: int = 0,
        target: str | None = None,
        predicted: str | None = None,
        probability: float | None = None,
        lead_names: Sequence[str] | None = None,
        sampling_rate: float | None = None,
        n_columns: int = 5,
        ax: Axes | Sequence[Axes] | None = None,
        im_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw attributions that are already computed.

        Parameters
        ----------
        attributions : array-like of the shape of X
            Attributions, as returned by :func:`saliency`.
        X : array-like of shape (n_samples, n_timesteps), (n_samples, n_leads, n_timesteps) or \
(n_samples, n_channels, height, width)
            The samples, without numbers beside a signal.
        sample : int, default=0
            Index of the sample to draw.
        target : str, default=None
            The class that was attributed, for the heading.
        predicted : str, default=None
            The predicted class of the sample, for the heading.
        probability : float, default=None
            Probability of the predicted class.
        lead_names : sequence of n_leads str, default=None
            As in :meth:`from_estimator`; the names are not known here.
        sampling_rate : float, default=None
            As in :meth:`from_estimator`.
        n_columns : int, default=5
            As in :meth:`from_estimator`.
        ax : Axes or sequence of Axes, default=None
            As in :meth:`from_estimator`.
        im_kw : dict, default=None
            As in :meth:`from_estimator`.

        Returns
        -------
        display : SaliencyDisplay
            Object that stores the drawn artists.

        Raises
        ------
        ValueError
            If `attributions` and `X` differ in shape, or have another number of axes.
        IndexError
            If `sample` is out of range.
        """
        X, attributions = np.asarray(X), np.asarray(attributions)
        if X.shape != attributions.shape or X.ndim not in (2, 3, 4):
            raise ValueError(
                "attributions and X must have the same shape, (n_samples, n_timesteps), "
                "(n_samples, n_leads, n_timesteps) or (n_samples, n_channels, height, width); got "
                f"attributions of shape {attributions.shape} and X of shape {X.shape}"
            )
        display = cls(
            np.atleast_2d(X[sample]),
            np.atleast_2d(attributions[sample]),
            target=target,
            predicted=predicted,
            probability=probability,
            lead_names=lead_names,
            sampling_rate=sampling_rate,
        )
        return display.plot(n_columns=n_columns, ax=ax, im_kw=im_kw)

    def _n_more_panels(self) -> int:
        # Grad-CAM says nothing of numbers beside a signal, which are NaN.
        beside = self.side_attributions
        return int(beside is not None and bool(np.isfinite(beside).all()))

    def _draw_more(self, panels: NDArray) -> None:
        self.bars_ = None
        for panel in panels:
            values, scale = np.asarray(self.side_attributions), self.ims_[0]
            colors = scale.to_rgba(values)
            self.bars_ = panel.bar(range(len(values)), values, color=colors, edgecolor="0.6")
            panel.axhline(0, color="0.6", linewidth=0.6)
            whole_numbers(panel)
            panel.set_title(SIDE_FEATURES, fontsize="small")
            panel.set(xlabel="Side feature", ylabel="Logit")

    def _values(self) -> NDArray[np.floating]:
        return self.attributions

    def _colors(self, values: NDArray[np.floating]) -> dict[str, Any]:
        found = np.abs(values.ravel())
        if self.side_attributions is not None and self._n_more_panels():
            found = np.concatenate([found, np.abs(self.side_attributions)])
        found = found[np.isfinite(found)]
        limit = float(np.quantile(found, _WITHIN) or found.max() or 1.0) if len(found) else 1.0
        colors = see_through("attribution", COLORS[0], COLORS[1], alpha=0.8)
        return {"cmap": colors, "vmin": -limit, "vmax": limit}

    def _heading(self) -> str:
        parts = [] if self.target is None else [f"Attribution to {self.target}"]
        if self.predicted is not None:
            parts.append(f"predicted {self._prediction()}")
        heading = "; ".join(parts)
        return heading[:1].upper() + heading[1:]
