"""Build: a net, from checked samples and a classifier's parameters."""

from __future__ import annotations

from dataclasses import replace

import torch

from ..training import LeanNet
from ._fitted import Fitted
from ._new_net import net_settings, new_net, start
from ._parameters import TrainingParameters
from ._training_data import TrainingData


def build(params: TrainingParameters, data: TrainingData, device: torch.device) -> Fitted:
    """Return a net with new weights, or with those of ``init_from``, and what belongs to it.

    Parameters
    ----------
    params : TrainingParameters
        The classifier; it is only read.
    data : TrainingData
        The samples to train on.
    device : torch.device
        Device of the net.

    Raises
    ------
    ValueError
        If the network's output does not fit the classes, or ``init_from`` the network.
    """
    n_classes = len(data.classes)
    scale = params._learned_scale(data.X, data.sample_weights)
    factory = params._network_factory_for(data.input_shape, n_classes, scale)
    net = new_net(params, factory, n_classes, data.targets, device)
    report = start(params, net, data.classes, data.X.shape[1:])
    _check_logits(net, data)
    return Fitted(
        net=net,
        classes=data.classes,
        input_shape=data.input_shape,
        feature_names=data.feature_names,
        input_scale=scale,
        transfer_report=report,
        facts=data.facts,
    )


def build_on(fitted: TrainingParameters, data: TrainingData, device: torch.device) -> Fitted:
    """Return an independent copy of a fitted classifier's net, with its present parameters."""
    before = Fitted.of(fitted)
    settings = net_settings(fitted, len(data.classes), data.targets, device)
    settings["precision"] = replace(settings["precision"], weights=before.net.precision.weights)
    net = before.net.continued(**settings)
    return replace(before, net=net, facts=before.facts.and_then(data.facts))


def _check_logits(net: LeanNet, data: TrainingData) -> None:
    """Say at once, and in the user's terms, that a network's output has a wrong shape."""
    logits = net.logits(data.X[:1])
    expected = (1, len(data.classes))
    if tuple(logits.shape) != expected:
        raise ValueError(
            f"the network maps one sample of shape {data.X.shape[1:]} to an output of shape "
            f"{tuple(logits.shape)}; expected logits of shape {expected}"
        )
