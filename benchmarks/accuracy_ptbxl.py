"""Several labels at once: the superclasses of PTB-XL, by patient, beside skorch on one network.

With the whole database the protocol is the published one: training on folds 1 to 8, figures of fold
9 for choosing settings, and of fold 10 for the result. Where a fold has fewer than ``--enough``
records of a superclass, as in an excerpt of the database, five folds by patient predict every
record once instead. skorch trains the same network with ``BCEWithLogitsLoss``, the same optimiser,
schedule, batches and epochs, without augmentation. Intervals are the 2.5 % and 97.5 % quantiles
over 1,000 samples of the patients, drawn with replacement.

    python benchmarks/accuracy_ptbxl.py
    python benchmarks/accuracy_ptbxl.py --seeds 0 1 2 --set max_epochs=20
    python benchmarks/accuracy_ptbxl.py --ours --augment
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from recipes import LEADS, add_recipe, set_recipe
from sklearn.base import clone
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import GroupKFold
from skorch import NeuralNet
from skorch.callbacks import LRScheduler
from torch.optim.lr_scheduler import OneCycleLR

from skecg import ECGResidualCNNClassifier
from skecg.datasets import load_ptbxl
from skecg.metrics import fmax_score
from skecg.model_selection import bootstrap_interval

Fit = Callable[[np.ndarray, np.ndarray], Callable[[np.ndarray], np.ndarray]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--ours", action="store_true", help="without skorch")
    parser.add_argument("--enough", type=int, default=100, help="of a superclass in a fold")
    add_recipe(parser)
    arguments = parser.parse_args()

    ptbxl = load_ptbxl(task="superclass-multilabel")
    classifier = ECGResidualCNNClassifier(batch_size=32)  # an excerpt has few steps
    set_recipe(classifier, arguments, LEADS)
    counts = dict(zip(ptbxl.target_names.tolist(), ptbxl.target.sum(0).tolist()))
    print(f"{classifier}: {len(ptbxl.data)} records, {len(set(ptbxl.groups))} patients, {counts}")

    fits = {"skecg": of_skecg} | ({} if arguments.ours else {"skorch": of_skorch})
    for name, make in fits.items():
        for seed in arguments.seeds:
            model = clone(classifier).set_params(random_state=seed)
            wall, cpu = time.perf_counter(), time.process_time()
            for part, rows, scores in predictions(ptbxl, make(model), arguments.enough):
                print(f"{name:6} seed {seed}, {part}: {figures(ptbxl, rows, scores)}", flush=True)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            print(f"{name:6} seed {seed}: {wall:.0f} s, {cpu:.0f} s of CPU", flush=True)


def predictions(ptbxl, fit: Fit, enough: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield the name of a part, its records and their probabilities, by the protocol that fits."""
    X, y, fold = ptbxl.data, ptbxl.target, ptbxl.strat_fold
    if min(y[fold == number].sum(0).min() for number in range(1, 11)) >= enough:
        predict = fit(X[fold <= 8], y[fold <= 8])
        for number in (9, 10):
            rows = np.flatnonzero(fold == number)
            yield f"fold {number}", rows, predict(X[rows])
        return
    scores = np.empty(y.shape)
    for train, test in GroupKFold(5, shuffle=True, random_state=0).split(X, y, ptbxl.groups):
        scores[test] = fit(X[train], y[train])(X[test])
    yield "five folds by patient", np.arange(len(y)), scores


def of_skecg(classifier: ECGResidualCNNClassifier) -> Fit:
    return lambda X, y: clone(classifier).fit(X, y).predict_proba


def of_skorch(classifier: ECGResidualCNNClassifier) -> Fit:
    """Return a fit of the classifier's network by skorch, with the classifier's settings."""

    def fit(X: np.ndarray, y: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        torch.manual_seed(classifier.random_state)
        epochs, batch_size = classifier.max_epochs, classifier.batch_size
        n_steps = epochs * -(-len(X) // batch_size)
        one_cycle = LRScheduler(
            OneCycleLR, max_lr=classifier.learning_rate, total_steps=n_steps,
            cycle_momentum=False, step_every="batch",
        )  # fmt: skip
        net = NeuralNet(
            classifier._network_factory_for(X.shape[1:], y.shape[1], None),
            criterion=torch.nn.BCEWithLogitsLoss,
            optimizer=torch.optim.AdamW,
            optimizer__weight_decay=classifier.weight_decay,
            lr=classifier.learning_rate,
            max_epochs=epochs,
            batch_size=batch_size,
            iterator_train__shuffle=True,
            train_split=None,
            callbacks=[one_cycle],
            device="cuda" if torch.cuda.is_available() else "cpu",
            verbose=0,
        )
        net.fit(X, y.astype(np.float32))
        return lambda X: net.forward(X).sigmoid().cpu().numpy().astype(np.float64)

    return fit


def figures(ptbxl, rows: np.ndarray, scores: np.ndarray) -> str:
    """Return the scores with their intervals over patients."""
    y, groups = ptbxl.target[rows], ptbxl.groups[rows]
    metrics = {"macro-AUC": macro_auc, "Fmax": fmax_score, "subset accuracy": subset_accuracy}
    intervals = {
        name: bootstrap_interval(metric, y, scores, groups=groups, n_resamples=1000, random_state=0)
        for name, metric in metrics.items()
    }
    return ", ".join(f"{name} {interval}" for name, interval in intervals.items())


def macro_auc(y: np.ndarray, scores: np.ndarray) -> float:
    """Return the mean AUC of the labels that some records have and others do not."""
    known = np.flatnonzero((y.min(0) == 0) & (y.max(0) == 1))
    return float(roc_auc_score(y[:, known], scores[:, known], average="macro"))


def subset_accuracy(y: np.ndarray, scores: np.ndarray) -> float:
    """Return the share of records of which all labels are right at a threshold of 0.5."""
    return float(accuracy_score(y, scores > 0.5))


if __name__ == "__main__":
    main()
