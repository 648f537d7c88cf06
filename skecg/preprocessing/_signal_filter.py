"""The transformer that filters signals of any shape."""

from __future__ import annotations

from numbers import Integral, Real

from numpy.typing import NDArray

from .._compat import Interval, OneToOneFeatureMixin
from ..signal import filter_sections, filter_signals
from ._signal_steps import SignalTransformer

_FREQUENCY = [Interval(Real, 0, None, closed="neither"), None]


class SignalFilter(OneToOneFeatureMixin, SignalTransformer):
    """Keep a band of frequencies, and take out the hum of the mains.

    Takes signals of shape (n_samples, n_timesteps) or (n_samples, n_leads, n_timesteps), or a list
    of records of different lengths, and filters every lead by itself. Filter records before they
    are cut into windows or beats: the ends of a signal are never filtered well.

    Parameters
    ----------
    sampling_rate : float
        Samples per second (Hz).
    low : float or None, default=0.5
        Frequency (Hz) below which the signal is attenuated; 0.5 takes out the wander of the
        baseline and leaves the ST segment as monitors show it, 0.05 as diagnosis needs it. None
        keeps the lowest.
    high : float or None, default=40.0
        Frequency (Hz) above which the signal is attenuated; 40 takes out muscle noise, 150 keeps
        what diagnosis needs. None keeps the highest.
    mains : float or None, default=None
        Frequency of the mains (Hz), 50 or 60, to take out by a notch.
    mains_quality : float, default=30.0
        ``mains`` divided by the width (Hz) of the notch.
    order : int, default=2
        Order of the Butterworth filters, from 1 to 10.
    causal : bool, default=False
        False filters forwards and backwards, so that waves stay where they are. True looks at no
        later sample, as a device does that filters what it records, and takes shorter signals. See
        :func:`skecg.signal.filter_signals`.

    Attributes
    ----------
    n_features_in_ : int
        Length of the second axis of X in ``fit``, unless that was a list of unequal records.
    feature_names_in_ : ndarray of str
        Column names, if ``X`` was a data frame with string column names in ``fit``.

    See Also
    --------
    skecg.signal.filter_signals : The function; its docstring has the details.

    Notes
    -----
    Nothing is learned: ``transform`` works without ``fit``. It raises a ValueError for frequencies
    from half the sampling rate on and for signals shorter than the filter's padding.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg.preprocessing import SignalFilter
    >>> time = np.arange(2500) / 250  # seconds
    >>> lead = np.sin(2 * np.pi * 8 * time)
    >>> X = np.stack([lead + 3, lead + 0.5 * np.sin(2 * np.pi * 60 * time)])[None]
    >>> filtered = SignalFilter(sampling_rate=250, mains=60).fit_transform(X)
    >>> filtered.shape
    (1, 2, 2500)
    >>> bool(np.abs(filtered - lead)[..., 500:-500].max() < 0.02)
    True
    """

    _parameter_constraints = {
        "sampling_rate": [Interval(Real, 0, 1e6, closed="right")],
        "low": _FREQUENCY,
        "high": _FREQUENCY,
        "mains": _FREQUENCY,
        "mains_quality": [Interval(Real, 0.5, 1e4, closed="right")],
        "order": [Interval(Integral, 1, 10, closed="both")],
        "causal": ["boolean"],
    }

    def __init__(
        self,
        sampling_rate: float,
        low: float | None = 0.5,
        high: float | None = 40.0,
        mains: float | None = None,
        mains_quality: float = 30.0,
        order: int = 2,
        causal: bool = False,
    ) -> None:
        self.sampling_rate = sampling_rate
        self.low = low
        self.high = high
        self.mains = mains
        self.mains_quality = mains_quality
        self.order = order
        self.causal = causal

    def _check_params(self) -> None:
        super()._check_params()
        filter_sections(
            self.sampling_rate, self.low, self.high, self.mains, self.mains_quality, self.order
        )

    def _transformed(self, X: NDArray) -> NDArray:
        return filter_signals(
            X,
            self.sampling_rate,
            low=self.low,
            high=self.high,
            mains=self.mains,
            mains_quality=self.mains_quality,
            order=self.order,
            causal=bool(self.causal),
        )
