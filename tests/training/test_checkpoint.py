"""The state of a training: stop after any epoch, take it up in a new net, and end with its bits."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback, EpochScoring
from torch import nn, optim

from skecg.samples import Batches
from skecg.storage import ValueReader, ValueWriter
from skecg.training import Cosine, EarlyStopping, LeanNet, OneCycle, Precision, resolve_optimizer
from skecg.training._checkpoint import STATE_ENTRIES, n_epochs_done

CPU = torch.device("cpu")
N = 34  # batches of 16, 16 and 2
N_EPOCHS = 4


class Store:
    """Keeps states as a file does: as JSON values and arrays, copied."""

    def __init__(self, latest=None):
        self.latest, self.states = latest, []

    def write(self, state):
        writer = ValueWriter()
        node = writer.write(state, "state")
        self.states.append((node, {name: array.copy() for name, array in writer.arrays.items()}))

    def after(self, n_epochs):
        node, arrays = self.states[n_epochs - 1]
        return Store(ValueReader(arrays).read(node))


class Network(nn.Module):
    """A network with all kinds of state: statistics, dropout, a buffer that no file has."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Unflatten(1, (2, 3, 4)),
            nn.Conv2d(2, 4, 2),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Flatten(),
            nn.Linear(24, 3),
        )
        self.register_buffer("n_calls", torch.zeros(()), persistent=False)

    def forward(self, x):
        if self.training:
            self.n_calls += 1
        return self.layers(x) * (1 + self.n_calls / 100)


class InChannelsLast(Network):
    def __init__(self):
        super().__init__()
        self.to(memory_format=torch.channels_last)


class OfTheUsers(optim.Optimizer):
    """A step whose state has other number formats and shapes than its weight, and lists."""

    def __init__(self, params, lr, weight_decay):
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "names": ("a", "b")})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for weight in group["params"]:
                state = self.state[weight]
                if not state:
                    state["exact"] = torch.zeros_like(weight, dtype=torch.float64)
                    state["half"] = torch.zeros_like(weight, dtype=torch.bfloat16)
                    state["norms"] = []
                state["exact"].lerp_(weight.grad.double(), 0.3)
                state["half"] += weight.grad
                state["norms"] = [*state["norms"][-2:], weight.grad.norm().item()]
                factor = group["lr"] / (1 + sum(state["norms"]))
                weight.sub_(factor * (state["exact"] + state["half"].double()).float())


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    y = np.arange(N) % 3
    return rng.normal(y[:, None] / 2, 1, (N, 24)).astype(np.float32), y


def train(data, store, *, module=Network, stopping=False, weights=None, seed=0, **params):
    """Train a new net; the generators stand elsewhere for every seed, as in another process."""
    torch.manual_seed(seed)
    precision = params.pop("precision", Precision(torch.float32))
    defaults = {"optimizer": partial(optim.Adam, weight_decay=0.01), "lr": 1e-2, "batch_size": 16}
    net = LeanNet(
        module, classes=np.arange(3), verbose=0, precision=precision, **{**defaults, **params}
    ).initialize()
    batches = Batches(*data, weights, device=CPU, dtype=precision.weights)
    early_stopping = EarlyStopping(patience=stopping) if stopping else None
    net.train(
        batches,
        batches if stopping else None,
        n_epochs=N_EPOCHS,
        generator=torch.Generator().manual_seed(seed),
        early_stopping=early_stopping,
        checkpoints=store,
    )
    return net


def state(net):
    tensors = [*net.module_.state_dict().values(), net.module_.n_calls]
    return torch.cat([tensor.double().flatten() for tensor in tensors])


def history(net):
    return [{k: v for k, v in row.items() if k not in ("dur", "batches")} for row in net.history]


def assert_resumes(data, **params):
    store = Store()
    whole = train(data, store, **params)
    assert len(store.states) == len(whole.history)
    for n_epochs in range(1, len(store.states) + 1):
        then = Store()
        again = store.after(n_epochs)
        then.latest = again.latest
        resumed = train(data, then, seed=n_epochs, **params)
        assert torch.equal(state(resumed), state(whole))
        assert history(resumed) == history(whole)
        # What it leaves behind is the same, too: it may be killed again.
        for ours, other in zip(then.states, store.states[n_epochs:], strict=True):
            assert ours[1].keys() == other[1].keys()
            assert all(np.array_equal(ours[1][name], other[1][name]) for name in ours[1])


