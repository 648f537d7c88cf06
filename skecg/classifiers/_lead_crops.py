"""What the six classifiers on lead crops share: their training and how their network is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

from torch import nn

from ..training import MultiStep
from ._images import BaseImageClassifier
from ._network_arguments import default_arguments, network_arguments


@dataclass(kw_only=True, eq=False, repr=False)
class BaseLeadCropClassifier(BaseImageClassifier):
    """Base of the classifiers on lead crops.

    They take images of shape (n_samples, n_channels, height, width), channels first; (n_samples,
    height, width), one channel; or flattened ones. The defaults are batches of 32 and 40 epochs
    with AdamW, learning rate 0.001 in one cycle and weight decay 0.05. The parameters of each are
    the keyword arguments of its network in :mod:`skecg.networks`, whose defaults are the
    published ones.
    """

    max_epochs: int = 40
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 0.05

    _network: ClassVar[type[nn.Module]]

    @classmethod
    def published(cls) -> Self:
        """Return the classifier with the published network and training recipe.

        The recipe is the same for all six: Adamax with learning rate 0.001, halved after 10 and
        after 15 of 20 epochs; batches of 16 in one random order for all epochs; gradients clipped
        to norm 10. The published images are 13 lead crops of 64 x 64 pixels. Training, validation
        and test images were standardised each by their own mean and deviation; a prediction would
        then depend on the other images, and so the training images' serve all.
        """
        return cls(
            max_epochs=20,
            batch_size=16,
            learning_rate=1e-3,
            optimizer="adamax",
            weight_decay=0.0,
            lr_schedule=MultiStep((10, 15), gamma=0.5),
            gradient_clip=10.0,
            shuffle="once",
            scale="standardize",
            **default_arguments(cls._network),
        )

    def _network_factory(
        self, image_shape: tuple[int, int, int], n_classes: int
    ) -> Callable[[], nn.Module]:
        arguments = network_arguments(self, self._network)
        return partial(self._network, image_shape, n_classes, **arguments)
