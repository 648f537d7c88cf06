"""Transfer from arrhythmia to myocardial infarction, by patient.

A network is fitted on the heartbeats of MIT-BIH (the Kaggle training file, rebuilt) and transferred
to the beats of PTB-XL: lead II at 125 Hz, infarction against normal, five folds by patient. The
published results are on PTB, split by beat. The source is fitted once and saved to a file.

The published R-peak rule detects different fractions of the beats in the two classes, so that the
number of beats of a record depends on its class; ``--detector sleepecg`` detects nearly all beats.

    python benchmarks/accuracy_transfer.py --network CNN --source cnn.skecg
    python benchmarks/accuracy_transfer.py --network ResidualCNN --source residual.skecg
"""

from __future__ import annotations

import argparse
import time
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import StratifiedGroupKFold

import skecg
from skecg.datasets import load_heartbeat, load_ptbxl
from skecg.model_selection import bootstrap_interval

# Network -> number of dense layers, of which the last 1, 2, ... are initialised and trained again.
DENSE_LAYERS = {"CNN": 4, "ResidualCNN": 3}


def fit_source(kind: type, n_epochs: int, path: Path) -> None:
    train, test = (load_heartbeat(source="mitbih", subset=part) for part in ("train", "test"))
    started = time.perf_counter()
    source = kind(max_epochs=n_epochs, random_state=0).fit(train.data, train.target)
    seconds = time.perf_counter() - started
    predicted = source.predict(test.data)
    metrics = {
        "accuracy": accuracy_score(test.target, predicted),
        "macro_f1": f1_score(test.target, predicted, average="macro"),
    }
    print(f"source on the Kaggle test beats: {metrics}, fit {seconds:.0f} s", flush=True)
    skecg.save(source, path, metrics=metrics)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", choices=DENSE_LAYERS, default="CNN")
    parser.add_argument("--source", type=Path, required=True, help="model file, fitted if absent")
    parser.add_argument("--source-epochs", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--detector", default="threshold")
    arguments = parser.parse_args()
    kind = getattr(skecg, f"ECG{arguments.network}Classifier")
    if not arguments.source.exists():
        fit_source(kind, arguments.source_epochs, arguments.source)
    source = FrozenEstimator(skecg.load(arguments.source))

    records = load_ptbxl(task="mi-vs-norm", sampling_rate=125, leads="II")
    segmenter = skecg.BeatSegmenter(sampling_rate=125, scale="beat", detector=arguments.detector)
    beats = segmenter.segment(records.data, records.target, records.groups)
    X, y, groups = beats.beats, beats.target, beats.group
    print(
        f"{len(X)} beats of {len(set(groups.tolist()))} patients, {y.mean():.1%} with infarction; "
        f"{len(records.data)} records"
    )
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    folds = list(folds.split(X, y, groups))

    rows = {"from scratch": {}}
    for k in range(1, DENSE_LAYERS[arguments.network] + 1):
        settings = {"n_trainable_layers": k, "reset_layers": "trainable"}
        rows[f"frozen, last {k} drawn anew"] = {"init_from": source, **settings}
    rows["all fine-tuned"] = {"init_from": source}
    print(f"\n{'':26s} accuracy        macro-F1        macro-F1, 95 % by patient  seconds per fit")
    macro_f1 = partial(f1_score, average="macro")
    for name, settings in rows.items():
        accuracy, f1, seconds, answer = [], [], [], np.empty_like(y)
        for train, test in folds:
            classifier = kind(max_epochs=arguments.epochs, random_state=0, **settings)
            started = time.perf_counter()
            answer[test] = classifier.fit(X[train], y[train]).predict(X[test])
            seconds.append(time.perf_counter() - started)
            accuracy.append(accuracy_score(y[test], answer[test]))
            f1.append(macro_f1(y[test], answer[test]))
        columns = (f"{np.mean(v):.3f} +- {np.std(v, ddof=1):.3f}" for v in (accuracy, f1))
        interval = bootstrap_interval(macro_f1, y, answer, groups=groups, random_state=0)
        print(f"{name:26s} {'  '.join(columns)}  {interval}  {np.mean(seconds):.1f}", flush=True)


if __name__ == "__main__":
    main()
