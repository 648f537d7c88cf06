"""Weights are carried over by name and shape, and frozen layers are named."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from skecg.networks import frozen_normalizations, take_over, weight_layers


def network(n_inputs: int = 4, n_classes: int = 3) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(n_inputs, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 5), nn.ReLU(),
        nn.Linear(5, n_classes),
    )  # fmt: skip


SAMPLE = torch.zeros(1, 4)


def test_a_normalization_belongs_to_the_layer_before_it():
    statistics = ["running_mean", "running_var", "num_batches_tracked"]
    assert weight_layers(network(), SAMPLE) == {
        "0": ["0.weight", "0.bias", "1.weight", "1.bias", *(f"1.{name}" for name in statistics)],
        "3": ["3.weight", "3.bias"],
        "5": ["5.weight", "5.bias"],
    }


def test_what_comes_before_the_first_layer_belongs_to_it():
    module = nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 2))
    assert weight_layers(module, SAMPLE) == {"1": ["0.weight", "0.bias", "1.weight", "1.bias"]}


@pytest.mark.parametrize(
    ("n_trainable", "reset", "anew", "frozen"),
    [
        (None, "head", ("5",), ()),
        (1, "head", ("5",), ("0", "3")),
        (2, "head", ("5",), ("0",)),
        (2, "trainable", ("3", "5"), ("0",)),
        (1, None, (), ("0", "3")),
        (3, "mismatched", ("5",), ()),
    ],
)
def test_which_layers_start_anew_and_which_are_frozen(n_trainable, reset, anew, frozen):
    source, target = network(), network()
    drawn = {name: w.clone() for name, w in target.state_dict().items()}
    report = take_over(
        target,
        source.state_dict(),
        "it",
        SAMPLE,
        n_trainable_layers=n_trainable,
        reset_layers=reset,
    )
    assert (report.drawn_anew, report.frozen) == (anew, frozen)
    assert report.taken_over == tuple(layer for layer in ("0", "3", "5") if layer not in anew)
    for layer in ("0", "3", "5"):
        expected = drawn if layer in anew else source.state_dict()
        weight = target[int(layer)].weight
        assert torch.equal(weight, expected[f"{layer}.weight"])
        assert weight.requires_grad == (layer not in frozen)
    # 4 * 8 + 8 and twice 8 of the normalisation; 8 * 5 + 5; 5 * 3 + 3
    assert report.n_weights == {"0": 56, "3": 45, "5": 18}
    assert report.n_trainable_weights == 119 - sum(report.n_weights[layer] for layer in frozen)
    assert frozen_normalizations(target, report.frozen, SAMPLE) == (("1",) if frozen else ())


def test_what_does_not_fit_is_refused_or_drawn_anew_and_trained():
    source, target, sample = network(n_inputs=4), network(n_inputs=6), torch.zeros(1, 6)
    with pytest.raises(ValueError, match=r"'0' .* must have shape \(8, 6\); got shape \(8, 4\)"):
        take_over(target, source.state_dict(), "it", sample)
    report = take_over(
        target, source.state_dict(), "it", sample, n_trainable_layers=1, reset_layers="mismatched"
    )
    assert (report.drawn_anew, report.taken_over, report.frozen) == (("0", "5"), ("3",), ("3",))
    assert target[0].weight.requires_grad


def test_another_network_is_refused():
    with pytest.raises(ValueError, match=r"'0.weight' .*; got no such weight"):
        take_over(network(), {"a.weight": torch.zeros(2, 2)}, "it", SAMPLE)
    with pytest.raises(ValueError, match="no layer would be taken over from it"):
        take_over(network(), {}, "it", SAMPLE, reset_layers="mismatched")


def test_more_layers_than_there_are():
    with pytest.raises(ValueError, match=r"must be at most 3, .*\(0, 3, 5\); got 4"):
        take_over(network(), network().state_dict(), "it", SAMPLE, n_trainable_layers=4)


def test_the_report_is_a_table_of_layers():
    report = take_over(
        network(), network().state_dict(), "the source", SAMPLE, n_trainable_layers=2
    )
    assert str(report).splitlines() == [
        "Weights from the source",
        "0          56  taken over, frozen",
        "3          45  taken over, trained",
        "5          18  drawn anew, trained",
        "63 of 119 weights are trained.",
    ]


class HeadFirst(nn.Module):
    """Registers its head before the layers that are called before it."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(5, 3)
        self.first = nn.Linear(4, 5)
        self.norm = nn.BatchNorm1d(5)

    def forward(self, x):
        return self.head(self.norm(self.first(x)))


def test_layers_count_in_the_order_in_which_they_are_called():
    layers = weight_layers(HeadFirst(), SAMPLE)
    assert list(layers) == ["first", "head"]
    assert "norm.running_mean" in layers["first"]
    report = take_over(HeadFirst(), HeadFirst().state_dict(), "it", SAMPLE, n_trainable_layers=1)
    assert (report.drawn_anew, report.frozen) == (("head",), ("first",))


def test_a_layer_that_is_never_called_is_refused():
    class Unused(HeadFirst):
        def __init__(self):
            super().__init__()
            self.unused = nn.Linear(2, 2)

    with pytest.raises(ValueError, match="'unused' is not called"):
        weight_layers(Unused(), SAMPLE)


def test_asking_for_the_order_leaves_the_network_as_it_was():
    module = HeadFirst().train()
    module.first.eval()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    weight_layers(module, SAMPLE)
    assert module.training
    assert module.norm.training
    assert not module.first.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())
