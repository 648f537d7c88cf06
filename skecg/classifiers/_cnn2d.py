"""Classifier on two-dimensional convolutions over lead crops."""

from __future__ import annotations

from dataclasses import dataclass

from ..networks import CNN2D
from ._lead_crops import BaseLeadCropClassifier, constraints_of


@dataclass(kw_only=True, eq=False, repr=False)
class ECGCNN2DClassifier(BaseLeadCropClassifier):
    """Convolutional network on images.

    Images of every size and with any number of channels work: the pools round up.

    The defaults have a quarter of the published filters, twice its blocks and dropout, since dense
    layers on large feature maps learn a few hundred images by heart; :meth:`published` gives the
    published network (2,178,949 weights for 5 classes on 13 x 64 x 64) and recipe.

    See Also
    --------
    skecg.networks.CNN2D : The network.

    References
    ----------
    P. Paul, "Heart condition classifier from ECG images",
    https://github.com/prantik-paul-99/Heart-Condition-Classifier-from-ECG-images.

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

    _network = CNN2D
    _parameter_constraints = constraints_of(CNN2D)
