"""
How sure is the classifier? Calibrated probabilities and sets of classes, by subject
====================================================================================

A network that says 0.95 is right less often than 95 times in 100, more so for people whom it has
not seen. Two remedies need beats of people that were held out of training: the calibration of
probabilities (scikit-learn's ``CalibratedClassifierCV``), and sets of classes that contain the true
one with a chosen frequency (conformal prediction by MAPIE, ``pip install mapie``). A third group of
people tells whether they hold what they promise.

The example uses a part of the MIT-BIH beats if the data base is in ``$SKECG_DATA``,
``../shared/data`` or ``~/skecg_data``, otherwise generated ones.
"""

# %%
# Load beats of the classes N, S and V, at most 60 of each person and class.
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import StratifiedGroupKFold

from skecg import ECGResidualCNNClassifier
from skecg.datasets import load_heartbeat, make_beats
from skecg.model_selection import bootstrap_interval

homes = (os.environ.get("SKECG_DATA"), "../shared/data", Path.home() / "skecg_data")
homes = [Path(home) for home in homes if home]
home = next((h for h in homes if (h / "mitdb").is_dir()), None)

if home is None:
    beats = make_beats(900, n_subjects=24, random_state=0)
else:
    beats = load_heartbeat(home, source="mitbih")
y, groups = beats.target_names[beats.target], beats.groups
order = np.random.default_rng(0).permutation(np.flatnonzero(np.isin(y, ["N", "S", "V"])))
label = pd.Series(y[order])
drawn = order[label.groupby([label, groups[order]]).cumcount() < 60]
X, y, groups = beats.data[drawn], y[drawn], groups[drawn]

# %%
# Three groups of people: two folds of five to calibrate, one to test, the others to train.
folds = [
    held for _, held in StratifiedGroupKFold(5, shuffle=True, random_state=0).split(X, y, groups)
]
test, held_out, train = folds[0], np.concatenate(folds[1:3]), np.concatenate(folds[3:])
for name, part in (("train", train), ("held out", held_out), ("test", test)):
    print(f"{name}: {len(part)} beats of {len(np.unique(groups[part]))} people")
clf = ECGResidualCNNClassifier(n_filters=8, max_epochs=15, batch_size=64, random_state=0)
clf.fit(X[train], y[train])

# %%
# Calibration. ``FrozenEstimator`` keeps the fitted network as it is; one temperature is learnt from
# the people held out. The logarithmic loss of the test people falls if the probabilities have
# become better. Accuracy cannot change, because a temperature does not change their order.
calibrated = CalibratedClassifierCV(FrozenEstimator(clf), method="temperature")
calibrated.fit(X[held_out], y[held_out])
for name, model in (("as trained", clf), ("calibrated", calibrated)):
    probabilities = model.predict_proba(X[test])
    loss = bootstrap_interval(
        lambda truth, p: log_loss(truth, p, labels=clf.classes_),
        y[test], probabilities, groups=groups[test], n_resamples=500, random_state=0,
    )  # fmt: skip
    accuracy = accuracy_score(y[test], clf.classes_[probabilities.argmax(axis=1)])
    print(f"{name}: logarithmic loss {loss} (95 % by person), accuracy {accuracy:.3f}")

fig, ax = plt.subplots(figsize=(4.5, 4.5), layout="constrained")
for name, model in (("as trained", clf), ("calibrated", calibrated)):
    sure = model.predict_proba(X[test])
    right = clf.classes_[sure.argmax(axis=1)] == y[test]
    CalibrationDisplay.from_predictions(
        right, sure.max(axis=1), n_bins=8, strategy="quantile", name=name, ax=ax
    )
ax.set(xlabel="Probability of the predicted class", ylabel="Share of right predictions")

# %%
# Sets of classes. MAPIE learns from the people held out how large a set has to be to contain the
# true class in 90 % of beats. The promise is for beats that are drawn like those held out. Beats of
# other people are not, and their share can be lower: the interval by person tells how much.
try:
    from mapie.classification import SplitConformalClassifier
except ImportError:
    print("MAPIE is not installed: pip install mapie")
else:
    for method in ("lac", "aps"):
        conformal = SplitConformalClassifier(
            calibrated, confidence_level=0.9, conformity_score=method, prefit=True, random_state=0
        )
        conformal.conformalize(X[held_out], y[held_out])
        sets = conformal.predict_set(X[test])[1][:, :, 0]
        covered = sets[np.arange(len(test)), np.searchsorted(clf.classes_, y[test])]
        share = bootstrap_interval(np.mean, covered, groups=groups[test], random_state=0)
        size = sets.sum(axis=1)
        print(
            f"{method}: the true class is in {share} of the sets (95 % by person); "
            f"{np.mean(size == 0):.1%} are empty, {np.mean(size == 1):.1%} have one class, "
            f"{np.mean(size > 1):.1%} more"
        )
