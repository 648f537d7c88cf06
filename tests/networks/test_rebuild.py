from __future__ import annotations

import threading
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from skecg.networks import (
    check_network,
    check_size,
    check_weights,
    no_larger_than,
    weights_as_arrays,
)


def network(width: int = 3, n_layers: int = 2) -> nn.Module:
    return nn.Sequential(*(nn.Linear(width, width) for _ in range(n_layers)), nn.BatchNorm1d(width))


@pytest.fixture
def weights():
    return weights_as_arrays(network())


def test_a_network_fits_its_own_weights(weights):
    check_network(network, weights, torch.float32)
    check_weights(network(), weights)


@pytest.mark.parametrize("arguments", [{"width": 4}, {"n_layers": 1}, {"n_layers": 3}])
def test_other_weights_are_named(weights, arguments):
    with pytest.raises(ValueError, match="do not fit the network: '"):
        check_network(lambda: network(**arguments), weights, torch.float32)


def test_another_number_format_is_named(weights):
    with pytest.raises(ValueError, match=r"must be float64 of shape .*; got float32 of shape"):
        check_network(network, weights, torch.float64)


@pytest.mark.parametrize("arguments", [{"width": 10**9}, {"n_layers": 10**9}])
def test_a_gigantic_network_is_not_built(weights, arguments):
    with pytest.raises(ValueError, match="much larger than the given weights"):
        check_network(lambda: network(**arguments), weights, torch.float32)
    with pytest.raises(ValueError, match="much larger"), no_larger_than(weights):
        network(**{key: min(value, 10_000) for key, value in arguments.items()})


def test_the_bound_is_for_the_block_and_its_thread_only(weights):
    built = []
    with no_larger_than(weights):
        thread = threading.Thread(target=lambda: built.append(network(width=50)))
        thread.start()
        thread.join()
    built.append(network(width=50))
    assert len(built) == 2


def test_no_memory_is_taken_for_what_is_only_compared():
    weights = {"weight": np.broadcast_to(np.float32(0), (10**6, 10**6))}
    check_network(lambda: nn.Linear(10**6, 10**6, bias=False), weights, torch.float32)


def test_a_network_that_keeps_more_than_tensors_cannot_be_written():
    class Keeper(nn.Linear):
        def get_extra_state(self):
            return {"code": print}

        def set_extra_state(self, state):
            pass

    with pytest.raises(TypeError, match="must contain only tensors; got '_extra_state'"):
        weights_as_arrays(Keeper(2, 2))


def test_a_factory_without_a_module_is_a_users():
    def factory():
        raise AssertionError("a user's network is not built to be measured")

    factory.__module__ = None  # as of a function made by exec
    check_size(partial(factory))
