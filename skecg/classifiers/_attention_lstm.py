"""Classifier on an LSTM with attention over the rows of lead crops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import nn

from ..networks import AttentionLSTM
from ._images import SIZE, BaseImageClassifier, published_lead_recipe


@dataclass(kw_only=True, eq=False, repr=False)
class ECGAttentionLSTMClassifier(BaseImageClassifier):
    """LSTM with attention that reads images row by row.

    Takes images of shape (n_samples, n_channels, height, width), channels first; (n_samples,
    height, width), one channel; or flattened, see ``image_shape``. Every size and number of
    channels works: a last step of fewer rows is padded with zeros.

    The channels are stacked from top to bottom. The defaults read four rows at a time, since 832
    steps of one row (13 channels of 64) are slow and hard to learn; :meth:`published` gives the
    published network and recipe.

    Parameters
    ----------
    rows_per_step : int, default=4
        Rows that make up one step of the LSTM.
    n_hidden : int, default=128
        Size of the LSTM's state; also the number of features that ``embed`` returns.
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
    skecg.networks.AttentionLSTM : The network.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg import ECGAttentionLSTMClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.integers(0, 256, (20, 3, 32, 40), dtype=np.uint8)
    >>> y = np.arange(20) % 2
    >>> clf = ECGAttentionLSTMClassifier(max_epochs=1, random_state=0).fit(X, y)
    >>> clf.predict_proba(X).shape
    (20, 2)
    """

    max_epochs: int = 40
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    rows_per_step: int = 4
    n_hidden: int = 128

    _parameter_constraints = {
        **BaseImageClassifier._parameter_constraints,
        "rows_per_step": SIZE,
        "n_hidden": SIZE,
    }

    @classmethod
    def published(cls) -> ECGAttentionLSTMClassifier:
        """Return the classifier as published (149,125 weights for 5 classes on 13 x 64 x 64).

        The recipe is Adamax with learning rate 0.001, halved after 10 and after 15 of 20 epochs,
        batches of 16 in one random order for all epochs, and gradients clipped to norm 10; the
        published images are 13 lead crops of 64 x 64 pixels.
        """
        return cls(rows_per_step=1, n_hidden=128, **published_lead_recipe())

    def _network_factory(
        self, image_shape: tuple[int, int, int], n_classes: int
    ) -> Callable[[], nn.Module]:
        return partial(
            AttentionLSTM,
            image_shape,
            n_classes,
            rows_per_step=self.rows_per_step,
            n_hidden=self.n_hidden,
        )
