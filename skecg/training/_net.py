"""The skorch net that fits any network by a lean loop over samples in memory."""

from __future__ import annotations

import copy
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any, Literal

import numpy as np
import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback
from skorch.dataset import Dataset
from torch import Tensor, nn
from torch.nn import functional as F

from ..parallel import sum_gradients, sum_over_processes
from ..samples import Batches
from ._block_prediction import BlockPrediction
from ._checkpoint import CheckpointStore, ResumableTraining
from ._device import Precision
from ._early_stopping import EarlyStopping
from ._optimizers import forget_denormals
from ._progress import EpochWatcher
from ._schedules import Schedule
from ._shared_training import shared

_BATCH_EVENTS = ("on_batch_begin", "on_batch_end", "on_grad_computed")


class LeanNet(BlockPrediction, NeuralNetClassifier):
    """A skorch classifier whose loop costs microseconds per batch.

    ``train`` runs epochs over :class:`Batches`. Callbacks see what skorch promises them; when
    none of them listens to batches, nothing is recorded or notified per batch. Both ways give
    the same weights. Everything else (``history``, ``callbacks_``, ``save_params``, ``forward``)
    is skorch's.

    Parameters
    ----------
    module : callable
        Module class or factory without arguments.
    schedule : Schedule or None
        Factor on the learning rate at every step.
    precision : Precision
        Number formats.
    gradient_clip : float or None
        Largest norm of the whole gradient.
    shuffle : bool, "once" or "balanced"
        Draw a new order of the samples for every epoch, or one for all; or for every epoch as many
        samples of each class; else take them as they come.
    **kwargs
        Parameters of :class:`skorch.NeuralNetClassifier`.
    """

    def __init__(
        self,
        module: Callable[[], nn.Module],
        *,
        schedule: Schedule | None = None,
        precision: Precision = Precision(torch.float32),  # noqa: B008 (immutable)
        gradient_clip: float | None = None,
        shuffle: bool | Literal["once", "balanced"] = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(module, criterion=nn.CrossEntropyLoss, train_split=None, **kwargs)
        self.schedule = schedule
        self.precision = precision
        self.gradient_clip = gradient_clip
        self.shuffle = shuffle
        self.kept_in_eval: tuple[str, ...] = ()  # parts of the module, as normalisations
        self.n_epochs_before = 0  # of this training, before the process was killed

    @property
    def _default_callbacks(self) -> list:
        # Losses and times are recorded by the loop itself.
        return []

    def initialize_module(self) -> LeanNet:
        """Build the module in the weights' number format."""
        super().initialize_module()
        self.module_ = self.module_.to(self.precision.weights)
        return self

    def torch_compile(self, module: nn.Module, name: str) -> nn.Module:
        """Keep the module itself: ``train`` compiles what it calls, the weights stay plain."""
        return module

    def infer(self, x: Any, **fit_params: Any) -> Tensor:
        """Compute logits of one batch, for skorch's own methods and callbacks."""
        if isinstance(x, Tensor | np.ndarray):
            x = torch.as_tensor(x).to(self.device, self.precision.weights)
        with self._autocast:
            return super().infer(x, **fit_params)

    # Training ---------------------------------------------------------------------------------

    @shared
    def train(
        self,
        batches: Batches,
        valid: Batches | None = None,
        *,
        n_epochs: int,
        generator: torch.Generator,
        early_stopping: EarlyStopping | None = None,
        watcher: EpochWatcher | None = None,
        checkpoints: CheckpointStore | None = None,
    ) -> LeanNet:
        """Train for up to ``n_epochs`` epochs and record one row of ``history`` for each.

        Parameters
        ----------
        batches, valid : Batches
            Samples to train on and, optionally, to compute the validation loss of.
        n_epochs : int
            Epochs to run; the schedule's horizon.
        generator : torch.Generator
            Decides the order of the samples where it is random.
        early_stopping : EarlyStopping or None
            Watches the validation loss; afterwards the net has the weights of the best epoch.
        watcher : EpochWatcher or None
            Is told of every epoch, and may end training.
        checkpoints : CheckpointStore or None
            Has the state to go on from, if there is one, and is given one after every epoch.
        """
        datasets = {"dataset_train": _dataset(batches), "dataset_valid": _dataset(valid)}
        listens = self._listens_to_batches()
        forward = torch.compile(self.module_) if self.compile else self.module_
        steps_per_epoch = -(-len(batches) // self.batch_size)
        n_steps = n_epochs * steps_per_epoch
        orders = self._orders(batches, generator)

        training = ResumableTraining(self, generator, early_stopping, checkpoints)
        self.n_epochs_before = training.recall_history(watcher)
        self.notify("on_train_begin", X=datasets["dataset_train"], y=None)
        epochs = training.restore(n_epochs)
        try:
            for epoch in epochs:
                if watcher is not None:
                    watcher.begin_epoch()
                started = time.perf_counter()
                self.notify("on_epoch_begin", **datasets)
                factors = self._factors(epoch * steps_per_epoch, n_steps, steps_per_epoch)
                self._train_epoch(batches, next(orders), factors, forward, listens)
                if valid is not None:
                    self._validate_epoch(valid, listens)
                self.history.record("lr", self.optimizer_.param_groups[0]["lr"])
                self.history.record("dur", time.perf_counter() - started)
                self.notify("on_epoch_end", **datasets)
                stop = early_stopping is not None and early_stopping.update(
                    len(self.history), self.history[-1, "valid_loss"], self.module_
                )
                if watcher is not None:
                    stop |= watcher.end_epoch()
                training.keep(finished=stop or epoch + 1 == n_epochs)
                if stop:
                    break
        except KeyboardInterrupt:
            warnings.warn("Training was interrupted; the epochs until here are kept.", stacklevel=2)
            if self.history and "dur" not in self.history[-1]:
                del self.history[-1]
            elif watcher is not None:  # a callback interrupted after the epoch, as skorch's do
                watcher.end_epoch()
        self.notify("on_train_end", X=datasets["dataset_train"], y=None)
        if early_stopping is not None:
            early_stopping.restore(self.module_)
        self.module_.eval()
        return self

    def _train_epoch(
        self,
        batches: Batches,
        order: Iterator[Tensor],
        factors: Iterator[float] | None,
        forward: nn.Module,
        listens: bool,
    ) -> None:
        self._set_training(True)
        module, optimizer = self.module_, self.optimizer_
        for name in self.kept_in_eval:
            module.get_submodule(name).eval()
        forget_denormals(optimizer)
        autocast, losses = self._autocast, []
        for X, y, weights in batches.in_turn(order):
            if factors is not None:
                rate = self.lr * next(factors)
                for group in optimizer.param_groups:
                    group["lr"] = rate
            if listens:
                self.notify("on_batch_begin", batch=(X, y), training=True)
            optimizer.zero_grad()
            # A compiled network is compiled for full batches; the short last one goes through
            # the same weights uncompiled, so that it costs no second compilation.
            network = forward if len(X) == self.batch_size else module
            with autocast:
                logits = network(X)
            loss = _loss(logits, y, weights)
            loss.backward()
            sum_gradients(module, batches)
            if self.gradient_clip is not None:
                nn.utils.clip_grad_norm_(module.parameters(), self.gradient_clip)
            if listens:
                named_parameters = list(module.named_parameters())
                self.notify("on_grad_computed", named_parameters=named_parameters, batch=(X, y))
            optimizer.step()
            losses.append(_kept(loss.detach()))
            if listens:
                self._record_batch("train", (X, y), logits.detach(), loss.detach())
        losses = sum_over_processes(_stacked(losses), batches)
        self.history.record("train_loss", _mean(losses, self.batch_size, len(batches)))

    @torch.no_grad()
    def _validate_epoch(self, valid: Batches, listens: bool) -> None:
        self._set_training(False)
        losses, hits = [], []
        for index in valid.in_order(self.batch_size):
            X, y, weights = valid.take(index)
            if listens:
                self.notify("on_batch_begin", batch=(X, y), training=False)
            with self._autocast:
                logits = self.module_(X)
            loss = _loss(logits, y, weights)
            losses.append(_kept(loss))
            hits.append(_kept((logits.argmax(1) == y).sum()))
            if listens:
                self._record_batch("valid", (X, y), logits, loss)
        losses = sum_over_processes(_stacked(losses), valid)
        hits = sum_over_processes(_stacked(hits), valid)
        self.history.record("valid_loss", _mean(losses, self.batch_size, len(valid)))
        self.history.record("valid_acc", hits.sum().item() / len(valid))

    def _record_batch(self, prefix: str, batch: tuple, logits: Tensor, loss: Tensor) -> None:
        self.history.record_batch(f"{prefix}_loss", loss.item())
        self.history.record_batch(f"{prefix}_batch_size", len(logits))
        self.notify(
            "on_batch_end", batch=batch, training=prefix == "train", y_pred=logits, loss=loss
        )

    def _orders(self, batches: Batches, generator: torch.Generator) -> Iterator[Iterator[Tensor]]:
        """Yield the indices of one epoch's batches after another's."""
        once = list(batches.shuffled(self.batch_size, generator)) if self.shuffle == "once" else []
        while True:
            if once:
                yield iter(once)
            elif self.shuffle == "balanced":
                yield batches.balanced(self.batch_size, generator)
            elif self.shuffle:
                yield batches.shuffled(self.batch_size, generator)
            else:
                yield batches.in_order(self.batch_size)

    def _factors(self, first: int, n_steps: int, steps_per_epoch: int) -> Iterator[float] | None:
        if self.schedule is None:
            return None
        steps = range(first, first + steps_per_epoch)
        return (self.schedule(step, n_steps, steps_per_epoch) for step in steps)

    def _listens_to_batches(self) -> bool:
        return any(
            getattr(type(callback), event) is not getattr(Callback, event)
            for _, callback in self.callbacks_
            for event in _BATCH_EVENTS
        )

    @property
    def _autocast(self) -> Any:
        if self.precision.products is None:
            return nullcontext()
        return torch.autocast(torch.device(self.device).type, self.precision.products)

    # Pickling ---------------------------------------------------------------------------------

    def to_device(self, device: torch.device) -> None:
        """Move the module; an optimiser does not follow it and is built anew when needed."""
        if torch.device(self.device) != device:
            self.module_ = self.module_.to(device)
            self.device = str(device)
            self.optimizer_ = None

    def __getstate__(self) -> dict[str, Any]:
        """Keep what prediction and further training need: CPU weights and epoch records."""
        state = self.__dict__.copy()
        if "module_" in state:
            # Gradients are left behind: a copy's weights share memory, not gradients.
            state["module_"] = _without_gradients(state["module_"])
            state["optimizer_"] = None
            state["device"] = "cpu"
        if state.get("history_") is not None:
            state["history_"] = _without_batches(state["history_"])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a pickled net, on the CPU."""
        self.__dict__.update(state)


def _loss(logits: Tensor, y: Tensor, weights: Tensor | None) -> Tensor:
    if logits.dtype in (torch.bfloat16, torch.float16):
        logits = logits.float()
    if weights is None:
        return F.cross_entropy(logits, y)
    # The weights have mean 1 over the training set, so that every batch has its due share; to
    # divide by the sum over the batch would give a batch of light samples a heavy step.
    return (F.cross_entropy(logits, y, reduction="none") * weights).mean()


def _kept(value: Tensor) -> Tensor | float:
    """Return a batch's value as it can be kept until the epoch ends.

    Off the CPU it stays where it is, for to read it would be to wait. On the CPU a tensor for each
    batch would lie in the memory that the batch has left, so that the next one finds no room there:
    50 kB of holes for every 256 beats.
    """
    return value.item() if value.device.type == "cpu" else value


def _stacked(values: list[Tensor] | list[float]) -> Tensor:
    if isinstance(values[0], Tensor):
        return torch.stack(values)
    return torch.tensor(values, dtype=torch.float64)


def _mean(losses: Tensor, batch_size: int, n_samples: int) -> float:
    """Return the mean over samples; the batches' losses are read from the device here, at once."""
    values = losses.double().cpu()
    values[:-1] *= batch_size
    values[-1] *= n_samples - batch_size * (len(losses) - 1)
    return values.sum().item() / n_samples


def _dataset(batches: Batches | None) -> Dataset | None:
    return None if batches is None else Dataset(batches.samples, batches.y)


def _without_gradients(module: nn.Module) -> nn.Module:
    memo = {id(p): nn.Parameter(p.detach().cpu(), p.requires_grad) for p in module.parameters()}
    return copy.deepcopy(module, memo).cpu()


def _without_batches(history: Any) -> Any:
    rows = [{key: value for key, value in row.items() if key != "batches"} for row in history]
    return type(history)({**row, "batches": []} for row in rows)
