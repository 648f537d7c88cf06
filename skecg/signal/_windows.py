"""Windows of a signal: cutting, scaling and resampling."""

from __future__ import annotations

import operator
import sys
from fractions import Fraction
from numbers import Integral, Real
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

# The largest denominator of a resampling ratio: the ratio is then right to 1e-8, a hundredth of
# a sample in a 30-minute record at 360 Hz, and the filter of the polyphase form stays short.
_MAX_DENOMINATOR = 10_000

# Rates further apart than this are a mistake, and would take any amount of memory.
_LARGEST_RATIO = 10_000


def split_windows(
    signal: ArrayLike,
    length: int,
    step: int | None = None,
    tail: Literal["drop", "overlap", "raise"] = "drop",
) -> NDArray:
    """Cut a signal into windows of equal length.

    Parameters
    ----------
    signal : array-like of shape (n_timesteps,) or (n_leads, n_timesteps)
        One signal, or the leads of one record.
    length : int
        Samples in a window.
    step : int, default=None
        Samples from the start of one window to the start of the next. None takes ``length``:
        each window begins where the one before it ends.
    tail : {"drop", "overlap", "raise"}, default="drop"
        What to do with the samples after the last whole window: leave them out, cover them by one
        more window that ends with the signal and so overlaps the window before it, or raise an
        error.

    Returns
    -------
    ndarray of shape (n_windows, length) or (n_windows, n_leads, length)
        The windows, of the signal's dtype. Without an additional overlapping window this is a
        read-only view: no sample is copied.

    Raises
    ------
    ValueError
        When the signal has another number of dimensions, when ``length`` or ``step`` is not
        positive, or when the tail is not allowed by ``tail``.

    See Also
    --------
    scale_windows : Scales the windows.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg.signal import split_windows
    >>> split_windows(np.arange(7), 3)
    array([[0, 1, 2],
           [3, 4, 5]])
    >>> split_windows(np.arange(7), 3, tail="overlap")
    array([[0, 1, 2],
           [3, 4, 5],
           [4, 5, 6]])
    """
    signal = np.asarray(signal)
    length = operator.index(length)  # not of a small type, such as int8
    step = length if step is None else operator.index(step)
    if signal.ndim not in (1, 2):
        raise ValueError(
            "signal must have the shape (n_timesteps,) or (n_leads, n_timesteps), got "
            f"{signal.shape}"
        )
    if length < 1 or step < 1:
        raise ValueError(f"length and step must be at least 1, got {length} and {step}")
    if tail not in ("drop", "overlap", "raise"):
        raise ValueError(f"tail must be 'drop', 'overlap' or 'raise', got {tail!r}")

    n_timesteps = signal.shape[-1]
    n_windows = max(0, (n_timesteps - length) // step + 1)
    # The tail begins behind the last window, and behind the gap that a step over length leaves.
    rest = n_timesteps - max(n_windows * step, (n_windows - 1) * step + length if n_windows else 0)
    if rest > 0 and (tail == "raise" or (tail == "overlap" and not n_windows)):
        raise ValueError(
            f"{n_timesteps} samples leave a tail of {rest} after {n_windows} windows of {length} "
            f"samples (step {step}); pad or cut the signal, or choose another tail"
        )
    if not n_windows:
        return np.empty((0, *signal.shape[:-1], length), dtype=signal.dtype)
    windows = sliding_window_view(signal, length, axis=-1)[..., ::step, :]
    if rest > 0 and tail == "overlap":
        windows = np.concatenate([windows, signal[..., None, -length:]], axis=-2)
    return np.moveaxis(windows, -2, 0)


def scale_windows(X: ArrayLike) -> NDArray[np.floating]:
    """Scale every window to the interval from 0 to 1 by its own minimum and maximum.

    Parameters
    ----------
    X : array-like of shape (..., n_timesteps)
        Windows, in any unit. The last axis is time.

    Returns
    -------
    ndarray of the same shape
        Of float32 for float32, float16 and integers of up to 16 bits, else float64. A flat window
        becomes zeros; a window that holds a NaN or an infinite value becomes NaN,
        as its minimum and maximum are not known.

    Raises
    ------
    TypeError
        When ``X`` does not hold real numbers.

    See Also
    --------
    skecg.SignalScaler : Other scales, as a transformer.

    Examples
    --------
    >>> from skecg.signal import scale_windows
    >>> scale_windows([[2.0, 4.0, 3.0], [7.0, 7.0, 7.0]])
    array([[0. , 1. , 0.5],
           [0. , 0. , 0. ]])
    """
    X = np.asarray(X)
    if X.dtype.kind not in "biuf" or not X.ndim:
        raise TypeError(f"X must hold windows of real numbers, got {X.dtype} of shape {X.shape}")
    dtype = np.result_type(X.dtype, np.float32)
    if X.size == 0:
        return np.zeros(X.shape, dtype)
    with np.errstate(invalid="ignore", over="ignore"):
        low = X.min(axis=-1, keepdims=True).astype(dtype)
        spread = X.max(axis=-1, keepdims=True).astype(dtype) - low
        spread[~np.isfinite(spread)] = np.nan
        scaled = np.subtract(X, low, dtype=dtype)
        # A flat window is zero after the subtraction and must stay so.
        scaled /= np.where(spread == 0, 1, spread)
    return scaled


def resample(X: ArrayLike, rate_in: float, rate_out: float, axis: int = -1) -> NDArray[np.floating]:
    """Resample signals to another sampling rate with a polyphase anti-aliasing filter.

    Parameters
    ----------
    X : array-like
        Signals. A NaN spreads over the width of the filter and no further.
    rate_in : float
        Sampling rate of ``X`` in Hz; it need not be a whole number.
    rate_out : float
        Sampling rate of the result in Hz.
    axis : int, default=-1
        The axis of time.

    Returns
    -------
    ndarray
        The resampled signals, of ``ceil(n_timesteps * rate_out / rate_in)`` samples: sample
        ``i`` is at the time ``i / rate_out``. float32 stays float32, else float64. Beyond
        its ends a signal is continued along the line through its first and last sample, so
        that an offset does not ring there; where one of these is NaN, at its mean.

    Raises
    ------
    TypeError
        When ``X`` does not hold real numbers.
    ValueError
        When ``X`` has no such axis, when a rate is not a positive, finite number, or when the
        rates differ by more than a factor of 10,000.

    See Also
    --------
    skecg.SignalResampler : The same as a transformer.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg.signal import resample
    >>> resample(np.ones(3600), 360, 125).shape
    (1250,)
    """
    X = np.asarray(X)
    if X.dtype.kind not in "biuf" or not X.ndim:
        raise TypeError(f"X must hold signals of real numbers, got {X.dtype} of shape {X.shape}")
    if not isinstance(axis, Integral) or not -X.ndim <= axis < X.ndim:
        raise ValueError(f"axis must be one of the {X.ndim} axes of X, got {axis!r}")
    check_rate("rate_in", rate_in)
    check_rate("rate_out", rate_out)
    # Through its shortest decimal form, 257.3 Hz is 2573/10 and not the nearest binary fraction.
    ratio = Fraction(str(float(rate_out))) / Fraction(str(float(rate_in)))
    if not 1 / _LARGEST_RATIO <= ratio <= _LARGEST_RATIO:
        raise ValueError(
            f"rate_out must be within a factor of {_LARGEST_RATIO} of rate_in, got {rate_out} and "
            f"{rate_in} Hz"
        )
    ratio = ratio.limit_denominator(_MAX_DENOMINATOR)
    X = X.astype(np.float32 if X.dtype == np.float32 else np.float64, copy=False)
    if ratio == 1 or X.size == 0:
        return X.copy()
    # Imported here because the import takes most of a second, which no other function needs.
    from scipy.signal import resample_poly

    up, down = ratio.numerator, ratio.denominator
    if np.isfinite(X.take([0, -1], axis=axis)).all():
        return resample_poly(X, up, down, axis=axis, padtype="line")
    # The line through a gap at an end would make the whole signal NaN: it is continued at its mean.
    is_known = np.isfinite(X)
    n_known = np.maximum(is_known.sum(axis=axis, keepdims=True), 1)
    mean = np.where(is_known, X, 0).sum(axis=axis, keepdims=True) / n_known
    return resample_poly(X - mean.astype(X.dtype), up, down, axis=axis) + mean.astype(X.dtype)


def check_rate(name: str, rate: float) -> None:
    """Raise where a sampling rate is not a positive, finite number of Hz."""
    is_number = isinstance(rate, Real) and not isinstance(rate, bool)
    if not is_number or not 0 < rate <= sys.float_info.max:  # an int may be larger
        raise ValueError(f"{name} must be a positive number of Hz, got {rate!r}")
