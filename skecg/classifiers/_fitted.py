"""What a fit has learned: published all at once, written to a file and read from one."""

from __future__ import annotations

from copy import copy, deepcopy
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from skorch.history import History

from .._estimators import publish as publish_attributes
from ..networks import (
    TransferReport,
    check_network,
    check_weights,
    network_proper,
    no_larger_than,
    weights_as_arrays,
)
from ..training import (
    EarlyStopping,
    LeanNet,
    Moments,
    OneClass,
    Precision,
    SeveralLabels,
    TrainingFacts,
    isolated_generators,
)
from ._new_net import new_net
from ._parameters import TrainingParameters

_WEIGHTS = {"float32": torch.float32, "float64": torch.float64}
_PRODUCTS = {None: None, "bfloat16": torch.bfloat16}


@dataclass(frozen=True)
class Fitted:
    """All that makes a classifier a fitted one.

    Attributes
    ----------
    net : LeanNet
        The trained net.
    classes : ndarray of shape (n_classes,)
        The labels, sorted.
    input_shape : tuple of int
        Shape of one sample as the user gives it.
    feature_names : ndarray of str or None
        Column names, where X had names.
    input_scale : tuple (mean, scale) or None
        What the network's input is scaled by.
    transfer_report : TransferReport or None
        What was taken over from ``init_from``.
    facts : TrainingFacts
        What the network was trained on.
    """

    net: LeanNet
    classes: np.ndarray
    input_shape: tuple[int, ...]
    feature_names: np.ndarray | None
    input_scale: tuple[float, float] | None
    transfer_report: TransferReport | None
    facts: TrainingFacts

    @classmethod
    def of(cls, classifier: TrainingParameters) -> Fitted:
        """Return what a fitted classifier has learned."""
        learned: Any = classifier  # these attributes are those of a class that imports this file
        return cls(
            net=learned.net_,
            classes=learned.classes_,
            input_shape=learned._input_shape,
            feature_names=getattr(learned, "feature_names_in_", None),
            input_scale=learned._input_scale,
            transfer_report=learned.transfer_report_,
            facts=learned._training_facts,
        )

    def attributes(self) -> dict[str, Any]:
        """Return the attributes of a classifier that has learned this."""
        history = [
            {key: value for key, value in row.items() if key != "batches"}
            for row in self.net.history
        ]
        found = {
            "classes_": self.classes,
            "n_features_in_": self.input_shape[0],
            "net_": self.net,
            "module_": self.net.module_,
            "history_": history,
            "n_parameters_": sum(weights.numel() for weights in self.net.module_.parameters()),
            "n_iter_": len(history),
            "transfer_report_": self.transfer_report,
            "_input_shape": self.input_shape,
            "_input_scale": self.input_scale,
            "_training_facts": self.facts,
        }
        if self.feature_names is not None:
            found["feature_names_in_"] = self.feature_names
        return found

    def if_stopped_now(self, early_stopping: EarlyStopping | None) -> dict[str, Any]:
        """Return the attributes that the classifier would have if training stopped now."""
        net = copy(self.net)
        net.module_ = deepcopy(net.module_)  # whose weights were still shared
        if early_stopping is not None:
            early_stopping.restore(net.module_)
        return replace(self, net=net).attributes()


def publish(classifier: TrainingParameters, fitted: Fitted) -> None:
    """Make a classifier the fitted one; nothing of an earlier fit is left."""
    publish_attributes(classifier, fitted.attributes())


# The file -------------------------------------------------------------------------------------


