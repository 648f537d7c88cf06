"""The transformer that brings signals to another sampling rate."""

from __future__ import annotations

from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._compat import Interval
from .._limits import require_memory
from ..signal import blocks_of_rows, resample
from ._signal_steps import SignalTransformer, require_columns

_RATE = [Interval(Real, 0, 1e6, closed="right")]
_MOST_TIMES = 10_000


class SignalResampler(SignalTransformer):
    """Bring signals to another sampling rate, by a polyphase filter against aliasing.

    Takes signals of shape (n_samples, n_timesteps) or (n_samples, n_leads, n_timesteps), or a list
    of records of different lengths.

    Parameters
    ----------
    sampling_rate : float
        Samples per second (Hz) of X.
    rate : float, default=125
        Samples per second (Hz) of the result, within a factor of 10,000.

    Attributes
    ----------
    n_features_in_ : int
        Length of the second axis of X in ``fit``, unless that was a list of unequal records.
    feature_names_in_ : ndarray of str
        Column names, if ``X`` was a data frame with string column names in ``fit``.

    See Also
    --------
    skecg.signal.resample : The function; its docstring has the details.

    Notes
    -----
    A signal of ``n_timesteps`` becomes one of ``ceil(n_timesteps * rate / sampling_rate)`` samples.
    Nothing is learned: ``transform`` works without ``fit``.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg.preprocessing import SignalResampler
    >>> X = np.ones((4, 12, 5000), dtype=np.float32)  # 4 records of 10 s at 500 Hz
    >>> SignalResampler(sampling_rate=500, rate=100).fit_transform(X).shape
    (4, 12, 1000)
    """

    _parameter_constraints = {"sampling_rate": _RATE, "rate": _RATE}

    def __init__(self, sampling_rate: float, rate: float = 125) -> None:
        self.sampling_rate = sampling_rate
        self.rate = rate

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray:
        """Return the names of the columns of a two-dimensional result.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Ignored: no sample of the result belongs to one sample of the input.

        Returns
        -------
        ndarray of str
            ``"sample0"``, ``"sample1"``, ...

        Raises
        ------
        ValueError
            If the transformer was not fitted on rows.
        """
        n_columns = self._n_timesteps(require_columns(self))
        return np.array([f"sample{i}" for i in range(n_columns)], dtype=object)

    def _check_params(self) -> None:
        super()._check_params()
        if not 1 / _MOST_TIMES <= self.rate / self.sampling_rate <= _MOST_TIMES:
            raise ValueError(
                f"rate must be within a factor of {_MOST_TIMES:,} of sampling_rate, got "
                f"{self.rate} and {self.sampling_rate} Hz"
            )

    def _n_timesteps(self, n_timesteps: int) -> int:
        # By the function itself, which rounds ratios of rates.
        return resample(np.empty(n_timesteps, np.float32), self.sampling_rate, self.rate).size

    def _transformed(self, X: NDArray) -> NDArray:
        n_timesteps = X.shape[-1] * self.rate / self.sampling_rate
        require_memory(
            n_timesteps * X.itemsize * X[..., 0].size,
            "the resampled signals",
            "choose a lower rate",
        )
        out: NDArray | None = None
        for block in blocks_of_rows(X):
            found = resample(X[block], self.sampling_rate, self.rate)
            if out is None:
                out = np.empty((len(X), *found.shape[1:]), found.dtype)
            out[block] = found
        assert out is not None  # there is at least one sample
        return out
