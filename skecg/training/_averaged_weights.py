"""Averages over the weights of a training, which predict in the place of the last ones."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Protocol, cast

import torch
from skorch import NeuralNet
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from ..parallel import OwnPart
from ..samples import Batches

# An exponential average forgets after 1000 steps, and before that after a ninth of the steps done,
# so that a short training is not remembered from its first random weights on.
_DECAY = 0.999
_WARMUP = 10
# The part of the epochs whose weights are averaged.
_LAST_PART = 0.25


class _Normalization(Protocol):
    """A layer that follows the statistics of the batches it sees in training mode."""

    momentum: float | None

    def train(self) -> Any: ...


class AveragedWeights:
    """Averages the weights of a net as it trains, and puts the average into its network.

    The training itself goes on with the weights as the optimiser leaves them. The statistics of
    normalisations belong to the weights that computed them, so those of the average are computed
    from the training samples, in one pass without augmentation; a network without such
    normalisations needs none.

    Parameters
    ----------
    kind : {"ema", "swa"} or None
        ``"ema"``, an exponential average over the steps; ``"swa"``, the mean over the ends of the
        last quarter of the epochs, of one epoch at least; None, no average.
    """

    # What changes from epoch to epoch, for a checkpoint.
    PROGRESS: ClassVar = ("n_averaged", "weights")

    def __init__(self, kind: Literal["ema", "swa"] | None) -> None:
        self.kind = kind
        self.n_averaged = 0
        self.weights: dict[str, Tensor] = {}
        self._trained: list[Tensor] = []  # while the average is in their place

    def begin(self, net: NeuralNet, batches: Batches | OwnPart, n_epochs: int) -> None:
        """Follow a training from its first step on."""
        self._net, self._batches, self._n_epochs = net, batches, n_epochs

    def follow_step(self) -> None:
        """Take note of a step of the optimiser."""
        if self.kind == "ema":
            n = self.n_averaged
            self._take_in(min(_DECAY, (1 + n) / (_WARMUP + n)))

    def put_in(self, epoch: int, *, is_judged: bool) -> None:
        """Take note of the end of an epoch (counted from 0), and let the network have the average.

        Parameters
        ----------
        epoch : int
            The epoch.
        is_judged : bool
            False leaves the network as it is: neither validation nor a callback looks at it.
        """
        n_before = self._n_epochs - max(1, round(_LAST_PART * self._n_epochs))
        if self.kind == "swa" and epoch >= n_before:
            self._take_in(self.n_averaged / (self.n_averaged + 1))
        if self.n_averaged and is_judged:
            module = self._net.module_
            tensors = (*module.parameters(), *module.buffers())
            self._trained = [tensor.detach().clone() for tensor in tensors]
            self._replace()

    @torch.no_grad()
    def take_out(self) -> None:
        """Let the network have the weights again that are trained."""
        module = self._net.module_
        for tensor, trained in zip((*module.parameters(), *module.buffers()), self._trained):
            tensor.copy_(trained)
        self._trained = []

    def settle(self) -> None:
        """End the training: the network keeps the average."""
        if self.n_averaged:
            self._replace()
        self.weights, self._trained = {}, []

    @torch.no_grad()
    def _take_in(self, decay: float) -> None:
        """Move the average towards the present weights."""
        present = {name: w.detach() for name, w in self._net.module_.named_parameters()}
        if not self.n_averaged:
            self.weights = {name: w.clone() for name, w in present.items()}
        else:
            average = [self.weights[name] for name in present]
            get_ema_multi_avg_fn(decay)(average, list(present.values()), None)
        self.n_averaged += 1

    @torch.no_grad()
    def _replace(self) -> None:
        module = self._net.module_
        for name, weight in module.named_parameters():
            weight.copy_(self.weights[name])
        norms = _normalizations(module, self._net.kept_in_eval)
        if norms:
            self._compute_statistics(module, norms)

    def _compute_statistics(self, module: nn.Module, norms: list[_Normalization]) -> None:
        """Let normalisations have the mean of the statistics of all training batches."""
        # In an order like those of the training: one by class would make other batches.
        order = list(next(self._net._orders(self._batches, torch.Generator().manual_seed(0))))
        full = [index for index in order if len(index) == len(order[0])]
        rates = [norm.momentum for norm in norms]
        module.eval()
        for norm in norms:
            norm.train()
        try:
            for i, (X, _, _) in enumerate(self._batches.in_turn(iter(full))):
                for norm in norms:
                    norm.momentum = 1 / (i + 1)
                with self._net.autocast():
                    module(X)
        finally:  # an interrupted training keeps what it has
            for norm, rate in zip(norms, rates):
                norm.momentum = rate
            module.eval()


def _normalizations(module: nn.Module, kept_in_eval: tuple[str, ...]) -> list[_Normalization]:
    """Return the parts of a network that follow the statistics of the training batches."""
    kept = {id(part) for name in kept_in_eval for part in module.get_submodule(name).modules()}
    return [
        cast(_Normalization, part)
        for part in module.modules()
        if isinstance(getattr(part, "running_mean", None), Tensor)
        and hasattr(part, "momentum")
        and id(part) not in kept
    ]
