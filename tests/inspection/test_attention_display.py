from __future__ import annotations

import numpy as np
import pytest
from fitted_classifiers import fitted
from matplotlib import pyplot as plt
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skecg import ECGAttentionLSTMClassifier, ECGViTClassifier, LeadCropper, TraceReader
from skecg.datasets import make_sheets
from skecg.inspection import AttentionDisplay, attention_maps

LEADS = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]


def test_a_sheet_is_one_picture():
    clf, X = fitted("ECGViTClassifier")
    display = AttentionDisplay.from_estimator(clf, X, sample=1)
    assert display.axes_.shape == (1, 1)
    expected = attention_maps(clf, X[1:2]).maps["rollout"][0] * 21 * 26
    np.testing.assert_allclose(display.ims_[0].get_array(), expected)
    assert display.ims_[0].get_clim() == (0, max(2, expected.max()))
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("Pixels", "Pixels")
    assert display.colorbar_.ax.get_ylabel() == "Attention (1 = uniform)"
    block = AttentionDisplay.from_estimator(clf, X, layer="blocks.0")
    mean = attention_maps(clf, X[:1]).maps["blocks.0"][0].mean(0) * 21 * 26
    np.testing.assert_allclose(block.ims_[0].get_array(), mean)


@pytest.fixture(scope="module")
def leads():
    X = np.random.default_rng(0).integers(0, 256, (20, 4, 16, 16), dtype=np.uint8)
    clf = ECGAttentionLSTMClassifier(max_epochs=1, n_hidden=8, random_state=0, device="cpu")
    return clf.fit(X, np.arange(20) % 2), X


def test_leads_have_their_own_panels(leads):
    clf, X = leads
    names = ["I", "II", "V1", "V2"]
    display = AttentionDisplay.from_estimator(clf, X, lead_names=names, n_columns=3)
    assert display.axes_.shape == (2, 3)
    assert [panel.get_title() for panel in display.axes_.flat if panel.axison] == names
    rows = attention_maps(clf, X[:1]).maps["steps"][0, 2]
    # 64 rows, the same weight for all 16 pixels of a row
    np.testing.assert_allclose(display.ims_[2].get_array(), rows[:, None].repeat(16, 1) * 64)
    assert AttentionDisplay.from_estimator(clf, X).ax_.get_title() == "Lead 1"
    with pytest.raises(ValueError, match="each of the 4 leads; got 1 names"):
        AttentionDisplay.from_estimator(clf, X, lead_names=["I"])


def test_a_beat_is_shaded_along_time():
    X = np.random.default_rng(0).standard_normal((20, 64))
    clf = ECGViTClassifier(
        patch_size=8, dim=8, n_blocks=1, n_heads=2, max_epochs=1, random_state=0, device="cpu"
    ).fit(X, np.arange(20) % 2)
    display = AttentionDisplay.from_estimator(clf, X, sample=3, sampling_rate=125)
    (line,) = display.ax_.get_lines()
    np.testing.assert_allclose(line.get_xdata(), np.arange(64) / 125)
    np.testing.assert_allclose(line.get_ydata(), X[3], rtol=1e-6)
    np.testing.assert_allclose(display.ims_[0].get_extent()[:2], (-0.004, 0.508))
    assert display.ims_[0].get_array().shape == (1, 64)
    assert display.ax_.get_xlabel() == "Time (s)"
    assert AttentionDisplay.from_estimator(clf, X).ax_.get_xlabel() == "Sample"


def test_maps_of_ones_own(leads):
    clf, X = leads
    maps = attention_maps(clf, X[:5])
    display = AttentionDisplay.from_maps(maps, X[:5], sample=4)
    other = AttentionDisplay.from_estimator(clf, X, sample=4)
    np.testing.assert_allclose(display.attention, other.attention, rtol=1e-5)
    _, ax = plt.subplots()
    assert AttentionDisplay.from_maps(maps, X[:5], ax=ax).bounding_ax_ is ax
    with pytest.raises(ValueError, match=r"the 5 samples of.*got X of shape \(6, 4, 16, 16\)"):
        AttentionDisplay.from_maps(maps, X[:6])


@pytest.fixture(scope="module")
def sheets():
    return make_sheets(8, size=(393, 553), random_state=0)


def test_a_pipeline_names_its_leads_and_the_predicted_class(sheets):
    network = ECGAttentionLSTMClassifier(max_epochs=1, n_hidden=8, random_state=0, device="cpu")
    model = make_pipeline(LeadCropper(size=(16, 16)), FunctionTransformer(), network)
    names = sheets.target_names[sheets.target]
    search = GridSearchCV(model, {"functiontransformer__validate": [False]}, cv=2)
    search.fit(sheets.data, names)
    display = AttentionDisplay.from_estimator(search, list(sheets.data), sample=2)
    titles = [panel.get_title() for panel in display.axes_.flat if panel.axison]
    assert titles == [*LEADS, "rhythm"]
    probabilities = search.predict_proba(sheets.data)[2]
    expected = f"Predicted {search.predict(sheets.data)[2]} ({probabilities.max():.2f})\n"
    assert display.heading_.get_text() == expected
    published = clone(model).set_params(leadcropper=LeadCropper.published("edan-3x4", (16, 16)))
    display = AttentionDisplay.from_estimator(published.fit(sheets.data, names), sheets.data)
    assert display.axes_[0, 1].get_title() == "V4"  # the tenth box, as published


