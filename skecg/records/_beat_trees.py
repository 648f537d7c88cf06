"""The classifier of the numbers of a beat by boosted trees that know physiology."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.utils import check_random_state
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from .._compat import (
    ClassifierMixin,
    EstimatorBase,
    Interval,
    StrOptions,
    check_sample_weight,
    validate_params,
)
from .._estimators import publish, validated
from .._limits import in_range
from ._checks import class_prior

# A supraventricular beat comes early and is narrow; a ventricular one is early or not, wide, and of
# another form than the beats around it. 1: the more, the likelier the class; -1: the less.
BEAT_CONSTRAINTS: dict[str, dict[str, int]] = {
    "S": {
        "rr_before_32": -1,
        "rr_before_60": -1,
        "rr_previous": 1,
        "rr_after": 1,
        "width_50": -1,
        "width_30": -1,
        "record_width": -1,
        "rr_irregularity": -1,
        "p_visibility": 1,
        "late_qrs_difference": -1,
        "late_qrs_relative": -1,
    },
    "V": {
        "rr_before_32": -1,
        "rr_before_60": -1,
        "width_50": 1,
        "width_30": 1,
        "record_qrs_difference": 1,
        "record_qrs_correlation": -1,
        "record_width": 1,
        "record_t_difference": 1,
        "late_qrs_difference": 1,
        "late_qrs_relative": 1,
    },
}
Constraints = Mapping[Any, Mapping[str, int]]


class BeatTreesClassifier(ClassifierMixin, EstimatorBase):
    """Classify beats by their numbers, with boosted trees that keep to physiology.

    For each class, gradient-boosted trees tell it from the rest; the probabilities are scaled to
    sum to 1. The trees of a class can be monotonic: the earlier a beat comes, the more likely it is
    an S beat, say, whatever the other numbers are. So no habit of the few people of a training set
    can turn such a rule around. On the MIT-BIH records the constraints neither raise nor lower the
    figures for other people (``benchmarks/results/annotator.md``).

    Parameters
    ----------
    constraints : {"beats"}, dict or None, default="beats"
        In which direction a number may change the probability of a class before it is scaled:

        - ``"beats"``: a table for the classes S and V, see Notes.
        - dict of {class: {column name: -1, 0 or 1}}: with 1 the probability of the class never
          falls as the number grows, with -1 it never rises, and 0 is free.
        - None: no constraints.

        Columns that are not named, and all columns of an array without names, are free.
    max_iter : int, default=60
        Number of trees for each class.
    learning_rate : float, default=0.1
        Factor of the values of the leaves, above 0 and up to 1.
    max_leaf_nodes : int or None, default=8
        Most leaves of a tree, at least 2; None means no limit.
    min_samples_leaf : int or "auto", default="auto"
        Fewest samples in a leaf, whatever their weights. ``"auto"`` is one sample in 250, but no
        fewer than 20 and no more than 200; 50,000 samples and more make it 200.
    l2_regularization : float, default=1.0
        L2 penalty of the values of the leaves.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes: a dictionary from label to weight; ``"balanced"`` for weights
        inversely proportional to the frequencies of the classes.
    random_state : int, RandomState instance or None, default=None
        Seed. It matters from 200,000 samples on, where thresholds are those of a random part.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    estimators_ : list of HistGradientBoostingClassifier
        The trees of each class, in the order of ``classes_``. Their classes are False and True,
        and their ``monotonic_cst`` is what was constrained, column by column.
    n_iter_ : int
        Number of trees of each class.
    n_features_in_ : int
        Number of columns in ``fit``.
    feature_names_in_ : ndarray of str
        Column names, if ``X`` was a data frame with string column names in ``fit``.

    See Also
    --------
    sklearn.ensemble.HistGradientBoostingClassifier : The trees; it allows constraints for two
        classes only.

    Notes
    -----
    NaN is a value like others: at each split it goes to the side that suits the training data.
    There is no early stopping.

    ``"beats"`` stands for this table:

    ======================  ==  ==
    column                   S   V
    ======================  ==  ==
    rr_before_32            -1  -1
    rr_before_60            -1  -1
    rr_previous              1   0
    rr_after                 1   0
    width_50                -1   1
    width_30                -1   1
    record_qrs_difference    0   1
    record_qrs_correlation   0  -1
    record_width            -1   1
    record_t_difference      0   1
    rr_irregularity         -1   0
    p_visibility             1   0
    late_qrs_difference     -1   1
    late_qrs_relative       -1   1
    ======================  ==  ==

    :class:`~sklearn.ensemble.VotingClassifier` numbers the classes before it fits its estimators,
    so that the table would find no S and V in it. Fit this classifier first, and give it to the
    vote in a :class:`~sklearn.frozen.FrozenEstimator`.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skecg import BeatTreesClassifier
    >>> rng = np.random.default_rng(0)
    >>> beats = pd.DataFrame(rng.normal(size=(300, 2)), columns=["rr_before_32", "width_50"])
    >>> late, wide = beats["rr_before_32"] > -1, beats["width_50"] > 1
    >>> y = np.select([wide, late], ["V", "N"], "S")
    >>> clf = BeatTreesClassifier(random_state=0).fit(beats, y)
    >>> clf.predict(pd.DataFrame({"rr_before_32": [-2, 0, 0], "width_50": [0, 0, 2]}))
    array(['S', 'N', 'V'], dtype='<U1')
    >>> clf.estimators_[1].monotonic_cst
    array([-1, -1])
    """

    _parameter_constraints: dict = {
        "constraints": [StrOptions({"beats"}), dict, None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, 1, closed="right")],
        "max_leaf_nodes": [Interval(Integral, 2, None, closed="left"), None],
        "min_samples_leaf": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "l2_regularization": [Interval(Real, 0, None, closed="left")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "random_state": ["random_state"],
    }

    estimators_: list[HistGradientBoostingClassifier]

    def __init__(
        self,
        *,
        constraints: str | Constraints | None = "beats",
        max_iter: int = 60,
        learning_rate: float = 0.1,
        max_leaf_nodes: int | None = 8,
        min_samples_leaf: int | str = "auto",
        l2_regularization: float = 1.0,
        class_weight: Mapping[Any, float] | str | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.constraints = constraints
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.class_weight = class_weight
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Grow the trees of every class.

        A ``fit`` that fails changes nothing.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The numbers of each beat; a data frame for constraints by column name. NaN is allowed.
        y : array-like of shape (n_samples,)
            Labels, of at least two classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, not negative.

        Returns
        -------
        BeatTreesClassifier
            The classifier itself.

        Raises
        ------
        ValueError
            If X, y, ``sample_weight`` or a parameter is invalid, if there is one class only, or if
            ``constraints`` names a class or a column that is not there.

        Warns
        -----
        UserWarning
            If X has columns of the table ``"beats"``, but y none of its classes.
        """
        validate_params(self)
        with in_range("X"):
            (samples, labels), form = validated(
                self, X, y, dtype=np.float64, ensure_all_finite="allow-nan"
            )
        check_classification_targets(labels)
        classes, codes = np.unique(labels, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(
                "BeatTreesClassifier needs samples of at least 2 classes; got 1 class, "
                f"{classes.tolist()[0]!r}"
            )
        names = form.get("feature_names_in_", np.array([], dtype=object)).tolist()
        signs = _signs(self.constraints, classes.tolist(), names, samples.shape[1])
        with in_range("sample_weight, class_weight or another parameter"):
            weights = self._weights(labels, codes, sample_weight)
            estimators = self._unfitted(len(samples), signs)
            for code, estimator in enumerate(estimators):
                estimator.fit(samples, codes == code, sample_weight=weights)
        publish(self, {"classes_": classes, "estimators_": estimators, **form})
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Compute the probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The numbers of each beat, in the order of ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Rows sum to 1, columns are in the order of ``classes_``.

        Raises
        ------
        ValueError
            If X is invalid.
        """
        check_is_fitted(self)
        with in_range("X"):
            X = validate_data(self, X, reset=False, dtype=np.float64, ensure_all_finite="allow-nan")
        one_each = np.column_stack([each.predict_proba(X)[:, 1] for each in self.estimators_])
        # Of a beat that is none of the classes, after thousands of trees, all may be 0.
        one_each = np.maximum(one_each, np.finfo(np.float64).tiny)
        return one_each / one_each.sum(axis=1, keepdims=True)

    def predict(self, X: ArrayLike) -> NDArray:
        """Predict the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The numbers of each beat, in the order of ``fit``.

        Returns
        -------
        ndarray of shape (n_samples,)
            The most probable label of each.

        Raises
        ------
        ValueError
            If X is invalid.
        """
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    @property
    def n_iter_(self) -> int:
        """Number of trees of each class."""
        return max(each.n_iter_ for each in self.estimators_)

    def _unfitted(
        self, n_samples: int, signs: list[NDArray[np.int64]]
    ) -> list[HistGradientBoostingClassifier]:
        generator = check_random_state(self.random_state)
        smallest_leaf = self.min_samples_leaf
        if smallest_leaf == "auto":
            smallest_leaf = min(max(n_samples // 250, 20), 200)
        return [
            HistGradientBoostingClassifier(
                max_iter=self.max_iter,
                learning_rate=self.learning_rate,
                max_leaf_nodes=self.max_leaf_nodes,
                min_samples_leaf=smallest_leaf,
                l2_regularization=self.l2_regularization,
                monotonic_cst=of_class,
                early_stopping=False,
                random_state=int(generator.randint(2**31 - 1)),
            )
            for of_class in signs
        ]

    def _weights(
        self, y: NDArray, codes: NDArray[np.int64], sample_weight: ArrayLike | None
    ) -> NDArray[np.float64] | None:
        if sample_weight is None and self.class_weight is None:
            return None
        weights = check_sample_weight(sample_weight, y, dtype=np.float64, ensure_non_negative=True)
        if self.class_weight is not None:
            weights = weights * compute_sample_weight(self.class_weight, y)
            weights = check_sample_weight(weights, y, dtype=np.float64, ensure_non_negative=True)
        class_prior(codes, weights)  # refuses those without a finite positive sum
        return weights


def _signs(
    constraints: str | Constraints | None, classes: list[Any], columns: list[str], n_features: int
) -> list[NDArray[np.int64]]:
    """Return the constraint of every column, for each class."""
    if isinstance(constraints, str):  # "beats", which alone is valid
        constraints = _of_beats(classes, columns)
    signs = [np.zeros(n_features, np.int64) for _ in classes]
    for label, by_column in ({} if constraints is None else constraints).items():
        if label not in classes:
            raise ValueError(
                f"constraints names the class {label!r}, but y has the classes {classes}"
            )
        if not isinstance(by_column, Mapping):
            raise ValueError(
                f"constraints must have a dict of {{column name: -1, 0 or 1}} for the class "
                f"{label!r}; got {by_column!r}"
            )
        for column, sign in by_column.items():
            signs[classes.index(label)][_place(column, columns)] = _sign(sign, column)
    return signs


def _of_beats(classes: list[Any], columns: list[str]) -> Constraints:
    """Return what there is in the table for these classes and columns."""
    known = {column for of_class in BEAT_CONSTRAINTS.values() for column in of_class}
    if known & {*columns} and not any(label in classes for label in BEAT_CONSTRAINTS):
        warnings.warn(
            f"constraints='beats' is for the classes {', '.join(BEAT_CONSTRAINTS)}, but y has the "
            f"classes {classes}, so nothing is constrained. Give the labels themselves, or a dict "
            "by your labels, or constraints=None. A VotingClassifier numbers the labels: fit this "
            "classifier first, and give it FrozenEstimator(...)",
            UserWarning,
            stacklevel=4,
        )
    return {
        label: {column: sign for column, sign in of_class.items() if column in columns}
        for label, of_class in BEAT_CONSTRAINTS.items()
        if label in classes
    }


def _place(column: Any, columns: list[str]) -> int:
    if column not in columns:
        there = f"has the columns {columns}" if columns else "has no column names: give a DataFrame"
        raise ValueError(f"constraints names the column {column!r}, but X {there}")
    return columns.index(column)


def _sign(sign: Any, column: Any) -> int:
    if not (isinstance(sign, Integral) and not isinstance(sign, bool) and sign in (-1, 0, 1)):
        raise ValueError(f"constraints must be -1, 0 or 1; got {sign!r} for the column {column!r}")
    return int(sign)
