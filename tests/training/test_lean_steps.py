from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW

from skecg.training._lean_steps import LeanSteps, lean_steps


@pytest.fixture
def network():
    generator = torch.Generator().manual_seed(0)
    network = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))
    for weight in network.parameters():
        weight.data = torch.randn(weight.shape, generator=generator)
    return network


def adamw(network, **settings):
    return AdamW(network.parameters(), **{"lr": 0.1, "fused": True, **settings})


def run(network, optimizer, steps, n_steps=6, loss=lambda out: out.square().mean()):
    """Train with a rate that falls; return all weights and the optimiser's state as numbers."""
    generator = torch.Generator().manual_seed(1)
    for step in range(n_steps):
        for group in optimizer.param_groups:
            group["lr"] = 0.1 / (step + 1)
        steps.zero_grad()
        loss(network(torch.randn(5, 6, generator=generator))).backward()
        steps.step()
    state = optimizer.state_dict()["state"]
    numbers = [value.flatten() for entry in state.values() for value in entry.values()]
    return torch.cat([*numbers, *(weight.detach().flatten() for weight in network.parameters())])


def both_ways(network, build, **options):
    twin = copy.deepcopy(network)
    optimizer, plain = build(network), build(twin)
    steps = lean_steps(optimizer)
    assert isinstance(steps, LeanSteps)
    return run(network, optimizer, steps, **options), run(twin, plain, plain, **options)


@pytest.mark.parametrize("kind", [Adam, AdamW])
@pytest.mark.parametrize("maximize", [False, True])
def test_the_same_bits_as_the_optimizer(network, kind, maximize):
    def build(network):
        return kind(network.parameters(), lr=0.1, weight_decay=0.3, fused=True, maximize=maximize)

    lean, plain = both_ways(network, build)
    assert torch.equal(lean, plain)


def test_groups_with_settings_of_their_own(network):
    def build(network):
        first = {"params": network[0].parameters(), "weight_decay": 0.0}
        return AdamW([first, {"params": network[2].parameters()}], weight_decay=0.5, fused=True)

    lean, plain = both_ways(network, build)
    assert torch.equal(lean, plain)


def test_frozen_weights_and_weights_without_gradient(network):
    network[0].weight.requires_grad = False

    lean, plain = both_ways(network, adamw)
    assert torch.equal(lean, plain)

    network.register_parameter("unused", nn.Parameter(torch.ones(2)))
    lean, plain = both_ways(network, adamw)
    assert torch.equal(lean, plain)


def test_a_weight_that_has_a_gradient_in_some_steps_only(network):
    network.register_parameter("sometimes", nn.Parameter(torch.ones(2)))

    def build_and_run(network, make_steps):
        calls = iter(range(6))

        def loss(out):
            used = network.sometimes.sum() if next(calls) % 2 else 0
            return out.square().mean() + used

        optimizer = adamw(network)
        return run(network, optimizer, make_steps(optimizer), loss=loss)

    twin = copy.deepcopy(network)
    lean = build_and_run(network, lean_steps)
    assert torch.equal(lean, build_and_run(twin, lambda optimizer: optimizer))


def test_training_goes_on_from_a_state_that_was_loaded(network):
    twin = copy.deepcopy(network)
    first = adamw(network)
    run(network, first, first, n_steps=2)
    plain = run(network, first, first)

    before, after = adamw(twin), adamw(twin)
    run(twin, before, lean_steps(before), n_steps=2)
    after.load_state_dict(before.state_dict())
    assert torch.equal(run(twin, after, lean_steps(after)), plain)


@pytest.mark.parametrize(
    "build",
    [
        lambda weights: AdamW(weights),
        lambda weights: AdamW(weights, fused=True, amsgrad=True),
        lambda weights: AdamW(weights, lr=torch.tensor(0.1), fused=True),
        lambda weights: SGD(weights, lr=0.1, fused=True),
        lambda weights: type("Mine", (AdamW,), {})(weights, fused=True),
    ],
    ids=["not fused", "amsgrad", "rate as a tensor", "SGD", "a class of the user's"],
)
def test_other_optimizers_step_themselves(network, build):
    optimizer = build(network.parameters())
    assert lean_steps(optimizer) is optimizer


def test_hooks_and_schedules_of_pytorch_see_every_step(network):
    optimizer = adamw(network)
    optimizer.register_step_post_hook(lambda *_: None)
    assert lean_steps(optimizer) is optimizer

    optimizer = adamw(network)
    torch.optim.lr_scheduler.StepLR(optimizer, 1)
    assert lean_steps(optimizer) is optimizer
