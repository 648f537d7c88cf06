"""Records whose label is the width of their R wave: a vote of beats tells them apart."""

from __future__ import annotations

import numpy as np

RATE = 100


def record(width: float, period: int, n_timesteps: int, rng: np.random.Generator) -> np.ndarray:
    phase = (np.arange(n_timesteps) + rng.integers(period)) % period - period // 2
    return np.exp(-0.5 * (phase / width) ** 2) + rng.normal(0, 0.01, n_timesteps)


def waves(
    n_records: int = 24, n_timesteps: int = 1000, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return windows of 10 s with 6 to 20 beats each, and their labels, "narrow" or "wide"."""
    rng = np.random.default_rng(seed)
    y = np.array(["narrow", "wide"])[np.arange(n_records) % 2]
    widths = np.where(y == "narrow", 3, 7)
    X = [record(w, int(rng.integers(50, 150)), n_timesteps, rng) for w in widths]
    return np.stack(X).astype(np.float32), y


def unequal(n_records: int = 24, seed: int = 0) -> tuple[list[np.ndarray], np.ndarray]:
    """Return records of 8 to 25 s and their labels."""
    X, y = waves(n_records, 2500, seed)
    lengths = np.random.default_rng(seed).integers(800, 2501, n_records)
    return [x[:n] for x, n in zip(X, lengths)], y
