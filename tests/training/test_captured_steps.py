"""Captured steps, with recorded operations in the place of a CUDA graph."""

from __future__ import annotations

import gc
import warnings
import weakref
from functools import cache, partial
from itertools import chain, repeat

import numpy as np
import pytest
import torch
from estimators import CLASSIFIERS
from sklearn.base import clone
from skorch.callbacks import Callback
from torch import Tensor, nn
from torch.optim import LBFGS, SGD, Adam, Adamax, AdamW, RMSprop
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from skecg.augmentation import Gain, Mixup, Noise
from skecg.classifiers._images import BaseImageClassifier
from skecg.networks import ResidualCNN
from skecg.samples import Batches
from skecg.training import AveragedWeights, EarlyStopping, LeanNet, OneCycle, Precision
from skecg.training._captured_steps import CapturedSteps, reason_not_to_capture
from skecg.training._replay import N_WARM_UP, CannotCapture, Replay

CPU = torch.device("cpu")
N, BATCH = 70, 16  # 16, 16, 16, 16 and 6


def network():
    return ResidualCNN(1, 60, 3, n_filters=4, dropout=0.2)


class CountedCapture:
    """Counts captures and replays."""

    def __init__(self, capture=None, *, fails=False):
        self.capture = capture or Recorded.capture
        self.fails, self.n_captures, self.n_replays = fails, 0, 0

    def __call__(self, body):
        self.n_captures += 1
        if self.fails:
            raise CannotCapture("of a test")

        replayed = self.capture(body)

        def replay():
            self.n_replays += 1
            replayed()

        return replay


class Recorded(TorchDispatchMode):
    """Stands for a CUDA graph: the operations of a function, repeated on the same memory.

    No Python of the function runs again, so that what it reads of the host is what it was.
    """

    def __init__(self):
        super().__init__()
        self.calls = []

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        if operation is torch.ops.aten._local_scalar_dense.default:
            raise CannotCapture("of a value that is read")
        kwargs = kwargs or {}
        result = operation(*args, **kwargs)
        self.calls.append((operation, args, kwargs, result))
        return result

    def __call__(self):
        for operation, args, kwargs, result in self.calls:
            again = operation(*args, **kwargs)
            for kept, new in zip(tree_leaves(result), tree_leaves(again), strict=True):
                # Operations in place and views have done it.
                if isinstance(new, Tensor) and kept.data_ptr() != new.data_ptr():
                    kept.copy_(new)

    @classmethod
    def capture(cls, body):
        """Record a function; the first replay is the recording, which has done the work."""
        with cls() as recorded:
            body()
        replays = chain([lambda: None], repeat(torch.no_grad()(recorded)))
        return lambda: next(replays)()


class CapturingNet(LeanNet):
    """Takes captured steps on the CPU."""

    capture = None

    def _steps(self, batches, forward, averages, listens):
        assert reason_not_to_capture(self, batches, listens=listens) is None
        return CapturedSteps(self, batches, forward, averages, self.capture)


def batches(weights=None, shape=(1, 60)):
    rng = np.random.default_rng(0)
    y = np.arange(N) % 3
    n_values = np.prod(shape)
    X = np.sin(np.arange(n_values) / 20 * (y[:, None] + 1)) + rng.normal(0, 0.3, (N, n_values))
    X = X.reshape(N, *shape).astype(np.float32)
    return Batches(X, y, weights, device=CPU, dtype=torch.float32)


def trained(kind=LeanNet, data=None, module=network, capture=None, n_epochs=4, **params):
    torch.manual_seed(0)
    options = {n: params.pop(n) for n in ("averages", "early_stopping", "valid") if n in params}
    params = {"optimizer": AdamW, "optimizer__fused": True, "lr": 1e-2, "verbose": 0, **params}
    if not params["optimizer__fused"]:
        del params["optimizer__fused"]
    net = kind(module, classes=np.arange(3), batch_size=BATCH, **params).initialize()
    net.capture = capture or CountedCapture()
    data = data or batches()
    generator = torch.Generator().manual_seed(2)
    return net.train(data, n_epochs=n_epochs, generator=generator, **options)


@cache
def plain():
    return trained()


def difference(net, other):
    """Return the largest difference of two nets' weights and statistics."""
    state, wanted = net.module_.state_dict(), other.module_.state_dict()
    return max((state[name] - wanted[name]).abs().max().item() for name in wanted)


@pytest.fixture(autouse=True)
def isolated():
    with torch.random.fork_rng(devices=[]):
        yield


