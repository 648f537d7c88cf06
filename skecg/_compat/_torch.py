"""Private names of PyTorch and skorch; PyTorch is imported when a function needs it."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from torch import nn

    _Norm = TypeVar("_Norm", bound=nn.Module)

_CPUINFO = Path("/proc/cpuinfo")


def cpu_has_bfloat16_units() -> bool:
    """Tell whether the CPU has units that multiply in bfloat16.

    PyTorch 2.13 has the probes ``torch.cpu._is_avx512_bf16_supported`` and
    ``torch.cpu._is_amx_tile_supported``. If one is missing, the flags of the processor are read
    from Linux; on other systems the answer is then no.
    """
    import torch

    names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    if not all(hasattr(torch.cpu, name) for name in names):
        return not _processor_flags().isdisjoint({"avx512_bf16", "amx_bf16"})
    return any(getattr(torch.cpu, name)() for name in names)


def _processor_flags() -> set[str]:
    """Return the flags of the first processor, empty where the system does not tell."""
    try:
        text = _CPUINFO.read_text()
    except OSError:
        return set()
    lines = (line.partition(":") for line in text.splitlines())
    return next((set(flags.split()) for name, _, flags in lines if name.strip() == "flags"), set())


class WithoutDefaultCallbacks:
    """A part of a skorch net that records losses and times itself.

    skorch 1.4 reads ``net._default_callbacks``, also in ``get_params``. Where it no longer does,
    the public ``get_default_callbacks`` decides.
    """

    _default_callbacks: tuple = ()

    def get_default_callbacks(self) -> list:
        """Return no callback.

        Returns
        -------
        list
            An empty one.
        """
        return []


def taking_images(norm: type[_Norm]) -> type[_Norm]:
    """Make a subclass of ``torch.nn.BatchNorm1d`` accept images in its own ``forward``.

    PyTorch 2.13 refuses them in ``_check_input_dim``. Without that method the class gets PyTorch's
    ``forward`` again, which is slower and gives the same numbers.
    """
    changed: Any = norm
    if hasattr(norm, "_check_input_dim"):
        changed._check_input_dim = lambda self, x: None
    else:
        classes: tuple[Any, ...] = norm.__mro__
        changed.forward = next(c.forward for c in classes if c.__module__.startswith("torch."))
    return norm


@contextmanager
def quiet_exporter() -> Iterator[None]:
    """Keep to itself what ``torch.export`` and ``torch.onnx`` say of their own insides.

    PyTorch 2.13 logs that torchvision is missing and every attempt that fails, by handlers of many
    loggers below ``torch``, and warns of names that it deprecates itself and of the weights of its
    LSTM.
    """

    def is_grave(record: logging.LogRecord) -> bool:
        return record.levelno > logging.ERROR

    names = [name for name in logging.root.manager.loggerDict if name.startswith("torch")]
    handlers = {handler for name in names for handler in logging.getLogger(name).handlers}
    for handler in handlers:
        handler.addFilter(is_grave)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        for handler in handlers:
            handler.removeFilter(is_grave)
