from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from skecg.networks import VisionTransformer
from skecg.networks import _vit as module
from skecg.networks._vit import TransformerBlock, sincos_positions

SMALL = {"dim": 16, "n_heads": 4, "n_blocks": 2}


def test_patches_of_the_published_network():
    network = VisionTransformer(n_blocks=1)
    assert network.padded_size == (182, 256)
    assert network.stem(torch.zeros(1, 3, 182, 256)).shape == (1, 512, 26, 32)
    assert network.positions.shape == (832, 512)
    assert sum(weights.numel() for weights in network.blocks[0].parameters()) == 3_152_384


@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_block_equals_pytorchs_encoder_layer(activation):
    torch.manual_seed(0)
    ours = TransformerBlock(12, 3, 20, activation=activation, layer_norm_eps=1e-3)
    theirs = nn.TransformerEncoderLayer(
        12, 3, 20, dropout=0, activation=activation, layer_norm_eps=1e-3,
        batch_first=True, norm_first=True,
    )  # fmt: skip
    for mine, other in {
        ours.norm1: theirs.norm1, ours.norm2: theirs.norm2, ours.mlp1: theirs.linear1,
        ours.mlp2: theirs.linear2, ours.out: theirs.self_attn.out_proj,
    }.items():  # fmt: skip
        nn.init.normal_(mine.weight)
        nn.init.normal_(mine.bias)
        other.load_state_dict(mine.state_dict())
    theirs.self_attn.in_proj_weight.data = ours.qkv.weight.data
    theirs.self_attn.in_proj_bias.data = ours.qkv.bias.data
    x = torch.randn(2, 5, 12)
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-5, atol=1e-5)


def test_training_in_bfloat16_on_the_cpu_follows_float32(monkeypatch):
    torch.manual_seed(0)
    block, x = TransformerBlock(32, 4, 64), torch.randn(3, 40, 32)

    def forward_and_gradient() -> list[torch.Tensor]:
        block.zero_grad()
        mixed = block(x)
        mixed.square().mean().backward()
        return [mixed.detach().float(), block.qkv.weight.grad.clone()]

    expected = forward_and_gradient()
    fused = torch.nn.functional.scaled_dot_product_attention
    calls = []
    monkeypatch.setattr(
        module.F, "scaled_dot_product_attention", lambda *parts: calls.append(1) or fused(*parts)
    )
    with torch.autocast("cpu", torch.bfloat16):
        found = forward_and_gradient()
        assert not calls
        with torch.no_grad():
            predicted = block(x)
    assert calls  # predictions keep no weights
    for one, other in zip([*found, predicted.float()], [*expected, expected[0]], strict=True):
        assert (one - other).norm() < 0.01 * other.norm()


@pytest.mark.parametrize("n_tokens", [5792, 5793])  # 2**25 weights lie between them
def test_attention_keeps_no_more_weights_than_64_mib_in_training(n_tokens):
    queries = torch.empty(1, n_tokens, 1, dtype=torch.bfloat16, requires_grad=True)
    assert module._fused_gradient_is_slow(queries) == (n_tokens == 5792)
    assert not module._fused_gradient_is_slow(queries.detach())
    assert not module._fused_gradient_is_slow(queries.float())


def test_network_equals_its_formula():
    torch.manual_seed(0)
    network = VisionTransformer((2, 4, 6), 3, patch_size=(2, 3), **SMALL).eval()
    x = torch.randn(2, 2, 4, 6)
    patches = [x[:, :, r : r + 2, c : c + 3].flatten(1) for r in (0, 2) for c in (0, 3)]
    kernel = network.stem.weight.flatten(1)
    tokens = torch.stack([p @ kernel.T + network.stem.bias for p in patches], 1)
    tokens = tokens + network.positions
    for block in network.blocks:
        tokens = block(tokens)
    expected = network.head(network.norm(tokens).mean(1))
    torch.testing.assert_close(network(x), expected)


