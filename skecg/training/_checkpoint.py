"""The state of a training after an epoch, as plain values and arrays, and back."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import torch
from skorch import NeuralNet
from skorch.history import History
from torch import Tensor, nn

from ..parallel import current_share
from ..storage import ModelFileError
from ._averaged_weights import AveragedWeights
from ._early_stopping import EarlyStopping
from ._generators import generator_states, set_generator_states
from ._optimizers import load_optimizer
from ._progress import EpochWatcher

# What a state has, in the order in which `keep` writes it.
STATE_ENTRIES = (
    "finished", "history", "weights", "buffers", "optimizer", "order", "generators",
    "early_stopping", "averages", "callbacks",
)  # fmt: skip


class CheckpointStore(Protocol):
    """Where the state of a training is kept from one epoch to the next.

    Attributes
    ----------
    latest : dict or None
        The state to go on from; None begins anew.
    """

    latest: dict[str, Any] | None

    def write(self, state: dict[str, Any]) -> None:
        """Keep a state in the place of the one before."""


class ResumableTraining:
    """Restores a training from a state, and writes a state after every epoch.

    A state contains everything that decides how training continues: weights and buffers, the
    optimiser's state, the generators of the samples' order and of PyTorch, early stopping, the
    average of the weights, the history (whose length is the position in the schedule), and the
    state of callbacks that have ``state_dict`` and ``load_state_dict``. Without a store nothing is
    done.

    Parameters
    ----------
    net : skorch.NeuralNet
        The net that is trained.
    generator : torch.Generator
        Decides the order of the samples.
    early_stopping : EarlyStopping or None
        Watches the validation loss.
    averages : AveragedWeights
        Averages the weights.
    store : CheckpointStore or None
        Has the state to go on from, and keeps the next ones.
    """

    def __init__(
        self,
        net: NeuralNet,
        generator: torch.Generator,
        early_stopping: EarlyStopping | None,
        averages: AveragedWeights,
        store: CheckpointStore | None,
    ) -> None:
        self.net, self.generator, self.early_stopping = net, generator, early_stopping
        self.averages, self.store = averages, store
        self.n_done = n_epochs_done(store)
        self._first_order = generator.get_state()

    def recall_history(self, watcher: EpochWatcher | None) -> int:
        """Give the net the rows of the epochs that were done, and return their number."""
        latest = None if self.store is None else self.store.latest
        if self.n_done and latest is not None:
            rows = latest["history"]
            self.net.history = History({**row, "batches": []} for row in rows)
        if watcher is not None:
            for _ in range(self.n_done):
                watcher.skip_epoch()
        return self.n_done

    def restore(self, n_epochs: int) -> range:
        """Become what the training was after its last epoch; return the epochs still to be done.

        Callbacks have begun by then: what they change in the net as they begin, they had changed
        before that epoch, too.
        """
        if self.store is None or not self.n_done:
            return range(n_epochs)
        net, latest = self.net, self.store.latest
        self.store.latest = None  # it is as large as the network, three times or so
        try:
            state = _as_tensors(latest)
            self._become(state)
        except Exception as error:  # a forged state can be of any form
            raise ModelFileError(
                f"the checkpoint does not fit this training: {error!r}; remove the file to begin "
                "anew, or give checkpoint_dir another folder"
            ) from error
        for name, callback in _callbacks_with_state(net):
            if name in state["callbacks"]:
                callback.load_state_dict(state["callbacks"][name])
        return range(n_epochs if state["finished"] else self.n_done, n_epochs)

    def _become(self, state: dict[str, Any]) -> None:
        net = self.net
        net.module_.load_state_dict(state["weights"])
        _load_buffers(net.module_, state["buffers"])
        load_optimizer(net.optimizer_, state["optimizer"])
        if self.early_stopping is not None:
            vars(self.early_stopping).update(state["early_stopping"])
            # Where the weights are, like those that a further epoch would put in their place.
            best = self.early_stopping.best_weights
            self.early_stopping.best_weights = {n: w.to(net.device) for n, w in best.items()}
        if self.averages.kind is not None:
            vars(self.averages).update(state["averages"])
            average = self.averages.weights
            self.averages.weights = {n: w.to(net.device) for n, w in average.items()}
        self._first_order = state["order"]
        self.generator.set_state(state["order"])
        share = current_share()
        own = state["generators"][0 if share is None else share.rank]
        set_generator_states(own, torch.device(net.device))

    def keep(self, *, finished: bool) -> None:
        """Hand the state after the last epoch to the store."""
        if self.store is None:
            return
        net, stopping = self.net, self.early_stopping
        persistent = net.module_.state_dict()
        state = {
            "finished": finished,
            "history": [
                {key: value for key, value in row.items() if key != "batches"}
                for row in net.history
            ],
            "weights": persistent,
            "buffers": {n: b for n, b in net.module_.named_buffers() if n not in persistent},
            "optimizer": net.optimizer_.state_dict(),
            # From where the next order is drawn, or once more the one that serves all epochs.
            "order": self._first_order if net.shuffle == "once" else self.generator.get_state(),
            "generators": _generators_of_all(torch.device(net.device)),
            "early_stopping": None
            if stopping is None
            else {name: getattr(stopping, name) for name in stopping.PROGRESS},
            "averages": None
            if self.averages.kind is None
            else {name: getattr(self.averages, name) for name in self.averages.PROGRESS},
            "callbacks": {name: c.state_dict() for name, c in _callbacks_with_state(net)},
        }
        self.store.write(_as_arrays(state))


def n_epochs_done(store: CheckpointStore | None) -> int:
    """Return the number of epochs behind the state that a store has."""
    return 0 if store is None or store.latest is None else len(store.latest["history"])


def _callbacks_with_state(net: NeuralNet) -> list[tuple[str, Any]]:
    return [
        (name, callback)
        for name, callback in net.callbacks_
        if hasattr(callback, "state_dict") and hasattr(callback, "load_state_dict")
    ]


def _generators_of_all(device: torch.device) -> list[dict[str, Tensor]]:
    """Return the states of PyTorch's generators in every process that takes part."""
    own, share = generator_states(device), current_share()
    if share is None:
        return [own]
    gathered = {name: share.from_all(state) for name, state in own.items()}
    return [dict(zip(gathered, states)) for states in zip(*gathered.values())]


@torch.no_grad()
def _load_buffers(module: nn.Module, buffers: dict[str, Tensor]) -> None:
    own = dict(module.named_buffers())
    for name, values in buffers.items():
        own[name].copy_(values)


def _as_arrays(value: Any) -> Any:
    """Turn the tensors in a value into arrays."""
    if isinstance(value, Tensor):
        value = value.detach().cpu()
        if value.dtype == torch.bfloat16:  # which numpy does not have
            return {"bfloat16": value.view(torch.int16).numpy()}
        return value.numpy()
    if isinstance(value, dict):
        return {key: _as_arrays(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)([_as_arrays(item) for item in value])
    return value


def _as_tensors(value: Any) -> Any:
    """Turn the arrays in a value into tensors, in memory that is aligned as PyTorch does it."""
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value).clone()
    if isinstance(value, dict):
        if value.keys() == {"bfloat16"}:
            return _as_tensors(value["bfloat16"]).view(torch.bfloat16)
        return {key: _as_tensors(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)([_as_tensors(item) for item in value])
    return value
