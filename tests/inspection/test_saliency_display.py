from __future__ import annotations

import numpy as np
import pytest
from fitted_classifiers import NAMES, fitted
from matplotlib import pyplot as plt
from sklearn.pipeline import make_pipeline

from skecg import ECGCNN2DClassifier, ECGResidualCNNClassifier, LeadCropper, TraceReader
from skecg.datasets import make_sheets
from skecg.inspection import SaliencyDisplay, saliency

LEADS = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]


def test_signals_lie_on_their_attributions():
    clf, X = fitted("ECGResidualCNNClassifier")
    names = ["MLII", "V1"]
    display = SaliencyDisplay.from_estimator(
        clf, X, "V", sample=3, sampling_rate=100, lead_names=names, n_steps=5
    )
    expected = saliency(clf, X[3:4], "V", n_steps=5)[0]
    np.testing.assert_array_equal(display.attributions, expected)
    for panel, image, signal, values in zip(display.axes_.flat, display.ims_, X[3], expected):
        (line,) = panel.get_lines()
        np.testing.assert_allclose(line.get_xdata(), np.arange(150) / 100)
        np.testing.assert_array_equal(line.get_ydata(), signal)
        np.testing.assert_array_equal(image.get_array(), values[None])
    assert [panel.get_title() for panel in display.axes_.flat] == names
    assert display.axes_[-1, 0].get_xlabel() == "Time (s)"
    probability = clf.predict_proba(X[3:4]).max()
    predicted = clf.predict(X[3:4])[0]
    expected = f"Attribution to V; predicted {predicted} ({probability:.2f})\n"
    assert display.heading_.get_text() == expected
    assert display.colorbar_.ax.get_ylabel() == "Attribution (logit)"


