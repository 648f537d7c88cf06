"""Written-down gradients of dense layers: autograd's bits, and only where nothing else happens."""

import pytest
import torch
from torch import nn

from skecg.training._dense_gradients import DenseGradients
from skecg.training._net import _loss

NETWORKS = {
    "no hidden layer": lambda: nn.Sequential(nn.Linear(30, 4)),
    "one": lambda: nn.Sequential(nn.Linear(30, 16), nn.ReLU(), nn.Linear(16, 4)),
    "three": lambda: nn.Sequential(
        nn.Linear(30, 16), nn.ReLU(), nn.Linear(16, 8), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 4)
    ),
    "no bias": lambda: nn.Sequential(
        nn.Linear(30, 16, bias=False), nn.ReLU(), nn.Linear(16, 4, bias=False), nn.ReLU()
    ),
}


def batch(n_samples=12, *shape):
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(n_samples, *(shape or (30,)), generator=generator)
    return X, torch.arange(n_samples) % 4


def autograd(network, X, y, weights=None):
    network.zero_grad()
    loss = _loss(network(X), y, weights)
    loss.backward()
    return [loss.detach(), *(weight.grad.clone() for weight in network.parameters())]


def written_down(network, X, y, weights=None):
    network.zero_grad()
    loss = DenseGradients.of(network, X.dim())(X, y, weights)
    return [loss, *(weight.grad for weight in network.parameters())]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("n_samples", [1, 12, 200])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("weighted", [False, True])
def test_loss_and_gradients_have_autograds_bits(name, n_samples, dtype, weighted):
    torch.manual_seed(0)
    network = NETWORKS[name]().to(dtype)
    X, y = batch(n_samples)
    weights = torch.linspace(0.5, 2, n_samples, dtype=dtype) if weighted else None
    found = written_down(network, X.to(dtype), y, weights)
    expected = autograd(network, X.to(dtype), y, weights)
    assert len(found) == len(expected)
    assert all(map(torch.equal, found, expected))


def test_a_value_that_is_no_number_goes_through_as_in_autograd():
    network = NETWORKS["one"]()
    X, y = batch()
    X[3] = torch.nan
    found = written_down(network, X, y)
    expected = autograd(network, X, y)
    assert all(torch.isnan(gradient).any() for gradient in expected)
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, equal_nan=True, rtol=0, atol=0)


def test_samples_of_several_axes_need_a_layer_that_flattens():
    X, y = batch(12, 3, 10)
    network = nn.Sequential(nn.Flatten(), *NETWORKS["one"]())
    found = written_down(network, X, y)
    expected = autograd(network, X, y)
    assert all(map(torch.equal, found, expected))
    assert DenseGradients.of(NETWORKS["one"](), 3) is None  # a dense layer on every row
    assert DenseGradients.of(nn.Sequential(nn.Flatten(2), *NETWORKS["one"]()), 3) is None


class Doubled(nn.Sequential):
    def forward(self, x):
        return 2 * super().forward(x)


class DoubledLayer(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


def frozen():
    network = NETWORKS["one"]()
    network[0].weight.requires_grad_(False)
    return network


def hooked(register):
    def build():
        network = NETWORKS["one"]()
        register(network)
        return network

    return build


@pytest.mark.parametrize(
    "build",
    [
        lambda: nn.Linear(30, 4),
        lambda: nn.Sequential(),
        lambda: nn.Sequential(nn.ReLU(), nn.Linear(30, 4)),
        lambda: nn.Sequential(nn.Linear(30, 8), nn.Tanh(), nn.Linear(8, 4)),
        lambda: nn.Sequential(nn.Linear(30, 8), nn.Dropout(0.1), nn.Linear(8, 4)),
        lambda: nn.Sequential(nn.Sequential(nn.Linear(30, 8)), nn.Linear(8, 4)),
        lambda: Doubled(nn.Linear(30, 4)),
        lambda: nn.Sequential(DoubledLayer(30, 4)),
        lambda: nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(30, 4))),
        frozen,
        hooked(lambda network: setattr(network[1], "forward", torch.tanh)),
        hooked(lambda network: network.register_forward_hook(print)),
        hooked(lambda network: network[0].register_forward_pre_hook(print)),
        hooked(lambda network: network[0].register_full_backward_hook(print)),
        hooked(lambda network: network[2].register_full_backward_pre_hook(print)),
        hooked(lambda network: network[0].weight.register_hook(print)),
        hooked(lambda network: network[0].weight.register_post_accumulate_grad_hook(print)),
    ],
)
def test_anything_else_is_left_to_autograd(build):
    assert DenseGradients.of(build(), 2) is None


def test_a_layer_that_stands_twice_is_left_to_autograd():
    layer = nn.Linear(30, 30)
    assert DenseGradients.of(nn.Sequential(layer, nn.ReLU(), layer), 2) is None


def test_a_weight_of_two_layers_is_left_to_autograd():
    first, second = nn.Linear(30, 30), nn.Linear(30, 30)
    second.weight = first.weight
    assert DenseGradients.of(nn.Sequential(first, second), 2) is None


def test_a_hook_on_all_modules_is_seen():
    handle = nn.modules.module.register_module_forward_hook(print)
    try:
        assert DenseGradients.of(NETWORKS["one"](), 2) is None
    finally:
        handle.remove()
    assert DenseGradients.of(NETWORKS["one"](), 2) is not None
