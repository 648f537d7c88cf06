from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback, EpochScoring, LRScheduler
from torch import nn
from torch.nn import functional as F

from skecg import SampleView
from skecg.networks import ResidualCNN
from skecg.samples import Batches
from skecg.training import EarlyStopping, LeanNet, MultiStep, Precision

CPU = torch.device("cpu")
N = 70  # batches of 32, 32 and 6


def module():
    return ResidualCNN(1, 60, 3, n_filters=4)


def module_with_dropout():
    return ResidualCNN(1, 60, 3, n_filters=4, dropout=0.3)


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    y = np.arange(N) % 3
    X = np.sin(np.arange(60) / 20 * (y[:, None] + 1)) + rng.normal(0, 0.3, (N, 60))
    return X[:, None].astype(np.float32), y


def batches(data, weights=None):
    return Batches(*data, weights, device=CPU, dtype=torch.float32)


def net(module=module, **params):
    torch.manual_seed(0)
    defaults = {"lr": 1e-2, "batch_size": 32, "optimizer": torch.optim.Adam, "verbose": 0}
    return LeanNet(module, classes=np.arange(3), **{**defaults, **params}).initialize()


def train(net, *args, n_epochs=3, **kwargs):
    torch.manual_seed(1)
    generator = torch.Generator().manual_seed(2)
    return net.train(*args, n_epochs=n_epochs, generator=generator, **kwargs)


def weights(net):
    return torch.cat([w.detach().flatten() for w in net.module_.parameters()])


class BatchListener(Callback):
    """Write down what skorch promises to callbacks."""

    def initialize(self):
        self.events = []
        return self

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.events.append("train begins")

    def on_train_end(self, net, X=None, y=None, **kwargs):
        self.events.append("train ends")

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        self.events.append(f"epoch begins: {len(dataset_train)}")

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        self.events.append(f"epoch ends: {len(net.history)}")

    def on_batch_begin(self, net, batch=None, training=None, **kwargs):
        self.events.append(f"batch begins: {len(batch[0])} {training}")

    def on_grad_computed(self, net, named_parameters=None, X=None, y=None, **kwargs):
        assert all(weight.grad is not None for _, weight in named_parameters)
        self.events.append("gradient")

    def on_batch_end(self, net, batch=None, training=None, loss=None, y_pred=None, **kwargs):
        recorded = net.history[-1, "batches", -1, "train_loss" if training else "valid_loss"]
        assert recorded == loss.item()
        assert y_pred.shape == (len(batch[1]), 3)
        self.events.append("batch ends")


