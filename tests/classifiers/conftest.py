"""Fixtures of the tests of checkpoint_dir."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture(scope="module")
def beats():
    """Return 40 two-lead signals of 40 samples in three classes."""
    rng = np.random.default_rng(0)
    y = np.arange(40) % 3
    return rng.normal(y[:, None, None], 1, (40, 2, 40)).astype(np.float32), y


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "run"
