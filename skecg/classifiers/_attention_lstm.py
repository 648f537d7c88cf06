"""Classifier on an LSTM with attention over the rows of lead crops."""

from __future__ import annotations

from dataclasses import dataclass

from ..networks import AttentionLSTM
from ._lead_crops import BaseLeadCropClassifier, constraints_of


@dataclass(kw_only=True, eq=False, repr=False)
class ECGAttentionLSTMClassifier(BaseLeadCropClassifier):
    """LSTM with attention that reads images row by row.

    Images of every size and with any number of channels work: a last step of fewer rows is padded
    with zeros.

    The channels are stacked from top to bottom. The defaults read four rows at a time, since 832
    steps of one row (13 channels of 64) are slow and hard to learn; :meth:`published` gives the
    published network (149,125 weights for 5 classes on 13 x 64 x 64) and recipe.

    Parameters
    ----------
    rows_per_step : int, default=4
        Rows that make up one step of the LSTM.
    n_hidden : int, default=128
        Size of the LSTM's state; also the number of features that ``embed`` returns.

    See Also
    --------
    skecg.networks.AttentionLSTM : The network.

    References
    ----------
    P. Paul, "Heart condition classifier from ECG images",
    https://github.com/prantik-paul-99/Heart-Condition-Classifier-from-ECG-images.

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

    rows_per_step: int = 4
    n_hidden: int = 128

    _network = AttentionLSTM
    _parameter_constraints = constraints_of(AttentionLSTM)