def test_names_that_do_not_fit_are_not_used(sheets):
    first = FunctionTransformer(lambda X: X[:, :4])
    network = ECGAttentionLSTMClassifier(max_epochs=1, n_hidden=8, random_state=0, device="cpu")
    model = make_pipeline(LeadCropper(size=(16, 16)), first, network)
    display = AttentionDisplay.from_estimator(model.fit(sheets.data, sheets.target), sheets.data)
    assert display.ax_.get_title() == "Lead 1"


def test_steps_may_choose_among_the_names_but_not_replace_them(sheets):
    chest = FunctionTransformer(
        lambda X: X[:, 11:5:-1], feature_names_out=lambda _, names: names[11:5:-1]
    )
    named_by_sample = FunctionTransformer(
        feature_names_out=lambda _, names: np.array([f"sample{k}" for k in range(6)], dtype=object)
    )
    network = ECGAttentionLSTMClassifier(max_epochs=1, n_hidden=8, random_state=0, device="cpu")
    model = make_pipeline(
        LeadCropper(size=(16, 16)), make_pipeline(chest, named_by_sample), network
    )
    display = AttentionDisplay.from_estimator(model.fit(sheets.data, sheets.target), sheets.data)
    titles = [panel.get_title() for panel in display.axes_.flat if panel.axison]
    assert titles == ["V6", "V5", "V4", "V3", "V2", "V1"]


def test_only_the_sample_that_is_drawn_is_transformed(sheets):
    seen = []

    def remember(X):
        seen.append(len(X))
        return X

    network = ECGAttentionLSTMClassifier(max_epochs=1, n_hidden=8, random_state=0, device="cpu")
    model = make_pipeline(LeadCropper(size=(16, 16)), FunctionTransformer(remember), network)
    model.fit(sheets.data, sheets.target)
    seen.clear()
    pictures = [sheets.data[0], sheets.data[1].repeat(2, 0).repeat(2, 1)]  # of different sizes
    AttentionDisplay.from_estimator(model, pictures, sample=-1)
    assert seen == [1]


def test_traces_of_a_sheet_are_signals_with_their_names():
    sheets = make_sheets(4, random_state=0)
    network = ECGViTClassifier(
        patch_size=(1, 10), stem="patch", dim=8, n_blocks=1, n_heads=2, max_epochs=1,
        random_state=0, device="cpu",
    )  # fmt: skip
    model = make_pipeline(TraceReader(sampling_rate=50, rhythm=False), network)
    model.fit(sheets.data, sheets.target)
    display = AttentionDisplay.from_estimator(model, sheets.data, sampling_rate=50)
    assert display.axes_.shape == (6, 2)
    assert [panel.get_title() for panel in display.axes_.flat] == LEADS
    (line,) = display.axes_[0, 1].get_lines()
    traces = model[:-1].transform(sheets.data[:1])
    np.testing.assert_allclose(line.get_ydata(), traces[0, 1], rtol=1e-6)
    expected = attention_maps(model, sheets.data[:1]).maps["rollout"][0, 1] * traces[0].size
    np.testing.assert_allclose(display.ims_[1].get_array()[0], expected, rtol=1e-6)


def test_three_leads_with_names_are_no_colours():
    X = np.random.default_rng(0).integers(0, 256, (20, 3, 16, 16), dtype=np.uint8)
    clf = ECGAttentionLSTMClassifier(max_epochs=1, n_hidden=8, random_state=0, device="cpu")
    clf.fit(X, np.arange(20) % 2)
    assert AttentionDisplay.from_estimator(clf, X).axes_.shape == (1, 1)
    display = AttentionDisplay.from_estimator(clf, X, lead_names=["I", "II", "III"])
    assert [panel.get_title() for panel in display.axes_.flat] == ["I", "II", "III"]


def test_a_heading_of_ones_own_is_wrapped(leads):
    clf, X = leads
    name = "a class whose name is far longer than the panel is wide, with many words"
    _, ax = plt.subplots(figsize=(2, 2))
    maps = attention_maps(clf, X[:5])
    display = AttentionDisplay.from_maps(maps, X[:5], ax=ax, predicted=name, probability=0.5)
    lines = display.heading_.get_text().split("\n")
    assert " ".join(lines).strip() == f"Predicted {name} (0.50)"
    assert max(map(len, lines)) < 30
    assert AttentionDisplay.from_maps(maps, X[:5]).heading_ is None
