"""Fixtures shared by the whole suite."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    # Before PyTorch is imported: workers share the cores, and small networks need only one.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_configure(config: pytest.Config) -> None:
    """Let the tests run on the CPU, of whose bits, speed and memory they speak.

    ``device="auto"`` takes a CUDA device where there is one, so it is hidden from all tests but
    those of ``pytest -m gpu``.
    """
    if config.option.markexpr != "gpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    else:  # read at the first product: without it, cuBLAS does not promise the same bits twice
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


@pytest.fixture(scope="session")
def data_home() -> Path:
    """Folder of the real data: ``$SKECG_DATA``, else ``../shared/data`` beside the checkout."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("SKECG_DATA", beside))
    if folder.is_dir():
        return folder
    reason = f"the real data is not at {folder}; set SKECG_DATA to the folder that holds mitdb/"
    if os.environ.get("SKECG_REQUIRE_DATA") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
