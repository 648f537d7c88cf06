"""The estimator that finds and labels the beats of records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import f1_score
from sklearn.utils import Bunch, check_consistent_length
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.validation import check_is_fitted
from tqdm import tqdm

from .._compat import (
    CallbackSupportMixin,
    EstimatorBase,
    HasMethods,
    MetaEstimatorMixin,
    validate_params,
    with_callbacks,
)
from .._estimators import check_parts, publish
from .._native_callbacks import fit_of_part
from ..metrics import aami_order
from ..preprocessing import BeatWindows
from ..signal import AAMI_CLASSES, aami_codes
from ._beat_annotations import BeatAnnotations
from ._beat_trees import BeatTreesClassifier
from ._checks import check_groups
from ._class_factors import Factors, aligned, check_factors, find_factors
from ._metadata import fit_keywords

# Beats that are classified at once, between two steps of the progress bar.
_BLOCK = 1 << 14


class BeatAnnotator(MetaEstimatorMixin, CallbackSupportMixin, EstimatorBase):
    """Find the beats of a record and label them.

    ``fit`` describes every annotated beat by ``windows`` and trains a classifier of beats on
    them. :meth:`annotate` finds the beats of another record and labels them. A sample is a record,
    so cross-validation never divides one; pass the subjects as ``groups`` where a person has
    several.

    Parameters
    ----------
    windows : object, default=None
        What describes beats, such as :class:`BeatWindows`. If None, ``BeatWindows(channels=())``
        at the sampling rate of the records: 28 numbers of rhythm and shape.
    classifier : estimator, default=None
        Classifier of beats. It is given a data frame with the names of ``windows`` as columns. A
        fitted one in :class:`~sklearn.frozen.FrozenEstimator` is used as it is. If None,
        :class:`BeatTreesClassifier`.
    exclude : sequence of str, default=("Q",)
        AAMI classes whose beats are not used in training, nor in :meth:`score`. Their intervals
        count for the rhythm of others. Only a few beats of MIT-BIH's records without a pacemaker
        are Q, too few to learn them.
    class_factors : dict of {str: float or "cv"} or None, default=None
        What the probability of a class is multiplied by before the most probable one is taken:
        classes that are rare and easily missed may need more than 1. ``"cv"`` chooses 1, 1.5, 2,
        3, 4 or 6 by five folds of subjects for the best mean F1 of all classes, which fits the
        classifier five more times. The probabilities in the result are those without factors.

    Attributes
    ----------
    windows_ : object
        The windows, at the sampling rate of the records.
    classifier_ : estimator
        The fitted classifier of beats.
    classes_ : ndarray of str
        The classes that :meth:`annotate` gives.
    class_factors_ : ndarray of shape (n_classes,)
        The factors, in the order of ``classes_``.

    See Also
    --------
    BeatVoteClassifier : Gives a label to whole records.
    skecg.load_pretrained : Fitted annotators.

    Notes
    -----
    A ``fit`` that fails changes nothing. ``groups`` reach the classifier's ``fit`` if it takes
    them, as with :class:`BeatVoteClassifier`.

    Examples
    --------
    >>> from skecg import BeatAnnotator
    >>> from skecg.datasets import make_records
    >>> records = make_records(4, duration=60, random_state=0)
    >>> annotator = BeatAnnotator().fit(records)
    >>> new = make_records(1, duration=60, random_state=1)
    >>> beats = annotator.annotate(new.data[0], new.sampling_rate)
    >>> beats.classes, beats.probabilities.shape == (len(beats), 4)
    (('N', 'S', 'V', 'F'), True)
    """

    _parameter_constraints: dict = {
        "windows": [HasMethods(["segment", "get_feature_names_out", "set_params"]), None],
        "classifier": [HasMethods(["fit", "predict"]), None],
        "exclude": ["array-like"],
        "class_factors": [dict, None],
    }

    windows_: BeatWindows
    classifier_: BaseEstimator
    classes_: NDArray[np.str_]
    class_factors_: NDArray[np.float64]

    def __init__(
        self,
        windows: BaseEstimator | None = None,
        classifier: BaseEstimator | None = None,
        *,
        exclude: Sequence[str] = ("Q",),
        class_factors: Factors | None = None,
    ) -> None:
        self.windows = windows
        self.classifier = classifier
        self.exclude = exclude
        self.class_factors = class_factors

    @with_callbacks
    def fit(
        self,
        X: Bunch | Sequence[ArrayLike],
        y: Sequence[Any] | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Fit the classifier on all annotated beats of the records.

        Parameters
        ----------
        X : Bunch, or sequence of n_records array-likes
            What ``load_mitbih``, ``load_wfdb`` or ``make_records`` returns, with one lead; or one
            lead of each record, at the sampling rate of ``windows``.
        y : sequence of n_records annotations, default=None
            For each record what marks its beats: a Bunch with ``sample`` and ``symbol``, or a pair
            of these. Symbols are WFDB codes; those that are not of a beat are passed over. None
            takes ``X.annotations``.
        groups : array-like of shape (n_records,), default=None
            Subject of each record. None takes ``X.groups``, or makes every record a group.

        Returns
        -------
        BeatAnnotator
            The annotator itself.

        Raises
        ------
        ValueError
            If annotations are missing, do not rise or lie outside of their record; if X has
            another sampling rate than ``windows``; if fewer than two classes are left; if
            ``class_factors`` names another class, or the classifier has no probabilities for it.
        """
        validate_params(self)
        X, y, groups, windows = self._of_bunch(X, y, groups)
        check_groups(groups, len(X))
        table, labels, row = self._described(windows, X, y)
        if len(np.unique(labels)) < 2:
            raise ValueError(
                f"beats of two or more classes are needed, got {np.unique(labels).tolist()} after "
                f"those of {list(self.exclude)} are left out"
            )
        groups = np.arange(len(X)) if groups is None else np.asarray(groups)
        of_beats = groups[row]
        classifier = clone(self._classifier())
        # What is frozen may know other classes.
        classes = [str(label) for label in getattr(classifier, "classes_", np.unique(labels))]
        check_factors(self.class_factors, classes)
        if self.class_factors and not hasattr(classifier, "predict_proba"):
            raise ValueError(
                f"class_factors needs probabilities, but {type(classifier).__name__} has no "
                "predict_proba; give class_factors=None"
            )
        metadata = {"sample_weight": None, "groups": of_beats}
        keywords = fit_keywords(self, classifier, metadata, {"sample_weight"})

        def of_others(train: NDArray, test: NDArray) -> NDArray:
            part = {name: values[train] for name, values in keywords.items()}
            fitted = clone(classifier).fit(table.iloc[train], labels[train], **part)
            return aligned(fitted.predict_proba(table.iloc[test]), fitted.classes_, classes)

        factors = find_factors(self.class_factors, classes, labels, of_beats, of_others)
        learned = {"windows_": windows, "classifier_": classifier, "class_factors_": factors}
        with fit_of_part(self, classifier, X, y, lambda: learned):
            classifier.fit(table, labels, **keywords)
        publish(self, learned | {"classes_": classifier.classes_})
        return self

    def annotate(
        self,
        signal: ArrayLike,
        sampling_rate: float,
        r_peaks: ArrayLike | None = None,
        *,
        name: str = "",
        progress: bool = False,
    ) -> BeatAnnotations:
        """Find the beats of one lead of a record and label them.

        Parameters
        ----------
        signal : array-like of shape (n_timesteps,)
            The lead, in mV for the pictures; gaps are NaN. It should be the one that the annotator
            was fitted on, such as II or MLII.
        sampling_rate : float
            Samples per second (Hz); it need not be that of the training records.
        r_peaks : array-like of int of shape (n_beats,), default=None
            Positions of the R peaks. None finds them.
        name : str, default=""
            Name of the record, for the report and the pictures.
        progress : bool, default=False
            Whether to show a progress bar.

        Returns
        -------
        BeatAnnotations
            The beats with their classes, in the order N, S, V, F, Q, their probabilities, and
            what could not be read.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the annotator is not fitted.
        ValueError
            If the signal is not one lead, the sampling rate is no positive number, or R peaks are
            not ascending positions in the signal.

        Warns
        -----
        UserWarning
            If there is no beat, or the R-R intervals are those of no heart.
        """
        check_is_fitted(self, "classifier_")
        signal = np.asarray(signal)
        if signal.ndim != 1:
            raise ValueError(
                f"signal must be one lead of shape (n_timesteps,), got {signal.shape}; choose one, "
                "such as record.signal('II') or signals[0]"
            )
        windows = clone(self.windows_).set_params(sampling_rate=sampling_rate)
        found = windows.segment([signal], r_peaks=None if r_peaks is None else [r_peaks])
        table = _as_table(found.beats, windows)
        label, probabilities = self._labelled(table, progress)
        order = aami_order(self.classes_)
        return BeatAnnotations(
            found.r_peak,
            label,
            sampling_rate,
            len(signal),
            classes=[str(self.classes_[k]) for k in order],
            probabilities=None if probabilities is None else probabilities[:, order],
            unreadable=found.unreadable[0],
            signal=signal,
            name=name,
        )

    def score(self, X: Bunch | Sequence[ArrayLike], y: Sequence[Any] | None = None) -> float:
        """Return the macro-F1 of all annotated beats, at their annotated R peaks.

        Parameters
        ----------
        X : Bunch, or sequence of n_records array-likes
            As in :meth:`fit`.
        y : sequence of n_records annotations, default=None
            As in :meth:`fit`.

        Returns
        -------
        float
            Mean of the F1 of the classes that occur in the annotations, without ``exclude``.
        """
        check_is_fitted(self, "classifier_")
        X, y, _, windows = self._of_bunch(X, y, None)
        table, labels, _ = self._described(windows, X, y)
        predicted, _ = self._classified(table)
        return float(f1_score(labels, predicted, labels=np.unique(labels), average="macro"))

    def set_params(self, **params: Any) -> Self:
        """Set parameters of this estimator, its windows and its classifier.

        Parameters
        ----------
        **params : dict
            ``name=value``, or ``windows__name=value`` and ``classifier__name=value``.

        Returns
        -------
        BeatAnnotator
            The annotator itself.

        Raises
        ------
        ValueError
            If a name is unknown, or a parameter of ``windows`` or ``classifier`` is set while
            that is None.
        """
        defaults = {"windows": "BeatWindows(channels=())", "classifier": "BeatTreesClassifier()"}
        check_parts(self, params, defaults)
        return super().set_params(**params)

    def get_metadata_routing(self) -> MetadataRouter:
        """Return which metadata go where; see scikit-learn's guide to metadata routing.

        Returns
        -------
        MetadataRouter
            What ``fit`` takes, and what it passes to the classifier.
        """
        to_classifier = MethodMapping().add(caller="fit", callee="fit")
        router = MetadataRouter(owner=self).add_self_request(self)
        return router.add(classifier=self._classifier(), method_mapping=to_classifier)

    def _classifier(self) -> BaseEstimator:
        return BeatTreesClassifier() if self.classifier is None else self.classifier

    def _of_bunch(
        self, X: Bunch | Sequence[ArrayLike], y: Sequence[Any] | None, groups: ArrayLike | None
    ) -> tuple[Sequence[ArrayLike], Sequence[Any], ArrayLike | None, BaseEstimator]:
        """Return records, annotations, groups, and the windows at the rate of the records."""
        windows = BeatWindows(channels=()) if self.windows is None else clone(self.windows)
        if isinstance(X, Bunch):
            rate = X.sampling_rate
            if self.windows is None:
                windows.set_params(sampling_rate=rate)
            elif windows.sampling_rate != rate:
                raise ValueError(
                    f"windows must have the sampling rate of the records, {rate} Hz, got "
                    f"{windows.sampling_rate} Hz; give windows sampling_rate={rate}"
                )
            y = X.annotations if y is None else y
            groups = X.groups if groups is None else groups
            X = X.data
        if y is None:
            raise ValueError("y must hold the annotations of each record, got None")
        check_consistent_length(X, y)
        return X, y, groups, windows

    def _described(
        self, windows: BaseEstimator, X: Sequence[ArrayLike], y: Sequence[Any]
    ) -> tuple[pd.DataFrame, NDArray[np.str_], NDArray[np.int64]]:
        """Return the annotated beats without the excluded ones, their labels and their records."""
        marks = [_beats_of(annotation, i) for i, annotation in enumerate(y)]
        found = windows.segment(X, r_peaks=[sample for sample, _ in marks])
        labels = np.concatenate([label for _, label in marks])
        kept = ~np.isin(labels, list(self.exclude))
        return _as_table(found.beats[kept], windows), labels[kept], found.row[kept]

    def _labelled(
        self, table: pd.DataFrame, progress: bool
    ) -> tuple[NDArray[np.str_], NDArray[np.float64] | None]:
        """Return the labels of beats and their probabilities, where the classifier has them."""
        label = np.empty(len(table), dtype=np.asarray(self.classes_).astype(str).dtype)
        has_probabilities = hasattr(self.classifier_, "predict_proba")
        shape = (len(table), len(self.classes_))
        probabilities = np.empty(shape) if has_probabilities else None
        with tqdm(total=len(table), desc="Beats", unit="beat", disable=not progress) as bar:
            for start in range(0, len(table), _BLOCK):
                block = slice(start, start + _BLOCK)
                label[block], found = self._classified(table.iloc[block])
                if probabilities is not None:
                    probabilities[block] = found
                bar.update(len(label[block]))
        return label, probabilities

    def _classified(self, table: pd.DataFrame) -> tuple[NDArray, NDArray[np.float64] | None]:
        if not hasattr(self.classifier_, "predict_proba"):
            return self.classifier_.predict(table), None
        probabilities = self.classifier_.predict_proba(table)
        best = (probabilities * self.class_factors_).argmax(axis=1)
        return np.asarray(self.classes_)[best], probabilities


def _as_table(beats: NDArray[np.float32], windows: BaseEstimator) -> pd.DataFrame:
    return pd.DataFrame(beats, columns=windows.get_feature_names_out())


def _beats_of(annotation: Any, record: int) -> tuple[NDArray[np.int64], NDArray[np.str_]]:
    """Return the positions of the beats among the annotations of a record, and their classes."""
    try:
        pair = (annotation["sample"], annotation["symbol"])
    except (TypeError, KeyError, IndexError):
        pair = tuple(annotation) if isinstance(annotation, Sequence) else ()
    if len(pair) != 2:
        raise ValueError(
            "annotations must be a Bunch with sample and symbol, or a pair of these, got "
            f"{type(annotation).__name__} for record {record}"
        )
    sample, symbol = np.asarray(pair[0]), np.asarray(pair[1]).astype(str)
    if sample.ndim != 1 or sample.shape != symbol.shape:
        raise ValueError(
            f"sample and symbol must be of one length, got the shapes {sample.shape} and "
            f"{symbol.shape} for record {record}"
        )
    codes = aami_codes(symbol)
    return sample[codes >= 0], np.array(AAMI_CLASSES)[codes[codes >= 0]]
