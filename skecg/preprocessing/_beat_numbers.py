"""The transformer that keeps the numbers of beats, without the samples of their windows."""

from __future__ import annotations

import re
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from .._compat import TransformerMixin
from .._estimators import Estimator, publish, validated
from ._described_beats import BEAT_CHANNELS

_OF_A_CHANNEL = re.compile(rf"({'|'.join(BEAT_CHANNELS)})\d+")


class BeatNumbers(TransformerMixin, Estimator):
    """Keep the numbers of :class:`BeatWindows`, without the samples of its channels.

    A network reads windows and numbers, a forest the numbers alone. In a vote of both, this is the
    first step of the forest's pipeline.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns in ``fit``.
    feature_names_in_ : ndarray of str
        Column names, if ``X`` was a data frame with string column names in ``fit``.

    See Also
    --------
    BeatWindows : Describes beats by windows and numbers.
    skecg.BeatAnnotator : Gives its classifier a data frame of them.

    Examples
    --------
    >>> import pandas as pd
    >>> from skecg.preprocessing import BeatNumbers
    >>> beats = pd.DataFrame([[0.0, 1.0, -0.4]], columns=["lead0", "lead1", "rr_previous"])
    >>> BeatNumbers().fit_transform(beats)
       rr_previous
    0         -0.4
    """

    _parameter_constraints: dict = {}

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Remember the columns.

        Parameters
        ----------
        X : data frame or array-like of shape (n_beats, n_features)
            Beats, with the names of :meth:`BeatWindows.get_feature_names_out`. An array has no
            names, and keeps all columns.
        y : object
            Ignored.

        Returns
        -------
        BeatNumbers
            The transformer itself.

        Raises
        ------
        ValueError
            If all columns are samples of channels, or X is no table of numbers.
        """
        _, form = validated(self, X, ensure_all_finite="allow-nan")
        names = form.get("feature_names_in_")
        if names is not None and not _is_number(names).any():
            raise ValueError(
                f"X must have columns of numbers, got only samples of channels, {names[0]!r} to "
                f"{names[-1]!r}; give BeatWindows numbers"
            )
        publish(self, form)
        return self

    def transform(self, X: ArrayLike) -> Any:
        """Leave out the columns that are samples of a channel.

        Parameters
        ----------
        X : data frame or array-like of shape (n_beats, n_features)
            Beats, with the columns of ``fit``.

        Returns
        -------
        data frame or ndarray of shape (n_beats, n_numbers)
            The other columns, in their order.

        Raises
        ------
        ValueError
            If X has other columns than in ``fit``.
        """
        check_is_fitted(self)
        values = validate_data(self, X, reset=False, ensure_all_finite="allow-nan")
        names = self.get_feature_names_out()
        frame: Any = X
        return frame[names.tolist()] if hasattr(X, "columns") else values[:, self._kept()]

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray:
        """Return the names of the columns that are kept.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Ignored.

        Returns
        -------
        ndarray of str
            ``"x0"``, ``"x1"``, ... if there were no names in ``fit``.
        """
        check_is_fitted(self)
        unnamed = np.array([f"x{i}" for i in range(self.n_features_in_)], dtype=object)
        return getattr(self, "feature_names_in_", unnamed)[self._kept()]

    def _kept(self) -> NDArray[np.bool_]:
        names = getattr(self, "feature_names_in_", None)
        return np.ones(self.n_features_in_, bool) if names is None else _is_number(names)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _is_number(names: NDArray) -> NDArray[np.bool_]:
    return np.array([_OF_A_CHANNEL.fullmatch(name) is None for name in names])
