from __future__ import annotations

import pytest
import torch
from torch import nn

from skecg.networks import (
    CNN,
    CNN2D,
    CNN3D,
    AttentionVGG,
    Hybrid,
    ResidualCNN,
    TimeDistributedCNN,
    VisionTransformer,
)

LENGTH = 132


def centres(layer: nn.Module, forward, x: torch.Tensor, axis: int) -> list[float | None]:
    """Find the middle of what every position depends on, None where that meets the border.

    A NaN in the input makes NaN of all positions that depend on it, whatever the weights are.
    """
    outputs = []
    handle = layer.register_forward_hook(lambda *args: outputs.append(args[2]))
    with torch.no_grad():
        for t in range(x.shape[axis]):
            spoilt = x.clone()
            spoilt.select(axis, t).fill_(torch.nan)
            forward(spoilt)
    handle.remove()
    along = axis - x.ndim  # counted from the end: the layer may have more axes before
    spoilt = [output.isnan().movedim(along, 0).flatten(1).any(1) for output in outputs]
    found = []
    for reached in torch.stack(spoilt, 1):
        inputs = reached.nonzero()
        first, last = inputs.min().item(), inputs.max().item()
        inside = first > 0 and last < x.shape[axis] - 1
        found.append((first + last) / 2 if inside else None)
    return found


def case(network, *shape, forward=None):
    return network.double().eval(), forward or network, torch.zeros(1, *shape, dtype=torch.double)


IMAGE = (1, LENGTH, 24)
CASES = {
    "ResidualCNN": lambda: case(ResidualCNN(1, 400, 2, n_filters=1), 1, 400),
    "ResidualCNN, kernels of 3": lambda: case(
        ResidualCNN(1, 200, 2, n_filters=1, n_blocks=3, kernel_size=3), 1, 200
    ),
    "CNN": lambda: case(CNN(1, 187, 2, width=1, hidden_layer_sizes=(2,)), 1, 187),
    "CNN2D": lambda: case(CNN2D(IMAGE, 2, width=1, n_blocks=3), *IMAGE),
    "CNN3D": lambda: case(CNN3D(IMAGE, 2, width=1, n_blocks=5), *IMAGE),
    "CNN3D, 3 blocks": lambda: case(CNN3D(IMAGE, 2, width=1, n_blocks=3), *IMAGE),
    "AttentionVGG": lambda: case(AttentionVGG(IMAGE, 2, width=1), *IMAGE),
    "Hybrid": lambda: case(Hybrid(IMAGE, 2, width=1, n_recurrent=2), *IMAGE),
    "TimeDistributedCNN": lambda: case(
        TimeDistributedCNN(IMAGE, 2, width=1, n_blocks=3, n_steps=1), *IMAGE
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_positions_lie_in_the_middle_of_what_they_depend_on(name):
    torch.manual_seed(0)
    network, forward, x = CASES[name]()
    spatial = network.spatial_layer
    found = centres(network.get_submodule(spatial.name), forward, x, axis=2)
    inside = [k for k, centre in enumerate(found) if centre is not None]
    assert inside
    axis = -1 if x.ndim == 3 else -2
    for k in inside:
        assert found[k] == spatial.offsets[axis] + k * spatial.strides[axis]


@pytest.mark.parametrize(("stem", "size"), [("patch", (6, 8)), ("conv", (8, 4))])
def test_patches_lie_in_the_middle_of_what_they_depend_on(stem, size):
    network = VisionTransformer(
        (1, 48, 8), 2, patch_size=size, stem=stem, dim=4, n_heads=1, n_blocks=1
    ).double()
    spatial = network.spatial_layer
    assert spatial.name == "blocks.0.norm1"
    x = torch.zeros(1, 1, 48, 8, dtype=torch.double)
    found = centres(network.stem, network.stem, x, axis=2)
    inside = [k for k, centre in enumerate(found) if centre is not None]
    assert inside
    for k in inside:
        assert found[k] == spatial.offsets[0] + k * spatial.strides[0]


def test_default_residual_network_by_hand():
    # 183, 90, 43, 20 and 8 positions: the input's 5 taps are centred at 2, and every pool of 5 with
    # stride 2 at 2 positions further in.
    spatial = ResidualCNN().spatial_layer
    assert spatial == ("features.4", (16,), (2 + 2 * (1 + 2 + 4 + 8),))
