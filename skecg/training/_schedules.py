"""Learning-rate schedules: the factor on ``learning_rate`` at every optimiser step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol


class Schedule(Protocol):
    """A function from the progress of training to a factor on the learning rate.

    A function of one's own is a schedule, too.

    See Also
    --------
    skecg.training.Cosine, skecg.training.OneCycle : Rise at first, then fall to the end.
    skecg.training.ExponentialDecay, skecg.training.MultiStep : Fall from the first step.

    Examples
    --------
    >>> from skecg import ECGCNNClassifier
    >>> def halve_every_epoch(step, n_steps, steps_per_epoch):
    ...     return 0.5 ** (step // steps_per_epoch)
    >>> clf = ECGCNNClassifier(lr_schedule=halve_every_epoch)
    """

    def __call__(self, step: int, n_steps: int, steps_per_epoch: int) -> float:
        """Return the factor for optimiser step ``step`` of ``n_steps``, counted from 0."""


@dataclass(frozen=True)
class Cosine:
    """Linear warm-up, then half a cosine down to ``final``.

    Parameters
    ----------
    warmup : float, default=0.1
        Fraction of all steps in which the rate climbs linearly from ``initial`` to 1.
    initial, final : float, default=0.0
        Factors at the first and after the last step.

    See Also
    --------
    skecg.training.OneCycle : Begins with half a cosine, too.

    Examples
    --------
    >>> from skecg.training import Cosine
    >>> [round(Cosine(warmup=0.2)(step, 10, 5), 3) for step in (0, 1, 2, 6, 9)]
    [0.0, 0.5, 1.0, 0.5, 0.038]
    """

    warmup: float = 0.1
    initial: float = 0.0
    final: float = 0.0

    def __call__(self, step: int, n_steps: int, steps_per_epoch: int) -> float:
        """Return the factor at a step."""
        n_warmup = self.warmup * n_steps
        if step < n_warmup:
            return self.initial + (1 - self.initial) * step / n_warmup
        return _half_cosine(1.0, self.final, (step - n_warmup) / (n_steps - n_warmup))


@dataclass(frozen=True)
class OneCycle:
    """Half a cosine up from ``initial`` to 1, then half a cosine down to ``final``.

    Parameters
    ----------
    warmup : float, default=0.3
        Fraction of all steps in which the rate climbs.
    initial : float, default=0.04
        Factor at the first step.
    final : float, default=4e-6
        Factor after the last step.

    See Also
    --------
    skecg.training.Cosine : Begins with a line.

    References
    ----------
    L. N. Smith, N. Topin, "Super-convergence: very fast training of neural networks using large
    learning rates", 2018, arXiv:1708.07120 (the rate's cycle; the momentum stays as it is).

    Examples
    --------
    >>> from skecg.training import OneCycle
    >>> [round(OneCycle()(step, 10, 5), 3) for step in (0, 3, 6, 9)]
    [0.04, 1.0, 0.611, 0.05]
    """

    warmup: float = 0.3
    initial: float = 0.04
    final: float = 4e-6

    def __call__(self, step: int, n_steps: int, steps_per_epoch: int) -> float:
        """Return the factor at a step."""
        n_warmup = self.warmup * n_steps
        if step < n_warmup:
            return _half_cosine(self.initial, 1.0, step / n_warmup)
        return _half_cosine(1.0, self.final, (step - n_warmup) / (n_steps - n_warmup))


@dataclass(frozen=True)
class ExponentialDecay:
    """Multiply the rate by ``gamma`` over every ``every`` optimiser steps, smoothly.

    Parameters
    ----------
    gamma : float, default=0.75
        Factor over ``every`` steps.
    every : int, default=10_000
        Optimiser steps.

    See Also
    --------
    skecg.training.MultiStep : Falls in steps.

    Examples
    --------
    >>> from skecg.training import ExponentialDecay
    >>> [ExponentialDecay(gamma=0.5, every=100)(step, 1000, 10) for step in (0, 100, 200)]
    [1.0, 0.5, 0.25]
    """

    gamma: float = 0.75
    every: int = 10_000

    def __call__(self, step: int, n_steps: int, steps_per_epoch: int) -> float:
        """Return the factor at a step."""
        return self.gamma ** (step / self.every)


@dataclass(frozen=True)
class MultiStep:
    """Multiply the rate by ``gamma`` at the beginning of each epoch in ``milestones``.

    Parameters
    ----------
    milestones : tuple of int
        Epochs, counted from 0.
    gamma : float, default=0.5
        Factor at each of them.

    See Also
    --------
    skecg.training.ExponentialDecay : Falls smoothly.

    Examples
    --------
    >>> from skecg.training import MultiStep
    >>> [MultiStep((10, 15))(step, 200, 10) for step in (0, 99, 100, 150)]
    [1.0, 1.0, 0.5, 0.25]
    """

    milestones: tuple[int, ...]
    gamma: float = 0.5

    def __call__(self, step: int, n_steps: int, steps_per_epoch: int) -> float:
        """Return the factor at a step."""
        epoch = step // steps_per_epoch
        return float(self.gamma ** sum(epoch >= milestone for milestone in self.milestones))


SCHEDULES = (Cosine, ExponentialDecay, MultiStep, OneCycle)


def resolve_schedule(lr_schedule: str | Schedule | None) -> Schedule | None:
    """Turn an ``lr_schedule`` parameter into a schedule; None keeps the rate constant."""
    named: dict[str, Schedule] = {"one-cycle": OneCycle(), "cosine": Cosine()}
    return named[lr_schedule] if isinstance(lr_schedule, str) else lr_schedule


def _half_cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2
