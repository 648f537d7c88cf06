from __future__ import annotations

import numpy as np
import pytest
from fitted_classifiers import NAMES, fitted
from matplotlib import pyplot as plt

from skecg import ECGResidualCNNClassifier
from skecg.inspection import ActivationDisplay, layer_activations


@pytest.mark.parametrize("name", NAMES)
def test_a_panel_for_every_layer_of_every_classifier(name):
    clf, X = fitted(name)
    display = ActivationDisplay.from_estimator(clf, X, sample=1, max_layers=None)
    assert next(iter(display.artists_)) == "input"
    assert display.heading_ is None
    assert set(display.artists_) - {"input"} == set(display.activations)
    assert not any("dropout" in name for name in display.activations)
    titles = [panel.get_title() for panel in display.axes_.flat if panel.axison]
    assert len(titles) == len(display.artists_)
    ticks = [
        panel for panel in display.axes_.flat if panel.axison and panel.get_xlabel() == "Class"
    ]
    assert [text.get_text() for text in ticks[-1].get_xticklabels()] == ["N", "S", "V"]


@pytest.mark.parametrize(
    ("name", "n_layers"),
    {
        "ECGAttentionVGGClassifier": 48,
        "ECGResidualCNNClassifier": 20,
        "ECGCNN2DClassifier": 9,
    }.items(),
)
def test_a_deep_network_shows_twelve_layers_from_the_first_to_the_last(name, n_layers):
    display = ActivationDisplay.from_estimator(*fitted(name))
    layers, drawn = list(display.activations), list(display.artists_)[1:]
    assert len(layers) == n_layers
    assert len(drawn) == min(n_layers, 12)
    assert (drawn[0], drawn[-1]) == (layers[0], layers[-1])
    places = [layers.index(each) for each in drawn]
    steps = np.diff(places)
    assert steps.max() - steps.min() <= 1
    if n_layers > 12:
        expected = f"12 of {n_layers} layers; max_layers=None draws all\n\n"
        assert display.heading_.get_text() == expected
    else:
        assert display.heading_ is None


def test_layers_that_are_asked_for_are_all_drawn():
    clf, X = fitted("ECGResidualCNNClassifier")
    names = list(layer_activations(clf, X[:1]))
    assert len(names) > 12
    display = ActivationDisplay.from_estimator(clf, X, layers=names)
    assert list(display.artists_) == ["input", *names]
    found = layer_activations(clf, X)
    given = ActivationDisplay.from_activations(found, X, max_layers=3)
    assert list(given.artists_) == [
        "input",
        names[0],
        names[round((len(names) - 1) / 2)],
        names[-1],
    ]
    with pytest.raises(ValueError, match=r"max_layers must be None or an integer of at least 2"):
        ActivationDisplay.from_activations(found, X, max_layers=1)


def test_classes_have_the_order_of_the_standard():
    clf, X = fitted("ECGResidualCNNClassifier")
    values = layer_activations(clf, X[:1], layers=["head.3"])["head.3"][0]
    display = ActivationDisplay(X[0], {"head.3": values}, class_names=["F", "N", "V"]).plot()
    panel = display.axes_[0, 1]
    assert [text.get_text() for text in panel.get_xticklabels()] == ["N", "V", "F"]
    np.testing.assert_array_equal(display.artists_["head.3"][0].get_ydata(), values[[1, 2, 0]])


def test_long_names_of_classes_are_shortened_and_slanted():
    names = ["normal", "myocardial infarction", "abnormal heartbeat"]
    display = ActivationDisplay(np.zeros((1, 9)), {"head": np.arange(3)}, class_names=names).plot()
    labels = display.axes_[0, 1].get_xticklabels()
    assert [text.get_text() for text in labels] == [
        "normal",
        "myocardial infa…",
        "abnormal heartb…",
    ]
    assert {text.get_rotation() for text in labels} == {30}
    short = ActivationDisplay(np.zeros((1, 9)), {"head": np.arange(2)}, class_names=["N", "V"])
    assert short.plot().axes_[0, 1].get_xticklabels()[0].get_rotation() == 0


def test_lines_are_the_values():
    clf, X = fitted("ECGResidualCNNClassifier")
    layers = ["features.0", "features.5", "head.3"]
    display = ActivationDisplay.from_estimator(
        clf, X, sample=-1, layers=layers, sampling_rate=100, n_channels=3, line_kw={"lw": 2.5}
    )
    found = layer_activations(clf, X[-1:], layers=layers)
    seconds, values = display.artists_["input"][1].get_data()
    np.testing.assert_allclose(seconds, np.arange(150) / 100)
    np.testing.assert_array_equal(values, X[-1, 1])
    assert display.ax_.get_xlabel() == "Time (s)"
    lines = display.artists_["features.0"]
    assert len(lines) == 3
    assert lines[0].get_linewidth() == 2.5
    most = np.sort(np.argsort(-found["features.0"][0].std(1))[:3])
    np.testing.assert_array_equal(lines[2].get_ydata(), found["features.0"][0, most[2]])
    np.testing.assert_array_equal(display.artists_["head.3"][0].get_ydata(), found["head.3"][0])
    assert display.axes_[0, 1].get_title() == "features.0\nConv1d, 8 × 146"
    assert display.axes_.shape == (1, 4)
    assert display.figure_ is display.ax_.figure


def test_feature_maps_stand_side_by_side():
    clf, X = fitted("ECGCNN2DClassifier")
    display = ActivationDisplay.from_estimator(clf, X, layers=["network.features.1"])
    picture = display.artists_["network.features.1"][0].get_array()
    # 4 maps of 21 x 26 in a table of 2 x 2, a gap of 1 pixel between them
    assert picture.shape == (43, 53)
    found = layer_activations(clf, X[:1], layers=["network.features.1"])["network.features.1"][0]
    scaled = (found[1] - found[1].min()) / np.ptp(found[1])
    np.testing.assert_allclose(picture[:21, 27:], scaled)
    assert np.ma.getmaskarray(np.ma.masked_invalid(picture))[:, 26].all()
    # Three channels are the colours of one picture.
    assert display.artists_["input"][0].get_array().shape == (21, 26)


def test_activations_of_ones_own():
    clf, X = fitted("ECGResidualCNNClassifier")
    found = layer_activations(clf, X, layers=["head.0", "head.3"])
    _, axes = plt.subplots(1, 3)
    display = ActivationDisplay.from_activations(found, X, sample=2, ax=axes)
    assert display.axes_.shape == (1, 3)
    assert display.bounding_ax_ is None
    np.testing.assert_array_equal(display.artists_["head.0"][0].get_ydata(), found["head.0"][2])
    _, ax = plt.subplots()
    assert ActivationDisplay.from_activations(found, X, ax=ax).bounding_ax_ is ax
    with pytest.raises(ValueError, match=r"got 2 in X and 5 in the activations of 'head.0'"):
        ActivationDisplay.from_activations(found, X[:2])
    with pytest.raises(IndexError):
        ActivationDisplay.from_estimator(clf, X, sample=5)


def test_names_of_columns_are_kept():
    pandas = pytest.importorskip("pandas")
    X = np.random.default_rng(0).standard_normal((20, 40))
    table = pandas.DataFrame(X, columns=[f"t{k}" for k in range(40)])
    clf = ECGResidualCNNClassifier(n_filters=2, max_epochs=1, random_state=0, device="cpu")
    clf.fit(table, np.arange(20) % 2)
    display = ActivationDisplay.from_estimator(clf, table, sample=3, layers=["head.0"])
    np.testing.assert_array_equal(display.sample[0], X[3].astype(np.float32))
