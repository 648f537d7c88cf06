"""What a fitted classifier is made of beside its parameters, as plain values and arrays."""

from __future__ import annotations

from copy import copy, deepcopy
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from skorch.history import History

from ..networks import (
    TransferReport,
    check_network,
    check_weights,
    network_proper,
    no_larger_than,
    weights_as_arrays,
)
from ..training import EarlyStopping, Precision, TrainingFacts, isolated_generators

if TYPE_CHECKING:
    from ._base import BaseECGClassifier

# Of the weights, and of the products.
_FORMATS = (
    {"float32": torch.float32, "float64": torch.float64},
    {None: None, "bfloat16": torch.bfloat16},
)


class FittedState:
    """The pair of methods by which a model file takes a fitted classifier apart and together."""

    def _fitted_state(self) -> dict[str, Any]:
        """Return all that ``fit`` has learned but the weights, as plain values and arrays.

        Raises
        ------
        ValueError
            If the parameters that describe the network were changed after ``fit``.
        """
        if not _same(self._fitted_factory(), self.net_.module):
            raise ValueError(
                f"the parameters of this {type(self).__name__} were changed after fit and no "
                "longer describe its network; set them as they were, or fit again"
            )
        precision = self.net_.precision
        return {
            "classes": self.classes_,
            "input_shape": tuple(self._input_shape),
            "feature_names": getattr(self, "feature_names_in_", None),
            "history": self.history_,
            "network": type(network_proper(self.module_)).__name__,
            "n_parameters": self.n_parameters_,
            "frozen": [n for n, w in self.module_.named_parameters() if not w.requires_grad],
            "kept_in_eval": self.net_.kept_in_eval,
            "precision": [_format_name(precision.weights), _format_name(precision.products)],
            "transfer_report": self.transfer_report_,
            "training": self._training_facts,
        }

    def _weights(self) -> dict[str, np.ndarray]:
        """Return the network's weights, buffers included."""
        return weights_as_arrays(self.module_)

    def _restore(self, state: dict[str, Any], weights: dict[str, np.ndarray]) -> None:
        """Become the fitted classifier that ``_fitted_state`` and ``_weights`` describe.

        Both may be forged: everything is checked, and no more memory is taken than a few times
        what the weights take.

        Raises
        ------
        ValueError
            If the state is not sound or does not fit the parameters.
        """
        _check_state(state)
        self.classes_ = state["classes"]
        self._input_shape = state["input_shape"]
        self.n_features_in_ = self._input_shape[0]
        if state["feature_names"] is not None:
            self.feature_names_in_ = state["feature_names"]
        self._training_facts = state["training"]
        self.transfer_report_ = state["transfer_report"]

        cpu = torch.device("cpu")
        net = self._plain_net(cpu)
        weight_format, product_format = state["precision"]
        net.precision = Precision(_FORMATS[0][weight_format], _FORMATS[1][product_format])
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
        net.module_.eval()
        net.history = History({**row, "batches": []} for row in state["history"])
        self.net_ = net
        self._publish()
        found = self._fitted_state()
        if any(found[name] != state[name] for name in ("network", "n_parameters")):
            raise ValueError("the network is not the one that is described")
        if found.keys() != state.keys():
            raise ValueError(f"unknown entries: {sorted(state.keys() - found.keys())}")


def snapshot(classifier: BaseECGClassifier, early_stopping: EarlyStopping | None) -> dict[str, Any]:
    """Return the attributes that the classifier would have if training stopped now."""
    stopped = copy(classifier)
    stopped.net_ = copy(classifier.net_)
    stopped.net_.module_ = deepcopy(stopped.net_.module_)  # whose weights were still shared
    if early_stopping is not None:
        early_stopping.restore(stopped.net_.module_)
    stopped._publish()
    return vars(stopped)


def _check_state(state: dict[str, Any]) -> None:
    """Raise a ValueError unless the values are of the kinds that ``fit`` makes."""
    classes, shape, names = state["classes"], state["input_shape"], state["feature_names"]
    facts, report, history = state["training"], state["transfer_report"], state["history"]
    sound = {
        "classes": isinstance(classes, np.ndarray)
        and classes.ndim == 1
        and len(classes) >= 2
        and np.array_equal(np.unique(classes), classes),
        "input_shape": type(shape) is tuple
        and len(shape) >= 1
        and all(type(n) is int and 0 < n < 2**48 for n in shape),
        "history": type(history) is list and all(type(row) is dict for row in history),
        "training": isinstance(facts, TrainingFacts)
        and type(facts.class_counts) is tuple
        and len(facts.class_counts) == len(classes)
        and all(type(n) is int for n in facts.class_counts),
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


def _format_name(dtype: torch.dtype | None) -> str | None:
    return None if dtype is None else str(dtype).removeprefix("torch.")
