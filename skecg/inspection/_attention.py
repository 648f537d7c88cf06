"""Where the networks with attention look."""

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

# Values of all attention matrices of a block of samples.
_VALUES_PER_BLOCK = 2**25


@dataclass(frozen=True, eq=False, repr=False)
class AttentionMaps:
    """Attention weights of samples, as the network has them and on the input.

    Attributes
    ----------
    weights : dict of str to ndarray of shape (n_samples, ...)
        The network's own weights by the name of what attends; empty with ``keep_weights=False``.
    maps : dict of str to ndarray of shape (n_samples, ...)
        The same on the pixels of the input. The axes are those of ``axes``; the sum over all of
        them but ``"head"`` is 1.
    axes : dict of str to tuple of str
        The axes of each map after that of the samples: ``"head"``, and those of the input that
        the attention tells apart, of ``"lead"``, ``"row"`` and ``"column"``.
    input_shape : tuple (n_leads, n_rows, n_columns)
        Shape of a sample as the network reads it; leads are the channels of an image.

    See Also
    --------
    attention_maps : Says what the weights of each network are.
    """

    weights: dict[str, NDArray[np.floating]]
    maps: dict[str, NDArray[np.floating]]
    axes: dict[str, tuple[str, ...]]
    input_shape: tuple[int, int, int]

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name!r}: {values.shape}" for name, values in self.maps.items())
        return f"AttentionMaps({{{shapes}}})"

    def on_input(self, name: str) -> NDArray[np.floating]:
        """Return a map in the shape of the images that the network reads.

        Heads are averaged, and a weight is divided equally among the pixels that the attention
        does not tell apart, such as those of a column in all leads: the values sum to 1.

        Parameters
        ----------
        name : str
            Name of a map.

        Returns
        -------
        ndarray of shape (n_samples, n_leads, n_rows, n_columns)
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
    """Compute where a classifier with attention looks.

    Parameters
    ----------
    clf : classifier
        A fitted :class:`~skecg.ECGViTClassifier`, :class:`~skecg.ECGAttentionVGGClassifier`,
        :class:`~skecg.ECGAttentionLSTMClassifier` or :class:`~skecg.ECGHybridClassifier`, or a
        pipeline, search or ``FrozenEstimator`` that ends in one.
    X : array-like of shape (n_samples, ...)
        Samples as ``clf.predict`` takes them.
    layers : sequence of str, default=None
        Names of what is wanted, see below. None is all.
    keep_weights : bool, default=True
        Whether the result has the network's own weights besides the maps. Those of the published
        transformer take 709 MB per sample.

    Returns
    -------
    AttentionMaps
        Weights and maps by name.

    Raises
    ------
    TypeError
        If the classifier's network has no attention that is known here.
    ValueError
        If a name is unknown, or X has not the shape that the classifier was fitted on.

    Notes
    -----
    The network's positions lie on a regular grid over the input. In a map every pixel has the
    weight of the position that is nearest to it, without smoothing, and the whole is scaled to sum
    to 1: even attention gives an even map, also where the grid is cut off by the border.

    Vision Transformer: ``"blocks.0"``, ``"blocks.1"``, ... and ``"rollout"``. Weights of a block
    (n_samples, n_heads, n_patches, n_patches): row i are those by which patch i takes in all
    patches. Maps (n_samples, n_heads, n_rows, n_columns): the mean of these rows, since the
    network decides on the mean of all patches. Roll-out [1]_ follows the attention back to the
    input: the product of ``0.5 W + 0.5 I`` over the blocks, W being the mean over heads; weights
    (n_samples, n_patches, n_patches), maps (n_samples, n_rows, n_columns). With ``stem="conv"`` a
    patch's vector is centred on the patch's first pixel, and so is its part of the map.

    Attention VGG: ``"tap1"``, ``"tap2"`` and ``"tap3"``, at full, half and quarter resolution, the
    same for all leads. Weights (n_samples, n_tap_rows, n_tap_columns), maps (n_samples, n_rows,
    n_columns).

    Attention LSTM: ``"steps"``. Weights (n_samples, n_steps). A step reads ``rows_per_step`` rows
    of the leads, stacked from top to bottom; maps (n_samples, n_leads, n_rows).

    Hybrid: ``"steps"``. Weights (n_samples, n_steps). With ``sequence="columns"`` a step is a
    column of all feature maps; maps (n_samples, n_columns). With ``"rows"`` it is a row of one
    feature map, and every feature map mixes all leads: the weights are summed over the feature
    maps; maps (n_samples, n_rows).

    What a position holds depends also on pixels around it, in the LSTMs on all before it: weights
    tell where the network reads, not which pixels made it decide. They are computed in the number
    format of the network's weights, also where predictions multiply in bfloat16.

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
    with clf.open_network(X) as (net, X), torch.no_grad():
        attention = attention_of(network_proper(net.module_))
        names = check_names(layers, attention.names, "attention")
        weights: dict[str, list] = {name: [] for name in names}
        maps: dict[str, list] = {name: [] for name in names}
        most_rows = max(_VALUES_PER_BLOCK // attention.values_per_sample, 1)
        for block, n_rows in net.blocks(X, most_rows):
            for name, found in attention.weights(as_read(net.module_, block)):
                if name not in weights:
                    continue
                own = as_array(found[:n_rows])
                of_pixels, axes[name] = attention.on_pixels(name, own, X.shape[1:])
                inner = tuple(k + 1 for k, each in enumerate(axes[name]) if each != "head")
                maps[name].append(of_pixels / of_pixels.sum(inner, keepdims=True))
                if keep_weights:
                    weights[name].append(own)
    return AttentionMaps(
        {name: np.concatenate(parts) for name, parts in weights.items() if parts},
        {name: np.concatenate(parts) for name, parts in maps.items()},
        axes,
        X.shape[1:],
    )
