"""What becomes of the steps of a pipeline that is exported: part of the graph, or the caller's."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Number
from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, RobustScaler, StandardScaler
from torch import Tensor, nn

from .. import preprocessing
from .._compat import BaseSearchCV
from ..classifiers import BaseECGClassifier, ProbabilityNetwork
from ..records import BeatAnnotator, BeatVoteClassifier

# Their parameters say all that they do, so that the caller can do the same.
_WITHOUT_LEARNING = (
    *(
        step
        for name in preprocessing.__all__
        if issubclass(step := getattr(preprocessing, name), BaseEstimator)
    ),
    FunctionTransformer,
)


class ExportedSteps(NamedTuple):
    """The parts of a pipeline.

    Attributes
    ----------
    left : list of (str, estimator)
        Names and steps that the caller must do before the graph.
    inside : list of (str, estimator)
        Names and scalers that are part of the graph.
    classifier : BaseECGClassifier
        The last step.
    """

    left: list[tuple[str, BaseEstimator]]
    inside: list[tuple[str, BaseEstimator]]
    classifier: BaseECGClassifier


def split_steps(estimator: BaseEstimator) -> ExportedSteps:
    """Divide a classifier, or a pipeline that ends in one, into these parts.

    Raises
    ------
    TypeError
        If the estimator, or a step, cannot be exported; the message says what can.
    """
    steps = [(name, _thawed(step)) for name, step in _steps(_thawed(estimator))]
    *before, (_, classifier) = steps
    if not isinstance(classifier, BaseECGClassifier):
        raise TypeError(_refusal(classifier))
    # A sampler changes the training samples alone.
    before = [
        (name, step)
        for name, step in before
        if step not in (None, "passthrough") and not hasattr(step, "fit_resample")
    ]
    n_left = len(before)
    while n_left and type(before[n_left - 1][1]) in _IN_GRAPH:
        n_left -= 1
    for name, step in before[:n_left]:
        if not isinstance(step, _WITHOUT_LEARNING) or getattr(step, "by", None) == "training":
            raise TypeError(
                f"step {name!r} is a {type(step).__name__}, whose numbers learned in fit would be "
                "in no file: a graph holds the classifier and, right before it, scalers "
                f"({', '.join(sorted(step.__name__ for step in _IN_GRAPH))}). Export the "
                "classifier alone, export_onnx(pipeline[-1], path), and do the other steps "
                "yourself"
            )
    return ExportedSteps(before[:n_left], before[n_left:], classifier)


def graph(steps: ExportedSteps) -> nn.Sequential:
    """Return scalers and network as one module, from samples to probabilities."""
    scalers = [_IN_GRAPH[type(step)](step) for _, step in steps.inside]
    return nn.Sequential(*scalers, ProbabilityNetwork(steps.classifier)).eval()


def known_sampling_rate(steps: ExportedSteps) -> float | None:
    """Return the samples per second (Hz) of the graph's input, where the left steps say it."""
    for _, step in reversed(steps.left):
        if isinstance(step, FunctionTransformer):
            return None  # it may have resampled
        for name in ("rate", "sampling_rate"):
            rate: float | None = getattr(step, name, None)
            if isinstance(rate, Number):
                return rate
    return None


def described(name: str, step: BaseEstimator) -> dict[str, Any]:
    """Return name, kind and parameters of a step as values for JSON."""
    return {
        "name": name,
        "estimator": type(step).__name__,
        "parameters": {key: _plain(value) for key, value in step.get_params(deep=False).items()},
    }


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return value.item() if isinstance(value, np.generic) else getattr(value, "__name__", str(value))


def _steps(estimator: Any) -> list[tuple[str, Any]]:
    """Return the steps of a pipeline, of one within another too."""
    if not isinstance(estimator, Pipeline):
        return [("", estimator)]
    found = []
    for name, step in estimator.steps:
        for inner, each in _steps(_thawed(step)):
            found.append((f"{name}__{inner}" if inner else name, each))
    return found


