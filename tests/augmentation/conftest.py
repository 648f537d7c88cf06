"""The random numbers of the tests of augmentations."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture(autouse=True)
def seeded():
    """Give every test the same random numbers, and the others theirs."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield
