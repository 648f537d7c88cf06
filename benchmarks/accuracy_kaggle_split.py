"""Accuracy on the Kaggle heartbeat split, rebuilt from the MIT-BIH records (intra-patient).

Use the test beats for the final results only. For model selection, use ``--holdout``, which trains
on 90 % of the training beats and evaluates on the other 10 %.

    python benchmarks/accuracy_kaggle_split.py --seeds 0 1 2
    python benchmarks/accuracy_kaggle_split.py --published --seeds 0
    python benchmarks/accuracy_kaggle_split.py --model CNN --set max_epochs=8
    python benchmarks/accuracy_kaggle_split.py --holdout --set dropout=0.2
"""

from __future__ import annotations

import argparse
import time
from functools import partial

import numpy as np
from recipes import ROWS, add_recipe, set_recipe
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split

import skecg
from skecg.datasets import load_heartbeat
from skecg.model_selection import bootstrap_interval

SCORES = {"accuracy": accuracy_score, "macro-F1": partial(f1_score, average="macro")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--model", choices=["ResidualCNN", "CNN"], default="ResidualCNN")
    parser.add_argument("--published", action="store_true", help="use published() unchanged")
    parser.add_argument("--holdout", action="store_true", help="evaluate on training beats")
    add_recipe(parser)
    arguments = parser.parse_args()

    train = load_heartbeat(source="mitbih", subset="train")
    X, y = train.data, train.target
    if arguments.holdout:
        X, X_test, y, y_test, _, subjects = train_test_split(
            X, y, train.groups, test_size=0.1, stratify=y, random_state=123
        )
    else:
        test = load_heartbeat(source="mitbih", subset="test")
        X_test, y_test, subjects = test.data, test.target, test.groups

    kind = getattr(skecg, f"ECG{arguments.model}Classifier")
    classifier = kind.published() if arguments.published else kind()
    set_recipe(classifier, arguments, ROWS)
    print(f"{classifier}: {len(X)} training beats, {len(X_test)} test beats", flush=True)

    accuracies, f1s, total = [], [], 0.0
    for seed in arguments.seeds:
        wall, cpu = time.perf_counter(), time.process_time()
        classifier.set_params(random_state=seed).fit(X, y)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        probabilities = classifier.predict_proba(X_test)
        total = total + probabilities
        predicted = classifier.classes_[probabilities.argmax(axis=1)]
        per_class = f1_score(y_test, predicted, average=None)
        accuracies.append(accuracy_score(y_test, predicted))
        f1s.append(per_class.mean())
        print(
            f"seed {seed}: accuracy {accuracies[-1]:.4%}, macro-F1 {f1s[-1]:.4f}, "
            f"F1 per class {np.round(per_class, 3).tolist()}, fit {wall:.0f} s, {cpu:.0f} s of CPU",
            flush=True,
        )
        # Of subjects whose other beats were trained on: those of other people are less certain.
        for name, score in SCORES.items():
            interval = bootstrap_interval(
                score, y_test, predicted, groups=subjects, n_resamples=500, random_state=0
            )
            print(f"  {name}: {interval:.4f}, 95 % by subject", flush=True)
    if len(arguments.seeds) > 1:
        for name, values in (("accuracy", accuracies), ("macro-F1", f1s)):
            print(f"{name}: mean {np.mean(values):.4f}, deviation {np.std(values, ddof=1):.4f}")
        together = classifier.classes_[total.argmax(axis=1)]
        scores = ", ".join(f"{name} {s(y_test, together):.4f}" for name, s in SCORES.items())
        print(f"mean probability of all seeds: {scores}")


if __name__ == "__main__":
    main()