def test_epoch_by_epoch_the_same_bits_as_a_loop_by_hand(data):
    X, y = torch.from_numpy(data[0]), torch.from_numpy(data[1])
    ours = train(net(), batches(data))

    torch.manual_seed(0)
    by_hand = module()
    optimizer = torch.optim.Adam(by_hand.parameters(), lr=1e-2)
    generator = torch.Generator().manual_seed(2)
    for _ in range(3):
        for index in torch.randperm(N, generator=generator).split(32):
            loss = F.cross_entropy(by_hand(X[index]), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    expected = torch.cat([w.detach().flatten() for w in by_hand.parameters()])
    assert torch.equal(weights(ours), expected)


@pytest.mark.parametrize("build", [module, module_with_dropout])
def test_lean_and_full_path_give_the_same_weights(data, build):
    lean, full = net(build), net(build, callbacks=[BatchListener()])
    train(lean, batches(data), batches(data))
    train(full, batches(data), batches(data))
    assert torch.equal(weights(lean), weights(full))
    for key in ("train_loss", "valid_loss", "valid_acc"):
        assert lean.history[:, key] == full.history[:, key]
    assert not lean.history[-1]["batches"]


def test_callbacks_see_what_skorch_promises(data):
    listening = train(net(callbacks=[("ear", BatchListener())]), batches(data), n_epochs=1)
    batch = ["gradient", "batch ends"]
    assert dict(listening.callbacks_)["ear"].events == [
        "train begins",
        "epoch begins: 70",
        *("batch begins: 32 True", *batch, "batch begins: 32 True", *batch),
        *("batch begins: 6 True", *batch),
        "epoch ends: 1",
        "train ends",
    ]


def test_skorchs_own_callbacks_work(data):
    scoring = EpochScoring("f1_macro", lower_is_better=False, name="f1")
    halving = LRScheduler("StepLR", step_size=1, gamma=0.5)
    with_both = train(net(callbacks=[scoring, halving]), batches(data), batches(data), n_epochs=4)
    assert len(with_both.history[:, "f1"]) == 4
    assert with_both.history[:, "lr"] == pytest.approx([1e-2, 5e-3, 2.5e-3, 1.25e-3])


class Order(Callback):
    """Write down the samples in the order of training."""

    def initialize(self):
        self.seen = []
        return self

    def on_batch_begin(self, net, batch=None, training=None, **kwargs):
        self.seen.append(batch[0].clone())


@pytest.mark.parametrize("shuffle", [True, "once", False])
def test_order_of_the_samples(data, shuffle):
    ordered = train(net(shuffle=shuffle, callbacks=[("order", Order())]), batches(data), n_epochs=2)
    first, second = torch.cat(dict(ordered.callbacks_)["order"].seen).chunk(2)
    X = torch.from_numpy(data[0])
    assert torch.equal(first, X) == (shuffle is False)
    assert torch.equal(first, second) == (shuffle is not True)
    for epoch in (first, second):  # every sample once
        assert torch.equal(epoch.flatten(1).sort(0).values, X.flatten(1).sort(0).values)


def test_balanced_order_gives_every_batch_as_many_of_each_class(data):
    X = data[0]
    y = np.repeat([0, 1, 2], [58, 10, 2])  # 70 samples, 23 or 24 of each class
    drawn = batches((X, y))
    generator = torch.Generator().manual_seed(0)
    orders = [list(drawn.balanced(16, generator)) for _ in range(2)]
    for order in orders:
        assert [len(batch) for batch in order] == [16, 16, 16, 16, 6]
        for batch in order:
            counts = np.bincount(y[batch], minlength=3)
            assert counts.max() - counts.min() <= 1
        times = np.bincount(torch.cat(order), minlength=N)
        assert times[y == 0].max() == 1
        assert set(times[y == 1]) == {2, 3}  # 23 or 24 draws from 10 samples
        assert set(times[y == 2]) <= {11, 12}
    assert not torch.equal(torch.cat(orders[0]), torch.cat(orders[1]))


def test_balanced_order_passes_over_absent_classes(data):
    X, y = data
    train(net(shuffle="balanced"), batches((X[y != 1], y[y != 1])), n_epochs=1)


def test_train_loss_is_the_mean_over_samples_of_uneven_batches(data):
    frozen = train(net(lr=0.0), batches(data), n_epochs=1)
    X, y = torch.from_numpy(data[0]), torch.from_numpy(data[1])
    expected = F.cross_entropy(frozen.module_(X), y).item()
    assert frozen.history[-1, "train_loss"] == pytest.approx(expected, rel=1e-6)


def test_validation_figures(data):
    frozen = train(net(lr=0.0), batches(data), batches(data), n_epochs=1)
    logits = frozen.module_(torch.from_numpy(data[0]))
    correct = (logits.argmax(1).numpy() == data[1]).mean()
    assert frozen.history[-1, "valid_acc"] == pytest.approx(correct)
    assert frozen.history[-1, "valid_loss"] == pytest.approx(frozen.history[-1, "train_loss"])


def test_validation_figures_do_not_depend_on_the_size_of_batches(data, monkeypatch):
    few = train(net(lr=0.0), batches(data), batches(data), n_epochs=1)
    monkeypatch.setattr(LeanNet, "_rows_of_validation", lambda *_: N - 1)
    many = train(net(lr=0.0), batches(data), batches(data), n_epochs=1)
    for key in ("valid_loss", "valid_acc"):
        assert many.history[-1, key] == pytest.approx(few.history[-1, key], rel=1e-6)


@pytest.mark.parametrize(
    ("device", "shape", "rows"),
    [
        ("cpu", (1, 187), 32),
        ("cuda", (1, 187), 2**13),
        ("cuda", (3, 182, 256), 32),  # fewer would fit a block
        ("cuda", (3, 64, 64), 341),
    ],
)
def test_other_devices_validate_more_samples_at_once(device, shape, rows):
    some = net()
    some.device = device
    assert some._rows_of_validation(torch.zeros(shape), 32) == rows


def test_a_weight_multiplies_the_gradient(data):
    # SGD without momentum and one batch: the step is the weighted mean of the samples' gradients.
    optimizer = torch.optim.SGD
    sample_weight = np.where(data[1] == 0, 2.0, 0.5)
    sample_weight *= N / sample_weight.sum()
    before = weights(net(optimizer=optimizer))
    params = {"optimizer": optimizer, "batch_size": N, "lr": 0.1}
    weighted = weights(train(net(**params), batches(data, sample_weight), n_epochs=1)) - before

    reference = net(**params)
    X, y = torch.from_numpy(data[0]), torch.from_numpy(data[1])
    losses = F.cross_entropy(reference.module_(X), y, reduction="none")
    (losses * torch.from_numpy(sample_weight).float()).mean().backward()
    gradient = torch.cat([w.grad.flatten() for w in reference.module_.parameters()])
    torch.testing.assert_close(weighted, -0.1 * gradient, rtol=1e-4, atol=1e-7)


def test_the_schedule_sets_the_rate_of_every_step(data):
    scheduled = train(net(schedule=MultiStep((1, 2), gamma=0.1)), batches(data), n_epochs=3)
    assert scheduled.history[:, "lr"] == pytest.approx([1e-2, 1e-3, 1e-4])


def test_gradient_clip_bounds_the_step(data):
    params = {"optimizer": torch.optim.SGD, "lr": 1.0, "batch_size": N}
    before = weights(net(**params))
    clipped = train(net(gradient_clip=1e-3, **params), batches(data), n_epochs=1)
    assert torch.linalg.norm(weights(clipped) - before) == pytest.approx(1e-3, rel=1e-3)


def test_early_stopping_restores_the_best_epoch(data):
    rng = np.random.default_rng(1)
    noise = rng.normal(size=data[0].shape).astype(np.float32)
    valid = batches((noise, rng.integers(0, 3, N)))
    stopping = EarlyStopping(patience=3)
    stopped = train(net(), batches(data), valid, n_epochs=200, early_stopping=stopping)
    losses = stopped.history[:, "valid_loss"]
    assert len(losses) < 200
    assert len(losses) == stopping.best_epoch + 3
    assert min(losses) == losses[stopping.best_epoch - 1] == stopping.best_loss
    logits = stopped.logits(noise)
    assert F.cross_entropy(logits, valid.y).item() == pytest.approx(min(losses), rel=1e-5)


@pytest.mark.parametrize("with_validation", [True, False])
def test_training_that_diverges_ends_with_an_error(data, with_validation):
    diverged = net(lr=1e30)
    valid = {"early_stopping": EarlyStopping(patience=2)} if with_validation else {}
    given = [batches(data)] * (2 if with_validation else 1)
    with pytest.raises(FloatingPointError, match=r"diverged: after epoch .* lower learning_rate"):
        train(diverged, *given, n_epochs=20, **valid)
    assert len(diverged.history) < 20


def test_interrupt_keeps_what_was_learned(data):
    class Interrupt(Callback):
        def on_epoch_begin(self, net, **kwargs):
            if len(net.history) == 3:
                raise KeyboardInterrupt

    interrupted = net(callbacks=[Interrupt()])
    with pytest.warns(UserWarning, match="interrupted"):
        train(interrupted, batches(data), n_epochs=10)
    assert len(interrupted.history) == 2
    assert not interrupted.module_.training


def test_bytes_stay_bytes_until_they_are_in_a_batch(data):
    X = np.round(data[0] * 20 + 128).astype(np.uint8)
    in_memory = batches((X, data[1]))
    assert in_memory.X.dtype is torch.uint8
    assert in_memory.take(torch.arange(3))[0].dtype is torch.float32
    assert torch.equal(in_memory.take(torch.arange(3))[0], torch.from_numpy(X[:3]).float())


def test_bfloat16_products_learn_like_float32(data):
    bf16 = Precision(torch.float32, torch.bfloat16)
    half, full = net(precision=bf16), net()
    train(half, batches(data), n_epochs=10)
    train(full, batches(data), n_epochs=10)
    assert half.logits(data[0]).dtype is torch.float32
    for trained in (half, full):  # chance is log(3) = 1.1
        assert trained.history[-1, "train_loss"] < 0.4
    assert not torch.equal(weights(half), weights(full))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the compiler's own making
def test_compiled_training_gives_the_same_weights_within_rounding(data):
    compiled, eager = net(compile=True), net()
    train(compiled, batches(data))
    train(eager, batches(data))
    torch.testing.assert_close(weights(compiled), weights(eager), rtol=1e-3, atol=1e-5)
    assert set(compiled.module_.state_dict()) == set(eager.module_.state_dict())
    pickle.dumps(compiled)


def test_long_input_is_predicted_in_blocks(data):
    trained = train(net(), batches(data))
    X = np.tile(data[0], (150, 1, 1))  # 10,500 samples: 83 blocks of at most 128
    logits = trained.logits(X)
    assert torch.equal(logits, trained.logits(data[0]).repeat(150, 1))


@pytest.mark.parametrize("as_view", [np.asarray, SampleView], ids=["array", "view"])
def test_blocks_have_the_strides_of_new_tensors(data, as_view):
    # By another stride of the one lead PyTorch takes other kernels, which round differently.
    X = as_view(data[0][:, 0].copy()[:, None])
    for block, _ in net().blocks(X):
        assert block.stride() == (60, 60, 1)
    for block, _ in net().blocks(X[:3]):  # filled up
        assert block.stride() == (60, 60, 1)


def test_large_samples_are_predicted_in_blocks_of_equal_size(data):
    seen = []

    class Watched(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(4, 3)

        def forward(self, x):
            seen.append(len(x))
            return self.head(x.flatten(1)[:, :4])

    X = np.random.default_rng(0).normal(size=(7, 2**16)).astype(np.float32)
    watched = net(Watched)
    logits = watched.logits(X)
    assert seen == [4, 4]  # 2**18 values in a block; the eighth row only fills up
    assert torch.equal(watched.logits(X[5:6]), logits[5:6])
    seen.clear()
    watched.logits(X[:, :4])
    assert seen == [16]


def test_pickle_drops_batches_from_the_history(data):
    listening = train(net(callbacks=[BatchListener()]), batches(data))
    copy = pickle.loads(pickle.dumps(listening))
    assert copy.history[:, "train_loss"] == listening.history[:, "train_loss"]
    assert not any(row["batches"] for row in copy.history)
    assert torch.equal(copy.logits(data[0]), listening.logits(data[0]))


def test_a_copy_that_only_predicts_says_what_training_needs(data):
    copy = pickle.loads(pickle.dumps(train(net(), batches(data))))
    with pytest.raises(RuntimeError, match="call initialize_optimizer"):
        copy.set_rate(0.1)


GROWTH = """
from pathlib import Path
import numpy as np
from torch import nn
from skecg import ECGNeuralClassifier

class Watching(nn.Sequential):
    held = []

    def forward(self, x):
        text = Path("/proc/self/status").read_text()
        self.held.append(int(text.split("RssAnon:")[1].split()[0]))
        return super().forward(x)

def dense(input_shape, n_classes):
    return Watching(nn.Linear(input_shape[0], 64), nn.ReLU(), nn.Linear(64, n_classes))

X = np.zeros((256_000, 187), dtype=np.float32)  # which takes no memory until it is written
clf = ECGNeuralClassifier(module=dense, max_epochs=1, batch_size=256, n_threads=1, random_state=0)
clf.fit(X, np.arange(len(X)) % 2)
print(max(Watching.held[-900:]) - Watching.held[-900])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_what_is_kept_of_every_batch_leaves_no_holes_in_memory():
    command = [sys.executable, "-c", GROWTH]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    # With a tensor for each of the last 900 batches it grew by 42,548 kB.
    assert int(done.stdout) < 5000
