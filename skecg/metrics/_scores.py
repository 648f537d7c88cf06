"""Single figures of merit for heartbeat classification."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

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
    """Sensitivity (Se, recall) of one AAMI class: the share of its beats that are found.

    The same as :func:`sklearn.metrics.recall_score` with ``labels=[label], average="macro"``,
    except that names and codes may be mixed and that an undefined value is NaN unless asked.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_beats,)
        True and predicted classes: the names N, S, V, F, Q or integer codes.
    label : str or int
        The class to score, as name or as code.
    sample_weight : array-like of shape (n_beats,), default=None
        Weight of every beat.
    target_names : sequence of str, default=None
        The AAMI class of code 0, 1, ...; None is N, S, V, F, Q, as the loaders code them.
    zero_division : float, default=np.nan
        Value if `y_true` has no beat of the class.

    Returns
    -------
    score : float
        TP / (TP + FN) over all beats together.

    Raises
    ------
    ValueError
        If a label is no AAMI class, the lengths differ, or there is no beat.

    See Also
    --------
    sensitivity_scorer : The same for ``scoring=``.

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
    """Positive predictivity (+P, precision) of one AAMI class: how often its call is right.

    With the default `convention` the same as :func:`sklearn.metrics.precision_score` with
    ``labels=[label], average="macro"``, except that names and codes may be mixed and that an
    undefined value is NaN unless asked.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_beats,)
        True and predicted classes: the names N, S, V, F, Q or integer codes.
    label : str or int
        The class to score, as name or as code.
    sample_weight : array-like of shape (n_beats,), default=None
        Weight of every beat.
    target_names : sequence of str, default=None
        The AAMI class of code 0, 1, ...; None is N, S, V, F, Q, as the loaders code them.
    convention : {"one-vs-rest", "ec57"}, default="one-vs-rest"
        What counts as a false positive, see `aami_report`.
    zero_division : float, default=np.nan
        Value if no call of the class counts.

    Returns
    -------
    score : float
        TP / (TP + FP) over all beats together.

    Raises
    ------
    ValueError
        If a label is no AAMI class, the lengths differ, there is no beat, or `convention` is
        unknown.

    See Also
    --------
    positive_predictivity_scorer : The same for ``scoring=``.

    Examples
    --------
    A fusion beat called V is an error, but not one that EC57 holds against V:

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
    r"""Combine Cohen's kappa with how well S and V are found: the index of Mar et al.

    .. math:: j\kappa = \frac{1}{2} \kappa + \frac{1}{8} j, \qquad
              j = Se_S + Se_V + {+P}_S + {+P}_V

    It is 1 for a perfect classifier and unlike the accuracy cannot be had by calling every beat
    normal: that gives 0.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_beats,)
        True and predicted classes: the names N, S, V, F, Q or integer codes. Kappa runs over all
        classes that occur; most published values are for N, S, V, F without Q.
    sample_weight : array-like of shape (n_beats,), default=None
        Weight of every beat.
    target_names : sequence of str, default=None
        The AAMI class of code 0, 1, ...; None is N, S, V, F, Q, as the loaders code them.
    convention : {"one-vs-rest", "ec57"}, default="one-vs-rest"
        What counts as a false positive in :math:`{+P}`, see `aami_report`.
    zero_division : float, default=np.nan
        Value of each of the five parts that is undefined: the sensitivity of a class without
        beats, the positive predictivity of one that is never predicted, and kappa where all
        beats are of one class and called so.

    Returns
    -------
    score : float
        The index, at most 1.

    Raises
    ------
    ValueError
        If a label is no AAMI class, the lengths differ, there is no beat, or `convention` is
        unknown.

    See Also
    --------
    j_kappa_scorer : The same for ``scoring=``.

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
