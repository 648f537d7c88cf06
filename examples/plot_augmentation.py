"""
Augmentation: what it does to a beat, and whether it helps
==========================================================

``augment=`` of every classifier changes the training samples at random, batch by batch: a beat is a
little longer, a little larger, its baseline wanders. What an ECG may look like and still be of the
same class is knowledge that the network then need not learn from more people.

The example shows what the augmentations do and lets a search by subject decide on one of them.
Generated beats, no file is needed.
"""

# %%
# Beats of 10 generated people. They are cut at the R peak and filled with zeros at the end, which
# ``padding=0.0`` leaves as they are.
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold

from skecg import ECGResidualCNNClassifier
from skecg.augmentation import BaselineWander, Gain, Mixup, Noise, TimeStretch
from skecg.datasets import make_beats
from skecg.inspection import AugmentationDisplay

beats = make_beats(400, random_state=0)
augment = [
    TimeStretch(limit=0.1),
    Gain(limit=0.2),
    BaselineWander(sampling_rate=beats.sampling_rate, amplitude=0.05, padding=0.0),
    Noise(deviation=0.02, padding=0.0),
]

# %%
# Four draws of each, over the beat itself in grey. Look before you train: what is no longer an ECG
# of its class teaches nonsense.
display = AugmentationDisplay.from_augment(
    augment, beats.data, sampling_rate=beats.sampling_rate, random_state=0
)
display.figure_.savefig("augmentation.png", dpi=80)

# %%
# A search over the augmentations as a whole (one of them a function of one's own), and over a
# parameter of one in the list, which has the name of its class. Folds hold people apart.


def upright_noise(X):
    """Add noise whose strength grows with the signal's."""
    return X + 0.05 * X * X.new_empty(X.shape).normal_()


search = GridSearchCV(
    ECGResidualCNNClassifier(
        max_epochs=6,
        batch_size=16,
        n_filters=8,
        n_blocks=2,
        average_weights="ema",
        augment=augment,
        random_state=0,
    ),
    [
        {"augment": [None, upright_noise, Mixup(alpha=0.2)]},
        {"augment__timestretch__limit": [0.05, 0.2]},
    ],
    scoring="balanced_accuracy",
    cv=StratifiedGroupKFold(3),
)
search.fit(beats.data, beats.target, groups=beats.groups)
for params, mean, deviation in zip(
    search.cv_results_["params"],
    search.cv_results_["mean_test_score"],
    search.cv_results_["std_test_score"],
):
    ((name, value),) = params.items()
    shown = getattr(value, "__name__", value)
    print(f"{name}={shown}: balanced accuracy {mean:.3f} (sd over folds {deviation:.3f})")

# %%
# A difference that is smaller than that between folds, or between seeds, is none: choose the plain
# one then. The picture is augmentation.png.
