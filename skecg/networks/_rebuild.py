"""Build a network that matches given weights, with a bound on its size."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.module import (
    register_module_buffer_registration_hook,
    register_module_parameter_registration_hook,
)
from torch.nn.parameter import is_lazy

from .._limits import machine_memory
from ._scaled import Scaled

# A module may register a tensor and then replace it, as parametrizations do.
_SLACK = 4

# Weight, gradient and two moments, in float32.
_BYTES_OF_A_WEIGHT = 16
_MOST_TENSORS = 10_000

# In what PyTorch says of a size that has no memory, or no number.
_BEYOND = ("can't allocate memory", "overflow")


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
    with _at_most(
        _SLACK * len(weights),
        _SLACK * sum(array.size for array in weights.values()),
        "the parameters describe a network that is much larger than the given weights",
    ):
        yield


@contextmanager
def within_memory() -> Iterator[None]:
    """Context manager that stops the building of networks which this machine cannot train.

    Raises
    ------
    ValueError
        If the weights with their gradients and two moments, in float32, need more memory than the
        machine has, or there are more tensors than any network has.
    """
    reason = (
        f"the network would have more than {_MOST_TENSORS:,} tensors, or more weights than this "
        f"machine's memory of {machine_memory() / 1e9:,.1f} GB holds in training; choose a smaller "
        "one"
    )
    try:
        with _at_most(_MOST_TENSORS, machine_memory() // _BYTES_OF_A_WEIGHT, reason):
            yield
    except (RuntimeError, TypeError, OverflowError, MemoryError) as error:
        said = str(error).lower()
        if isinstance(error, OverflowError | MemoryError) or any(each in said for each in _BEYOND):
            raise ValueError(reason) from error
        raise


def check_size(build: Callable[[], nn.Module]) -> None:
    """Check that this machine can train a network of this package, without building it.

    A user's network is not built for it: it may do more than have weights.

    Raises
    ------
    ValueError
        If the network is too large.
    """
    proper = build.args[0] if isinstance(build, partial) and build.func is Scaled else build
    module = getattr(getattr(proper, "func", None), "__module__", None) or ""
    if module.startswith(f"{__package__}."):
        with within_memory(), torch.device("meta"):
            build()


@contextmanager
def _at_most(n_tensors: int, n_values: int, reason: str) -> Iterator[None]:
    owner = threading.get_ident()
    left = {"tensors": n_tensors, "values": n_values}

    def count(module: nn.Module, name: str, tensor: Tensor | None) -> None:
        if tensor is None or is_lazy(tensor) or threading.get_ident() != owner:
            return
        left["tensors"] -= 1
        left["values"] -= tensor.numel()
        if min(left.values()) < 0:
            raise ValueError(reason)

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
