"""The classifier of records that lets the beats of a record vote."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils import Bunch, check_consistent_length, column_or_1d
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _raise_for_params,
    _routing_enabled,
)
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_method_params,
    _num_samples,
    check_is_fitted,
    validate_data,
)

from .._compat import (
    CallbackSupportMixin,
    HasMethods,
    StrOptions,
    check_sample_weight,
    with_callbacks,
)
from .._native_callbacks import fit_of_part
from ..preprocessing import BeatSegmenter, has_unequal_rows
from ._metadata import fit_keywords, shared_weights
from ._votes import VOTES, called_votes

Records = ArrayLike | Sequence[ArrayLike]
Voting = Callable[[NDArray[np.float64]], ArrayLike]


class BeatVoteClassifier(ClassifierMixin, MetaEstimatorMixin, CallbackSupportMixin, BaseEstimator):
    """Classify records by a vote of their heartbeats.

    ``fit`` cuts the records into beats, gives each beat its record's label and trains any
    classifier on the beats; ``predict`` lets the beats of a record vote. Since its samples are
    records, no record has beats on both sides of a cross-validation's fold; and since the inner
    classifier is given ``groups``, none has beats on both sides of its early-stopping split.

    Parameters
    ----------
    segmenter : object, default=None
        A :class:`BeatSegmenter`, or another estimator whose ``fit(X)`` and ``segment(X)`` do the
        same; None stands for ``BeatSegmenter()``. Its ``beats`` does not matter here: all beats
        are used.
    classifier : estimator, default=None
        The classifier of beats, of shape (n_beats, beat_length): one of skecg's, any of
        scikit-learn's, or a pipeline of scikit-learn's or imbalanced-learn's that ends in one;
        None stands for ``ECGResidualCNNClassifier()``.
    voting : {"soft", "hard", "mean-logit"} or callable, default="soft"
        How the probabilities of a record follow from those of its beats:

        - ``"soft"``: their mean.
        - ``"hard"``: the share of the beats that each class is predicted for. The only one that
          needs no ``predict_proba`` of the classifier.
        - ``"mean-logit"``: the softmax of the mean of their logarithms, which is their geometric
          mean, scaled: one sure beat counts more than several unsure ones. A probability below
          2.2e-16 counts as that.
        - a function that maps the probabilities of one record's beats, of shape (n_beats,
          n_classes), to n_classes numbers that are not negative; they are scaled to the sum 1.
    beat_weight : {"equal", "shared"}, default="equal"
        What a beat weighs in training: as much as every other, so that a record with many beats
        weighs more than one with few; or its part of the record's weight, so that every record
        weighs the same. The latter needs a classifier that takes ``sample_weight``. Either is
        multiplied with the ``sample_weight`` of the record.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    class_prior_ : ndarray of shape (n_classes,)
        Weighted share of the records of each class; what a record without a beat is given.
    segmenter_ : object
        The fitted segmenter.
    classifier_ : estimator
        The fitted classifier of beats.
    n_features_in_ : int
        Samples in a record, when ``fit`` saw a two-dimensional ``X``.
    feature_names_in_ : ndarray of str
        Column names, when ``fit`` saw a data frame whose columns are named by strings.

    See Also
    --------
    BeatSegmenter : With ``beats="median"`` in a pipeline, one beat stands for a record.

    Notes
    -----
    ``groups`` reaches the classifier's ``fit`` where that takes it, the last step of a pipeline,
    and the splitter of a search such as :class:`~sklearn.model_selection.GridSearchCV`. The
    ``groups`` of :func:`~sklearn.model_selection.cross_validate` go to its splitter alone; those
    in its ``params`` come here, so that early stopping divides no subject either. Where an
    inner early stopping cannot be given it, as in scikit-learn's ``MLPClassifier``, a warning
    says so. Behind a sampler of imbalanced-learn, whose pipeline cannot resample it, early
    stopping is an error.

    With metadata routing enabled this is a router and a consumer: ``sample_weight`` and
    ``groups`` have to be requested of it and of the classifier, and any other metadata that the
    classifier requests are repeated for the beats, too. The numbers of the records, which stand
    for groups where none are given, need no request.

    A record without a beat takes no part in training; a class that is left without one is an
    error.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skecg import BeatSegmenter, BeatVoteClassifier
    >>> time = np.arange(1250) % 100
    >>> waves = [np.exp(-0.5 * ((time - 50) / width) ** 2) for width in (3, 9)]
    >>> X, y = np.repeat(waves, 4, axis=0), ["narrow"] * 4 + ["wide"] * 4
    >>> clf = BeatVoteClassifier(BeatSegmenter(sampling_rate=125), LogisticRegression())
    >>> clf.fit(X, y).predict(X[2:6])
    array(['narrow', 'narrow', 'wide', 'wide'], dtype='<U6')
    >>> beats = clf.predict_beats(X[:2])
    >>> beats.row[:3], beats.r_peak[:3], beats.probabilities.shape
    (array([0, 0, 0]), array([ 50, 150, 250]), (22, 2))
    """

    _parameter_constraints: dict = {
        "segmenter": [HasMethods(["fit", "segment"]), None],
        "classifier": [HasMethods(["fit", "predict"]), None],
        "voting": [StrOptions(set(VOTES)), callable],
        "beat_weight": [StrOptions({"equal", "shared"})],
    }

    def __init__(
        self,
        segmenter: BaseEstimator | None = None,
        classifier: BaseEstimator | None = None,
        *,
        voting: str | Voting = "soft",
        beat_weight: str = "equal",
    ) -> None:
        self.segmenter = segmenter
        self.classifier = classifier
        self.voting = voting
        self.beat_weight = beat_weight

    @with_callbacks
    def fit(
        self,
        X: Records,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        **fit_params: Any,
    ) -> Self:
        """Fit the classifier on all beats of the records.

        Parameters
        ----------
        X : array-like of shape (n_records, n_samples), or list of records of different lengths
            One lead.
        y : array-like of shape (n_records,)
            Labels of the records.
        sample_weight : array-like of shape (n_records,), default=None
            Weights of the records.
        groups : array-like of shape (n_records,), default=None
            Subject of each record, for the classifier; None makes every record a group.
        **fit_params : dict
            With metadata routing enabled, more that the classifier requests; arrays of n_records
            are repeated for the beats.

        Returns
        -------
        BeatVoteClassifier
            The classifier itself.

        Raises
        ------
        ValueError
            When X or y is invalid; when no record, or none of a class, has a beat; when the
            classifier has no ``predict_proba`` for the voting, or cannot be given the weights;
            when a sampler stands before early stopping.

        Warns
        -----
        UserWarning
            When records have no beat; when an inner early stopping cannot be given the groups.
        """
        _raise_for_params(fit_params, self, "fit")
        self._validate_params()
        X, y = self._check_fit_input(X, y)
        check_consistent_length(X, y, groups)
        if sample_weight is not None:
            sample_weight = check_sample_weight(sample_weight, y, ensure_non_negative=True)
        segmenter = BeatSegmenter() if self.segmenter is None else self.segmenter
        self.segmenter_ = clone(segmenter).fit(X)
        self.classifier_ = clone(self._classifier())
        self._check_has_probabilities()

        self.classes_, codes = np.unique(y, return_inverse=True)
        totals = np.bincount(codes, sample_weight)
        if not totals.sum():
            raise ValueError("all sample weights are zero; there is nothing to learn from")
        self.class_prior_ = totals / totals.sum()
        found, n_beats = self._segment(X, "they take no part in training")
        self._check_classes_left(codes[n_beats > 0])
        weights = sample_weight
        if self.beat_weight == "shared":
            weights = shared_weights(n_beats, sample_weight)
        metadata = {"sample_weight": weights, "groups": groups, **fit_params}
        # What the user did not give need not be requested.
        own = {"sample_weight"} if sample_weight is None else set()
        if groups is None:
            metadata["groups"] = np.arange(len(y))
            own.add("groups")
        metadata = _check_method_params(y, metadata, found.row)
        keywords = fit_keywords(self, metadata, own)
        with fit_of_part(self, self.classifier_, X, y):
            self.classifier_.fit(found.beats, y[found.row], **keywords)
        self._check_classes_agree()
        return self

    def predict_proba(self, X: Records) -> NDArray[np.float64]:
        """Compute the class probabilities of records.

        Parameters
        ----------
        X : array-like of shape (n_records, n_samples), or list of records of different lengths
            One lead.

        Returns
        -------
        ndarray of shape (n_records, n_classes)
            Rows sum to 1, columns are in the order of ``classes_``.

        Raises
        ------
        ValueError
            When X is invalid, or when a function given as ``voting`` returns anything but
            n_classes finite numbers that are not negative and not all zero.

        Warns
        -----
        UserWarning
            When records have no beat: they are given ``class_prior_``.
        """
        X = self._check_predict_input(X)
        found, n_beats = self._segment(X, "they are given the class prior")
        probabilities = np.tile(self.class_prior_, (len(n_beats), 1))
        has_beat = n_beats > 0
        if has_beat.any():
            # The rows that have beats, numbered on without a gap.
            row = (np.cumsum(has_beat) - 1)[found.row]
            probabilities[has_beat] = self._votes(found.beats, row)
        return probabilities

    def predict_log_proba(self, X: Records) -> NDArray[np.float64]:
        """Compute the logarithms of the class probabilities of records.

        Parameters
        ----------
        X : array-like of shape (n_records, n_samples), or list of records of different lengths
            One lead.

        Returns
        -------
        ndarray of shape (n_records, n_classes)
            Minus infinity where a probability is 0, as a hard vote may be.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X: Records) -> NDArray:
        """Predict the most probable label of every record.

        Parameters
        ----------
        X : array-like of shape (n_records, n_samples), or list of records of different lengths
            One lead.

        Returns
        -------
        ndarray of shape (n_records,)
            Of classes with equal votes, the first in ``classes_``.
        """
        codes = self.predict_proba(X).argmax(axis=1)
        return self.classes_[codes]

    def predict_beats(self, X: Records) -> Bunch:
        """Return every beat with what the classifier says of it.

        Parameters
        ----------
        X : array-like of shape (n_records, n_samples), or list of records of different lengths
            One lead.

        Returns
        -------
        Bunch
            ``row``, the index into ``X``; ``window``, ``r_peak`` and ``period``, as
            :meth:`BeatSegmenter.segment` gives them; ``beats`` (n_beats, beat_length);
            ``probabilities`` (n_beats, n_classes), or None where the classifier has none; and
            ``label``, the predicted class. In the order of row and R peak. A record without a
            beat does not occur.
        """
        X = self._check_predict_input(X)
        found, _ = self._segment(X, "they are not in the result")
        n_beats, n_classes = len(found.row), len(self.classes_)
        probabilities, label = np.empty((0, n_classes)), self.classes_[:0]
        if n_beats:
            label = self.classifier_.predict(found.beats)
            probabilities = None
            if hasattr(self.classifier_, "predict_proba"):
                probabilities = self.classifier_.predict_proba(found.beats)
        columns = {name: found.get(name) for name in ("row", "window", "r_peak", "period", "beats")}
        return Bunch(**columns, probabilities=probabilities, label=label)

    def get_metadata_routing(self) -> MetadataRouter:
        """Say which metadata go where; see scikit-learn's guide to metadata routing.

        Returns
        -------
        MetadataRouter
            What ``fit`` and ``score`` take, and what ``fit`` hands on to the classifier.
        """
        to_classifier = MethodMapping().add(caller="fit", callee="fit")
        router = MetadataRouter(owner=self).add_self_request(self)
        return router.add(classifier=self._classifier(), method_mapping=to_classifier)

    def _classifier(self) -> BaseEstimator:
        if self.classifier is not None:
            return self.classifier
        # Imported here because it brings PyTorch, which another classifier may not need.
        from ..classifiers import ECGResidualCNNClassifier

        classifier = ECGResidualCNNClassifier()
        if _routing_enabled():
            classifier.set_fit_request(sample_weight=True, groups=True)
        return classifier

    def _check_fit_input(self, X: Records, y: ArrayLike) -> tuple[Records, NDArray]:
        if has_unequal_rows(X):
            # What an earlier fit on an array has left says nothing about these records.
            for name in ("n_features_in_", "feature_names_in_"):
                self.__dict__.pop(name, None)
            y = column_or_1d(y, warn=True)
        else:
            X, y = validate_data(self, X, y)
        check_classification_targets(y)
        return X, y

    def _check_predict_input(self, X: Records) -> Records:
        check_is_fitted(self, "classifier_")
        # The segmenter checks records of different lengths, one by one.
        return X if has_unequal_rows(X) else validate_data(self, X, reset=False)

    def _segment(self, X: Records, what_happens: str) -> tuple[Bunch, NDArray[np.int64]]:
        """Return the beats and the number of them in every record."""
        with warnings.catch_warnings():
            # It is said below, with what becomes of the records.
            warnings.filterwarnings("ignore", message=".*have no beat", category=UserWarning)
            found = self.segmenter_.segment(X)
        n_beats = np.bincount(found.row, minlength=_num_samples(X))
        n_empty = np.count_nonzero(n_beats == 0)
        if n_empty:
            warnings.warn(
                f"{n_empty} of {len(n_beats)} records have no beat, the first of them record "
                f"{n_beats.argmin()}: {what_happens}",
                UserWarning,
                stacklevel=3,
            )
        return found, n_beats

    def _votes(self, beats: NDArray, row: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the probabilities of the rows, each of which has a beat."""
        if self.voting == "hard":
            codes = np.searchsorted(self.classes_, self.classifier_.predict(beats))
            ballots = np.eye(len(self.classes_))[codes]
        else:
            ballots = np.asarray(self.classifier_.predict_proba(beats), dtype=np.float64)
        if callable(self.voting):
            return called_votes(self.voting, ballots, row)
        return VOTES[self.voting](ballots, row)

    def _check_has_probabilities(self) -> None:
        if self.voting != "hard" and not hasattr(self.classifier_, "predict_proba"):
            raise ValueError(
                f"voting={self.voting!r} needs the probabilities of beats, but "
                f"{type(self.classifier_).__name__} has no predict_proba; choose voting='hard' or "
                "a classifier that has one"
            )

    def _check_classes_left(self, codes: NDArray[np.int64]) -> None:
        lost = np.setdiff1d(np.arange(len(self.classes_)), codes)
        if len(lost):
            lost = "any class" if not len(codes) else f"{self.classes_[lost].tolist()}"
            raise ValueError(
                f"no record of {lost} has a beat to learn from; choose another detector, a lower "
                "threshold, the right sampling_rate or longer records"
            )

    def _check_classes_agree(self) -> None:
        learned = getattr(self.classifier_, "classes_", self.classes_)
        if not np.array_equal(learned, self.classes_):
            raise ValueError(
                f"the classifier of beats knows the classes {np.asarray(learned).tolist()}, but y "
                f"has {self.classes_.tolist()}"
            )
