"""The per-class report of heartbeat classification."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
    """Figures of merit of heartbeat classification; prints as a table.

    Values are fractions; what is undefined is NaN and prints as a dash.

    Attributes
    ----------
    labels : tuple of str
        The classes reported, in the order of all arrays.
    confusion_matrix : ndarray of shape (n_classes, n_classes)
        Beats (or their weights) by true class in rows and predicted class in columns.
    sensitivity, positive_predictivity, f1, false_positive_rate : ndarray of shape (n_classes,)
        TP / (TP + FN), TP / (TP + FP), 2 TP / (2 TP + FP + FN) and FP / (FP + TN).
    support : ndarray of shape (n_classes,)
        Beats of the class.
    accuracy : float
        Share of the beats that are called right.
    balanced_accuracy : float
        Mean sensitivity of the classes that have beats.
    macro_f1 : float
        Mean F1 of the classes that occur, be it only as a prediction.
    kappa, j_index, j_kappa : float
        Cohen's kappa; the sum of sensitivity and positive predictivity of S and V, at most 4;
        and kappa / 2 + j / 8, see `j_kappa_score`.
    convention : {"one-vs-rest", "ec57"}
        What counted as a false positive.

    See Also
    --------
    aami_report : Makes the report.

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
        """Return one dict per class and the other figures beside them, as plain Python values."""
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

    All figures are gross statistics in the sense of EC57: beats of all records are pooled and
    every beat weighs the same. They are not means of the figures of single records.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_beats,)
        True and predicted classes: the names N, S, V, F, Q or integer codes.
    labels : sequence of str or int, default=None
        The classes to report, in this order, as names or codes; they must cover all that occur.
        None: the classes that occur in `y_true` or `y_pred`, in the order N, S, V, F, Q. For the
        usual four-class figures take the beats of Q out of both arrays first.
    target_names : sequence of str, default=None
        The AAMI class of code 0, 1, ...; None is N, S, V, F, Q, as the loaders code them. Needed
        for codes in another order, such as the alphabetical ones of
        :class:`sklearn.preprocessing.LabelEncoder`: pass its ``classes_``.
    sample_weight : array-like of shape (n_beats,), default=None
        Weight of every beat.
    convention : {"one-vs-rest", "ec57"}, default="one-vs-rest"
        What counts as a false positive, and so changes positive predictivity, F1, false positive
        rate and j-kappa. ``"one-vs-rest"``, the default because it is what scikit-learn computes:
        every beat of another class. ``"ec57"``: as the standard prescribes, F and Q beats called
        V and Q beats called S are neither false positives nor true negatives of V and S; figures
        of de Chazal et al. follow it. Sensitivity, accuracy and kappa are the same in both.
    output_dict : bool, default=False
        Return ``report.to_dict()`` instead of the report.

    Returns
    -------
    report : AAMIReport or dict
        The figures; ``print(report)`` shows them as a table. A class without beats has no
        sensitivity and one that is never predicted no positive predictivity: these are NaN, and
        so is j-kappa if it concerns S or V. No warning is given.

    Raises
    ------
    ValueError
        If a label is no AAMI class, `labels` leaves out a class that occurs, the lengths differ,
        there is no beat, or `convention` is unknown.

    See Also
    --------
    aami_scorers : Some of these figures for ``scoring=``.

    References
    ----------
    .. [1] ANSI/AAMI EC57, "Testing and reporting performance results of cardiac rhythm and
       ST-segment measurement algorithms"; its statistics for S and V as in the program ``bxb`` of
       the WFDB Software Package.
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
        raise ValueError(f"labels names a class more than once: {list(labels)}.")
    left_out = [_counts.AAMI_CLASSES[i] for i in occurring if i not in rows]
    if left_out:
        raise ValueError(
            f"labels leaves out {', '.join(left_out)}, which occurs in y_true or y_pred. Name it "
            "too, or take its beats out of both arrays: an error must not vanish with its class."
        )
    return rows


def _cell(value: float) -> str:
    return f"{'-':>8}" if np.isnan(value) else f"{value:>8.3f}"
