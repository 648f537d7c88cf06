"""The per-class report of heartbeat classification."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike

from . import _counts

_COLUMNS = {
    "Se": "sensitivity",
    "+P": "positive_predictivity",
    "F1": "f1",
    "FPR": "false_positive_rate",
}
_SUMMARY = {
    "accuracy": "accuracy",
    "balanced accuracy": "balanced_accuracy",
    "macro F1": "macro_f1",
    "kappa": "kappa",
    "j index (of 4)": "j_index",
    "j-kappa": "j_kappa",
}


@dataclass(frozen=True, eq=False, repr=False)
class AAMIReport:
    """Metrics of heartbeat classification, printed as a table.

    Values are fractions. An undefined value is NaN and is printed as a dash.

    Attributes
    ----------
    labels : tuple of str
        The reported classes, in the order of the arrays.
    confusion_matrix : ndarray of shape (n_classes, n_classes)
        Number of beats (or sum of their weights) by true class (rows) and predicted class
        (columns).
    sensitivity, positive_predictivity, f1, false_positive_rate : ndarray of shape (n_classes,)
        TP / (TP + FN), TP / (TP + FP), 2 TP / (2 TP + FP + FN) and FP / (FP + TN).
    support : ndarray of shape (n_classes,)
        Number of beats (or sum of their weights) of each class.
    accuracy : float
        Fraction of the beats that are classified correctly.
    balanced_accuracy : float
        Mean sensitivity of the classes that have beats.
    macro_f1 : float
        Mean F1 of the classes that occur in the true or in the predicted labels.
    kappa, j_index, j_kappa : float
        Cohen's kappa; the sum of sensitivity and positive predictivity of S and V, at most 4;
        and kappa / 2 + j / 8 (see `j_kappa_score`).
    convention : {"one-vs-rest", "ec57"}
        The definition of a false positive that was used.

    See Also
    --------
    aami_report : Compute the report.

    Examples
    --------
    >>> from skecg.metrics import aami_report
    >>> report = aami_report(["N", "N", "V"], ["N", "V", "V"])
    >>> report.labels, report.sensitivity
    (('N', 'V'), array([0.5, 1. ]))
    """

    labels: tuple[str, ...]
    confusion_matrix: np.ndarray
    sensitivity: np.ndarray
    positive_predictivity: np.ndarray
    f1: np.ndarray
    false_positive_rate: np.ndarray
    support: np.ndarray
    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    kappa: float
    j_index: float
    j_kappa: float
    convention: str

    def to_dict(self) -> dict[str, Any]:
        """Return the metrics as plain Python values: one dict per class, then the summary.

        Returns
        -------
        dict of {str: object}
            JSON can hold all of it, but NaN.
        """
        columns = {name: getattr(self, name).tolist() for name in (*_COLUMNS.values(), "support")}
        classes = {
            label: {name: values[i] for name, values in columns.items()}
            for i, label in enumerate(self.labels)
        }
        summary = {name: getattr(self, name) for name in _SUMMARY.values()}
        return {
            **classes,
            **summary,
            "confusion_matrix": self.confusion_matrix.tolist(),
            "labels": list(self.labels),
            "convention": self.convention,
        }

    def __str__(self) -> str:
        lines = [" " * 5 + "".join(f"{title:>8}" for title in (*_COLUMNS, "beats"))]
        for i, label in enumerate(self.labels):
            rates = (getattr(self, name)[i] for name in _COLUMNS.values())
            lines.append(f"{label:>5}" + "".join(map(_cell, rates)) + f"{self.support[i]:>8.10g}")
        lines.append("")
        lines += [f"{title:>21}{_cell(getattr(self, name))}" for title, name in _SUMMARY.items()]
        lines += ["", f"{self.support.sum():.10g} beats pooled; false positives: {self.convention}"]
        return "\n".join(lines)

    __repr__ = __str__


@overload
def aami_report(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: Sequence[str | int] | None = ...,
    target_names: Sequence[str] | None = ...,
    sample_weight: ArrayLike | None = ...,
    convention: str = ...,
    output_dict: Literal[False] = ...,
) -> AAMIReport: ...


@overload
def aami_report(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: Sequence[str | int] | None = ...,
    target_names: Sequence[str] | None = ...,
    sample_weight: ArrayLike | None = ...,
    convention: str = ...,
    output_dict: bool = ...,
) -> AAMIReport | dict[str, Any]: ...


def aami_report(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: Sequence[str | int] | None = None,
    target_names: Sequence[str] | None = None,
    sample_weight: ArrayLike | None = None,
    convention: str = "one-vs-rest",
    output_dict: bool = False,
) -> AAMIReport | dict[str, Any]:
    """Report how well each AAMI class of heartbeats is recognised.

    All values are gross statistics as defined by EC57: the beats of all records are pooled and
    have equal weight. They are not averages over records.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_beats,)
        True and predicted classes: the names N, S, V, F, Q or integer codes.
    labels : sequence of str or int, default=None
        The classes to report, in this order, as names or codes. They must include every class
        that occurs. If None, the classes that occur in `y_true` or `y_pred`, in the order N, S,
        V, F, Q. To obtain the usual four-class values, remove the beats of class Q from both
        arrays first.
    target_names : sequence of str, default=None
        The AAMI class of code 0, 1, ... If None, N, S, V, F, Q, as the loaders encode them.
        Needed for codes in another order, such as the alphabetical order of
        :class:`sklearn.preprocessing.LabelEncoder`: pass its ``classes_``.
    sample_weight : array-like of shape (n_beats,), default=None
        Weight of each beat.
    convention : {"one-vs-rest", "ec57"}, default="one-vs-rest"
        Definition of a false positive. It affects positive predictivity, F1, false positive rate
        and j-kappa, but not sensitivity, accuracy or kappa.

        - ``"one-vs-rest"``: every beat of another class, as in scikit-learn.
        - ``"ec57"``: as the standard prescribes, F and Q beats classified as V, and Q beats
          classified as S, are neither false positives nor true negatives of V and S. The values
          of de Chazal et al. [2]_ follow this convention.
    output_dict : bool, default=False
        If True, return ``report.to_dict()`` instead of the report.

    Returns
    -------
    report : AAMIReport or dict
        The metrics; ``print(report)`` shows them as a table. The sensitivity of a class without
        beats and the positive predictivity of a class that is never predicted are NaN, and j-kappa
        is NaN if this affects S or V. No warning is issued.

    Raises
    ------
    ValueError
        If a label is not an AAMI class, `labels` omits a class that occurs, the lengths differ,
        there are no beats, or `convention` is unknown.

    See Also
    --------
    aami_scorers : Scorers of some of these metrics for ``scoring=``.
    aami_labels : The labels in this order, for ``labels=`` of scikit-learn.

    References
    ----------
    .. [1] ANSI/AAMI EC57, "Testing and reporting performance results of cardiac rhythm and
       ST-segment measurement algorithms"; the statistics of S and V are computed as in the
       program ``bxb`` of the WFDB Software Package.
    .. [2] P. de Chazal, M. O'Dwyer, R. B. Reilly, "Automatic classification of heartbeats using
       ECG morphology and heartbeat interval features", IEEE Trans. Biomed. Eng. 51(7),
       1196-1206, 2004. https://doi.org/10.1109/TBME.2004.827359
    .. [3] T. Mar, S. Zaunseder, J. P. Martinez, M. Llamedo, R. Poll, "Optimization of ECG
       classification by means of feature selection", IEEE Trans. Biomed. Eng. 58(8), 2168-2177,
       2011. https://doi.org/10.1109/TBME.2011.2113395

    Examples
    --------
    >>> from skecg.metrics import aami_report
    >>> y_true = ["N"] * 6 + ["S"] * 2 + ["V"] * 3 + ["F"]
    >>> y_pred = ["N"] * 5 + ["S"] + ["S", "N"] + ["V"] * 3 + ["V"]
    >>> print(aami_report(y_true, y_pred))
               Se      +P      F1     FPR   beats
        N   0.833   0.833   0.833   0.167       6
        S   0.500   0.500   0.500   0.100       2
        V   1.000   0.750   0.857   0.111       3
        F   0.000       -   0.000   0.000       1
    <BLANKLINE>
                 accuracy   0.750
        balanced accuracy   0.583
                 macro F1   0.548
                    kappa   0.609
           j index (of 4)   2.750
                  j-kappa   0.648
    <BLANKLINE>
    12 beats pooled; false positives: one-vs-rest
    >>> aami_report(y_true, y_pred, convention="ec57", output_dict=True)["V"]["false_positive_rate"]
    0.0
    """
    matrix = _counts.confusion(y_true, y_pred, sample_weight, target_names)
    counts = _counts.outcomes(matrix, convention)
    rows = _reported_classes(matrix, labels, target_names)
    sensitivity, f1 = _counts.sensitivity(counts), _counts.f1(counts)
    kappa, j_index = _counts.kappa(matrix), _counts.j_index(counts)
    report = AAMIReport(
        labels=tuple(_counts.AAMI_CLASSES[row] for row in rows),
        confusion_matrix=matrix[np.ix_(rows, rows)],
        sensitivity=sensitivity[rows],
        positive_predictivity=_counts.positive_predictivity(counts)[rows],
        f1=f1[rows],
        false_positive_rate=_counts.false_positive_rate(counts)[rows],
        support=matrix.sum(axis=1)[rows],
        accuracy=float(matrix.trace() / matrix.sum()),
        balanced_accuracy=float(np.nanmean(sensitivity)),
        macro_f1=float(np.nanmean(f1)),
        kappa=kappa,
        j_index=j_index,
        j_kappa=kappa / 2 + j_index / 8,
        convention=convention,
    )
    return report.to_dict() if output_dict else report


def _reported_classes(
    matrix: np.ndarray, labels: Sequence[str | int] | None, target_names: Sequence[str] | None
) -> np.ndarray:
    occurring = np.flatnonzero(matrix.sum(axis=0) + matrix.sum(axis=1))
    if labels is None:
        return occurring
    rows = _counts.encode_classes(list(labels), "labels", target_names)
    if len(set(rows)) < len(rows):
        raise ValueError(f"labels must not repeat a class; got {list(labels)}.")
    left_out = [_counts.AAMI_CLASSES[i] for i in occurring if i not in rows]
    if left_out:
        raise ValueError(
            f"labels must include every class that occurs in y_true or y_pred; got {list(labels)} "
            f"without {', '.join(left_out)}. Add it to labels, or remove its beats from both "
            "arrays: otherwise its errors would not be counted."
        )
    return rows


def _cell(value: float) -> str:
    return f"{'-':>8}" if np.isnan(value) else f"{value:>8.3f}"