@pytest.fixture
def device_draws(monkeypatch):
    """Let the CPU draw, as a CUDA device would with a generator of its own."""
    monkeypatch.setattr("skecg.training._replay._host_generators", lambda: ("none of them",))


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"schedule": OneCycle()},
        {"gradient_clip": 0.1},
        {"shuffle": "balanced"},
        {"shuffle": "once"},
        {"shuffle": False},
        {"augment": (Gain(), Noise(), Mixup())},
        {"optimizer": Adam},
        {"optimizer": SGD, "optimizer__momentum": 0.9},
        {"optimizer": Adamax, "optimizer__fused": False},
        {"optimizer": RMSprop, "optimizer__fused": False},
    ],
    ids=str,
)
def test_captured_steps_give_the_weights_of_steps_one_by_one(params, device_draws):
    # Those without a fused kernel count their steps on the host, but on CUDA.
    is_fused = params.get("optimizer__fused", True)
    capture = CountedCapture(None if is_fused else lambda body: body)
    net, other = trained(CapturingNet, capture=capture, **params), trained(**params)
    assert (capture.n_captures, capture.n_replays) == (1, 4 * 4 - N_WARM_UP)
    # The rates are float32 numbers on the device, and float64 numbers on the host.
    assert difference(net, other) < 1e-5
    assert [row["train_loss"] for row in net.history] == pytest.approx(
        [row["train_loss"] for row in other.history], rel=1e-6
    )
    assert net.history[-1, "lr"] == pytest.approx(other.history[-1, "lr"])


@pytest.mark.filterwarnings("ignore:TF32 acceleration on top of oneDNN")
@pytest.mark.parametrize("products", [None, torch.bfloat16], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda c: type(c).__name__)
def test_every_network_is_trained_by_replays(classifier, products, device_draws):
    shape = (3, 24, 24) if isinstance(classifier, BaseImageClassifier) else (2, 60)
    params = {
        "module": clone(classifier)._network_factory_for(shape, 3, (0.0, 1.0)),
        "data": batches(shape=shape),
        "precision": Precision(torch.float32, products),
        # Adam would blow rounding up where a gradient is nothing else.
        "optimizer": SGD,
    }
    # oneDNN's LSTM keeps what its gradient needs in memory of its own.
    with torch.backends.mkldnn.flags(enabled="LSTM" not in str(params["module"]())):
        net, other = trained(CapturingNet, **params), trained(**params)
    assert difference(net, other) < 1e-6


class CountsCalls(nn.Linear):
    n_calls = 0

    def forward(self, X):
        CountsCalls.n_calls += 1
        return super().forward(X[:, 0])


def test_the_code_of_a_network_is_not_run_in_replays(device_draws):
    trained(CapturingNet, module=partial(CountsCalls, 60, 3))
    assert CountsCalls.n_calls == N_WARM_UP + 1 + 4  # and in the short batch of four epochs


@pytest.mark.parametrize("kind", ["ema", "swa"])
def test_averaged_weights_follow_replays(kind, device_draws):
    net = trained(CapturingNet, averages=AveragedWeights(kind))
    assert difference(net, trained(averages=AveragedWeights(kind))) < 1e-5


def test_early_stopping_ends_captured_training_at_the_same_epoch(device_draws):
    def fit(kind):
        return trained(kind, valid=batches(), early_stopping=EarlyStopping(1), lr=0.3, n_epochs=20)

    captured, other = fit(CapturingNet), fit(LeanNet)
    assert len(captured.history) == len(other.history) < 20
    assert difference(captured, other) < 1e-3  # the rate is thirty times as high


def test_weights_of_samples_count_in_replays(device_draws):
    weights = np.linspace(0, 2, N)
    net, other = (trained(kind, data=batches(weights)) for kind in (CapturingNet, LeanNet))
    assert difference(net, other) < 1e-5
    assert difference(net, plain()) > 1e-3


class Freeze(Callback):
    """Freezes the first layer from the third epoch on, and lowers the rate."""

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == 3:
            net.module_.features[0].weight.requires_grad_(False)
            net.optimizer_.param_groups[0]["lr"] = 1e-3


def test_what_a_callback_changes_between_epochs_is_captured_anew(device_draws):
    capture = CountedCapture()
    net = trained(CapturingNet, capture=capture, callbacks=[Freeze()])
    assert capture.n_captures == 2
    assert difference(net, trained(callbacks=[Freeze()])) < 1e-5
    assert difference(net, plain()) > 1e-3


