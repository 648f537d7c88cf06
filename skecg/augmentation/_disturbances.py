"""Augmentations that add a disturbance to a signal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real

import torch
from torch import Tensor

from .._compat import Interval
from ._base import NOT_NEGATIVE, SignalAugmentation, uniform

POSITIVE = Interval(Real, 0, None, closed="neither")


@dataclass(kw_only=True, eq=False, repr=False)
class Disturbance(SignalAugmentation):
    """Base of the augmentations that add something to a signal.

    Parameters
    ----------
    padding : float or None, default=None
        Value with which short signals are filled at the end, such as 0.0 in the beats of a
        :class:`skecg.BeatSegmenter`; what is filled stays as it is. None takes no value for
        padding.
    """

    padding: float | None = None

    _parameter_constraints = {
        **SignalAugmentation._parameter_constraints,
        "padding": [Interval(Real, None, None, closed="neither"), None],
    }

    def disturbance(self, X: Tensor) -> Tensor:
        """Return what is added to the signals, of a shape that broadcasts to theirs."""
        raise NotImplementedError(f"{type(self).__name__} needs a method disturbance")

    def change(self, X: Tensor) -> Tensor:
        """Return disturbed signals."""
        added = self.disturbance(X)
        if self.padding is None:
            return X + added
        positions = torch.arange(X.shape[-1], device=X.device)
        last = torch.where(X.ne(self.padding), positions, -1).amax(-1, keepdim=True)
        return torch.where(positions <= last, X + added, X)


@dataclass(kw_only=True, eq=False, repr=False)
class BaselineWander(Disturbance):
    """Add a slow sine, as breathing and movement do.

    All leads have the same frequency and phase, each an amplitude of its own. Waves and intervals
    stay as they are, above a line that moves.

    Parameters
    ----------
    sampling_rate : float
        Samples per second, in Hz.
    amplitude : float, default=0.1
        Largest amplitude, in the unit of X, such as mV; each lead's is drawn between 0 and this.
    frequency : float, default=0.5
        Highest frequency in Hz; it is drawn between 0 and this.

    Examples
    --------
    >>> import torch
    >>> from skecg.augmentation import BaselineWander
    >>> _ = torch.manual_seed(0)
    >>> wander = BaselineWander(sampling_rate=125, amplitude=0.2)(torch.zeros(2, 1, 1250))
    >>> bool(wander.abs().max() <= 0.2)
    True
    """

    sampling_rate: float
    amplitude: float = 0.1
    frequency: float = 0.5

    _parameter_constraints = {
        **Disturbance._parameter_constraints,
        "sampling_rate": [POSITIVE],
        "amplitude": [NOT_NEGATIVE],
        "frequency": [POSITIVE],
    }

    def disturbance(self, X: Tensor) -> Tensor:
        """Return sines of random frequency."""
        return _sines(X, uniform(X, 0, self.frequency / self.sampling_rate), self.amplitude)


@dataclass(kw_only=True, eq=False, repr=False)
class PowerLine(Disturbance):
    """Add the hum of the power line.

    All leads have the same phase, each an amplitude of its own. Intervals stay.

    Parameters
    ----------
    sampling_rate : float
        Samples per second, in Hz; more than twice the frequency.
    amplitude : float, default=0.05
        Largest amplitude, in the unit of X, such as mV; each lead's is drawn between 0 and this.
    frequency : float, default=50.0
        Frequency of the power line in Hz; 60 in the Americas.

    Examples
    --------
    >>> import torch
    >>> from skecg.augmentation import PowerLine
    >>> _ = torch.manual_seed(0)
    >>> hum = PowerLine(sampling_rate=500)(torch.zeros(1, 1, 500))
    >>> int(torch.fft.rfft(hum).abs().argmax())  # Hz
    50
    """

    sampling_rate: float
    amplitude: float = 0.05
    frequency: float = 50.0

    _parameter_constraints = BaselineWander._parameter_constraints

    def check_parameters(self) -> None:
        """Raise a ValueError if a parameter is out of range, or the rate too low to show a hum."""
        super().check_parameters()
        if self.sampling_rate <= 2 * self.frequency:
            raise ValueError(
                f"PowerLine needs a sampling_rate above {2 * self.frequency:g} Hz, twice its "
                f"frequency; got {self.sampling_rate:g} Hz, at which there is no such hum"
            )

    def disturbance(self, X: Tensor) -> Tensor:
        """Return sines of the line's frequency."""
        return _sines(X, self.frequency / self.sampling_rate, self.amplitude)


@dataclass(kw_only=True, eq=False, repr=False)
class Noise(Disturbance):
    """Add white noise, as that of muscles and amplifiers.

    All leads have noise of the same strength, each its own. Intervals stay.

    Parameters
    ----------
    deviation : float, default=0.02
        Largest standard deviation, in the unit of X, such as mV; each signal's is drawn between 0
        and this.

    Examples
    --------
    >>> import torch
    >>> from skecg.augmentation import Noise
    >>> _ = torch.manual_seed(0)
    >>> bool(Noise(deviation=0.02)(torch.zeros(8, 1, 1000)).std(-1).max() < 0.022)
    True
    """

    deviation: float = 0.02

    _parameter_constraints = {
        **Disturbance._parameter_constraints,
        "deviation": [NOT_NEGATIVE],
    }

    def disturbance(self, X: Tensor) -> Tensor:
        """Return noise."""
        return torch.randn_like(X) * uniform(X, 0, self.deviation)


def _sines(X: Tensor, frequency: Tensor | float, amplitude: float) -> Tensor:
    """Return a sine for every lead, with a phase of the signal and an amplitude of the lead.

    Parameters
    ----------
    X : Tensor of shape (n_samples, n_timesteps) or (n_samples, n_leads, n_timesteps)
        The signals.
    frequency : Tensor or float
        Cycles per time step.
    amplitude : float
        Largest amplitude.
    """
    times = torch.arange(X.shape[-1], dtype=X.dtype, device=X.device)
    sines = torch.sin(2 * math.pi * (frequency * times + uniform(X, 0, 1)))
    drawn = torch.rand(*X.shape[:-1], 1, dtype=X.dtype, device=X.device)
    return amplitude * drawn * sines
