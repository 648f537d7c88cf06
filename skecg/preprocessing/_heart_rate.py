"""Whether the R peaks that were found can be those of a heart."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

# Beats per minute.
_SLOWEST, _FASTEST = 25, 250
# R-R intervals that a window must have to show a heart too fast. Two maxima next to each other
# are found in any noise, four in a row only where the rate of the samples is not what is said.
# A heart too slow needs one: with a rate far too low, a window holds two beats at most.
_FEWEST_INTERVALS = 3


class Tally:
    """What one call finds in its windows, for the warnings at its end."""

    def __init__(self) -> None:
        self.n_windows = 0
        self.n_gaps = 0
        self._periods: list[NDArray[np.float64]] = []
        self._fast_periods: list[NDArray[np.float64]] = []

    def count(
        self, windows: NDArray, window: NDArray[np.int64], r_peak: NDArray[np.int64], gaps: bool
    ) -> None:
        """Add windows and the R peaks in them, sorted by window and sample."""
        self.n_windows += len(windows)
        if gaps and windows.dtype.kind == "f":
            self.n_gaps += int(np.isnan(windows.min(axis=1)).sum())
        same = window[1:] == window[:-1]
        interval, window = np.diff(r_peak)[same], window[1:][same]
        order = np.lexsort((interval, window))
        interval, window = interval[order], window[order]
        _, first, n_intervals = np.unique(window, return_index=True, return_counts=True)
        # The lower of two middle intervals: half a sample does not matter here.
        period = interval[first + (n_intervals - 1) // 2]
        self._periods.append(period)
        self._fast_periods.append(period[n_intervals >= _FEWEST_INTERVALS])

    def warn(self, sampling_rate: float) -> None:
        """Warn of gaps, and of a heart that is none."""
        if self.n_gaps:
            warnings.warn(
                f"{self.n_gaps} of {self.n_windows} windows hold a gap (NaN) and are skipped",
                UserWarning,
                stacklevel=3,
            )
        rate = self._implausible_rate(sampling_rate)
        if rate is not None:
            warnings.warn(
                f"the median R-R interval would be that of a heart of {rate:.4g} beats a minute: "
                f"check sampling_rate={sampling_rate} Hz; if it is right, the detector does not "
                "suit these signals (detector='sleepecg' suits most)",
                UserWarning,
                stacklevel=3,
            )

    def _implausible_rate(self, sampling_rate: float) -> float | None:
        """Return the beats per minute where no heart has them, else None."""
        for parts, is_wrong in (
            (self._periods, lambda rate: rate < _SLOWEST),
            (self._fast_periods, lambda rate: rate > _FASTEST),
        ):
            periods = np.concatenate(parts) if parts else np.empty(0)
            if periods.size:
                rate = 60 * sampling_rate / float(np.median(periods))
                if is_wrong(rate):
                    return rate
        return None