@pytest.mark.parametrize("verbose", [0, 1])
def test_a_step_that_cannot_be_captured_is_made_as_it_is(verbose, device_draws, capsys):
    capture = CountedCapture(fails=True)
    net = trained(CapturingNet, capture=capture, verbose=verbose)
    assert capture.n_captures == 1
    assert difference(net, plain()) < 1e-5
    told = capsys.readouterr().out.count("not captured, because of a test; the result is the same")
    assert told == verbose


class DrawsOnTheHost(nn.Module):
    """Leaves layers out by a draw of NumPy's, which a replay would repeat."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(60, 3)

    def forward(self, X):
        return self.layer(X[:, 0]) * (np.random.random() < 0.5)  # noqa: NPY002


def test_draws_on_the_host_are_found_before_the_capture(capsys):
    capture = CountedCapture()
    trained(CapturingNet, capture=capture, module=DrawsOnTheHost, verbose=1)
    assert capture.n_captures == 0
    assert "draws random numbers on the CPU" in capsys.readouterr().out


class ReadsTheDevice(nn.Module):
    """Looks at a value, of which PyTorch warns on a CUDA device in that mode."""

    mode = "default"

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(60, 3)

    def forward(self, X):
        if self.mode == "warn":
            warnings.warn("called a synchronizing CUDA operation", stacklevel=1)
            warnings.warn("something else", stacklevel=1)
        return self.layer(X[:, 0])


@pytest.fixture
def cuda_tells_of_waits(monkeypatch):
    def set_mode(mode):
        warnings.warn("Synchronization debug mode is a prototype feature", stacklevel=1)
        ReadsTheDevice.mode = mode

    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_sync_debug_mode", lambda: "default")
    monkeypatch.setattr(torch.cuda, "set_sync_debug_mode", set_mode)


def test_reading_the_device_is_found_before_the_capture(device_draws, cuda_tells_of_waits, capsys):
    capture = CountedCapture()
    with pytest.warns(UserWarning, match="something else") as told:
        net = trained(CapturingNet, capture=capture, module=ReadsTheDevice, verbose=1)
    assert capture.n_captures == 0
    assert ReadsTheDevice.mode == "default"
    assert len(told) == 1
    assert "reads a value from the device (test_captured_steps.py, line" in capsys.readouterr().out
    assert difference(net, trained(module=ReadsTheDevice)) < 1e-5


def test_the_optimiser_is_as_before_after_an_epoch(device_draws):
    net = trained(CapturingNet)
    settings = {name: type(value) for name, value in net.optimizer_.param_groups[0].items()}
    assert settings == {n: type(v) for n, v in plain().optimizer_.param_groups[0].items()}


class Listener(Callback):
    def on_batch_end(self, net, **kwargs):
        pass


@pytest.mark.parametrize(
    ("reason", "data", "params"),
    [
        ("a callback listens to batches", batches(), {"callbacks": [Listener()]}),
        ("there is no full batch", batches(), {"batch_size": N + 1}),
        ("LBFGS has no parameter capturable", batches(), {"optimizer": LBFGS}),
        ("SGD has no parameter capturable", batches(), {"optimizer": SGD}),
        (None, batches(), {"optimizer": SGD, "optimizer__fused": True}),
        (None, batches(), {"optimizer": Adamax}),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_reasons_against_a_capture(reason, data, params):
    params = {"batch_size": BATCH, **params}
    net = LeanNet(network, classes=np.arange(3), verbose=0, **params).initialize()
    assert reason_not_to_capture(net, data, listens="callbacks" in params) == reason


def test_samples_that_stay_on_the_host_are_a_reason():
    data = batches()
    data._rows = torch.arange(N)  # as of a view of an array too large for the device
    net = LeanNet(network, classes=np.arange(3), batch_size=BATCH, verbose=0).initialize()
    assert "do not fit" in reason_not_to_capture(net, data, listens=False)


def test_a_replay_does_the_work_of_every_call():
    done = []
    replay = Replay(lambda body: lambda: done.append("replayed"))
    for _ in range(N_WARM_UP + 2):
        replay(lambda: done.append("called"))
    assert done == ["called"] * N_WARM_UP + ["replayed"] * 2


def test_nothing_waits_for_the_garbage_collector(device_draws, monkeypatch):
    made = []

    class Seen(CapturedSteps):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            made.append(weakref.ref(self))

    monkeypatch.setattr(f"{__name__}.CapturedSteps", Seen)
    gc.disable()
    try:
        # The captured function itself is no graph, and would be kept by its replay.
        trained(CapturingNet, capture=lambda body: lambda: None)
        assert [steps() for steps in made] == [None]
    finally:
        gc.enable()
