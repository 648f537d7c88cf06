"""Accuracy between patients: the residual network on de Chazal's split (DS1 -> DS2).

There are two inputs: the rows of the heartbeat data set, and windows around the R peak with the
rhythm (``beat_windows_from_records``). Beats of class Q (8 in DS1, 7 in DS2) are excluded from
training and evaluation. For model selection, use ``--within-ds1``, which cross-validates by subject
within DS1; use DS2 for the final results only.

    python benchmarks/accuracy_inter_patient.py --seeds 0 1 2
    python benchmarks/accuracy_inter_patient.py --input heartbeat --seeds 0
    python benchmarks/accuracy_inter_patient.py --within-ds1 --set dropout=0.2
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from skecg import ECGResidualCNNClassifier
from skecg.datasets import beat_windows_from_records, load_heartbeat, load_mitbih
from skecg.metrics import aami_report
from skecg.model_selection import DE_CHAZAL_DS1, DE_CHAZAL_DS2, inter_patient_split


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--input", choices=["windows", "heartbeat"], default="windows")
    parser.add_argument("--within-ds1", action="store_true", help="select, do not test")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", dest="settings")
    arguments = parser.parse_args()

    if arguments.input == "heartbeat":
        beats = load_heartbeat(source="mitbih")
    else:
        records = load_mitbih(records=[*DE_CHAZAL_DS1, *DE_CHAZAL_DS2])
        beats = beat_windows_from_records(records)
    y = beats.target_names[beats.target]
    known = np.flatnonzero(y != "Q")
    train, test = (part[np.isin(part, known)] for part in inter_patient_split(beats.record))

    classifier = ECGResidualCNNClassifier(max_epochs=5, dropout=0.2)
    settings = dict(setting.split("=") for setting in arguments.settings)
    classifier.set_params(**{name: json.loads(value) for name, value in settings.items()})
    print(classifier, flush=True)

    if arguments.within_ds1:
        folds = StratifiedGroupKFold(4, shuffle=True, random_state=0)
        splits = folds.split(train, y[train], beats.groups[train])
        splits = [(train[fit], train[held]) for fit, held in splits]
    else:
        splits = [(train, test)]

    for seed in arguments.seeds:
        predicted = np.full(len(y), "", dtype=y.dtype)
        started = time.perf_counter()
        for fit, held in splits:
            classifier.set_params(random_state=seed).fit(beats.data[fit], y[fit])
            predicted[held] = classifier.predict(beats.data[held])
        print(f"\nseed {seed}: {time.perf_counter() - started:.0f} s")
        tested = np.concatenate([held for _, held in splits])
        print(aami_report(y[tested], predicted[tested], convention="ec57"))
        without = tested[beats.record[tested] != 202]
        if len(without) < len(tested):
            print("\nwithout record 202, whose subject is also in DS1:")
            print(aami_report(y[without], predicted[without], convention="ec57"), flush=True)


if __name__ == "__main__":
    main()
