"""Classes of the published ECG sheets from their traces, by networks.

As ``accuracy_trace_classes.py``: the 491 distinct images and five folds. What is printed of each
of the 12 leads, 2.5 s at 100 Hz, goes to a network of the package with its defaults but for
epochs and batches. "pretrained" starts from a network that has learned the superclasses of PTB-XL
on all pieces of 2.5 s of the records that have one; nothing of the sheets is in it. The pieces of a
record show the same time in all leads, a sheet shows another time in each of its four columns.

    python benchmarks/accuracy_trace_networks.py --model residual residual-pretrained
    python benchmarks/accuracy_trace_networks.py --model cnn cnn-pretrained --seeds 0
    python benchmarks/accuracy_trace_networks.py --model residual-augmented residual-ema
    python benchmarks/accuracy_trace_networks.py --records      # PTB-XL, windows of 10 s
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
from accuracy_records import scores
from accuracy_trace_classes import arguments_of, distinct_sheets, measure, printed, read_sheets
from recipes import LEADS
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skecg import ECGCNNClassifier, ECGResidualCNNClassifier
from skecg.datasets import load_ptbxl

KINDS = {"residual": ECGResidualCNNClassifier, "cnn": ECGCNNClassifier}
PIECE = 250


@cache
def source(kind: str, seed: int) -> FrozenEstimator:
    """Return a network fitted to pieces of PTB-XL."""
    records = load_ptbxl(task="superclass")
    n_records, n_leads, n_timesteps = records.data.shape
    n_pieces = n_timesteps // PIECE
    pieces = records.data.reshape(n_records, n_leads, n_pieces, PIECE).swapaxes(1, 2)
    X, y = pieces.reshape(-1, n_leads, PIECE), records.target.repeat(n_pieces)
    started = time.perf_counter()
    model = KINDS[kind](max_epochs=20, batch_size=32, random_state=seed).fit(X, y)
    print(f"   {len(X)} pieces of {n_records} records, {time.perf_counter() - started:.0f} s")
    return FrozenEstimator(model)


RECIPES: dict[str, dict[str, Any]] = {
    "": {},
    "-pretrained": {},  # the source depends on the network and the seed
    "-ema": {"average_weights": "ema"},
    "-augmented": {"augment": LEADS},
    "-augmented-ema": {"augment": LEADS, "average_weights": "ema"},
}


def network(kind: str, recipe: str, seed: int) -> Pipeline:
    model = KINDS[kind](max_epochs=40, batch_size=32, random_state=seed, **RECIPES[recipe])
    if recipe == "-pretrained":
        model.set_params(init_from=source(kind, seed))
    return make_pipeline(FunctionTransformer(printed), model)


MODELS: dict[str, Callable[[int], BaseEstimator]] = {
    f"{kind}{recipe}": partial(network, kind, recipe) for kind in KINDS for recipe in RECIPES
}


def records_of_ten_seconds(n_steps: int = 300, batch_size: int = 32) -> None:
    """Print what the networks reach on windows of 12 leads, with and without their scale."""
    records = load_ptbxl(task="mi-vs-norm")
    X, y = records.data, records.target
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    folds = list(folds.split(X, y, records.groups))
    max_epochs = round(n_steps / round(0.8 * len(X) / batch_size))
    for kind, leads, scale in [
        ("residual", "II", None), ("residual", "II", "standardize"), ("residual", "all", None),
        ("residual", "all", "auto"), ("cnn", "all", None), ("cnn", "all", "auto"),
    ]:  # fmt: skip
        own = X[:, records.lead_names.index("II"), None] if leads == "II" else X
        found, started = [], time.process_time()
        for train, test in folds:
            model = KINDS[kind](
                max_epochs=max_epochs, batch_size=batch_size, scale=scale, random_state=0
            )
            if kind == "cnn":
                model.set_params(width=8)  # else 28 million weights
            model.fit(own[train], y[train])
            found.append(scores(y[test], model.predict_proba(own[test])))
        of = zip(np.mean(found, axis=0), np.std(found, axis=0, ddof=1))
        columns = "  ".join(f"{mean:.3f} +- {spread:.3f}" for mean, spread in of)
        seconds = (time.process_time() - started) / len(folds)
        print(f"{kind}, {leads}, scale={scale}: {columns}  {seconds:.1f}", flush=True)


def main() -> None:
    if "--records" in sys.argv[1:]:
        records_of_ten_seconds()
        return
    arguments = arguments_of(__doc__.splitlines()[0], list(MODELS), "residual")
    sheets = distinct_sheets(arguments.groups)
    read = read_sheets(sheets, arguments)
    for name in arguments.model:
        measure(name, MODELS[name], read.traces, sheets, arguments)


if __name__ == "__main__":
    main()
