"""Estimators to JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)

from .._compat import BaseSearchCV, metadata_requests, output_container
from ..classifiers import BaseECGClassifier, fitted_state
from ..records import BeatAnnotator, BeatTreesClassifier, BeatVoteClassifier
from ..storage import ModelFileError, ValueWriter
from ._calibration import learned_by_calibration
from ._data_classes import DATA_CLASSES, check_data
from ._ensembles import learned_by_annotator, learned_by_beat_trees, learned_by_vote
from ._estimators import (
    ESTIMATORS,
    LEARNED_BY_RECORDS,
    NEVER_STORED,
    SIZES,
    Counter,
    check_finite,
    check_params,
    code_tag,
    named_steps,
)
from ._fitted_attributes import learned_by
from ._forests import learned_by_forest
from ._functions import function_name
from ._trees import learned_by_trees

# The others keep what they learned under its public names.
_LEARNED: dict[type[BaseEstimator], Callable[[Any], dict[str, Any]]] = {
    CalibratedClassifierCV: learned_by_calibration,
    ExtraTreesClassifier: learned_by_forest,
    HistGradientBoostingClassifier: learned_by_trees,
    RandomForestClassifier: learned_by_forest,
    BeatAnnotator: learned_by_annotator,
    BeatTreesClassifier: learned_by_beat_trees,
    VotingClassifier: learned_by_vote,
}


class EstimatorWriter(ValueWriter):
    """Turn estimators into JSON.

    Attributes
    ----------
    left_out : list of str
        Parameters that are not in the file.
    """

    data_classes = DATA_CLASSES

    def __init__(self) -> None:
        super().__init__()
        self.left_out: list[str] = []
        self._code_tag: str | None = None
        self._steps: list[str] = []
        self._counter = Counter()

    def write_other(self, value: Any, place: str) -> Any:
        """Return JSON for an estimator, for code that may be named, or for the rest."""
        if isinstance(value, BaseEstimator):
            return {"$estimator": self._write_estimator(value, place)}
        if self._code_tag == "$module" and hasattr(value, "__qualname__"):
            return {"$module": value.__qualname__}
        if self._code_tag == "$function":
            name = function_name(value)
            if name is None:
                raise TypeError(
                    f"{self._where(place)} is {value!r}, which a model file cannot hold: it can "
                    "name universal functions of numpy, some others of numpy and functions of "
                    "skecg.signal; joblib can hold it"
                )
            return {"$function": name}
        return super().write_other(value, self._where(place))

    def check_object(self, value: Any) -> None:
        """Raise a ModelFileError if a schedule, a layout or a report is broken or too large."""
        check_data(value)

    def _write_estimator(self, estimator: BaseEstimator, place: str) -> dict[str, Any]:
        cls = type(estimator)
        if ESTIMATORS.get(cls.__name__) is not cls:
            raise TypeError(self._refusal(estimator, place))
        is_network = isinstance(estimator, BaseECGClassifier)
        is_fitted_network = is_network and hasattr(estimator, "net_")
        self._counter.add(is_network=is_fitted_network)
        check_params(estimator)
        node: dict[str, Any] = {"class": cls.__name__, "params": {}}
        for param, value in estimator.get_params(deep=False).items():
            node["params"][param] = self._write_param(estimator, param, value, f"{place}/{param}")
        requests, output = metadata_requests(estimator), output_container(estimator)
        if requests is not None:
            node["requests"] = requests
        if output is not None:
            node["output"] = output
        if is_fitted_network:
            node["state"] = self._write_state(estimator, place)
            node["weights"] = f"{place}/weights/"
        elif not is_network:
            try:
                learned = _learned(estimator)
            except ModelFileError as error:
                raise TypeError(
                    f"{self._where(place)} is a {cls.__name__} that has learned what a model file "
                    f"cannot hold: {error}. joblib or skops can hold it"
                ) from error
            if cls in SIZES:
                self._counter.add_trees(*SIZES[cls](learned))
            node["learned"] = self.write(learned, place)
        return node

    def _refusal(self, estimator: BaseEstimator, place: str) -> str:
        cls, where = type(estimator), self._where(place)
        if isinstance(estimator, BaseSearchCV):
            return (
                f"{where} is a search, a {cls.__name__}, which a model file cannot hold; save what "
                "it found: save(search.best_estimator_, path)"
            )
        others = sorted(name for name in ESTIMATORS if not name.startswith("ECG"))
        return (
            f"{where} is a {cls.__module__}.{cls.__name__}, which a model file cannot hold; it "
            f"holds the classifiers of skecg, {', '.join(others)}. joblib or skops can hold it "
            "(load files of joblib only from people you trust: they can run any code)"
        )

    def _where(self, place: str) -> str:
        """Return a place with the names of the steps that it is in."""
        names = " of ".join(f"step {name!r}" for name in reversed(self._steps))
        return f"{names} ({place})" if names else place

    def _write_param(self, estimator: BaseEstimator, name: str, value: Any, place: str) -> Any:
        is_generator = isinstance(value, np.random.RandomState | np.random.Generator)
        is_splitter = isinstance(estimator, CalibratedClassifierCV) and name == "cv"
        is_splitter = is_splitter and not isinstance(value, int)
        if (is_generator or is_splitter or name in NEVER_STORED) and value is not None:
            self.left_out.append(place)
            return None
        if name == named_steps(type(estimator)):
            return [
                self._write_step(called, step, f"{place}/{i}")
                for i, (called, step) in enumerate(value)
            ]
        before = self._code_tag
        self._code_tag = code_tag(type(estimator), name)
        node = self.write(value, place)
        self._code_tag = before
        return node

    def _write_step(self, name: str, step: Any, place: str) -> dict[str, Any]:
        self._steps.append(name)
        node = self.write(step, f"{place}/1")
        self._steps.pop()
        return {"$tuple": [name, node]}

    def _write_state(self, classifier: BaseECGClassifier, place: str) -> Any:
        state, weights = fitted_state(classifier)
        self._counter.add_weights(len(weights))
        check_finite(classifier, weights)
        for name, array in weights.items():
            self.arrays[f"{place}/weights/{name}"] = array
        return self.write(state, place)


def _learned(estimator: BaseEstimator) -> dict[str, Any]:
    if type(estimator) in _LEARNED:
        return _LEARNED[type(estimator)](estimator)
    learned = learned_by(estimator)
    if isinstance(estimator, BeatVoteClassifier):
        fitted = vars(estimator)
        learned |= {name: fitted[name] for name in LEARNED_BY_RECORDS if name in fitted}
    return learned
