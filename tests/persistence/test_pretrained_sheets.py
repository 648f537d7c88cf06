"""The classifier of sheets that comes with the package."""

import subprocess
import sys

import numpy as np
import pytest

import skecg
from skecg.datasets import load_sheets, make_sheets
from skecg.preprocessing import TraceReader
from skecg.signal import lead_numbers

PATH = skecg.pretrained_path("edan-sheets")


def test_it_is_small():
    assert PATH.stat().st_size < 500_000


def test_the_card_names_data_licence_protocol_and_limits():
    card = skecg.describe(PATH)
    for word in (
        "doi:10.17632/gwbz3fsgp8.2",
        "Khan and Hussain",
        "CC BY 4.0",
        "491 distinct sheets",
        "macro-F1 by content",
        "macro-F1 by printed identity",
        "not a medical device",
        "only 30 distinct images of infarction",
        "is not known",
    ):
        assert word in card


def test_it_is_the_reader_the_numbers_and_the_forest():
    model = skecg.load_pretrained("edan-sheets")
    sheets = make_sheets(2, random_state=0).data
    traces = TraceReader(output="10s").fit_transform(sheets)
    by_hand = model[-1].predict_proba(lead_numbers(traces))
    np.testing.assert_array_equal(model.predict_proba(sheets), by_hand)
    np.testing.assert_allclose(by_hand.sum(axis=1), 1)
    assert set(model.predict(sheets)) <= {"HB", "MI", "Normal", "PMI"}


def test_it_says_the_same_once_saved_again(tmp_path):
    model = skecg.load_pretrained("edan-sheets")
    skecg.save(model, tmp_path / "again.safetensors")
    numbers = np.random.default_rng(0).normal(size=(20, 251)).astype(np.float32)
    again = skecg.load(tmp_path / "again.safetensors")
    np.testing.assert_array_equal(
        again[-1].predict_proba(numbers), model[-1].predict_proba(numbers)
    )


def test_a_picture_without_a_sheet_is_an_error():
    with pytest.raises(ValueError, match="white"):
        skecg.load_pretrained("edan-sheets").predict([np.full((1572, 2213, 3), 255, np.uint8)])


_IN_A_NEW_PROCESS = """
import sys, skecg
for label in skecg.load_pretrained("edan-sheets").predict(sys.argv[1:]):
    print(label)
"""


@pytest.mark.slow
def test_published_sheets_in_a_new_process(data_home):
    """Two files of each class as they were published: the model was trained on them."""
    sheets = load_sheets(data_home / "sheets_original")
    two = np.concatenate([np.flatnonzero(sheets.target == k)[:2] for k in range(4)])
    command = [sys.executable, "-c", _IN_A_NEW_PROCESS, *sheets.data[two]]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert found == sheets.target_names[sheets.target[two]].tolist()
