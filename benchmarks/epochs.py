"""One epoch of training with our engine and with the alternatives."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import TypeAlias

import numpy as np
import torch
from skorch import NeuralNetClassifier
from torch import nn
from torch.nn import functional as F

from skecg.samples import Batches
from skecg.training import LeanNet, resolve_optimizer, resolve_precision

CPU = torch.device("cpu")
Module: TypeAlias = Callable[[], nn.Module]
Samples: TypeAlias = np.ndarray
Epoch: TypeAlias = Callable[[], object]


def training_of_ours(
    module: Module,
    X: Samples,
    y: Samples,
    batch_size: int,
    *,
    device=CPU,
    precision="float32",
    cuda_graph=False,
    compiled=False,
) -> Callable[..., object]:
    """Train with our engine, with the samples on the device, for ``n_epochs``.

    A captured step is captured anew in every training, as in every ``fit``.
    """
    net = LeanNet(
        module,
        precision=resolve_precision(precision, device),
        optimizer=resolve_optimizer("adamw", device),
        lr=1e-3,
        batch_size=batch_size,
        device=str(device),
        cuda_graph=cuda_graph,
        compile=compiled,
        verbose=0,
    ).initialize()
    batches = Batches(X, y, None, device=device, dtype=torch.float32)
    generator = torch.Generator().manual_seed(0)
    return partial(net.train, batches, generator=generator)


def epoch_of_ours(module: Module, X: Samples, y: Samples, batch_size: int, **settings) -> Epoch:
    """Train with our engine for one epoch."""
    return partial(training_of_ours(module, X, y, batch_size, **settings), n_epochs=1)


def epoch_by_hand(
    module: Module,
    X: Samples,
    y: Samples,
    batch_size: int,
    *,
    device=CPU,
    precision="float32",
    compiled=False,
) -> Epoch:
    """Train with a minimal hand-written loop over tensors on the device."""
    network = module().to(device)
    forward = torch.compile(network) if compiled else network
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, fused=True)
    X, y = torch.from_numpy(X).to(device), torch.from_numpy(y).to(device)
    products = in_bfloat16(device, precision)

    def epoch() -> None:
        network.train()
        for index in torch.randperm(len(X), device=device).split(batch_size):
            with products:
                logits = forward(X[index])
            loss = F.cross_entropy(logits.float(), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return epoch


def in_bfloat16(device: torch.device, precision: str) -> AbstractContextManager:
    """Return the context in which products have a precision."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")


def epoch_of_skorch(
    module: Module, X: Samples, y: Samples, batch_size: int, *, device=CPU
) -> Epoch:
    """Train with plain skorch."""
    net = skorch_net(module, batch_size, device).set_params(max_epochs=1).initialize()
    y = y.astype(np.int64)
    return lambda: net.partial_fit(X, y)


def skorch_net(module: Module, batch_size: int, device: torch.device) -> NeuralNetClassifier:
    """Return plain skorch's classifier, also with the fused optimiser."""
    return NeuralNetClassifier(
        module,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.AdamW,
        optimizer__fused=True,
        lr=1e-3,
        batch_size=batch_size,
        iterator_train__shuffle=True,
        train_split=None,
        device=str(device),
        verbose=0,
    )
