"""What an optimiser remembers is kept in numbers that processors are quick with."""

import numpy as np
import torch
from torch import nn

from skecg.samples import Batches
from skecg.training import LeanNet, resolve_optimizer, resolve_precision
from skecg.training._optimizers import forget_denormals

CPU = torch.device("cpu")
TINY = torch.finfo(torch.float32).tiny


def test_denormal_numbers_of_the_state_become_zero_and_nothing_else_changes():
    weight = nn.Parameter(torch.zeros(4))
    optimizer = torch.optim.AdamW([weight], fused=True)
    weight.grad = torch.ones(4)
    optimizer.step()
    state = optimizer.state[weight]
    state["exp_avg"].copy_(torch.tensor([TINY / 2, -TINY / 2, TINY, -1.0]))
    forget_denormals(optimizer)
    assert state["exp_avg"].tolist() == [0, 0, TINY, -1]
    assert state["step"] == 1
    assert (state["exp_avg_sq"] > 0).all()


def test_a_weight_without_gradient_for_a_thousand_steps_is_forgotten_by_the_next_epoch():
    # A column of ones for one epoch, then of zeros.
    X = np.ones((1_000, 2), np.float32)
    y = np.arange(1_000) % 2
    net = LeanNet(
        lambda: nn.Linear(2, 2),
        precision=resolve_precision("float32", CPU),
        optimizer=resolve_optimizer("adam", CPU),
        batch_size=1,
        verbose=0,
    ).initialize()
    means = []
    for column in (1, 0, 0):
        X[:, 1] = column
        batches = Batches(X, y, None, device=CPU, dtype=torch.float32)
        net.train(batches, n_epochs=1, generator=torch.Generator().manual_seed(0))
        means.append(net.optimizer_.state[net.module_.weight]["exp_avg"][:, 1].abs())
    assert (means[0] > TINY).all()
    assert ((means[1] > 0) & (means[1] < TINY)).all()
    assert (means[2] == 0).all()