def test_the_colours_are_symmetric_and_of_one_hue_on_each_side():
    clf, X = fitted("ECGResidualCNNClassifier")
    display = SaliencyDisplay.from_estimator(clf, X, n_steps=5)
    lower, upper = display.ims_[0].get_clim()
    found = np.abs(display.attributions)
    assert -lower == upper == pytest.approx(np.quantile(found, 0.995))
    assert upper < found.max()
    signed = display.attributions
    beyond = {(True, True): "both", (True, False): "min", (False, True): "max"}
    assert display.colorbar_.extend == beyond[signed.min() < lower, signed.max() > upper]
    against, nothing, for_it = display.ims_[0].to_rgba([lower, 0, upper])
    assert nothing[3] < 0.01
    assert against[3] == for_it[3] == pytest.approx(0.8)
    assert against[2] > against[0]  # blue
    assert for_it[0] > for_it[2]  # orange
    weak = display.ims_[0].to_rgba([0.1 * lower, 0.1 * upper])
    np.testing.assert_allclose(weak[:, :3], [against[:3], for_it[:3]], atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_the_predicted_class_of_every_classifier(name):
    clf, X = fitted(name)
    display = SaliencyDisplay.from_estimator(clf, X, sample=-1, method="occlusion")
    assert display.target == display.predicted == clf.predict(X[-1:])[0]
    expected = saliency(clf, X[-1:], method="occlusion")[0]
    if X.ndim == 4:  # the three channels are colours of one picture
        assert len(display.ims_) == 1
        np.testing.assert_allclose(display.ims_[0].get_array(), expected.sum(0))
        assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("Pixels", "Pixels")
    else:
        drawn = np.concatenate([image.get_array() for image in display.ims_])
        np.testing.assert_array_equal(drawn, expected)


def test_numbers_beside_a_signal_are_bars():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((20, 64 + 3)), np.arange(20) % 2
    clf = ECGResidualCNNClassifier(
        n_side_features=3, n_filters=2, n_blocks=1, max_epochs=1, random_state=0, device="cpu"
    ).fit(X, y)
    display = SaliencyDisplay.from_estimator(clf, X, method="occlusion", sampling_rate=50)
    expected = saliency(clf, X[:1], method="occlusion")[0]
    assert display.axes_.shape == (2, 1)
    assert display.axes_[1, 0].get_title() == "side features"
    np.testing.assert_array_equal([bar.get_height() for bar in display.bars_], expected[64:])
    np.testing.assert_array_equal(display.ims_[0].get_array()[0], expected[:64])
    np.testing.assert_allclose(display.ax_.get_xlim(), (-0.01, 63.5 / 50))
    # Grad-CAM has a map over time only.
    display = SaliencyDisplay.from_estimator(clf, X, method="gradcam")
    assert display.axes_.shape == (1, 1)
    assert display.bars_ is None


def test_a_pipeline_names_its_leads():
    sheets = make_sheets(4, random_state=0)
    reader = TraceReader(sampling_rate=50)
    network = ECGResidualCNNClassifier(n_filters=2, max_epochs=1, random_state=0, device="cpu")
    model = make_pipeline(reader, network).fit(sheets.data, sheets.target)
    display = SaliencyDisplay.from_estimator(model, list(sheets.data), sample=1, n_steps=2)
    rhythm = [f"rhythm_{k}" for k in range(1, 5)]
    assert [panel.get_title() for panel in display.axes_.flat] == [*LEADS, *rhythm]
    assert display.axes_.shape == (8, 2)

    network = ECGCNN2DClassifier(width=2, n_blocks=1, max_epochs=1, random_state=0, device="cpu")
    model = make_pipeline(LeadCropper(size=(16, 16)), network).fit(sheets.data, sheets.target)
    display = SaliencyDisplay.from_estimator(model, sheets.data, method="occlusion")
    titles = [panel.get_title() for panel in display.axes_.flat if panel.axison]
    assert titles == [*LEADS, "rhythm"]
    assert display.heading_.get_text().startswith(f"Attribution to {display.predicted}; predicted")


def test_attributions_of_ones_own():
    X = np.random.default_rng(0).standard_normal((3, 40))
    _, ax = plt.subplots()
    display = SaliencyDisplay.from_saliency(
        2 * X, X, sample=-1, ax=ax, im_kw={"vmin": -9, "vmax": 9}
    )
    assert display.ax_ is ax
    assert display.heading_ is None
    np.testing.assert_array_equal(display.ims_[0].get_array()[0], 2 * X[2])
    assert display.ims_[0].get_clim() == (-9, 9)
    display = SaliencyDisplay.from_saliency(X, X, predicted="V", probability=0.5)
    assert display.heading_.get_text() == "Predicted V (0.50)"
    partly = np.where(X > 0, X, np.nan)
    display = SaliencyDisplay.from_saliency(partly, X)
    assert display.ims_[0].get_clim()[1] == pytest.approx(np.quantile(X[0][X[0] > 0], 0.995))
    display = SaliencyDisplay.from_saliency(np.zeros((1, 2, 9)), np.ones((1, 2, 9)), target="S")
    assert display.ims_[0].get_clim() == (-1, 1)
    assert display.heading_.get_text() == "Attribution to S\n"


def test_wrong_arguments_are_refused():
    clf, X = fitted("ECGResidualCNNClassifier")
    with pytest.raises(ValueError, match=r"attributions of shape \(5, 2, 9\) and X of shape"):
        SaliencyDisplay.from_saliency(np.zeros((5, 2, 9)), X)
    with pytest.raises(ValueError, match=r"got attributions of shape \(4,\) and X of shape \(4,\)"):
        SaliencyDisplay.from_saliency(np.zeros(4), np.zeros(4))
    with pytest.raises(ValueError, match="each of the 2 leads; got 1 names"):
        SaliencyDisplay.from_estimator(clf, X, n_steps=1, lead_names=["I"])
    with pytest.raises(ValueError, match="target must be among the classes"):
        SaliencyDisplay.from_estimator(clf, X, "Q")
    with pytest.raises(IndexError):
        SaliencyDisplay.from_estimator(clf, X, sample=5)