def fitted_state(classifier: TrainingParameters) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return what a fitted classifier has learned as plain values, and its weights as arrays.

    Raises
    ------
    ValueError
        If the parameters that describe the network were changed after ``fit``.
    """
    fitted = Fitted.of(classifier)
    learned: Any = classifier
    net = fitted.net
    factory = classifier._network_factory_for(
        fitted.input_shape, len(fitted.classes), fitted.input_scale
    )
    if not _same(factory, net.module):
        raise ValueError(
            f"the parameters of this {type(classifier).__name__} were changed after fit and no "
            "longer describe its network; set them as they were, or fit again"
        )
    state = {
        "classes": fitted.classes,
        "input_shape": tuple(fitted.input_shape),
        "feature_names": fitted.feature_names,
        "input_scale": fitted.input_scale,
        "history": learned.history_,
        "network": type(network_proper(net.module_)).__name__,
        "n_parameters": learned.n_parameters_,
        "frozen": [name for name, w in net.module_.named_parameters() if not w.requires_grad],
        "kept_in_eval": net.kept_in_eval,
        "precision": [_name(dtype) for dtype in vars(net.precision).values()],
        "moments": net.moments,
        "transfer_report": fitted.transfer_report,
        "training": fitted.facts,
    }
    if net.targets.multilabel:
        state["multilabel"] = True
    return state, weights_as_arrays(net.module_)


def restore(
    classifier: TrainingParameters, state: dict[str, Any], weights: dict[str, np.ndarray]
) -> None:
    """Make a classifier the fitted one that :func:`fitted_state` describes.

    Both arguments may be forged: everything is checked, and no more memory is taken than a few
    times what the weights take.

    Raises
    ------
    ValueError
        If the state is not sound or does not fit the parameters.
    """
    _check_state(state)
    cpu = torch.device("cpu")
    factory = classifier._network_factory_for(
        state["input_shape"], len(state["classes"]), state["input_scale"]
    )
    targets = SeveralLabels() if state.get("multilabel") else OneClass()
    net = new_net(classifier, factory, len(state["classes"]), targets, cpu)
    weight_format, *product_formats = state["precision"]
    products = (_PRODUCTS[name] for name in product_formats)
    net.precision = Precision(_WEIGHTS[weight_format], *products)
    check_network(net.module, weights, net.precision.weights)
    with isolated_generators(0, cpu), no_larger_than(weights):
        net.initialize()
    net.optimizer_ = None
    check_weights(net.module_, weights)
    net.module_.load_state_dict({name: torch.from_numpy(w) for name, w in weights.items()})
    parameters = dict(net.module_.named_parameters())
    for name in state["frozen"]:
        parameters[name].requires_grad_(False)
    for name in state["kept_in_eval"]:
        net.module_.get_submodule(name)
    net.kept_in_eval = state["kept_in_eval"]
    net.moments = state["moments"]
    if net.moments is not None:
        net.moments.require_fit(net.module_)
    net.module_.eval()
    net.history = History({**row, "batches": []} for row in state["history"])
    fitted = Fitted(
        net=net,
        classes=state["classes"],
        input_shape=state["input_shape"],
        feature_names=state["feature_names"],
        input_scale=state["input_scale"],
        transfer_report=state["transfer_report"],
        facts=state["training"],
    )
    network = type(network_proper(net.module_)).__name__
    if (network, fitted.attributes()["n_parameters_"]) != (state["network"], state["n_parameters"]):
        raise ValueError("the network is not the one that is described")
    publish(classifier, fitted)


_ENTRIES = {
    "classes", "input_shape", "feature_names", "input_scale", "history", "network",
    "n_parameters", "frozen", "kept_in_eval", "precision", "moments", "transfer_report", "training",
}  # fmt: skip
# Only in files of classifiers of several labels; those of classes are as they were before.
_OPTIONAL = {"multilabel"}


def _check_state(state: dict[str, Any]) -> None:
    """Raise a ValueError unless the values are of the kinds that ``fit`` makes."""
    if state.keys() - _OPTIONAL != _ENTRIES:
        wrong = (state.keys() - _OPTIONAL) ^ _ENTRIES
        raise ValueError(f"unknown or missing entries: {sorted(wrong)[:3]}")
    multilabel = state.get("multilabel", False)
    classes, shape, names = state["classes"], state["input_shape"], state["feature_names"]
    facts, report, history = state["training"], state["transfer_report"], state["history"]
    scale, formats = state["input_scale"], state["precision"]
    sound = {
        "classes": isinstance(classes, np.ndarray)
        and classes.ndim == 1
        and len(classes) >= 2
        and np.array_equal(np.unique(classes), classes),
        "input_shape": type(shape) is tuple
        and len(shape) >= 1
        and all(type(n) is int and 0 < n < 2**48 for n in shape),
        "input_scale": scale is None
        or (type(scale) is tuple and [type(x) for x in scale] == [float, float]),
        "history": type(history) is list and all(type(row) is dict for row in history),
        "precision": type(formats) is list and len(formats) == 3,
        "moments": state["moments"] is None or isinstance(state["moments"], Moments),
        "training": isinstance(facts, TrainingFacts)
        and type(facts.class_counts) is tuple
        and len(facts.class_counts) == len(classes)
        and all(type(n) is int for n in facts.class_counts)
        and (facts.n_multilabel is not None) == (multilabel is True),
        "multilabel": multilabel is False
        or (multilabel is True and np.array_equal(classes, np.arange(len(classes)))),
        "transfer_report": report is None or (isinstance(report, TransferReport) and str(report)),
        "kept_in_eval": type(state["kept_in_eval"]) is tuple,
    }
    sound["feature_names"] = names is None or (
        isinstance(names, np.ndarray) and names.dtype == object and names.shape == shape[:1]
    )
    broken = [name for name, is_sound in sound.items() if not is_sound]
    if broken:
        raise ValueError(f"the fitted attributes are broken: {', '.join(broken)}")


def _same(a: Any, b: Any) -> bool:
    """Tell whether two factories build the same network."""
    if isinstance(a, partial) and isinstance(b, partial):
        return (
            a.func == b.func
            and len(a.args) == len(b.args)
            and a.keywords.keys() == b.keywords.keys()
            and all(map(_same, a.args, b.args))
            and all(_same(a.keywords[name], b.keywords[name]) for name in a.keywords)
        )
    return a is b or bool(np.array_equal(a, b))


def _name(dtype: torch.dtype | None) -> str | None:
    return None if dtype is None else str(dtype).removeprefix("torch.")
