"""Accuracy between patients of the rows of the heartbeat data set, beside their own random split.

The residual network on the rows of ``load_heartbeat``, DS1 -> DS2, and by folds of subjects over
the 44 records. Its random split is ``accuracy_kaggle_split.py``; ``accuracy_annotator.py`` has
better descriptions of a beat. Beats of class Q (8 in DS1, 7 in DS2) are excluded.

    python benchmarks/accuracy_inter_patient.py --seeds 0 1 2
    python benchmarks/accuracy_inter_patient.py --by-subject --seeds 0
    python benchmarks/accuracy_inter_patient.py --augment --set 'average_weights="ema"'
"""

from __future__ import annotations

import argparse
import time
from functools import partial

import numpy as np
from recipes import ROWS, add_recipe, set_recipe
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import StratifiedGroupKFold

from skecg import ECGResidualCNNClassifier
from skecg.datasets import load_heartbeat
from skecg.metrics import aami_report
from skecg.model_selection import bootstrap_interval, inter_patient_split


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--by-subject", action="store_true", help="five folds over 44 records")
    add_recipe(parser)
    arguments = parser.parse_args()

    beats = load_heartbeat(source="mitbih")
    y = beats.target_names[beats.target]
    known = np.flatnonzero(y != "Q")
    train, test = (part[np.isin(part, known)] for part in inter_patient_split(beats.record))

    classifier = ECGResidualCNNClassifier(max_epochs=5, dropout=0.2)
    set_recipe(classifier, arguments, ROWS)
    print(classifier, flush=True)

    splits = [(train, test)]
    if arguments.by_subject:
        rows = np.concatenate([train, test])
        folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
        parts = folds.split(rows, y[rows], beats.groups[rows])
        splits = [(rows[fit], rows[held]) for fit, held in parts]

    for seed in arguments.seeds:
        predicted = np.full(len(y), "", dtype=y.dtype)
        started = time.perf_counter()
        for fit, held in splits:
            classifier.set_params(random_state=seed).fit(beats.data[fit], y[fit])
            predicted[held] = classifier.predict(beats.data[held])
        print(f"\nseed {seed}: {time.perf_counter() - started:.0f} s")
        tested = np.concatenate([held for _, held in splits])
        truth, answer, subjects = y[tested], predicted[tested], beats.groups[tested]
        print(aami_report(truth, answer, convention="ec57"))
        macro_f1 = partial(f1_score, labels=[*"NSVF"], average="macro", zero_division=0)
        for name, score in (("accuracy", accuracy_score), ("macro-F1 of N, S, V, F", macro_f1)):
            interval = bootstrap_interval(
                score, truth, answer, groups=subjects, n_resamples=500, random_state=0
            )
            print(f"{name}: {interval}, 95 % by subject", flush=True)


if __name__ == "__main__":
    main()