def test_without_positions_the_order_of_the_patches_does_not_matter():
    torch.manual_seed(0)
    network = VisionTransformer((1, 4, 8), 3, patch_size=(4, 4), **SMALL).eval()
    x = torch.randn(2, 1, 4, 8)
    swapped = torch.cat([x[..., 4:], x[..., :4]], -1)
    assert not torch.allclose(network(x), network(swapped), atol=1e-6)
    nn.init.zeros_(network.positions)
    torch.testing.assert_close(network(x), network(swapped))


def test_sines_and_cosines_name_every_position():
    encoded = sincos_positions(3, 5, 8)
    assert encoded.shape == (15, 8)
    row, column = 2, 4
    # Two frequencies, 1 and 1/10000: sines, then cosines, of the row and then of the column.
    expected = [
        function(position * frequency)
        for position in (row, column)
        for function in (math.sin, math.cos)
        for frequency in (1, 1e-4)
    ]
    torch.testing.assert_close(encoded[row * 5 + column], torch.tensor(expected))
    assert len({tuple(code) for code in encoded.tolist()}) == 15
    network = VisionTransformer((1, 4, 4), 2, patch_size=(2, 2), positions="sincos", **SMALL)
    assert "positions" not in dict(network.named_parameters())


@pytest.mark.parametrize("patch_size", [(8, 8), (4, 16), (1, 2), (1, 1)])
def test_convolutional_stem_gives_one_vector_per_patch(patch_size):
    network = VisionTransformer((3, 33, 40), 2, patch_size=patch_size, stem="conv", **SMALL)
    rows, columns = -(-33 // patch_size[0]), -(-40 // patch_size[1])
    padded = torch.zeros(1, 3, *network.padded_size)
    assert network.stem(padded).shape == (1, 16, rows, columns)


def test_keras_initialization():
    torch.manual_seed(0)
    network = VisionTransformer(n_blocks=1)
    block = network.blocks[0]
    # Glorot's bound sqrt(6 / (fan_in + fan_out)). Keras's query kernel has axes (512, 32, 16), so
    # that its fans are 32 * 512 and 16 * 512; its output kernel (32, 16, 512): 16 * 32, 512 * 32.
    for weight, fans in {
        block.qkv.weight: 32 * 512 + 16 * 512,
        block.out.weight: 16 * 32 + 512 * 32,
        block.mlp1.weight: 512 + 2048,
        network.stem.weight: 3 * 56 + 512 * 56,
        network.head.weight: 512 + 4,
    }.items():
        bound = math.sqrt(6 / fans)
        assert 0.99 * bound < weight.abs().max() <= bound
    assert 0.0499 < network.positions.abs().max() <= 0.05
    for layer in (block.qkv, block.out, block.mlp1, block.mlp2, network.stem, network.head):
        assert not layer.bias.any()


def test_stochastic_depth_skips_by_sample_and_keeps_the_mean():
    torch.manual_seed(0)
    block = TransformerBlock(4, 1, 4, drop_path=0.5)
    x = torch.randn(1, 3, 4).expand(4000, 3, 4)
    with torch.no_grad():
        kept = block._keep_some(x)
        assert torch.equal(block.eval()._keep_some(x), x)
    skipped = (kept == 0).flatten(1).all(1)
    assert abs(skipped.float().mean() - 0.5) < 0.04  # five standard deviations
    torch.testing.assert_close(kept[~skipped], 2 * x[~skipped])
    rates = [b.drop_path for b in VisionTransformer(n_blocks=3, dim=8, n_heads=2,
                                                    stochastic_depth=0.2).blocks]  # fmt: skip
    assert rates == [0, 0.1, 0.2]


def test_impossible_sizes_are_refused():
    with pytest.raises(ValueError, match="multiple of n_heads; got 10 and 4"):
        VisionTransformer(dim=10, n_heads=4)
    with pytest.raises(ValueError, match=r"powers of two for stem='conv'; got \(7, 8\)"):
        VisionTransformer(stem="conv", dim=16, n_heads=2)
    with pytest.raises(ValueError, match="multiple of 4 for positions='sincos'; got 6"):
        VisionTransformer(positions="sincos", dim=6, n_heads=2)
