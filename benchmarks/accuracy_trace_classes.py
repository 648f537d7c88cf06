"""Classes of the published ECG sheets from their traces, without duplicates.

Each of the 491 distinct images is used once. Five folds, split by content or by printed identity
(``--groups``), as in ``accuracy_sheets.py``; each image is scored in the fold that holds it out,
with bootstrap intervals over the images. ``--seeds`` are seeds of both the folds and the model.
The traces are read once, because the reader does not learn from them.

The settings were chosen on folds of the seeds 10 and 11, and are reported on those of 0, 1 and 2.
These are other splits of the same images: a choice among a dozen settings is worth some points,
so that the figures are a little too good. ``--model chosen`` makes the choice inside each
training fold, by four inner folds of the same kind.

    python benchmarks/accuracy_trace_classes.py --model trees
    python benchmarks/accuracy_trace_classes.py --model trees --groups printed-id
    python benchmarks/accuracy_trace_classes.py --model probe boosted vote shortcuts chosen
    python benchmarks/accuracy_trace_classes.py --model network --seeds 0       # 1 min a fold
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from accuracy_sheets import macro_f1
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, f1_score
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.utils import Bunch

from skecg import ECGResidualCNNClassifier
from skecg.datasets import get_data_home, load_sheets
from skecg.model_selection import bootstrap_interval, leakage_report
from skecg.preprocessing import TraceReader
from skecg.sheet import brightest_channel, read_pixels
from skecg.signal import lead_numbers

N_LEADS = 12
COLUMNS = 4  # of the sheet, with three leads each


def printed(X: NDArray) -> NDArray:
    """Return what is printed of each lead, (n, 12, 250), without its offset."""
    length = X.shape[2] // COLUMNS
    parts = [X[:, 3 * k : 3 * k + 3, k * length : (k + 1) * length] for k in range(COLUMNS)]
    leads = np.concatenate(parts, axis=1)
    return (leads - np.median(leads, axis=2, keepdims=True)).astype(np.float32)


def amplitudes_and_spectra(X: NDArray) -> NDArray:
    """Return of each lead every 8th of the sorted samples, and 29 bins of the spectrum."""
    leads = printed(X)
    spectra = np.abs(np.fft.rfft(leads, axis=2))[:, :, 1:30]
    both = np.sort(leads, axis=2)[:, :, ::8], spectra / leads.shape[2] ** 0.5
    return np.concatenate(both, axis=2).reshape(len(X), -1)


def trees(seed: int, n_estimators: int = 400) -> Pipeline:
    forest = ExtraTreesClassifier(
        n_estimators, min_samples_leaf=3, max_features=0.3, class_weight="balanced",
        random_state=seed,
    )  # fmt: skip
    return make_pipeline(FunctionTransformer(lead_numbers), forest)


def boosted(seed: int) -> Pipeline:
    """Return boosted trees, which skecg.save can store."""
    model = HistGradientBoostingClassifier(
        max_iter=60, learning_rate=0.12, max_leaf_nodes=6, max_features=0.2, min_samples_leaf=6,
        l2_regularization=1.0, class_weight="balanced", early_stopping=False, random_state=seed,
    )  # fmt: skip
    return make_pipeline(FunctionTransformer(lead_numbers), model)


def probe(seed: int) -> Pipeline:
    features = FunctionTransformer(amplitudes_and_spectra)
    pca = PCA(100, random_state=seed)
    return make_pipeline(features, StandardScaler(), pca, SVC(C=5, random_state=seed))


def linear(seed: int) -> Pipeline:
    """Return a linear model of all features."""
    union = FeatureUnion(
        [
            ("numbers", FunctionTransformer(lead_numbers)),
            ("amplitudes", FunctionTransformer(amplitudes_and_spectra)),
        ]
    )
    model = LogisticRegression(C=0.02, max_iter=500)
    return make_pipeline(union, StandardScaler(), PCA(100, random_state=seed), model)


def support_vectors(seed: int) -> CalibratedClassifierCV:
    union = linear(seed)[:-1]
    model = SVC(C=5, random_state=seed)
    return CalibratedClassifierCV(Pipeline([*union.steps, ("svc", model)]), ensemble=False)


def network(seed: int) -> Pipeline:
    model = ECGResidualCNNClassifier(max_epochs=40, batch_size=32, random_state=seed)
    return make_pipeline(FunctionTransformer(printed), model)


def vote_of(*makers: Callable[[int], BaseEstimator]) -> Callable[[int], BaseEstimator]:
    def make(seed: int) -> VotingClassifier:
        members = [(maker.__name__, maker(seed)) for maker in makers]
        return VotingClassifier(members, voting="soft")

    return make


class Chosen:
    """Trees of which the settings are chosen inside of each training fold."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def fit(self, X: NDArray, y: NDArray, groups: NDArray) -> Chosen:
        splitter = StratifiedGroupKFold(4, shuffle=True, random_state=self._seed)
        grid = {
            "extratreesclassifier__min_samples_leaf": [1, 2, 3, 5],
            "extratreesclassifier__max_features": [0.1, 0.3, 0.5],
        }
        numbers, forest = trees(self._seed, 150).steps
        pipeline = Pipeline([forest])
        search = GridSearchCV(pipeline, grid, scoring="f1_macro", cv=splitter)
        self._search = search.fit(numbers[1].transform(X), y, groups=groups)
        print(f"   chosen: {list(search.best_params_.values())}", flush=True)
        return self

    def predict(self, X: NDArray) -> NDArray:
        return self._search.predict(lead_numbers(X))


