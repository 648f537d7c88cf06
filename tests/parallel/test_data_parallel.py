from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from socket import socket

import numpy as np
import pytest
import torch
from parallel import train_together

from skecg import ECGResidualCNNClassifier
from skecg.datasets import make_beats
from skecg.parallel import _share, data_parallel
from skecg.training import SeveralLabels, resolve_device

ROOT = Path(__file__).resolve().parents[2]
CASES = [case.__name__ for case in train_together.SAME]


@pytest.fixture(scope="module")
def launch(tmp_path_factory):
    """Run the script on two processes; the last thing it does is to fail in one of them."""
    folder = tmp_path_factory.mktemp("together")
    script = ROOT / "tests" / "parallel" / "train_together.py"
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [
        *(sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu"),
        *("--num_processes", "2", "--main_process_port", port, str(script), str(folder)),
    ]
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=300
    )
    files = [folder / "0.pt", folder / "1.pt"]
    assert all(file.exists() for file in files), done.stderr
    return done, [torch.load(file) for file in files]


@pytest.fixture(scope="module")
def together(launch):
    return launch[1]


@pytest.fixture(scope="module")
def alone():
    return {case.__name__: train_together.record(case()) for case in train_together.SAME}


@pytest.mark.parametrize("case", CASES)
def test_two_processes_take_the_steps_of_one(together, alone, case):
    # In float64, whose rounding is 1e-16. Biases before a batch normalisation have gradients of
    # nothing but rounding, which AdamW divides by not less than 1e-8. Seen: up to 1.02e-8.
    tolerance = 2e-8 if case.startswith("normalised") else 1e-12
    shared, single = together[0][case], alone[case]
    np.testing.assert_allclose(shared["losses"], single["losses"], rtol=1e-12)
    torch.testing.assert_close(shared["weights"], single["weights"], rtol=0, atol=tolerance)


@pytest.mark.parametrize("case", [*CASES, "with_dropout", "without_a_seed", "augmented"])
def test_all_processes_have_the_same_bits(together, case):
    first, second = (results[case] for results in together)
    assert first["losses"] == second["losses"]
    torch.testing.assert_close(first["weights"], second["weights"], rtol=0, atol=0)


def test_a_killed_training_goes_on_in_all_processes(together):
    for results in together:
        n_before, (whole, resumed, finished) = results["resumed"]
        assert n_before == 1
        for other in (resumed, finished):
            assert other["losses"] == whole["losses"]
            torch.testing.assert_close(other["weights"], whole["weights"], rtol=0, atol=0)


def test_early_stopping_stops_before_the_last_epoch(together):
    assert len(together[0]["stopped_early"]["losses"]) < 40  # else the case above shows little


def test_callbacks_see_their_part_of_a_batch_and_the_whole_gradient(together, alone):
    first, second, single = (results["listened_to"]["seen"] for results in (*together, alone))
    # 65 samples to train on, 7 held out; the latter are seen whole, for scores of all of them.
    assert single["sizes"][:4] == [(True, 32), (True, 32), (True, 1), (False, 7)]
    assert first["sizes"][:4] == [(True, 16), (True, 16), (True, 1), (False, 7)]
    assert second["sizes"][:4] == [(True, 16), (True, 16), (True, 1), (False, 7)]
    assert second["losses"][2] == 0.0  # it took part without a sample of its own
    training = np.array([kind for kind, _ in single["sizes"]])
    summed = np.where(training, np.add(first["losses"], second["losses"]), first["losses"])
    np.testing.assert_allclose(summed, single["losses"], rtol=1e-12)
    np.testing.assert_allclose(first["gradients"], single["gradients"], rtol=1e-12)


def test_every_process_draws_dropout_of_its_own(together):
    first, second = (results["with_dropout"]["seen"]["drawn"] for results in together)
    assert first != second


def test_other_samples_are_refused_in_all_processes(together):
    for results in together:
        message = results["other_samples"]
        assert "got different number of samples, labels of samples. Set the random" in message


def test_the_progress_bar_is_the_main_processs(together):
    assert "3/3" in together[0]["bar"]
    assert together[1]["bar"] == ""


def test_a_process_in_trouble_ends_the_launch(launch):
    done, _ = launch
    assert done.returncode != 0
    assert "one process is in trouble" in done.stderr


# One process --------------------------------------------------------------------------------------


@pytest.fixture
def accelerator():
    accelerate = pytest.importorskip("accelerate")
    yield accelerate.Accelerator(cpu=True)
    accelerate.state.AcceleratorState._reset_state(reset_partial_state=True)


