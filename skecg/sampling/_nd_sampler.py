"""The sampler that lets imbalanced-learn's samplers take data of any shape."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from imblearn.base import SamplerMixin
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import Pipeline
from imblearn.under_sampling import (
    AllKNN,
    EditedNearestNeighbours,
    InstanceHardnessThreshold,
    NeighbourhoodCleaningRule,
    RandomUnderSampler,
    RepeatedEditedNearestNeighbours,
)
from imblearn.utils import check_sampling_strategy, check_target_type
from imblearn.utils._tags import InputTags, SamplerTags, Tags, get_tags
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, MetaEstimatorMixin, OneToOneFeatureMixin, clone
from sklearn.metrics import pairwise_distances_argmin
from sklearn.utils import TargetTags, check_consistent_length
from sklearn.utils.metadata_routing import MetadataRequest
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from .._compat import HasMethods, StrOptions, num_samples, safe_indexing
from ._form import flat_floats, in_the_form_of
from ._small_classes import lower_neighbors


class NDSampler(OneToOneFeatureMixin, MetaEstimatorMixin, BaseEstimator):
    """Let any sampler of imbalanced-learn resample data of any shape and type.

    imbalanced-learn takes tables of numbers. Here X may also be a list of file names or of
    records of different lengths, an array of strings or objects, windows of several leads or
    pictures; shape, dtype and kind of container are kept. How much of X is looked at is for the
    sampler to say:

    - ``RandomOverSampler`` (without shrinkage), ``RandomUnderSampler`` and pipelines of them look
      at y only. X may hold anything, and is copied once, when the chosen samples are taken.
    - The other samplers that choose among the samples (``NearMiss``, ``TomekLinks``,
      ``EditedNearestNeighbours``, ...) compare flattened samples. Those chosen are taken from X
      itself.
    - Samplers that make new ones (``SMOTE`` and its kin, ``ADASYN``, ``ClusterCentroids``,
      ``SMOTEENN``, ...) work on flattened samples in floating point. With integers in X, the new
      values are rounded and clipped to the range of the dtype: uint8 stays uint8.

    Parameters
    ----------
    sampler : object
        Over-, under- or combined sampler of imbalanced-learn, or any estimator that has its
        ``fit_resample``. It is cloned; parameters are reached as ``sampler__k_neighbors`` and so
        on.
    on_small_class : {"reduce", "raise"}, default="reduce"
        What becomes of a class with fewer samples than the neighbours asked for (``k_neighbors``,
        ``m_neighbors``, ``n_neighbors``, as numbers or as estimators, also inside ``SMOTEENN``
        and ``SMOTETomek``). ``"reduce"``: it gets as many as there are, and one warning names the
        class, its number of samples and the new k; the other classes keep theirs, but for
        ``ADASYN``, ``KMeansSMOTE`` and the under-samplers, which have one number for all. A class
        with a single sample is left as it is: between a sample and itself lies nothing new, and
        one beat repeated a thousand times would be learned by heart. ``"raise"``: a ValueError.
    on_synthetic : {"raise", "nearest"}, default="raise"
        What ``groups`` and ``sample_weight`` of new samples are. SMOTE draws a sample between two
        others, often of two subjects, and belongs to neither: a split by such groups would let
        one subject into both parts. So ``"raise"`` refuses. ``"nearest"`` gives every resampled
        sample those of the nearest original one of its class; that is good for weights.

    Attributes
    ----------
    sampler_ : object
        The fitted clone of ``sampler``, with the numbers of neighbours that were used.
    sampling_strategy_ : dict
        Labels of the resampled classes and their numbers of samples, as the sampler counts them.
    sample_indices_ : ndarray of shape (n_samples_new,)
        Index into X of every resampled sample; only with samplers that choose.
    n_features_in_ : int
        Length of the second axis of X, where it has one.
    feature_names_in_ : ndarray of str
        Column names of X, where all are strings.

    See Also
    --------
    skecg.ECGNeuralClassifier : ``class_weight="balanced"`` and ``shuffle="balanced"`` balance the
        classes in every classifier without copying a sample.

    Notes
    -----
    As a step of :class:`imblearn.pipeline.Pipeline` it resamples in ``fit`` only. That pipeline
    resamples X and y, and nothing else: ``groups`` or ``sample_weight`` for a later step would
    no longer fit, and the classifiers refuse them. So this method requests no metadata in a
    pipeline. Resample first, outside, and pass both to the classifier:

    ``X, y, groups = NDSampler(RandomOverSampler()).fit_resample(X, y, groups=groups)``

    Resample the training part only, never before the split: copies of a sample in both parts of
    a split are the same sample.

    Examples
    --------
    >>> import numpy as np
    >>> from imblearn.over_sampling import SMOTE, RandomOverSampler
    >>> from skecg import NDSampler
    >>> sheets = ["a.png", "b.png", "c.png"]
    >>> NDSampler(RandomOverSampler(random_state=0)).fit_resample(sheets, ["N", "N", "MI"])
    (['a.png', 'b.png', 'c.png', 'c.png'], ['N', 'N', 'MI', 'MI'])
    >>> pictures = np.arange(9 * 3 * 4 * 4, dtype=np.uint8).reshape(9, 3, 4, 4)
    >>> y = np.repeat(["N", "MI"], [6, 3])
    >>> X, y = NDSampler(SMOTE(k_neighbors=2, random_state=0)).fit_resample(pictures, y)
    >>> X.shape, X.dtype
    ((12, 3, 4, 4), dtype('uint8'))
    """

    _estimator_type = "sampler"
    _parameter_constraints: dict = {
        "sampler": [HasMethods(["fit_resample"])],
        "on_small_class": [StrOptions({"reduce", "raise"})],
        "on_synthetic": [StrOptions({"raise", "nearest"})],
    }

    def __init__(
        self,
        sampler: SamplerMixin,
        on_small_class: Literal["reduce", "raise"] = "reduce",
        on_synthetic: Literal["raise", "nearest"] = "raise",
    ) -> None:
        self.sampler = sampler
        self.on_small_class = on_small_class
        self.on_synthetic = on_synthetic

    def fit(self, X: Any, y: ArrayLike) -> Self:
        """Check the input and count the classes; use ``fit_resample`` in all cases.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, ...), or list of n_samples objects
            Samples.
        y : array-like of shape (n_samples,)
            Labels.

        Returns
        -------
        self : object
        """
        values, labels = self._begin(X, y)
        self.sampler_.fit(values, labels)
        self._publish(None)
        return self

    def fit_resample(
        self,
        X: Any,
        y: ArrayLike,
        groups: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> tuple:
        """Resample the samples and what belongs to them.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, ...), or list of n_samples objects
            Samples.
        y : array-like of shape (n_samples,)
            Labels of any kind, of at least two classes.
        groups : array-like of shape (n_samples,), default=None
            Subject of every sample.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        X : of the kind of X, of shape (n_samples_new, ...)
            The resampled samples.
        y : of the kind of y, of shape (n_samples_new,)
            Their labels.
        groups, sample_weight : of their kinds, of shape (n_samples_new,)
            Theirs; each only if it was given.

        Raises
        ------
        TypeError
            If the sampler compares or makes samples and X does not hold numbers, or arrays of one
            shape.
        ValueError
            If y has a single class or is no classification target, a length differs, a class is
            too small (``on_small_class="raise"``), or ``groups`` or ``sample_weight`` of new
            samples are asked for (``on_synthetic="raise"``).
        """
        check_consistent_length(X, groups, sample_weight)
        along = [each for each in (groups, sample_weight) if each is not None]
        values, labels = self._begin(X, y)
        X_new, y_new = self.sampler_.fit_resample(values, labels)
        if _looks_at_y_only(self.sampler_):
            indices = X_new[:, 0]
        else:
            indices = getattr(self.sampler_, "sample_indices_", None)
        if indices is not None:
            indices = _unless_all_are_kept(indices, num_samples(X))
        self._publish(indices)

        origins = indices
        if along and origins is None:
            origins = self._nearest_originals(values, y, X_new, y_new)
        # With shrinkage the indices are those of the seeds that noise was added to.
        if indices is not None and not getattr(self.sampler_, "shrinkage", None):
            X_new, y_new = safe_indexing(X, indices), safe_indexing(y, indices)
        else:
            X_new = in_the_form_of(X, X_new)
        return X_new, y_new, *(safe_indexing(each, origins) for each in along)

    def _begin(self, X: Any, y: ArrayLike) -> tuple[Any, ArrayLike]:
        """Check the input, make ``sampler_`` and return what it is to be fitted on."""
        self._validate_params()
        if issparse(X):
            raise TypeError("NDSampler takes no sparse X; make it dense by X.toarray()")
        if num_samples(X) == 0 or 0 in getattr(X, "shape", ()):
            what = "sample(s)" if num_samples(X) == 0 else "feature(s)"
            shape = f"(shape={getattr(X, 'shape', (0,))})"
            raise ValueError(f"Found array with 0 {what} {shape} while a minimum of 1 is required.")
        validate_data(self, X, y, skip_check_array=True)
        check_classification_targets(y)
        check_consistent_length(X, y)
        labels, _ = check_target_type(np.asarray(y), indicate_one_vs_all=True)
        self.sampler_ = clone(self.sampler)
        self._classes = None
        if _looks_at_y_only(self.sampler_):
            return np.arange(len(labels))[:, None], y
        values = flat_floats(X, type(self.sampler_).__name__)
        lower_neighbors(self.sampler_, labels, self.on_small_class)
        if isinstance(self.sampler_, _OF_NUMBERED_CLASSES):
            self._classes = np.unique(labels)
            return values, _number_classes(self.sampler_, labels)
        return values, y

    def _publish(self, indices: NDArray | None) -> None:
        """Set the attributes that mirror the sampler's, and none of an earlier fit."""
        strategy = getattr(self.sampler_, "sampling_strategy_", None)
        if self._classes is not None:
            strategy = {self._classes[code]: n for code, n in strategy.items()}
        found = {"sampling_strategy_": strategy, "sample_indices_": indices}
        for name, value in found.items():
            self.__dict__.pop(name, None)
            if value is not None:
                setattr(self, name, value)

    def _nearest_originals(self, values, y, new_values, new_y) -> NDArray:
        """Return for every resampled sample the nearest original one of its class."""
        if self.on_synthetic == "raise":
            raise ValueError(
                f"{type(self.sampler_).__name__} makes new samples, which lie between those of "
                "several subjects and have no group and no weight of their own. Choose a sampler "
                "that repeats or drops samples, such as RandomOverSampler or RandomUnderSampler, "
                "or on_synthetic='nearest' for those of the nearest original sample of the class"
            )
        old, new = np.asarray(values), np.asarray(new_values)
        labels, new_labels = (
            check_target_type(np.asarray(each), indicate_one_vs_all=True)[0] for each in (y, new_y)
        )
        origins = np.empty(len(new), dtype=np.intp)
        for label in np.unique(new_labels):
            members, rows = np.flatnonzero(labels == label), new_labels == label
            origins[rows] = members[pairwise_distances_argmin(new[rows], old[members])]
        # Over-samplers begin with X itself, where equal samples may have unequal weights.
        if np.array_equal(new[: len(old)], old):
            origins[: len(old)] = np.arange(len(old))
        return origins

    def get_metadata_routing(self) -> MetadataRequest:
        """Request no metadata: a pipeline would hand it in, but could not take it back.

        Returns
        -------
        MetadataRequest
            An empty one.
        """
        request = super().get_metadata_routing()
        request.fit_resample.requests.clear()
        return request

    def __sklearn_tags__(self) -> Tags:
        of_sampler = get_tags(self.sampler)
        tags = Tags(
            estimator_type="sampler",
            target_tags=TargetTags(required=True),
            input_tags=InputTags(three_d_array=True, dataframe=True),
            sampler_tags=SamplerTags(),
        )
        chooses = getattr(of_sampler, "sampler_tags", None)
        tags.sampler_tags.sample_indices = chooses is not None and chooses.sample_indices
        tags.input_tags.allow_nan = of_sampler.input_tags.allow_nan
        tags.input_tags.string = of_sampler.input_tags.string
        return tags


