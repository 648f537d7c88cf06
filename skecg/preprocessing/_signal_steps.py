"""What the transformers of signals of any shape share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self, TypeGuard

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import get_config
from sklearn.utils import Tags, check_array
from sklearn.utils.validation import validate_data

from .._compat import TransformerMixin, output_container, validate_params
from .._estimators import Estimator, publish, validated
from .._limits import in_range
from ..signal import blocks_of_rows
from ._record_rows import has_unequal_rows

_TYPES = [np.float64, np.float32]


class SignalTransformer(TransformerMixin, Estimator):
    """Base of the transformers of signals of any shape."""

    _parameter_constraints: dict = {}

    def fit(self, X: ArrayLike | Sequence[ArrayLike], y: object = None) -> Self:
        """Check the parameters and the form of the input.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_leads, n_timesteps), or \
                list of records of different lengths
            Signals.
        y : object
            Ignored.

        Returns
        -------
        self : object
            The transformer itself.

        Raises
        ------
        ValueError
            If a parameter is out of its range, or X has another form, NaN or infinite values.
        """
        self._check_params()
        with in_range("X"):
            X, form = self._checked_for_fit(X)
        publish(self, form | self._learned(X))
        return self

    def transform(self, X: ArrayLike | Sequence[ArrayLike]) -> NDArray | list[NDArray]:
        """Return the signals, transformed.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_leads, n_timesteps), or \
                list of records of different lengths
            Signals: rows of one lead, or several leads; a record has the shape (n_timesteps,) or
            (n_leads, n_timesteps).

        Returns
        -------
        ndarray or list of ndarray
            In the form of X. float32 stays float32; all else is float64.

        Raises
        ------
        ValueError
            If X has another form than in ``fit``, NaN or infinite values; and as the class says.
        """
        self._check_params()
        with in_range("X"):
            X = self._checked(X)
        if isinstance(X, list):
            return [self._transformed(record[None])[0] for record in X]
        _require_table(self, X)
        return self._transformed(X)

    def _transformed(self, X: NDArray) -> NDArray:
        """Return signals of shape (n_samples, ..., n_timesteps), transformed."""
        raise TypeError(f"{type(self).__name__} needs a method _transformed")

    def _learned(self, X: NDArray | list[NDArray]) -> dict[str, Any]:
        """Return what is learned from checked signals."""
        return {}

    def _check_params(self) -> None:
        validate_params(self)

    def _checked_for_fit(
        self, X: ArrayLike | Sequence[ArrayLike]
    ) -> tuple[NDArray | list[NDArray], dict[str, Any]]:
        if _are_unequal_records(X):
            return self._checked_records(X), {}
        signals, form = validated(self, X, dtype=_TYPES, allow_nd=True)
        return _with_few_axes(signals), form

    def _checked(self, X: ArrayLike | Sequence[ArrayLike]) -> NDArray | list[NDArray]:
        if _are_unequal_records(X):
            return self._checked_records(X)
        reset = not hasattr(self, "n_features_in_")
        if reset:  # never fitted, or on records of different lengths
            return _with_few_axes(validated(self, X, dtype=_TYPES, allow_nd=True)[0])
        return _with_few_axes(validate_data(self, X, reset=False, dtype=_TYPES, allow_nd=True))

    def _checked_records(self, X: Sequence[ArrayLike]) -> list[NDArray]:
        records = [
            check_array(
                record, dtype=_TYPES, ensure_2d=False, allow_nd=True, estimator=self,
                input_name=f"record {i} of X",
            )
            for i, record in enumerate(X)
        ]  # fmt: skip
        for i, record in enumerate(records):
            if record.ndim not in (1, 2):
                raise ValueError(
                    f"record {i} of X must have the shape (n_timesteps,) or (n_leads, "
                    f"n_timesteps), got {record.shape}"
                )
        return records

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def in_blocks(X: NDArray, change: Callable[[NDArray], NDArray]) -> NDArray:
    """Apply a function that keeps the shape to a bounded number of values at a time.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ...)
        Signals.
    change : callable
        Takes and returns samples, the former in float64 and in one order of memory, so that
        neither the layout of X nor the number of samples changes a bit.
    """
    out = np.empty(X.shape, X.dtype)
    for block in blocks_of_rows(X):
        out[block] = change(np.ascontiguousarray(X[block], np.float64))
    return out


def _are_unequal_records(X: object) -> TypeGuard[Sequence[ArrayLike]]:
    """Tell whether X is a list of records of different lengths, of one lead or of several."""
    if has_unequal_rows(X):
        return True
    if not isinstance(X, list | tuple) or not all(isinstance(each, np.ndarray) for each in X):
        return False
    return len({each.shape for each in X}) > 1


def _with_few_axes(X: NDArray) -> NDArray:
    if X.ndim not in (2, 3):
        raise ValueError(
            "X must have the shape (n_samples, n_timesteps) or (n_samples, n_leads, n_timesteps), "
            f"got {X.shape}"
        )
    if 0 in X.shape:
        raise ValueError(f"X must have at least one value in every sample, got shape {X.shape}")
    return X


def _require_table(estimator: SignalTransformer, X: NDArray) -> None:
    container = output_container(estimator) or get_config()["transform_output"]
    if X.ndim == 3 and container != "default":
        raise ValueError(
            f"set_output(transform={container!r}) asks for a table, and signals of shape {X.shape} "
            "are none; call set_output(transform='default')"
        )


def require_columns(estimator: SignalTransformer) -> int:
    """Return the number of columns that a transformer was fitted on.

    Raises
    ------
    ValueError
        If it was not fitted on rows.
    """
    if not hasattr(estimator, "n_features_in_"):
        raise ValueError(
            f"this {type(estimator).__name__} was not fitted on rows of equal length, so that "
            "there are no columns to name"
        )
    return estimator.n_features_in_
