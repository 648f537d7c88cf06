"""Attention weights of the networks that have attention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from ..networks import network_proper
from ._attention_networks import attention_of
from ._classifier import as_array, as_read, check_names, unwrap

# Number of attention weights computed at once.
_VALUES_PER_BLOCK = 2**25


@dataclass(frozen=True, eq=False, repr=False)
class AttentionMaps:
    """Attention weights of samples, at the positions of the network and on the input.

    Attributes
    ----------
    weights : dict of str to ndarray of shape (n_samples, ...)
        Attention weights of the network by name. Empty with ``keep_weights=False``.
    maps : dict of str to ndarray of shape (n_samples, ...)
        Attention weights of the pixels of the input by name. The axes after the first are given by
        `axes`; the sum over all of them except ``"head"`` is 1.
    axes : dict of str to tuple of str
        Axes of each map after that of the samples: ``"head"`` and those among ``"lead"``,
        ``"row"`` and ``"column"`` along which the attention varies.
    input_shape : tuple (n_leads, n_rows, n_columns)
        Shape of a sample as input of the network. Leads are the channels of an image.

    See Also
    --------
    attention_maps : Compute the weights; documents those of each network.
    """

    weights: dict[str, NDArray[np.floating]]
    maps: dict[str, NDArray[np.floating]]
    axes: dict[str, tuple[str, ...]]
    input_shape: tuple[int, int, int]

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name!r}: {values.shape}" for name, values in self.maps.items())
        return f"AttentionMaps({{{shapes}}})"

    def on_input(self, name: str) -> NDArray[np.floating]:
        """Return a map in the shape of the network's input.

        Heads are averaged. A weight that applies to several pixels, such as those of a column in
        all leads, is divided equally among them, so that the values sum to 1.

        Parameters
        ----------
        name : str
            Name of a map.

        Returns
        -------
        attention : ndarray of shape (n_samples, n_leads, n_rows, n_columns)
            Weight of each pixel.
        """
        (name,) = check_names([name], list(self.maps), "map")
        values, axes = self.maps[name], self.axes[name]
        if "head" in axes:
            values, axes = values.mean(1), axes[1:]
        for axis, (each, length) in enumerate(zip(("lead", "row", "column"), self.input_shape)):
            if each not in axes:
                values = np.expand_dims(values, axis + 1).repeat(length, axis + 1) / length
        return values


def attention_maps(
    clf: BaseEstimator,
    X: ArrayLike,
    *,
    layers: Sequence[str] | None = None,
    keep_weights: bool = True,
) -> AttentionMaps:
    """Compute the attention weights of a fitted classifier.

    Parameters
    ----------
    clf : classifier
        A fitted :class:`~skecg.ECGViTClassifier`, :class:`~skecg.ECGAttentionVGGClassifier`,
        :class:`~skecg.ECGAttentionLSTMClassifier` or :class:`~skecg.ECGHybridClassifier`, or a
        pipeline, search or ``FrozenEstimator`` that ends in one.
    X : array-like of shape (n_samples, ...)
        Samples, as for ``clf.predict``.
    layers : sequence of str, default=None
        Names of the weights to compute, see the Notes. If None, all of them.
    keep_weights : bool, default=True
        Whether to return the weights of the network in addition to the maps. Those of the
        published transformer take 709 MB per sample.

    Returns
    -------
    attention : AttentionMaps
        Weights and maps by name.

    Raises
    ------
    TypeError
        If the network of the classifier is not one of those listed in the Notes.
    ValueError
        If a name is unknown, or `X` does not have the shape that the classifier was fitted on.

    See Also
    --------
    AttentionDisplay : Draws the maps of a sample.
    saliency : Attribution, which any network has.

    Notes
    -----
    The positions of the network form a regular grid over the input. In a map, each pixel has the
    weight of the nearest position, without smoothing, and the map is scaled to sum to 1. Uniform
    attention therefore gives a uniform map, also at a border that cuts off the grid.

    **Vision Transformer**: ``"blocks.0"``, ``"blocks.1"``, ... and ``"rollout"``. The weights of
    a block have shape (n_samples, n_heads, n_patches, n_patches), where row i holds the weights
    of all patches in the output of patch i. The maps, of shape (n_samples, n_heads, n_rows,
    n_columns), are the mean of these rows, because the network classifies by the mean of all
    patches. Attention roll-out [1]_ traces the attention back to the input. It is the product of
    ``0.5 W + 0.5 I`` over the blocks, where W is the mean over heads; the weights have shape
    (n_samples, n_patches, n_patches) and the maps (n_samples, n_rows, n_columns). With
    ``stem="conv"``, the vector of a patch and its part of the map are centred on the first pixel
    of the patch.

    **Attention VGG**: ``"tap1"``, ``"tap2"`` and ``"tap3"``, at full, half and quarter
    resolution, the same for all leads. Weights have shape (n_samples, n_tap_rows, n_tap_columns)
    and maps (n_samples, n_rows, n_columns).

    **Attention LSTM**: ``"steps"``. Weights have shape (n_samples, n_steps). A step reads
    ``rows_per_step`` rows of the leads, stacked from top to bottom. Maps have shape (n_samples,
    n_leads, n_rows).

    **Hybrid**: ``"steps"``. Weights have shape (n_samples, n_steps). With
    ``sequence="columns"``, a step is a column of all feature maps, and maps have shape
    (n_samples, n_columns). With ``sequence="rows"``, a step is a row of one feature map. Every
    feature map mixes all leads, so the weights are summed over the feature maps, and maps have
    shape (n_samples, n_rows).

    The features at a position also depend on the pixels around it, in an LSTM on all pixels before
    it. The weights show where the network reads, not which pixels determined its output. They are
    computed in the data type of the network's weights, even if predictions use bfloat16.

    References
    ----------
    .. [1] S. Abnar, W. Zuidema, "Quantifying attention flow in transformers", ACL 2020, section 3,
       arXiv:2005.00928.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg import ECGAttentionLSTMClassifier
    >>> from skecg.inspection import attention_maps
    >>> X = np.random.default_rng(0).integers(0, 256, (20, 3, 32, 40), dtype=np.uint8)
    >>> y = np.arange(20) % 2
    >>> clf = ECGAttentionLSTMClassifier(max_epochs=1, random_state=0).fit(X, y)
    >>> attention = attention_maps(clf, X[:5])
    >>> attention.weights["steps"].shape, attention.maps["steps"].shape
    ((5, 24), (5, 3, 32))
    >>> attention.on_input("steps").sum((1, 2, 3)).round(4).tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0]
    """
    clf, X = unwrap(clf, X)
    axes: dict[str, tuple[str, ...]] = {}
    with clf.open_network(X) as (net, samples), torch.no_grad():
        attention = attention_of(network_proper(net.module_))
        names = check_names(layers, attention.names, "attention")
        weights: dict[str, list] = {name: [] for name in names}
        maps: dict[str, list] = {name: [] for name in names}
        most_rows = max(_VALUES_PER_BLOCK // attention.values_per_sample, 1)
        for block, n_rows in net.blocks(samples, most_rows):
            for name, found in attention.weights(as_read(net.module_, block)):
                if name not in weights:
                    continue
                own = as_array(found[:n_rows])
                of_pixels, axes[name] = attention.on_pixels(name, own, samples.shape[1:])
                inner = tuple(k + 1 for k, each in enumerate(axes[name]) if each != "head")
                maps[name].append(of_pixels / of_pixels.sum(inner, keepdims=True))
                if keep_weights:
                    weights[name].append(own)
    return AttentionMaps(
        {name: np.concatenate(parts) for name, parts in weights.items() if parts},
        {name: np.concatenate(parts) for name, parts in maps.items()},
        axes,
        samples.shape[1:],
    )
