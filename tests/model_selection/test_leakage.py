from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from skecg.model_selection import LeakageError, content_groups, leakage_report, merge_groups

# Samples 0-3 train, 4-7 test. Sample 5 is a copy of 1 and 7 a copy of 3; subject "b" (1, 4, 5)
# and subject "d" (3, 6) have samples in both sets.
X = np.array([[0.0], [1.0], [2.0], [3.0], [4.0], [1.0], [6.0], [3.0]])
GROUPS = ["a", "b", "c", "d", "b", "b", "d", "e"]
TRAIN, TEST = [0, 1, 2, 3], [4, 5, 6, 7]


def test_counts_on_a_split_small_enough_to_check_by_eye():
    report = leakage_report(TRAIN, TEST, X, GROUPS)
    assert report.has_leak
    assert (report.n_train, report.n_test) == (4, 4)
    assert report.shared_groups == ["b", "d"]
    assert (report.n_test_groups, report.n_test_of_shared_groups) == (3, 3)
    np.testing.assert_array_equal(report.twins, [[5, 1], [7, 3]])
    assert report.shared_samples.size == 0


def test_the_text_says_what_was_found():
    assert str(leakage_report(TRAIN, TEST, X, GROUPS)).splitlines() == [
        "Leakage between 4 training and 4 test samples",
        "  samples in both sets: 0",
        "  shared groups: 2 of 3 test groups are also in the training set, "
        "with 3 of 4 test samples (first: b, d)",
        "  identical samples: 2 of 4 test samples have an identical twin in the training set "
        "(first: test 5 = train 1, test 7 = train 3)",
    ]


def test_the_dict_holds_plain_values_with_the_same_counts():
    report = leakage_report(TRAIN, TEST, X, np.array([0, 1, 2, 3, 1, 1, 3, 4])).to_dict()
    assert json.loads(json.dumps(report)) == report
    assert report == {
        "has_leak": True,
        "n_train": 4,
        "n_test": 4,
        "n_shared_samples": 0,
        "shared_samples": [],
        "n_test_groups": 3,
        "n_shared_groups": 2,
        "shared_groups": [1, 3],
        "n_test_of_shared_groups": 3,
        "n_twins": 2,
        "twins": [[5, 1], [7, 3]],
    }


def test_masks_and_indices_say_the_same():
    mask = np.arange(8) < 4
    by_mask = leakage_report(mask, ~mask, X, GROUPS)
    assert by_mask.to_dict() == leakage_report(TRAIN, TEST, X, GROUPS).to_dict()


def test_a_split_by_merged_groups_has_no_leak():
    groups = merge_groups(GROUPS, content_groups(X))
    test = np.isin(groups, groups[[0, 2]])
    report = leakage_report(~test, test, X, GROUPS, raise_on_leak=True)
    assert not report.has_leak
    assert str(report).startswith("No leakage found between 6 training and 2 test samples")


def test_samples_that_stand_in_both_sets_are_a_leak_of_their_own():
    report = leakage_report([0, 1, 2], [2, 6], X=X)
    np.testing.assert_array_equal(report.shared_samples, [2])
    np.testing.assert_array_equal(report.twins, [[2, 2]])
    distinct_groups = leakage_report([0, 2], [2], groups=range(8))
    assert distinct_groups.has_leak


def test_an_oversampled_index_counts_once():
    report = leakage_report([1, 1, 1, 0], [5, 5, 4], X)
    assert (report.n_train, report.n_test, len(report.twins)) == (2, 2, 1)


def test_samples_in_neither_set_are_no_leak():
    # The copies 5 and 7 and the subject "b" of sample 4 are left out.
    assert not leakage_report([0, 1, 2], [6, 7], X, GROUPS).has_leak


