"""LSTM that works in bfloat16 autocast on every CPU."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor, nn


@cache
def cpu_has_bfloat16_lstm() -> bool:
    """Tell whether PyTorch can compute an LSTM in bfloat16 on this CPU.

    oneDNN emulates convolutions and products in bfloat16 on processors without AVX-512, but not
    the LSTM (seen in PyTorch 2.13).
    """
    lstm = nn.LSTM(1, 1, device="meta").to_empty(device="cpu")  # draws no random numbers
    try:
        with torch.autocast("cpu", torch.bfloat16):
            lstm(torch.zeros(1, 1, 1))
    except RuntimeError:
        return False
    return True


class LSTM(nn.LSTM):
    """The layer of :class:`torch.nn.LSTM`, in float32 on CPUs that have no LSTM in bfloat16."""

    weight_ih_l0: Tensor

    def forward(  # type: ignore[override]  # no network here begins with a state
        self, x: Tensor
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Map (n_samples, n_steps, n_inputs) to all states, and the last state and cell."""
        is_native = x.device.type != "cpu" or not torch.is_autocast_enabled("cpu")
        if is_native or cpu_has_bfloat16_lstm():
            return super().forward(x)
        with torch.autocast("cpu", enabled=False):
            return super().forward(x.to(self.weight_ih_l0.dtype))
