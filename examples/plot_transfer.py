"""
Transfer from arrhythmia to infarction: how many layers to train
================================================================

A network that was trained on one task on heartbeats is useful for another. In this example, a
network trained on arrhythmia is transferred to myocardial infarction: its convolutions are frozen,
and the last k dense layers are initialised and trained again, for k from 1 to 4. As published,
training too few layers is not enough.

The example uses MIT-BIH and PTB-XL if they are in ``$SKECG_DATA``, ``../shared/data`` or
``~/skecg_data``, otherwise generated beats.
"""

# %%
# The source task: beats in five classes of arrhythmia.
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold, cross_val_score

from skecg import BeatSegmenter, ECGCNNClassifier
from skecg.datasets import load_heartbeat, load_ptbxl, make_beats

homes = (os.environ.get("SKECG_DATA"), "../shared/data", Path.home() / "skecg_data")
homes = [Path(home) for home in homes if home]
home = next((h for h in homes if (h / "mitdb").is_dir() and (h / "ptbxl").is_dir()), None)

if home is None:
    source_beats = make_beats(1200, random_state=0)
else:
    source_beats = load_heartbeat(home, source="mitbih", subset="train")
rng = np.random.default_rng(0)
drawn = rng.permutation(len(source_beats.data))[:10_000]
source = ECGCNNClassifier(
    width=8, hidden_layer_sizes=(128, 64, 32), max_epochs=8, batch_size=32, random_state=0
)
source.fit(source_beats.data[drawn], source_beats.target[drawn])

# %%
# The target task: beats of two other classes, with their subjects. With PTB-XL, these are
# infarction and normal in lead II.
if home is None:
    beats = make_beats(600, n_subjects=30, random_state=1)
    X, y, groups = beats.data, np.isin(beats.target, [1, 3]).astype(int), beats.groups
else:
    records = load_ptbxl(home, task="mi-vs-norm", sampling_rate=125, leads="II")
    segmenter = BeatSegmenter(sampling_rate=125, scale="beat")
    beats = segmenter.segment(records.data, records.target, records.groups)
    X, y, groups = beats.beats, beats.target, beats.group
print(f"{len(X)} beats of {len(np.unique(groups))} persons, {np.mean(y):.0%} of the second class")

# %%
# Search over the number of trained layers. ``FrozenEstimator`` keeps the source fitted when
# scikit-learn clones the classifier. No person is in both parts of a fold.
folds = StratifiedGroupKFold(3, shuffle=True, random_state=0)
target = clone(source).set_params(
    init_from=FrozenEstimator(source), n_trainable_layers=1, reset_layers="trainable"
)
search = GridSearchCV(
    target, {"n_trainable_layers": [1, 2, 3, 4]}, cv=folds, scoring="balanced_accuracy"
)
search.fit(X, y, groups=groups)
print(search.best_estimator_.transfer_report_)

# %%
# For comparison, train the same network from scratch, and fine-tune all layers of the source.
tuned = clone(target).set_params(n_trainable_layers=None, reset_layers="head")
whole = {
    name: cross_val_score(model, X, y, groups=groups, cv=folds, scoring="balanced_accuracy")
    for name, model in {"from scratch": source, "all fine-tuned": tuned}.items()
}

# %%
# Plot mean and standard deviation of the balanced accuracy over the folds.
mean, spread = (search.cv_results_[f"{part}_test_score"] for part in ("mean", "std"))
fig, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
ax.errorbar([1, 2, 3, 4], mean, spread, marker="o", capsize=4, label="convolutions frozen")
for color, (name, scores) in zip(("C1", "C2"), whole.items()):
    ax.axhline(scores.mean(), color=color, linestyle="--", label=name)
    print(f"{name}: {scores.mean():.3f} +- {scores.std():.3f}")
print("last k trained:", np.round(mean, 3))
ax.set(xlabel="Number of dense layers trained", ylabel="Balanced accuracy", xticks=range(1, 5))
ax.legend()
plt.show()

# %%
# From MIT-BIH to lead II of PTB-XL, in five folds by patient: accuracy 0.717 with one layer trained
# and 0.868 with three; 0.852 from scratch. The standard deviation over folds is 0.06 to 0.07
# (``python benchmarks/accuracy_transfer.py --network CNN --source cnn.safetensors --source-epochs 8
# --epochs 10``).
