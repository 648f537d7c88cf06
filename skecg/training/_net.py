"""The skorch net that fits any network by a lean loop over samples in memory."""

from __future__ import annotations

import copy
import math
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback, PrintLog
from skorch.dataset import Dataset
from torch import Tensor, nn

from .._compat import WithoutDefaultCallbacks
from ..networks import all_finite
from ..parallel import sum_over_processes
from ..samples import Batches
from ._averaged_weights import AveragedWeights
from ._block_prediction import BlockPrediction
from ._captured_steps import CapturedSteps, not_captured, reason_not_to_capture
from ._checkpoint import CheckpointStore, ResumableTraining
from ._device import Precision, timed_convolutions
from ._early_stopping import EarlyStopping
from ._lean_copies import without_batches, without_gradients
from ._optimizers import Moments
from ._progress import EpochProgressBar, EpochWatcher
from ._schedules import Schedule
from ._shared_training import shared
from ._steps import Steps, kept, set_rate
from ._targets import OneClass, Targets

_BATCH_EVENTS = ("on_batch_begin", "on_batch_end", "on_grad_computed")


class LeanNet(BlockPrediction, WithoutDefaultCallbacks, NeuralNetClassifier):
    """A skorch classifier whose loop costs microseconds per batch.

    ``train`` runs epochs over batches. Callbacks see what skorch promises them; when none of them
    listens to batches, nothing is recorded or notified per batch. Both ways give the same
    weights. Everything else (``history``, ``callbacks_``, ``save_params``, ``forward``) is
    skorch's.

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
        Draw a new order of the samples for every epoch, or one order for all epochs; or draw for
        every epoch equally many samples of each class; False keeps the order given.
    augment : sequence of callables
        What training batches go through on the device, one after the other.
    cuda_graph : bool, default=True
        Capture the training step on a CUDA device and replay it.
    targets : OneClass or SeveralLabels, default=OneClass()
        What the outputs mean and how they are learned.
    **kwargs
        Parameters of :class:`skorch.NeuralNetClassifier`.
    """

    optimizer_: torch.optim.Optimizer | None  # None in a copy that only predicts

    def __init__(
        self,
        module: Callable[[], nn.Module],
        *,
        schedule: Schedule | None = None,
        precision: Precision = Precision(torch.float32),  # noqa: B008 (immutable)
        gradient_clip: float | None = None,
        shuffle: bool | Literal["once", "balanced"] = True,
        augment: Sequence[Callable[[Tensor], Tensor]] = (),
        cuda_graph: bool = True,
        targets: Targets = OneClass(),  # noqa: B008 (immutable)
        **kwargs: Any,
    ) -> None:
        of_outputs = {
            "criterion": targets.criterion,
            "predict_nonlinearity": targets.probabilities,
        }
        super().__init__(module, train_split=None, **of_outputs, **kwargs)
        self.schedule = schedule
        self.precision = precision
        self.gradient_clip = gradient_clip
        self.shuffle = shuffle
        self.augment = augment
        self.cuda_graph = cuda_graph
        self.targets = targets
        self.kept_in_eval: tuple[str, ...] = ()  # parts of the module, such as normalisations
        self.n_epochs_before = 0  # of this training, before the process was killed
        self.n_epochs = self.max_epochs  # of this training, in all
        self.moments: Moments | None = None  # of the optimiser, where training will go on

    def initialize_module(self) -> LeanNet:
        """Build the module in the weights' number format.

        Returns
        -------
        LeanNet
            The net itself.
        """
        super().initialize_module()
        self.module_ = self.module_.to(self.precision.weights)
        return self

    def torch_compile(self, module: nn.Module, name: str) -> nn.Module:
        """Keep the module itself: ``train`` compiles what it calls, the weights stay plain.

        Parameters
        ----------
        module : torch.nn.Module
            A part of the net.
        name : str
            Its name.

        Returns
        -------
        torch.nn.Module
            The same.
        """
        return module

    def infer(self, x: Any, **fit_params: Any) -> Tensor:
        """Compute logits of one batch, for skorch's own methods and callbacks.

        Parameters
        ----------
        x : Tensor or ndarray of shape (n, ...)
            The batch.
        **fit_params : object
            What skorch passes on to the module.

        Returns
        -------
        Tensor of shape (n, n_classes)
            Logits on the device.
        """
        if isinstance(x, Tensor | np.ndarray):
            x = torch.as_tensor(x).to(self.device, self.precision.weights)
        with self.autocast():
            return super().infer(x, **fit_params).to(self.precision.weights)

    def predict(self, X: Any) -> np.ndarray:
        """Predict class codes, or 0 and 1 for every label, for skorch's callbacks.

        Parameters
        ----------
        X : SampleView or ndarray of shape (n_samples, ...)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
            Codes 0 .. n_classes - 1, or a matrix of 0 and 1.
        """
        return self.targets.decide(self.forward(X)).cpu().numpy()

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
        averages: AveragedWeights | None = None,
        watcher: EpochWatcher | None = None,
        checkpoints: CheckpointStore | None = None,
    ) -> LeanNet:
        """Train for up to ``n_epochs`` epochs and record one row of ``history`` for each.

        Parameters
        ----------
        batches, valid : Batches
            Samples to train on and, optionally, to compute the validation loss of.
        n_epochs : int
            Number of epochs; the schedule spans all of them.
        generator : torch.Generator
            Decides the order of the samples where it is random.
        early_stopping : EarlyStopping or None
            Watches the validation loss; afterwards the net has the weights of the best epoch.
        averages : AveragedWeights or None
            Averages the weights; what judges an epoch sees the average, and afterwards the net has
            it.
        watcher : EpochWatcher or None
            Is told of every epoch, and may end training.
        checkpoints : CheckpointStore or None
            Has the state to go on from, if there is one, and is given one after every epoch.

        Returns
        -------
        LeanNet
            The net itself.

        Raises
        ------
        FloatingPointError
            If the loss or a weight is no longer finite.
        """
        self.n_epochs = n_epochs
        datasets = {"dataset_train": _dataset(batches), "dataset_valid": _dataset(valid)}
        listens = self._listens_to_batches()
        forward = torch.compile(self.module_) if self.compile else self.module_
        steps_per_epoch = -(-len(batches) // self.batch_size)
        n_steps = n_epochs * steps_per_epoch
        orders = self._orders(batches, generator)

        averages = averages or AveragedWeights(None)
        training = ResumableTraining(self, generator, early_stopping, averages, checkpoints)
        self.n_epochs_before = training.recall_history(watcher)
        self.notify("on_train_begin", X=datasets["dataset_train"], y=None)
        epochs = training.restore(n_epochs)
        averages.begin(self, batches, n_epochs)
        steps = self._steps(batches, forward, averages, listens)
        is_judged = valid is not None or watcher is not None or self._has_judges()
        try:
            for epoch in epochs:
                if watcher is not None:
                    watcher.begin_epoch()
                started = time.perf_counter()
                self.notify("on_epoch_begin", **datasets)
                rates = self._rates(epoch * steps_per_epoch, n_steps, steps_per_epoch)
                with timed_convolutions(torch.device(self.device), self.precision.products):
                    losses = sum_over_processes(_stacked(steps.epoch(next(orders), rates)), batches)
                self.history.record("train_loss", _mean(losses, self.batch_size, len(batches)))
                averages.put_in(epoch, is_judged=is_judged)
                if valid is not None:
                    self._validate_epoch(valid, listens)
                self.history.record("lr", self._optimizer().param_groups[0]["lr"])
                self.history.record("dur", time.perf_counter() - started)
                self._require_finite(self.history[-1])
                self.notify("on_epoch_end", **datasets)
                stop = early_stopping is not None and early_stopping.update(
                    len(self.history), self.history[-1, "valid_loss"], self.module_
                )
                if watcher is not None:
                    stop |= watcher.end_epoch()
                averages.take_out()
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
        averages.settle()
        if early_stopping is not None:
            early_stopping.restore(self.module_)
        self.module_.eval()
        if not all_finite(self.module_):
            raise FloatingPointError(self._divergence("its weights are not finite"))
        return self

    def _require_finite(self, row: Mapping[str, Any]) -> None:
        for name in ("train_loss", "valid_loss"):
            if not math.isfinite(row.get(name, 0.0)):
                raise FloatingPointError(self._divergence(f"its {name} is {row[name]}"))

    def _divergence(self, what: str) -> str:
        return (
            f"training has diverged: after epoch {len(self.history)} {what}. Try a lower "
            "learning_rate, gradient_clip=1.0, samples scaled to values of the order of 1, or "
            f"precision='float32' (the learning rate was {self.lr:g})"
        )

    def _steps(
        self,
        batches: Batches,
        forward: Callable[..., Any],
        averages: AveragedWeights,
        listens: bool,
    ) -> Steps:
        """Return what makes the steps of an epoch: captured, if that is wanted and possible."""
        if self.cuda_graph and torch.device(self.device).type == "cuda":
            reason = reason_not_to_capture(self, batches, listens=listens)
            if reason is None:
                return CapturedSteps(self, batches, forward, averages)
            if self.verbose:
                print(not_captured(reason))
        return Steps(self, batches, forward, averages, listens=listens)

    @torch.no_grad()
    def _validate_epoch(self, valid: Batches, listens: bool) -> None:
        self.module_.eval()
        kept_losses, kept_hits = [], []
        n_rows = self.batch_size
        if not listens:
            n_rows = self._rows_of_validation(valid.X[0], n_rows)
        for index in valid.in_order(n_rows):
            X, y, weights = valid.take(index)
            if listens:
                self.notify("on_batch_begin", batch=(X, y), training=False)
            with self.autocast():
                logits = self.module_(X).to(self.precision.weights)
            loss = self.targets.loss(logits, y, weights)
            kept_losses.append(kept(loss))
            kept_hits.append(kept(self.targets.n_right(logits, y)))
            if listens:
                self.record_batch("valid", (X, y), logits, loss)
        losses = sum_over_processes(_stacked(kept_losses), valid)
        hits = sum_over_processes(_stacked(kept_hits), valid)
        self.history.record("valid_loss", _mean(losses, n_rows, len(valid)))
        self.history.record("valid_acc", hits.sum().item() / len(valid))

    def record_batch(self, prefix: str, batch: tuple, logits: Tensor, loss: Tensor) -> None:
        """Write down a batch and let callbacks know of it.

        Parameters
        ----------
        prefix : {"train", "valid"}
            What the batch is for.
        batch : tuple (X, y)
            Samples and labels.
        logits : Tensor of shape (n_samples, n_outputs)
            Output of the network.
        loss : Tensor of shape ()
            The loss of the batch.
        """
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

    def _rates(self, first: int, n_steps: int, steps_per_epoch: int) -> Iterator[float] | None:
        if self.schedule is None:
            return None  # the rate is the optimiser's, and a callback may change it
        steps = range(first, first + steps_per_epoch)
        return (self.lr * self.schedule(step, n_steps, steps_per_epoch) for step in steps)

    def _listens_to_batches(self) -> bool:
        return any(
            getattr(type(callback), event) is not getattr(Callback, event)
            for _, callback in self.callbacks_
            for event in _BATCH_EVENTS
        )

    def _has_judges(self) -> bool:
        """Tell whether a callback may look at the weights, which those that print do not."""
        return any(not isinstance(c, EpochProgressBar | PrintLog) for _, c in self.callbacks_)

    # Copies and pickles -----------------------------------------------------------------------

    def to_device(self, device: torch.device) -> None:
        """Move the module. The optimiser does not follow it; training goes on with a new one.

        Parameters
        ----------
        device : torch.device
            Where to.
        """
        if torch.device(self.device) != device:
            self.module_ = self.module_.to(device)
            self.device = str(device)
            self.optimizer_ = None

    def continued(self, **settings: Any) -> LeanNet:
        """Return an independent copy that trains on, with other settings.

        Weights and history are the copy's own, callbacks are shared. An optimiser of the same
        kind goes on from the ``moments`` that are kept, in this process and in any other alike.

        Parameters
        ----------
        **settings
            Parameters of the net, all but ``module`` and ``callbacks``.

        Returns
        -------
        LeanNet
            The copy.
        """
        net = copy.copy(self)
        net.module_ = copy.deepcopy(net.module_)
        net.__dict__.update(settings, device="cpu")
        net.to_device(torch.device(settings["device"]))
        net.initialize_optimizer()
        if net.moments is not None:
            net.moments.restore(net._optimizer())
        return net

    def set_rate(self, rate: float) -> None:
        """Train at a constant learning rate from now on.

        Parameters
        ----------
        rate : float
            The learning rate.
        """
        self.schedule, self.lr = None, rate
        set_rate(self._optimizer(), rate)

    def keep_moments(self) -> None:
        """Keep the optimiser's state for further training, in copies and pickles, too."""
        self.moments = Moments.of(self._optimizer())

    def _optimizer(self) -> torch.optim.Optimizer:
        if self.optimizer_ is None:
            raise RuntimeError("the net has no optimizer; call initialize_optimizer() first")
        return self.optimizer_

    def __getstate__(self) -> dict[str, Any]:
        """Keep what prediction and further training need: CPU weights and epoch records."""
        state = self.__dict__.copy()
        if "module_" in state:
            # Gradients are left behind: a copy's weights share memory, not gradients.
            state["module_"] = without_gradients(state["module_"])
            state["optimizer_"] = None
            state["device"] = "cpu"
        if state.get("history_") is not None:
            state["history_"] = without_batches(state["history_"])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a pickled net, on the CPU."""
        self.__dict__.update(state)


def _stacked(values: list[Tensor | float]) -> Tensor:
    tensors = [value for value in values if isinstance(value, Tensor)]
    return torch.stack(tensors) if tensors else torch.tensor(values, dtype=torch.float64)


def _mean(losses: Tensor, batch_size: int, n_samples: int) -> float:
    """Return the mean over samples; the batches' losses are read from the device here, at once."""
    values = losses.double().cpu()
    values[:-1] *= batch_size
    values[-1] *= n_samples - batch_size * (len(losses) - 1)
    return values.sum().item() / n_samples


def _dataset(batches: Batches | None) -> Dataset | None:
    return None if batches is None else Dataset(batches.samples, batches.y)