def shortcuts(files: list[str], read: Bunch) -> dict[str, NDArray]:
    """Return what says little or nothing of the heart.

    Steep and high QRS complexes also make a trace thicker, and its ink more.
    """
    page, ink = [], []
    for file in files:
        grey = brightest_channel(read_pixels(file))
        dark = grey < 100
        edges = np.count_nonzero(dark[:, 1:] != dark[:, :-1])
        page.append([*grey.shape, Path(file).stat().st_size])
        ink.append([2 * dark.sum() / edges])
    quality = read.quality
    return {
        "size of page and file": np.array(page),
        "thickness of the ink": np.array(ink),
        "offsets, the mean of each lead": np.nanmean(read.traces, axis=2),
        "share of columns and gaps": np.c_[quality.share, quality.n_gaps],
    }


MODELS: dict[str, Callable[[int], BaseEstimator]] = {
    "trees": trees,
    "boosted": boosted,
    "probe": probe,
    "linear": linear,
    "network": network,
    "vote": vote_of(trees, linear, support_vectors),
    "vote-network": vote_of(trees, linear, support_vectors, network),
    "chosen": Chosen,
}


def out_of_fold(
    make: Callable[[int], BaseEstimator], X: NDArray, y: NDArray, groups: NDArray, seed: int
) -> NDArray:
    """Return for each image the answer of the model that has not seen its group."""
    answer = np.empty_like(y)
    for train, test in StratifiedGroupKFold(5, shuffle=True, random_state=seed).split(X, y, groups):
        leakage_report(train, test, groups=groups).raise_on_leak()
        model = make(seed)
        own = {"groups": groups[train]} if isinstance(model, Chosen) else {}
        answer[test] = model.fit(X[train], y[train], **own).predict(X[test])
    return answer


def arguments_of(description: str, models: list[str], default: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--model", nargs="+", choices=models, default=[default])
    parser.add_argument("--groups", choices=["content", "printed-id"], default="content")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--n-jobs", type=int, default=1, help="workers that read the sheets")
    parser.add_argument("--memory", help="folder of a cache of what is read of the sheets")
    parser.add_argument("--wrong", action="store_true", help="name the images that are wrong")
    return parser.parse_args()


def distinct_sheets(groups: str) -> Bunch:
    """Return files, classes and groups of the distinct images."""
    sheets = load_sheets(get_data_home() / "sheets")
    distinct = np.unique(sheets.groups, return_index=True)[1]
    if groups == "printed-id":
        sheets = load_sheets(get_data_home() / "sheets", groups="printed-id")
    y, groups, files = (of[distinct] for of in (sheets.target, sheets.groups, sheets.data))
    return Bunch(y=y, groups=groups, files=files.tolist(), names=sheets.target_names)


def read_sheets(sheets: Bunch, arguments: argparse.Namespace) -> Bunch:
    started = time.perf_counter()
    reader = TraceReader(
        output="10s", on_error="nan", n_jobs=arguments.n_jobs, memory=arguments.memory
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # counted below
        read = reader.read(sheets.files)
    print(
        f"{len(sheets.files)} sheets read in {time.perf_counter() - started:.0f} s, "
        f"{len(read.errors)} not; {arguments.groups}, classes {', '.join(sheets.names)}"
    )
    return read


def measure(
    name: str,
    make: Callable[[int], BaseEstimator],
    X: NDArray,
    sheets: Bunch,
    arguments: argparse.Namespace,
) -> None:
    """Print what a model reaches with each seed, and what it takes for what."""
    y, answers = sheets.y, []
    for seed in arguments.seeds:
        started = time.perf_counter()
        answers.append(out_of_fold(make, X, y, sheets.groups, seed))
        report(f"{name}, seed {seed}", y, answers[-1])
        print(f"   {time.perf_counter() - started:.0f} s", flush=True)
    scores = np.array([f1_score(y, answer, average=None) for answer in answers])
    print(f"{name}: macro-F1 {scores.mean():.3f}, by class {scores.mean(axis=0).round(3)}")
    print(confusion_matrix(y, answers[0]), flush=True)
    wrong = np.sum([answer != y for answer in answers], axis=0)
    if arguments.wrong:
        for i in np.flatnonzero(wrong == len(answers)):
            print(Path(sheets.files[i]).name, "was called", sheets.names[answers[0][i]])


def main() -> None:
    arguments = arguments_of(__doc__.splitlines()[0], [*MODELS, "shortcuts"], "trees")
    sheets = distinct_sheets(arguments.groups)
    read = read_sheets(sheets, arguments)
    for name in arguments.model:
        if name != "shortcuts":
            measure(name, MODELS[name], read.traces, sheets, arguments)
            continue
        for what, X in shortcuts(sheets.files, read).items():
            answer = out_of_fold(
                lambda seed: trees(seed)[1:], X, sheets.y, sheets.groups, arguments.seeds[0]
            )
            report(f"{what} alone", sheets.y, answer)


def report(title: str, y: NDArray, answer: NDArray) -> None:
    interval = bootstrap_interval(macro_f1, y, answer, random_state=0)
    per_class = " ".join(f"{value:.3f}" for value in f1_score(y, answer, average=None))
    print(f"{title}: macro-F1 {interval}; {per_class}")

    def f1_of_infarction(y: NDArray, answer: NDArray) -> float:
        return f1_score(y, answer, labels=[0], average="macro", zero_division=0)

    print(f"   MI {bootstrap_interval(f1_of_infarction, y, answer, random_state=0)}")


if __name__ == "__main__":
    main()
