"""
A search on several machines
============================

``GridSearchCV`` hands its fits to joblib, and joblib hands them to a Dask cluster. Nothing in the
search changes, and neither do its scores. Needs ``pip install "skecg[dask]"``.

With the MIT-BIH Arrhythmia Database (in the folder that the environment variable ``SKECG_DATA``
names) it searches on heartbeats of sixteen of its people, else on generated ones.
"""

from __future__ import annotations

import os
from pathlib import Path

import joblib
from distributed import LocalCluster
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold

from skecg import ECGResidualCNNClassifier
from skecg.datasets import beat_windows_from_records, load_mitbih, make_beats
from skecg.parallel import RecoverableClient


def main() -> None:
    # %%
    # Beats, and of every beat the person.
    home = os.environ.get("SKECG_DATA", "")
    if (Path(home) / "mitdb").is_dir():
        train = [101, 106, 108, 109, 112, 114, 115, 116, 118, 119, 122, 124, 203, 207, 208, 223]
        beats = beat_windows_from_records(load_mitbih(home, records=train))
        X, y, groups = beats.data[::10], beats.target[::10], beats.groups[::10]
    else:
        beats = make_beats(300, n_subjects=6, random_state=0)
        X, y, groups = beats.data, beats.target, beats.groups

    # %%
    # The search. With ``n_threads=1`` sums are grouped alike on every machine, so that its scores
    # are the same to the last bit wherever a fit runs.
    search = GridSearchCV(
        ECGResidualCNNClassifier(max_epochs=2, n_threads=1, random_state=0),
        {"learning_rate": [1e-3, 3e-3], "dropout": [0.0, 0.2]},
        scoring="balanced_accuracy",
        cv=StratifiedGroupKFold(3),
    )

    # %%
    # Two worker processes here; for several machines, the address of their scheduler
    # (``RecoverableClient("tcp://scheduler:8786")``) or a cluster of dask-jobqueue or
    # dask-kubernetes. joblib hands X over once, and Dask gives every worker one thread.
    #
    # With Dask's own ``Client`` a worker that dies takes along the arrays that lie on it, and the
    # search ends with a ``FutureCancelledError``. ``RecoverableClient`` restores them, and the fits
    # that were under way are repeated.
    #
    # Ray takes the same search: ``ray.util.joblib.register_ray()``, then
    # ``joblib.parallel_config(backend="ray", ray_remote_args={"max_restarts": 3,
    # "max_task_retries": 3})``, without which a worker that dies ends the search there, too.
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        RecoverableClient(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        search.fit(X, y, groups=groups)
    print(f"{len(X)} beats, best: {search.best_params_}, {search.best_score_:.3f}")


# %%
# Workers are started as new processes that import this file, so that what it does must stand
# behind this line.
if __name__ == "__main__":
    main()
