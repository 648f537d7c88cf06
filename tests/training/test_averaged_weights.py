"""Averages of weights: what they are, and what is computed with them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn

from skecg.samples import Batches
from skecg.training import AveragedWeights, EarlyStopping, LeanNet

CPU = torch.device("cpu")
N, N_EPOCHS = 50, 8  # batches of 16, 16, 16 and 2


def linear():
    return nn.Linear(6, 3)


def normalized():
    return nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 3))


class Weights(Callback):
    """Writes down the weights after every step and at the end of every epoch."""

    def initialize(self):
        self.steps, self.epochs = [], []
        return self

    def on_batch_end(self, net, training=None, **kwargs):
        if training:
            self.steps.append(flat(net.module_))

    def on_epoch_end(self, net, **kwargs):
        self.epochs.append(flat(net.module_))


def flat(module):
    return torch.cat([w.detach().flatten() for w in module.parameters()])


def batches():
    rng = np.random.default_rng(0)
    y = np.arange(N) % 3
    X = rng.normal(y[:, None], 1, (N, 6)).astype(np.float32)
    return Batches(X, y, None, device=CPU, dtype=torch.float32)


def train(module=linear, kind=None, n_epochs=N_EPOCHS, valid=False, **options):
    torch.manual_seed(0)
    callbacks = options.pop("callbacks", None)
    net = LeanNet(
        module, classes=np.arange(3), lr=0.05, batch_size=16, verbose=0, callbacks=callbacks,
        optimizer=torch.optim.SGD, **{n: options.pop(n) for n in ("shuffle",) if n in options},
    ).initialize()  # fmt: skip
    data = batches()
    return net.train(
        data,
        data if valid else None,
        n_epochs=n_epochs,
        generator=torch.Generator().manual_seed(2),
        **{"averages": AveragedWeights(kind), **options},
    )


@pytest.fixture(autouse=True)
def isolated():
    with torch.random.fork_rng(devices=[]):
        yield


def trained_weights():
    plain = Weights()
    train(callbacks=[plain])
    return plain


def test_ema_is_the_exponential_average_of_the_steps_with_a_decay_that_warms_up():
    steps = trained_weights().steps
    average = steps[0]
    for n, weights in enumerate(steps[1:], 1):
        decay = min(0.999, (1 + n) / (10 + n))
        average = decay * average + (1 - decay) * weights
    torch.testing.assert_close(flat(train(kind="ema").module_), average)


def test_a_short_ema_has_forgotten_the_first_weights():
    share_of_first = np.prod([min(0.999, (1 + n) / (10 + n)) for n in range(1, 120)])
    assert share_of_first < 1e-9  # that of the decay alone would be 0.89


def test_the_optimiser_is_no_longer_followed_when_training_has_ended():
    averages = AveragedWeights("ema")
    net = train(averages=averages)
    net.optimizer_.step()
    assert averages.weights == {}


@pytest.mark.parametrize(("n_epochs", "n_last"), [(8, 2), (10, 2), (3, 1), (1, 1)])
def test_swa_is_the_mean_over_the_ends_of_the_last_quarter(n_epochs, n_last):
    plain = Weights()
    train(callbacks=[plain], n_epochs=n_epochs)
    expected = torch.stack(plain.epochs[-n_last:]).mean(0)
    torch.testing.assert_close(flat(train(kind="swa", n_epochs=n_epochs).module_), expected)


@pytest.mark.parametrize("kind", ["ema", "swa"])
def test_the_training_itself_is_the_same_and_epochs_are_judged_by_the_average(kind):
    plain, averaged = trained_weights(), Weights()
    net = train(kind=kind, callbacks=[averaged], valid=True)
    assert all(torch.equal(a, b) for a, b in zip(averaged.steps, plain.steps, strict=True))
    assert not torch.equal(averaged.epochs[-1], plain.epochs[-1])
    assert torch.equal(averaged.epochs[-1], flat(net.module_))
    data = batches()
    with torch.no_grad():
        loss = nn.functional.cross_entropy(net.module_(data.X), data.y)
    assert net.history[-1, "valid_loss"] == pytest.approx(loss.item())


@pytest.mark.parametrize("kind", ["ema", "swa"])
def test_without_a_judge_the_result_is_the_same(kind):
    lean = train(normalized, kind)
    judged = train(normalized, kind, callbacks=[Callback()])
    state, other = lean.module_.state_dict(), judged.module_.state_dict()
    assert all(torch.equal(state[name], other[name]) for name in state)


@pytest.mark.parametrize("kind", ["ema", "swa"])
def test_normalisations_have_the_statistics_of_the_training_samples(kind):
    net = train(normalized, kind)
    first, norm = net.module_[0], net.module_[1]
    with torch.no_grad():
        values = first(batches().X)
    # The batches are random thirds of all samples but two.
    torch.testing.assert_close(norm.running_mean, values.mean(0), rtol=0.05, atol=0.05)
    torch.testing.assert_close(norm.running_var, values.var(0), rtol=0.15, atol=0.05)
    assert norm.momentum == 0.1
    assert not net.module_.training
    plain = train(normalized)
    assert not torch.allclose(plain.module_[1].running_mean, values.mean(0), rtol=0.05, atol=0.05)


def test_statistics_are_the_mean_over_whole_batches():
    net = train(normalized, "ema")
    data = batches()
    order = list(data.shuffled(16, torch.Generator().manual_seed(0)))
    assert [len(index) for index in order] == [16, 16, 16, 2]
    with torch.no_grad():
        values = [net.module_[0](data.X[index]) for index in order[:3]]
    variance = torch.stack([batch.var(0) for batch in values]).mean(0)
    torch.testing.assert_close(net.module_[1].running_var, variance)


def test_statistics_are_computed_in_an_order_like_that_of_the_training():
    net = train(normalized, "swa", shuffle="balanced")
    assert net.module_[1].running_var.isfinite().all()


def test_statistics_that_are_frozen_stay():
    torch.manual_seed(0)
    net = LeanNet(normalized, classes=np.arange(3), lr=0.05, batch_size=16, verbose=0).initialize()
    net.kept_in_eval = ("1",)
    net.train(batches(), n_epochs=2, generator=torch.Generator(), averages=AveragedWeights("ema"))
    assert torch.equal(net.module_[1].running_mean, torch.zeros(4))


def test_early_stopping_keeps_the_average_of_its_best_epoch():
    averaged = Weights()
    stopping = EarlyStopping(patience=2)
    net = train(
        normalized, "ema", n_epochs=40, valid=True, early_stopping=stopping, callbacks=[averaged]
    )
    assert torch.equal(flat(net.module_), averaged.epochs[stopping.best_epoch - 1])
    assert min(net.history[:, "valid_loss"]) == net.history[stopping.best_epoch - 1, "valid_loss"]


class Interrupt(Callback):
    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == 4:
            raise KeyboardInterrupt


@pytest.mark.filterwarnings("ignore:Training was interrupted:UserWarning")
@pytest.mark.parametrize(("kind", "is_averaged"), [("ema", True), ("swa", False)])
def test_an_interrupted_training_has_the_average_so_far(kind, is_averaged):
    plain, averaged = Weights(), Weights()
    train(callbacks=[plain, Interrupt()])
    net = train(kind=kind, callbacks=[averaged, Interrupt()])
    assert torch.equal(flat(net.module_), (averaged if is_averaged else plain).epochs[-1])
