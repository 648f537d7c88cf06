"""Copies of batches that reach a CUDA device while it computes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

Part = tuple[Tensor, Tensor, Tensor | None]

# Batches that the host may be ahead of the device: one on its way while another is computed.
_MOST_AHEAD = 2


class CudaStreams:
    """A stream for copies beside the one that computes.

    Parameters
    ----------
    device : torch.device
        A CUDA device.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._copying = torch.cuda.Stream(device)

    def send(self, tensor: Tensor) -> Tensor:
        """Copy a tensor without waiting; what is computed after this call waits for the copy."""
        computing = torch.cuda.current_stream(self._device)
        with torch.cuda.stream(self._copying):
            # Only pinned memory is copied while the host goes on.
            sent = tensor.pin_memory().to(self._device, non_blocking=True)
        computing.wait_stream(self._copying)
        sent.record_stream(computing)
        return sent

    def mark(self) -> Any:
        """Return an event that happens when all that was asked for is computed."""
        return torch.cuda.current_stream(self._device).record_event()


def copied_ahead(parts: Iterator[Part], streams: CudaStreams) -> Iterator[Part]:
    """Yield batches on the device; the next one is gathered and copied while it computes.

    The host does not wait for the device until it is two batches ahead, so that the memory of no
    more than three is taken.

    Parameters
    ----------
    parts : iterator of (X, y, weights)
        Batches on the host.
    streams : CudaStreams
        Copies them.

    Yields
    ------
    X, y, weights : Tensor or None
        The same on the device.
    """
    computed: deque[Any] = deque()
    for part in parts:
        X, y, weights = part
        yield streams.send(X), streams.send(y), None if weights is None else streams.send(weights)
        computed.append(streams.mark())
        if len(computed) > _MOST_AHEAD:
            computed.popleft().synchronize()
