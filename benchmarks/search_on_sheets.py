"""Number of times that a search decodes each real sheet, and the cost.

A search over three learning rates with five folds and the refit, for a pipeline of AreaResize and a
small 2-D CNN, on distinct images: without a cache, with the memory of the pipeline, and with that
of AreaResize, each cache empty and filled. All scores must be identical.

    python benchmarks/search_on_sheets.py --per-class 10
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from unittest import mock

import numpy as np
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline

from skecg import AreaResize, ECGCNN2DClassifier
from skecg.datasets import get_data_home, load_sheets
from skecg.preprocessing import ContentMemory
from skecg.sheet import _read


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--per-class", type=int, default=10, help="images of each class, up to 30")
    parser.add_argument("--size", type=int, nargs=2, default=(91, 128))
    parser.add_argument("--max-epochs", type=int, default=1)
    arguments = parser.parse_args()

    sheets = load_sheets(get_data_home() / "sheets")
    distinct = np.unique(sheets.groups, return_index=True)[1]
    of_class = [distinct[sheets.target[distinct] == label] for label in range(4)]
    chosen = np.concatenate([images[: arguments.per_class] for images in of_class])
    X, y = sheets.data[chosen], sheets.target[chosen]

    def search(memory: str | None, memory_of_pipeline: ContentMemory | None) -> tuple:
        resize = AreaResize(tuple(arguments.size), region="grid", memory=memory)
        classifier = ECGCNN2DClassifier(max_epochs=arguments.max_epochs, random_state=0)
        found = GridSearchCV(
            make_pipeline(resize, classifier, memory=memory_of_pipeline),
            {"ecgcnn2dclassifier__learning_rate": [1e-4, 3e-4, 1e-3]},
            cv=StratifiedKFold(5),
            scoring="neg_log_loss",
            error_score="raise",
        )
        wall, cpu = time.perf_counter(), time.process_time()
        with mock.patch.object(_read, "_open", wraps=_read._open) as decode:
            found.fit(X, y)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        scores = [found.cv_results_[f"split{fold}_test_score"] for fold in range(5)]
        return decode.call_count, wall, cpu, np.array(scores)

    AreaResize().transform(X[:10])  # so that imports and warm-up are not measured
    print(
        f"{len(X)} sheets, {np.mean([Path(x).stat().st_size for x in X]) / 1e3:.0f} kB on average"
    )
    print("\n| cache | run | sheets decoded | per sheet | wall s | CPU s |")
    print("|---|---|---:|---:|---:|---:|", flush=True)
    expected = None
    with tempfile.TemporaryDirectory() as folder:
        of_pipeline = ContentMemory(Path(folder, "pipeline"))
        for label, run, memories in (
            ("none", "any", (None, None)),
            ("Pipeline(memory=ContentMemory)", "first", (None, of_pipeline)),
            ("Pipeline(memory=ContentMemory)", "second", (None, of_pipeline)),
            ("AreaResize(memory)", "first", (folder, None)),
            ("AreaResize(memory)", "second", (folder, None)),
        ):
            count, wall, cpu, scores = search(*memories)
            expected = scores if expected is None else expected
            np.testing.assert_array_equal(scores, expected)
            each = f"{count / len(X):.0f}"
            print(f"| {label} | {run} | {count} | {each} | {wall:.1f} | {cpu:.1f} |", flush=True)


if __name__ == "__main__":
    main()
