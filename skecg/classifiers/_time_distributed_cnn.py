"""Classifier on one convolutional network that reads every slab of an image."""

from __future__ import annotations

from dataclasses import dataclass

from ..networks import TimeDistributedCNN
from ._lead_crops import BaseLeadCropClassifier, constraints_of


@dataclass(kw_only=True, eq=False, repr=False)
class ECGTimeDistributedCNNClassifier(BaseLeadCropClassifier):
    """One convolutional network on every slab of an image, and dense layers on all of them.

    Images of every size and with any number of channels work: the pools round up, and the last slab
    is padded with rows of zeros.

    The channels are stacked from top to bottom and the stack is cut into slabs. By default every
    channel is one, so that the network reads every lead by the same filters; the 8 published slabs
    cross the borders of 13 leads. :meth:`published` gives the published network (27,337,861 weights
    for 5 classes on 13 x 64 x 64) and recipe.

    Parameters
    ----------
    n_steps : int or None, default=None
        Slabs; None makes every channel one.

    See Also
    --------
    skecg.networks.TimeDistributedCNN : The network.

    References
    ----------
    P. Paul, "Heart condition classifier from ECG images",
    https://github.com/prantik-paul-99/Heart-Condition-Classifier-from-ECG-images.

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

    n_steps: int | None = None
    width: int = 16
    n_blocks: int = 4
    n_hidden: int = 64
    dropout: float = 0.2

    _network = TimeDistributedCNN
    _parameter_constraints = constraints_of(TimeDistributedCNN)
