"""Mixup: samples and their targets, blended in pairs."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import torch
from torch import Tensor
from torch.distributions import Beta

from .._compat import Interval
from ._base import Augmentation


@dataclass(kw_only=True, eq=False, repr=False)
class Mixup(Augmentation):
    """Blend each sample of a batch with another one, and their targets by the same shares.

    For signals and pictures, and for the values beside a signal. A sample keeps at least half of
    itself. A blend of two ECGs is no ECG; a network that learns to say so is less sure of what lies
    between its classes.

    Parameters
    ----------
    alpha : float, default=0.2
        Parameter of the beta distribution of the shares: near 0 hardly anything is blended, 1 makes
        all shares equally likely.

    Notes
    -----
    The targets become shares of classes. With weights, of samples or classes, the loss of a blend
    is that of its two samples, each with its weight and its share. What callbacks of a batch see
    as y is the label of which a blend has the greater share.

    An object of yours that changes targets as well has the same method ``mix`` in place of being
    callable.

    References
    ----------
    H. Zhang et al., "mixup: beyond empirical risk minimization", ICLR 2018, arXiv:1710.09412.

    Examples
    --------
    >>> from skecg import ECGCNNClassifier
    >>> from skecg.augmentation import Mixup, Noise
    >>> clf = ECGCNNClassifier(augment=[Noise(), Mixup(alpha=0.2)])
    >>> clf.get_params()["augment__mixup__alpha"]
    0.2
    """

    alpha: float = 0.2

    _parameter_constraints = {
        **Augmentation._parameter_constraints,
        "alpha": [Interval(Real, 0, None, closed="neither")],
    }

    def mix(
        self, X: Tensor, y: Tensor, weights: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Blend a batch.

        Parameters
        ----------
        X : Tensor of shape (n_samples, ...)
            Samples.
        y : Tensor of shape (n_samples, n_outputs)
            Their targets, of the type of X: 1 in the column of the class, or of every label.
        weights : Tensor of shape (n_samples,) or (n_samples, n_outputs), or None
            Their weights, or those of every label.

        Returns
        -------
        X, y, weights : Tensor
            Of the shapes that they had; without weights, None.
        """
        n = len(X)
        alpha = torch.full((n,), self.alpha, dtype=X.dtype, device=X.device)
        own = Beta(alpha, alpha, validate_args=False).sample()
        own = torch.maximum(own, 1 - own)
        if self.p < 1:
            own = torch.where(torch.rand_like(own) < self.p, own, 1)
        other = torch.randperm(n, device=X.device)
        blended = torch.lerp(X[other], X, own.view(-1, *[1] * (X.ndim - 1)))
        if weights is None:
            return blended, torch.lerp(y[other], y, own[:, None]), None
        own = own.view(-1, *[1] * (weights.ndim - 1))
        of_own, of_other = own * weights, (1 - own) * weights[other]
        total = of_own + of_other
        # Where all weights are 0 the target does not matter, but it must be a number.
        share = (of_own / total).nan_to_num(1.0)
        return blended, torch.lerp(y[other], y, share.view(n, -1)), total

    def change(self, X: Tensor) -> Tensor:
        """Raise a TypeError: the targets change as well."""
        raise TypeError("Mixup changes the targets of a batch as well; call mix(X, y)")
