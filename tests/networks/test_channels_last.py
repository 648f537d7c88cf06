"""Layers with channels last: PyTorch's numbers, in the layout that is fast."""

from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from skecg import networks
from skecg.networks._channels_last import BatchNorm1d, Conv1d, GroupNorm, channels_last, max_pool1d

# What builds a network, and the shape of its samples.
NETWORKS = {
    "ResidualCNN": (networks.ResidualCNN, (1, 187)),
    "ResidualCNN, 3 leads": (networks.ResidualCNN, (3, 187)),
    "CNN": (networks.CNN, (1, 187)),
    "CNN, 3 leads, group": (partial(networks.CNN, norm="group"), (3, 187)),
    "CNN2D": (partial(networks.CNN2D, width=4), (3, 32, 32)),
    "CNN2D, 1 channel": (partial(networks.CNN2D, width=4), (1, 32, 32)),
    "CNN3D": (partial(networks.CNN3D, width=4), (8, 32, 32)),
    "Hybrid": (partial(networks.Hybrid, width=4), (3, 32, 32)),
    "TimeDistributedCNN": (partial(networks.TimeDistributedCNN, n_steps=2, width=4), (3, 32, 32)),
    "AttentionVGG": (partial(networks.AttentionVGG, width=4), (3, 64, 64)),
    "VisionTransformer": (
        partial(
            networks.VisionTransformer,
            stem="conv", patch_size=(8, 8), dim=16, n_heads=2, n_blocks=1,
        ),
        (3, 32, 32),
    ),
}  # fmt: skip
WITH_POSITIONS = (
    nn.Conv1d
    | nn.Conv2d
    | nn.Conv3d
    | nn.MaxPool2d
    | nn.MaxPool3d
    | nn.BatchNorm1d
    | nn.BatchNorm2d
)


def random(*shape, dtype=torch.float64):
    return torch.randn(shape, dtype=dtype, generator=torch.Generator().manual_seed(0))


def assert_same(ours, theirs, x):
    """Compare outputs, and gradients by the input and all weights."""
    results = []
    for layer in (ours, theirs):
        x = x.detach().clone().requires_grad_()
        y = layer(x)
        weights = list(layer.parameters()) if isinstance(layer, nn.Module) else []
        gradients = torch.autograd.grad(y, [x, *weights], random(*y.shape, dtype=y.dtype))
        results.append([y, *gradients])
    # Sums in another order may differ in the last bit of the largest term, not of the sum.
    bit = {} if x.dtype != torch.bfloat16 else {"rtol": 0.016, "atol": 0.016}
    for a, b in zip(*results, strict=True):
        assert a.shape == b.shape
        torch.testing.assert_close(a, b, **bit)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("n_channels", [1, 2, 12])
@pytest.mark.parametrize("n_timesteps", [3, 187])
def test_a_convolution_is_pytorchs(n_channels, n_timesteps, dtype):
    ours = Conv1d(n_channels, 8, 3, padding=1).to(dtype)
    theirs = nn.Conv1d(n_channels, 8, 3, padding=1).to(dtype)
    theirs.load_state_dict(ours.state_dict())
    assert_same(ours, theirs, random(4, n_channels, n_timesteps, dtype=dtype))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(BatchNorm1d(8), nn.BatchNorm1d(8)), (GroupNorm(2, 8), nn.GroupNorm(2, 8))],
)
def test_a_normalisation_is_pytorchs(ours, theirs, training):
    ours, theirs = ours.double().train(training), theirs.double().train(training)
    assert_same(ours, theirs, random(4, 8, 30) * 3 + 1)
    for name, value in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value)


def test_a_pool_is_pytorchs_bit_for_bit_where_values_are_equal_too():
    x = random(4, 8, 30).round().requires_grad_()
    ours, theirs = max_pool1d(x, 5, 2), F.max_pool1d(x, 5, 2)
    assert torch.equal(ours, theirs)
    gradient = random(*theirs.shape)
    gradients = [torch.autograd.grad(y, x, gradient)[0] for y in (ours, theirs)]
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("name", NETWORKS)
def test_what_convolutions_and_pools_read_has_channels_last(name):
    # Else nothing would fail, and everything would be slower.
    (build, shape), read = NETWORKS[name], []
    network = build(shape) if len(shape) == 3 else build(*shape)
    for layer in network.modules():
        if isinstance(layer, WITH_POSITIONS):
            layer.register_forward_hook(lambda _, args, output: read.extend([*args, output]))
    network(random(4, *shape, dtype=torch.float32))
    maps = [x for x in read if x.shape[1] > 1 and x[0, 0].numel() > 1 and x is not read[0]]
    assert len(maps) > 3
    assert all(x.stride(1) == 1 for x in maps)


@pytest.mark.parametrize("shape", [(2, 1, 4, 5), (2, 3, 4, 5), (2, 1, 3, 4, 5), (2, 3, 3, 4, 5)])
def test_images_keep_their_values_and_get_the_strides(shape):
    x = random(*shape)
    y = channels_last(x)
    assert torch.equal(x, y)
    assert (y.stride(1), y.stride(-1)) == (1, shape[1])
    assert channels_last(y).data_ptr() == y.data_ptr()


def test_off_the_cpu_the_usual_layout_stays():
    x = torch.empty(2, 3, 4, 5, device="meta")
    assert channels_last(x) is x
    signals = torch.empty(2, 3, 30, device="meta")
    network = nn.Sequential(Conv1d(3, 8, 5), GroupNorm(2, 8), BatchNorm1d(8)).to("meta")
    y = max_pool1d(network(signals), 5, 2)
    assert y.shape == (2, 8, 11)
    assert y.is_contiguous()
