"""Classifier on convolutions and an LSTM with attention over lead crops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .._compat import StrOptions
from ..networks import Hybrid
from ._images import PROBABILITY, SIZE
from ._lead_crops import BaseLeadCropClassifier


@dataclass(kw_only=True, eq=False, repr=False)
class ECGHybridClassifier(BaseLeadCropClassifier):
    """Convolutions, then an LSTM with attention, on images.

    Takes images of shape (n_samples, n_channels, height, width), channels first; (n_samples,
    height, width), one channel; or flattened, see ``image_shape``. Every size and number of
    channels works: the pools round up.

    As published, the LSTM reads the feature maps one after the other, row by row: 2,048 steps of 16
    values on images of 64 x 64. The defaults read all maps column by column, 16 steps along the
    time axis of the paper, and have a quarter of the filters; :meth:`published` gives the published
    network (206,666 weights for 5 classes on 13 x 64 x 64) and recipe.

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

    Notes
    -----
    All parameters are keywords. Those of training are described in :class:`TrainingParameters`,
    ``image_shape`` and ``scale`` in :class:`BaseImageClassifier`.

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

    width: int = 16
    n_blocks: int = 2
    sequence: Literal["rows", "columns"] = "columns"
    n_recurrent: int = 128
    n_summary: int | None = 32
    n_hidden: int = 64
    dropout: float = 0.2

    _parameter_constraints = {
        **BaseLeadCropClassifier._parameter_constraints,
        "width": SIZE,
        "n_blocks": SIZE,
        "sequence": [StrOptions({"rows", "columns"})],
        "n_recurrent": SIZE,
        "n_summary": [*SIZE, None],
        "n_hidden": SIZE,
        "dropout": PROBABILITY,
    }

    _network = Hybrid
