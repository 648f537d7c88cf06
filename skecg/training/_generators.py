"""Randomness that depends on one seed and leaves the global generators alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

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
    on_cuda = device.type == "cuda"
    with _GLOBAL_GENERATORS:
        cpu_state = torch.get_rng_state()
        cuda_state = torch.cuda.get_rng_state(device) if on_cuda else None
        mps_state = torch.mps.get_rng_state() if device.type == "mps" else None
        try:
            # Seeding the default generators one by one: torch.manual_seed would also reseed
            # devices that this fit does not use and whose state is not kept here.
            torch.default_generator.manual_seed(seed)
            if on_cuda:
                with torch.cuda.device(device):
                    torch.cuda.manual_seed(seed)
            elif device.type == "mps":
                torch.mps.manual_seed(seed)
            yield
        finally:
            torch.set_rng_state(cpu_state)
            if cuda_state is not None:
                torch.cuda.set_rng_state(cuda_state, device)
            if mps_state is not None:
                torch.mps.set_rng_state(mps_state)
