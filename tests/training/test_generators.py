from __future__ import annotations

import threading

import numpy as np
import pytest
import torch

from skecg.training import draw_seed, isolated_generators

CPU = torch.device("cpu")


def test_the_seed_decides_inside_and_nothing_changes_outside():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    draws = []
    for _ in range(2):
        with isolated_generators(3, CPU):
            draws.append(torch.rand(4))
        assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(*draws)


def test_state_is_restored_after_an_error():
    before = torch.get_rng_state()
    with pytest.raises(ZeroDivisionError), isolated_generators(3, CPU):
        1 / 0  # noqa: B018
    assert torch.equal(torch.get_rng_state(), before)


def test_threads_do_not_take_each_others_numbers():
    found = {}

    def draw(name):
        with isolated_generators(3, CPU):
            found[name] = torch.stack([torch.rand(1) for _ in range(200)])

    threads = [threading.Thread(target=draw, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(torch.equal(found[0], draws) for draws in found.values())


def test_seeds():
    assert draw_seed(7) == 7
    assert draw_seed(np.random.RandomState(0)) == draw_seed(np.random.RandomState(0))
    assert draw_seed(np.random.default_rng(0)) == draw_seed(np.random.default_rng(0))
    assert draw_seed(None) != draw_seed(None)
