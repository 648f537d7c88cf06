"""The sampling rate that a column of times means."""

from __future__ import annotations

import re

import numpy as np

# Units of a column of times, in seconds.
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
TIME_NAMES = {"time", "t", "timestamp", "elapsed time", "seconds", "second", "sec", "s", "ms"}
INDEX_NAMES = {"", "sample", "samples", "sample #", "sample number", "index", "n"}
TIME_UNITS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), "s"),
    **dict.fromkeys(("ms", "msec", "milliseconds"), "ms"),
    **dict.fromkeys(("us", "µs", "μs", "microseconds"), "us"),
}
CLOCK = re.compile(r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2}(?:\.\d{1,9})?)")


def clock_seconds(text: str) -> float:
    """Return the seconds of a time such as ``0:02.778`` or ``01:00:02.778``."""
    match = CLOCK.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"a time must be a number or such as 0:02.778, got {text[:40]!r}")
    hours, minutes, seconds = match.groups(default="0")
    return 3600.0 * int(hours) + 60.0 * int(minutes) + float(seconds)


def is_regular(times: np.ndarray) -> bool:
    """Tell whether times rise by one step, but for their rounding."""
    if len(times) < 2 or not np.isfinite(times).all():
        return False
    step = (times[-1] - times[0]) / (len(times) - 1)
    if not 0 < step < np.inf:
        return False
    # In place: the column of a day has 170 MB.
    deviation = np.arange(len(times), dtype=np.float64)
    deviation *= step
    deviation += times[0]
    deviation -= times
    np.abs(deviation, out=deviation)
    return bool(deviation.max() <= 0.51 * step)


def rate_of(times: np.ndarray, unit: str | None, given: float | None) -> float:
    """Return the sampling rate of regular times.

    Parameters
    ----------
    times : ndarray of float64 of shape (n_timesteps,)
    unit : {"s", "ms", "us"} or None
        None where the file does not say.
    given : float or None
        The rate that the caller says.
    """
    if not is_regular(times):
        raise ValueError(
            "the times must rise by one step, without a gap; got another one. Remove the column "
            "and give sampling_rate, with NaN where samples are missing"
        )
    step = (times[-1] - times[0]) / (len(times) - 1)
    # How far the rate is known, where the first and the last time are rounded to a step.
    uncertainty = max(1.0 / (len(times) - 1), 1e-6)
    if given is not None:
        # Samples may be counted, too.
        rates = [1 / (step * each) for each in _SECONDS.values()] if unit is None else []
        rates += [given] if unit is None and abs(step - 1) < 1e-9 else []
        rates += [1 / (step * _SECONDS[unit])] if unit is not None else []
        if not any(abs(rate / given - 1) <= uncertainty + 1e-3 for rate in rates):
            raise ValueError(
                f"the times mean {rates[0]:g} Hz, and sampling_rate is {given:g}; leave it away, "
                "or remove the column"
            )
        return given
    rate = 1 / (step * _SECONDS[unit or "s"])
    if unit is None and rate < 10:
        raise ValueError(
            f"the times rise by {step:g}, which is {rate:g} Hz in seconds and no rate of an ECG. "
            "Give sampling_rate, or write the unit into the header line, such as time (ms)"
        )
    whole = round(rate)
    return float(whole) if whole and abs(rate / whole - 1) <= min(uncertainty, 1e-3) else rate
