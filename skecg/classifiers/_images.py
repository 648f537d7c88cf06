"""What the classifiers of images share: their shapes and the scale of their values."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from numbers import Integral, Real
from typing import Literal

import numpy as np
from torch import nn

from .._compat import Interval, StrOptions
from ..networks import Scaled
from ..samples import SampleView
from ._base import BaseECGClassifier
from ._signals import TO_THE_USER

SIZE = [Interval(Integral, 1, None, closed="left")]
PROBABILITY = [Interval(Real, 0, 1, closed="left")]


@dataclass(kw_only=True, eq=False, repr=False)
class BaseImageClassifier(BaseECGClassifier):
    """Base of the classifiers of images.

    Parameters
    ----------
    image_shape : tuple (n_channels, height, width) or None, default=None
        Shape of one image. X holds images of shape (n_samples, n_channels, height, width), channels
        first; (n_samples, height, width), one channel; or flattened images of this shape, one a
        row. None reads a row as an image with a height of one pixel. Where X has more axes, the
        shape is checked.
    scale : {"standardize", "unit"} or None, default="standardize"
        How values are scaled, inside the network, so that bytes stay bytes until they are on the
        device. ``"standardize"`` subtracts one mean and divides by one standard deviation, those
        of all training values (of the held-out ones too with early stopping; they weigh as their
        samples do). ``"unit"`` divides by 255 if the training images are bytes (uint8), and leaves
        other types as they are. ``fit`` decides: the same values in another type are scaled as
        the training images were.
    """

    image_shape: tuple[int, int, int] | None = None
    scale: Literal["standardize", "unit"] | None = "standardize"

    _parameter_constraints = {
        **BaseECGClassifier._parameter_constraints,
        "image_shape": [tuple, list, None],
        "scale": [StrOptions({"standardize", "unit"}), None],
    }

    def _network_factory(
        self, image_shape: tuple[int, int, int], n_classes: int
    ) -> Callable[[], nn.Module]:
        """Return a picklable callable without arguments that builds the network proper."""
        raise TypeError(f"{type(self).__name__} needs a method _network_factory")

    def _module_factory(
        self,
        input_shape: tuple[int, ...],
        n_classes: int,
        input_scale: tuple[float, float] | None,
    ) -> Callable[[], nn.Module]:
        n_channels, height, width = input_shape
        network = self._network_factory((n_channels, height, width), n_classes)
        assert input_scale is not None  # pictures are always scaled
        return partial(Scaled, network, *input_scale)

    def _as_network_input(self, X: np.ndarray) -> np.ndarray:
        return as_images(X, self.image_shape)

    def _learned_scale(self, X: SampleView, weights: np.ndarray | None) -> tuple[float, float]:
        if self.scale == "standardize":
            return mean_and_deviation(X, weights)
        return 0.0, 255.0 if self.scale == "unit" and X.dtype == np.uint8 else 1.0

    def _warn_of_axes(self, shape: tuple[int, ...]) -> None:
        if len(shape) == 4 and shape[3] in (1, 3) and shape[1] not in (1, 3):
            warnings.warn(
                f"X has the shape {shape}, read as {shape[1]} channels of {shape[2]} x {shape[3]} "
                "pixels; if the channels are its last axis, give X.transpose(0, 3, 1, 2)",
                UserWarning,
                stacklevel=TO_THE_USER,
            )


def as_images(X: np.ndarray, image_shape: tuple[int, int, int] | None = None) -> np.ndarray:
    """Bring images into the shape (n_samples, n_channels, height, width).

    Parameters
    ----------
    X : ndarray
        Of shape (n_samples, n_channels, height, width); or (n_samples, height, width), one
        channel; or (n_samples, n_values), flattened images of ``image_shape``.
    image_shape : tuple (n_channels, height, width) or None, default=None
        Shape of one image. None reads a row of values as an image of one channel and one row.

    Raises
    ------
    ValueError
        If X has another number of axes, or does not have images of ``image_shape``.
    """
    if X.ndim not in (2, 3, 4):
        raise ValueError(
            "expected images of shape (n_samples, n_channels, height, width), (n_samples, height, "
            f"width) or, flattened, (n_samples, n_values); got an array of shape {X.shape}"
        )
    if image_shape is not None:
        image_shape = _check_image_shape(image_shape)
        if X.ndim == 2 and X.shape[1] == np.prod(image_shape):
            return X.reshape(len(X), *image_shape)
    if X.ndim == 2:
        images = X[:, np.newaxis, np.newaxis]
    else:
        images = X[:, np.newaxis] if X.ndim == 3 else X
    if image_shape is not None and images.shape[1:] != image_shape:
        raise ValueError(
            f"image_shape={image_shape} takes {np.prod(image_shape)} values for each sample, as "
            f"one row or as an image; got samples of shape {X.shape[1:]}"
        )
    return images


def mean_and_deviation(
    X: SampleView | np.ndarray, weights: np.ndarray | None
) -> tuple[float, float]:
    """Return mean and standard deviation of all values, weighted by sample; 1 for a zero one."""
    # Image by image and in one order of memory: a whole array in float64 would be large, and
    # neither the layout of X nor the number of samples may change a bit of the sums.
    means, squares = np.empty(len(X)), np.empty(len(X))
    for i, image in enumerate(X):
        values = np.ascontiguousarray(image, dtype=np.float64)
        means[i], squares[i] = values.mean(), np.square(values).mean()
    mean = np.average(means, weights=weights)
    variance = np.average(squares, weights=weights) - mean**2
    deviation = np.sqrt(max(variance, 0))
    return float(mean), float(deviation) if deviation > 1e-7 * abs(mean) else 1.0


def _check_image_shape(image_shape: tuple[int, int, int]) -> tuple[int, int, int]:
    shape = tuple(image_shape)
    if len(shape) != 3 or any(int(length) != length or length < 1 for length in shape):
        raise ValueError(
            "image_shape must be three positive integers (n_channels, height, width); "
            f"got {image_shape!r}"
        )
    n_channels, height, width = (int(length) for length in shape)
    return n_channels, height, width
