"""Does each network learn as well in bfloat16 as in float32?

    python benchmarks/accuracy_bfloat16.py --seeds 0 1 2

Every classifier is fitted with its default network, on generated beats or on the lead crops of
generated sheets, and tested on samples of other seeds. Only the number format of the products
differs. On a processor without units for bfloat16 it is emulated, with the same results.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
from sklearn.metrics import balanced_accuracy_score

import skecg
from skecg.datasets import make_beats, make_sheets

OF_BEATS = ("ECGResidualCNNClassifier", "ECGCNNClassifier")
OF_SHEETS = (
    "ECGViTClassifier",
    "ECGAttentionVGGClassifier",
    "ECGCNN2DClassifier",
    "ECGCNN3DClassifier",
    "ECGAttentionLSTMClassifier",
    "ECGHybridClassifier",
    "ECGTimeDistributedCNNClassifier",
)


def beats(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return beats of people of their own."""
    return make_beats(600, n_subjects=12, random_state=seed, return_X_y=True)


def crops(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the lead crops of sheets."""
    sheets = make_sheets(96, random_state=seed)
    return skecg.LeadCropper(size=(32, 32)).fit_transform(sheets.data), sheets.target


def main() -> None:
    """Print one row for each network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    seeds = parser.parse_args().seeds
    warnings.simplefilter("ignore", UserWarning)
    print("| classifier | float32 | bfloat16 | difference |")
    print("|---|---|---|---|")
    for names, make in ((OF_BEATS, beats), (OF_SHEETS, crops)):
        samples = {seed: (make(seed), make(1000 + seed)) for seed in seeds}
        for name in names:
            found = {}
            for precision in ("float32", "bfloat16"):
                scores = []
                for seed, ((X, y), (X_test, y_test)) in samples.items():
                    classifier = getattr(skecg, name)(random_state=seed, max_epochs=12)
                    fitted = classifier.set_params(precision=precision).fit(X, y)
                    predicted = fitted.predict(X_test)
                    scores.append(balanced_accuracy_score(y_test, predicted))
                found[precision] = np.array(scores)
            difference = found["bfloat16"] - found["float32"]
            cells = [f"{each.mean():.3f} (sd {each.std():.3f})" for each in found.values()]
            print(f"| {name} | {' | '.join(cells)} | {difference.mean():+.3f} |", flush=True)


if __name__ == "__main__":
    main()
