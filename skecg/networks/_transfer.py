"""Copy weights from one network to another and freeze layers.

A *weight layer* is a module with its own weight matrix or kernel: a convolution, a dense layer or
an LSTM. A module that has only vectors or statistics, such as a normalisation, belongs to the
weight layer before it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

# Normalisations with running statistics.
_WITH_STATISTICS = (
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.BatchNorm3d,
    nn.SyncBatchNorm,
    nn.InstanceNorm1d,
    nn.InstanceNorm2d,
    nn.InstanceNorm3d,
)

ResetLayers = Literal["head", "trainable", "mismatched"] | None


@dataclass(frozen=True)
class TransferReport:
    """Report of a transfer of weights, printed as a table of the layers.

    Attributes
    ----------
    source : str
        Name of the source of the weights.
    taken_over : tuple of str
        Layers initialised with the weights of the source.
    drawn_anew : tuple of str
        Layers initialised with random weights.
    frozen : tuple of str
        Layers that are not trained. All of them are taken over from the source.
    n_weights : dict of {str: int}
        Number of weights of each layer, in the order of the network.
    n_trainable_weights : int
        Number of weights that are trained.
    """

    source: str
    taken_over: tuple[str, ...]
    drawn_anew: tuple[str, ...]
    frozen: tuple[str, ...]
    n_weights: dict[str, int]

    @property
    def n_trainable_weights(self) -> int:
        """Number of weights that are trained."""
        return sum(n for layer, n in self.n_weights.items() if layer not in self.frozen)

    def __str__(self) -> str:
        width = max(len(layer) for layer in self.n_weights)
        lines = [f"Weights from {self.source}"]
        for layer, n in self.n_weights.items():
            start = "taken over" if layer in self.taken_over else "drawn anew"
            state = "frozen" if layer in self.frozen else "trained"
            lines.append(f"{layer:{width}}  {n:>10,}  {start}, {state}")
        total = sum(self.n_weights.values())
        lines.append(f"{self.n_trainable_weights:,} of {total:,} weights are trained.")
        return "\n".join(lines)


def weight_layers(module: nn.Module, sample: Tensor) -> dict[str, list[str]]:
    """Return the names of a network's weight layers with those of their weights and statistics.

    Parameters
    ----------
    module : nn.Module
        The network. It is run once on the sample, in evaluation mode.
    sample : Tensor of shape (1, ...)
        One sample as the network reads it, on its device.

    Returns
    -------
    dict of {str: list of str}
        In the order in which the layers are called, not that in which they were registered. What
        is called before the first layer, such as the scale of the input, belongs to the first.

    Raises
    ------
    ValueError
        If a weight layer is not called, so that its place in the order is unknown.
    """
    layers: dict[str, list[str]] = {}
    first: list[str] = []
    current = first
    stored = module.state_dict()
    parts = dict(module.named_modules())
    for name in _in_order_of_calls(module, sample):
        part, prefix = parts[name], f"{name}." if name else ""
        own = [prefix + key for key, _ in _own_tensors(part) if prefix + key in stored]
        if _is_weight_layer(part):
            current = layers[name or type(part).__name__] = []
        current += own
    if layers and first:
        next(iter(layers.values()))[:0] = first
    return layers


def _in_order_of_calls(module: nn.Module, sample: Tensor) -> list[str]:
    """Return the names of the parts that have weights or statistics, each where last called.

    A part that its parent computes with, without calling it, follows its parent.
    """
    calls: dict[str, int] = {}
    count = itertools.count()
    names = {part: name for name, part in module.named_modules()}

    def note(part: nn.Module, _: object) -> None:
        calls[names[part]] = next(count)

    handles = [part.register_forward_pre_hook(note) for part in names]
    was_training = [part for part in names if part.training]
    try:
        with torch.no_grad():
            module.eval()(sample)
    finally:
        for handle in handles:
            handle.remove()
        for part in was_training:
            part.training = True

    def place(name: str) -> int:
        while name and name not in calls:
            name = name.rpartition(".")[0]
        return calls.get(name, 0)

    found = [name for name, part in module.named_modules() if _own_tensors(part)]
    for name in found:
        if name and not place(name) and _is_weight_layer(module.get_submodule(name)):
            raise ValueError(
                f"the layer {name!r} is not called when the network computes a sample, so its "
                "place in the order of the layers is unknown; call it as a module in forward, or "
                "remove it"
            )
    return sorted(found, key=place)


def _own_tensors(part: nn.Module) -> list[tuple[str, Tensor]]:
    """Return the weights and buffers of a part without those of its parts."""
    weights = part.named_parameters(recurse=False, remove_duplicate=False)
    return [*weights, *part.named_buffers(recurse=False, remove_duplicate=False)]


def _is_weight_layer(part: nn.Module) -> bool:
    return any(weight.ndim >= 2 for weight in part.parameters(recurse=False))


def take_over(
    module: nn.Module,
    weights: Mapping[str, Tensor],
    source: str,
    sample: Tensor,
    *,
    n_trainable_layers: int | None = None,
    reset_layers: ResetLayers = "head",
) -> TransferReport:
    """Copy weights into a newly initialised network and freeze its first layers.

    Weights are matched by name and shape.

    Parameters
    ----------
    module : nn.Module
        The network, changed in place.
    weights : mapping of str to Tensor
        The ``state_dict()`` of the source.
    source : str
        Name of the source in the report and in errors.
    sample : Tensor of shape (1, ...)
        One sample as the network reads it: layers count in the order in which they are called.
    n_trainable_layers : int or None, default=None
        Number of weight layers, counted from the last, that are trained. The others are frozen. If
        None, no layer is frozen.
    reset_layers : {"head", "trainable", "mismatched"} or None, default="head"
        Layers that keep their random weights.

        - ``"head"``: the last layer.
        - ``"trainable"``: all layers that are trained.
        - ``"mismatched"``: the last layer and all layers that do not match the source. These
          layers are trained.
        - None: no layer.

    Returns
    -------
    TransferReport

    Raises
    ------
    ValueError
        If a layer to be taken over does not match the source, no layer would be taken over, or
        ``n_trainable_layers`` exceeds the number of weight layers.
    """
    layers, target = weight_layers(module, sample), module.state_dict()
    names = list(layers)
    if n_trainable_layers is not None and n_trainable_layers > len(names):
        raise ValueError(
            f"n_trainable_layers must be at most {len(names)}, the number of weight layers "
            f"({', '.join(names)}); got {n_trainable_layers}"
        )
    trainable = names if n_trainable_layers is None else names[-n_trainable_layers:]
    mismatched = [layer for layer in names if not _fits(layers[layer], weights, target)]
    anew = {
        "head": names[-1:],
        "trainable": trainable,
        "mismatched": [name for name in names if name in mismatched or name == names[-1]],
        None: [],
    }[reset_layers]
    left = [layer for layer in mismatched if layer not in anew]
    if left:
        raise ValueError(_mismatch(left[0], layers, weights, target, source, reset_layers))
    taken = [layer for layer in names if layer not in anew]
    if not taken:
        raise ValueError(
            f"no layer would be taken over from {source}: got reset_layers={reset_layers!r} and "
            f"n_trainable_layers={n_trainable_layers} for the layers {', '.join(names)}. Lower "
            "n_trainable_layers or reset fewer layers"
        )
    with torch.no_grad():
        for layer in taken:
            for name in layers[layer]:
                target[name].copy_(weights[name])
    frozen = [layer for layer in names if layer not in trainable and layer not in anew]
    parameters = dict(module.named_parameters())
    for layer in frozen:
        for name in layers[layer]:
            if name in parameters:
                parameters[name].requires_grad_(False)
    counts = {
        layer: sum(parameters[name].numel() for name in layers[layer] if name in parameters)
        for layer in names
    }
    return TransferReport(source, tuple(taken), tuple(anew), tuple(frozen), counts)


def frozen_normalizations(
    module: nn.Module, frozen: Sequence[str], sample: Tensor
) -> tuple[str, ...]:
    """Return the names of the normalisations with statistics that belong to frozen layers."""
    layers = weight_layers(module, sample)
    kept = {name.rpartition(".")[0] for layer in frozen for name in layers[layer]}
    norms = [name for name, p in module.named_modules() if isinstance(p, _WITH_STATISTICS)]
    return tuple(name for name in norms if name in kept)


def _fits(names: list[str], weights: Mapping[str, Tensor], target: dict[str, Tensor]) -> bool:
    return all(name in weights and weights[name].shape == target[name].shape for name in names)


def _mismatch(
    layer: str,
    layers: dict[str, list[str]],
    weights: Mapping[str, Tensor],
    target: dict[str, Tensor],
    source: str,
    reset_layers: ResetLayers,
) -> str:
    name = next(name for name in layers[layer] if not _fits([name], weights, target))
    found = f"shape {tuple(weights[name].shape)}" if name in weights else "no such weight"
    return (
        f"layer {layer!r} cannot be taken over from {source} (reset_layers={reset_layers!r}): "
        f"{name!r} must have shape {tuple(target[name].shape)}; got {found}. The source may be "
        "another network or have another input length, number of side features or of classes. Use "
        "reset_layers='mismatched' to initialise and train every layer that does not match"
    )
