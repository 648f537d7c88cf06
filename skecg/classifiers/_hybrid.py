"""Classifier on convolutions and an LSTM with attention over lead crops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from sklearn.utils._param_validation import StrOptions
from torch import nn

from ..networks import Hybrid
from ._images import PROBABILITY, SIZE, BaseImageClassifier, published_lead_recipe


@dataclass(kw_only=True, eq=False, repr=False)
class ECGHybridClassifier(BaseImageClassifier):
    """Convolutions, then an LSTM with attention, on images.

    Takes images of shape (n_samples, n_channels, height, width), channels first; (n_samples,
    height, width), one channel; or flattened, see ``image_shape``. Every size and number of
    channels works: the pools round up.

    As published, the LSTM reads the feature maps one after the other, row by row: 2,048 steps of 16
    values on images of 64 x 64. The defaults read all maps column by column, 16 steps along the
    time axis of the paper, and have a quarter of the filters; :meth:`published` gives the published
    network and recipe.

    Parameters
    ----------
    width : int, default=16
        Filters of the first block; every further block has twice as many.
    n_blocks : int, default=2
        Blocks of convolution, ReLU and max pooling; each halves height and width.
    sequence : {"columns", "rows"}, default="columns"
        What a step of the LSTM reads: one column of all feature maps, or one row of one map.
    n_recurrent : int, default=128
        Size of the LSTM's state.
    n_summary : int or None, default=32
        Outputs of the LSTM with attention, which the dense layers read; None, as published, makes
        them as many as the classes, too few to pass on much.
    n_hidden : int, default=64
        Width of the dense layer before the last; the number of features of ``embed``.
    dropout : float, default=0.2
        Dropout before the last dense layer.
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
    skecg.networks.Hybrid : The network.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg import ECGHybridClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.integers(0, 256, (20, 3, 32, 40), dtype=np.uint8)
    >>> y = np.arange(20) % 2
    >>> clf = ECGHybridClassifier(max_epochs=1, random_state=0).fit(X, y)
    >>> clf.predict_proba(X).shape
    (20, 2)
    """

    max_epochs: int = 40
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    width: int = 16
    n_blocks: int = 2
    sequence: Literal["rows", "columns"] = "columns"
    n_recurrent: int = 128
    n_summary: int | None = 32
    n_hidden: int = 64
    dropout: float = 0.2

    _parameter_constraints = {
        **BaseImageClassifier._parameter_constraints,
        "width": SIZE,
        "n_blocks": SIZE,
        "sequence": [StrOptions({"rows", "columns"})],
        "n_recurrent": SIZE,
        "n_summary": [*SIZE, None],
        "n_hidden": SIZE,
        "dropout": PROBABILITY,
    }

    @classmethod
    def published(cls) -> ECGHybridClassifier:
        """Return the classifier as published (206,666 weights for 5 classes on 13 x 64 x 64).

        The recipe is Adamax with learning rate 0.001, halved after 10 and after 15 of 20 epochs,
        batches of 16 in one random order for all epochs, and gradients clipped to norm 10; the
        published images are 13 lead crops of 64 x 64 pixels.
        """
        return cls(
            width=64,
            n_blocks=2,
            sequence="rows",
            n_recurrent=128,
            n_summary=None,
            n_hidden=64,
            dropout=0.0,
            **published_lead_recipe(),
        )

    def _network_factory(
        self, image_shape: tuple[int, int, int], n_classes: int
    ) -> Callable[[], nn.Module]:
        return partial(
            Hybrid,
            image_shape,
            n_classes,
            width=self.width,
            n_blocks=self.n_blocks,
            sequence=self.sequence,
            n_recurrent=self.n_recurrent,
            n_summary=self.n_summary,
            n_hidden=self.n_hidden,
            dropout=self.dropout,
        )
