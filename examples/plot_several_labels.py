"""
Several labels at once: what a record has, not which one it is
==============================================================

A record may show an infarction and a hypertrophy, or neither. Every classifier takes such labels
as a matrix of 0 and 1 with a column for each label, trains one network for all of them, and
returns a probability for each. In this example, records are scored by patient, the threshold of
each label is chosen on other patients than it is tested on, and the attributions of two labels are
drawn on one record.

The example uses PTB-XL if it is in ``$SKECG_DATA``, ``../shared/data`` or ``~/skecg_data``,
otherwise generated signals with four kinds of changes, of which each record has any number.
"""

# %%
# Records and their labels. ``target`` has a row for each record and a column for each label.
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.utils import Bunch

from skecg import ECGResidualCNNClassifier
from skecg.datasets import load_ptbxl
from skecg.inspection import saliency
from skecg.metrics import fmax_score


def generated_records(n_records: int = 300, rate: int = 100) -> Bunch:
    """Return leads of two seconds with waves that are inverted, wide, high or deep."""
    rng = np.random.default_rng(0)
    names = np.array(["negative T", "wide QRS", "high R", "deep S"])
    groups = np.sort(rng.integers(0, n_records // 2, n_records))
    target = (rng.uniform(size=(n_records, 4)) < [0.3, 0.25, 0.3, 0.2]).astype(int)
    negative, wide, high, deep = target.T[..., np.newaxis]
    time = np.arange(2 * rate) / rate
    phase = (time + rng.uniform(0, 0.8, (n_records, 1))) % 0.8  # 75 beats per minute

    def wave(at: float, width: np.ndarray | float) -> np.ndarray:
        return np.exp(-0.5 * ((phase - at) / width) ** 2)

    lead = (1 + 0.6 * high) * wave(0.35, 0.012 + 0.012 * wide) + 0.15 * wave(0.19, 0.02)
    lead = lead + 0.3 * (1 - 2 * negative) * wave(0.6, 0.04) - 0.5 * deep * wave(0.4, 0.015)
    data = (lead + rng.normal(0, 0.05, lead.shape)).astype(np.float32)[:, np.newaxis]
    return Bunch(
        data=data, target=target, target_names=names, groups=groups, lead_names=["II"],
        sampling_rate=rate,
    )  # fmt: skip


homes = (os.environ.get("SKECG_DATA"), "../shared/data", Path.home() / "skecg_data")
home = next((h for h in homes if h and (Path(h) / "ptbxl").is_dir()), None)
records = (
    generated_records()
    if home is None
    else load_ptbxl(home, task="superclass-multilabel", leads=["II"])
)
X, Y, groups, names = records.data, records.target, records.groups, records.target_names
print(f"{len(X)} records of {len(np.unique(groups))} patients; labels of a record: ", end="")
print({int(k): int(n) for k, n in zip(*np.unique(Y.sum(1), return_counts=True))})

# %%
# One network learns all labels. ``class_weight="balanced"`` lets the records with a label weigh as
# much as those without, label by label. The probabilities come from folds by patient.
clf = ECGResidualCNNClassifier(
    max_epochs=15, batch_size=32, n_filters=16, class_weight="balanced", random_state=0
)
folds = GroupKFold(3, shuffle=True, random_state=0)
scores = cross_val_predict(clf, X, Y, groups=groups, cv=folds, method="predict_proba")
auc = roc_auc_score(Y, scores, average=None)
for name, one, share in zip(names, auc, Y.mean(0)):
    print(f"{name:10} in {share:.0%} of the records, AUC {one:.3f}")
print(f"macro-AUC {auc.mean():.3f}, Fmax {fmax_score(Y, scores):.3f}")

# %%
# ``predict`` says yes above 0.5. Balanced weights move the probabilities, so thresholds are chosen
# by the F1 of each label, on one half of the patients, and tested on the other half.
half = np.isin(groups, np.unique(groups)[::2])


def f1(y: np.ndarray, called: np.ndarray) -> np.ndarray:
    """Return the F1 of each label."""
    return 2 * (y & called).sum(0) / np.maximum((y + called).sum(0), 1)


grid = np.linspace(0.05, 0.95, 19)
tried = np.array([f1(Y[half], (scores[half] > t).astype(int)) for t in grid])
thresholds = grid[tried.argmax(0)]
for title, threshold in (("at 0.5", 0.5), ("at thresholds of its own", thresholds)):
    found = f1(Y[~half], (scores[~half] > threshold).astype(int))
    print(f"F1 on other patients {title}: {np.round(found, 2).tolist()}, mean {found.mean():.3f}")

# %%
# Which part of a record speaks for a label: attributions of the logits of its two labels.
clf.fit(X, Y)
record = int(np.flatnonzero(Y.sum(1) >= 2)[0])
labels = np.flatnonzero(Y[record])[:2]
fig, axes = plt.subplots(2, 1, figsize=(8, 4.5), sharex=True, layout="constrained")
time = np.arange(X.shape[-1]) / records.sampling_rate
for ax, label in zip(axes, labels):
    speaks = saliency(clf, X[[record]], int(label), n_steps=20)[0, 0]
    limit = np.abs(speaks).max()
    ax.plot(time, X[record, 0], color="0.8", linewidth=0.8, zorder=0)
    dots = ax.scatter(time, X[record, 0], c=speaks, s=8, cmap="coolwarm", vmin=-limit, vmax=limit)
    probability = clf.predict_proba(X[[record]])[0, label]
    ax.set(ylabel="mV", title=f"{names[label]}: probability {probability:.2f}")
    fig.colorbar(dots, ax=ax, label="attribution")
axes[-1].set_xlabel("Time in s")
plt.show()

# %%
# The five superclasses of PTB-XL in 488 records with 12 leads, in five folds by patient: macro-AUC
# 0.852 (95 % interval 0.823 - 0.882; ``python benchmarks/accuracy_ptbxl.py --seeds 0 1``).
