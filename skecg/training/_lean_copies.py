"""What a pickle keeps of a trained network and of its history."""

from __future__ import annotations

import copy
from typing import Any

from torch import nn


def without_gradients(module: nn.Module) -> nn.Module:
    """Return a copy of a network on the CPU, whose weights have no gradients."""
    memo = {id(p): nn.Parameter(p.detach().cpu(), p.requires_grad) for p in module.parameters()}
    return copy.deepcopy(module, memo).cpu()


def without_batches(history: Any) -> Any:
    """Return a history of epochs alone."""
    rows = [{key: value for key, value in row.items() if key != "batches"} for row in history]
    return type(history)({**row, "batches": []} for row in rows)
