"""Where a network is computed, by how many threads, and in which precision."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from .._compat import cpu_has_bfloat16_units
from ..parallel import current_device


def resolve_device(device: str) -> torch.device:
    """Turn a ``device`` parameter into an available device.

    Parameters
    ----------
    device : str
        ``"auto"`` (CUDA, else Apple's MPS, else the CPU; in a :func:`data_parallel` block the
        process's own device) or a name such as ``"cuda:1"``.

    Raises
    ------
    ValueError
        If the name is not one of a device, or the device is not on this machine.
    """
    if device == "auto" and (own := current_device()) is not None:
        return own
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", torch.cuda.current_device())
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        resolved = torch.device(device)
    except RuntimeError as error:
        raise ValueError(
            f"device={device!r} is not the name of a device; use 'auto', 'cpu', 'cuda' or 'cuda:1'"
        ) from error
    if resolved.type not in ("cpu", "cuda", "mps"):
        raise ValueError(
            f"device={device!r} is no device for training; use 'auto', 'cpu', 'cuda', 'cuda:1' or "
            "'mps'"
        )
    if resolved.type == "cuda":
        _require_cuda(device, resolved)
    if resolved.type == "mps" and not torch.backends.mps.is_available():
        raise ValueError(
            f"device={device!r} was asked for, but this machine has no MPS device; "
            "use device='auto' or 'cpu'"
        )
    return resolved


def _require_cuda(name: str, device: torch.device) -> None:
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if (device.index or 0) >= found:
        raise ValueError(
            f"device={name!r} was asked for, but PyTorch sees {found} CUDA devices; "
            "use device='auto' or 'cpu'"
        )


# A thread that starts while another computes with a given number would take that number for the
# process's, and put it back at its end.
_THREADS = threading.RLock()
_TF32 = threading.RLock()


@contextmanager
def cpu_threads(n_threads: int | None) -> Iterator[None]:
    """Compute on the CPU with ``n_threads`` threads inside the block; None changes nothing.

    Only one Python thread at a time is in such a block, since the number holds for all of them.
    """
    if n_threads is None:
        yield
        return
    with _THREADS:
        before = torch.get_num_threads()
        torch.set_num_threads(n_threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)


@contextmanager
def timed_convolutions(device: torch.device, products: torch.dtype | None) -> Iterator[None]:
    """Let cuDNN try its algorithms for convolutions in float32, and take the fastest.

    By its own rule it takes one that is several times slower for small signals, with gigabytes of
    memory. It does not for bfloat16, and trying takes time. Nothing is changed where PyTorch is to
    be deterministic, since another algorithm may be the fastest in the next run.

    Parameters
    ----------
    device : torch.device
        Where the network is trained.
    products : torch.dtype or None
        Format of the products in training, None for that of the weights.
    """
    cudnn, is_fixed = torch.backends.cudnn, torch.are_deterministic_algorithms_enabled()
    if device.type != "cuda" or products is not None or is_fixed:
        yield
        return
    before, cudnn.benchmark = cudnn.benchmark, True
    try:
        yield
    finally:
        cudnn.benchmark = before


@contextmanager
def full_float32(device: torch.device) -> Iterator[None]:
    """Compute float32 on a CUDA device as on all others.

    By default, PyTorch rounds the factors of its convolutions and LSTMs there to TF32, which has
    the precision of a float16: probabilities would differ from the CPU's by a thousandth. Only one
    Python thread at a time is in such a block, since the setting holds for all of them.

    Parameters
    ----------
    device : torch.device
        Where the network predicts.
    """
    if device.type != "cuda":
        yield
        return
    cudnn = torch.backends.cudnn
    with _TF32:
        try:
            before = cudnn.allow_tf32
        except RuntimeError:
            # Somebody has chosen by PyTorch's newer settings, one for each kind of layer.
            yield
            return
        cudnn.allow_tf32 = False
        try:
            yield
        finally:
            cudnn.allow_tf32 = before


@dataclass(frozen=True)
class Precision:
    """Number formats of a network.

    Parameters
    ----------
    weights : torch.dtype
        Format of the weights and of everything that is not a product.
    products : torch.dtype or None, default=None
        Format of convolutions and matrix products in training; None is that of the weights.
    in_prediction : torch.dtype or None, default=None
        The same in prediction.
    """

    weights: torch.dtype
    products: torch.dtype | None = None
    in_prediction: torch.dtype | None = None


def resolve_precision(precision: str, device: torch.device) -> Precision:
    """Turn a ``precision`` parameter into number formats.

    Parameters
    ----------
    precision : {"auto", "float32", "float64", "bfloat16"}
        ``"bfloat16"`` keeps float32 weights and computes convolutions and matrix products in
        bfloat16, in training and in prediction. ``"auto"`` does so in training alone, where the
        hardware has units for it, so that the same weights predict the same everywhere.
    device : torch.device
        Where the network is computed.

    Raises
    ------
    ValueError
        If the device cannot compute in that precision.
    """
    if precision == "float64":
        if device.type == "mps":
            raise ValueError("precision='float64' does not exist on MPS; use device='cpu'")
        return Precision(torch.float64)
    if precision == "bfloat16":
        return Precision(torch.float32, torch.bfloat16, torch.bfloat16)
    if precision == "auto" and has_bfloat16_units(device):
        return Precision(torch.float32, torch.bfloat16)
    return Precision(torch.float32)


def has_bfloat16_units(device: torch.device) -> bool:
    """Tell whether a device multiplies in bfloat16 faster than in float32."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        return cpu_has_bfloat16_units()
    return False
