"""Scores of heartbeat classification."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .._limits import in_range
from . import _counts


def sensitivity_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    label: str | int,
    sample_weight: ArrayLike | None = None,
    target_names: Sequence[str] | None = None,
    zero_division: float = np.nan,
) -> float:
    """Sensitivity (Se, recall) of one AAMI class: the fraction of its beats that are detected.

    Same as :func:`sklearn.metrics.recall_score` with ``labels=[label], average="macro"``, except
    that names and codes can be mixed and that an undefined value is NaN by default.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_beats,)
        True and predicted classes: the names N, S, V, F, Q or integer codes.
    label : str or int
        The class to score, as a name or a code.
    sample_weight : array-like of shape (n_beats,), default=None
        Weight of each beat.
    target_names : sequence of str, default=None
        The AAMI class of code 0, 1, ... If None, N, S, V, F, Q, as the loaders encode them.
    zero_division : float, default=np.nan
        Value returned if `y_true` has no beats of the class.

    Returns
    -------
    score : float
        TP / (TP + FN) over all beats.

    Raises
    ------
    ValueError
        If a label is not an AAMI class, the lengths differ, or there are no beats.

    See Also
    --------
    sensitivity_scorer : Scorer of this metric for ``scoring=``.

    Examples
    --------
    >>> from skecg.metrics import sensitivity_score
    >>> sensitivity_score(["N", "V", "V", "S"], ["N", "V", "N", "V"], label="V")
    0.5
    >>> sensitivity_score([0, 2, 2, 1], [0, 2, 0, 2], label="V")
    0.5
    """
    scored = _counts.encode_classes([label], "label", target_names)[0]
    matrix = _counts.confusion(y_true, y_pred, sample_weight, target_names)
    score = _counts.sensitivity(_counts.outcomes(matrix, "one-vs-rest"))[scored]
    with in_range("zero_division"):
        return float(zero_division if np.isnan(score) else score)


def positive_predictivity_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    label: str | int,
    sample_weight: ArrayLike | None = None,
    target_names: Sequence[str] | None = None,
    convention: str = "one-vs-rest",
    zero_division: float = np.nan,
) -> float:
    """Positive predictivity (+P, precision) of one AAMI class.

    The fraction of the beats predicted as the class that belong to it. With the default
    `convention`, same as :func:`sklearn.metrics.precision_score` with
    ``labels=[label], average="macro"``, except that names and codes can be mixed and that an
    undefined value is NaN by default.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_beats,)
        True and predicted classes: the names N, S, V, F, Q or integer codes.
    label : str or int
        The class to score, as a name or a code.
    sample_weight : array-like of shape (n_beats,), default=None
        Weight of each beat.
    target_names : sequence of str, default=None
        The AAMI class of code 0, 1, ... If None, N, S, V, F, Q, as the loaders encode them.
    convention : {"one-vs-rest", "ec57"}, default="one-vs-rest"
        Definition of a false positive, see `aami_report`.
    zero_division : float, default=np.nan
        Value returned if the class has neither true nor false positives.

    Returns
    -------
    score : float
        TP / (TP + FP) over all beats.

    Raises
    ------
    ValueError
        If a label is not an AAMI class, the lengths differ, there are no beats, or `convention`
        is unknown.

    See Also
    --------
    positive_predictivity_scorer : Scorer of this metric for ``scoring=``.

    Examples
    --------
    A fusion beat classified as V is a false positive of V by default, but not in EC57:

    >>> from skecg.metrics import positive_predictivity_score
    >>> y_true, y_pred = ["N", "V", "V", "F"], ["N", "V", "V", "V"]
    >>> round(positive_predictivity_score(y_true, y_pred, label="V"), 3)
    0.667
    >>> positive_predictivity_score(y_true, y_pred, label="V", convention="ec57")
    1.0
    """
    scored = _counts.encode_classes([label], "label", target_names)[0]
    matrix = _counts.confusion(y_true, y_pred, sample_weight, target_names)
    score = _counts.positive_predictivity(_counts.outcomes(matrix, convention))[scored]
    with in_range("zero_division"):
        return float(zero_division if np.isnan(score) else score)


def j_kappa_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    target_names: Sequence[str] | None = None,
    convention: str = "one-vs-rest",
    zero_division: float = np.nan,
) -> float:
    r"""J-kappa index of Mar et al.: Cohen's kappa combined with the j index of S and V.

    .. math:: j\kappa = \frac{1}{2} \kappa + \frac{1}{8} j, \qquad
              j = Se_S + Se_V + {+P}_S + {+P}_V

    The index is 1 for a perfect classifier. Unlike accuracy, it is 0 for a classifier that
    predicts every beat as normal (with ``zero_division=0``).

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_beats,)
        True and predicted classes: the names N, S, V, F, Q or integer codes. Kappa is computed
        over all classes that occur; most published values are for N, S, V, F without Q.
    sample_weight : array-like of shape (n_beats,), default=None
        Weight of each beat.
    target_names : sequence of str, default=None
        The AAMI class of code 0, 1, ... If None, N, S, V, F, Q, as the loaders encode them.
    convention : {"one-vs-rest", "ec57"}, default="one-vs-rest"
        Definition of a false positive in :math:`{+P}`, see `aami_report`.
    zero_division : float, default=np.nan
        Value used for each of the five parts that is undefined: the sensitivity of a class
        without beats, the positive predictivity of a class that is never predicted, and kappa if
        all beats belong to one class and are all predicted as it.

    Returns
    -------
    score : float
        The index, at most 1.

    Raises
    ------
    ValueError
        If a label is not an AAMI class, the lengths differ, there are no beats, or `convention`
        is unknown.

    See Also
    --------
    j_kappa_scorer : Scorer of this metric for ``scoring=``.

    References
    ----------
    .. [1] T. Mar, S. Zaunseder, J. P. Martinez, M. Llamedo, R. Poll, "Optimization of ECG
       classification by means of feature selection", IEEE Trans. Biomed. Eng. 58(8), 2168-2177,
       2011. https://doi.org/10.1109/TBME.2011.2113395

    Examples
    --------
    >>> from skecg.metrics import j_kappa_score
    >>> j_kappa_score(["N", "N", "S", "V"], ["N", "N", "S", "V"])
    1.0
    >>> j_kappa_score(["N", "N", "S", "V"], ["N", "N", "N", "N"], zero_division=0)
    0.0
    """
    matrix = _counts.confusion(y_true, y_pred, sample_weight, target_names)
    counts = _counts.outcomes(matrix, convention)
    kappa = _counts.kappa(matrix)
    kappa = zero_division if np.isnan(kappa) else kappa
    return float(kappa / 2 + _counts.j_index(counts, zero_division) / 8)
