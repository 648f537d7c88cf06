"""Grad-CAM: the layer, its positions, and the way back to the input."""

from __future__ import annotations

from functools import singledispatch

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from ..networks import SpatialLayer, TimeDistributedCNN, VisionTransformer, network_proper
from ._classifier import as_array, check_names
from ._positions import interpolate


def spatial_layer(module: nn.Module, name: str | None) -> SpatialLayer:
    """Return the layer of a name, else the one that the network chooses.

    Raises
    ------
    ValueError
        If there is no such layer, or the network chooses none.
    """
    network = network_proper(module)
    if name is not None:
        check_names([name], [known for known, _ in module.named_modules() if known], "layer")
        return SpatialLayer(name, (), ())
    chosen = getattr(network, "spatial_layer", None)
    if chosen is None:
        raise ValueError(
            "method='gradcam' needs a layer whose output keeps positions; "
            f"{type(network).__name__} names none. Name one by layer=..., or use "
            "method='integrated_gradients' or 'occlusion', which need none"
        )
    return chosen


def grad_cam(
    module: nn.Module, layer: SpatialLayer, by_name: bool, x: Tensor, code: int
) -> NDArray[np.floating]:
    """Return the map of one sample x, (1, ...), in its shape.

    Parameters
    ----------
    module : Module
        The network with the layer that scales its input.
    layer : SpatialLayer
        The layer.
    by_name : bool
        Whether the layer is named as in ``module`` and has no known geometry; else as in the
        network proper.
    x : Tensor
        The sample.
    code : int
        Index of the output.
    """
    from captum.attr import LayerActivation, LayerGradientXActivation

    network = network_proper(module)
    part = (module if by_name else network).get_submodule(layer.name)
    values = _tensor(LayerActivation(module, part).attribute(x), layer)
    slopes = LayerGradientXActivation(module, part, multiply_by_inputs=False)
    slopes = _tensor(slopes.attribute(x, target=code), layer)
    if not by_name:
        values, slopes = _channels_first(network, values), _channels_first(network, slopes)
    if values.ndim < 3 or len(values) != 1:
        raise ValueError(
            f"layer {layer.name!r} returns values of shape {tuple(values.shape)} for one sample; "
            "Grad-CAM needs (1, n_filters, n_positions, ...)"
        )
    importance = slopes.flatten(2).mean(2).unflatten(1, (-1, *[1] * (values.ndim - 2)))
    heat = as_array((importance * values).sum(1).relu())
    return _on_input(network, layer, heat, tuple(x.shape))


def _tensor(found: object, layer: SpatialLayer) -> Tensor:
    if isinstance(found, Tensor):
        return found
    raise ValueError(f"layer {layer.name!r} returns several values; Grad-CAM needs a single one")


@singledispatch
def _channels_first(network: nn.Module, values: Tensor) -> Tensor:
    """Bring what the layer returns for one sample into the shape (1, n_filters, ...)."""
    return values


@_channels_first.register
def _(network: VisionTransformer, values: Tensor) -> Tensor:
    return values.transpose(1, 2).unflatten(2, network.grid_size)


@_channels_first.register
def _(network: TimeDistributedCNN, values: Tensor) -> Tensor:
    return values.transpose(0, 1).unsqueeze(0)  # the slabs are positions too


def _on_input(
    network: nn.Module, layer: SpatialLayer, heat: NDArray, shape: tuple[int, ...]
) -> NDArray[np.floating]:
    """Interpolate a map (1, n_positions, ...) to the shape of a sample."""
    if layer.strides and isinstance(network, TimeDistributedCNN):
        return _stacked(network, layer, heat, shape)
    n_axes = heat.ndim - 1
    if n_axes > len(shape) - 1:
        raise ValueError(
            f"layer {layer.name!r} has {n_axes} axes of positions, a sample of shape {shape[1:]} "
            "has fewer"
        )
    heat = _interpolated(layer, heat, shape[-n_axes:])
    # The axes before those of the positions are of leads that the layer does not tell apart.
    return np.broadcast_to(
        heat.reshape(1, *[1] * (len(shape) - 1 - n_axes), *heat.shape[1:]), shape
    )


def _interpolated(layer: SpatialLayer, heat: NDArray, lengths: tuple[int, ...]) -> NDArray:
    n_axes = len(lengths)
    for k, length in enumerate(lengths):
        axis = heat.ndim - n_axes + k
        stride = layer.strides[k] if layer.strides else length / heat.shape[axis]
        offset = layer.offsets[k] if layer.offsets else (stride - 1) / 2
        heat = interpolate(heat, axis, length, stride, offset)
    return heat


def _stacked(
    network: TimeDistributedCNN, layer: SpatialLayer, heat: NDArray, shape: tuple[int, ...]
) -> NDArray:
    """Put the maps of slabs, (1, n_steps, ...), below each other and cut them into channels."""
    _, n_channels, height, width = shape
    rows = _interpolated(layer, heat, (network.n_rows, width)).reshape(1, -1, width)
    return rows[:, : n_channels * height].reshape(shape)
