"""Estimators as JSON: the classes that a file may name, parameters, what was learned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import MetadataRequest

from .. import classifiers, preprocessing, records
from ..classifiers import BaseECGClassifier, ECGNeuralClassifier, fitted_state, restore
from ..networks import TransferReport
from ..preprocessing import BeatSegmenter
from ..records import BeatVoteClassifier
from ..sheet import LeadLayout
from ..storage import ModelFileError, ValueReader, ValueWriter, take_weights
from ..training import SCHEDULES, Moments, TrainingFacts

# Nothing else is ever made from a file. Bases are left out: they are no estimators.
ESTIMATORS: dict[str, type[BaseEstimator]] = {
    **{name: getattr(classifiers, name) for name in classifiers.__all__ if name.startswith("ECG")},
    **{
        name: getattr(preprocessing, name)
        for name in preprocessing.__all__
        if issubclass(getattr(preprocessing, name), BaseEstimator)
    },
    **{name: getattr(records, name) for name in records.__all__},
    "FrozenEstimator": FrozenEstimator,
    "Pipeline": Pipeline,
}
_LEARNED_BY_TRANSFORMERS = ("n_features_in_", "feature_names_in_")
_LEARNED_BY_RECORDS = ("classes_", "class_prior_", "segmenter_", "classifier_")
_REQUESTS = ("fit", "partial_fit", "score", "predict", "transform")
_DATA_CLASSES = (*SCHEDULES, LeadLayout, Moments, TrainingFacts, TransferReport)
# Folders belong to a machine; what lies in a cache's is read by pickle.
_NEVER_STORED = ("callbacks", "checkpoint_dir", "memory")
_OWN_CODE = ("module", "module_params")
# Each takes its time to be made; no sensible pipeline has as many.
_MAX_ESTIMATORS = 100


class EstimatorWriter(ValueWriter):
    """Turn estimators into JSON.

    Attributes
    ----------
    left_out : list of str
        Parameters that are not in the file.
    """

    data_classes = _DATA_CLASSES

    def __init__(self) -> None:
        super().__init__()
        self.left_out: list[str] = []
        self._names_code = False
        self._n_estimators = 0

    def write_other(self, value: Any, place: str) -> Any:
        """Return JSON for an estimator, for code of the user's by its name, or for the rest."""
        if isinstance(value, BaseEstimator):
            return {"$estimator": self._write_estimator(value, place)}
        if self._names_code and hasattr(value, "__qualname__"):
            return {"$module": value.__qualname__}
        return super().write_other(value, place)

    def _write_estimator(self, estimator: BaseEstimator, place: str) -> dict[str, Any]:
        name = type(estimator).__name__
        if ESTIMATORS.get(name) is not type(estimator):
            raise TypeError(
                f"{place} is a {type(estimator).__module__}.{name}, which a model file cannot "
                f"hold; it holds {', '.join(sorted(ESTIMATORS))}"
            )
        self._n_estimators += 1
        if self._n_estimators > _MAX_ESTIMATORS:
            raise ValueError(f"a model file holds at most {_MAX_ESTIMATORS} estimators")
        estimator._validate_params()
        node: dict[str, Any] = {"class": name, "params": {}}
        for param, value in estimator.get_params(deep=False).items():
            node["params"][param] = self._write_param(estimator, param, value, f"{place}/{param}")
        if "_metadata_request" in vars(estimator):
            node["requests"] = _requests(estimator)
        if "_sklearn_output_config" in vars(estimator):
            node["output"] = estimator._sklearn_output_config.get("transform")
        if isinstance(estimator, BaseECGClassifier):
            if hasattr(estimator, "net_"):
                node["state"] = self._write_state(estimator, place)
                node["weights"] = f"{place}/weights/"
        else:
            learned = {n: getattr(estimator, n) for n in _learned(estimator)}
            node["learned"] = self.write(learned, place)
        return node

    def _write_param(self, estimator: BaseEstimator, name: str, value: Any, place: str) -> Any:
        is_generator = isinstance(value, np.random.RandomState | np.random.Generator)
        if (is_generator or name in _NEVER_STORED) and value is not None:
            self.left_out.append(place)
            return None
        before = self._names_code
        self._names_code = isinstance(estimator, ECGNeuralClassifier) and name in _OWN_CODE
        node = self.write(value, place)
        self._names_code = before
        return node

    def _write_state(self, classifier: BaseECGClassifier, place: str) -> Any:
        state, weights = fitted_state(classifier)
        node = self.write(state, place)
        for name, array in weights.items():
            self.arrays[f"{place}/weights/{name}"] = array
        return node


