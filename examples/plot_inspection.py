"""
What a network sees
===================

A beat on its way through the layers of a residual network, the samples on which its decision
rests, and where on a sheet a Vision Transformer looks.
"""

# %%
# A beat through the layers
# -------------------------
# The published systems are drawn like this: the input, then the output of every layer.
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import make_pipeline

from skecg import AreaResize, ECGResidualCNNClassifier, ECGViTClassifier
from skecg.datasets import beats_from_records, load_mitbih, make_beats, make_sheets
from skecg.inspection import ActivationDisplay, AttentionDisplay, TrainingCurveDisplay, saliency

homes = (os.environ.get("SKECG_DATA"), "../shared/data", Path.home() / "skecg_data")
home = next((h for h in homes if h and Path(h, "mitdb").is_dir()), None)
if home is None:
    beats = make_beats(1000, random_state=0)
else:
    beats = beats_from_records(load_mitbih(home, records=[106, 119, 208, 221, 223, 233]))
X, y = beats.data, beats.target_names[beats.target]
train, test = next(GroupShuffleSplit(1, random_state=0).split(X, groups=beats.groups))
clf = ECGResidualCNNClassifier(max_epochs=10, early_stopping=True, random_state=0)
clf.fit(X[train], y[train], groups=beats.groups[train])
print(f"accuracy on other people's beats: {clf.score(X[test], y[test]):.3f}")

ventricular = test[(y[test] == "V") & (clf.predict(X[test]) == "V")][:1]
layers = ["features.0", "features.1", "features.3", "features.5", "head.0", "head.2", "head.3"]
rate = beats.sampling_rate
ActivationDisplay.from_estimator(clf, X[ventricular], layers=layers, sampling_rate=rate)
plt.savefig("inspection.png", dpi=100)

# %%
# How it was trained; the dotted line marks the epoch whose weights were kept.
TrainingCurveDisplay.from_estimator(clf)

# %%
# What the decision rests on
# --------------------------
# Integrated gradients say how much every sample of the beat speaks for the class V. They sum to the
# difference that the beat makes to the network's output, against a beat of zeros.
attribution = saliency(clf, X[ventricular], target="V", method="integrated_gradients")
print(f"sum of the attributions: {attribution.sum():.2f}")
limit = np.abs(attribution).max()
fig, ax = plt.subplots(figsize=(6.4, 3), layout="constrained")
time = np.arange(X.shape[-1]) / rate
ax.plot(time, X[ventricular].ravel(), color="0.8", zorder=0)
points = ax.scatter(
    time, X[ventricular].ravel(), 12, attribution.ravel(), cmap="PuOr_r", vmin=-limit, vmax=limit
)
fig.colorbar(points, label="Speaks for V")
ax.set(xlabel="Time (s)", ylabel="Amplitude")

# %%
# Where a Vision Transformer looks
# --------------------------------
# The roll-out follows attention through all blocks. On a few generated sheets there is not much to
# learn; on yours, pass your own fitted pipeline.
sheets = make_sheets(16, size=(786, 1106), random_state=0)
model = make_pipeline(
    AreaResize((92, 128), region="grid"), ECGViTClassifier(max_epochs=4, random_state=0)
)
model.fit(sheets.data, sheets.target)
AttentionDisplay.from_estimator(model, sheets.data[:1])
plt.show()
