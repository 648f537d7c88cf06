"""Grad-CAM: choice of the layer, computation, and interpolation to the input."""

from __future__ import annotations

from functools import singledispatch

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from ..networks import SpatialLayer, TimeDistributedCNN, VisionTransformer, network_proper
from ._classifier import as_array, check_names
from ._positions import interpolate
from ._side_features import shape_over_positions


def spatial_layer(module: nn.Module, name: str | None) -> SpatialLayer:
    """Return the layer with the given name, or the network's default layer if it is None.

    Raises
    ------
    ValueError
        If the name is unknown, or the network has no default layer.
    """
    network = network_proper(module)
    if name is not None:
        check_names([name], [known for known, _ in module.named_modules() if known], "layer")
        return SpatialLayer(name, (), ())
    chosen = getattr(network, "spatial_layer", None)
    if chosen is None:
        raise ValueError(
            "method='gradcam' needs a network with the attribute spatial_layer; got "
            f"{type(network).__name__}, which has none. Pass layer=..., the name of a layer whose "
            "output has spatial positions, or use method='integrated_gradients' or 'occlusion'"
        )
    return chosen


def grad_cam(
    module: nn.Module, layer: SpatialLayer, by_name: bool, x: Tensor, code: int
) -> NDArray[np.floating]:
    """Return the map of one sample, in the shape of the sample.

    Parameters
    ----------
    module : Module
        The network, with the scaling of its input if it has one.
    layer : SpatialLayer
        The layer.
    by_name : bool
        True if the layer was given by its name in ``module``, so that its geometry is unknown.
        False if it is the default layer, named as in the network without the scaling.
    x : Tensor of shape (1, ...)
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
            f"the output of layer {layer.name!r} must have shape (1, n_filters, n_positions, ...) "
            f"for one sample; got {tuple(values.shape)}. Choose another layer"
        )
    importance = slopes.flatten(2).mean(2).unflatten(1, (-1, *[1] * (values.ndim - 2)))
    heat = as_array((importance * values).sum(1).relu())
    shape = (1, *shape_over_positions(module, tuple(x.shape[1:])))
    found = _on_input(network, layer, heat, shape)
    if found.size == x.numel():
        return found
    # Of numbers beside a signal a map over time says nothing, which is not that they matter not.
    beside = np.full((1, x.numel() - found.size), np.nan, found.dtype)
    return np.hstack([found.reshape(1, -1), beside])


def _tensor(found: object, layer: SpatialLayer) -> Tensor:
    if isinstance(found, Tensor):
        return found
    raise ValueError(
        f"the output of layer {layer.name!r} must be a single tensor for Grad-CAM; got "
        f"{type(found).__name__}. Choose another layer"
    )


@singledispatch
def _channels_first(network: nn.Module, values: Tensor) -> Tensor:
    """Return the output of the layer for one sample in the shape (1, n_filters, ...)."""
    return values


@_channels_first.register
def _(network: VisionTransformer, values: Tensor) -> Tensor:
    return values.transpose(1, 2).unflatten(2, network.grid_size)


@_channels_first.register
def _(network: TimeDistributedCNN, values: Tensor) -> Tensor:
    return values.transpose(0, 1).unsqueeze(0)  # the slabs are an axis of positions


def _on_input(
    network: nn.Module, layer: SpatialLayer, heat: NDArray, shape: tuple[int, ...]
) -> NDArray[np.floating]:
    """Interpolate a map of shape (1, n_positions, ...) to the shape of a sample."""
    if layer.strides and isinstance(network, TimeDistributedCNN):
        return _stacked(network, layer, heat, shape)
    n_axes = heat.ndim - 1
    if n_axes > len(shape) - 1:
        raise ValueError(
            f"the output of layer {layer.name!r} must have at most {len(shape) - 1} axes of "
            f"positions for samples of shape {shape[1:]}; got {n_axes}. Choose another layer"
        )
    heat = _interpolated(layer, heat, shape[-n_axes:])
    # The axes before those of the positions are leads, for which the layer has a common value.
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
    """Stack the maps of the slabs, of shape (1, n_steps, ...), and split them into channels."""
    _, n_channels, height, width = shape
    rows = _interpolated(layer, heat, (network.n_rows, width)).reshape(1, -1, width)
    return rows[:, : n_channels * height].reshape(shape)
