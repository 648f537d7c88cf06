from __future__ import annotations

import pytest
import torch

from skecg.networks import ResidualCNN


@pytest.mark.parametrize(("head", "n_weights"), [("text", 55_013), ("figure", 53_957)])
def test_number_of_weights(head, n_weights):
    # 1 -> 32 filters of 5: 192. Ten convolutions of 32 x 32 x 5 + 32: 51,520. Dense 64 -> 32:
    # 2,080; 32 -> 32 (text only): 1,056; 32 -> 5: 165.
    network = ResidualCNN(head=head)
    assert sum(weights.numel() for weights in network.parameters()) == n_weights


def test_thirteen_weight_layers_in_the_figure():
    kinds = torch.nn.Conv1d | torch.nn.Linear
    layers = [layer for layer in ResidualCNN(head="figure").modules() if isinstance(layer, kinds)]
    assert len(layers) == 13  # "a 13-layer network", 1 + 10 convolutions and 2 dense layers


def test_lengths_through_the_blocks():
    x, lengths = torch.zeros(1, 1, 187), []
    for layer in ResidualCNN().features:
        x = layer(x)
        lengths.append(x.shape[-1])
    assert lengths == [183, 90, 43, 20, 8, 2]


@pytest.mark.parametrize("n_timesteps", [1, 2, 40, 128, 129, 187, 1250])
@pytest.mark.parametrize("n_leads", [1, 12])
def test_any_length_and_number_of_leads(n_leads, n_timesteps):
    network = ResidualCNN(n_leads, n_timesteps, 3, n_filters=4)
    assert network(torch.zeros(2, n_leads, n_timesteps)).shape == (2, 3)


def test_short_input_is_padded_with_zeros():
    torch.manual_seed(0)
    short = ResidualCNN(1, 100, 3, n_filters=4)
    long = ResidualCNN(1, 129, 3, n_filters=4)
    long.load_state_dict(short.state_dict())
    x = torch.randn(2, 1, 100)
    padded = torch.nn.functional.pad(x, (0, 29))
    torch.testing.assert_close(short(x), long(padded), rtol=0, atol=0)


def test_dropout_stands_before_every_dense_layer():
    kinds = [type(layer).__name__ for layer in ResidualCNN(dropout=0.1).head]
    assert kinds == ["Dropout", "Linear", "ReLU", "Dropout", "Linear", "Dropout", "Linear"]


def test_even_kernel_is_refused():
    with pytest.raises(ValueError, match="kernel_size must be odd"):
        ResidualCNN(kernel_size=4)


def test_more_blocks_than_a_padded_sample_can_have_are_refused():
    with pytest.raises(ValueError, match=r"a padded sample would take .*choose a smaller n_blocks"):
        ResidualCNN(3, n_blocks=40, n_filters=1)
