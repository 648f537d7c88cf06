"""
Export: a classifier as a file that runs without Python
=======================================================

``skecg.export_onnx`` writes a fitted classifier in the ONNX format, which ONNX Runtime computes in
C++, Java, JavaScript and on telephones, without Python or PyTorch. In this example, a small network
is trained on generated heartbeats and exported, and ONNX Runtime gives the same probabilities.
"""

# %%
# The classifier
# --------------
# The generated beats are those of a few subjects; some are kept for the test. The scaler and the
# network go into the file together.
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import make_pipeline

import skecg
from skecg import ECGResidualCNNClassifier, SignalScaler
from skecg.datasets import make_beats

beats = make_beats(1500, random_state=0)
X, y, groups = beats.data.astype(np.float32), beats.target_names[beats.target], beats.groups
((train, test),) = GroupShuffleSplit(1, test_size=0.3, random_state=0).split(X, y, groups)
network = ECGResidualCNNClassifier(n_filters=16, max_epochs=10, random_state=0)
model = make_pipeline(SignalScaler(), network).fit(X[train], y[train])
print(f"accuracy on other subjects: {model.score(X[test], y[test]):.2f}")

# %%
# The file
# --------
# Its graph takes ``X`` as ``predict_proba`` does. Steps such as a ``BeatSegmenter``, which no graph
# can hold, would be left to the caller, and a warning would name them.
path = Path("beats.onnx")
try:
    skecg.export_onnx(model, path, sampling_rate=125)
    import onnxruntime
except ImportError as error:
    print(f"The last part needs ONNX Runtime. {error}")
    raise SystemExit from None

# %%
# ONNX Runtime
# ------------
# What follows needs no skecg: another program would do the same in its own language. The metadata
# say what goes in and what comes out.
session = onnxruntime.InferenceSession(path)
metadata = session.get_modelmeta().custom_metadata_map
for name in ("estimator", "input_shape", "input_type", "sampling_rate", "classes", "output"):
    print(f"{name:14}{metadata[name]}")
classes = np.array(json.loads(metadata["classes"]))
(probabilities,) = session.run(None, {"X": X[test]})

# %%
# The same probabilities
# ----------------------
difference = np.abs(probabilities - model.predict_proba(X[test])).max()
agree = (classes[probabilities.argmax(1)] == model.predict(X[test])).mean()
print(f"largest difference {difference:.0e}, same label for {agree:.0%} of the beats")

figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
left.plot(np.arange(X.shape[1]) / 125, X[test][0])
left.set(xlabel="Time (s)", ylabel="Amplitude", title=f"A beat of class {y[test][0]}")
right.bar(classes, probabilities[0])
right.set(xlabel="Class", ylabel="Probability", title="By ONNX Runtime", ylim=(0, 1))
figure.savefig("export.png")
