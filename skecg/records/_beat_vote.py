"""The classifier of records by a vote of their beats."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.utils import (
    Bunch,
    Tags,
    check_array,
    check_consistent_length,
    column_or_1d,
    get_tags,
)
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.validation import check_is_fitted, validate_data

from .._compat import (
    CallbackSupportMixin,
    ClassifierMixin,
    EstimatorBase,
    HasMethods,
    MetaEstimatorMixin,
    StrOptions,
    check_method_params,
    check_sample_weight,
    num_samples,
    raise_for_params,
    routing_enabled,
    validate_params,
    with_callbacks,
)
from .._estimators import check_parts, publish, validated
from .._limits import in_range
from .._native_callbacks import fit_of_part
from ..preprocessing import BeatSegmenter, has_unequal_rows
from ..samples import dense_labels
from ._checks import (
    check_classes_agree,
    check_groups,
    check_has_probabilities,
)
from ._metadata import fit_keywords, shared_weights
from ._voted_on import OneClass, SeveralLabels
from ._votes import VOTES

Records = ArrayLike | Sequence[ArrayLike]
Voting = Callable[[NDArray[np.float64]], ArrayLike]

# It must find the beats of all classes alike.
_DEFAULT_SEGMENTER = BeatSegmenter(detector="sleepecg")


class BeatVoteClassifier(ClassifierMixin, MetaEstimatorMixin, CallbackSupportMixin, EstimatorBase):
    """Classify records by a vote of their heartbeats.

    ``fit`` cuts the records into beats, gives each beat the label of its record and trains a
    classifier on the beats. ``predict`` lets the beats of a record vote. A sample is a record, so
    cross-validation never puts beats of one record into both the training and the test part. The
    classifier of beats is given ``groups``, so its early stopping does not divide a record either.

    Parameters
    ----------
    segmenter : object, default=None
        A :class:`BeatSegmenter`, or another estimator with the same ``fit(X)`` and
        ``segment(X)``; None means ``BeatSegmenter(detector="sleepecg")``, for records at 125 Hz.
        Its parameter ``beats`` has no effect here: all beats are used. The published rule, the
        default of :class:`BeatSegmenter`, finds more beats in the records of some classes than of
        others, and the vote then learns from that.
    classifier : estimator, default=None
        The classifier of beats, of shape (n_beats, beat_length): one of skecg's or of
        scikit-learn's, or a pipeline of scikit-learn's or imbalanced-learn's that ends in one;
        None means ``ECGResidualCNNClassifier()``.
    voting : {"soft", "hard", "mean-logit"} or callable, default="soft"
        How the probabilities of a record are computed from those of its beats:

        - ``"soft"``: their mean.
        - ``"hard"``: the share of the beats that are predicted as each class. Only this one
          works with a classifier that has no ``predict_proba``.
        - ``"mean-logit"``: the softmax of the mean of their logarithms, that is, their geometric
          mean scaled to sum to 1. One confident beat counts more than several uncertain ones.
          Probabilities below 2.2e-16 are raised to that.
        - a function that maps the probabilities of one record's beats, of shape (n_beats,
          n_classes), to n_classes numbers that are not negative; they are scaled to sum to 1.

        With several labels at once, each label has a vote of its own, and nothing is scaled to
        sum to 1: ``"mean-logit"`` is the probability of the mean log-odds, and a function returns
        n_labels probabilities.
    beat_weight : {"equal", "shared"}, default="equal"
        Weight of a beat in training. ``"equal"``: every beat weighs the same, so a record with
        many beats weighs more than one with few. ``"shared"``: the beats of a record share its
        weight, so every record weighs the same; the classifier must take ``sample_weight``. Both
        are multiplied by the ``sample_weight`` of the record.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted; with several labels at once, the numbers of the columns of y.
    class_prior_ : ndarray of shape (n_classes,)
        Weighted share of the records of each class, or with each label: the probabilities of a
        record without a beat.
    segmenter_ : object
        The fitted segmenter.
    classifier_ : estimator
        The fitted classifier of beats.
    n_features_in_ : int
        Number of time steps of a record, if ``X`` was two-dimensional in ``fit``.
    feature_names_in_ : ndarray of str
        Column names, if ``X`` was a data frame with string column names in ``fit``.

    See Also
    --------
    BeatSegmenter : In a pipeline, with ``beats="median"``, it gives one beat for each record.

    Notes
    -----
    A ``fit`` that fails changes nothing: the estimator stays unfitted, or as it was fitted before.

    ``groups`` are passed to the classifier's ``fit`` if it takes them, to the last step of a
    pipeline, and to the splitter of a search such as
    :class:`~sklearn.model_selection.GridSearchCV`.
    :func:`~sklearn.model_selection.cross_validate` gives its own ``groups`` to its splitter only;
    pass them in its ``params`` as well, so that early stopping does not divide a subject. A
    classifier whose early stopping cannot use groups, such as scikit-learn's ``MLPClassifier``,
    gets a warning. Early stopping behind a sampler of imbalanced-learn is an error, because its
    pipeline cannot resample groups.

    With metadata routing enabled, this estimator is a router and a consumer: request
    ``sample_weight`` and ``groups`` of it and of the classifier. Other metadata that the
    classifier requests are repeated for the beats. If no groups are given, every record is a
    group; that needs no request.

    Records without a beat are not used in training. If all records of a class have no beat, that
    is an error.

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

    classifier_: BaseEstimator
    segmenter_: BaseEstimator
    class_prior_: NDArray[np.float64]

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
        y : array-like of shape (n_records,) or (n_records, n_labels)
            Labels of the records. With several columns, several labels at once: 1 where a record
            has the label, else 0; the classifier of beats must take such labels.
        sample_weight : array-like of shape (n_records,), default=None
            Weights of the records.
        groups : array-like of shape (n_records,), default=None
            Subject of each record, for the classifier. None makes every record a group.
        **fit_params : dict
            With metadata routing enabled, other metadata that the classifier requests; arrays of
            length n_records are repeated for the beats.

        Returns
        -------
        BeatVoteClassifier
            The classifier itself.

        Raises
        ------
        ValueError
            If X, y, ``groups`` or ``sample_weight`` is invalid; if no record, or none of a class,
            has a beat; if the classifier has no ``predict_proba`` and the voting needs it, or
            cannot be given the weights; if it stops early behind a sampler.
        TypeError
            If X, y or ``sample_weight`` is no array-like.

        Warns
        -----
        UserWarning
            If records have no beat, or early stopping of the classifier cannot use the groups.
        """
        raise_for_params(fit_params, self, "fit")
        validate_params(self)
        segmenter = clone(_DEFAULT_SEGMENTER if self.segmenter is None else self.segmenter)
        X, y, form = self._check_fit_input(X, y, segmenter)
        check_groups(groups, len(y))
        if sample_weight is not None:
            sample_weight = check_sample_weight(sample_weight, y, ensure_non_negative=True)
        voted_on = OneClass() if y.ndim == 1 else SeveralLabels()
        classes = voted_on.classes_of(y)
        prior = voted_on.prior(y, sample_weight)

        segmenter.fit(X)
        classifier = clone(self._classifier())
        check_has_probabilities(classifier, self.voting)
        found, n_beats = _segment(segmenter, X, "they are not used in training")
        voted_on.check_left(classes, y[n_beats > 0])
        metadata, own = self._metadata_of_records(n_beats, sample_weight, groups, fit_params)
        metadata = check_method_params(y, metadata, found.row)
        keywords = fit_keywords(self, classifier, metadata, own)

        learned = {"classes_": classes, "class_prior_": prior, "segmenter_": segmenter}
        learned |= {"classifier_": classifier, **form}
        if isinstance(voted_on, SeveralLabels):
            learned["_several_labels"] = True
        with (
            fit_of_part(self, classifier, X, y, lambda: learned),
            in_range("sample_weight, or a parameter of the classifier,"),
        ):
            classifier.fit(found.beats, y[found.row], **keywords)
            check_classes_agree(classifier, classes)
        publish(self, learned, "_several_labels")
        return self

    def set_params(self, **params: Any) -> Self:
        """Set parameters of this estimator, its segmenter and its classifier.

        Parameters
        ----------
        **params : dict
            ``name=value``, or ``segmenter__name=value`` and ``classifier__name=value``.

        Returns
        -------
        BeatVoteClassifier
            The classifier itself.

        Raises
        ------
        ValueError
            If a name is unknown, or a parameter of ``segmenter`` or ``classifier`` is set while
            that is None.
        """
        defaults = {
            "segmenter": "BeatSegmenter(detector='sleepecg')",
            "classifier": "ECGResidualCNNClassifier()",
        }
        check_parts(self, params, defaults)
        return super().set_params(**params)

    def predict_proba(self, X: Records) -> NDArray[np.float64]:
        """Compute the class probabilities of records.

        Parameters
        ----------
        X : array-like of shape (n_records, n_samples), or list of records of different lengths
            One lead.

        Returns
        -------
        ndarray of shape (n_records, n_classes)
            Columns are in the order of ``classes_``; rows sum to 1, but for several labels at once.

        Raises
        ------
        ValueError
            If X is invalid, or if a function given as ``voting`` does not return n_classes finite
            numbers that are not negative and not all zero.

        Warns
        -----
        UserWarning
            If records have no beat: their probabilities are ``class_prior_``.
        """
        X = self._check_predict_input(X)
        found, n_beats = _segment(self.segmenter_, X, "their probabilities are class_prior_")
        probabilities = np.tile(self.class_prior_, (len(n_beats), 1))
        has_beat = n_beats > 0
        if has_beat.any():
            # Rows that have beats, numbered without gaps.
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
        ndarray of shape (n_records,) or (n_records, n_labels)
            If classes have equal votes, the first of them in ``classes_``. With several labels at
            once, 1 for every label whose probability is above 0.5, else 0.
        """
        probabilities = self.predict_proba(X)
        return self._voted_on().decide(probabilities, self.classes_)

    def predict_beats(self, X: Records) -> Bunch:
        """Return every beat with its probabilities and its predicted class.

        Parameters
        ----------
        X : array-like of shape (n_records, n_samples), or list of records of different lengths
            One lead.

        Returns
        -------
        Bunch
            ``row``, the index into ``X``; ``window``, ``r_peak`` and ``period``, as
            :meth:`BeatSegmenter.segment` gives them; ``beats`` (n_beats, beat_length);
            ``probabilities`` (n_beats, n_classes), or None if the classifier has no
            ``predict_proba``; and ``label``, the predicted class. Beats are sorted by row and R
            peak. Records without a beat have no entry.
        """
        X = self._check_predict_input(X)
        found, _ = _segment(self.segmenter_, X, "they are not in the result")
        n_beats, n_classes = len(found.row), len(self.classes_)
        label = self._voted_on().no_labels(self.classes_)
        probabilities: NDArray | None = np.empty((0, n_classes))
        if n_beats:
            label = self.classifier_.predict(found.beats)
            probabilities = None
            if hasattr(self.classifier_, "predict_proba"):
                probabilities = self.classifier_.predict_proba(found.beats)
        columns = {name: found.get(name) for name in ("row", "window", "r_peak", "period", "beats")}
        return Bunch(**columns, probabilities=probabilities, label=label)

    def get_metadata_routing(self) -> MetadataRouter:
        """Return which metadata go where; see scikit-learn's guide to metadata routing.

        Returns
        -------
        MetadataRouter
            What ``fit`` and ``score`` take, and what ``fit`` passes to the classifier.
        """
        to_classifier = MethodMapping().add(caller="fit", callee="fit")
        router = MetadataRouter(owner=self).add_self_request(self)
        return router.add(classifier=self._classifier(), method_mapping=to_classifier)

    def _classifier(self) -> BaseEstimator:
        if self.classifier is not None:
            return self.classifier
        # Imported here because it needs PyTorch, which other classifiers may not.
        from ..classifiers import ECGResidualCNNClassifier

        classifier = ECGResidualCNNClassifier()
        if routing_enabled():
            classifier.set_fit_request(sample_weight=True, groups=True)
        return classifier

    def _check_fit_input(
        self, X: Records, y: ArrayLike, segmenter: BaseEstimator
    ) -> tuple[Records, NDArray, dict[str, Any]]:
        """Return X, y and the attributes that say which form X has."""
        form: dict[str, Any] = {}
        finite = _check_form(segmenter, X)
        labels, several = dense_labels(y)
        if has_unequal_rows(X):
            if several:
                labels = check_array(labels, dtype=None, input_name="y")
            else:
                labels = column_or_1d(labels, warn=True)
            check_consistent_length(X, labels)
            return X, labels, form
        (rows, labels), form = validated(
            self, X, labels, ensure_all_finite=finite, multi_output=several
        )
        return rows, labels, form

    def _metadata_of_records(
        self,
        n_beats: NDArray[np.int64],
        sample_weight: NDArray[np.float64] | None,
        groups: ArrayLike | None,
        fit_params: dict[str, Any],
    ) -> tuple[dict[str, Any], set[str]]:
        """Return the metadata of the records, and the names of those that the user did not give.

        The latter need not be requested.
        """
        own = {n for n, v in (("sample_weight", sample_weight), ("groups", groups)) if v is None}
        if self.beat_weight == "shared":
            sample_weight = shared_weights(n_beats, sample_weight)
        if groups is None:
            groups = np.arange(len(n_beats))
        return {"sample_weight": sample_weight, "groups": groups, **fit_params}, own

    def _check_predict_input(self, X: Records) -> Records:
        check_is_fitted(self, "classifier_")
        finite = _check_form(self.segmenter_, X)
        # The segmenter checks records of different lengths, one by one.
        if has_unequal_rows(X):
            return X
        return validate_data(self, X, reset=False, ensure_all_finite=finite)

    def _votes(self, beats: NDArray, row: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the probabilities of the rows, each of which has a beat."""
        voted_on = self._voted_on()
        if self.voting == "hard":
            ballots = voted_on.ballots(self.classifier_.predict(beats), self.classes_)
        else:
            ballots = np.asarray(self.classifier_.predict_proba(beats), dtype=np.float64)
        return voted_on.count(self.voting, ballots, row)

    def _voted_on(self) -> OneClass | SeveralLabels:
        return SeveralLabels() if vars(self).get("_several_labels") else OneClass()

    def __sklearn_tags__(self) -> Tags:
        """Say that there may be several labels where the classifier of beats takes them."""
        tags = super().__sklearn_tags__()
        of_beats = get_tags(self._classifier()).classifier_tags
        tags.classifier_tags.multi_label = of_beats is not None and of_beats.multi_label
        return tags


def _check_form(segmenter: BaseEstimator, X: Records) -> bool | str:
    """Let a BeatSegmenter say what is wrong with records; return which values are allowed."""
    if not isinstance(segmenter, BeatSegmenter):
        return True
    clone(segmenter).fit(X)
    return "allow-nan" if segmenter.on_gap == "skip" else True


def _segment(
    segmenter: BaseEstimator, X: Records, what_happens: str
) -> tuple[Bunch, NDArray[np.int64]]:
    """Return the beats and the number of them in every record."""
    with warnings.catch_warnings():
        # The warning below says it as well, and what happens to these records.
        warnings.filterwarnings("ignore", message=".*have no beat", category=UserWarning)
        found = segmenter.segment(X)
    n_beats = np.bincount(found.row, minlength=num_samples(X))
    n_empty = np.count_nonzero(n_beats == 0)
    if n_empty:
        warnings.warn(
            f"{n_empty} of {len(n_beats)} records have no beat, the first of them record "
            f"{n_beats.argmin()}: {what_happens}",
            UserWarning,
            stacklevel=3,
        )
    return found, n_beats
