"""Randomness that depends on one seed and leaves the global generators alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

# PyTorch draws initial weights and dropout masks from generators that the whole process shares.
# Two fits in two threads would take turns in drawing from them, so they go one after the other.
_GLOBAL_GENERATORS = threading.RLock()


@contextmanager
def isolated_generators(seed: int, device: torch.device) -> Iterator[None]:
    """Seed PyTorch's generators inside the block and restore them after it.

    Parameters
    ----------
    seed : int
        Seed of the CPU's and of the device's generator.
    device : torch.device
        The device that is used inside the block.
    """
    with _GLOBAL_GENERATORS:
        before = generator_states(device)
        try:
            # Seeding the default generators one by one: torch.manual_seed would also reseed
            # devices that this fit does not use and whose state is not kept here.
            torch.default_generator.manual_seed(seed)
            if device.type == "cuda":
                with torch.cuda.device(device):
                    torch.cuda.manual_seed(seed)
            elif device.type == "mps":
                torch.mps.manual_seed(seed)
            yield
        finally:
            set_generator_states(before, device)


def generator_states(device: torch.device) -> dict[str, Tensor]:
    """Return the states of PyTorch's generators for the CPU and for a device."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        states["mps"] = torch.mps.get_rng_state()
    return states


def set_generator_states(states: Mapping[str, Tensor], device: torch.device) -> None:
    """Set what :func:`generator_states` returned."""
    torch.set_rng_state(states["cpu"].cpu())
    if "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"].cpu(), device)
    if "mps" in states:
        torch.mps.set_rng_state(states["mps"].cpu())
