"""Steps that a CUDA device repeats without the host."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from skorch import NeuralNet
from torch import Tensor
from torch.optim import SGD, Optimizer

from ..parallel import OwnPart
from ..samples import Batches
from ._augmented import augment_batch
from ._averaged_weights import AveragedWeights
from ._replay import CannotCapture, Replay, captured, on_stream
from ._steps import Steps, set_rate


def reason_not_to_capture(
    net: NeuralNet, batches: Batches | OwnPart, *, listens: bool
) -> str | None:
    """Tell why the steps of a training have to be made one by one; None if they need not.

    Parameters
    ----------
    net : LeanNet
        The net.
    batches : Batches or OwnPart
        Its training samples.
    listens : bool
        Whether a callback listens to batches.
    """
    if listens:
        return "a callback listens to batches"
    if isinstance(batches, OwnPart):
        return "several processes train one network"
    if not batches.are_on_device:
        return "the samples do not fit into the device's memory"
    if len(batches) < net.batch_size:
        return "there is no full batch"
    if not _is_capturable(net.optimizer_):
        return f"{type(net.optimizer_).__name__} has no parameter capturable"
    return None


def not_captured(reason: str) -> str:
    """Return the line that tells a user so."""
    return f"cuda_graph=True: the steps are not captured, because {reason}; the result is the same"


def _is_capturable(optimizer: Optimizer) -> bool:
    # Fused SGD keeps nothing that the host has to know.
    is_fused_sgd = isinstance(optimizer, SGD) and optimizer.defaults["fused"]
    return is_fused_sgd or "capturable" in optimizer.defaults


class CapturedSteps(Steps):
    """Trains a net batch by batch; the step of a full batch is captured once and replayed.

    The order of an epoch's samples and its learning rates are on the device, and so is the number
    of the step, by which a replay finds its own. The short last batch goes through the same weights
    without a capture.

    Parameters
    ----------
    net, batches, forward, averages
        As in :class:`Steps`. There is a full batch at least, and the samples are on the device.
    capture : callable, default=captured
        Captures a function and returns one that replays it.
    """

    def __init__(
        self,
        net: NeuralNet,
        batches: Batches,
        forward: Any,
        averages: AveragedWeights,
        capture: Callable[[Callable[[], None]], Callable[[], None]] = captured,
    ) -> None:
        super().__init__(net, batches, forward, averages, listens=False)
        self._capture = capture
        self._is_given_up = False
        self._replay: Replay | None = None
        self._repeated: tuple[Any, ...] = ()
        device, n_full = batches.device, len(batches) // net.batch_size
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None
        self._order = torch.zeros((n_full, net.batch_size), dtype=torch.int64, device=device)
        self._losses = torch.zeros(n_full, dtype=net.precision.weights, device=device)
        groups = net.optimizer_.param_groups
        self._rates = torch.zeros((n_full, len(groups)), dtype=torch.float32, device=device)
        self._rates_now = [torch.zeros((), device=device) for _ in groups]
        self._number = torch.zeros(1, dtype=torch.int64, device=device)

    def epoch(self, order: Iterator[Tensor], rates: Iterator[float] | None) -> list[Any]:
        """Train on the batches of one epoch and return the loss of each."""
        if self._is_given_up:
            return super().epoch(order, rates)
        self.make_ready()
        batches, n_full = list(order), len(self._order)
        groups = self.net.optimizer_.param_groups
        by_group = [group["lr"] for group in groups]
        by_step = [[rate] * len(groups) for rate in rates] if rates else [by_group] * len(batches)
        self._order.copy_(torch.stack(batches[:n_full]))
        self._rates.copy_(torch.tensor(by_step[:n_full]))
        self._number.zero_()
        with on_stream(self._stream):
            with self._optimizer_on_device():
                n_done = self._replay_steps()
            losses = list(self._losses[:n_done].clone())
            for index, rate in zip(batches[n_done:], by_step[n_done:]):
                if rates is not None:
                    set_rate(self.net.optimizer_, rate[0])
                losses.append(self._step_at(index))
                self.averages.follow_step()
        if rates is not None:
            set_rate(self.net.optimizer_, by_step[-1][0])
        return losses

    def _replay_steps(self) -> int:
        """Make the steps of the full batches, and return how many were made."""
        repeated = self._what_a_replay_repeats()
        if self._replay is None or repeated != self._repeated:
            self._repeated, self._replay = repeated, Replay(self._capture)
        for n_done in range(len(self._order)):
            try:
                self._replay(self._full_step)
            except CannotCapture as reason:
                self._is_given_up = True
                if self.net.verbose:
                    print(not_captured(str(reason)))
                return n_done
            self.averages.follow_step()
        return len(self._order)

    def _full_step(self) -> None:
        rates = self._rates.index_select(0, self._number)[0]
        for now, rate in zip(self._rates_now, rates.unbind()):
            now.copy_(rate)
        loss = self._step_at(self._order.index_select(0, self._number)[0])
        self._losses.index_copy_(0, self._number, loss.view(1))
        self._number += 1

    def _step_at(self, index: Tensor) -> Tensor:
        return self.step(*augment_batch(self.batches.take(index), self.net))

    def _what_a_replay_repeats(self) -> tuple[Any, ...]:
        """Return what a callback may change between epochs, and a replay would not notice."""
        module = self.net.module_
        settings = [
            {name: value for name, value in group.items() if name not in ("params", "lr")}
            for group in self.net.optimizer_.param_groups
        ]
        return (
            [(w.data_ptr(), w.requires_grad) for w in (*module.parameters(), *module.buffers())],
            [part.training for part in module.modules()],
            settings,
        )

    @contextmanager
    def _optimizer_on_device(self) -> Iterator[None]:
        """Let the optimiser read its rates, and count its steps, on the device."""
        optimizer = self.net.optimizer_
        device, is_cuda = self._number.device, self._stream is not None
        for state in optimizer.state.values():
            if isinstance(state.get("step"), Tensor):
                state["step"] = state["step"].to(device)
        before = [dict(group) for group in optimizer.param_groups]
        for group, rate in zip(optimizer.param_groups, self._rates_now):
            group.update(lr=rate, capturable=is_cuda)
        try:
            with warnings.catch_warnings():
                # The steps before the capture are not captured.
                warnings.filterwarnings("ignore", ".*capturable=True.*without CUDA graph capture")
                yield
        finally:
            for group, settings in zip(optimizer.param_groups, before):
                group.clear()
                group.update(settings)
