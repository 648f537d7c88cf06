"""Train: the net of a fit on the samples of a fit."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import numpy as np
import torch

from .._native_callbacks import FitTask
from ..samples import Batches
from ..training import AveragedWeights, CheckpointFile, EarlyStopping, LeanNet, checkpoint_file
from ._fit_identity import fit_identity
from ._fitted import Fitted
from ._parameters import TrainingParameters
from ._training_data import TrainingData


def train(
    params: TrainingParameters,
    fitted: Fitted,
    data: TrainingData,
    seed: int,
    task: FitTask | None,
) -> None:
    """Train a new net for ``max_epochs``, or from its checkpoint on, or until it stops early.

    Parameters
    ----------
    params : TrainingParameters
        The classifier; it is only read.
    fitted : Fitted
        Has the net, which is trained in place.
    data : TrainingData
        The samples.
    seed : int
        Decides the order of the samples and the held-out part.
    task : FitTask or None
        What scikit-learn's callbacks see of the fit.
    """
    net = fitted.net
    checkpoint: AbstractContextManager[CheckpointFile | None] = nullcontext()
    if params.checkpoint_dir is not None:
        identity = fit_identity(params, data, net, seed)
        checkpoint = checkpoint_file(params.checkpoint_dir, identity, seed)
    with checkpoint as kept:
        seed = seed if kept is None else kept.seed
        chosen: slice | np.ndarray = slice(None)
        valid, early_stopping = None, None
        if params.early_stopping:
            chosen, held_out = data.targets.held_out(
                data.codes, data.groups, params.validation_fraction, seed
            )
            valid = _batches(net, data, held_out)
            early_stopping = EarlyStopping(params.patience)
        if task is not None:
            task.snapshot = partial(fitted.if_stopped_now, early_stopping)
        net.train(
            _batches(net, data, chosen),
            valid,
            n_epochs=params.max_epochs,
            generator=torch.Generator().manual_seed(seed),
            early_stopping=early_stopping,
            averages=AveragedWeights(params.average_weights),
            watcher=task,
            checkpoints=kept,
        )


def train_on(params: TrainingParameters, fitted: Fitted, data: TrainingData, seed: int) -> None:
    """Train one epoch at a constant rate, and keep the optimiser's state for the next one."""
    net = fitted.net
    net.set_rate(params.learning_rate * data.mean_weight)
    net.train(
        _batches(net, data, slice(None)),
        n_epochs=1,
        generator=torch.Generator().manual_seed(seed),
    )
    net.keep_moments()


def _batches(net: LeanNet, data: TrainingData, index: Any) -> Batches:
    return Batches(
        data.X[index],
        data.codes[index],
        None if data.weights is None else data.weights[index],
        device=torch.device(net.device),
        dtype=net.precision.weights,
    )