def test_a_single_process_trains_as_without_the_block(accelerator):
    X, y = make_beats(60, random_state=0, return_X_y=True)
    classifier = ECGResidualCNNClassifier(n_filters=4, max_epochs=2, dropout=0.2, random_state=0)
    expected = classifier.fit(X, y).predict_proba(X)
    with data_parallel(accelerator) as same:
        assert same is accelerator
        found = classifier.fit(X, y).predict_proba(X)
    assert np.array_equal(found, expected)


def test_auto_is_the_device_of_the_process():
    share = _share.Share(1, 2, torch.device("cuda", 1))
    token = _share._CURRENT.set(share)
    try:
        assert resolve_device("auto") == torch.device("cuda", 1)
        assert resolve_device("cpu") == torch.device("cpu")
        assert not _share.is_main_process()
    finally:
        _share._CURRENT.reset(token)
    assert resolve_device("auto") != torch.device("cuda", 1) or torch.cuda.device_count() > 1
    share.require_device(torch.device("cuda"))
    with pytest.raises(
        ValueError, match=r"must be 'cuda:1' .*; got device='cpu'\. Use device='auto'"
    ):
        share.require_device(torch.device("cpu"))
    with pytest.raises(ValueError, match="device='cuda:0'"):
        share.require_device(torch.device("cuda", 0))


@pytest.mark.parametrize("n_processes", [1, 2, 3, 8])
@pytest.mark.parametrize("n_samples", [1, 2, 7])
def test_parts_of_a_batch_make_up_the_batch(n_processes, n_samples):
    X, y = make_beats(n_samples, random_state=0, return_X_y=True)
    weights = torch.linspace(1, 2, n_samples)
    whole = _share.Batches(X, y, weights, device=torch.device("cpu"), dtype=torch.float32)
    index = torch.arange(n_samples).flip(0)
    sums, labels = [], []
    for rank in range(n_processes):
        part = _share.OwnPart(whole, _share.Share(rank, n_processes, torch.device("cpu")))
        assert len(part) == n_samples
        samples, targets, own = part.take(index)
        assert len(samples) == len(targets) == len(own) >= 1
        sums.append(own.mean())  # the mean that a loss is, were every sample's loss 1
        labels.extend(targets[targets >= 0].tolist())
    assert labels == y[::-1].tolist()
    torch.testing.assert_close(sum(sums), weights.mean())


@pytest.mark.parametrize("weights", [None, (7,), (7, 3)])
@pytest.mark.parametrize("n_processes", [2, 8])
def test_parts_of_a_batch_of_several_labels_make_up_its_loss_and_hits(n_processes, weights):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, (7, 3)).astype(np.float32)
    given = None if weights is None else rng.uniform(1, 2, weights)
    whole = _share.Batches(
        rng.normal(size=(7, 3)), y, given, device=torch.device("cpu"), dtype=torch.float64
    )
    targets, index, losses, hits = SeveralLabels(), torch.arange(7), [], []
    for rank in range(n_processes):
        part = _share.OwnPart(whole, _share.Share(rank, n_processes, torch.device("cpu")))
        logits, own, its_weights = part.take(index)  # the samples stand for a network's outputs
        losses.append(targets.loss(logits, own, its_weights))
        hits.append(targets.n_right(logits, own))
    torch.testing.assert_close(sum(losses), targets.loss(*whole.take(index)))
    assert sum(hits) == targets.n_right(whole.X, whole.y)


def test_a_launch_that_accelerate_does_not_know_of_is_refused(accelerator, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ValueError, match=r"2 processes were launched.*Accelerator\(cpu=True\)"):
        data_parallel(accelerator).__enter__()


def test_a_launcher_that_started_one_process_only_is_told(accelerator, monkeypatch):
    monkeypatch.setenv("MASTER_PORT", "29500")
    monkeypatch.setenv("ACCELERATE_USE_CPU", "True")
    with pytest.warns(UserWarning, match="launch --multi_gpu"), data_parallel(accelerator):
        pass


def test_models_in_parts_are_refused(accelerator, monkeypatch):
    from accelerate import DistributedType

    monkeypatch.setattr(accelerator.state, "distributed_type", DistributedType.FSDP)
    with pytest.raises(ValueError, match="of type FSDP"):
        data_parallel(accelerator).__enter__()


def test_something_else_is_refused():
    pytest.importorskip("accelerate")
    with pytest.raises(TypeError, match=r"must be an accelerate\.Accelerator or None; got 'cpu'"):
        data_parallel("cpu").__enter__()


def test_missing_accelerate_is_told_with_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(ImportError, match=r'pip install "skecg\[accelerate\]"'):
        data_parallel().__enter__()
