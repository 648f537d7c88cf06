"""Scorers for the `scoring` parameter of scikit-learn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.metrics import make_scorer

from . import _counts
from ._scores import j_kappa_score, positive_predictivity_score, sensitivity_score


def sensitivity_scorer(
    label: str | int,
    *,
    target_names: Sequence[str] | None = None,
    zero_division: float = np.nan,
) -> Callable:
    """Make a scorer of the sensitivity of one AAMI class for ``scoring=``.

    Parameters
    ----------
    label : str or int
        The class to score, as a name or a code. A name works for classifiers fitted on names and
        for classifiers fitted on codes.
    target_names : sequence of str, default=None
        The AAMI class of code 0, 1, ... If None, N, S, V, F, Q, as the loaders encode them.
    zero_division : float, default=np.nan
        Score of a fold without beats of the class. With NaN, average the folds with
        ``np.nanmean``. A search ranks candidates by the plain mean: pass 0.0 there, which lowers
        the mean of every candidate equally and does not change the ranking.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y, sample_weight=None)``.

    See Also
    --------
    sensitivity_score : The metric.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.model_selection import cross_val_score
    >>> from skecg.metrics import sensitivity_scorer
    >>> X, y = [[0.0]] * 4, ["V", "N", "N", "V"]
    >>> classifier = DummyClassifier(strategy="constant", constant="V")
    >>> cross_val_score(classifier, X, y, scoring=sensitivity_scorer("V"), cv=2)
    array([1., 1.])
    """
    _counts.encode_classes([label], "label", target_names)
    return make_scorer(
        sensitivity_score, label=label, target_names=target_names, zero_division=zero_division
    )


def positive_predictivity_scorer(
    label: str | int,
    *,
    target_names: Sequence[str] | None = None,
    convention: str = "one-vs-rest",
    zero_division: float = np.nan,
) -> Callable:
    """Make a scorer of the positive predictivity of one AAMI class for ``scoring=``.

    Parameters
    ----------
    label : str or int
        The class to score, as a name or a code. A name works for classifiers fitted on names and
        for classifiers fitted on codes.
    target_names : sequence of str, default=None
        The AAMI class of code 0, 1, ... If None, N, S, V, F, Q, as the loaders encode them.
    convention : {"one-vs-rest", "ec57"}, default="one-vs-rest"
        Definition of a false positive, see `aami_report`.
    zero_division : float, default=np.nan
        Score of a fold in which the class is never predicted. In a search, pass 0.0, the lowest
        possible score.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y, sample_weight=None)``.

    See Also
    --------
    positive_predictivity_score : The metric.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.model_selection import cross_val_score
    >>> from skecg.metrics import positive_predictivity_scorer
    >>> X, y = [[0.0]] * 4, ["V", "N", "N", "V"]
    >>> classifier = DummyClassifier(strategy="constant", constant="V")
    >>> cross_val_score(classifier, X, y, scoring=positive_predictivity_scorer("V"), cv=2)
    array([0.5, 0.5])
    """
    _counts.encode_classes([label], "label", target_names)
    _counts.check_convention(convention)
    return make_scorer(
        positive_predictivity_score,
        label=label,
        target_names=target_names,
        convention=convention,
        zero_division=zero_division,
    )


def j_kappa_scorer(
    *,
    target_names: Sequence[str] | None = None,
    convention: str = "one-vs-rest",
    zero_division: float = np.nan,
) -> Callable:
    """Make a scorer of the j-kappa index for ``scoring=``.

    Parameters
    ----------
    target_names : sequence of str, default=None
        The AAMI class of code 0, 1, ... If None, N, S, V, F, Q, as the loaders encode them.
    convention : {"one-vs-rest", "ec57"}, default="one-vs-rest"
        Definition of a false positive, see `aami_report`.
    zero_division : float, default=np.nan
        Value of each undefined part, see `j_kappa_score`. With NaN, a fold without S or V beats
        has the score NaN; in a search, pass 0.0.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y, sample_weight=None)``.

    See Also
    --------
    j_kappa_score : The metric.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skecg.metrics import j_kappa_scorer
    >>> X, y = [[0.0], [1.0], [2.0]] * 4, ["N", "S", "V"] * 4
    >>> grid = {"n_neighbors": [1, 6]}
    >>> scoring = j_kappa_scorer(zero_division=0.0)
    >>> GridSearchCV(KNeighborsClassifier(), grid, scoring=scoring, cv=2).fit(X, y).best_params_
    {'n_neighbors': 1}
    """
    _counts.check_convention(convention)
    return make_scorer(
        j_kappa_score,
        target_names=target_names,
        convention=convention,
        zero_division=zero_division,
    )


def aami_scorers(
    *,
    target_names: Sequence[str] | None = None,
    convention: str = "one-vs-rest",
    zero_division: float = np.nan,
) -> dict[str, Callable]:
    """Make scorers of the metrics that the heartbeat literature reports.

    Parameters
    ----------
    target_names : sequence of str, default=None
        The AAMI class of code 0, 1, ... If None, N, S, V, F, Q, as the loaders encode them.
    convention : {"one-vs-rest", "ec57"}, default="one-vs-rest"
        Definition of a false positive, see `aami_report`.
    zero_division : float, default=np.nan
        Score of a fold in which the metric is undefined, see `sensitivity_scorer`.

    Returns
    -------
    scorers : dict of str to callable
        ``sensitivity_S``, ``positive_predictivity_S``, ``sensitivity_V``,
        ``positive_predictivity_V`` and ``j_kappa``, for ``scoring=`` with several metrics. To add
        others, write ``{**aami_scorers(), "f1_macro": "f1_macro"}``.

    See Also
    --------
    aami_report : All the metrics of one prediction.

    Examples
    --------
    >>> from sklearn.model_selection import cross_validate
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skecg.metrics import aami_scorers
    >>> X, y = [[0.0], [1.0], [2.0]] * 4, [0, 1, 2] * 4
    >>> results = cross_validate(KNeighborsClassifier(1), X, y, scoring=aami_scorers(), cv=2)
    >>> results["test_sensitivity_S"]
    array([1., 1.])
    """
    common: dict[str, Any] = {"target_names": target_names, "zero_division": zero_division}
    scorers: dict[str, Callable] = {}
    for label in ("S", "V"):
        scorers[f"sensitivity_{label}"] = sensitivity_scorer(label, **common)
        scorers[f"positive_predictivity_{label}"] = positive_predictivity_scorer(
            label, convention=convention, **common
        )
    scorers["j_kappa"] = j_kappa_scorer(convention=convention, **common)
    return scorers