class EstimatorReader(ValueReader):
    """Make estimators from JSON.

    Parameters
    ----------
    arrays : dict of {str: ndarray}
        The file's arrays.
    modules : mapping of {str: callable} or None
        The networks of ECGNeuralClassifier by qualified name; None puts their names in place.
    fitted : bool, default=True
        Restore what the estimators learned, too.
    """

    data_classes = _DATA_CLASSES

    def __init__(
        self,
        arrays: dict[str, np.ndarray],
        modules: Mapping[str, Callable[..., Any]] | None,
        *,
        fitted: bool = True,
    ) -> None:
        super().__init__(arrays)
        self.modules, self.fitted = modules, fitted
        self._names_code = False
        self._n_estimators = 0

    def read_tag(self, tag: str, content: Any) -> Any:
        """Return the estimator or the user's network, or what else the tag stands for."""
        if tag == "$estimator":
            return self._read_estimator(content)
        if tag == "$module" and self._names_code:
            return self._read_module(content)
        return super().read_tag(tag, content)

    def read_object(self, content: list) -> Any:
        """Return an instance of a data class; a schedule whose fields are of wrong types fails."""
        value = super().read_object(content)
        if isinstance(value, SCHEDULES):
            float(value(0, 10, 5))
        return value

    def _read_estimator(self, node: dict[str, Any]) -> BaseEstimator:
        self._n_estimators += 1
        if self._n_estimators > _MAX_ESTIMATORS:
            raise ModelFileError(f"a model file holds at most {_MAX_ESTIMATORS} estimators")
        name, cls = node["class"], ESTIMATORS.get(node["class"])
        if cls is None:
            raise ModelFileError(
                f"the estimator {str(name)[:100]!r} is not known to this version of skecg, which "
                f"knows {', '.join(sorted(ESTIMATORS))}"
            )
        foreign = node.keys() - {
            "class", "params", "requests", "output", "state", "weights", "learned"
        }  # fmt: skip
        foreign |= node["params"].keys() - set(cls._get_param_names())
        if foreign:
            raise ModelFileError(f"{name} has the unknown entries {sorted(foreign)[:3]}")
        params, before = {}, self._names_code
        for param, value in node["params"].items():
            self._names_code = cls is ECGNeuralClassifier and param in _OWN_CODE
            params[param] = self.read(value)
            self._names_code = before
            if param in _NEVER_STORED and params[param] is not None:
                raise ModelFileError(f"{name} has {param}, which no model file holds")
        estimator = cls(**params)
        estimator._validate_params()
        if cls is Pipeline:
            estimator._validate_steps()
        if cls is FrozenEstimator and not isinstance(estimator.estimator, BaseEstimator):
            raise ModelFileError("a FrozenEstimator holds no estimator")
        _set_up(estimator, node)
        if self.fitted:
            self._restore(estimator, node)
        return estimator

    def _read_module(self, name: str) -> Callable[..., Any]:
        if self.modules is None:
            return _Named(name)
        if name not in self.modules:
            raise ModelFileError(
                f"the network {name!r} is code of its author's, which no model file holds; give "
                f"it: skecg.load(path, modules={{{name!r}: ...}}). Names given are "
                f"{sorted(self.modules)}"
            )
        return self.modules[name]

    def _restore(self, estimator: BaseEstimator, node: dict[str, Any]) -> None:
        if isinstance(estimator, BaseECGClassifier):
            if "state" in node:
                restore(estimator, self.read(node["state"]), take_weights(self, node["weights"]))
            return
        learned = self.read(node["learned"])
        if isinstance(estimator, BeatVoteClassifier) and learned:
            found = {name: learned.pop(name, None) for name in _LEARNED_BY_RECORDS}
            _check_records(**found)
            vars(estimator).update(found)
        names, n = learned.get("feature_names_in_"), learned.get("n_features_in_")
        if not learned.keys() <= set(_LEARNED_BY_TRANSFORMERS) or (
            learned and (type(n) is not int or n < 1)
        ):
            raise ModelFileError("the fitted attributes of a transformer are broken")
        if names is not None and (
            not isinstance(names, np.ndarray) or names.dtype != object or names.shape != (n,)
        ):
            raise ModelFileError("the feature names of a transformer are broken")
        for name, value in learned.items():
            setattr(estimator, name, value)


class _Named:
    """Stands for a network that is not there, where only its name is asked for."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def __call__(self) -> None:
        """Nothing: a partial function must have something to call."""


def _learned(estimator: BaseEstimator) -> list[str]:
    names = _LEARNED_BY_TRANSFORMERS
    if isinstance(estimator, BeatVoteClassifier):
        names += _LEARNED_BY_RECORDS
    return [name for name in names if name in vars(estimator)]


def _check_records(classes_: Any, class_prior_: Any, segmenter_: Any, classifier_: Any) -> None:
    """Raise a ModelFileError unless these are what a classifier of records learns."""
    if not (
        isinstance(segmenter_, BeatSegmenter)
        and isinstance(classes_, np.ndarray)
        # Its own classes have been checked when it was read.
        and np.array_equal(classifier_.classes_, classes_)
        and isinstance(class_prior_, np.ndarray)
        and class_prior_.dtype == np.float64
        and class_prior_.shape == classes_.shape
        and (class_prior_ >= 0).all()
        and np.isclose(class_prior_.sum(), 1)
    ):
        raise ModelFileError("the fitted attributes of a classifier of records are broken")


def _requests(estimator: BaseEstimator) -> dict[str, dict[str, Any]]:
    request: MetadataRequest = estimator._get_metadata_request()
    found = {method: dict(getattr(request, method).requests) for method in _REQUESTS}
    return {method: requests for method, requests in found.items() if requests}


def _set_up(estimator: BaseEstimator, node: dict[str, Any]) -> None:
    """Set what users set by methods: metadata requests and the container of the output."""
    with config_context(enable_metadata_routing=True):
        for method, requests in node.get("requests", {}).items():
            if method not in _REQUESTS or not all(
                value is None or type(value) in (bool, str) for value in requests.values()
            ):
                raise ModelFileError("the metadata requests are broken")
            getattr(estimator, f"set_{method}_request")(**requests)
    if "output" in node:
        if node["output"] not in (None, "default", "pandas", "polars"):
            raise ModelFileError("the container of the output is unknown")
        estimator.set_output(transform=node["output"])
