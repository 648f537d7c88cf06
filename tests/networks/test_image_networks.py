"""What all networks on images keep: their size, their shapes, any image."""

from __future__ import annotations

import pytest
import torch

from skecg.networks import (
    CNN2D,
    CNN3D,
    AttentionLSTM,
    AttentionVGG,
    Hybrid,
    TimeDistributedCNN,
    VisionTransformer,
)

SMALL = {
    CNN2D: {"width": 8},
    CNN3D: {"width": 4},
    AttentionLSTM: {"n_hidden": 4, "rows_per_step": 3},
    AttentionVGG: {"width": 4},
    Hybrid: {"width": 8, "n_recurrent": 4},
    TimeDistributedCNN: {"width": 8},
    VisionTransformer: {"dim": 8, "n_heads": 2, "n_blocks": 2},
}


def n_weights(network):
    return sum(weights.numel() for weights in network.parameters())


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (VisionTransformer, 25_734_660),
        (AttentionVGG, 20_634_693),
        (CNN2D, 2_178_949),
        (CNN3D, 3_903_109),
        (AttentionLSTM, 149_125),
        (Hybrid, 206_666),
        (TimeDistributedCNN, 27_337_861),
    ],
)
def test_number_of_weights(network, expected):
    assert n_weights(network()) == expected


@pytest.mark.parametrize("network", SMALL, ids=lambda n: n.__name__)
@pytest.mark.parametrize(
    "image_shape",
    [(1, 1, 1), (1, 1, 10), (2, 3, 1), (3, 7, 40), (13, 28, 28), (3, 65, 33), (14, 4, 5)],
    ids=str,
)
def test_any_image(network, image_shape):
    torch.manual_seed(0)
    built = network(image_shape, 3, **SMALL[network])
    x = torch.randn(6, *image_shape)
    logits = built(x)
    assert logits.shape == (6, 3)
    logits.sum().backward()
    built.eval()
    # No pixel is left out: to change the last one changes the logits.
    other = x.clone()
    other[:, -1, -1, -1] += 3
    if network is CNN3D and any(length % 2 and length > 4 for length in image_shape):
        return  # its pools round down, as published
    assert not torch.equal(built(other), built(x))


@pytest.mark.parametrize(
    ("network", "shape", "padded"),
    [(VisionTransformer, (2, 5, 3), (2, 7, 8)), (CNN3D, (2, 1, 3), (4, 4, 4))],
)
def test_padding_is_by_zeros_at_the_end_of_the_axes(network, shape, padded):
    # One image as it is, and the same with the zeros that padding would add.
    torch.manual_seed(0)
    short = network(shape, 3, **SMALL[network]).eval()
    long = network(padded, 3, **SMALL[network]).eval()
    long.load_state_dict(short.state_dict())
    x = torch.randn(2, *shape)
    by_hand = torch.zeros(2, *padded)
    by_hand[:, : shape[0], : shape[1], : shape[2]] = x
    torch.testing.assert_close(short(x), long(by_hand), rtol=0, atol=0)


def test_shapes_in_the_published_cnn2d():
    x, shapes = torch.zeros(1, 13, 64, 64), []
    for layer in CNN2D().features:
        x = layer(x)
        shapes.append(tuple(x.shape[1:]))
    assert shapes[::3] == [(64, 64, 64), (128, 32, 32)]
    assert shapes[2::3] == [(64, 32, 32), (128, 16, 16)]


def test_shapes_in_the_published_cnn3d():
    x, shapes = torch.zeros(1, 1, 13, 64, 64), []
    for layer in CNN3D().features:
        x = layer(x)
        shapes.append(tuple(x.shape[1:]))
    assert shapes[::3] == [
        (64, 13, 64, 64), (128, 6, 32, 32), (256, 4, 17, 17), (512, 3, 9, 9), (512, 2, 5, 5),
    ]  # fmt: skip
    assert shapes[-1] == (512, 1, 2, 2)


def test_cnn3d_reads_channels_as_depth():
    torch.manual_seed(0)
    network = CNN3D((4, 4, 4), 2, width=2).eval()
    x = torch.randn(2, 4, 4, 4)
    volume = network.head(network.features(x.reshape(2, 1, 4, 4, 4)))
    torch.testing.assert_close(network(x), volume)


def test_published_hybrid_reads_the_rows_of_the_maps_and_the_default_may_read_columns():
    x = torch.randn(2, 13, 64, 64)
    rows = Hybrid()
    assert rows.steps(x).shape == (2, 2048, 16)
    maps = rows.features(x)
    torch.testing.assert_close(rows.steps(x)[:, 16 * 5 + 3], maps[:, 5, 3])
    columns = Hybrid(sequence="columns")
    columns.features.load_state_dict(rows.features.state_dict())
    assert columns.steps(x).shape == (2, 16, 2048)
    torch.testing.assert_close(columns.steps(x)[:, 7], maps[..., 7].flatten(1))


def test_time_distributed_slabs_are_published_ones_or_channels():
    x = torch.randn(2, 13, 64, 64)
    slabs = TimeDistributedCNN().slabs(x)
    assert slabs.shape == (2, 8, 104, 64)
    torch.testing.assert_close(slabs[:, 1, 23], x[:, 1, 63])  # row 127 of the stack
    by_channel = TimeDistributedCNN(n_steps=None, width=2)
    torch.testing.assert_close(by_channel.slabs(x), x)


def test_time_distributed_shares_its_convolutions():
    torch.manual_seed(0)
    network = TimeDistributedCNN((3, 8, 8), 2, n_steps=None, width=2)
    x = torch.randn(1, 3, 8, 8)
    one_by_one = [network.features(x[:, i : i + 1]).flatten(1) for i in range(3)]
    torch.testing.assert_close(network(x), network.head(torch.cat(one_by_one, 1)))
    assert torch.equal(network.slabs(x[:, [2, 0, 1]]), network.slabs(x)[:, [2, 0, 1]])
