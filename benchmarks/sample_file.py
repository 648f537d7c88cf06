"""File of random samples for benchmarks of memory and reading."""

from __future__ import annotations

from pathlib import Path

import numpy as np

N_TIMESTEPS = 187


def write_samples(path: Path, gigabytes: float) -> Path:
    """Write float32 samples of N_TIMESTEPS values to a .npy file of the given size."""
    n_samples = int(gigabytes * 1e9 / (4 * N_TIMESTEPS))
    X = np.lib.format.open_memmap(path, "w+", np.float32, (n_samples, N_TIMESTEPS))
    rng = np.random.default_rng(0)
    for start in range(0, n_samples, 100_000):
        block = X[start : start + 100_000]
        block[:] = rng.standard_normal(block.shape, dtype=np.float32)
    X.flush()
    return path
