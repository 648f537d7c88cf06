from __future__ import annotations

import numpy as np
import pytest
from fitted_classifiers import fitted
from matplotlib import pyplot as plt

from skecg import ECGAttentionLSTMClassifier, ECGViTClassifier
from skecg.inspection import AttentionDisplay, attention_maps


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
