"""Generated recordings for the tests of every format."""

from __future__ import annotations

import numpy as np


def ecg(n_leads: int = 2, seconds: float = 20, rate: float = 250) -> np.ndarray:
    """Return R waves of 1 mV and more at 75 beats a minute, of shape (n_leads, n_timesteps)."""
    time = np.arange(round(seconds * rate)) / rate
    beat = np.exp(-0.5 * ((time % 0.8 - 0.4) / 0.02) ** 2)
    noise = np.random.default_rng(0).normal(scale=0.02, size=(n_leads, len(time)))
    return np.outer(1 + np.arange(n_leads) / 2, beat) + noise
