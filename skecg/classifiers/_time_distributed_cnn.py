"""Classifier on one convolutional network that reads every slab of an image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import nn

from ..networks import TimeDistributedCNN
from ._images import PROBABILITY, SIZE, BaseImageClassifier, published_lead_recipe


@dataclass(kw_only=True, eq=False, repr=False)
class ECGTimeDistributedCNNClassifier(BaseImageClassifier):
    """One convolutional network on every slab of an image, and dense layers on all of them.

    Takes images of shape (n_samples, n_channels, height, width), channels first; (n_samples,
    height, width), one channel; or flattened, see ``image_shape``. Every size and number of
    channels works: the pools round up, and the last slab is padded with rows of zeros.

    The channels are stacked from top to bottom and the stack is cut into slabs. By default every
    channel is one, so that the network reads every lead by the same filters; the 8 published slabs
    cross the borders of 13 leads. :meth:`published` gives the published network and recipe.

    Parameters
    ----------
    n_steps : int or None, default=None
        Slabs; None makes every channel one.
    width : int, default=16
        Filters of the first block; every further block has twice as many.
    n_blocks : int, default=4
        Blocks of convolution, ReLU and max pooling; each halves height and width.
    n_hidden : int, default=64
        Width of the dense layer before the last; the number of features of ``embed``.
    dropout : float, default=0.2
        Dropout before both dense layers.
    image_shape : tuple (n_channels, height, width) or None, default=None
        Shape of the images where X has them flattened, one a row; None reads a row as an image of
        one pixel's height.
    scale : {"standardize", "unit"} or None, default="standardize"
        Subtract the training images' one mean and divide by their one standard deviation; or
        divide bytes by 255 and leave other types; or leave all. Done inside the network.

    Notes
    -----
    All parameters are keywords. Those that every classifier has are described in
    :class:`TrainingParameters`; the defaults here are 40 epochs of batches of 32 with
    AdamW, learning rate 0.001 in one cycle and weight decay 0.05.

    See Also
    --------
    BaseECGClassifier : The common attributes and methods.
    skecg.networks.TimeDistributedCNN : The network.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg import ECGTimeDistributedCNNClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.integers(0, 256, (20, 3, 32, 40), dtype=np.uint8)
    >>> y = np.arange(20) % 2
    >>> clf = ECGTimeDistributedCNNClassifier(max_epochs=1, random_state=0).fit(X, y)
    >>> clf.predict_proba(X).shape
    (20, 2)
    """

    max_epochs: int = 40
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    n_steps: int | None = None
    width: int = 16
    n_blocks: int = 4
    n_hidden: int = 64
    dropout: float = 0.2

    _parameter_constraints = {
        **BaseImageClassifier._parameter_constraints,
        "n_steps": [*SIZE, None],
        "width": SIZE,
        "n_blocks": SIZE,
        "n_hidden": SIZE,
        "dropout": PROBABILITY,
    }

    @classmethod
    def published(cls) -> ECGTimeDistributedCNNClassifier:
        """Return the classifier as published (27,337,861 weights for 5 classes on 13 x 64 x 64).

        The recipe is Adamax with learning rate 0.001, halved after 10 and after 15 of 20 epochs,
        batches of 16 in one random order for all epochs, and gradients clipped to norm 10; the
        published images are 13 lead crops of 64 x 64 pixels.
        """
        return cls(
            n_steps=8, width=64, n_blocks=2, n_hidden=64, dropout=0.0, **published_lead_recipe()
        )

    def _network_factory(
        self, image_shape: tuple[int, int, int], n_classes: int
    ) -> Callable[[], nn.Module]:
        return partial(
            TimeDistributedCNN,
            image_shape,
            n_classes,
            n_steps=self.n_steps,
            width=self.width,
            n_blocks=self.n_blocks,
            n_hidden=self.n_hidden,
            dropout=self.dropout,
        )
