"""What every format gives, and how it becomes a record."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral

import numpy as np
from sklearn.utils import Bunch

from .._limits import require_memory
from ._lead_names import find_lead, is_ecg_lead
from ._record import MAX_RATE, Record
from ._units import check_millivolts, check_units, millivolts_per

MAX_LEADS = 64


@dataclass
class Source:
    """A recording that is opened, of which no channel has been read yet.

    Parameters
    ----------
    path : str
        The file, for messages.
    name : str
    lead_names : list of n_channels str
    rates : list of n_channels float
        In Hz.
    units : list of n_channels (str or None)
        None where the file does not say.
    n_samples : list of n_channels int
    read : callable
        Returns the samples of one channel in its unit, NaN in gaps.
    annotations : callable or None
        Returns the annotations with their positions at a rate in Hz, or None.
    """

    path: str
    name: str
    lead_names: list[str]
    rates: list[float]
    units: list[str | None]
    n_samples: list[int]
    read: Callable[[int], np.ndarray]
    annotations: Callable[[float], Bunch | None] | None = None


def make_record(
    source: Source, leads: str | int | Sequence[str | int] | None, units: str | float | None
) -> Record:
    """Read the channels that are wanted and turn them into mV."""
    factor = check_units(units)
    wanted = check_leads(leads)
    if wanted is None:
        channels = _choose(source, factor is not None)
    else:
        channels = [_find(source, lead) for lead in wanted]
    names = [source.lead_names[i] for i in channels]
    factors = [millivolts_per(source.units[i]) if factor is None else factor for i in channels]
    if None in factors:
        raise ValueError(
            f"{source.path}: the units of the leads {names} must be volts of some kind, got "
            f"{[source.units[i] for i in channels]}. Say what they are with units='mV', 'uV' or "
            "'V', or choose other leads with leads."
        )
    forms = {(source.rates[i], source.n_samples[i]) for i in channels}
    if len(forms) > 1:
        raise ValueError(
            f"{source.path}: leads read together must have one sampling rate, got "
            f"{[source.rates[i] for i in channels]} Hz for {names}. Read them apart, with leads."
        )
    rate, n_samples = forms.pop()
    check_rate(rate, source.path)
    if n_samples < 1:
        raise ValueError(f"{source.path} has no samples.")
    # The result, and one channel in float64 on its way.
    require_memory(
        4 * len(channels) * n_samples + 16 * n_samples, source.path, "choose fewer leads with leads"
    )
    signals = np.empty((len(channels), n_samples), dtype=np.float32)
    for row, channel, each in zip(signals, channels, factors):
        with np.errstate(over="ignore", invalid="ignore"):
            values = source.read(channel)
            row[:] = values if each == 1 else values * each
        if np.isinf(row).any():
            raise ValueError(
                f"{source.path}: lead {source.lead_names[channel]} has values that are infinite "
                "in float32; gaps must be NaN."
            )
    if factor is None:
        check_millivolts(signals, names, rate, source.path)
    return Record(
        signals,
        sampling_rate=rate,
        lead_names=names,
        name=source.name,
        annotations=None if source.annotations is None else source.annotations(rate),
        source_units=tuple(str(source.units[i] if factor is None else units) for i in channels),
    )


def check_rate(rate: float, path: str) -> None:
    """Raise where a file says a rate that no recording has."""
    if not 0 < rate <= MAX_RATE:
        raise ValueError(
            f"{path}: the sampling rate must be between 0 and {MAX_RATE} Hz, got {rate!r}."
        )


def check_leads(leads: str | int | Sequence[str | int] | None) -> list[str | int] | None:
    """Return the leads as a list, or None for all."""
    if leads is None:
        return None
    wanted = [leads] if isinstance(leads, str) or not isinstance(leads, Iterable) else list(leads)
    is_lead = [isinstance(lead, str | Integral) and not isinstance(lead, bool) for lead in wanted]
    if not wanted or not all(is_lead):
        raise TypeError(
            "leads must be a name such as 'MLII', a channel number, a list of these, or None for "
            f"all; got {leads!r}."
        )
    return wanted


def _find(source: Source, lead: str | int) -> int:
    names = source.lead_names
    if isinstance(lead, str):
        channel = find_lead(lead, names)
    else:
        channel = int(lead) if 0 <= lead < len(names) else None
    if channel is None:
        raise ValueError(f"{source.path} has no lead {lead!r}; it has {names}.")
    return channel


def _choose(source: Source, has_units: bool) -> list[int]:
    """Return the channels that are voltages, at the rate of the first ECG lead among them."""
    channels = range(len(source.lead_names))
    if has_units:
        voltages = list(channels)
    else:
        voltages = [i for i in channels if millivolts_per(source.units[i]) is not None]
    # Without any, the error about the units names them all.
    voltages = voltages or list(channels)
    for rate in source.rates:
        check_rate(rate, source.path)
    first = next((i for i in voltages if is_ecg_lead(source.lead_names[i])), voltages[0])
    form = source.rates[first], source.n_samples[first]
    chosen = [i for i in voltages if (source.rates[i], source.n_samples[i]) == form]
    others = [source.lead_names[i] for i in channels if i not in chosen]
    if others:
        warnings.warn(
            f"{source.path}: the channels {others} are left out; they are no voltages, or not at "
            f"the {source.rates[first]:g} Hz of lead {source.lead_names[first]}. Choose channels "
            "with leads.",
            UserWarning,
            stacklevel=4,
        )
    return chosen
