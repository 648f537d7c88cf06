"""Classifier on three-dimensional convolutions over lead crops."""

from __future__ import annotations

from dataclasses import dataclass

from ..networks import CNN3D
from ._lead_crops import BaseLeadCropClassifier, constraints_of


@dataclass(kw_only=True, eq=False, repr=False)
class ECGCNN3DClassifier(BaseLeadCropClassifier):
    """Three-dimensional convolutional network on images, their channels read as depth.

    Images of every size and with any number of channels work: fewer than 4 channels, rows or
    columns are padded to 4 with zeros at their end.

    The defaults have a quarter of the published filters; :meth:`published` gives the published
    network (3,903,109 weights for 5 classes on 13 x 64 x 64) and recipe.

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

    See Also
    --------
    skecg.networks.CNN3D : The network.

    References
    ----------
    P. Paul, "Heart condition classifier from ECG images",
    https://github.com/prantik-paul-99/Heart-Condition-Classifier-from-ECG-images.

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

    width: int = 16
    n_blocks: int = 5
    n_hidden: int = 128
    dropout: float = 0.2

    _network = CNN3D
    _parameter_constraints = constraints_of(CNN3D)
