from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from skecg.networks import AttentionVGG


def test_resolutions_of_the_published_network():
    taps, global_features = AttentionVGG(width=4).features(torch.randn(2, 13, 64, 64))
    assert [tuple(tap.shape[1:]) for tap in taps] == [(32, 64, 64), (32, 32, 32), (32, 16, 16)]
    assert global_features.shape == (2, 32)


def test_fifteen_convolutions_with_batch_normalisation_and_no_bias():
    network = AttentionVGG()
    stacked = [*network.blocks.modules(), *network.last.modules()]
    convolutions = [layer for layer in stacked if isinstance(layer, nn.Conv2d)]
    filters = [64] * 2 + [128] * 2 + [256] * 3 + [512] * 8
    assert [layer.out_channels for layer in convolutions] == filters
    assert all(layer.bias is None for layer in convolutions)
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in stacked) == 15
    assert network.global_features.kernel_size == (2, 2)


@pytest.mark.parametrize("compatibility", ["additive", "dot"])
def test_attention_against_the_formula(compatibility):
    torch.manual_seed(0)
    network = AttentionVGG((3, 40, 64), 4, width=2, compatibility=compatibility).eval()
    x = torch.randn(2, 3, 40, 64)
    taps, g = network.features(x)
    means = []
    for i, tap in enumerate(taps):
        if compatibility == "additive":
            scores = network.scores[i](tap + g[:, :, None, None])[:, 0]
        else:
            scores = torch.einsum("nchw,nc->nhw", tap, g) / math.sqrt(16)
        weights = scores.exp() / scores.exp().sum((1, 2), keepdim=True)
        torch.testing.assert_close(network.attention(x)[i], weights)
        means.append((tap * weights[:, None]).sum((2, 3)))
    torch.testing.assert_close(network(x), network.head(torch.cat(means, 1)))


@pytest.mark.parametrize("compatibility", ["additive", "dot"])
def test_weights_sum_to_one(compatibility):
    network = AttentionVGG((1, 33, 20), 2, width=2, compatibility=compatibility)
    maps = network.attention(torch.randn(3, 1, 33, 20))
    assert [tuple(m.shape) for m in maps] == [(3, 33, 20), (3, 17, 10), (3, 9, 5)]
    for weights in maps:
        torch.testing.assert_close(weights.sum((1, 2)), torch.ones(3))


def test_global_features_cancel_in_the_additive_score_and_count_in_the_product():
    for compatibility, counts in {"additive": False, "dot": True}.items():
        torch.manual_seed(0)
        network = AttentionVGG((1, 32, 32), 2, width=2, compatibility=compatibility).double()
        network(torch.randn(4, 1, 32, 32, dtype=torch.float64)).square().sum().backward()
        dead = network.global_features.weight.grad.abs().max()
        alive = network.head.weight.grad.abs().max()
        assert (dead > 1e-9 * alive) == counts


def test_batch_normalisation_trains_on_a_single_value():
    network = AttentionVGG((1, 1, 1), 2, width=2)
    before = [layer.running_mean.clone() for layer in network.modules() if _is_norm(layer)]
    network(torch.randn(1, 1, 1, 1)).sum().backward()
    after = [layer.running_mean for layer in network.modules() if _is_norm(layer)]
    assert all(torch.equal(*pair) for pair in zip(before, after))  # one value has no spread
    network(torch.randn(2, 1, 1, 1))
    assert not torch.equal(before[0], after[0])


def test_group_normalisation_keeps_samples_apart():
    torch.manual_seed(0)
    x = torch.randn(3, 1, 32, 32)
    for norm, apart in {"group": True, "batch": False, None: True}.items():
        network = AttentionVGG((1, 32, 32), 2, width=2, norm=norm)
        assert torch.allclose(network(x)[:1], network(x[:1]), atol=1e-5) == apart


def _is_norm(layer):
    return isinstance(layer, nn.BatchNorm2d)
