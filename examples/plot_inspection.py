"""
Inspection of a network
=======================

The activations of a residual network for a beat, the attribution of its prediction to the samples
of the beat, and the attention of networks on a sheet and on its leads.
"""

# %%
# Activations of the layers
# -------------------------
# As in the figures of the published systems, the display shows the input and the output of each
# layer.
import os
from pathlib import Path

import matplotlib.pyplot as plt
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import make_pipeline

from skecg import (
    AreaResize,
    ECGAttentionLSTMClassifier,
    ECGResidualCNNClassifier,
    ECGViTClassifier,
    LeadCropper,
)
from skecg.datasets import beats_from_records, load_mitbih, make_beats, make_sheets
from skecg.inspection import (
    ActivationDisplay,
    AttentionDisplay,
    SaliencyDisplay,
    TrainingCurveDisplay,
)

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
# Draw the training curve. The dotted line marks the epoch whose weights were kept.
TrainingCurveDisplay.from_estimator(clf)

# %%
# Attribution of the prediction
# -----------------------------
# Integrated gradients show how much each sample of the beat contributes to the class V. They sum to
# the difference between the outputs of the network for this beat and for a beat of zeros. Orange
# speaks for V and blue against it.
display = SaliencyDisplay.from_estimator(clf, X[ventricular], target="V", sampling_rate=rate)
print(f"sum of the attributions: {display.attributions.sum():.2f}")
display.figure_.savefig("saliency.png", dpi=100)

# %%
# Attention of a Vision Transformer
# ---------------------------------
# The roll-out traces the attention through all blocks. A few generated sheets do not teach the
# network much; for your own sheets, pass your fitted pipeline.
sheets = make_sheets(16, size=(786, 1106), random_state=0)
model = make_pipeline(
    AreaResize((92, 128), region="grid"), ECGViTClassifier(max_epochs=4, random_state=0)
)
model.fit(sheets.data, sheets.target_names[sheets.target])
AttentionDisplay.from_estimator(model, sheets.data)

# %%
# Attention to the leads
# ----------------------
# The crops of a ``LeadCropper`` have the names of its layout.
by_lead = make_pipeline(
    LeadCropper(size=(32, 32)), ECGAttentionLSTMClassifier(max_epochs=4, random_state=0)
)
by_lead.fit(sheets.data, sheets.target_names[sheets.target])
AttentionDisplay.from_estimator(by_lead, sheets.data)

# %%
# Occlusion covers one part of the leads after the other, and shows what that changes.
SaliencyDisplay.from_estimator(by_lead, sheets.data, method="occlusion")
plt.show()