@pytest.mark.parametrize(
    ("given", "unseen", "line"),
    [
        ({"X": X}, "n_shared_groups", "shared groups: not checked (no groups given)"),
        ({"groups": GROUPS}, "n_twins", "identical samples: not checked (no X given)"),
    ],
)
def test_what_was_not_looked_for_is_not_reported_as_absent(given, unseen, line):
    report = leakage_report(TRAIN, TEST, **given)
    assert line in str(report)
    assert report.to_dict()[unseen] is None


def test_only_the_first_five_examples_are_shown():
    X = np.zeros((20, 2))
    report = leakage_report(range(10), range(10, 20), X)
    assert len(report.twins) == 10
    assert len(report.to_dict()["twins"]) == 5
    assert str(report).endswith("test 14 = train 0, ...)")


def test_files_are_compared_by_content_or_by_name(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"the same sheet")
    files = [tmp_path / "a", tmp_path / "b"]
    assert leakage_report([0], [1], files).has_leak
    assert not leakage_report([0], [1], files, paths="name").has_leak


@pytest.mark.parametrize("given", [{"X": X}, {"groups": GROUPS}])
def test_raise_on_leak_raises_the_whole_report(given):
    report = leakage_report(TRAIN, TEST, **given)
    with pytest.raises(LeakageError) as by_argument:
        leakage_report(TRAIN, TEST, **given, raise_on_leak=True)
    with pytest.raises(ValueError, match="Leakage between 4 training") as by_method:
        report.raise_on_leak()
    assert str(by_argument.value) == str(by_method.value) == str(report)


@pytest.mark.parametrize(
    ("train", "test", "given", "message"),
    [
        (TRAIN, TEST, {}, "got neither. Pass X .* groups"),
        (TRAIN, TEST, {"X": X, "groups": GROUPS[:-1]}, "inconsistent numbers of samples"),
        ([], TEST, {"X": X}, "train must contain at least one sample"),
        (TRAIN, np.zeros(8, bool), {"X": X}, "test must contain at least one sample"),
        (TRAIN, [True, False], {"X": X}, "test must be a mask of all 8 samples .* with 2 entries"),
        ([-1, 0], TEST, {"X": X}, "train .* of the 8 samples; got indices from -1 to 0"),
        (TRAIN, [8], {"groups": GROUPS}, "test .* of the 8 samples; got indices from 8 to 8"),
        ([TRAIN], TEST, {"X": X}, r"train must be one-dimensional; got shape \(1, 4\)"),
        (TRAIN, TEST, {"groups": [None, *GROUPS[1:]]}, "not have missing values.* 1 of 8"),
    ],
)
def test_input_that_does_not_fit_is_refused(train, test, given, message):
    with pytest.raises(ValueError, match=message):
        leakage_report(train, test, **given)


@pytest.mark.parametrize("train", [[0.0, 1.0], ["0"]])
def test_indices_that_are_no_integers_are_refused(train):
    with pytest.raises(TypeError, match="train must contain integers or booleans"):
        leakage_report(train, TEST, X)


def test_the_published_sheet_split_has_60_twins_among_92_validation_images(data_home):
    # The split of reference system 1 (a 10 % hold-out of the files in the order of their names,
    # shuffled with seed 2): twins MI 21/21, PMI 17/17, Normal 22/28, HB 0/26.
    with open(data_home / "sheets" / "manifest.csv", newline="") as manifest:
        rows = sorted(csv.DictReader(manifest), key=lambda row: row["file"])
    order = np.arange(len(rows))
    np.random.RandomState(2).shuffle(order)
    train, validation = order[:-92], order[-92:]
    report = leakage_report(train, validation, [data_home / "sheets" / r["file"] for r in rows])
    assert "60 of 92 test samples have an identical twin in the training set" in str(report)
    labels = [rows[test]["label"] for test, _ in report.twins]
    assert {name: labels.count(name) for name in ("MI", "PMI", "Normal", "HB")} == {
        "MI": 21,
        "PMI": 17,
        "Normal": 22,
        "HB": 0,
    }
