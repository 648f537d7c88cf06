"""Classifier on VGG with attention to three of its depths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..networks import AttentionVGG
from ._lead_crops import BaseLeadCropClassifier, constraints_of


@dataclass(kw_only=True, eq=False, repr=False)
class ECGAttentionVGGClassifier(BaseLeadCropClassifier):
    """VGG with attention on images.

    Images of every size and with any number of channels work: the pools round up.

    The defaults have a quarter of the published filters; :meth:`published` gives the published
    network (20,634,693 weights for 5 classes on 13 x 64 x 64) and recipe. The cost of a batch grows
    with height times width, and the first six convolutions work at full resolution: lead crops of
    64 x 64 rather than whole sheets are what this network is for.

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

    Notes
    -----
    The default is 20 epochs: one costs as much as thirty of :class:`ECGCNN2DClassifier`. On the 491
    published sheets, 40 with ``augment`` reach a macro-F1 of 0.805, and the default 0.751.

    See Also
    --------
    skecg.networks.AttentionVGG : The network.
    skecg.TraceReader : Reads the traces as signals; a forest on :func:`skecg.signal.lead_numbers`
        of them is better on the published sheets, see ``benchmarks/results/traces.md``.

    References
    ----------
    S. Jetley, N. A. Lord, N. Lee, P. H. S. Torr, "Learn to pay attention", ICLR 2018,
    arXiv:1804.02391.
    P. Paul, "Heart condition classifier from ECG images",
    https://github.com/prantik-paul-99/Heart-Condition-Classifier-from-ECG-images.

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

    max_epochs: int = 20
    width: int = 16
    norm: Literal["batch", "group"] | None = "batch"
    compatibility: Literal["additive", "dot"] = "additive"
    dropout: float = 0.2

    _network = AttentionVGG
    _parameter_constraints = constraints_of(AttentionVGG)
