from __future__ import annotations

import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skecg import ECGResidualCNNClassifier
from skecg.datasets import make_beats
from skecg.inspection import TrainingCurveDisplay


def rows(train, valid=None, accuracy=None):
    columns = {"train_loss": train, "valid_loss": valid, "valid_acc": accuracy}
    columns = {name: values for name, values in columns.items() if values is not None}
    rates = 0.01 / np.arange(1, len(train) + 1)
    return [
        dict(zip(columns, values)) | {"lr": rate, "dur": 0.1}
        for values, rate in zip(zip(*columns.values()), rates)
    ]


STOPPED = rows([3.0, 2.0, 1.5, 1.2], [2.5, 1.8, 1.9, 2.0], [0.2, 0.5, 0.6, 0.4])
PLAIN = rows([3.0, 2.0, 1.0])


@pytest.fixture(scope="module")
def folds():
    beats = make_beats(90, random_state=0)
    model = make_pipeline(
        StandardScaler(),
        ECGResidualCNNClassifier(
            max_epochs=4, n_filters=4, early_stopping=True, patience=2, random_state=0
        ),
    )
    return cross_validate(
        model, beats.data, beats.target, cv=GroupKFold(3), groups=beats.groups,
        return_estimator=True,
    )["estimator"]  # fmt: skip


def test_loss_accuracy_and_learning_rate_over_epochs():
    display = TrainingCurveDisplay.from_history(STOPPED)
    assert [ax.get_ylabel() for ax in display.axes_[0]] == [
        "Loss (cross-entropy)", "Accuracy", "Learning rate",
    ]  # fmt: skip
    assert {ax.get_xlabel() for ax in display.axes_[0]} == {"Epoch"}
    for column, line in display.lines_.items():
        assert line.get_xdata().tolist() == [1, 2, 3, 4]
        assert line.get_ydata().tolist() == [row[column] for row in STOPPED]
    assert list(display.lines_) == ["train_loss", "valid_loss", "valid_acc", "lr"]
    legend = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert legend == ["training", "validation", "weights kept"]


def test_the_epoch_whose_weights_were_kept_has_the_lowest_validation_loss():
    (line,) = TrainingCurveDisplay.from_history(STOPPED).best_lines_
    assert line.get_xdata()[0] == 2


def test_without_early_stopping_there_is_no_validation():
    display = TrainingCurveDisplay.from_history(PLAIN)
    assert list(display.lines_) == ["train_loss", "lr"]
    assert display.axes_.shape == (1, 2)
    assert display.best_lines_ == []
    with pytest.raises(ValueError, match=r"got 'accuracy'.*early_stopping=True"):
        TrainingCurveDisplay.from_history(PLAIN, quantities=["accuracy"])


def test_several_folds_are_thin_lines_and_the_mean_of_shared_epochs():
    display = TrainingCurveDisplay.from_history([PLAIN, rows([5.0, 4.0]), rows([1.0, 0.0, 0.0])])
    thin = [line.get_ydata().tolist() for line in display.fold_lines_["train_loss"]]
    assert thin == [[3, 2, 1], [5, 4], [1, 0, 0]]
    assert display.lines_["train_loss"].get_ydata().tolist() == [3, 2]
    widths = [line.get_linewidth() for line in display.fold_lines_["train_loss"]]
    assert max(widths) < display.lines_["train_loss"].get_linewidth()


def test_a_column_that_one_fold_lacks_is_not_drawn():
    display = TrainingCurveDisplay.from_history([STOPPED, PLAIN])
    assert list(display.lines_) == ["train_loss", "lr"]


def test_a_fitted_pipeline_and_the_estimators_of_several_folds(folds):
    one = TrainingCurveDisplay.from_estimator(folds[0])
    history = folds[0][-1].history_
    expected = [row["valid_loss"] for row in history]
    assert one.lines_["valid_loss"].get_ydata().tolist() == expected
    assert one.best_lines_[0].get_xdata()[0] == int(np.argmin(expected)) + 1

    several = TrainingCurveDisplay.from_estimator(folds)
    assert len(several.fold_lines_["train_loss"]) == len(several.best_lines_) == 3
    first = np.mean([fold[-1].history_[0]["train_loss"] for fold in folds])
    assert several.lines_["train_loss"].get_ydata()[0] == pytest.approx(first)


def test_one_quantity_is_drawn_in_the_axes_given():
    _, (left, right) = plt.subplots(1, 2)
    display = TrainingCurveDisplay.from_history(
        STOPPED, quantities=["dur"], ax=right, line_kw={"c": "k"}
    )
    assert display.ax_ is right
    assert right.get_ylabel() == "dur"
    assert right.lines[0].get_color() == "k"
    assert not left.lines


def test_a_single_epoch_is_seen():
    line = TrainingCurveDisplay.from_history(PLAIN[:1]).lines_["train_loss"]
    assert line.get_marker() == "o"


def test_a_training_that_diverged_is_drawn_without_kept_weights():
    history = rows([np.nan, np.nan], [np.nan, np.nan], [0.2, 0.2])
    display = TrainingCurveDisplay.from_history(history)
    assert display.best_lines_ == []
    display.figure_.canvas.draw()


def test_wrong_input_is_one_clear_error():
    for empty in ([], [[]], [PLAIN, []]):
        with pytest.raises(ValueError, match="got an empty history"):
            TrainingCurveDisplay.from_history(empty)
    with pytest.raises(
        ValueError, match=r"must contain one of \['loss', 'accuracy', 'learning_rate'\]"
    ):
        TrainingCurveDisplay.from_history([{"epoch": 1}])
    with pytest.raises(NotFittedError):
        TrainingCurveDisplay.from_estimator(ECGResidualCNNClassifier())
    with pytest.raises(TypeError, match=r"history_.*; got DummyClassifier"):
        TrainingCurveDisplay.from_estimator(DummyClassifier().fit([[0], [1]], [0, 1]))
    assert not plt.get_fignums()
