"""Parallel computing: data-parallel fits, sharing of one GPU, and a recoverable Dask client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._data_parallel import data_parallel
from ._device_turns import device_turn
from ._share import (
    OwnPart,
    current_device,
    current_share,
    facts_of,
    is_main_process,
    n_processes,
    sum_gradients,
    sum_over_processes,
    wait_for_main_process,
)
from ._shared_batch_norm import shared_batch_norms

if TYPE_CHECKING:
    from ._dask import RecoverableClient

__all__ = [
    "OwnPart",
    "RecoverableClient",
    "current_device",
    "current_share",
    "data_parallel",
    "device_turn",
    "facts_of",
    "is_main_process",
    "n_processes",
    "shared_batch_norms",
    "sum_gradients",
    "sum_over_processes",
    "wait_for_main_process",
]


if not TYPE_CHECKING:  # a type checker would take every name for one of the package

    def __getattr__(name: str) -> object:
        if name == "RecoverableClient":  # imported on first use, because Dask is optional
            from ._dask import RecoverableClient

            return RecoverableClient
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
