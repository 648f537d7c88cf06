"""The numbers of beats without their windows: names, arrays, refusals."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

import skecg
from skecg import BeatNumbers, BeatWindows
from skecg.datasets import make_records


@pytest.fixture(scope="module")
def beats():
    windows = BeatWindows(channels=("lead", "record_deviation", "late_deviation"))
    found = windows.segment(make_records(2, duration=20, random_state=0).data)
    return pd.DataFrame(found.beats, columns=windows.get_feature_names_out())


def test_numbers_are_kept_with_their_names(beats):
    numbers = BeatNumbers().fit(beats)
    expected = BeatWindows(channels=()).get_feature_names_out()
    assert numbers.transform(beats).columns.tolist() == expected.tolist()
    np.testing.assert_array_equal(numbers.get_feature_names_out(), expected)
    pd.testing.assert_frame_equal(numbers.transform(beats), beats[expected])


def test_columns_of_ones_own_are_numbers(beats):
    table = beats[["lead0"]].assign(age=50.0, lead=1.0, late_max=2.0)
    assert BeatNumbers().fit_transform(table).columns.tolist() == ["age", "lead", "late_max"]


def test_an_array_has_no_names_and_keeps_all(beats):
    values = beats.to_numpy()[:, -5:]
    np.testing.assert_array_equal(BeatNumbers().fit_transform(values), values)


def test_windows_alone_are_refused(beats):
    windows = beats.loc[:, "lead0":"lead149"]
    with pytest.raises(ValueError, match="got only samples of channels, 'lead0' to 'lead149'"):
        BeatNumbers().fit(windows)


def test_other_columns_than_in_fit_are_refused(beats):
    numbers = BeatNumbers().fit(beats)
    with pytest.raises(ValueError, match="feature names should match"):
        numbers.transform(beats.rename(columns={"lead0": "lead_0"}))


def test_a_pipeline_is_saved(beats, tmp_path):
    y = np.arange(len(beats)) % 2
    numbers = BeatNumbers().fit(beats)
    skecg.save(numbers, tmp_path / "numbers.safetensors")
    again = skecg.load(tmp_path / "numbers.safetensors")
    pd.testing.assert_frame_equal(again.transform(beats), numbers.transform(beats))
    pipeline = make_pipeline(BeatNumbers(), RandomForestClassifier(5, random_state=0))
    alone = RandomForestClassifier(5, random_state=0).fit(numbers.transform(beats), y)
    np.testing.assert_array_equal(
        pipeline.fit(beats, y).predict_proba(beats), alone.predict_proba(numbers.transform(beats))
    )
