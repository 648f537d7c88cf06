"""Searches on the workers of Dask and Ray."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline

from skecg import ECGNeuralClassifier, ECGResidualCNNClassifier
from skecg.datasets import beat_windows_from_records, load_mitbih, make_beats
from skecg.preprocessing import BeatSegmenter

pytest.importorskip("distributed", reason='pip install "skecg[dask]"')
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def cluster():
    from distributed import LocalCluster

    with pytest.MonkeyPatch.context() as patch:
        # Else the workers would inherit the number of threads that the tests run with.
        patch.delenv("OMP_NUM_THREADS", raising=False)
        with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
            yield cluster


@pytest.fixture
def client(cluster):
    from skecg.parallel import RecoverableClient

    with RecoverableClient(cluster) as client:
        client.wait_for_workers(2)  # one may be on its way back from a test that killed it
        yield client


def mitbih_beats(data_home):
    beats = beat_windows_from_records(load_mitbih(data_home, records=[106, 119, 208, 223]))
    known = np.flatnonzero(np.isin(beats.symbol, ["N", "V"]))[::40]
    return beats.data[known], beats.symbol[known], beats.groups[known]


def generated_beats():
    beats = make_beats(150, n_subjects=4, random_state=0)
    return beats.data, beats.target_names[beats.target], beats.groups


def residual_search(scoring="accuracy"):
    return GridSearchCV(
        ECGResidualCNNClassifier(max_epochs=1, n_threads=1, random_state=0),
        {"learning_rate": [1e-4, 3e-3]},
        scoring=scoring,
        cv=GroupKFold(2),
        error_score="raise",
    )


def assert_same_search(search, expected):
    assert search.best_params_ == expected.best_params_
    for name in ("split0_test_score", "split1_test_score"):
        assert search.cv_results_[name].tolist() == expected.cv_results_[name].tolist()


@pytest.mark.parametrize("kind", ["generated", "real"])
def test_a_search_on_dask_gives_the_scores_of_one_here(client, kind, request):
    if kind == "real":
        X, y, groups = mitbih_beats(request.getfixturevalue("data_home"))
    else:
        X, y, groups = generated_beats()
    here = residual_search().fit(X, y, groups=groups)
    with joblib.parallel_config(backend="dask"):
        there = residual_search().fit(X, y, groups=groups)
    assert_same_search(there, here)


class AccuracyWithAccident:
    """Accuracy; the worker that is asked for the third one is killed."""

    def __init__(self, log: Path) -> None:
        self.log = log

    def __call__(self, estimator, X, y) -> float:
        with self.log.open("a") as file:
            file.write("x")
        if self.log.stat().st_size == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return estimator.score(X, y)


def test_a_killed_worker_does_not_lose_the_search(client, tmp_path):
    X, y, groups = generated_beats()
    here = residual_search().fit(X, y, groups=groups)
    log = tmp_path / "scores"
    with joblib.parallel_config(backend="dask"):
        there = residual_search(AccuracyWithAccident(log)).fit(X, y, groups=groups)
    assert log.stat().st_size >= 5  # 4 scores, and at least the one that was lost
    assert_same_search(there, here)


def test_every_worker_computes_with_one_thread(client):
    threads = client.run(lambda: torch.get_num_threads())
    assert list(threads.values()) == [1, 1]


def test_an_array_is_handed_over_once_for_all_fits(client, monkeypatch):
    handed_over = []
    original = client._hand_over

    def counted(data, workers):
        handed_over.append(id(data))
        return original(data, workers)

    monkeypatch.setattr(client, "_hand_over", counted)
    X, y, groups = generated_beats()
    with joblib.parallel_config(backend="dask"):
        residual_search().fit(X, y, groups=groups)
    assert handed_over.count(id(X)) == 1


def test_scatter_keeps_the_form_of_the_data_and_is_silent_about_its_size(client):
    large = np.zeros(12_000_000, np.uint8)  # Dask warns from 10 MB on
    first, second = client.scatter([large, "text"], broadcast=True)
    assert first.result().shape == large.shape
    assert second.result() == "text"
    assert client.scatter({"one": 1}).result() == {"one": 1}


def test_a_pipeline_is_cross_validated_by_groups_on_dask(client):
    X, y, groups = generated_beats()
    beat = np.exp(-0.5 * ((np.arange(100) - 50) / 3) ** 2)
    windows = np.tile(beat, (len(X), 12)) + 0.05 * np.tile(X, 7)[:, :1200]
    model = make_pipeline(
        BeatSegmenter(), ECGResidualCNNClassifier(max_epochs=1, n_threads=1, random_state=0)
    )
    here = cross_val_score(model, windows, y, groups=groups, cv=GroupKFold(2))
    with joblib.parallel_config(backend="dask"):
        there = cross_val_score(model, windows, y, groups=groups, cv=GroupKFold(2))
    assert there.tolist() == here.tolist()


def test_a_network_that_is_defined_in_the_users_script_reaches_the_workers(client):
    class UsersNetwork(torch.nn.Sequential):
        def __init__(self) -> None:
            super().__init__(torch.nn.Flatten(), torch.nn.Linear(187, 5))

    UsersNetwork.__module__ = "__main__"  # which no worker can import
    X, y, groups = generated_beats()
    model = ECGNeuralClassifier(module=UsersNetwork, max_epochs=1, n_threads=1, random_state=0)
    arguments = {"groups": groups, "cv": GroupKFold(2), "return_estimator": True}
    here = cross_validate(model, X, y, **arguments)
    with joblib.parallel_config(backend="dask"):
        there = cross_validate(model, X, y, **arguments)
    for one, other in zip(here["estimator"], there["estimator"]):
        np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))


def test_without_dask_the_error_says_what_to_install():
    code = (
        "import sys; sys.modules['distributed'] = None; "
        "from skecg.parallel import RecoverableClient"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert 'pip install "skecg[dask]"' in done.stderr.splitlines()[-1]


SEARCH_ON_RAY = """
import joblib
import ray
from ray.util.joblib import register_ray

from tests.parallel.test_dask import assert_same_search, generated_beats, residual_search

X, y, groups = generated_beats()
here = residual_search().fit(X, y, groups=groups)
ray.init(num_cpus=2, include_dashboard=False)
register_ray()
with joblib.parallel_config(backend="ray", n_jobs=2):
    there = residual_search().fit(X, y, groups=groups)
assert_same_search(there, here)
"""


@pytest.mark.slow  # some 10 s for starting and stopping Ray
def test_a_search_on_ray_gives_the_scores_of_one_here(tmp_path):
    pytest.importorskip("ray", reason="pip install ray")
    # A process of its own: Ray leaves settings behind, in the process and in the home folder.
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", SEARCH_ON_RAY], env=environment, cwd=ROOT, check=True)
