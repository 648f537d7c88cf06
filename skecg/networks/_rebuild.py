"""Build a network for weights that are already there, and none that is larger than they are."""

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

# A module may register a tensor and replace it, as parametrizations do.
_SLACK = 4


def check_network(
    build: Callable[[], nn.Module], weights: Mapping[str, np.ndarray], dtype: torch.dtype
) -> None:
    """Compare names, shapes and types of a network's weights with given ones, without memory.

    Parameters
    ----------
    build : callable
        Builds the network.
    weights : mapping of str to ndarray
        A ``state_dict`` as arrays.
    dtype : torch.dtype
        Number format of the network's weights.

    Raises
    ------
    ValueError
        If the network has other weights.
    """
    try:
        with no_larger_than(weights), torch.device("meta"):
            module = build().to(dtype)
    except RuntimeError:
        # A module of the user's may need to see values as it is built.
        return
    check_weights(module, weights)


def check_weights(module: nn.Module, weights: Mapping[str, np.ndarray]) -> None:
    """Raise a ValueError unless a module's weights have the names, shapes and types given."""
    expected = module.state_dict()
    if expected.keys() != weights.keys():
        name = min(expected.keys() ^ weights.keys())
        where = "missing" if name in expected else "not one of the network's"
        raise ValueError(f"the weights do not fit the network: {name!r} is {where}")
    for name, tensor in expected.items():
        if is_lazy(tensor):
            continue
        found = weights[name]
        dtype = str(tensor.dtype).removeprefix("torch.")
        if tensor.shape != found.shape or dtype != found.dtype.name:
            raise ValueError(
                f"the weights do not fit the network: {name!r} is {found.dtype} of shape "
                f"{found.shape}, the network needs {dtype} of shape {tuple(tensor.shape)}"
            )


@contextmanager
def no_larger_than(weights: Mapping[str, np.ndarray]) -> Iterator[None]:
    """Refuse, inside the block, to build networks that are much larger than given weights.

    The parameters of a network may come from a forged file, and ask for a thousand million layers.
    Building it stops at the first tensor that is too much, before any memory is touched.

    Parameters
    ----------
    weights : mapping of str to ndarray
        A ``state_dict`` as arrays.

    Raises
    ------
    ValueError
        If a network has over four times as many tensors or values.
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
                "the parameters describe a network much larger than the weights that are there"
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
    """Return a module's ``state_dict`` as arrays.

    Raises
    ------
    TypeError
        If it holds something else than tensors of numpy's number formats.
    """
    arrays = {}
    for name, tensor in module.state_dict().items():
        if not isinstance(tensor, Tensor):
            raise TypeError(f"the network keeps {name!r}, which is no tensor")
        arrays[name] = tensor.detach().cpu().numpy()
    return arrays


@torch.no_grad()
def all_finite(module: nn.Module) -> bool:
    """Tell whether all weights of a module are finite; buffers may be masks of infinity."""
    found = [weight.isfinite().all() for weight in module.parameters()]
    return not found or bool(torch.stack(found).all())
