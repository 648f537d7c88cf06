"""The units of signals, and which values can be millivolts."""

from __future__ import annotations

import warnings
from numbers import Real

import numpy as np

# Millivolts in one of each, by the name in small letters.
_MILLIVOLTS = {
    **dict.fromkeys(("mv", "millivolt", "millivolts"), 1.0),
    **dict.fromkeys(("uv", "µv", "μv", "microvolt", "microvolts"), 1e-3),
    **dict.fromkeys(("nv", "nanovolt", "nanovolts"), 1e-6),
    **dict.fromkeys(("v", "volt", "volts"), 1e3),
}
# What 98 % of the samples of ten seconds span, in mV: an ECG has 0.1 to 10, with all wander.
_LARGEST_SPAN, _LEAST_SPAN = 50.0, 0.02
_SECONDS, _MOST_PIECES = 10, 60


def millivolts_per(unit: str | None) -> float | None:
    """Return how many mV a unit is, None where it is unknown or no voltage."""
    return None if unit is None else _MILLIVOLTS.get(unit.strip().casefold())


def check_units(units: str | float | None) -> float | None:
    """Return how many mV the caller's unit is, or None where the file decides."""
    if units is None:
        return None
    factor = millivolts_per(units) if isinstance(units, str) else units
    is_number = isinstance(factor, Real) and not isinstance(factor, bool)
    if factor is None or not is_number or not 1e-30 < abs(factor) < 1e30:
        raise ValueError(
            "units must be 'mV', 'uV', 'V', how many mV one unit is (such as 1 / 200), or None "
            f"for what the file says; got {units!r}."
        )
    return float(factor)


def check_millivolts(signals: np.ndarray, lead_names: list[str], rate: float, source: str) -> None:
    """Refuse signals that are too large to be mV, and warn of those that are too small.

    Parameters
    ----------
    signals : ndarray of float32 of shape (n_leads, n_timesteps)
        Presumably in mV.
    lead_names : list of str
    rate : float
        In Hz.
    source : str
        The file, for the message.
    """
    spans = [_span(signal, rate) for signal in signals]
    for name, span in zip(lead_names, spans):
        if span > _LARGEST_SPAN:
            raise ValueError(
                f"{source}: ten seconds of lead {name} span {span:,.0f} mV, and no ECG does; the "
                "values are in another unit. Say which with units='uV', units='V' or a number, "
                "how many mV one unit is; or choose other leads with leads."
            )
    seen = [span for span in spans if span > 0]
    if seen and max(seen) < _LEAST_SPAN:
        warnings.warn(
            f"{source}: ten seconds of the leads span only {max(seen):.2g} mV; if the values are "
            "in volts, pass units='V'.",
            UserWarning,
            stacklevel=4,
        )


def _span(signal: np.ndarray, rate: float) -> float:
    """Return what 98 % of the samples of ten seconds span, in the median of many pieces."""
    n_samples = int(min(len(signal), max(1, round(_SECONDS * rate))))
    n_pieces = min(_MOST_PIECES, len(signal) // n_samples)
    starts = np.linspace(0, len(signal) - n_samples, n_pieces).astype(int)
    spans = []
    for start in starts:
        piece = signal[start : start + n_samples]
        piece = piece[~np.isnan(piece)]
        if piece.size:
            spans.append(float(np.subtract(*np.percentile(piece, [99, 1]))))
    return float(np.median(spans)) if spans else 0.0
