"""Every private or experimental name of other libraries, in the one place that uses them.

One file for each library. Each name says in which version it was seen, and has a replacement of
our own for versions in which it is missing. Nothing here imports PyTorch or imbalanced-learn until
a function needs it.
"""

from __future__ import annotations

from ._bases import (
    ClassifierMixin,
    EstimatorBase,
    MetaEstimatorMixin,
    OneToOneFeatureMixin,
    TransformerMixin,
)
from ._calibration import IMPUTER_DTYPES, calibrated_classifier, calibrator_classes
from ._callbacks import (
    RUNNING_FIT,
    CallbackSupportMixin,
    begin_callbacks,
    has_callbacks,
    with_callbacks,
)
from ._forests import grown_forest, plant_forest
from ._imblearn import sampler_tags, sampling_type, works_as
from ._parameters import HasMethods, Hidden, Interval, StrOptions, validate_params
from ._sklearn import (
    BaseSearchCV,
    check_method_params,
    check_sample_weight,
    metadata_requests,
    num_samples,
    output_container,
    parameter_names,
    raise_for_params,
    routing_enabled,
    safe_indexing,
    validate_steps,
)
from ._torch import (
    WithoutDefaultCallbacks,
    cpu_has_bfloat16_units,
    quiet_exporter,
    taking_images,
)
from ._trees import grown_trees, plant_trees

__all__ = [
    "IMPUTER_DTYPES",
    "RUNNING_FIT",
    "BaseSearchCV",
    "CallbackSupportMixin",
    "ClassifierMixin",
    "EstimatorBase",
    "HasMethods",
    "Hidden",
    "Interval",
    "MetaEstimatorMixin",
    "OneToOneFeatureMixin",
    "StrOptions",
    "TransformerMixin",
    "WithoutDefaultCallbacks",
    "begin_callbacks",
    "calibrated_classifier",
    "calibrator_classes",
    "check_method_params",
    "check_sample_weight",
    "cpu_has_bfloat16_units",
    "grown_forest",
    "grown_trees",
    "has_callbacks",
    "metadata_requests",
    "num_samples",
    "output_container",
    "parameter_names",
    "plant_forest",
    "plant_trees",
    "quiet_exporter",
    "raise_for_params",
    "routing_enabled",
    "safe_indexing",
    "sampler_tags",
    "sampling_type",
    "taking_images",
    "validate_params",
    "validate_steps",
    "with_callbacks",
    "works_as",
]
