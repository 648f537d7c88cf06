"""What every layer of a network makes of the input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from torch import Tensor, nn

from ._classifier import as_array, check_names, unwrap


def layer_activations(
    clf: BaseEstimator, X: ArrayLike, *, layers: Sequence[str] | None = None
) -> dict[str, NDArray[np.floating]]:
    """Follow samples through every layer of a classifier's network.

    Parameters
    ----------
    clf : classifier
        A fitted classifier of this package, or a pipeline, search or ``FrozenEstimator`` that
        ends in one.
    X : array-like of shape (n_samples, ...)
        Samples as ``clf.predict`` takes them.
    layers : sequence of str, default=None
        Names of the layers, as in ``clf.module_.named_modules()``. None is every layer without
        layers of its own and every block that computes something besides, such as a sum with a
        skip connection; blocks that only hand on what their last layer returns are left out.

    Returns
    -------
    dict of str to ndarray of shape (n_samples, ...)
        The output of every layer by its name, in the order of computation. A layer that is used
        several times stands there several times: as ``"relu"``, ``"relu:2"`` and so on. Recurrent
        layers give their states (n_samples, n_steps, n_hidden). A layer that reads the parts of a
        sample one by one, as those of a time-distributed network, gives (n_samples, n_parts, ...).

    Raises
    ------
    TypeError
        If ``clf`` is no classifier of this package.
    ValueError
        If a layer is unknown, takes no part in the computation or returns something that has no
        axis of samples; or X has not the shape that the classifier was fitted on.

    Notes
    -----
    The values are exactly those of a prediction: dropout is off, normalisations use their running
    statistics, and the classifier's precision holds. Functions that the network calls without a
    layer, as ``F.relu``, show in the output of the block that calls them. The network is left as
    it was.

    The result takes as much memory as all outputs of the chosen layers, usually hundreds of times
    that of X; besides, only one block of samples is in memory. Choose ``layers`` or fewer samples
    where that is too much.

    See Also
    --------
    ActivationDisplay : Draws them.

    References
    ----------
    G. Altshuler et al., "ECG classification", project 046211, Technion, 2023 ("input through
    layers"), https://github.com/gilad-altshuler/ECG-classification.

    Examples
    --------
    >>> from skecg import ECGResidualCNNClassifier
    >>> from skecg.datasets import make_beats
    >>> from skecg.inspection import layer_activations
    >>> beats = make_beats(100, random_state=0)
    >>> clf = ECGResidualCNNClassifier(max_epochs=1, random_state=0).fit(beats.data, beats.target)
    >>> activations = layer_activations(clf, beats.data[:3])
    >>> list(activations)[:4]
    ['features.0', 'features.1.conv1', 'features.1.conv2', 'features.1']
    >>> activations["features.1"].shape
    (3, 32, 90)
    """
    clf, X = unwrap(clf, X)
    results: dict[str, NDArray[np.floating]] = {}
    start = 0
    with clf.open_network(X) as (net, X), torch.no_grad():
        known = [name for name, _ in net.module_.named_modules() if name]
        chosen = None if layers is None else check_names(layers, known, "layer")
        for block, n_rows in net.blocks(X):
            with _recorded(net.module_, chosen) as outputs, net.autocast():
                net.module_(block)
            for name, output in outputs.items():
                values = _by_sample(output, len(block), name)[:n_rows]
                if start == 0:
                    results[name] = np.empty((len(X), *values.shape[1:]), values.dtype)
                results[name][start : start + n_rows] = values
            start += n_rows
    silent = [] if chosen is None else [n for n in chosen if n not in results]
    if silent:
        raise ValueError(f"layer {silent[0]!r} takes no part in the computation of an output")
    return results


@contextmanager
def _recorded(module: nn.Module, chosen: list[str] | None) -> Iterator[dict[str, Tensor]]:
    """Record, inside the block, what the layers return; None is all that compute something."""
    outputs: dict[str, Tensor] = {}
    returned: list[Tensor] = []
    handles = []

    def record(name: str, layer: nn.Module, output: object) -> None:
        values = _first_tensor(output)
        if values is None:
            return
        is_leaf = next(layer.children(), None) is None
        if chosen is None and not is_leaf and any(values is other for other in returned):
            return
        returned.append(values)
        if isinstance(layer, nn.RNNBase) and not layer.batch_first and values.ndim == 3:
            values = values.transpose(0, 1)
        n_calls = 1 + sum(other.partition(":")[0] == name for other in outputs)
        # A copy: the next layer may work in place.
        outputs[name if n_calls == 1 else f"{name}:{n_calls}"] = values.clone()

    def hook(name: str):
        return lambda layer, _, output: record(name, layer, output)

    try:
        for name, layer in module.named_modules():
            if name and (chosen is None or name in chosen):
                handles.append(layer.register_forward_hook(hook(name)))
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


def _first_tensor(output: object) -> Tensor | None:
    if isinstance(output, Tensor):
        return output
    if isinstance(output, dict):
        output = tuple(output.values())
    if isinstance(output, list | tuple):
        return next((found for part in output if (found := _first_tensor(part)) is not None), None)
    return None


def _by_sample(output: Tensor, n_samples: int, name: str) -> NDArray[np.floating]:
    """Return an output with samples on its first axis, their parts on the second."""
    if output.ndim == 0 or len(output) % n_samples:
        raise ValueError(
            f"layer {name!r} returns values of shape {tuple(output.shape)} for {n_samples} "
            "samples; name the other layers by layers=[...] to leave it out"
        )
    if len(output) != n_samples:
        output = output.unflatten(0, (n_samples, -1))
    return as_array(output)
