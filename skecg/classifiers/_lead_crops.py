"""What the six classifiers on lead crops share: their training and how their network is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Self

from torch import nn

from .._compat import StrOptions
from ..training import MultiStep
from ._images import PROBABILITY, SIZE, BaseImageClassifier
from ._network_arguments import default_arguments, network_arguments

# The parameters of the six networks. Each classifier has those that its network takes.
_CONSTRAINTS = {
    "width": SIZE,
    "n_blocks": SIZE,
    "n_hidden": SIZE,
    "n_recurrent": SIZE,
    "n_steps": [*SIZE, None],
    "n_summary": [*SIZE, None],
    "rows_per_step": SIZE,
    "norm": [StrOptions({"batch", "group"}), None],
    "compatibility": [StrOptions({"additive", "dot"})],
    "sequence": [StrOptions({"rows", "columns"})],
    "dropout": PROBABILITY,
}


def constraints_of(network: type[nn.Module]) -> dict[str, Any]:
    """Return the constraints of the parameters of a classifier on a network."""
    own = {name: _CONSTRAINTS[name] for name in default_arguments(network)}
    return {**BaseImageClassifier._parameter_constraints, **own}


@dataclass(kw_only=True, eq=False, repr=False)
class BaseLeadCropClassifier(BaseImageClassifier):
    """Base of the classifiers on lead crops.

    The parameters of each are the keyword arguments of its network in :mod:`skecg.networks`, whose
    defaults are the published ones.

    Parameters
    ----------
    width : int, default=16
        Filters of the first block; every further block has twice as many.
    n_blocks : int, default=4
        Blocks of convolution, ReLU and max pooling; each halves height and width.
    n_hidden : int, default=64
        Width of the dense layer before the last; the number of features of ``embed``.
    dropout : float, default=0.2
        Dropout before the dense layers.
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
