"""Classification of records by patient: by a vote of the beats, the median beat or the window.

PTB-XL, lead II at 125 Hz, infarction against normal, five folds by patient, one prediction per
record of 10 s. All rows use the same network and recipe. A record has many beats but one median and
one window, so that the number of epochs is chosen to give about the same number of steps.

    python benchmarks/accuracy_records.py
    python benchmarks/accuracy_records.py --detector sleepecg
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline

from skecg import BeatSegmenter, BeatVoteClassifier, ECGResidualCNNClassifier
from skecg.datasets import load_ptbxl
from skecg.model_selection import bootstrap_interval


def scores(y: np.ndarray, probabilities: np.ndarray) -> list[float]:
    predicted = probabilities.argmax(axis=1)
    f1 = f1_score(y, predicted, average="macro")
    return [accuracy_score(y, predicted), f1, roc_auc_score(y, probabilities[:, 1])]


def report(
    name: str,
    folds: list[list[float]],
    seconds: list[float],
    y: np.ndarray,
    probabilities: np.ndarray,
    patients: np.ndarray,
) -> None:
    mean, spread = np.mean(folds, axis=0), np.std(folds, axis=0, ddof=1)
    columns = (f"{m:.3f} +- {s:.3f}" for m, s in zip(mean, spread))
    interval = bootstrap_interval(
        lambda y, p: scores(y, p)[1], y, probabilities, groups=patients, random_state=0
    )
    print(f"{name:30s} {'  '.join(columns)}  {interval}  {np.mean(seconds):.1f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=300, help="approximate steps per fit")
    parser.add_argument("--detector", default="threshold")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", message=".*have no beat")

    records = load_ptbxl(task="mi-vs-norm", sampling_rate=125, leads="II")
    X, y, groups = records.data, records.target, records.groups
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    folds = list(folds.split(X, y, groups))
    segmenter = BeatSegmenter(sampling_rate=125, scale="beat", detector=arguments.detector)
    n_beats = np.bincount(segmenter.segment(X).row, minlength=len(X))
    share = [np.average(n_beats, weights=y == label) for label in (0, 1)]
    print(
        f"{len(X)} records of {len(set(groups.tolist()))} patients, {y.mean():.1%} with "
        f"infarction; beats of a record: {share[0]:.1f} of normal, {share[1]:.1f} of infarction; "
        f"{np.count_nonzero(n_beats == 0)} records without a beat"
    )

    def network(n_samples: int, batch_size: int) -> ECGResidualCNNClassifier:
        # Each fit is on four of five folds.
        n_batches = max(1, round(0.8 * n_samples / batch_size))
        return ECGResidualCNNClassifier(
            max_epochs=max(1, round(arguments.steps / n_batches)),
            batch_size=batch_size,
            random_state=0,
        )

    def run(model: BaseEstimator, votings: dict[str, str]) -> None:
        found, seconds = {name: [] for name in votings}, []
        out_of_fold = {name: np.empty((len(y), 2)) for name in votings}
        for train, test in folds:
            fitted, started = clone(model), time.process_time()
            fitted.fit(X[train], y[train])
            seconds.append(time.process_time() - started)
            for name, voting in votings.items():
                if voting:
                    # The training does not depend on the voting.
                    fitted.set_params(voting=voting)
                out_of_fold[name][test] = fitted.predict_proba(X[test])
                found[name].append(scores(y[test], out_of_fold[name][test]))
        for name in votings:
            report(name, found[name], seconds, y, out_of_fold[name], groups)

    print(
        f"\n{'':30s} accuracy        macro-F1        AUC             macro-F1, 95 % by patient  "
        "CPU s per fit"
    )
    beats = network(n_beats.sum(), 128)
    for beat_weight in ("equal", "shared"):
        model = BeatVoteClassifier(segmenter, beats, beat_weight=beat_weight)
        run(model, {f"vote, {v}, {beat_weight}": v for v in ("soft", "hard", "mean-logit")})
    run(make_pipeline(segmenter, network(len(X), 32)), {"median beat": ""})
    run(network(len(X), 32), {"window of 10 s": ""})


if __name__ == "__main__":
    main()
