"""Numbers beside the signal, which both networks of signals read in their head."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import nn

from skecg.networks import CNN, ResidualCNN

SMALL = {
    "CNN": partial(CNN, width=4, hidden_layer_sizes=(16, 8), dropout=0.0),
    "ResidualCNN": partial(ResidualCNN, n_filters=4),
    "ResidualCNN, figure": partial(ResidualCNN, n_filters=4, head="figure"),
}
every = pytest.mark.parametrize("build", SMALL.values(), ids=SMALL)


def rows(n_samples: int = 3, n_leads: int = 2, n_timesteps: int = 150, n_side_features: int = 2):
    torch.manual_seed(0)
    signals = torch.randn(n_samples, n_leads, n_timesteps)
    numbers = torch.randn(n_samples, n_side_features)
    return signals, numbers, torch.cat([signals.flatten(1), numbers], 1)


@every
def test_numbers_of_weight_zero_leave_the_network_of_the_signal(build):
    signals, _, x = rows()
    alone, beside = build(2, 150, 3).eval(), build(2, 150, 3, n_side_features=2).eval()
    state, target = alone.state_dict(), beside.state_dict()
    assert list(state) == list(target)
    joint = f"head.{beside.joint}.weight"
    for name, weights in target.items():
        weights.zero_()
        weights[tuple(map(slice, state[name].shape))] = state[name]
    assert target[joint].shape[1] == state[joint].shape[1] + 2
    torch.testing.assert_close(beside(x), alone(signals), rtol=1e-6, atol=1e-6)


@every
def test_the_numbers_reach_the_output_and_no_convolution(build):
    _, _, x = rows()
    network, seen = build(2, 150, 3, n_side_features=2).eval(), []
    handle = network.features.register_forward_hook(lambda _, args, out: seen.append((*args, out)))
    other = x.clone()
    other[:, -2:] += 1
    assert not torch.allclose(network(x), network(other))
    handle.remove()
    (signals, features), (signals_of_other, features_of_other) = seen
    assert signals.shape == (3, 2, 150)
    assert torch.equal(signals, signals_of_other)
    assert torch.equal(features, features_of_other)


@every
def test_what_a_signal_means_can_depend_on_the_numbers(build):
    # A sum of one function of the signal and one of the numbers would have no mixed difference.
    signals, _, _ = rows()
    network = build(2, 150, 3, n_side_features=2).eval()

    def logits(signal, number):
        return network(torch.cat([signal.flatten(1), torch.full((3, 2), float(number))], 1))

    difference = logits(signals, 9) - logits(signals, -9)
    assert (difference - logits(-signals, 9) + logits(-signals, -9)).abs().max() > 1e-3


def test_number_of_weights():
    # Three more for each unit of the dense layer that reads them: 32 units in both networks.
    for build, n_weights in ((ResidualCNN, 55_013), (CNN, 5_125_125)):
        network = build(n_side_features=3)
        assert sum(w.numel() for w in network.parameters()) == n_weights + 3 * 32


def test_they_join_before_the_last_hidden_layer_with_a_relu():
    assert CNN(n_side_features=1).head.dense3.in_features == 256 + 1
    assert ResidualCNN(n_side_features=1).head[0].in_features == 64 + 1
    assert ResidualCNN(n_side_features=1, dropout=0.5).head[1].in_features == 64 + 1


def test_a_few_numbers_begin_with_weights_as_large_as_if_they_were_alone():
    # PyTorch's bound for all 256 + 4 inputs of the layer is 0.062, for 4 alone 0.5.
    torch.manual_seed(0)
    weight = CNN(n_side_features=4).head.dense3.weight
    assert 0.45 < weight[:, -4:].abs().max() <= 0.5
    assert weight[:, :-4].abs().max() <= 260**-0.5


@pytest.mark.parametrize("network", [CNN(dropout=0.9, n_side_features=1), ResidualCNN(
    dropout=0.9, n_side_features=1)], ids=lambda n: type(n).__name__)  # fmt: skip
def test_dropout_takes_no_number_away(network):
    read = []
    layer = network.head.get_submodule(network.joint)
    layer.register_forward_pre_hook(lambda _, args: read.append(args[0][:, -1]))
    network.train()(torch.ones(64, 188))
    assert torch.equal(read[0], torch.ones(64))


@every
@pytest.mark.parametrize("n_timesteps", [1, 28, 187])
def test_any_length_trains(build, n_timesteps):
    _, _, x = rows(2, 3, n_timesteps, 4)
    network = build(3, n_timesteps, 5, n_side_features=4)
    logits = network(x)
    assert logits.shape == (2, 5)
    logits.square().sum().backward()
    numbers = network.head.get_submodule(network.joint).weight.grad[:, -4:]
    assert torch.isfinite(numbers).all()
    assert numbers.abs().max() > 0


@every
def test_names_and_kinds_of_layers_stay_without_numbers(build):
    network = build(2, 150, 3)
    assert not any("side" in name for name, _ in network.named_modules())
    assert type(network.head) is nn.Sequential
    with pytest.raises(ValueError, match=r"n_side_features=0 takes samples of 3 axes; got shape"):
        network(torch.zeros(1, 300))


@every
def test_signals_of_three_axes_are_refused_with_numbers(build):
    with pytest.raises(ValueError, match=r"takes samples of 2 axes; got shape \(1, 2, 150\)"):
        build(2, 150, 3, n_side_features=1)(torch.zeros(1, 2, 150))


def test_numbers_need_a_hidden_layer():
    with pytest.raises(ValueError, match=r"needs a hidden layer.*got hidden_layer_sizes=\(\)"):
        CNN(hidden_layer_sizes=(), n_side_features=1)


@every
def test_bfloat16_products(build):
    _, _, x = rows()
    network = build(2, 150, 3, n_side_features=2).eval()
    with torch.autocast("cpu", torch.bfloat16):
        rounded = network(x)
    # Three significant digits, through a dozen layers.
    torch.testing.assert_close(rounded.float(), network(x), rtol=0.1, atol=0.05)
