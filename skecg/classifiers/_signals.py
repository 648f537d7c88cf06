"""What the classifiers of signals share: leads, time and the numbers beside them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral
from typing import Literal

import numpy as np
from torch import nn

from .._compat import Interval, StrOptions
from ..samples import SampleView
from ._base import BaseECGClassifier
from ._transfer import resolve_source

# From a warning about the axes of X back to the line that calls ``fit``.
TO_THE_USER = 5


@dataclass(kw_only=True, eq=False, repr=False)
class BaseSignalClassifier(BaseECGClassifier):
    """Base of the classifiers of signals.

    Parameters
    ----------
    n_leads : int, default=1
        Number of leads in a row of a two-dimensional X, where they stand one after the other. The
        leads of a three-dimensional X are its second axis; leave ``n_leads`` at 1 or give their
        number.
    n_side_features : int, default=0
        Number of values beside a signal that do not vary in time, such as intervals between beats.
        X then has the shape (n_samples, n_leads * n_timesteps + n_side_features), with the values
        in the last columns. The convolutions do not see them. They join what the convolutions have
        found before the last hidden layer that a ReLU follows, so that what a signal means can
        depend on them, and behind the dropout. Scale them to the order of 1, as by a
        ``StandardScaler`` for these columns; the classifier does not. Published networks read
        rhythm at their last layers as well (Liu et al. 2022, doi:10.3389/fphys.2022.850951, and
        Wang et al. 2021, doi:10.3390/e23010119), without a hidden layer behind it.
    scale : {"auto", "standardize"} or None, default="auto"
        How signals are scaled, inside the network. ``"standardize"``: every lead of a signal loses
        its own mean over time, and all are divided by one number, the standard deviation that
        remains in the training signals (with early stopping, in the held-out ones too), so that
        leads and samples keep their heights. ``"auto"`` does so with signals of several leads
        without side features: the residual network tells the traces of sheets, in mV with offsets,
        apart better so, and records of PTB-XL as well as without. With ``init_from``, it does what
        the source did. Beats of one lead are left as they are, which are scaled to [0, 1] in the
        published systems.
    """

    n_leads: int = 1
    n_side_features: int = 0
    scale: Literal["auto", "standardize"] | None = "auto"

    _parameter_constraints = {
        **BaseECGClassifier._parameter_constraints,
        "n_leads": [Interval(Integral, 1, None, closed="left")],
        "n_side_features": [Interval(Integral, 0, None, closed="left")],
        "scale": [StrOptions({"auto", "standardize"}), None],
    }

    def _network_factory(
        self, n_leads: int, n_timesteps: int, n_classes: int, scale: float | None
    ) -> Callable[[], nn.Module]:
        """Return a picklable callable without arguments that builds the network."""
        raise TypeError(f"{type(self).__name__} needs a method _network_factory")

    def _module_factory(
        self,
        input_shape: tuple[int, ...],
        n_classes: int,
        input_scale: tuple[float, float] | None,
    ) -> Callable[[], nn.Module]:
        if self.n_side_features:
            (n_columns,) = input_shape
            input_shape = (self.n_leads, (n_columns - self.n_side_features) // self.n_leads)
        scale = None if input_scale is None else input_scale[1]
        n_leads, n_timesteps = input_shape
        return self._network_factory(n_leads, n_timesteps, n_classes, scale)

    def _learned_scale(
        self, X: SampleView, weights: np.ndarray | None
    ) -> tuple[float, float] | None:
        if not self._is_scaled(X.shape[1:]):
            return None
        n_values = X[0].size - self.n_side_features
        n_leads = X.shape[1] if len(X.shape) == 3 else self.n_leads
        return 0.0, deviation_within_leads(X, n_leads, n_values, weights)

    def _is_scaled(self, shape: tuple[int, ...]) -> bool:
        """Tell whether the network scales its input of this shape."""
        if self.scale != "auto":
            return self.scale is not None
        if self.n_side_features or shape[0] == 1:
            return False
        return self.init_from is None or "scale" in resolve_source(self.init_from).weights

    def _as_network_input(self, X: np.ndarray) -> np.ndarray:
        return as_signals(X, self.n_leads, self.n_side_features)

    def _warn_of_axes(self, shape: tuple[int, ...]) -> None:
        """Warn where signals have more leads than time steps, as transposed ones have."""
        n_leads, n_timesteps = self.n_leads, (shape[1] - self.n_side_features) // self.n_leads
        remedy = "check n_leads and n_side_features"
        if len(shape) == 3:
            n_leads, n_timesteps = shape[1:]
            remedy = "if time is its second axis, give X.transpose(0, 2, 1)"
        if n_leads > n_timesteps:
            warnings.warn(
                f"X has the shape {shape}, read as {n_leads} leads of {n_timesteps} time steps; "
                f"{remedy}",
                UserWarning,
                stacklevel=TO_THE_USER,
            )


def deviation_within_leads(
    X: SampleView, n_leads: int, n_values: int, weights: np.ndarray | None
) -> float:
    """Return the standard deviation of signals without the mean of each lead; 1 for a zero one.

    Parameters
    ----------
    X : SampleView
        Samples of which the first values are the signal.
    n_leads, n_values : int
        Number of leads, and of the values of all of them together.
    weights : ndarray or None
        Weights of the samples.
    """
    squares, levels = np.empty(len(X)), np.empty(len(X))
    for i, sample in enumerate(X):  # one by one, as in mean_and_deviation
        leads = np.array(sample, dtype=np.float64).ravel()[:n_values].reshape(n_leads, -1)
        squares[i], levels[i] = leads.var(axis=1).mean(), np.abs(leads).max()
    deviation = float(np.sqrt(np.average(squares, weights=weights)))
    return deviation if deviation > 1e-7 * levels.max() else 1.0


def as_signals(X: np.ndarray, n_leads: int = 1, n_side_features: int = 0) -> np.ndarray:
    """Bring samples into the shape that the networks of signals take.

    Parameters
    ----------
    X : ndarray
        Rows of shape (n_samples, n_leads * n_timesteps + n_side_features), or signals of shape
        (n_samples, n_leads, n_timesteps) without side features.
    n_leads : int, default=1
        Number of leads in a row.
    n_side_features : int, default=0
        Number of values beside a signal.

    Returns
    -------
    ndarray
        The rows, where there are side features; otherwise signals of shape (n_samples, n_leads,
        n_timesteps). It shares the memory of X.

    Raises
    ------
    ValueError
        If X has another number of axes, of leads or of columns.
    """
    if X.ndim not in (2, 3) or (X.ndim == 3 and n_side_features):
        raise ValueError(_expected(X.shape, n_side_features))
    if X.ndim == 3:
        if n_leads not in (1, X.shape[1]):
            raise ValueError(
                f"n_leads={n_leads}, but X has {X.shape[1]} leads on its second axis; got shape "
                f"{X.shape}. Leave n_leads at 1 for signals of three axes"
            )
        return X
    n_timesteps, n_left = divmod(X.shape[1] - n_side_features, n_leads)
    if n_left or n_timesteps < 1:
        beside = f" and {n_side_features} values beside them" if n_side_features else ""
        raise ValueError(
            f"a row of X must have n_leads={n_leads} leads of one length, of at least one time "
            f"step{beside} (n_leads * n_timesteps + n_side_features columns); got "
            f"{X.shape[1]} feature(s). Check n_leads and n_side_features, or the columns of X"
        )
    return X if n_side_features else X.reshape(len(X), n_leads, n_timesteps)


def _expected(shape: tuple[int, ...], n_side_features: int) -> str:
    if not n_side_features:
        return (
            "expected signals of shape (n_samples, n_timesteps) or (n_samples, n_leads, "
            f"n_timesteps); got an array of shape {shape}"
        )
    return (
        f"with n_side_features={n_side_features}, X must have the shape (n_samples, n_leads * "
        f"n_timesteps + {n_side_features}); got an array of shape {shape}. Give a row for each "
        "sample, np.hstack([signals.reshape(len(signals), -1), side_features]), and n_leads"
    )