def _looks_at_y_only(sampler: object) -> bool:
    """Tell whether the samples themselves do not matter to a sampler."""
    if isinstance(sampler, Pipeline):
        return all(_looks_at_y_only(step) for _, step in sampler.steps)
    work = getattr(type(sampler), "_fit_resample", None)  # a subclass may have its own
    if work is RandomOverSampler._fit_resample:
        return sampler.shrinkage is None
    return work is RandomUnderSampler._fit_resample


# They index arrays by the labels, or take the mode of labels: both need numbers from 0 on.
_OF_NUMBERED_CLASSES = (
    AllKNN,
    EditedNearestNeighbours,
    InstanceHardnessThreshold,
    NeighbourhoodCleaningRule,
    RepeatedEditedNearestNeighbours,
)


def _number_classes(sampler: Any, labels: NDArray) -> NDArray:
    """Return the labels as numbers, and make the sampler's strategy one of these numbers."""
    kind = sampler._sampling_type
    strategy = check_sampling_strategy(sampler.sampling_strategy, labels, kind)
    classes, codes = np.unique(labels, return_inverse=True)
    numbered = {int(np.searchsorted(classes, label)): n for label, n in strategy.items()}
    sampler.set_params(sampling_strategy=list(numbered) if kind == "clean-sampling" else numbered)
    return codes


def _unless_all_are_kept(indices: NDArray, n_samples: int) -> NDArray:
    """Return the indices, in the order of X if every sample is chosen once."""
    # Some under-samplers sort by class even where nothing is to do. Left so, groups that a
    # pipeline gives to its classifier would belong to other samples, and nobody would notice.
    in_order = np.arange(n_samples)
    return in_order if np.array_equal(np.sort(indices), in_order) else indices
