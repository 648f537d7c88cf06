"""What the classifiers of signals share: the axes of their input."""

from __future__ import annotations

import warnings

import numpy as np

# From a warning about the axes of X back to the line that calls ``fit``.
TO_THE_USER = 5


def warn_of_signal_axes(shape: tuple[int, ...]) -> None:
    """Warn where signals have more leads than time steps, as transposed ones have."""
    if len(shape) == 3 and shape[1] > shape[2]:
        warnings.warn(
            f"X has the shape {shape}, read as {shape[1]} leads of {shape[2]} time steps; if time "
            "is its second axis, give X.transpose(0, 2, 1)",
            UserWarning,
            stacklevel=TO_THE_USER + 1,
        )


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
