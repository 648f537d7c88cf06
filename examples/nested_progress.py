"""
Watching a search: progress of every candidate, fold and epoch
==============================================================

scikit-learn's own callbacks (since 1.9) are set on the outermost estimator and reach down to the
epochs of each fit, also from the processes of ``n_jobs``. Needs ``pip install "skecg[progress]"``.
"""

# %%
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold

from skecg import ECGResidualCNNClassifier
from skecg.datasets import make_beats

beats = make_beats(200, random_state=0)

# %%
# A bar for the search, one for every candidate and fold. ``max_propagation_depth`` counts the
# estimators below: 2 where the classifier is a step of a pipeline, None for all there are. The
# monitor stays on the classifier and scores the training samples after every epoch.
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
# One row per epoch: of candidate and fold, then of the refit.
scores = monitor.get_logs().data_as_pandas.query("task_name == 'epoch'")
table = scores.pivot(index="task_id", columns="parent_task_id_path", values="balanced_accuracy")
print(table.round(2))
