"""The transformer that scales signals of any shape."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from .._compat import OneToOneFeatureMixin, StrOptions
from ..signal import blocks_of_rows
from ._signal_steps import SignalTransformer, in_blocks


class SignalScaler(OneToOneFeatureMixin, SignalTransformer):
    """Scale signals, each by itself or all as the training signals need it.

    scikit-learn's scalers take tables alone, and scale every sample of a signal by a number of its
    own, which takes its form from it. This one takes signals of shape (n_samples, n_timesteps) or
    (n_samples, n_leads, n_timesteps), and gives all time steps one center and one scale.

    Parameters
    ----------
    by : {"lead", "sample", "training"}, default="lead"
        What has a center and a scale of its own. ``"lead"``: each lead of each sample.
        ``"sample"``: each sample, all leads together, which keeps the proportions of leads.
        ``"training"``: each lead, over all training samples, learned by ``fit``; it keeps
        amplitudes, too. A row of a two-dimensional X is one lead.
    method : {"standard", "minmax"}, default="standard"
        ``"standard"`` subtracts the mean and divides by the standard deviation; ``"minmax"`` maps
        the least value to 0 and the greatest to 1. A signal of one value becomes zeros.

    Attributes
    ----------
    center_ : ndarray of shape (n_leads,)
        What is subtracted, with ``by="training"``; else None.
    scale_ : ndarray of shape (n_leads,)
        What is divided by, with ``by="training"``, 1 for a lead of one value; else None.
    n_features_in_ : int
        Length of the second axis of X in ``fit``.
    feature_names_in_ : ndarray of str
        Column names, if ``X`` was a data frame with string column names in ``fit``.

    See Also
    --------
    skecg.signal.scale_windows : Scales each window to the interval from 0 to 1.

    Notes
    -----
    Statistics are computed in float64. Unless ``by="training"``, nothing is learned, and
    ``transform`` works without ``fit``.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg.preprocessing import SignalScaler
    >>> X = np.array([[[0.0, 2.0, 4.0], [5.0, 5.0, 5.0]]])  # one sample, two leads
    >>> SignalScaler(method="minmax").fit_transform(X)
    array([[[0. , 0.5, 1. ],
            [0. , 0. , 0. ]]])
    >>> SignalScaler(by="training").fit(X).center_
    array([2., 5.])
    """

    _parameter_constraints = {
        "by": [StrOptions({"lead", "sample", "training"})],
        "method": [StrOptions({"standard", "minmax"})],
    }

    center_: NDArray[np.float64]
    scale_: NDArray[np.float64]

    def __init__(
        self,
        by: Literal["lead", "sample", "training"] = "lead",
        method: Literal["standard", "minmax"] = "standard",
    ) -> None:
        self.by = by
        self.method = method

    def _learned(self, X: NDArray | list[NDArray]) -> dict[str, Any]:
        if self.by != "training":
            return {"center_": None, "scale_": None}
        samples = [record[None] for record in X] if isinstance(X, list) else [X]
        n_leads = {np.atleast_2d(each[0]).shape[0] for each in samples}
        if len(n_leads) > 1:
            raise ValueError(
                f"by='training' scales lead by lead, and records have {sorted(n_leads)} leads; "
                "give all records the same leads"
            )
        center, scale = _over_samples(samples, self.method)
        return {"center_": center, "scale_": scale}

    def _transformed(self, X: NDArray) -> NDArray:
        if self.by != "training":
            axes = tuple(range(1, X.ndim)) if self.by == "sample" else (X.ndim - 1,)
            return in_blocks(X, lambda block: _scaled(block, axes, self.method))
        check_is_fitted(self)
        n_leads = 1 if X.ndim == 2 else X.shape[1]
        if n_leads != len(self.center_):
            raise ValueError(
                f"SignalScaler was fitted on signals of {len(self.center_)} leads, got {n_leads}"
            )
        shape = (n_leads, 1) if X.ndim == 3 else (1, 1)
        center, scale = self.center_.reshape(shape), self.scale_.reshape(shape)
        return in_blocks(X, lambda block: (block - center) / scale)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.requires_fit = self.by == "training"
        return tags


def _scaled(X: NDArray[np.float64], axes: tuple[int, ...], method: str) -> NDArray[np.float64]:
    low, high = (f(X, axis=axes, keepdims=True) for f in (np.min, np.max))
    with np.errstate(over="ignore", invalid="ignore"):
        center, scale = low, high - low
        if method == "standard":
            center = X.mean(axis=axes, keepdims=True)
            scale = np.sqrt(np.square(X - center).mean(axis=axes, keepdims=True))
    _require_finite(center, scale)
    # By the values themselves: the mean of equal ones is rounded, and so is no center of theirs.
    is_flat = (low == high) | (scale == 0)
    X = np.where(is_flat, 0.0, X - center)
    return X / np.where(is_flat, 1.0, scale)


def _over_samples(
    samples: list[NDArray], method: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return center and scale of every lead."""
    low = _of_leads(samples, np.min, np.minimum)
    high = _of_leads(samples, np.max, np.maximum)
    with np.errstate(over="ignore", invalid="ignore"):
        center, scale = low, high - low
        if method == "standard":
            n = sum(each.shape[0] * each.shape[-1] for each in samples)
            center = _of_leads(samples, np.sum, np.add) / n
            squares = _of_leads(samples, np.sum, np.add, lambda X: np.square(X - center[:, None]))
            scale = np.sqrt(squares / n)
    _require_finite(center, scale)
    is_flat = (low == high) | (scale == 0)
    return np.where(is_flat, low, center), np.where(is_flat, 1.0, scale)


def _of_leads(
    samples: list[NDArray], reduce: Any, join: Any, change: Any = lambda X: X
) -> NDArray[np.float64]:
    """Reduce all samples and time steps to a number for each lead, block by block."""
    found: NDArray[np.float64] | None = None
    for X in samples:
        for block in blocks_of_rows(X):
            values = np.ascontiguousarray(X[block], np.float64)
            values = values[:, None] if values.ndim == 2 else values
            # Time first: the sum of a sample is then the same in blocks of any length.
            each = reduce(reduce(change(values), axis=-1), axis=0)
            found = each if found is None else join(found, each)
    assert found is not None  # there is at least one sample
    return found


def _require_finite(*numbers: NDArray[np.float64]) -> None:
    if not all(np.isfinite(each).all() for each in numbers):
        raise ValueError("X has values that are too large to be scaled; give them a larger unit")
