"""
Heartbeats, honestly evaluated
==============================

Train a residual network on the heartbeats of some people and test it on those of others.

With the MIT-BIH Arrhythmia Database (in ``$SKECG_DATA``, ``../shared/data`` or ``~/skecg_data``) it
trains on the records DS1 of de Chazal et al. (2004) and tests on DS2. Without it, it does the same
on generated records, split by subject, in half a minute.
"""

from __future__ import annotations

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import GroupShuffleSplit

from skecg import BeatWindows, ECGResidualCNNClassifier, load_pretrained
from skecg.datasets import beat_windows_from_records, load_mitbih, make_records
from skecg.metrics import aami_labels, aami_report
from skecg.model_selection import (
    DE_CHAZAL_DS1,
    DE_CHAZAL_DS2,
    inter_patient_split,
    leakage_report,
)

# %%
# Records, and of every record the person.

folders = (os.environ.get("SKECG_DATA"), "../shared/data", Path.home() / "skecg_data")
data_home = next((path for path in folders if path and (Path(path) / "mitdb").is_dir()), None)

if data_home is None:
    print(
        "The MIT-BIH database is not here (skecg.datasets.fetch_mitbih() downloads it): this run "
        "uses generated records."
    )
    records = make_records(n_subjects=40, random_state=0, progress=True)
else:
    records = load_mitbih(data_home, records=[*DE_CHAZAL_DS1, *DE_CHAZAL_DS2], progress=True)

# %%
# One row per annotated beat: how the window around its R peak differs from those of the late beats
# of its neighbourhood, and numbers of its rhythm and shape. Nobody is in both the training and the
# test set.

windows = BeatWindows(records.sampling_rate, channels=("late_deviation",))
beats = beat_windows_from_records(records, windows)
if data_home is None:
    split = GroupShuffleSplit(n_splits=1, test_size=0.5, random_state=0)
    train, test = next(split.split(beats.data, groups=beats.groups))
    n_people = [len(np.unique(beats.groups[part])) for part in (train, test)]
    protocol = f"{n_people[0]} generated people -> {n_people[1]} others"
else:
    train, test = inter_patient_split(beats.record, variant="subject-disjoint")
    # Beats that nobody could classify (8 in DS1, 7 in DS2) are usually left out.
    known = beats.symbol != "Q"
    train, test = train[known[train]], test[known[test]]
    # 201 in DS1 and 202 in DS2 are records of one man.
    protocol = "DS1 -> DS2 without record 202"
print(f"Protocol: {protocol}")
print(leakage_report(train, test, groups=beats.groups))

# %%
# Labels may be of any kind; here they are the AAMI classes. An epoch of the generated beats is 18
# steps of the optimiser, one of DS1 is 399: the fewer the beats, the more epochs they need.

y = beats.target_names[beats.target]
max_epochs = 25 if data_home is None else 5
classifier = ECGResidualCNNClassifier(
    n_side_features=beats.n_numbers, max_epochs=max_epochs, dropout=0.3, random_state=0, verbose=1
)
classifier.fit(beats.data[train], y[train])
predicted = classifier.predict(beats.data[test])
print(aami_report(y[test], predicted))

# %%
# The confusion matrix in the order of the standard, the training curve, and how the classes differ
# from late beats.

classes = aami_labels(y[test], predicted)
figure = plt.figure(figsize=(11, 7), layout="constrained")
above, below = figure.subfigures(2, 1)
matrix, curve = above.subplots(1, 2)
ConfusionMatrixDisplay.from_predictions(
    y[test], predicted, labels=classes, normalize="true", values_format=".2f", cmap="Blues",
    colorbar=False, ax=matrix,
)  # fmt: skip
matrix.set(title=f"Unseen people: {protocol}", xlabel="Predicted class", ylabel="Annotated class")

epochs = range(1, classifier.n_iter_ + 1)
curve.plot(epochs, [row["train_loss"] for row in classifier.history_], marker="o")
curve.set(title="Training", xlabel="Epoch", ylabel="Cross-entropy", ylim=(0, None))
curve.xaxis.get_major_locator().set_params(integer=True)

rng = np.random.default_rng(0)
differences = beats.data[:, : -beats.n_numbers]
seconds = np.arange(differences.shape[1]) / beats.sampling_rate - 0.5
for name, panel in zip(classes, below.subplots(1, len(classes), sharey=True)):
    members = test[y[test] == name]
    shown = rng.choice(members, min(20, len(members)), replace=False)
    panel.plot(seconds, differences[shown].T, color="tab:blue", linewidth=0.6, alpha=0.5)
    panel.set(title=f"{name}: {len(members)} beats", xlabel="s from the R peak")
    panel.set(xticks=[-0.5, 0, 0.5], ylim=(-2, 2))

# %%
# A model that comes with the package finds and labels the beats of a whole record.

annotator = load_pretrained("mitbih-aami")
print(annotator.annotate(records.data[-1], records.sampling_rate, name="the last one").summary())

figure.savefig("quickstart.png", dpi=120)
print("The picture is in quickstart.png.")

# %%
# On DS2, a network of this kind, trained for 8 epochs, has an F1 of 0.975 for N, 0.942 for V, 0.200
# for S and 0.412 for F (mean of five seeds;
# ``python benchmarks/accuracy_annotator.py --models network --seeds 0 1 2 3 4``). Generated records
# are easier.
