"""Classifier on VGG with attention to three of its depths."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from sklearn.utils._param_validation import StrOptions
from torch import nn

from ..networks import AttentionVGG
from ._images import PROBABILITY, SIZE, BaseImageClassifier, published_lead_recipe


@dataclass(kw_only=True, eq=False, repr=False)
class ECGAttentionVGGClassifier(BaseImageClassifier):
    """VGG with attention on images.

    Takes images of shape (n_samples, n_channels, height, width), channels first; (n_samples,
    height, width), one channel; or flattened, see ``image_shape``. Every size and number of
    channels works: the pools round up.

    The defaults have a quarter of the published filters; :meth:`published` gives the published
    network and recipe. The cost of a batch grows with height times width, and the first six
    convolutions work at full resolution: lead crops of 64 x 64 rather than whole sheets are what
    this network is for.

    Parameters
    ----------
    width : int, default=16
        Filters of the first block; the others have 2, 4, 8, 8 and 8 times as many.
    norm : {"batch", "group"} or None, default="batch"
        Normalisation after the convolutions. Batch statistics count every sample of a batch once,
        whatever its weight; with ``"group"`` a sample of weight 2 is as good as two samples.
    compatibility : {"additive", "dot"}, default="additive"
        Score of a position, see :class:`skecg.networks.AttentionVGG`.
    dropout : float, default=0.2
        Dropout before the dense layer.
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
    skecg.networks.AttentionVGG : The network.

    References
    ----------
    S. Jetley, N. A. Lord, N. Lee, P. H. S. Torr, "Learn to pay attention", ICLR 2018,
    arXiv:1804.02391.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg import ECGAttentionVGGClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.integers(0, 256, (20, 3, 32, 40), dtype=np.uint8)
    >>> y = np.arange(20) % 2
    >>> clf = ECGAttentionVGGClassifier(max_epochs=1, random_state=0).fit(X, y)
    >>> clf.predict_proba(X).shape
    (20, 2)
    """

    max_epochs: int = 40
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    width: int = 16
    norm: Literal["batch", "group"] | None = "batch"
    compatibility: Literal["additive", "dot"] = "additive"
    dropout: float = 0.2

    _parameter_constraints = {
        **BaseImageClassifier._parameter_constraints,
        "width": SIZE,
        "norm": [StrOptions({"batch", "group"}), None],
        "compatibility": [StrOptions({"additive", "dot"})],
        "dropout": PROBABILITY,
    }

    @classmethod
    def published(cls) -> ECGAttentionVGGClassifier:
        """Return the classifier as published (20,634,693 weights for 5 classes on 13 x 64 x 64).

        The recipe is Adamax with learning rate 0.001, halved after 10 and after 15 of 20 epochs,
        batches of 16 in one random order for all epochs, and gradients clipped to norm 10; the
        published images are 13 lead crops of 64 x 64 pixels.
        """
        return cls(
            width=64, norm="batch", compatibility="additive", dropout=0.0, **published_lead_recipe()
        )

    def _network_factory(
        self, image_shape: tuple[int, int, int], n_classes: int
    ) -> Callable[[], nn.Module]:
        return partial(
            AttentionVGG,
            image_shape,
            n_classes,
            width=self.width,
            norm=self.norm,
            compatibility=self.compatibility,
            dropout=self.dropout,
        )
