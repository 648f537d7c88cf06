"""
A search on several machines
============================

``GridSearchCV`` runs its fits with joblib, which can run them on a Dask cluster. Neither the search
nor its scores change. Requires ``pip install "skecg[dask]"``.

The example uses heartbeats of sixteen people from the MIT-BIH Arrhythmia Database if it is in the
folder given by the environment variable ``SKECG_DATA``, otherwise generated ones.
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
    # Load the beats, their classes and their subjects.
    home = os.environ.get("SKECG_DATA", "")
    if (Path(home) / "mitdb").is_dir():
        train = [101, 106, 108, 109, 112, 114, 115, 116, 118, 119, 122, 124, 203, 207, 208, 223]
        beats = beat_windows_from_records(load_mitbih(home, records=train))
        X, y, groups = beats.data[::10], beats.target[::10], beats.groups[::10]
        n_numbers = beats.n_numbers
    else:
        beats = make_beats(300, n_subjects=6, random_state=0)
        X, y, groups = beats.data, beats.target, beats.groups
        n_numbers = 0

    # %%
    # Define the search. With ``n_threads=1``, sums are computed in the same order on each machine,
    # so that the scores do not depend on where a fit runs.
    search = GridSearchCV(
        ECGResidualCNNClassifier(
            n_side_features=n_numbers, max_epochs=2, n_threads=1, random_state=0
        ),
        {"learning_rate": [1e-3, 3e-3], "dropout": [0.0, 0.2]},
        scoring="balanced_accuracy",
        cv=StratifiedGroupKFold(3),
    )

    # %%
    # This example starts two local worker processes. For several machines, pass the address of
    # their scheduler (``RecoverableClient("tcp://scheduler:8786")``) or a cluster of dask-jobqueue
    # or dask-kubernetes. joblib sends X once, and Dask runs one thread per worker.
    #
    # With ``distributed.Client``, the arrays on a worker are lost with it, and the search ends with
    # a ``FutureCancelledError``. ``RecoverableClient`` restores the arrays and repeats the
    # interrupted fits.
    #
    # The same search runs on Ray: call ``ray.util.joblib.register_ray()``, then use
    # ``joblib.parallel_config(backend="ray", ray_remote_args={"max_restarts": 3,
    # "max_task_retries": 3})``. Without these arguments, the loss of a worker ends the search.
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        RecoverableClient(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        search.fit(X, y, groups=groups)
    print(f"{len(X)} beats, best: {search.best_params_}, {search.best_score_:.3f}")


# %%
# Workers are new processes that import this file, so that the search must be started below this
# line.
if __name__ == "__main__":
    main()
