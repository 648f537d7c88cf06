"""Classifier on three-dimensional convolutions over lead crops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import nn

from ..networks import CNN3D
from ._images import PROBABILITY, SIZE, BaseImageClassifier, published_lead_recipe


@dataclass(kw_only=True, eq=False, repr=False)
class ECGCNN3DClassifier(BaseImageClassifier):
    """Three-dimensional convolutional network on images, their channels read as depth.

    Takes images of shape (n_samples, n_channels, height, width), channels first; (n_samples,
    height, width), one channel; or flattened, see ``image_shape``. Every size and number of
    channels works: fewer than 4 channels, rows or columns are padded to 4 with zeros at their end.

    The defaults have a quarter of the published filters; :meth:`published` gives the published
    network and recipe.

    Parameters
    ----------
    width : int, default=16
        Filters of the first block; the next ones have 2, 4, 8 and 8 times as many.
    n_blocks : int, default=5
        Blocks of convolution, ReLU and max pooling; each halves depth, height and width.
    n_hidden : int, default=128
        Width of the first dense layer; the second, whose outputs ``embed`` returns, is half as
        wide.
    dropout : float, default=0.2
        Dropout before every dense layer.
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
    skecg.networks.CNN3D : The network.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg import ECGCNN3DClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.integers(0, 256, (20, 3, 32, 40), dtype=np.uint8)
    >>> y = np.arange(20) % 2
    >>> clf = ECGCNN3DClassifier(max_epochs=1, random_state=0).fit(X, y)
    >>> clf.predict_proba(X).shape
    (20, 2)
    """

    max_epochs: int = 40
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    width: int = 16
    n_blocks: int = 5
    n_hidden: int = 128
    dropout: float = 0.2

    _parameter_constraints = {
        **BaseImageClassifier._parameter_constraints,
        "width": SIZE,
        "n_blocks": SIZE,
        "n_hidden": SIZE,
        "dropout": PROBABILITY,
    }

    @classmethod
    def published(cls) -> ECGCNN3DClassifier:
        """Return the classifier as published (3,903,109 weights for 5 classes on 13 x 64 x 64).

        The recipe is Adamax with learning rate 0.001, halved after 10 and after 15 of 20 epochs,
        batches of 16 in one random order for all epochs, and gradients clipped to norm 10; the
        published images are 13 lead crops of 64 x 64 pixels.
        """
        return cls(width=64, n_blocks=5, n_hidden=128, dropout=0.0, **published_lead_recipe())

    def _network_factory(
        self, image_shape: tuple[int, int, int], n_classes: int
    ) -> Callable[[], nn.Module]:
        return partial(
            CNN3D,
            image_shape,
            n_classes,
            width=self.width,
            n_blocks=self.n_blocks,
            n_hidden=self.n_hidden,
            dropout=self.dropout,
        )
