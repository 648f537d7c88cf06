"""
Progress of a search: candidates, folds and epochs
==================================================

The callbacks of scikit-learn (since 1.9) are set on the outermost estimator and propagate to the
epochs of each fit, also in the processes of ``n_jobs``. Requires
``pip install "skecg[progress]"``.
"""

# %%
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold

from skecg import ECGResidualCNNClassifier
from skecg.datasets import make_beats

beats = make_beats(200, random_state=0)

# %%
# There is one progress bar for the search and one for each candidate and fold.
# ``max_propagation_depth`` is the number of levels of nested estimators: 2 if the classifier is a
# step of a pipeline, None for all levels. The monitor is set on the classifier and scores the
# training samples after each epoch.
monitor = ScoringMonitor(scoring="balanced_accuracy")
classifier = ECGResidualCNNClassifier(max_epochs=8, batch_size=16, n_filters=8, random_state=0)
search = GridSearchCV(
    classifier.set_callbacks(monitor),
    {"learning_rate": [3e-3, 1e-2]},
    cv=StratifiedGroupKFold(2),
    n_jobs=2,
)
search.set_callbacks(ProgressBar(max_propagation_depth=None))
search.fit(beats.data, beats.target, groups=beats.groups)

# %%
# Print one row per epoch and one column per fit: each candidate and fold, then the refit.
scores = monitor.get_logs().data_as_pandas.query("task_name == 'epoch'")
table = scores.pivot(index="task_id", columns="parent_task_id_path", values="balanced_accuracy")
print(table.round(2))
