"""Shift signals in time and pictures in both directions."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ._base import SHARE, Augmentation, uniform


@dataclass(kw_only=True, eq=False, repr=False)
class Shift(Augmentation):
    """Shift a signal in time, or a picture in both directions, by whole samples or pixels.

    What moves in from outside repeats the edge. All leads of a signal, or channels of a picture,
    move together. Amplitudes and intervals are as before, but for what moves out.

    Parameters
    ----------
    limit : float, default=0.05
        Largest shift either way, as a share of the signal's length, or of the picture's height and
        width; at most 1.

    Examples
    --------
    >>> import torch
    >>> from skecg.augmentation import Shift
    >>> _ = torch.manual_seed(0)
    >>> Shift(limit=0.5)(torch.arange(6.0).expand(3, 6))
    tensor([[0., 1., 2., 3., 4., 5.],
            [2., 3., 4., 5., 5., 5.],
            [0., 0., 0., 1., 2., 3.]])
    """

    limit: float = 0.05

    _parameter_constraints = {**Augmentation._parameter_constraints, "limit": [SHARE]}

    def change(self, X: Tensor) -> Tensor:
        """Return shifted samples."""
        if X.ndim < 4:
            return X.gather(-1, self._where(X, -1).expand_as(X))
        # One gather of whole pictures is quicker than one along each axis.
        where = self._where(X, 2) * X.shape[3] + self._where(X, 3)
        values = X.flatten(2)
        return values.gather(2, where.flatten(2).expand_as(values)).view_as(X)

    def _where(self, X: Tensor, axis: int) -> Tensor:
        """Return, for every sample, where its values along an axis come from."""
        length = X.shape[axis]
        by = torch.round(uniform(X, -self.limit, self.limit) * length).long()
        n_after = X.ndim - 1 - axis if axis > 0 else 0
        positions = torch.arange(length, device=X.device).view(-1, *[1] * n_after)
        return (positions + by).clamp_(0, length - 1)
