"""What all augmentations share: parameters, a probability, and the shape of their input."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar

import torch
from torch import Tensor

from .._compat import Interval, validate_params
from .._estimators import Estimator
from .._shared_docs import share_docstring

SHARE = Interval(Real, 0, 1, closed="both")
NOT_NEGATIVE = Interval(Real, 0, None, closed="left")


@dataclass(kw_only=True, eq=False, repr=False)
class Augmentation(Estimator):
    """Base of the augmentations: a random change of every sample of a batch.

    A subclass has a method ``change``, which maps a batch to a batch of the same shape, without a
    loop over the samples and without reading a value from the device.

    Parameters
    ----------
    p : float, default=1.0
        Probability that a sample is changed.
    """

    p: float = 1.0

    _parameter_constraints: ClassVar[dict[str, Any]] = {"p": [SHARE]}
    # Axes of a batch that it can change, and what such a batch is.
    _n_axes: ClassVar[tuple[int, ...]] = (2, 3, 4)
    _takes: ClassVar[str] = (
        "signals of shape (n_samples, n_leads, n_timesteps) or pictures of shape (n_samples, "
        "n_channels, height, width)"
    )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Let a subclass's docstring show what it inherits."""
        super().__init_subclass__(**kwargs)
        share_docstring(cls)

    def change(self, X: Tensor) -> Tensor:
        """Return a batch in which every sample is changed.

        Parameters
        ----------
        X : Tensor of shape (n_samples, ...)
            A batch that :meth:`check_batch` lets pass. It stays as it is.

        Returns
        -------
        Tensor of the shape, type and device of X
            The changed batch.
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method change")

    def __call__(self, X: Tensor) -> Tensor:
        """Return a batch in which each sample is changed with probability ``p``.

        Parameters
        ----------
        X : Tensor of shape (n_samples, ...)
            A batch of floating-point numbers. It stays as it is.

        Returns
        -------
        Tensor of the shape, type and device of X

        Raises
        ------
        ValueError
            If X has another number of axes than what is augmented.
        """
        self.check_batch(X)
        changed = self.change(X)
        if self.p >= 1:
            return changed
        return torch.where(uniform(X, 0, 1) < self.p, changed, X)

    def check_parameters(self) -> None:
        """Raise a ValueError if a parameter is out of its range."""
        validate_params(self)

    def check_batch(self, X: Tensor) -> None:
        """Raise an error unless a batch is of the kind that is augmented.

        Parameters
        ----------
        X : Tensor of shape (n_samples, ...)
            The batch.

        Raises
        ------
        TypeError
            If it is no tensor of floating-point numbers.
        ValueError
            If it has another number of axes than what is augmented.
        """
        if not isinstance(X, Tensor) or not X.is_floating_point():
            kind = X.dtype if isinstance(X, Tensor) else type(X).__name__
            raise TypeError(
                f"{type(self).__name__} takes a tensor of floating-point numbers; got {kind}"
            )
        if X.ndim not in self._n_axes:
            raise ValueError(
                f"{type(self).__name__} takes {self._takes}; got a batch of shape {tuple(X.shape)}"
            )


share_docstring(Augmentation)


@dataclass(kw_only=True, eq=False, repr=False)
class SignalAugmentation(Augmentation):
    """Base of the augmentations of signals.

    A batch has the shape (n_samples, n_leads, n_timesteps), or (n_samples, n_timesteps), one lead.
    Signals arrive in the unit of X: mV, or whatever else they were scaled to.
    """

    _n_axes: ClassVar[tuple[int, ...]] = (2, 3)
    _takes = (
        "signals of shape (n_samples, n_leads, n_timesteps), not pictures, for which there are "
        "augmentations of their own"
    )


@dataclass(kw_only=True, eq=False, repr=False)
class PictureAugmentation(Augmentation):
    """Base of the augmentations of pictures, of shape (n_samples, n_channels, height, width).

    The channels of a picture, such as the crops of its leads, are changed in the same way. Pictures
    arrive with the values that X has (0 to 255 where it is bytes), before the network scales them.
    """

    _n_axes = (4,)
    _takes = (
        "pictures of shape (n_samples, n_channels, height, width), not signals, for which there "
        "are augmentations of their own"
    )


def uniform(X: Tensor, low: float, high: float) -> Tensor:
    """Draw one number between two bounds for every sample, of shape (n_samples, 1, ...)."""
    drawn = torch.rand(len(X), *[1] * (X.ndim - 1), dtype=X.dtype, device=X.device)
    return low + (high - low) * drawn
