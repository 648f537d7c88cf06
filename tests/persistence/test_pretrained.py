"""The annotators that come with the package."""

import numpy as np
import pytest

import skecg
from skecg.datasets import load_mitbih, make_records
from skecg.model_selection import DE_CHAZAL_DS2

NAMES = ["mitbih-aami", "mitbih-aami-all"]


def test_names_and_size():
    names = ["edan-sheets", *NAMES]
    assert skecg.load_pretrained() == names
    assert sum(skecg.pretrained_path(name).stat().st_size for name in names) < 2_000_000
    for wrong in ("mitbih", "../mitbih-aami", "", 3):
        with pytest.raises(ValueError, match=f"name must be one of {', '.join(names)}"):
            skecg.load_pretrained(wrong)


@pytest.mark.parametrize("name", NAMES)
def test_cards_name_data_protocol_and_limits(name):
    card = skecg.describe(skecg.pretrained_path(name))
    for word in (
        "MIT-BIH",
        "ODC-By",
        "protocol",
        "limits",
        "not a medical device",
        "S and F beats",
    ):
        assert word in card
    assert ("F1 of S, found R peaks" in card) == (name == "mitbih-aami")


@pytest.mark.parametrize("name", NAMES)
def test_a_record_of_another_rate_is_annotated(name):
    record = make_records(1, duration=60, sampling_rate=250, random_state=0)
    beats = skecg.load_pretrained(name).annotate(record.data[0], 250)
    assert len(beats) == pytest.approx((record.target[0] >= 0).sum(), abs=4)
    assert set(beats.label.tolist()) <= set("NSVF")


@pytest.mark.slow
def test_figures_of_the_card(data_home):
    """The card says what the model does: F1 of V on DS2 with the annotated R peaks."""
    ds2 = load_mitbih(data_home, records=DE_CHAZAL_DS2)
    annotator = skecg.load_pretrained("mitbih-aami")
    truth, found = [], []
    for signal, marks, codes in zip(ds2.data, ds2.annotations, ds2.target):
        known = (codes >= 0) & (codes < 4)
        peaks = marks.sample[codes >= 0]
        label = annotator.annotate(signal, 360, peaks).label[known[codes >= 0]]
        truth.append(ds2.target_names[codes[known]])
        found.append(label)
    truth, found = np.concatenate(truth) == "V", np.concatenate(found) == "V"
    f1 = 2 * (truth & found).sum() / (truth.sum() + found.sum())
    card = skecg.describe(skecg.pretrained_path("mitbih-aami"))
    assert f"F1 of V, annotated R peaks: '{f1:.3f} [" in card


def test_a_network_of_ones_own_starts_from_one():
    X = np.random.default_rng(0).normal(size=(20, 178)).astype(np.float32)
    clf = skecg.ECGResidualCNNClassifier(
        n_side_features=28,
        dropout=0.3,
        max_epochs=1,
        n_trainable_layers=1,
        init_from=skecg.pretrained_path("mitbih-aami"),
    )
    clf.fit(X, np.arange(20) % 2)
    theirs = skecg.load_pretrained("mitbih-aami").classifier_.estimators_[0].module_.state_dict()
    own = clf.module_.state_dict()
    name = next(iter(own))
    np.testing.assert_array_equal(own[name].numpy(), theirs[name].numpy())
