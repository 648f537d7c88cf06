"""How the networks of signals scale several leads."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

import skecg
from skecg import ECGCNNClassifier, ECGResidualCNNClassifier
from skecg.datasets import make_sheets
from skecg.inspection import saliency
from skecg.preprocessing import TraceReader

CLASSIFIERS = [
    ECGResidualCNNClassifier(n_filters=4, n_blocks=2, max_epochs=2, batch_size=8, random_state=0),
    ECGCNNClassifier(
        width=2, hidden_layer_sizes=(8,), norm=None, max_epochs=2, batch_size=8, random_state=0
    ),
]
every = pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda clf: type(clf).__name__)


@pytest.fixture(scope="module")
def signals():
    """Signals of three leads whose class is the height of the second, with an offset."""
    rng = np.random.default_rng(0)
    y = np.arange(24) % 2
    wave = np.sin(np.arange(60) / 4 + rng.uniform(0, 6, (24, 3, 1)))
    wave[:, 1] *= 0.3 + 0.4 * y[:, None]
    return (0.2 * wave + rng.normal(size=(24, 3, 1))).astype(np.float32), y


@every
def test_units_and_offsets_do_not_matter(classifier, signals):
    X, y = signals
    expected = clone(classifier).fit(X, y).predict_proba(X)
    offsets = np.random.default_rng(1).normal(size=(24, 3, 1)).astype(np.float32)
    for other in (1000 * X, X + offsets):
        found = clone(classifier).fit(other, y).predict_proba(other)
        assert_allclose(found, expected, atol=2e-4)
    raw = clone(classifier).set_params(scale=None)
    assert np.abs(raw.fit(1000 * X, y).predict_proba(1000 * X) - expected).max() > 0.01


@every
def test_one_lead_is_left_as_it_is(classifier, signals):
    X, y = signals
    for lead in (X[:, 0], X[:, :1]):
        clf = clone(classifier).fit(lead, y)
        assert "scale" not in clf.module_.state_dict()
        raw = clone(classifier).set_params(scale=None).fit(lead, y)
        assert_array_equal(clf.predict_proba(lead), raw.predict_proba(lead))
    asked = clone(classifier).set_params(scale="standardize").fit(X[:, :1], y)
    assert asked.module_.scale.item() == pytest.approx(X[:, 0].std(axis=1).mean(), rel=0.1)


@every
def test_the_scale_is_the_deviation_within_leads(classifier, signals):
    X, y = signals
    clf = clone(classifier).fit(X, y)
    expected = np.sqrt(np.square(X - X.mean(axis=2, keepdims=True)).mean())
    assert clf.module_.scale.item() == pytest.approx(expected, rel=1e-6)
    assert clf.module_(clf.module_.scale.new_zeros(1, 3, 60)).shape == (1, 2)


@every
@pytest.mark.parametrize("n_side_features", [0, 2])
def test_rows_of_leads_and_numbers(classifier, signals, n_side_features):
    X, y = signals
    rows = np.hstack([X.reshape(24, -1), np.full((24, n_side_features), 5.0)])
    clf = clone(classifier).set_params(n_leads=3, n_side_features=n_side_features)
    assert ("scale" in clf.fit(rows, y).module_.state_dict()) == (n_side_features == 0)
    scale = clf.set_params(scale="standardize").fit(rows, y).module_.scale.item()
    assert scale == pytest.approx(clone(classifier).fit(X, y).module_.scale.item())


@every
def test_constant_leads_and_bytes(classifier, signals):
    _, y = signals
    constant = np.full((24, 2, 40), 0.1)
    assert np.isfinite(clone(classifier).fit(constant, y).predict_proba(constant)).all()
    whole = np.random.default_rng(0).integers(0, 256, (24, 2, 40))
    found = [
        clone(classifier).fit(whole.astype(kind), y).predict_proba(whole.astype(kind))
        for kind in (np.uint8, np.float64)
    ]
    assert_allclose(found[0], found[1], atol=1e-6)


@every
def test_files_keep_it(classifier, signals, tmp_path):
    X, y = signals
    for scale in ("auto", None):
        clf = clone(classifier).set_params(scale=scale).fit(X, y)
        # As a file from the time before the parameter: unscaled, and without a word about it.
        clf.set_params(scale="auto")
        skecg.save(clf, tmp_path / "clf.safetensors")
        again = skecg.load(tmp_path / "clf.safetensors")
        assert_array_equal(again.predict_proba(X), clf.predict_proba(X))
        assert ("scale" in again.module_.state_dict()) == (scale == "auto")


@every
def test_weights_taken_over_keep_the_scale_of_their_source(classifier, signals, tmp_path):
    X, y = signals
    for scale in ("auto", None):
        source = clone(classifier).set_params(scale=scale).fit(X, y)
        skecg.save(source, tmp_path / "source.safetensors")
        for init_from in (FrozenEstimator(source), tmp_path / "source.safetensors"):
            clf = clone(classifier).set_params(init_from=init_from, n_trainable_layers=1)
            clf.fit(3 * X, y)
            assert clf.module_.is_scaled == source.module_.is_scaled
            if scale:
                assert clf.module_.scale == source.module_.scale
    unlike = clone(classifier).set_params(scale="standardize", init_from=FrozenEstimator(source))
    with pytest.raises(ValueError, match="'scale' must have shape"):
        unlike.fit(X, y)


def test_partial_fit_keeps_the_scale_of_its_first_samples(signals):
    X, y = signals
    clf = clone(CLASSIFIERS[0]).partial_fit(X, y, classes=[0, 1])
    scale = clf.module_.scale.item()
    assert clf.partial_fit(9 * X, y).module_.scale.item() == scale


def test_saliency_of_scaled_leads(signals):
    X, y = signals
    clf = clone(CLASSIFIERS[0]).fit(X, y)
    assert saliency(clf, X[:2]).shape == (2, 3, 60)


def test_wrong_scale(signals):
    with pytest.raises(ValueError, match="scale"):
        ECGCNNClassifier(scale="lead").fit(*signals)


@pytest.mark.slow
def test_the_twelve_leads_of_sheets_go_straight_to_a_network():
    sheets = make_sheets(8, size=(1179, 1660), random_state=0)
    model = make_pipeline(TraceReader(rhythm=False), clone(CLASSIFIERS[0]))
    model.fit(sheets.data, sheets.target)
    assert model[-1]._input_shape == (12, 250)
    assert 0.05 < model[-1].module_.scale < 1  # mV
    assert model.predict_proba(sheets.data[:2]).shape == (2, len(set(sheets.target)))
