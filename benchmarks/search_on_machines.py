"""Time and scores of a search in one process, on loky, Dask and Ray.

The residual network is fitted on every tenth beat of the published training records (DS1), with 4
settings x 3 folds by subject and no refit. "Worker killed" sends SIGKILL to a worker at the third
score. Workers are started before the measurement, but the time includes their import of PyTorch.
Ray is skipped if it is not installed, as it is not a dependency of skecg.

    python benchmarks/search_on_machines.py
    python benchmarks/search_on_machines.py --every 40 --epochs 1
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import joblib
import numpy as np
from distributed import Client, LocalCluster
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold

from skecg import ECGResidualCNNClassifier
from skecg.datasets import beat_windows_from_records, get_data_home, load_mitbih, make_beats
from skecg.model_selection import DE_CHAZAL_DS1
from skecg.parallel import RecoverableClient


class AccuracyWithAccident:
    """Accuracy scorer that kills the worker that computes the third score."""

    def __init__(self, log: str) -> None:
        self.log = Path(log)

    def __call__(self, estimator, X, y) -> float:
        with self.log.open("a") as file:
            file.write("x")
        if self.log.stat().st_size == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return estimator.score(X, y)


def load(every: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if (get_data_home() / "mitdb").is_dir():
        beats = beat_windows_from_records(load_mitbih(records=DE_CHAZAL_DS1))
    else:
        print("no MIT-BIH database found; using generated beats")
        beats = make_beats(50_000, n_subjects=20, random_state=0)
    return beats.data[::every], beats.target[::every], beats.groups[::every]


@contextmanager
def on_dask(client_class: type[Client]) -> Iterator[None]:
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        client_class(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        yield


@contextmanager
def on_ray(**actor_options: int) -> Iterator[None]:
    import ray
    from ray.util.joblib import register_ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    register_ray()
    try:
        with joblib.parallel_config(backend="ray", n_jobs=2, ray_remote_args=actor_options):
            yield
    finally:
        ray.shutdown()


PLACES = {
    "local, n_jobs=1": (lambda: joblib.parallel_config(n_jobs=1), False),
    "loky, n_jobs=2": (lambda: joblib.parallel_config(backend="loky", n_jobs=2), False),
    "Dask, 2 workers": (lambda: on_dask(RecoverableClient), False),
    "Dask, worker killed": (lambda: on_dask(RecoverableClient), True),
    "Dask, distributed.Client, worker killed": (lambda: on_dask(Client), True),
    "Ray, 2 workers": (on_ray, False),
    "Ray, worker killed": (on_ray, True),
    "Ray, worker killed, retries": (lambda: on_ray(max_restarts=3, max_task_retries=3), True),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, default=10, help="use every n-th beat")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--only", nargs="*", default=list(PLACES), choices=PLACES, metavar="PLACE")
    arguments = parser.parse_args()
    X, y, groups = load(arguments.every)
    print(f"{len(X)} beats of {len(np.unique(groups))} people, {X.nbytes / 1e6:.0f} MB\n")
    print("| place | wall s | same scores |\n|---|---|---|")
    reference = None
    for name, (place, accident) in PLACES.items():
        if name not in arguments.only or ("Ray" in name and not importlib.util.find_spec("ray")):
            continue
        with tempfile.TemporaryDirectory() as folder, place():
            search = GridSearchCV(
                ECGResidualCNNClassifier(max_epochs=arguments.epochs, n_threads=1, random_state=0),
                {"learning_rate": [1e-3, 3e-3], "dropout": [0.0, 0.2]},
                scoring=AccuracyWithAccident(f"{folder}/log") if accident else None,
                cv=StratifiedGroupKFold(3),
                error_score="raise",
                refit=False,
            )
            started = time.perf_counter()
            try:
                search.fit(X, y, groups=groups)
            except Exception as error:  # the error of each backend is part of the result
                outcome = f"search lost: {type(error).__name__}"
            else:
                scores = [search.cv_results_[f"split{fold}_test_score"] for fold in range(3)]
                reference = scores if reference is None else reference
                outcome = "yes" if np.array_equal(scores, reference) else "NO"
            seconds = time.perf_counter() - started
        print(f"| {name} | {seconds:.0f} | {outcome} |", flush=True)


if __name__ == "__main__":
    main()
