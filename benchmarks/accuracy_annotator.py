"""Beats of people that a model has never seen: annotators on de Chazal's split (DS1 -> DS2).

Classes N, S, V and F; beats of class Q (8 in DS1, 7 in DS2) are left out. R peaks are the annotated
ones, or found. Choose with ``--within-ds1``, which cross-validates by subject inside DS1; DS2 is
for what is reported.

    python benchmarks/accuracy_annotator.py --within-ds1 --models trees forest network vote
    python benchmarks/accuracy_annotator.py --models trees forest network vote --seeds 0 1 2 3 4
"""

from __future__ import annotations

import argparse
import time
import warnings
from functools import partial

import numpy as np
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    VotingClassifier,
)
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline

from skecg import (
    BeatAnnotator,
    BeatNumbers,
    BeatTreesClassifier,
    BeatWindows,
    ECGResidualCNNClassifier,
)
from skecg.datasets import load_mitbih
from skecg.metrics import compare_beats
from skecg.model_selection import DE_CHAZAL_DS1, DE_CHAZAL_DS2, bootstrap_interval

# All but the rhythm numbers that describe a person; see BeatWindows.
_N_NUMBERS = len(BeatWindows(channels=()).get_feature_names_out())


def annotator(model: str, seed: int) -> BeatAnnotator:
    """Return an unfitted annotator."""
    if model == "trees":
        return BeatAnnotator(classifier=BeatTreesClassifier(random_state=seed))
    if model == "forest":
        forest = ExtraTreesClassifier(300, min_samples_leaf=5, random_state=seed, n_jobs=-1)
        return BeatAnnotator(classifier=forest, class_factors={"S": "cv"})
    # How a beat differs from the late ones around it, and the numbers beside it.
    windows = BeatWindows(channels=("late_deviation",))
    network = ECGResidualCNNClassifier(
        n_side_features=_N_NUMBERS, max_epochs=8, dropout=0.3, weight_decay=0.05, random_state=seed
    )
    if model == "network":
        return BeatAnnotator(windows, network)
    if model == "vote":
        trees = HistGradientBoostingClassifier(
            max_iter=60, max_leaf_nodes=8, min_samples_leaf=200, l2_regularization=1.0,
            early_stopping=False, random_state=seed,
        )  # fmt: skip
        both = [("network", network), ("trees", make_pipeline(BeatNumbers(), trees))]
        return BeatAnnotator(windows, VotingClassifier(both, voting="soft"))
    raise ValueError(f"models are trees, forest, network and vote; got {model!r}")


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["trees"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--within-ds1", action="store_true", help="select, do not test")
    parser.add_argument("--folds", type=int, default=11)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", message="Records .102, 104. do not have")

    ds1 = load_mitbih(records=DE_CHAZAL_DS1)
    print("| model | R peaks | records | seeds | accuracy | N | S: Se / +P / F1 | V: Se / +P / F1 |"
          " F: F1 | macro-F1, 3 classes | 4 classes | seconds of a fit |")  # fmt: skip
    print("|---" * 12 + "|", flush=True)
    for model in arguments.models:
        if arguments.within_ds1:
            within_ds1(model, ds1, arguments.seeds, arguments.folds)
        else:
            on_ds2(model, ds1, arguments.seeds)


def within_ds1(model: str, ds1, seeds: list[int], n_folds: int) -> None:
    """Cross-validate by subject; the seed shuffles the subjects, too."""
    stacks, seconds = [], []
    for seed in seeds:
        stack = np.zeros((len(ds1.data), 6, 6), int)
        folds = GroupKFold(n_folds, shuffle=True, random_state=seed)
        for train, test in folds.split(ds1.data, groups=ds1.groups):
            started = time.perf_counter()
            fitted = annotator(model, seed).fit(
                ds1.data[train], [ds1.annotations[i] for i in train], ds1.groups[train]
            )
            seconds.append(time.perf_counter() - started)
            stack[test] = [matrix_of(fitted, ds1, i, found=False) for i in test]
        stacks.append(stack)
    print_row(model, "annotated", f"DS1, {n_folds} folds", stacks, ds1.groups, seconds)


def on_ds2(model: str, ds1, seeds: list[int]) -> None:
    """Fit on DS1, and print DS2 with and without two of its records."""
    ds2 = load_mitbih(records=DE_CHAZAL_DS2)
    per_seed: dict[bool, list[np.ndarray]] = {False: [], True: []}
    seconds = []
    for seed in seeds:
        started = time.perf_counter()
        fitted = annotator(model, seed).fit(ds1)
        seconds.append(time.perf_counter() - started)
        for found, stacks in per_seed.items():
            rows = range(len(ds2.data))
            stacks.append(np.array([matrix_of(fitted, ds2, i, found=found) for i in rows]))
    for found, stacks in per_seed.items():
        for left_out in ((), (202,), (232,)):
            kept = ~np.isin(ds2.records, left_out)
            some = [stack[kept] for stack in stacks]
            records = "DS2" + "".join(f" without {n}" for n in left_out)
            peaks = "found" if found else "annotated"
            print_row(model, peaks, records, some, ds2.groups[kept], seconds)


def matrix_of(fitted: BeatAnnotator, records, i: int, *, found: bool) -> np.ndarray:
    """Return the confusion matrix of a record with rows and columns N, S, V, F, Q and none."""
    marks, codes = records.annotations[i], records.target[i]
    sample, codes = marks.sample[codes >= 0], codes[codes >= 0]
    given = None if found else sample
    beats = fitted.annotate(records.data[i], records.sampling_rate, given)
    names = np.array(records.target_names)
    compared = compare_beats(sample, names[codes], beats.sample, beats.label, 360)
    return compared.confusion_matrix


def print_row(
    model: str,
    peaks: str,
    records: str,
    stacks: list[np.ndarray],
    subjects: np.ndarray,
    seconds: list[float],
) -> None:
    """Print mean and standard deviation over the seeds, and the interval by subject of the mean."""
    figures = np.array([figures_of(stack.sum(axis=0)) for stack in stacks])
    mean, spread = figures.mean(axis=0), figures.std(axis=0)
    text = [f"{m:.3f}" + (f" (sd {s:.3f})" if s > 5e-4 else "") for m, s in zip(mean, spread)]
    for i in (-2, -1):
        interval = bootstrap_interval(
            partial(mean_over_seeds, i), *stacks, groups=subjects, random_state=0
        )
        text[i] += f" [{interval.low:.3f} - {interval.high:.3f}]"
    accuracy, n, s_se, s_p, s_f, v_se, v_p, v_f, f, three, four = text
    print(
        f"| {model} | {peaks} | {records} | {len(stacks)} | {accuracy} | {n} | {s_se} / {s_p} / "
        f"{s_f} | {v_se} / {v_p} / {v_f} | {f} | {three} | {four} | {np.mean(seconds):.0f} |",
        flush=True,
    )


def mean_over_seeds(i: int, *stacks: np.ndarray) -> float:
    return np.mean([figures_of(stack.sum(axis=0))[i] for stack in stacks])


def figures_of(matrix: np.ndarray) -> list[float]:
    """Return accuracy, rates and means of F1. Beats of class Q are left out."""
    matrix = np.delete(np.delete(matrix, 4, axis=0), 4, axis=1).astype(float)
    hits = np.diag(matrix)[:4]
    with np.errstate(invalid="ignore"):
        sensitivity = hits / matrix[:4].sum(axis=1)
        predictivity = hits / matrix[:, :4].sum(axis=0)
        f1 = np.nan_to_num(2 * hits / (matrix[:4].sum(axis=1) + matrix[:, :4].sum(axis=0)))
    accuracy = hits.sum() / matrix[:4].sum()
    s, v = ([sensitivity[i], predictivity[i], f1[i]] for i in (1, 2))
    return [accuracy, f1[0], *s, *v, f1[3], f1[:3].mean(), f1.mean()]


if __name__ == "__main__":
    main()
