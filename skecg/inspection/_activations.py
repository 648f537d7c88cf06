"""Outputs of the layers of a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from torch import Tensor, nn

from ._classifier import as_array, check_names, unwrap


def layer_activations(
    clf: BaseEstimator, X: ArrayLike, *, layers: Sequence[str] | None = None
) -> dict[str, NDArray[np.floating]]:
    """Compute the output of each layer of a fitted classifier.

    Parameters
    ----------
    clf : classifier
        A fitted classifier of this package, or a pipeline, search or ``FrozenEstimator`` that
        ends in one.
    X : array-like of shape (n_samples, ...)
        Samples, as for ``clf.predict``.
    layers : sequence of str, default=None
        Names of the layers, as in ``clf.module_.named_modules()``. If None, every layer without
        sublayers, and every block that adds a computation to its sublayers, such as a skip
        connection. Blocks that return the output of their last sublayer are omitted.

    Returns
    -------
    activations : dict of str to ndarray of shape (n_samples, ...)
        Output of each layer, in the order of computation. The outputs of a layer that is called
        several times have the keys ``"relu"``, ``"relu:2"`` and so on. The output of a recurrent
        layer is its states, of shape (n_samples, n_steps, n_hidden). A layer that is applied to
        the parts of a sample, such as those of a time-distributed network, has an output of shape
        (n_samples, n_parts, ...).

    Raises
    ------
    TypeError
        If `clf` is not a classifier of this package.
    ValueError
        If a layer is unknown, is not used in the computation or has an output without an axis of
        samples, or if `X` does not have the shape that the classifier was fitted on.

    See Also
    --------
    ActivationDisplay : Draw the activations of a sample.

    Notes
    -----
    The values are those of a prediction: dropout is off, normalisations use their running
    statistics, and the precision is that of the classifier. The result of a function that the
    network calls directly, such as ``F.relu``, is part of the output of the enclosing block. The
    network is not changed.

    The result needs as much memory as all outputs of the chosen layers, usually hundreds of times
    as much as `X`. Beyond the result, only one block of samples is in memory. To save memory,
    choose `layers` or pass fewer samples.

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
    with clf.open_network(X) as (net, samples), torch.no_grad():
        known = [name for name, _ in net.module_.named_modules() if name]
        chosen = None if layers is None else check_names(layers, known, "layer")
        for block, n_rows in net.blocks(samples):
            with _recorded(net.module_, chosen) as outputs, net.autocast():
                net.module_(block)
            for name, output in outputs.items():
                values = _by_sample(output, len(block), name)[:n_rows]
                if start == 0:
                    results[name] = np.empty((len(samples), *values.shape[1:]), values.dtype)
                results[name][start : start + n_rows] = values
            start += n_rows
    silent = [] if chosen is None else [n for n in chosen if n not in results]
    if silent:
        raise ValueError(
            f"layers must be used in a prediction; got {silent[0]!r}, which is not. Remove it from "
            "layers"
        )
    return results


@contextmanager
def _recorded(module: nn.Module, chosen: list[str] | None) -> Iterator[dict[str, Tensor]]:
    """Context manager that records the outputs of the layers; None records the default ones."""
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
        # Copied, because the next layer may work in place.
        outputs[name if n_calls == 1 else f"{name}:{n_calls}"] = values.clone()

    def hook(name: str) -> Callable[[nn.Module, Any, object], None]:
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
    """Return an output with samples on the first axis and their parts, if any, on the second."""
    if output.ndim == 0 or len(output) % n_samples:
        raise ValueError(
            f"the output of layer {name!r} must have an axis of samples; got shape "
            f"{tuple(output.shape)} for {n_samples} samples. To omit it, pass the names of the "
            "other layers as layers"
        )
    if len(output) != n_samples:
        output = output.unflatten(0, (n_samples, -1))
    return as_array(output)
