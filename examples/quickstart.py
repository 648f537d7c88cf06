"""
Heartbeats, honestly evaluated
==============================

Train a residual network on the heartbeats of some people and test it on those of others.

With the MIT-BIH Arrhythmia Database (in ``$SKECG_DATA``, ``../shared/data`` or ``~/skecg_data``) it
trains on the records DS1 of de Chazal et al. (2004) and tests on DS2. Without it, it does the same
on generated records, split by subject.
"""

from __future__ import annotations

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import GroupShuffleSplit

from skecg import ECGResidualCNNClassifier
from skecg.datasets import beats_from_records, load_heartbeat, make_records
from skecg.metrics import aami_report
from skecg.model_selection import inter_patient_split, leakage_report

# %%
# Every beat comes with the person it was recorded from.

folders = (os.environ.get("SKECG_DATA"), "../shared/data", Path.home() / "skecg_data")
data_home = next((path for path in folders if path and (Path(path) / "mitdb").is_dir()), None)

if data_home is None:
    print(
        "The MIT-BIH database is not here; skecg.datasets.fetch_mitbih() downloads it. "
        "This run uses generated records."
    )
    beats = beats_from_records(make_records(n_subjects=20, random_state=0))
    split = GroupShuffleSplit(n_splits=1, test_size=0.5, random_state=0)
    train, test = next(split.split(beats.data, groups=beats.groups))
else:
    beats = load_heartbeat(data_home, source="mitbih", progress=True)
    train, test = inter_patient_split(beats.record, variant="subject-disjoint")
    # EC57 leaves unclassifiable beats out of the score; DS1 holds 8 of them, DS2 7.
    known = beats.target_names[beats.target] != "Q"
    train, test = train[known[train]], test[known[test]]

print(leakage_report(train, test, beats.data, beats.groups))

# %%
# Labels may be of any kind: here they are the AAMI classes N, S, V and F.

y = beats.target_names[beats.target]
classifier = ECGResidualCNNClassifier(max_epochs=6, random_state=0, verbose=1)
classifier.fit(beats.data[train], y[train])
predicted = classifier.predict(beats.data[test])
print(aami_report(y[test], predicted))

# %%
# The confusion matrix, the training curve, and what the classes look like.

figure = plt.figure(figsize=(11, 7), layout="constrained")
grid = figure.add_gridspec(2, 6)
ConfusionMatrixDisplay.from_predictions(
    y[test], predicted, normalize="true", values_format=".2f", cmap="Blues", colorbar=False,
    ax=figure.add_subplot(grid[0, :3]),
)  # fmt: skip
figure.axes[0].set(title="Test subjects", xlabel="Predicted class", ylabel="Annotated class")

curve = figure.add_subplot(grid[0, 3:])
epochs = range(1, classifier.n_iter_ + 1)
curve.plot(epochs, [row["train_loss"] for row in classifier.history_], marker="o")
curve.set(title="Training", xlabel="Epoch", ylabel="Cross-entropy", xticks=epochs)
curve.set_ylim(bottom=0)

rng = np.random.default_rng(0)
milliseconds = 1000 * np.arange(beats.data.shape[1]) / beats.sampling_rate
for column, name in enumerate(classifier.classes_):
    panel = figure.add_subplot(grid[1, column])
    members = test[y[test] == name]
    shown = rng.choice(members, min(20, len(members)), replace=False)
    panel.plot(milliseconds, beats.data[shown].T, color="tab:blue", linewidth=0.6, alpha=0.4)
    panel.set(title=f"{name} ({len(members)})", xlabel="ms after R", yticks=[0, 1])

figure.savefig("quickstart.png", dpi=120)
print("The picture is in quickstart.png.")
