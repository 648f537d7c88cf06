"""The score of several labels at once that the PTB-XL benchmark reports."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import make_scorer
from sklearn.utils import check_array

from .._compat import check_sample_weight


def fmax_score(
    y_true: ArrayLike, y_score: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> float:
    """Sample-centric Fmax: the best F1 of mean precision and mean recall over all thresholds.

    For each threshold, the labels with a score of at least the threshold are predicted. Precision
    is the share of a sample's predicted labels that it has, averaged over the samples with at
    least one predicted label; recall is the share of a sample's labels that are predicted,
    averaged over the samples that have a label. Fmax is the largest harmonic mean of the two.

    Parameters
    ----------
    y_true : array-like of shape (n_samples, n_labels)
        1 where a sample has the label, else 0.
    y_score : array-like of shape (n_samples, n_labels)
        Probabilities or any other scores; only their order counts, over all labels together.
    sample_weight : array-like of shape (n_samples,), default=None
        Weight of each sample.

    Returns
    -------
    score : float
        From 0 to 1.

    Raises
    ------
    ValueError
        If an array is not of two dimensions or has NaN, the shapes differ, `y_true` has other
        values than 0 and 1, or no sample has a label.

    See Also
    --------
    fmax_scorer : Scorer of this metric for ``scoring=``.
    sklearn.metrics.roc_auc_score : With ``average="macro"``, the other score of the benchmark; a
        label that all samples have, or none, makes it NaN: leave such labels out.

    Notes
    -----
    The threshold is chosen on the samples that are scored, so Fmax says how well one threshold
    can do, not how well a threshold chosen on other samples does. Every score is tried as a
    threshold, where the benchmark takes steps: the maximum is at least as large.

    References
    ----------
    N. Strodthoff, P. Wagner, T. Schaeffter, W. Samek, "Deep learning for ECG analysis: benchmarks
    and insights from PTB-XL", IEEE JBHI 25(5), 2021, doi:10.1109/JBHI.2020.3022989, which takes it
    from P. Radivojac et al., "A large-scale evaluation of computational protein function
    prediction", Nature Methods 10, 2013, doi:10.1038/nmeth.2340.

    Examples
    --------
    >>> from skecg.metrics import fmax_score
    >>> y_true = [[1, 0, 0], [0, 1, 0], [1, 0, 1]]
    >>> y_score = [[0.9, 0.1, 0.2], [0.4, 0.6, 0.0], [0.5, 0.3, 0.3]]
    >>> round(fmax_score(y_true, y_score), 4)
    0.9091
    """
    y, scores = _checked(y_true, y_score)
    weights = check_sample_weight(sample_weight, y, dtype=np.float64, ensure_non_negative=True)
    n_samples, n_labels = y.shape
    # As the threshold falls, labels are called one after another; each changes the precision and
    # the recall of its own sample.
    by_sample = np.argsort(-scores, axis=1, kind="stable")
    hits = np.take_along_axis(y, by_sample, axis=1)
    precision = hits.cumsum(1) / np.arange(1, n_labels + 1)
    first = np.zeros((n_samples, n_labels))
    first[:, 0] = 1
    recall = hits / np.maximum(y.sum(1, keepdims=True), 1)
    steps = (np.diff(precision, axis=1, prepend=0), first, recall)
    falling = -np.take_along_axis(scores, by_sample, axis=1).ravel()
    order = np.argsort(falling, kind="stable")
    precisions, n_called, recalls = (
        (step * weights[:, np.newaxis]).ravel()[order].cumsum() for step in steps
    )
    # Equal scores are called together: after the last of them.
    last = np.append(np.diff(falling[order]) > 0, True) & (n_called > 0)
    mean_precision = precisions[last] / n_called[last]
    mean_recall = recalls[last] / weights[y.any(1)].sum()
    total = mean_precision + mean_recall
    f1 = 2 * mean_precision * mean_recall / np.where(total > 0, total, 1)
    return float(np.clip(f1.max(), 0, 1))


def fmax_scorer() -> Callable:
    """Make a scorer of the sample-centric Fmax for ``scoring=``.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y, sample_weight=None)``, for classifiers whose
        ``decision_function`` or ``predict_proba`` has one column for each label. Of exactly two
        labels it needs ``decision_function``, since scikit-learn takes two columns of
        probabilities for those of two classes.

    See Also
    --------
    fmax_score : The metric.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import cross_val_score
    >>> from skecg import ECGResidualCNNClassifier
    >>> from skecg.metrics import fmax_scorer
    >>> X = np.random.default_rng(0).normal(size=(60, 20))
    >>> Y = (X[:, :3] > -0.5).astype(int)
    >>> Y[:, 0] = 1
    >>> clf = ECGResidualCNNClassifier(max_epochs=1, n_filters=4, n_blocks=1, random_state=0)
    >>> bool((cross_val_score(clf, X, Y, scoring=fmax_scorer(), cv=3) > 0.5).all())
    True
    """
    return make_scorer(fmax_score, response_method=("decision_function", "predict_proba"))


def _checked(y_true: ArrayLike, y_score: ArrayLike) -> tuple[NDArray, NDArray]:
    y = check_array(y_true, input_name="y_true", accept_sparse="csr", dtype=None)
    y = y.toarray() if hasattr(y, "toarray") else y
    scores = check_array(y_score, input_name="y_score", dtype=np.float64)
    if y.shape != scores.shape:
        raise ValueError(
            f"y_true and y_score must have the same shape; got {y.shape} and {scores.shape}"
        )
    wrong = y[(y != 0) & (y != 1)]
    if len(wrong):
        raise ValueError(f"y_true must have only 0 and 1; got {wrong[:3].tolist()}")
    y = y.astype(np.float64)
    if not y.any():
        raise ValueError("Fmax needs a sample with a label; got a y_true where no sample has one")
    return y, scores
