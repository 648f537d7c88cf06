"""The net of a fit: new, with the settings of a classifier, or with weights taken over."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from skorch.callbacks import Callback, PrintLog
from torch import nn

from ..augmentation import augmentation_steps
from ..networks import (
    LSTM,
    Conv3d,
    TransferReport,
    check_size,
    cpu_has_bfloat16_lstm,
    frozen_normalizations,
    take_over,
    within_memory,
)
from ..parallel import is_main_process
from ..training import (
    EpochProgressBar,
    LeanNet,
    Precision,
    Targets,
    resolve_optimizer,
    resolve_precision,
    resolve_schedule,
)
from ._parameters import TrainingParameters
from ._transfer import resolve_source


def new_net(
    params: TrainingParameters,
    factory: Callable[[], nn.Module],
    n_classes: int,
    targets: Targets,
    device: torch.device,
) -> LeanNet:
    """Return a net for a classifier's parameters, without a network in it yet."""
    callbacks = _callbacks(params)
    settings = net_settings(params, n_classes, targets, device)
    return LeanNet(factory, callbacks=callbacks or None, **settings)


def net_settings(
    params: TrainingParameters, n_classes: int, targets: Targets, device: torch.device
) -> dict[str, Any]:
    """Return the net's settings that follow from a classifier's parameters."""
    return {
        "schedule": resolve_schedule(params.lr_schedule),
        "precision": resolve_precision(params.precision, device),
        "gradient_clip": params.gradient_clip,
        "shuffle": params.shuffle,
        "augment": augmentation_steps(params.augment),
        "optimizer": resolve_optimizer(params.optimizer, device),
        "optimizer__weight_decay": params.weight_decay,
        "lr": params.learning_rate,
        "max_epochs": params.max_epochs,
        "batch_size": params.batch_size,
        "classes": np.arange(n_classes),
        "targets": targets,
        "device": str(device),
        "compile": params.compile,
        "cuda_graph": params.cuda_graph,
        "verbose": params.verbose,
    }


def start(
    params: TrainingParameters,
    net: LeanNet,
    classes: np.ndarray,
    network_shape: tuple[int, ...],
) -> TransferReport | None:
    """Draw a net's weights, and take over those of ``init_from`` if there is one.

    Parameters
    ----------
    params : TrainingParameters
        The classifier.
    net : LeanNet
        The net, which gets its network.
    classes : ndarray
        The labels.
    network_shape : tuple of int
        Shape of one sample as the network reads it.

    Raises
    ------
    ValueError
        If the weights do not fit, or layers would be frozen at random weights.
    """
    if params.init_from is None and params.n_trainable_layers is not None:
        raise ValueError(
            f"n_trainable_layers={params.n_trainable_layers} without init_from would freeze "
            "layers at random weights; give a fitted classifier to start from"
        )
    check_size(net.module)
    with within_memory():
        net.initialize()
    _keep_from_bfloat16(net, params.precision)
    if params.init_from is None:
        return None
    source = resolve_source(params.init_from)
    is_same = source.targets == net.targets and np.array_equal(source.classes, classes)
    if params.reset_layers is None and not is_same:
        raise ValueError(
            f"reset_layers=None keeps the classes of {source.name}, "
            f"{source.targets.describe(source.classes)}, but y has "
            f"{net.targets.describe(classes)}; use reset_layers='head'"
        )
    sample = torch.zeros((1, *network_shape), dtype=net.precision.weights, device=net.device)
    report = take_over(
        net.module_,
        source.weights,
        source.name,
        sample,
        n_trainable_layers=params.n_trainable_layers,
        reset_layers=params.reset_layers,
    )
    if params.freeze_statistics:
        net.kept_in_eval = frozen_normalizations(net.module_, report.frozen, sample)
    if params.verbose and is_main_process():
        print(report)
    return report


def _keep_from_bfloat16(net: LeanNet, precision: str) -> None:
    """Train a user's network in float32 where the CPU cannot compute its layers in bfloat16."""
    if net.precision.products is None or torch.device(net.device).type != "cpu":
        return
    layer = next(filter(None, map(_unfit_for_bfloat16, net.module_.modules())), None)
    if layer is None:
        return
    if precision == "bfloat16":
        raise ValueError(
            f"precision='bfloat16' was asked for, but on this CPU PyTorch cannot compute {layer} "
            f"in it; use precision='float32', or skecg.networks.{layer}"
        )
    net.precision = Precision(net.precision.weights)


def _unfit_for_bfloat16(layer: nn.Module) -> str | None:
    """Return the name of a layer that fails in bfloat16 and of ours that takes its place."""
    if isinstance(layer, nn.Conv3d) and not isinstance(layer, Conv3d):
        return "Conv3d"
    is_plain_lstm = isinstance(layer, nn.LSTM) and not isinstance(layer, LSTM)
    return "LSTM" if is_plain_lstm and not cpu_has_bfloat16_lstm() else None


def _callbacks(params: TrainingParameters) -> list[Callback]:
    for callback in params.callbacks or []:
        one = callback[1] if isinstance(callback, tuple) and len(callback) == 2 else callback
        if not isinstance(one, Callback):
            raise TypeError(
                "callbacks must be skorch callbacks, or pairs of a name and a callback; got "
                f"{callback!r}"
            )
    callbacks = [_copied(callback) for callback in params.callbacks or []]
    if params.verbose == 1:
        callbacks.append(EpochProgressBar())
    elif params.verbose >= 2 and is_main_process():
        callbacks.append(PrintLog())
    return callbacks


def _copied(callback: Callback | tuple[str, Callback]) -> Callback | tuple[str, Callback]:
    """Copy a callback, which skorch also takes as a pair with its name."""
    try:
        return copy.deepcopy(callback)
    except Exception:  # an open file, say, in whatever way it refuses
        return copy.copy(callback)
