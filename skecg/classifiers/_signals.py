"""What the classifiers of signals share: their shape."""

from __future__ import annotations

import numpy as np


def as_signals(X: np.ndarray) -> np.ndarray:
    """Read (n_samples, n_timesteps) as one lead; (n_samples, n_leads, n_timesteps) stays.

    Raises
    ------
    ValueError
        If X has another number of axes.
    """
    if X.ndim == 2:
        return X[:, np.newaxis, :]
    if X.ndim == 3:
        return X
    raise ValueError(
        "expected signals of shape (n_samples, n_timesteps) or (n_samples, n_leads, "
        f"n_timesteps); got an array of shape {X.shape}"
    )
