"""Train the classifier of sheets that can come with the package, and write its file and card.

Traces, numbers and boosted trees: the model "boosted" of ``accuracy_trace_classes.py``. Forests are
better there, and larger.

    python benchmarks/train_pretrained_sheets.py edan-sheets.safetensors
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from accuracy_sheets import bootstrap_interval, macro_f1
from accuracy_trace_classes import boosted, out_of_fold
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline

import skecg
from skecg.datasets import get_data_home, load_sheets
from skecg.preprocessing import TraceReader

CARD = {
    "data": "ECG Images dataset of Cardiac Patients, version 2 (Khan and Hussain, Mendeley Data, "
    "doi:10.17632/gwbz3fsgp8.2), 491 distinct sheets",
    "licence of the data": "CC BY 4.0",
    "protocol": "trained on all 491; the figures are those of five folds by content and by printed "
    "identity, each image answered by a model that has not seen its group",
    "input": "pictures of whole sheets of the layout edan-3x4, files or arrays",
    "intended use": "research and teaching; not a medical device",
    "limits": "sheets of one kind of machine and one hospital; only 30 distinct images of "
    "infarction; MI, HB (abnormal heartbeat) and PMI (history of infarction) are labels of the "
    "collection, not diagnoses; not tried on other machines, layouts or people",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--memory", help="folder of a cache of the traces")
    arguments = parser.parse_args()
    sheets = load_sheets(get_data_home() / "sheets")
    distinct = np.unique(sheets.groups, return_index=True)[1]
    identity = load_sheets(get_data_home() / "sheets", groups="printed-id").groups[distinct]
    reader = TraceReader(output="10s", memory=arguments.memory)
    X, y = reader.fit_transform(sheets.data[distinct].tolist()), sheets.target[distinct]
    figures = {}
    for name, groups in (("content", sheets.groups[distinct]), ("printed identity", identity)):
        answer = out_of_fold(boosted, X, y, groups, seed=0)
        low, high = bootstrap_interval(macro_f1, y, answer)
        of_class = zip(sheets.target_names, f1_score(y, answer, average=None))
        figures[f"macro-F1 by {name}"] = f"{macro_f1(y, answer):.3f} [{low:.3f} - {high:.3f}]"
        figures[f"F1 by {name}"] = ", ".join(f"{label} {f1:.3f}" for label, f1 in of_class)
    numbers = boosted(seed=0).fit(X, sheets.target_names[y])
    pipeline = make_pipeline(TraceReader(output="10s"), *(step for _, step in numbers.steps))
    skecg.save(pipeline, arguments.path, metrics={**CARD, **figures})
    loaded = skecg.load(arguments.path)
    again = loaded.predict_proba(sheets.data[distinct][:4].tolist())
    assert np.array_equal(again, numbers.predict_proba(X[:4]))
    print(skecg.describe(arguments.path), f"\n{arguments.path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
