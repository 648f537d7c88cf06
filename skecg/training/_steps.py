"""The steps of an epoch: the gradient of each batch's loss, and the optimiser's step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from skorch import NeuralNet
from torch import Tensor, nn

from ..parallel import OwnPart, sum_gradients
from ..samples import Batches
from ._augmented import augmented
from ._averaged_weights import AveragedWeights
from ._optimizers import forget_denormals


class Steps:
    """Trains a net batch by batch.

    Parameters
    ----------
    net : LeanNet
        The net.
    batches : Batches or OwnPart
        Its training samples.
    forward : callable
        The network, or what it was compiled to.
    averages : AveragedWeights
        Is told of every step.
    listens : bool
        Whether a callback listens to batches.
    """

    def __init__(
        self,
        net: NeuralNet,
        batches: Batches | OwnPart,
        forward: Any,
        averages: AveragedWeights,
        *,
        listens: bool,
    ) -> None:
        self.net, self.batches, self.forward = net, batches, forward
        self.averages, self.listens = averages, listens

    def epoch(self, order: Iterator[Tensor], rates: Iterator[float] | None) -> list[Any]:
        """Train on the batches of one epoch and return the loss of each.

        Parameters
        ----------
        order : iterator of Tensor
            The indices of the samples of each batch.
        rates : iterator of float or None
            The learning rate of each; None leaves it to the optimiser and to callbacks.
        """
        self.make_ready()
        losses = []
        for X, y, targets, weights in augmented(self.batches.in_turn(order), self.net):
            if rates is not None:
                set_rate(self.net.optimizer_, next(rates))
            losses.append(kept(self.step(X, y, targets, weights)))
            self.averages.follow_step()
        return losses

    def make_ready(self) -> None:
        """Set the modes of the network for an epoch."""
        module = self.net.module_.train()
        for name in self.net.kept_in_eval:
            module.get_submodule(name).eval()
        forget_denormals(self.net.optimizer_)

    def step(self, X: Tensor, y: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
        """Make one step of the optimiser and return the loss before it."""
        net, module, optimizer = self.net, self.net.module_, self.net.optimizer_
        if self.listens:
            net.notify("on_batch_begin", batch=(X, y), training=True)
        optimizer.zero_grad()
        # A compiled network is compiled for full batches; the short last one goes through the same
        # weights uncompiled, so that it costs no second compilation.
        network = self.forward if len(X) == net.batch_size else module
        with net.autocast(training=True):
            logits = network(X).to(net.precision.weights)
        loss = net.targets.loss(logits, targets, weights)
        loss.backward()
        sum_gradients(module, self.batches)
        if net.gradient_clip is not None:
            nn.utils.clip_grad_norm_(module.parameters(), net.gradient_clip)
        if self.listens:
            named_parameters = list(module.named_parameters())
            net.notify("on_grad_computed", named_parameters=named_parameters, batch=(X, y))
        optimizer.step()
        if self.listens:
            net.record_batch("train", (X, y), logits.detach(), loss.detach())
        return loss.detach()


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of all weights."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def kept(value: Tensor) -> Tensor | float:
    """Return a batch's value as it can be kept until the epoch ends.

    On another device it stays there, since reading it means waiting for the device. On the CPU a
    tensor per batch would be allocated in the memory that the batch has just freed, and the next
    batch would not fit there: 50 kB of holes for every 256 beats.
    """
    return value.item() if value.device.type == "cpu" else value
