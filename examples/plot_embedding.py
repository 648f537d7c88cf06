"""
Embeddings: a network as a step of a pipeline
=============================================

``embed(X)`` returns the input of the last layer of a network for each sample: a row of features
that any estimator of scikit-learn accepts. In this example, a network is trained on the heartbeats
of some people. A map and a logistic regression show what its embedding tells about those of others.

The example uses records of DS1 and DS2 of de Chazal et al. (2004) if the MIT-BIH Arrhythmia
Database is in the folder given by the environment variable ``SKECG_DATA``, otherwise generated
records.
"""

# %%
# The beats
# ---------
# Each sample is the window around an R peak, with numbers of its rhythm and shape. At most 60 beats
# per person and class are used. Classes F and Q are excluded, because they are too rare in a few
# records.
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import TSNE
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skecg import ECGResidualCNNClassifier
from skecg.datasets import beat_windows_from_records, load_mitbih, make_records
from skecg.inspection import BeatDisplay, TrainingCurveDisplay

home = os.environ.get("SKECG_DATA", "")
if (Path(home) / "mitdb").is_dir():
    train_records = [106, 112, 114, 116, 118, 119, 124, 201, 203, 207, 208, 209, 215, 220, 223]
    other_records = [100, 105, 200, 210, 213, 214, 219, 221, 222, 228, 231, 232, 233]
    records = load_mitbih(home, records=train_records + other_records)
    training_subjects = records.groups[np.isin(records.records, train_records)]
else:
    records = make_records(n_subjects=16, duration=120, random_state=0)
    training_subjects = np.unique(records.groups)[:8]

beats = beat_windows_from_records(records)
labels = beats.target_names[beats.target]
rng = np.random.default_rng(0)
kept = []
for subject in np.unique(beats.groups):
    for label in ("N", "S", "V"):
        members = np.flatnonzero((beats.groups == subject) & (labels == label))
        kept.append(rng.permutation(members)[:60])
kept = np.concatenate(kept)
X, y, groups = beats.data[kept], labels[kept], beats.groups[kept]
BeatDisplay.from_beats(
    X[:, : -beats.n_numbers], y, sampling_rate=beats.sampling_rate, start=-0.5, unit="R peak = 1"
)

# %%
# The network
# -----------
# The network is trained on the training subjects only.
network = ECGResidualCNNClassifier(
    n_side_features=beats.n_numbers, max_epochs=8, batch_size=64, random_state=0
)
known = np.isin(groups, training_subjects)
network.fit(X[known], y[known])
TrainingCurveDisplay.from_estimator(network)

# %%
# As a step of a pipeline
# -----------------------
# ``FunctionTransformer(network.embed)`` is a transformer that is already fitted: cloning a pipeline
# copies the network with its weights, so that cross-validation trains only the following steps.
# This has no leakage, because the beats used from here on are from people that the network was not
# trained on. The folds are by subject, too.
embedding = FunctionTransformer(network.embed)
X, y, groups = X[~known], y[~known], groups[~known]
print(f"{len(X)} beats of {len(np.unique(groups))} other people: {embedding.transform(X).shape}")

samples = FunctionTransformer()
for name, features in (("embedding", embedding), ("samples", samples)):
    model = make_pipeline(
        features, StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=1000)
    )
    scores = cross_val_score(
        model, X, y, groups=groups, cv=GroupKFold(4), scoring="balanced_accuracy"
    )
    print(f"Logistic regression on the {name}: balanced accuracy {scores.mean():.3f}")

# %%
# A map of the beats
# ------------------
# t-SNE maps similar embeddings to nearby points. The left plot shows the classes, and the right
# plot the same points by person. Clusters of one colour on the right would show that the embedding
# depends on the person rather than on the rhythm.
points = make_pipeline(
    embedding, StandardScaler(), TSNE(init="pca", perplexity=30, random_state=0)
).fit_transform(X)

colors = {"N": "#0072B2", "S": "#D55E00", "V": "#009E73"}
fig, (by_class, by_subject) = plt.subplots(1, 2, figsize=(10, 4.8), layout="constrained")
for (name, color), marker in zip(colors.items(), "o^s"):
    chosen = y == name
    by_class.scatter(*points[chosen].T, s=10, c=color, marker=marker, alpha=0.6, label=name)
by_class.legend(title="Class")
subjects, codes = np.unique(groups, return_inverse=True)
by_subject.scatter(*points.T, s=10, c=codes, cmap="viridis", alpha=0.6)
for ax, title in ((by_class, "by class"), (by_subject, f"by subject ({len(subjects)} people)")):
    ax.set(title=f"Embedding of beats, {title}", xlabel="t-SNE 1", ylabel="t-SNE 2")
    ax.set(xticks=[], yticks=[])

plt.show()
