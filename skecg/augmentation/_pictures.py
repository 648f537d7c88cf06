"""Augmentations of pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real

import torch
from torch import Tensor
from torch.nn import functional as F

from .._compat import Interval
from ._base import SHARE, PictureAugmentation, uniform


@dataclass(kw_only=True, eq=False, repr=False)
class Rotate(PictureAugmentation):
    """Rotate a picture about its centre, as a sheet lies askew on a scanner.

    Bilinear interpolation; what turns in from outside repeats the edge. The size stays.

    Parameters
    ----------
    limit : float, default=3.0
        Largest angle either way, in degrees; at most 45.

    Examples
    --------
    >>> import torch
    >>> from skecg.augmentation import Rotate
    >>> Rotate(limit=2.0)(torch.rand(4, 3, 32, 48)).shape
    torch.Size([4, 3, 32, 48])
    """

    limit: float = 3.0

    _parameter_constraints = {
        **PictureAugmentation._parameter_constraints,
        "limit": [Interval(Real, 0, 45, closed="both")],
    }

    def change(self, X: Tensor) -> Tensor:
        """Return rotated pictures."""
        height, width = X.shape[2:]
        limit = math.radians(self.limit)
        angle = uniform(X, -limit, limit).view(-1)
        cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
        # Positions count from -1 to 1 along either side, so a picture that is no square needs its
        # sides in the matrix.
        rows = [cos, -sin * (height / width), zero, sin * (width / height), cos, zero]
        grid = F.affine_grid(
            torch.stack(rows, 1).view(-1, 2, 3), list(X.shape), align_corners=False
        )
        return F.grid_sample(X, grid, padding_mode="border", align_corners=False)


@dataclass(kw_only=True, eq=False, repr=False)
class Contrast(PictureAugmentation):
    """Raise or lower a picture's contrast.

    Deviations from the picture's mean are multiplied; the mean and the order of the grey levels
    stay. Values may leave the range that the pictures had.

    Parameters
    ----------
    limit : float, default=0.2
        Largest relative change: the factor is between 1 - limit and 1 + limit. Below 1, so that no
        picture becomes its negative.

    Examples
    --------
    >>> import torch
    >>> from skecg.augmentation import Contrast
    >>> _ = torch.manual_seed(1)
    >>> Contrast(limit=0.2)(torch.tensor([[[[100.0, 200.0]]]])).round()
    tensor([[[[ 95., 205.]]]])
    """

    limit: float = 0.2

    _parameter_constraints = {
        **PictureAugmentation._parameter_constraints,
        "limit": [Interval(Real, 0, 1, closed="left")],
    }

    def change(self, X: Tensor) -> Tensor:
        """Return pictures of other contrast."""
        mean = X.mean((1, 2, 3), keepdim=True)
        return torch.lerp(mean, X, uniform(X, 1 - self.limit, 1 + self.limit))


@dataclass(kw_only=True, eq=False, repr=False)
class Blur(PictureAugmentation):
    """Blend a picture with its blurred self.

    The blurred picture is that of a Gaussian filter; its share is drawn between 0 and 1. Edges are
    repeated. The mean stays, but for what the edges add.

    Parameters
    ----------
    sigma : float, default=1.0
        Standard deviation of the filter, in pixels; at most 10.

    Examples
    --------
    >>> import torch
    >>> from skecg.augmentation import Blur
    >>> _ = torch.manual_seed(0)
    >>> picture = torch.zeros(1, 1, 7, 7)
    >>> picture[0, 0, 3, 3] = 100
    >>> Blur(sigma=1.0)(picture)[0, 0, 3].round()
    tensor([ 0.,  1.,  5., 58.,  5.,  1.,  0.])
    """

    sigma: float = 1.0

    _parameter_constraints = {
        **PictureAugmentation._parameter_constraints,
        "sigma": [Interval(Real, 0, 10, closed="right")],
    }

    def change(self, X: Tensor) -> Tensor:
        """Return blurred pictures."""
        radius = math.ceil(2.5 * self.sigma)
        weights = [math.exp(-0.5 * (i / self.sigma) ** 2) for i in range(-radius, radius + 1)]
        blurred = F.pad(X, [radius] * 4, mode="replicate")
        # A sum of shifted pictures takes a twentieth of the time of conv2d with so few channels.
        for axis in (2, 3):
            length, shifted = X.shape[axis], blurred
            blurred = shifted.narrow(axis, 0, length) * (weights[0] / sum(weights))
            for i in range(1, len(weights)):
                part = shifted.narrow(axis, i, length)
                blurred.add_(part, alpha=weights[i] / sum(weights))
        return torch.lerp(X, blurred, uniform(X, 0, 1))


@dataclass(kw_only=True, eq=False, repr=False)
class Erase(PictureAugmentation):
    """Fill a rectangle of a picture with its mean, channel by channel.

    The rectangle lies within the picture, at the same place in all channels; elsewhere the picture
    stays.

    Parameters
    ----------
    limit : float, default=0.3
        Longest sides of the rectangle, as a share of the picture's; both are drawn between 0 and
        this.

    References
    ----------
    Z. Zhong et al., "Random erasing data augmentation", AAAI 2020, arXiv:1708.04896.

    Examples
    --------
    >>> import torch
    >>> from skecg.augmentation import Erase
    >>> _ = torch.manual_seed(2)
    >>> Erase(limit=0.5, p=1.0)(torch.arange(16.0).view(1, 1, 4, 4)).round(decimals=1)
    tensor([[[[ 0.0000,  1.0000,  2.0000,  3.0000],
              [ 4.0000,  7.5000,  7.5000,  7.0000],
              [ 8.0000,  9.0000, 10.0000, 11.0000],
              [12.0000, 13.0000, 14.0000, 15.0000]]]])
    """

    limit: float = 0.3
    p: float = 0.5

    _parameter_constraints = {**PictureAugmentation._parameter_constraints, "limit": [SHARE]}

    def change(self, X: Tensor) -> Tensor:
        """Return pictures with a rectangle erased."""
        rows, columns = (self._within(X, axis) for axis in (2, 3))
        return torch.where(rows & columns, X.mean((2, 3), keepdim=True), X)

    def _within(self, X: Tensor, axis: int) -> Tensor:
        """Tell, for every picture, which positions along an axis are in its rectangle."""
        length = X.shape[axis]
        extent = uniform(X, 0, self.limit) * length
        start = uniform(X, 0, 1) * (length - extent)
        middles = torch.arange(length, dtype=X.dtype, device=X.device) + 0.5
        middles = middles.view(-1, *[1] * (X.ndim - 1 - axis))
        return (middles >= start) & (middles < start + extent)
