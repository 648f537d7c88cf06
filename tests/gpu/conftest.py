from __future__ import annotations

import pytest
import torch
from sklearn.base import clone


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "gpu" not in item.path.parts or "rehearsal" in item.name:
            continue
        item.add_marker(pytest.mark.gpu)
        if not torch.cuda.is_available():
            item.add_marker(pytest.mark.skip(reason="PyTorch sees no CUDA device"))


@pytest.fixture(params=["cuda", pytest.param("cpu", id="rehearsal", marks=pytest.mark.slow)])
def device(request: pytest.FixtureRequest) -> str:
    """Return the device; on the CPU, a test says nothing but that it could be run."""
    return request.param


@pytest.fixture
def placed(device: str):
    """Return what puts a classifier on the device."""

    def place(classifier, **params):
        return clone(classifier).set_params(device=device, random_state=0, **params)

    return place
