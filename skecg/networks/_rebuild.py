"""Build a network that matches given weights, with a bound on its size."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.module import (
    register_module_buffer_registration_hook,
    register_module_parameter_registration_hook,
)
from torch.nn.parameter import is_lazy

# A module may register a tensor and then replace it, as parametrizations do.
_SLACK = 4


def check_network(
    build: Callable[[], nn.Module], weights: Mapping[str, np.ndarray], dtype: torch.dtype
) -> None:
    """Check that a network has weights of given names, shapes and types.

    The network is built without allocating memory for its weights.

    Parameters
    ----------
    build : callable
        Function without arguments that builds the network.
    weights : mapping of str to ndarray
        A ``state_dict`` as arrays.
    dtype : torch.dtype
        Data type of the network's weights.

    Raises
    ------
    ValueError
        If the weights of the network differ in name, shape or type, or the network is much larger
        than `weights`.
    """
    try:
        with no_larger_than(weights), torch.device("meta"):
            module = build().to(dtype)
    except RuntimeError:
        # A module written by the user may need actual values to be built.
        return
    check_weights(module, weights)


def check_weights(module: nn.Module, weights: Mapping[str, np.ndarray]) -> None:
    """Raise a ValueError unless the weights of a module match in name, shape and type."""
    expected = module.state_dict()
    if expected.keys() != weights.keys():
        name = min(expected.keys() ^ weights.keys())
        where = "missing" if name in expected else "not a weight of the network"
        raise ValueError(f"the weights do not fit the network: {name!r} is {where}")
    for name, tensor in expected.items():
        if is_lazy(tensor):
            continue
        found = weights[name]
        dtype = str(tensor.dtype).removeprefix("torch.")
        if tensor.shape != found.shape or dtype != found.dtype.name:
            raise ValueError(
                f"the weights do not fit the network: {name!r} must be {dtype} of shape "
                f"{tuple(tensor.shape)}; got {found.dtype} of shape {found.shape}"
            )


@contextmanager
def no_larger_than(weights: Mapping[str, np.ndarray]) -> Iterator[None]:
    """Context manager that stops the building of networks much larger than given weights.

    The parameters of a network may be read from a forged file that asks for billions of layers.
    Building stops at the first tensor beyond the limit, before its memory is used.

    Parameters
    ----------
    weights : mapping of str to ndarray
        A ``state_dict`` as arrays.

    Raises
    ------
    ValueError
        If a network has more than four times as many tensors or values.
    """
    owner = threading.get_ident()
    left = {
        "tensors": _SLACK * len(weights),
        "values": _SLACK * sum(array.size for array in weights.values()),
    }

    def count(module: nn.Module, name: str, tensor: Tensor | None) -> None:
        if tensor is None or is_lazy(tensor) or threading.get_ident() != owner:
            return
        left["tensors"] -= 1
        left["values"] -= tensor.numel()
        if min(left.values()) < 0:
            raise ValueError(
                "the parameters describe a network that is much larger than the given weights"
            )

    handles = [
        register_module_parameter_registration_hook(count),
        register_module_buffer_registration_hook(count),
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def weights_as_arrays(module: nn.Module) -> dict[str, np.ndarray]:
    """Return the ``state_dict`` of a module as arrays.

    Raises
    ------
    TypeError
        If it contains anything other than tensors of a data type that NumPy supports.
    """
    arrays = {}
    for name, tensor in module.state_dict().items():
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"the state of the network must contain only tensors; got {name!r} of type "
                f"{type(tensor).__name__}"
            )
        arrays[name] = tensor.detach().cpu().numpy()
    return arrays


@torch.no_grad()
def all_finite(module: nn.Module) -> bool:
    """Tell whether all weights of a module are finite; buffers may be masks of infinity."""
    found = [weight.isfinite().all() for weight in module.parameters()]
    return not found or bool(torch.stack(found).all())
