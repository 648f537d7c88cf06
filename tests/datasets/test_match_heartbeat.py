from __future__ import annotations

import numpy as np
import pytest

from skecg.datasets import load_heartbeat, match_heartbeat


@pytest.fixture
def home(generated_home, monkeypatch):
    """Return a data folder of three small records, two of them of one subject."""
    monkeypatch.setattr("skecg.datasets._mitbih.MITBIH_RECORDS", (114, 201, 202))
    return generated_home


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shuffled_rows_are_found(home, dtype):
    beats = load_heartbeat(home, source="mitbih")
    order = np.random.default_rng(0).permutation(len(beats.data))
    found = match_heartbeat(beats.data[order].astype(dtype), home)
    for name in ("groups", "record", "sample", "annotation", "symbol"):
        np.testing.assert_array_equal(found[name], beats[name][order])
    assert (found.n_unmatched, found.n_ambiguous) == (0, 0)
    assert set(found.n_candidates) == {1}


def test_a_changed_row_is_unmatched(home):
    rows = load_heartbeat(home, source="mitbih").data[:3].copy()
    rows[1, 5] = np.nextafter(rows[1, 5], 2, dtype=np.float32)
    found = match_heartbeat(rows, home)
    assert found.n_candidates.tolist() == [1, 0, 1]
    assert found.groups[1] == found.record[1] == found["sample"][1] == -1
    assert found.symbol[1] == ""
    assert found.n_unmatched == 1


def test_a_number_between_two_float32_is_unmatched(home):
    rows = load_heartbeat(home, source="mitbih").data[:2].astype(np.float64)
    rows[0, 5] += 1e-12
    assert match_heartbeat(rows, home).n_candidates.tolist() == [0, 1]


def test_equal_beats_are_counted_and_their_subjects_compared(home, monkeypatch):
    # Record 202 becomes a copy of 114: every beat of theirs stands twice, in two subjects.
    for suffix in ("dat", "atr"):
        file = home / "mitdb" / f"114.{suffix}"
        (home / "mitdb" / f"202.{suffix}").write_bytes(file.read_bytes())
    header = (home / "mitdb" / "114.hea").read_text().replace("114", "202")
    (home / "mitdb" / "202.hea").write_text(header)
    beats = load_heartbeat(home, source="mitbih")
    found = match_heartbeat(beats.data, home)
    twice = beats.record != 201
    assert set(found.n_candidates[twice]) == {2}
    assert found.n_ambiguous == found.n_ambiguous_subjects == twice.sum()
    assert set(found.record[twice]) == {114}  # the first in the order of records


def test_the_label_column_is_refused_by_name(home):
    with pytest.raises(ValueError, match=r"187 columns .* got 188; leave out the label"):
        match_heartbeat(np.zeros((2, 188)), home)


@pytest.mark.parametrize("subset", ["train", "test"])
def test_known_rows_of_the_published_files(data_home, subset):
    known = np.loadtxt(data_home / "heartbeat" / f"kaggle_{subset}_first10rows.csv", delimiter=",")
    found = match_heartbeat(known[:, :187], data_home)
    assert found.n_candidates.tolist() == [1] * 10
    if subset == "test":  # from the provenance of the first two rows
        assert found.record[:2].tolist() == [103, 203]
        assert found["sample"][:2].tolist() == [322_111, 608_260]


def test_all_beats_of_the_database_are_distinct_and_found(data_home):
    beats = load_heartbeat(data_home, source="mitbih")
    found = match_heartbeat(beats.data, data_home)
    assert (found.n_unmatched, found.n_ambiguous) == (0, 0)
    np.testing.assert_array_equal(found.groups, beats.groups)
    np.testing.assert_array_equal(found["sample"], beats["sample"])
