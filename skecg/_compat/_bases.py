"""scikit-learn's bases for type checkers, which scikit-learn itself says nothing to.

Without these types a class that inherits from one of them would take every argument and have every
attribute in the eyes of a type checker, as none is known to be wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = [
    "ClassifierMixin",
    "EstimatorBase",
    "MetaEstimatorMixin",
    "OneToOneFeatureMixin",
    "TransformerMixin",
]

if TYPE_CHECKING:
    from typing import Any, Self

    from numpy.typing import ArrayLike, NDArray
    from sklearn.utils import Tags

    class EstimatorBase:
        """What every estimator has."""

        n_features_in_: int
        feature_names_in_: NDArray

        def get_params(self, deep: bool = True) -> dict[str, Any]: ...
        def set_params(self, **params: Any) -> Self: ...
        def get_metadata_routing(self) -> Any: ...
        def set_fit_request(self, **requests: bool | str | None) -> Self: ...
        def set_partial_fit_request(self, **requests: bool | str | None) -> Self: ...
        def set_score_request(self, **requests: bool | str | None) -> Self: ...
        def __sklearn_tags__(self) -> Tags: ...
        def __getstate__(self) -> dict[str, Any]: ...
        def __setstate__(self, state: dict[str, Any]) -> None: ...

    class ClassifierMixin:
        """What classifiers have."""

        classes_: NDArray

        def score(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float: ...

    class TransformerMixin:
        """What transformers have."""

        def __init_subclass__(
            cls, auto_wrap_output_keys: Any = ("transform",), **kwargs: Any
        ) -> None: ...
        def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> Any: ...
        def set_output(self, *, transform: str | None = None) -> Self: ...

    class OneToOneFeatureMixin:
        """What transformers have that keep the columns."""

        def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray: ...

    class MetaEstimatorMixin:
        """What estimators have that hold another."""

else:
    from sklearn.base import BaseEstimator as EstimatorBase
    from sklearn.base import (
        ClassifierMixin,
        MetaEstimatorMixin,
        OneToOneFeatureMixin,
        TransformerMixin,
    )
