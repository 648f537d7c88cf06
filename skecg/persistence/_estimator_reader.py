"""Estimators from JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.frozen import FrozenEstimator

from .._compat import parameter_names
from ..classifiers import BaseECGClassifier, restore
from ..preprocessing import BeatSegmenter, BeatWindows
from ..records import BeatAnnotator, BeatTreesClassifier, BeatVoteClassifier
from ..storage import ModelFileError, ValueReader, take_weights
from ._calibration import restore_calibration
from ._data_classes import DATA_CLASSES, check_data
from ._ensembles import restore_annotator, restore_beat_trees, restore_vote
from ._estimators import (
    ESTIMATORS,
    LEARNED_BY_RECORDS,
    NEVER_STORED,
    REQUESTS,
    SIZES,
    Counter,
    check_finite,
    check_params,
    code_tag,
    named_steps,
)
from ._fitted_attributes import restore_learned
from ._forests import restore_forest
from ._functions import function_of_name
from ._trees import restore_trees

# The others keep what they learned under its public names.
_RESTORE: dict[type[BaseEstimator], Callable[[Any, dict[str, Any]], None]] = {
    CalibratedClassifierCV: restore_calibration,
    ExtraTreesClassifier: restore_forest,
    HistGradientBoostingClassifier: restore_trees,
    RandomForestClassifier: restore_forest,
    BeatAnnotator: restore_annotator,
    BeatTreesClassifier: restore_beat_trees,
    VotingClassifier: restore_vote,
}
_ENTRIES = {"class", "params", "requests", "output", "state", "weights", "learned"}


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

    data_classes = DATA_CLASSES

    def __init__(
        self,
        arrays: dict[str, np.ndarray],
        modules: Mapping[str, Callable[..., Any]] | None,
        *,
        fitted: bool = True,
    ) -> None:
        super().__init__(arrays)
        self.modules, self.fitted = modules, fitted
        self._code_tag: str | None = None
        self._counter = Counter()

    def read_tag(self, tag: str, content: Any) -> Any:
        """Return the estimator or the user's network, or another tag's value."""
        if tag == "$estimator":
            return self._read_estimator(content)
        if tag == self._code_tag == "$module":
            return self._read_module(content)
        if tag == self._code_tag == "$function":
            return function_of_name(content)
        return super().read_tag(tag, content)

    def check_object(self, value: Any) -> None:
        """Raise a ModelFileError if a schedule, a layout or a report is broken or too large."""
        check_data(value)

    def _read_estimator(self, node: dict[str, Any]) -> BaseEstimator:
        self._counter.add(is_network="state" in node and self.fitted)
        name, cls = node["class"], ESTIMATORS.get(node["class"])
        if cls is None:
            raise ModelFileError(
                f"the estimator {str(name)[:100]!r} is not known to this version of skecg, which "
                f"knows {', '.join(sorted(ESTIMATORS))}"
            )
        foreign = node.keys() - _ENTRIES | node["params"].keys() - parameter_names(cls)
        if foreign:
            raise ModelFileError(f"{name} has the unknown entries {sorted(foreign)[:3]}")
        params, before = {}, self._code_tag
        for param, value in node["params"].items():
            self._code_tag = code_tag(cls, param)
            params[param] = self.read(value)
            self._code_tag = before
            if param in NEVER_STORED and params[param] is not None:
                raise ModelFileError(f"{name} has {param}, which no model file holds")
        estimator = cls(**params)
        check_params(estimator)
        if named_steps(cls):
            _check_steps(params[named_steps(cls)])
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
                weights = take_weights(self, node["weights"])
                self._counter.add_weights(len(weights))
                restore(estimator, self.read(node["state"]), weights)
                check_finite(estimator, weights)
            return
        learned = self.read(node["learned"])
        if type(estimator) in SIZES:
            self._counter.add_trees(*SIZES[type(estimator)](learned))
        if type(estimator) in _RESTORE:
            if learned:  # else it was not fitted
                _RESTORE[type(estimator)](estimator, learned)
            return
        if isinstance(estimator, BeatVoteClassifier) and learned:
            found = {n: learned.pop(n) for n in LEARNED_BY_RECORDS if n in learned}
            _check_records(**found)
            estimator.__dict__.update(found)
        restore_learned(estimator, learned)


class _Named:
    """Stands for a network that is not there, where only its name is asked for."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def __call__(self) -> None:
        """Nothing: a partial function must have something to call."""


def _check_steps(steps: Any) -> None:
    """Raise a ModelFileError unless these are names and steps, each name once."""
    if not (
        type(steps) is list
        and steps
        and all(type(step) is tuple and len(step) == 2 for step in steps)
        and all(type(name) is str and name and "__" not in name for name, _ in steps)
        and len({name for name, _ in steps}) == len(steps)
        and all(
            isinstance(step, BaseEstimator) or step in (None, "passthrough", "drop")
            for _, step in steps
        )
    ):
        raise ModelFileError("the steps of a pipeline are broken")


def _check_records(
    classes_: Any = None,
    class_prior_: Any = None,
    segmenter_: Any = None,
    classifier_: Any = None,
    _several_labels: Any = False,
) -> None:
    """Raise a ModelFileError unless these are what a classifier of records learns."""
    if not (
        isinstance(segmenter_, BeatSegmenter | BeatWindows)
        and isinstance(classes_, np.ndarray)
        # Its own classes have been checked when it was read.
        and np.array_equal(classifier_.classes_, classes_)
        and isinstance(class_prior_, np.ndarray)
        and class_prior_.dtype == np.float64
        and class_prior_.shape == classes_.shape
        and (class_prior_ >= 0).all()
        and (class_prior_ <= 1).all()
        and type(_several_labels) is bool
        and (_several_labels or np.isclose(class_prior_.sum(), 1))
        and (not _several_labels or np.array_equal(classes_, np.arange(len(classes_))))
    ):
        raise ModelFileError("the fitted attributes of a classifier of records are broken")


def _set_up(estimator: BaseEstimator, node: dict[str, Any]) -> None:
    """Set what users set by methods: metadata requests and the container of the output."""
    with config_context(enable_metadata_routing=True):
        for method, requests in node.get("requests", {}).items():
            if method not in REQUESTS or not all(
                value is None or type(value) in (bool, str) for value in requests.values()
            ):
                raise ModelFileError("the metadata requests are broken")
            getattr(estimator, f"set_{method}_request")(**requests)
    if "output" in node:
        if node["output"] not in (None, "default", "pandas", "polars"):
            raise ModelFileError("the container of the output is unknown")
        estimator.set_output(transform=node["output"])
