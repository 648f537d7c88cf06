from __future__ import annotations

import subprocess
import sys
import threading
import time
import weakref

import pytest
import torch

from skecg.parallel import _device_turns as turns
from skecg.parallel import device_turn

GPU = torch.device("cuda", 0)


@pytest.fixture(autouse=True)
def one_device(monkeypatch, tmp_path):
    """Name a device that need not be there."""
    monkeypatch.setattr(turns, "_name", lambda device: f"device-{device.index}")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(turns.tempfile, "tempdir", None)


def most_at_once(n_fits: int, devices: list[torch.device]) -> int:
    """Run fits in threads and return how many of them were under way together."""
    running, most, lock = 0, 0, threading.Lock()

    def fit(device):
        nonlocal running, most
        with device_turn(device):
            with lock:
                running += 1
                most = max(most, running)
            time.sleep(0.2)
            with lock:
                running -= 1

    threads = [
        threading.Thread(target=fit, args=(devices[i % len(devices)],)) for i in range(n_fits)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return most


def test_one_fit_at_a_time_on_a_device():
    assert most_at_once(4, [GPU]) == 1


@pytest.mark.parametrize("n", [2, 3])
def test_as_many_as_asked_for(n, monkeypatch):
    monkeypatch.setenv("SKECG_FITS_PER_DEVICE", str(n))
    assert most_at_once(6, [GPU]) == n


def test_other_devices_do_not_wait():
    assert most_at_once(4, [GPU, torch.device("cuda", 1)]) == 2
    assert most_at_once(3, [torch.device("cpu")]) == 3


def test_another_process_waits():
    code = (
        "import time, torch; from skecg.parallel import _device_turns as t; "
        "t._name = lambda device: 'device-0'\n"
        "with t.device_turn(torch.device('cuda', 0)): print('in', flush=True); time.sleep(1)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        started = time.monotonic()
        with device_turn(GPU):
            waited = time.monotonic() - started
    assert waited > 0.5


def test_a_fit_inside_of_a_fit_does_not_wait_for_itself():
    with device_turn(GPU), device_turn(GPU):
        pass
    assert most_at_once(2, [GPU]) == 1  # and the place is free again


def test_an_error_frees_the_place():
    with pytest.raises(KeyError), device_turn(GPU):
        raise KeyError
    assert most_at_once(1, [GPU]) == 1


def test_too_little_memory_names_the_remedy_and_keeps_no_tensor(monkeypatch):
    monkeypatch.setenv("SKECG_FITS_PER_DEVICE", "3")
    kept = []

    def fit():
        activations = torch.ones(3)
        kept.append(weakref.ref(activations))
        raise torch.OutOfMemoryError("tried to allocate 2 GiB")

    with pytest.raises(torch.OutOfMemoryError, match="batch_size") as caught, device_turn(GPU):
        fit()
    assert "SKECG_FITS_PER_DEVICE=3" in str(caught.value)
    assert "tried to allocate 2 GiB" in str(caught.value)
    assert kept[0]() is None
    assert most_at_once(6, [GPU]) == 3  # and the places are free again


@pytest.mark.parametrize("value", ["0", "-1", "two", ""])
def test_a_number_that_is_none_is_refused(value, monkeypatch):
    monkeypatch.setenv("SKECG_FITS_PER_DEVICE", value)
    with pytest.raises(ValueError, match="SKECG_FITS_PER_DEVICE"), device_turn(GPU):
        pass


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_memory_of_a_fit_is_given_back():
    with device_turn(GPU):
        block = torch.empty(2**28, dtype=torch.uint8, device=GPU)
        assert torch.cuda.memory_reserved(GPU) >= 2**28
        del block
    assert torch.cuda.memory_reserved(GPU) < 2**28
