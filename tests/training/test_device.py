from __future__ import annotations

import pytest
import torch

from skecg.training import Precision, _device, cpu_threads, resolve_device, resolve_precision
from skecg.training._device import full_float32, timed_convolutions

CPU = torch.device("cpu")


def test_auto_takes_the_fastest_device_that_is_there():
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    if not torch.backends.mps.is_available():
        assert resolve_device("auto").type == expected


@pytest.mark.parametrize("name", ["gpu", "cuda:x", ""])
def test_a_name_of_no_device_is_refused(name):
    with pytest.raises(ValueError, match="not the name of a device"):
        resolve_device(name)


def test_an_absent_cuda_device_is_refused_with_the_count():
    with pytest.raises(ValueError, match=r"PyTorch sees \d+ CUDA devices"):
        resolve_device("cuda:99")


def test_precisions_by_name():
    assert resolve_precision("float32", CPU) == Precision(torch.float32)
    assert resolve_precision("float64", CPU) == Precision(torch.float64)
    everywhere = Precision(torch.float32, torch.bfloat16, in_prediction=torch.bfloat16)
    assert resolve_precision("bfloat16", CPU) == everywhere


@pytest.mark.parametrize("has_units", [True, False])
def test_auto_is_bfloat16_in_training_alone(monkeypatch, has_units):
    monkeypatch.setattr(_device, "cpu_has_bfloat16_units", lambda: has_units)
    in_training = Precision(torch.float32, torch.bfloat16)
    assert resolve_precision("auto", CPU) == (
        in_training if has_units else Precision(torch.float32)
    )


@pytest.mark.parametrize(
    ("device", "products", "deterministic", "expected"),
    [
        ("cuda", None, False, True),
        ("cuda", None, True, False),
        ("cuda", torch.bfloat16, False, False),
        ("cpu", None, False, False),
    ],
)
def test_algorithms_of_float32_on_cuda_are_timed(
    device, products, deterministic, expected, monkeypatch
):
    monkeypatch.setattr(torch, "are_deterministic_algorithms_enabled", lambda: deterministic)
    with timed_convolutions(torch.device(device), products):
        assert torch.backends.cudnn.benchmark is expected
    assert torch.backends.cudnn.benchmark is False


def test_predictions_on_cuda_keep_all_digits():
    cudnn = torch.backends.cudnn
    assert cudnn.allow_tf32  # PyTorch's default
    with full_float32(torch.device("cuda")):
        assert not cudnn.allow_tf32
        assert "tf32" not in (cudnn.conv.fp32_precision, cudnn.rnn.fp32_precision)
    assert (cudnn.conv.fp32_precision, cudnn.rnn.fp32_precision) == ("tf32", "tf32")
    with full_float32(CPU):
        assert cudnn.allow_tf32


def test_newer_settings_of_tf32_are_the_users():
    conv = torch.backends.cudnn.conv
    conv.fp32_precision = "ieee"
    try:
        with full_float32(torch.device("cuda")):
            assert conv.fp32_precision == "ieee"
            assert torch.backends.cudnn.rnn.fp32_precision == "tf32"
    finally:
        conv.fp32_precision = "tf32"


def test_threads_are_restored_after_an_error():
    before = torch.get_num_threads()
    with cpu_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    with pytest.raises(ZeroDivisionError), cpu_threads(before + 1):
        1 / 0  # noqa: B018
    assert torch.get_num_threads() == before
