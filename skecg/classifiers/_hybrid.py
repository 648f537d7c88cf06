"""Classifier on convolutions and an LSTM with attention over lead crops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..networks import Hybrid
from ._lead_crops import BaseLeadCropClassifier, constraints_of


@dataclass(kw_only=True, eq=False, repr=False)
class ECGHybridClassifier(BaseLeadCropClassifier):
    """Convolutions, then an LSTM with attention, on images.

    Images of every size and with any number of channels work: the pools round up.

    As published, the LSTM reads the feature maps one after the other, row by row: 2,048 steps of 16
    values on images of 64 x 64. The defaults read all maps column by column, 16 steps along the
    time axis of the paper, and have a quarter of the filters; :meth:`published` gives the published
    network (206,666 weights for 5 classes on 13 x 64 x 64) and recipe.

    Parameters
    ----------
    sequence : {"columns", "rows"}, default="columns"
        What a step of the LSTM reads: one column of all feature maps, or one row of one map.
    n_recurrent : int, default=128
        Size of the LSTM's state.
    n_summary : int or None, default=32
        Outputs of the LSTM with attention, which the dense layers read; None, as published, makes
        them as many as the classes, too few to pass on much.
    dropout : float, default=0.2
        Dropout before the last dense layer.

    See Also
    --------
    skecg.networks.Hybrid : The network.

    References
    ----------
    P. Paul, "Heart condition classifier from ECG images",
    https://github.com/prantik-paul-99/Heart-Condition-Classifier-from-ECG-images.

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

    _network = Hybrid
    _parameter_constraints = constraints_of(Hybrid)
