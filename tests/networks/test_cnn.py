from __future__ import annotations

import pytest
import torch

from skecg.networks import CNN


def test_number_of_weights():
    # Convolutions 1 -> 32 of 5: 192; 32 -> 64 of 5: 10,304; 64 -> 128 of 3: 24,704; 128 -> 256 of
    # 3: 98,560; two per filter in the normalisations: 960. Dense 4608 -> 1024: 4,719,616; -> 256:
    # 262,400; -> 32: 8,224; -> 5: 165. The published notebook prints the sum.
    assert sum(weights.numel() for weights in CNN().parameters()) == 5_125_125


def test_sizes_through_the_blocks():
    x, sizes = torch.zeros(1, 1, 187), []
    for block in CNN().features:
        x = block(x)
        sizes.append(tuple(x.shape[1:]))
    assert sizes == [(32, 183), (64, 59), (128, 57), (256, 18)]


def test_layers_in_the_published_order():
    network = CNN()
    kinds = [[type(layer).__name__ for layer in block] for block in network.features]
    plain = ["Conv1d", "BatchNorm1d", "ReLU"]
    assert kinds == [plain, [*plain, "MaxPool1d"], plain, [*plain, "AvgPool1d"]]
    dense = ["Dropout", "Linear", "ReLU"]
    assert [type(layer).__name__ for layer in network.head] == [*dense * 3, "Dropout", "Linear"]


def test_dense_layers_have_names_to_freeze_by():
    names = [name for name, layer in CNN().named_modules() if isinstance(layer, torch.nn.Linear)]
    assert names == ["head.dense1", "head.dense2", "head.dense3", "head.output"]


@pytest.mark.parametrize("n_timesteps", [1, 2, 28, 29, 31, 187, 1250])
@pytest.mark.parametrize("n_leads", [1, 12])
def test_any_length_and_number_of_leads(n_leads, n_timesteps):
    network = CNN(n_leads, n_timesteps, 3, width=4, hidden_layer_sizes=(8,))
    assert network(torch.zeros(2, n_leads, n_timesteps)).shape == (2, 3)


def test_short_input_is_padded_with_zeros():
    # 29 - 4 - 4 = 21 samples give 7 after the first pool, 7 - 2 - 2 = 3 one after the second.
    torch.manual_seed(0)
    short, long = (CNN(1, n, 3, width=4, hidden_layer_sizes=(8,)).eval() for n in (20, 29))
    long.load_state_dict(short.state_dict())
    x = torch.randn(2, 1, 20)
    padded = torch.nn.functional.pad(x, (0, 9))
    torch.testing.assert_close(short(x), long(padded), rtol=0, atol=0)
    assert CNN(1, 29, 3).features(torch.zeros(2, 1, 29)).shape == (2, 256, 1)


def test_trains_on_a_batch_of_one_of_the_shortest_input():
    # Batch normalisation refuses a single value per channel; three time steps are left to it.
    network = CNN(1, 1, 2, width=4, hidden_layer_sizes=(8,))
    network(torch.ones(1, 1, 1)).sum().backward()
    assert all(torch.isfinite(weights.grad).all() for weights in network.parameters())


def test_no_hidden_layer_and_no_dropout():
    network = CNN(hidden_layer_sizes=(), dropout=0.0)
    assert [name for name, _ in network.head.named_children()] == ["output"]
    assert network.head.output.in_features == 4608


@pytest.mark.parametrize("width", [3, 32])
def test_group_norm_treats_every_sample_alone(width):
    torch.manual_seed(0)
    network = CNN(width=width, norm="group", dropout=0.0)
    x = torch.randn(3, 1, 187)
    assert not any(isinstance(layer, torch.nn.BatchNorm1d) for layer in network.modules())
    torch.testing.assert_close(network(x)[:1], network(x[:1]))


def test_without_norm_a_block_is_convolution_and_relu():
    assert [name for name, _ in CNN(norm=None).features.block1.named_children()] == ["conv", "relu"]
