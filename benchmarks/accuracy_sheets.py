"""Accuracy on the 928 published ECG sheets: as published, and without duplicates.

``--protocol published`` uses the random split over files of the published Vision Transformer
(836 for training, 92 for validation), in which 60 of the 92 have an identical twin in training.
``--protocol grouped`` uses each distinct image once (491), splits by content into five folds and
scores each image in the fold that holds it out, with bootstrap intervals over images.

The input of the Vision Transformer is the whole page as published, or the region "grid" if grouped.
That of the six lead models is the crops of the common layout. The pictures are read once for all
folds, because the transformers do not learn from them.

    python benchmarks/accuracy_sheets.py --protocol published --model ViT
    python benchmarks/accuracy_sheets.py --protocol grouped --model ViT AttentionVGG CNN2D
    python benchmarks/accuracy_sheets.py --protocol grouped --model CNN2D --groups printed-id
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from recipes import PAGES, add_recipe, set_recipe
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score
from sklearn.model_selection import StratifiedGroupKFold

import skecg
from skecg.datasets import get_data_home, load_sheets
from skecg.model_selection import bootstrap_interval, leakage_report
from skecg.preprocessing import AreaResize, LeadCropper

MODELS = (
    "ViT", "AttentionVGG", "CNN2D", "CNN3D", "AttentionLSTM", "Hybrid", "TimeDistributedCNN",
)  # fmt: skip


def published_split(sheets) -> tuple[np.ndarray, np.ndarray]:
    """Return the file numbers of the Keras split with seed 2; the last tenth is for validation.

    Keras sorts the folders and the files within them by name as text, with upper case before lower
    case.
    """
    order = np.argsort([str(path) for path in sheets.data])
    np.random.RandomState(2).shuffle(order)
    train, test = order[:836], order[836:]
    # Known from the authors' log, in which epochs with constant predictions have these accuracies.
    assert np.bincount(sheets.target[test]).tolist() == [21, 26, 17, 28]
    return train, test


def macro_f1(y: np.ndarray, predicted: np.ndarray) -> float:
    return f1_score(y, predicted, average="macro", labels=[0, 1, 2, 3], zero_division=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--protocol", choices=["published", "grouped"], default="grouped")
    parser.add_argument("--model", nargs="+", choices=MODELS, default=["CNN2D"])
    parser.add_argument("--published", action="store_true", help="use published() unchanged")
    parser.add_argument("--groups", choices=["content", "printed-id"], default="content")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--n-jobs", type=int, default=2, help="workers that read the pictures")
    add_recipe(parser)
    arguments = parser.parse_args()

    sheets = load_sheets(get_data_home() / "sheets")
    if arguments.protocol == "published":
        folds = [published_split(sheets)]
        (train, test), region = folds[0], None
        twins = np.isin(sheets.groups[test], sheets.groups[train]).sum()
        print(f"{len(train)} files for training, {len(test)} for validation, {twins} with a twin")
    else:
        distinct = np.unique(sheets.groups, return_index=True)[1]
        if arguments.groups == "printed-id":
            sheets = load_sheets(get_data_home() / "sheets", groups="printed-id")
        splitter = StratifiedGroupKFold(5, shuffle=True, random_state=0)
        folds = splitter.split(distinct, sheets.target[distinct], sheets.groups[distinct])
        folds = [(distinct[train], distinct[test]) for train, test in folds]
        region = "grid"
        for train, test in folds:
            leakage_report(train, test, groups=sheets.groups).raise_on_leak()
    used = np.unique(np.concatenate([np.concatenate(fold) for fold in folds]))
    tested = np.concatenate([test for _, test in folds])
    y = sheets.target

    for name in arguments.model:
        if name == "ViT":
            transformer = AreaResize((182, 256), region=region, n_jobs=arguments.n_jobs)
        else:
            transformer = LeadCropper(n_jobs=arguments.n_jobs)
        pictures = transformer.fit_transform(sheets.data[used])
        X = np.empty((len(y), *pictures.shape[1:]), pictures.dtype)
        X[used] = pictures

        kind = getattr(skecg, f"ECG{name}Classifier")
        classifier = kind.published() if arguments.published else kind()
        set_recipe(classifier, arguments, PAGES).set_params(random_state=arguments.seed)
        print(f"\n{transformer}, {classifier}", flush=True)
        predicted = np.empty_like(y)
        for number, (train, test) in enumerate(folds):
            started = time.perf_counter()
            classifier.fit(X[train], y[train])
            predicted[test] = classifier.predict(X[test])
            print(
                f"fold {number}: accuracy {accuracy_score(y[test], predicted[test]):.3f}, "
                f"{time.perf_counter() - started:.0f} s",
                flush=True,
            )
        truth, answer = y[tested], predicted[tested]
        for label, score in (("accuracy", accuracy_score), ("macro-F1", macro_f1)):
            interval = bootstrap_interval(score, truth, answer, random_state=0)
            print(f"{name}: {label} {interval}")
        per_class = f1_score(truth, answer, average=None, zero_division=0)
        print("F1 per class", dict(zip(sheets.target_names.tolist(), per_class.round(3).tolist())))
        print(confusion_matrix(truth, answer), flush=True)


if __name__ == "__main__":
    main()
