"""Classifier on two-dimensional convolutions over lead crops."""

from __future__ import annotations

from dataclasses import dataclass

from ..networks import CNN2D
from ._images import PROBABILITY, SIZE
from ._lead_crops import BaseLeadCropClassifier


@dataclass(kw_only=True, eq=False, repr=False)
class ECGCNN2DClassifier(BaseLeadCropClassifier):
    """Convolutional network on images.

    Takes images of shape (n_samples, n_channels, height, width), channels first; (n_samples,
    height, width), one channel; or flattened, see ``image_shape``. Every size and number of
    channels works: the pools round up.

    The defaults have a quarter of the published filters, twice its blocks and dropout, since dense
    layers on large feature maps learn a few hundred images by heart; :meth:`published` gives the
    published network (2,178,949 weights for 5 classes on 13 x 64 x 64) and recipe.

    Parameters
    ----------
    width : int, default=16
        Filters of the first block; every further block has twice as many.
    n_blocks : int, default=4
        Blocks of convolution, ReLU and max pooling; each halves height and width.
    n_hidden : int, default=64
        Width of the dense layer before the last; the number of features of ``embed``.
    dropout : float, default=0.2
        Dropout before both dense layers.

    Notes
    -----
    All parameters are keywords. Those of training are described in :class:`TrainingParameters`,
    ``image_shape`` and ``scale`` in :class:`BaseImageClassifier`.

    See Also
    --------
    BaseECGClassifier : The common attributes and methods.
    skecg.networks.CNN2D : The network.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg import ECGCNN2DClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.integers(0, 256, (20, 3, 32, 40), dtype=np.uint8)
    >>> y = np.arange(20) % 2
    >>> clf = ECGCNN2DClassifier(max_epochs=1, random_state=0).fit(X, y)
    >>> clf.predict_proba(X).shape
    (20, 2)
    """

    width: int = 16
    n_blocks: int = 4
    n_hidden: int = 64
    dropout: float = 0.2

    _parameter_constraints = {
        **BaseLeadCropClassifier._parameter_constraints,
        "width": SIZE,
        "n_blocks": SIZE,
        "n_hidden": SIZE,
        "dropout": PROBABILITY,
    }

    _network = CNN2D
