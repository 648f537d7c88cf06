"""The sampler for data of any shape."""

from __future__ import annotations

from collections.abc import Mapping
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
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.metrics import pairwise_distances_argmin
from sklearn.utils import Tags, check_consistent_length
from sklearn.utils.metadata_routing import MetadataRequest
from sklearn.utils.multiclass import check_classification_targets

from .._compat import (
    EstimatorBase,
    HasMethods,
    MetaEstimatorMixin,
    OneToOneFeatureMixin,
    StrOptions,
    num_samples,
    safe_indexing,
    sampler_tags,
    sampling_type,
    validate_params,
    works_as,
)
from .._estimators import check_parts, publish, validated
from .._limits import in_range
from ._form import flat_floats, in_the_form_of
from ._small_classes import lower_neighbors


class NDSampler(OneToOneFeatureMixin, MetaEstimatorMixin, EstimatorBase):
    """Resample data of any shape and type with any sampler of imbalanced-learn.

    imbalanced-learn takes tables of numbers. Here X may also be a list of file names or of
    records of different lengths, an array of strings or objects, windows of several leads or
    pictures. Shape, dtype and kind of container are kept. What the sampler needs of X depends on
    its kind:

    - ``RandomOverSampler`` (without shrinkage), ``RandomUnderSampler`` and pipelines of them use
      y only. X may hold anything, and is copied once, when the chosen samples are taken.
    - Other samplers that choose among the samples (``NearMiss``, ``TomekLinks``,
      ``EditedNearestNeighbours``, ...) compare flattened samples. The chosen ones are taken from X
      itself.
    - Samplers that make new samples (``SMOTE`` and its variants, ``ADASYN``, ``ClusterCentroids``,
      ``SMOTEENN``, ...) use flattened samples in floating point. If X holds integers, the new
      values are rounded and clipped to the range of the dtype: uint8 stays uint8.

    Parameters
    ----------
    sampler : object
        Over-, under- or combined sampler of imbalanced-learn, or any estimator with
        ``fit_resample``. It is cloned. Its parameters are set as ``sampler__k_neighbors`` and so
        on.
    on_small_class : {"reduce", "raise"}, default="reduce"
        What to do if a class has fewer samples than the sampler needs for its neighbours
        (``k_neighbors``, ``m_neighbors``, ``n_neighbors``, as numbers or as estimators, also inside
        ``SMOTEENN`` and ``SMOTETomek``). ``"reduce"``: use as many neighbours as there are, and
        warn with the class, its number of samples and the new k. Other classes keep their k,
        except with ``ADASYN``, ``KMeansSMOTE`` and the under-samplers, which use one k for all
        classes. A class with a single sample is not resampled: nothing lies between a sample and
        itself, and a classifier would memorise one beat that is repeated a thousand times.
        ``"raise"``: a ValueError.
    on_synthetic : {"raise", "nearest"}, default="raise"
        What the ``groups`` and ``sample_weight`` of new samples are. SMOTE draws a sample between
        two others, often of two subjects: it belongs to neither, and a split by such groups would
        put one subject into both parts. So ``"raise"`` raises a ValueError. ``"nearest"`` gives
        every resampled sample the values of the nearest original sample of its class, which is
        suitable for weights.

    Attributes
    ----------
    sampler_ : object
        The fitted clone of ``sampler``, with the numbers of neighbours that were used.
    sampling_strategy_ : dict
        Number of samples of each resampled class, as the sampler counts them.
    sample_indices_ : ndarray of shape (n_samples_new,)
        Index into X of every resampled sample; only with samplers that choose samples.
    n_features_in_ : int
        Length of the second axis of X, if it has one.
    feature_names_in_ : ndarray of str
        Column names of X, if all are strings.

    See Also
    --------
    skecg.ECGNeuralClassifier : ``class_weight="balanced"`` and ``shuffle="balanced"`` balance the
        classes in every classifier without copying a sample.

    Notes
    -----
    A ``fit`` or ``fit_resample`` that fails changes nothing.

    As a step of :class:`imblearn.pipeline.Pipeline` it resamples in ``fit`` only. That pipeline
    resamples X and y, but not ``groups`` or ``sample_weight``: those of a later step would have
    the wrong length, and the classifiers refuse them. So no metadata is requested in a pipeline.
    Resample before the pipeline, and pass both to the classifier:

    ``X, y, groups = NDSampler(RandomOverSampler()).fit_resample(X, y, groups=groups)``

    Resample the training part only, never before the split: otherwise copies of one sample get
    into both parts.

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

    sampler_: Any
    sampling_strategy_: dict[Any, int]
    sample_indices_: NDArray[np.intp]

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
        """Check the input and count the classes; to resample, call ``fit_resample``.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, ...), or list of n_samples objects
            Samples.
        y : array-like of shape (n_samples,)
            Labels.

        Returns
        -------
        self : object
            The sampler itself.
        """
        form = self._check(X, y)
        sampler, values, labels, classes = self._prepared(X, y)
        with in_range("X, or a parameter of the sampler,"):
            sampler.fit(values, labels)
        self._publish(sampler, classes, None, form)
        return self

    def fit_resample(
        self,
        X: Any,
        y: ArrayLike,
        groups: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> tuple:
        """Resample samples, labels, groups and weights.

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
        X : same kind as X, of shape (n_samples_new, ...)
            The resampled samples.
        y : same kind as y, of shape (n_samples_new,)
            Their labels.
        groups, sample_weight : same kinds as given, of shape (n_samples_new,)
            Their groups and weights; each only if it was given.

        Raises
        ------
        TypeError
            If X is sparse; if the sampler compares or makes samples, and X does not hold numbers
            or arrays of one shape; if X, ``groups`` or ``sample_weight`` has no length.
        ValueError
            If y has a single class or is no classification target, if lengths differ, if a class
            is too small (``on_small_class="raise"``), or if ``groups`` or ``sample_weight`` of new
            samples would be needed (``on_synthetic="raise"``).
        """
        along = {"groups": groups, "sample_weight": sample_weight}
        along = {name: each for name, each in along.items() if each is not None}
        form = self._check(X, y, along)
        sampler, values, labels, classes = self._prepared(X, y)
        with in_range("X, or a parameter of the sampler,"):
            X_new, y_new = sampler.fit_resample(values, labels)
        if _uses_y_only(sampler):
            indices = X_new[:, 0]
        else:
            indices = getattr(sampler, "sample_indices_", None)
        if indices is not None:
            indices = _unless_all_are_kept(indices, num_samples(X))

        origins = indices
        if along and origins is None:
            self._check_new_samples_may_have_origins(sampler)
            origins = _nearest_originals(values, y, X_new, y_new)
        # With shrinkage, noise is added to the samples at the indices.
        if indices is not None and not getattr(sampler, "shrinkage", None):
            X_new, y_new = safe_indexing(X, indices), safe_indexing(y, indices)
        else:
            X_new = in_the_form_of(X, X_new)
        resampled = X_new, y_new, *(safe_indexing(each, origins) for each in along.values())
        self._publish(sampler, classes, indices, form)
        return resampled

    def set_params(self, **params: Any) -> Self:
        """Set parameters of this estimator and of its sampler.

        Parameters
        ----------
        **params : dict
            ``name=value``, or ``sampler__name=value``.

        Returns
        -------
        self : object
            The sampler itself.

        Raises
        ------
        ValueError
            If a name is unknown, or ``sampler`` is no estimator with parameters.
        """
        check_parts(self, params, {})
        return super().set_params(**params)

    def _check(self, X: Any, y: ArrayLike, along: dict[str, Any] | None = None) -> dict[str, Any]:
        """Check the input; return the attributes that say which form X has."""
        validate_params(self)
        if issparse(X):
            raise TypeError("NDSampler takes no sparse X; make it dense by X.toarray()")
        if isinstance(X, Mapping):
            raise TypeError(
                f"X must be an array, a data frame or a list of samples; got {type(X).__name__}. "
                "Pass list(X.values()) for the samples of a mapping"
            )
        if num_samples(X) == 0 or 0 in getattr(X, "shape", ()):
            what = "sample(s)" if num_samples(X) == 0 else "feature(s)"
            shape = f"(shape={getattr(X, 'shape', (0,))})"
            raise ValueError(f"Found array with 0 {what} {shape} while a minimum of 1 is required.")
        _, form = validated(self, X, y, skip_check_array=True)
        check_classification_targets(y)
        check_consistent_length(X, y)
        for name, each in (along or {}).items():
            if np.ndim(each) == 0:
                raise TypeError(f"{name} must have one entry for each sample of X; got {each!r}")
            check_consistent_length(X, each)
        return form

    def _prepared(self, X: Any, y: ArrayLike) -> tuple[Any, Any, ArrayLike, NDArray | None]:
        """Return a clone of the sampler, its X and y, and the classes if y was numbered."""
        labels, _ = check_target_type(np.asarray(y), indicate_one_vs_all=True)
        sampler = clone(self.sampler)
        _check_strategy(sampler, labels)
        if _uses_y_only(sampler):
            return sampler, np.arange(len(labels))[:, None], y, None
        values = flat_floats(X, type(sampler).__name__)
        lower_neighbors(sampler, labels, self.on_small_class)
        if isinstance(sampler, _OF_NUMBERED_CLASSES):
            return sampler, values, _number_classes(sampler, labels), np.unique(labels)
        return sampler, values, y, None

    def _publish(
        self, sampler: Any, classes: NDArray | None, indices: NDArray | None, form: dict[str, Any]
    ) -> None:
        """Set the fitted attributes, and remove those of an earlier fit."""
        strategy = getattr(sampler, "sampling_strategy_", None)
        if classes is not None and strategy is not None:
            strategy = {classes[code]: n for code, n in strategy.items()}
        found = {"sampling_strategy_": strategy, "sample_indices_": indices}
        learned = {name: value for name, value in found.items() if value is not None}
        publish(self, {"sampler_": sampler, **learned, **form}, *found)

    def _check_new_samples_may_have_origins(self, sampler: Any) -> None:
        if self.on_synthetic == "raise":
            raise ValueError(
                f"{type(sampler).__name__} makes new samples, which lie between those of several "
                "subjects and have no group and no weight of their own. Choose a sampler that "
                "repeats or drops samples, such as RandomOverSampler or RandomUnderSampler, or "
                "on_synthetic='nearest' to use the nearest original sample of the class"
            )

    def get_metadata_routing(self) -> MetadataRequest:
        """Request no metadata: a pipeline would pass it, but could not use what is returned.

        Returns
        -------
        MetadataRequest
            An empty one.
        """
        request = super().get_metadata_routing()
        request.fit_resample.requests.clear()
        return request

    def __sklearn_tags__(self) -> Tags:
        return sampler_tags(self.sampler)


def _uses_y_only(sampler: Any) -> bool:
    """Tell whether a sampler does not use X."""
    if isinstance(sampler, Pipeline):
        return all(_uses_y_only(step) for _, step in sampler.steps)
    if works_as(sampler, RandomOverSampler):
        return sampler.shrinkage is None
    return works_as(sampler, RandomUnderSampler)


def _nearest_originals(
    values: Any, y: ArrayLike, new_values: Any, new_y: ArrayLike
) -> NDArray[np.intp]:
    """Return for every resampled sample the nearest original one of its class."""
    old, new = np.asarray(values), np.asarray(new_values)
    labels, new_labels = (
        check_target_type(np.asarray(each), indicate_one_vs_all=True)[0] for each in (y, new_y)
    )
    origins = np.empty(len(new), dtype=np.intp)
    for label in np.unique(new_labels):
        members, rows = np.flatnonzero(labels == label), new_labels == label
        origins[rows] = members[pairwise_distances_argmin(new[rows], old[members])]
    # Over-samplers return X itself first; equal samples in it may have unequal weights.
    if np.array_equal(new[: len(old)], old):
        origins[: len(old)] = np.arange(len(old))
    return origins


# They index arrays by the labels, or compute their mode: both need the labels 0, 1, 2, ...
_OF_NUMBERED_CLASSES = (
    AllKNN,
    EditedNearestNeighbours,
    InstanceHardnessThreshold,
    NeighbourhoodCleaningRule,
    RepeatedEditedNearestNeighbours,
)


def _number_classes(sampler: Any, labels: NDArray) -> NDArray:
    """Return the labels as numbers from 0, and set the sampler's strategy to those numbers."""
    kind = sampling_type(sampler)
    strategy = check_sampling_strategy(sampler.sampling_strategy, labels, kind)
    classes, codes = np.unique(labels, return_inverse=True)
    numbered = {int(np.searchsorted(classes, label)): n for label, n in strategy.items()}
    sampler.set_params(sampling_strategy=list(numbered) if kind == "clean-sampling" else numbered)
    return codes


def _unless_all_are_kept(indices: NDArray, n_samples: int) -> NDArray:
    """Return the indices, in the order of X if every sample is chosen once."""
    # Some under-samplers sort by class even if all samples are kept. Then groups that a pipeline
    # passes to its classifier would belong to other samples, without an error.
    in_order = np.arange(n_samples)
    return in_order if np.array_equal(np.sort(indices), in_order) else indices


def _check_strategy(sampler: SamplerMixin, y: NDArray) -> None:
    """Refuse a ``sampling_strategy`` of a kind that imbalanced-learn lets through or trips over."""
    kind = sampling_type(sampler)
    if kind in (None, "bypass") or not hasattr(sampler, "sampling_strategy"):
        return
    strategy = sampler.sampling_strategy
    try:
        found = check_sampling_strategy(strategy, y, kind)
    except AttributeError:  # it takes what a callable returns for a dictionary
        found = None
    if not isinstance(found, Mapping):
        raise ValueError(
            f"sampling_strategy of {type(sampler).__name__} must be a string, a number, a "
            f"dictionary {{label: n_samples}} or a callable that returns one; got {strategy!r}"
        )