NAMED = {
    name: partial(resolve_optimizer(name, CPU), weight_decay=0.01)
    for name in ("adam", "adamw", "adamax", "rmsprop", "sgd")
}
OPTIMIZERS = {
    **NAMED,
    "amsgrad, not fused": partial(optim.AdamW, amsgrad=True),
    "centred": partial(optim.RMSprop, centered=True, momentum=0.9),
    "averaging": optim.ASGD,
    "two per weight": optim.Rprop,
    "the user's": partial(OfTheUsers, weight_decay=0),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_goes_on_after_every_epoch(data, optimizer):
    assert_resumes(data, optimizer=OPTIMIZERS[optimizer])


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "the user's"])
def test_weights_in_another_order_of_memory_go_on(data, optimizer):
    assert_resumes(data, optimizer=OPTIMIZERS[optimizer], module=InChannelsLast)


def test_to_keep_states_changes_nothing(data):
    assert torch.equal(state(train(data, Store())), state(train(data, None)))


@pytest.mark.parametrize(
    ("shuffle", "schedule"),
    [(True, OneCycle()), ("once", Cosine()), ("balanced", OneCycle()), (False, None)],
)
def test_order_and_schedule_go_on(data, shuffle, schedule):
    assert_resumes(data, shuffle=shuffle, schedule=schedule)


@pytest.mark.parametrize("patience", [1, 2, 9])
def test_early_stopping_goes_on(data, patience):
    assert_resumes(data, stopping=patience, lr=0.3)


def test_early_stopping_without_a_best_epoch_goes_on(data):
    assert_resumes(data, stopping=9, lr=1e30, optimizer=optim.SGD)  # every loss is NaN


def test_early_stopping_ends_a_run_for_good(data):
    store = Store()
    whole = train(data, store, stopping=1, lr=1.0)
    n_done = len(whole.history)
    assert n_done < N_EPOCHS
    again = store.after(n_done)
    resumed = train(data, again, stopping=1, lr=1.0)
    assert (len(resumed.history), again.states) == (n_done, [])


@pytest.mark.parametrize(
    "precision", [Precision(torch.float64), Precision(torch.float32, torch.bfloat16)], ids=str
)
def test_number_formats_go_on(data, precision):
    assert_resumes(data, precision=precision)


def test_weights_of_samples_and_clipping_go_on(data):
    assert_resumes(data, weights=np.linspace(0, 2, N), gradient_clip=0.1)


class Counter(Callback):
    """Counts and remembers, and can be asked for it; its start is not its state."""

    def on_train_begin(self, net, **kwargs):
        self.n, self.seen = -100, torch.zeros(2)

    def on_epoch_end(self, net, **kwargs):
        self.n += 1
        self.seen = self.seen + torch.rand(2)  # from the generator of dropout
        net.history.record("n", self.n)

    def state_dict(self):
        return {"n": self.n, "seen": self.seen}

    def load_state_dict(self, state):
        vars(self).update(state)


def test_callbacks_that_have_a_state_get_it_back(data):
    def callbacks():
        scoring = EpochScoring("accuracy", on_train=True, name="acc", lower_is_better=False)
        return [("counter", Counter()), ("scoring", scoring)]

    assert_resumes(data, callbacks=callbacks())
    store = Store()
    whole = train(data, store, callbacks=callbacks())
    resumed = train(data, store.after(2), callbacks=callbacks())
    columns = ("n", "acc", "acc_best")
    assert resumed.history[:, columns] == whole.history[:, columns]
    assert resumed.history[:, "n"] == [-99, -98, -97, -96]
    ours, other = (dict(net.callbacks_)["counter"].seen for net in (resumed, whole))
    assert ours.sum() > 0
    assert torch.equal(ours, other)


def test_a_state_has_its_entries_and_a_store_its_number_of_epochs(data):
    store = Store()
    train(data, store)
    latest = store.after(3)
    assert set(latest.latest) == set(STATE_ENTRIES)
    assert (n_epochs_done(latest), n_epochs_done(Store()), n_epochs_done(None)) == (3, 0, 0)
    assert [bool(store.after(n).latest["finished"]) for n in (1, 2, 3, 4)] == [False] * 3 + [True]
    assert not any(array.dtype == object for array in store.states[-1][1].values())


def test_the_state_is_let_go_of_once_it_is_taken_up(data):
    store = Store()
    train(data, store)
    again = store.after(1)
    train(data, again)
    assert again.latest is None
