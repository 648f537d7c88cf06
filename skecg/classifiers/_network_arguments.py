"""A classifier's parameters as the arguments of its network, which have the same names."""

from __future__ import annotations

import inspect
from typing import Any

from sklearn.base import BaseEstimator
from torch import nn


def default_arguments(network: type[nn.Module]) -> dict[str, Any]:
    """Return the names and defaults of the arguments that must be given by name."""
    parameters = inspect.signature(network).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


def network_arguments(classifier: BaseEstimator, network: type[nn.Module]) -> dict[str, Any]:
    """Return these arguments as the parameters of the same names have them."""
    return {name: getattr(classifier, name) for name in default_arguments(network)}