def _thawed(estimator: Any) -> Any:
    return estimator.estimator if isinstance(estimator, FrozenEstimator) else estimator


def _refusal(estimator: Any) -> str:
    name = type(estimator).__name__
    if isinstance(estimator, BaseSearchCV):
        remedy = "export what it found: export_onnx(search.best_estimator_, path)"
    elif isinstance(estimator, BeatAnnotator | BeatVoteClassifier):
        remedy = (
            "finding and counting beats is no graph. Export its classifier of beats, "
            "export_onnx(estimator.classifier_, path), and do the rest yourself"
        )
    elif isinstance(estimator, CalibratedClassifierCV):
        remedy = (
            "export the classifier in it, without the calibration: "
            "export_onnx(calibrated.calibrated_classifiers_[0].estimator, path)"
        )
    elif hasattr(estimator, "estimators_"):
        remedy = "export its networks one by one, and combine their outputs yourself"
    else:
        remedy = "for the classifiers of other libraries see skl2onnx"
    return (
        "export_onnx takes a fitted classifier of skecg, or a pipeline that ends in one; got "
        f"{name}: {remedy}"
    )


# The steps as modules ----------------------------------------------------------------------------


class _Affine(nn.Module):
    """Subtract, divide and, where there are limits, clip; column by column, or lead by lead."""

    center: Tensor
    scale: Tensor

    def __init__(self, center: Any, scale: Any, limits: tuple[float, float] | None = None) -> None:
        super().__init__()
        self.register_buffer("center", torch.as_tensor(np.asarray(center, np.float64)))
        self.register_buffer("scale", torch.as_tensor(np.asarray(scale, np.float64)))
        self.limits = limits

    def forward(self, X: Tensor) -> Tensor:
        scaled = ((X.double() - self.center) / self.scale).float()
        return scaled if self.limits is None else scaled.clamp(*self.limits)


class _OwnScale(nn.Module):
    """Scale every sample, or every lead of it, by its own values."""

    def __init__(self, by: str, method: str) -> None:
        super().__init__()
        self.by, self.method = by, method

    def forward(self, X: Tensor) -> Tensor:
        X = X.double()
        axes = [-1] if self.by == "lead" else list(range(1, X.ndim))
        low, high = X.amin(axes, keepdim=True), X.amax(axes, keepdim=True)
        center, scale = low, high - low
        if self.method == "standard":
            center = X.mean(axes, keepdim=True)
            scale = (X - center).square().mean(axes, keepdim=True).sqrt()
        is_flat = (low == high) | (scale == 0)
        X = torch.where(is_flat, torch.zeros_like(X), X - center)
        return (X / torch.where(is_flat, torch.ones_like(scale), scale)).float()


def _of_signal_scaler(step: Any) -> nn.Module:
    if step.by != "training":
        return _OwnScale(step.by, step.method)
    return _Affine(step.center_[:, None], step.scale_[:, None])


def _of_standard_scaler(step: StandardScaler) -> nn.Module:
    return _Affine(step.mean_ if step.with_mean else 0.0, step.scale_ if step.with_std else 1.0)


def _of_robust_scaler(step: RobustScaler) -> nn.Module:
    return _Affine(
        step.center_ if step.with_centering else 0.0, step.scale_ if step.with_scaling else 1.0
    )


def _of_min_max_scaler(step: MinMaxScaler) -> nn.Module:
    # It multiplies and then adds.
    limits = step.feature_range if step.clip else None
    return _Affine(-step.min_ / step.scale_, 1 / step.scale_, limits)


_IN_GRAPH: dict[type[BaseEstimator], Callable[[Any], nn.Module]] = {
    MinMaxScaler: _of_min_max_scaler,
    RobustScaler: _of_robust_scaler,
    preprocessing.SignalScaler: _of_signal_scaler,
    StandardScaler: _of_standard_scaler,
}
