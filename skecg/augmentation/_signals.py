"""Augmentations of signals: amplitude, time, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Literal

import torch
from torch import Tensor

from .._compat import Interval, StrOptions
from ._base import SHARE, SignalAugmentation, uniform

BELOW_1 = Interval(Real, 0, 1, closed="left")


@dataclass(kw_only=True, eq=False, repr=False)
class Gain(SignalAugmentation):
    """Multiply a signal by a factor.

    All leads are multiplied by the same: their ratios, the zero line and all intervals stay.

    Parameters
    ----------
    limit : float, default=0.2
        Largest relative change: the factor is between 1 - limit and 1 + limit. Below 1, so that no
        signal is turned upside down.

    Examples
    --------
    >>> import torch
    >>> from skecg.augmentation import Gain
    >>> _ = torch.manual_seed(0)
    >>> (100 * Gain(limit=0.2)(torch.ones(3, 2))).round()
    tensor([[100., 100.],
            [111., 111.],
            [ 84.,  84.]])
    """

    limit: float = 0.2

    _parameter_constraints = {**SignalAugmentation._parameter_constraints, "limit": [BELOW_1]}

    def change(self, X: Tensor) -> Tensor:
        """Return signals of other amplitude."""
        return X * uniform(X, 1 - self.limit, 1 + self.limit)


@dataclass(kw_only=True, eq=False, repr=False)
class TimeStretch(SignalAugmentation):
    """Stretch or shorten a signal in time about a point that stays where it is.

    Linear interpolation; the length stays, and what a shortened signal leaves open repeats its
    ends. Amplitudes stay, and all intervals keep their ratios: the rhythm is faster or slower, and
    so are the waves, whose width tells some classes apart. Leave the limit small.

    Parameters
    ----------
    limit : float, default=0.1
        Largest relative change: lengths in time are multiplied by a factor between 1 - limit and
        1 + limit; below 1.
    center : float or "peak", default=0.0
        The point that stays, as a share of the signal's length. 0 is the start, where the beats of
        a :class:`skecg.BeatSegmenter` have their R peak; in the windows of a
        :class:`skecg.BeatWindows` the R peak is at before / (before + after). ``"peak"`` takes the
        sample that deviates most from the signal's mean, in all leads together.

    Examples
    --------
    >>> import torch
    >>> from skecg.augmentation import TimeStretch
    >>> _ = torch.manual_seed(1)
    >>> TimeStretch(limit=0.5)(torch.arange(0.0, 50.0, 10.0).expand(2, 5)).round()
    tensor([[ 0.,  8., 16., 24., 32.],
            [ 0., 13., 26., 38., 40.]])
    """

    limit: float = 0.1
    center: float | Literal["peak"] = 0.0

    _parameter_constraints = {
        **SignalAugmentation._parameter_constraints,
        "limit": [BELOW_1],
        "center": [SHARE, StrOptions({"peak"})],
    }

    def change(self, X: Tensor) -> Tensor:
        """Return stretched signals."""
        last = X.shape[-1] - 1
        center = self.center * last if self.center != "peak" else _peak(X)
        positions = torch.arange(last + 1, dtype=X.dtype, device=X.device)
        factor = uniform(X, 1 - self.limit, 1 + self.limit)
        where = (center + (positions - center) / factor).clamp_(0, last)
        # Between two samples; the last has none behind it.
        before = where.floor().clamp_(max=max(0, last - 1))
        first = before.long().expand_as(X)
        second = (first + 1).clamp_(max=last)
        share = (where - before).expand_as(X)
        return torch.lerp(X.gather(-1, first), X.gather(-1, second), share)


@dataclass(kw_only=True, eq=False, repr=False)
class TimeMask(SignalAugmentation):
    """Replace a stretch of a signal by its mean, lead by lead.

    The stretch is at the same time in all leads; elsewhere the signal stays.

    Parameters
    ----------
    limit : float, default=0.1
        Longest stretch, as a share of the signal's length; its length is drawn between 0 and this.

    Examples
    --------
    >>> import torch
    >>> from skecg.augmentation import TimeMask
    >>> _ = torch.manual_seed(1)
    >>> TimeMask(limit=0.6, p=1.0)(torch.arange(7.0).expand(2, 7))
    tensor([[0., 1., 3., 3., 3., 5., 6.],
            [0., 1., 2., 3., 3., 5., 6.]])
    """

    limit: float = 0.1
    p: float = 0.5

    _parameter_constraints = {**SignalAugmentation._parameter_constraints, "limit": [SHARE]}

    def change(self, X: Tensor) -> Tensor:
        """Return signals with a stretch replaced."""
        length = X.shape[-1]
        extent = uniform(X, 0, self.limit) * length
        start = uniform(X, 0, 1) * (length - extent)
        middles = torch.arange(length, dtype=X.dtype, device=X.device) + 0.5
        masked = (middles >= start) & (middles < start + extent)
        return torch.where(masked, X.mean(-1, keepdim=True), X)


@dataclass(kw_only=True, eq=False, repr=False)
class LeadDropout(SignalAugmentation):
    """Set whole leads to zero, as where an electrode is off.

    At least one lead of every signal stays as it is, and so do all leads that are not set to zero.

    Parameters
    ----------
    rate : float, default=0.1
        Probability that a lead is set to zero.

    Examples
    --------
    >>> import torch
    >>> from skecg.augmentation import LeadDropout
    >>> _ = torch.manual_seed(1)
    >>> LeadDropout(rate=0.5)(torch.ones(1, 4, 3))
    tensor([[[1., 1., 1.],
             [0., 0., 0.],
             [0., 0., 0.],
             [1., 1., 1.]]])
    """

    rate: float = 0.1

    _parameter_constraints = {**SignalAugmentation._parameter_constraints, "rate": [SHARE]}

    _n_axes = (3,)
    _takes = "signals of two leads or more, of shape (n_samples, n_leads, n_timesteps)"

    def change(self, X: Tensor) -> Tensor:
        """Return signals with fewer leads."""
        drawn = torch.rand(*X.shape[:2], 1, dtype=X.dtype, device=X.device)
        stays = (drawn >= self.rate) | (drawn == drawn.amax(1, keepdim=True))
        return X * stays

    def check_batch(self, X: Tensor) -> None:
        """Raise an error unless there are several leads."""
        super().check_batch(X)
        if X.shape[1] == 1:
            raise ValueError(
                f"LeadDropout takes {self._takes}; got a batch of shape {tuple(X.shape)}"
            )


def _peak(X: Tensor) -> Tensor:
    """Return, for every signal, the position that deviates most from its mean."""
    deviation = (X - X.mean(-1, keepdim=True)).abs()
    if X.ndim == 3:
        deviation = deviation.sum(1, keepdim=True)
    return deviation.argmax(-1, keepdim=True)
