"""Frequency filters for ECG signals."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._windows import check_rate

# Samples that are filtered together, which bounds the memory: they are in float64 meanwhile.
_BLOCK = 1 << 20
_HIGHEST_ORDER = 10


def filter_signals(
    X: ArrayLike,
    sampling_rate: float,
    *,
    low: float | None = None,
    high: float | None = None,
    mains: float | None = None,
    mains_quality: float = 30.0,
    order: int = 2,
    causal: bool = False,
) -> NDArray[np.floating]:
    """Keep a band of frequencies, and take out the hum of the mains.

    Butterworth filters in second-order sections and a second-order notch (``scipy.signal.butter``
    and ``iirnotch``), one after the other. Every signal is filtered by itself.

    Parameters
    ----------
    X : array-like of shape (..., n_timesteps)
        Signals, in any unit. The last axis is time.
    sampling_rate : float
        Samples per second (Hz).
    low : float or None, default=None
        Frequency (Hz) below which the signal is attenuated, such as 0.5 for the wander of the
        baseline; None keeps the lowest.
    high : float or None, default=None
        Frequency (Hz) above which the signal is attenuated, such as 40 for the noise of muscles;
        None keeps the highest.
    mains : float or None, default=None
        Frequency of the mains (Hz), 50 or 60, which is taken out; None takes out none.
    mains_quality : float, default=30.0
        ``mains`` divided by the width (Hz) of what is taken out around it.
    order : int, default=2
        Order of the band's filters.
    causal : bool, default=False
        False filters forwards and backwards: waves stay where they are, and the attenuation counts
        twice (6 dB at ``low`` and ``high``). At its ends a signal is continued by its mirror image,
        for as long as the filter takes to settle or as the signal has samples; it must have some
        ten for each second-order section. True looks at no later sample,
        as a device does that filters what it records; waves come later and change their form. It
        starts as if the first sample had been there forever.

    Returns
    -------
    ndarray of the same shape
        Of float32 for float32, float16 and integers of up to 16 bits, else float64; computed in
        float64.

    Raises
    ------
    TypeError
        When ``X`` does not hold real numbers.
    ValueError
        When ``X`` holds NaN or infinite values or numbers that are too large; when a frequency is
        not between 0 and half the sampling rate, ``low`` is not below ``high``, or there is nothing
        to filter; when the signals are too short; or when the band is so narrow or so low that the
        filter cannot be computed.

    See Also
    --------
    skecg.SignalFilter : The same as a transformer.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg.signal import filter_signals
    >>> time = np.arange(1000) / 250  # seconds
    >>> heart, hum = np.sin(2 * np.pi * 5 * time), 0.3 * np.sin(2 * np.pi * 50 * time)
    >>> filtered = filter_signals(heart + hum + 2, 250, low=0.5, mains=50)
    >>> float(np.abs(filtered - heart)[250:-250].max().round(2))
    0.0
    """
    X = np.asarray(X)
    if X.dtype.kind not in "biuf" or not X.ndim:
        raise TypeError(f"X must hold signals of real numbers, got {X.dtype} of shape {X.shape}")
    sections = filter_sections(sampling_rate, low, high, mains, mains_quality, order)
    out = np.empty(X.shape, np.result_type(X.dtype, np.float32))
    if X.size == 0:
        return out
    period = sampling_rate / _slowest(low, high, mains, mains_quality)
    n_padded = 0 if causal else _padding(X.shape[-1], sections, period)
    rows, results = X.reshape(-1, X.shape[-1]), out.reshape(-1, X.shape[-1])
    for block in blocks_of_rows(rows):
        signals = np.ascontiguousarray(rows[block], np.float64)
        if not np.isfinite(signals).all():
            row, sample = np.argwhere(~np.isfinite(signals))[0] + (block.start, 0)
            raise ValueError(
                f"signal {row} of X has NaN or an infinite value at sample {sample}, which a "
                "filter would spread over the whole signal: cut the signal there, or fill the gap"
            )
        results[block] = _filtered(signals, sections, n_padded)
    return out


def filter_sections(
    sampling_rate: float,
    low: float | None,
    high: float | None,
    mains: float | None,
    mains_quality: float,
    order: int,
) -> NDArray[np.float64]:
    """Return the second-order sections of the filter of :func:`filter_signals`.

    Raises
    ------
    ValueError
        If the frequencies are none of such a filter.
    """
    check_rate("sampling_rate", sampling_rate)
    _check_frequencies(sampling_rate, {"low": low, "high": high, "mains": mains})
    is_order = isinstance(order, Integral) and not isinstance(order, bool)
    if not is_order or not 1 <= order <= _HIGHEST_ORDER:
        raise ValueError(f"order must be a whole number from 1 to {_HIGHEST_ORDER}, got {order!r}")
    is_quality = isinstance(mains_quality, Real) and not isinstance(mains_quality, bool)
    if not is_quality or not 0.5 < mains_quality <= 1e4:
        raise ValueError(
            f"mains_quality must be a number above 0.5 and up to 10,000, got {mains_quality!r}"
        )
    # Imported here because the import takes most of a second, which few functions need.
    from scipy.signal import butter, iirnotch, tf2sos

    kinds = {(True, True): "bandpass", (True, False): "highpass", (False, True): "lowpass"}
    edges = [float(edge) for edge in (low, high) if edge is not None]
    parts = []
    if edges:
        kind = kinds[low is not None, high is not None]
        cut = edges if len(edges) == 2 else edges[0]
        with np.errstate(all="ignore"):
            parts.append(butter(order, cut, kind, output="sos", fs=float(sampling_rate)))
    if mains is not None:
        parts.append(tf2sos(*iirnotch(float(mains), mains_quality, fs=float(sampling_rate))))
    return np.concatenate(parts)


def blocks_of_rows(rows: NDArray) -> Iterator[slice]:
    """Yield slices of rows that together have a bounded number of values."""
    n_rows = max(1, _BLOCK // max(1, rows[0].size if len(rows) else 1))
    for start in range(0, len(rows), n_rows):
        yield slice(start, min(start + n_rows, len(rows)))


def _check_frequencies(sampling_rate: float, given: dict[str, float | None]) -> None:
    if all(value is None for value in given.values()):
        raise ValueError("there is nothing to filter: give low, high or mains, in Hz")
    for name, value in given.items():
        if value is None:
            continue
        if not isinstance(value, Real) or isinstance(value, bool) or not value > 0:
            raise ValueError(f"{name} must be a positive number of Hz or None, got {value!r}")
        if not value < sampling_rate / 2:
            raise ValueError(
                f"{name} must be below half the sampling rate, {sampling_rate / 2:g} Hz, since "
                f"signals of {sampling_rate:g} Hz have no higher frequencies; got {value} Hz"
            )
    low, high = given["low"], given["high"]
    if low is not None and high is not None and not low < high:
        raise ValueError(f"low must be below high, got {low} and {high} Hz")


def _slowest(
    low: float | None, high: float | None, mains: float | None, mains_quality: float
) -> float:
    """Return the frequency (Hz) that says how long the filter takes to settle."""
    width = None if mains is None else mains / mains_quality
    return float(min(edge for edge in (low, high, width) if edge is not None))


def _padding(n_timesteps: int, sections: NDArray[np.float64], period: float) -> int:
    """Return by how many samples both ends are continued.

    SciPy's default, a few samples for each section, is for filters that settle in as many: a
    high-pass of 0.5 Hz spoils seconds at both ends then.
    """
    n_zero = min((sections[:, 2] == 0).sum(), (sections[:, 5] == 0).sum())
    fewest = 3 * (2 * len(sections) + 1 - int(n_zero))
    if n_timesteps <= fewest:
        raise ValueError(
            f"filtering forwards and backwards needs signals of more than {fewest} samples, got "
            f"{n_timesteps}: filter the whole record and then cut it, or set causal=True"
        )
    return int(min(max(fewest, np.ceil(0.75 * period)), n_timesteps - 1))


def _filtered(
    signals: NDArray[np.float64], sections: NDArray[np.float64], n_padded: int
) -> NDArray[np.float64]:
    from scipy.signal import sosfilt, sosfilt_zi, sosfiltfilt

    try:
        with np.errstate(all="ignore"):
            if not n_padded:  # causal
                start = sosfilt_zi(sections)[:, None, :] * signals[:, :1]
                found = sosfilt(sections, signals, axis=-1, zi=start)[0]
            else:
                found = sosfiltfilt(sections, signals, axis=-1, padtype="even", padlen=n_padded)
    except (np.linalg.LinAlgError, ValueError) as error:
        raise ValueError(_CANNOT) from error
    if not np.isfinite(found).all():
        raise ValueError(f"{_CANNOT}, or the values of X are too large")
    return found


_CANNOT = (
    "the filter cannot be computed: its band is too narrow or too low for the sampling rate; "
    "choose another low or high, or a lower order"
)
