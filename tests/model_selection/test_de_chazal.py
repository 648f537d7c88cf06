from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import wfdb
from sklearn.model_selection import cross_validate
from sklearn.neighbors import KNeighborsClassifier

from skecg.model_selection import (
    DE_CHAZAL_DS1,
    DE_CHAZAL_DS2,
    PACED_RECORDS,
    inter_patient_split,
    leakage_report,
)

ALL_RECORDS = sorted((*DE_CHAZAL_DS1, *DE_CHAZAL_DS2, *PACED_RECORDS))
# The one subject with two records (Moody and Mark 2001).
SUBJECTS = [201 if record == 202 else record for record in ALL_RECORDS]


def test_the_sets_are_22_records_each_and_make_up_the_database_with_the_paced_ones():
    assert len(DE_CHAZAL_DS1) == len(DE_CHAZAL_DS2) == 22
    # 48 records: 100-124 without 110 and 120, 200-234 without the ten numbers never given.
    hundreds = set(range(100, 125)) - {110, 120}
    two_hundreds = set(range(200, 235)) - {204, 206, 211, 216, 218, 224, 225, 226, 227, 229}
    assert set(ALL_RECORDS) == hundreds | two_hundreds
    assert len(ALL_RECORDS) == 48  # none stands twice


@pytest.mark.parametrize("as_type", [np.int64, np.uint8, str, object])
def test_published_split_of_one_sample_per_record(as_type):
    train, test = inter_patient_split(np.array(ALL_RECORDS).astype(as_type))
    np.testing.assert_array_equal(np.array(ALL_RECORDS)[train], DE_CHAZAL_DS1)
    np.testing.assert_array_equal(np.array(ALL_RECORDS)[test], DE_CHAZAL_DS2)


def test_published_split_shares_the_subject_of_201_and_202():
    report = leakage_report(*inter_patient_split(ALL_RECORDS), groups=SUBJECTS)
    assert report.shared_groups == [201]


def test_subject_disjoint_split_only_leaves_202_out_of_the_test_set():
    published_train, published_test = inter_patient_split(ALL_RECORDS)
    train, test = inter_patient_split(ALL_RECORDS, variant="subject-disjoint")
    np.testing.assert_array_equal(train, published_train)
    np.testing.assert_array_equal(
        np.setdiff1d(published_test, test), [ALL_RECORDS.index(202)], strict=True
    )
    assert not leakage_report(train, test, groups=SUBJECTS).has_leak


def test_every_sample_of_a_record_goes_where_the_record_goes():
    train, test = inter_patient_split([100, 101, 100, 217, 101, 101])
    np.testing.assert_array_equal(train, [1, 4, 5])
    np.testing.assert_array_equal(test, [0, 2])


def test_the_split_is_a_cross_validator():
    y = np.arange(len(ALL_RECORDS)) % 2
    X = y[:, np.newaxis]
    scores = cross_validate(
        KNeighborsClassifier(1), X, y, cv=[inter_patient_split(ALL_RECORDS)], return_indices=True
    )
    assert scores["test_score"].tolist() == [1.0]
    assert len(scores["indices"]["test"][0]) == 22


@pytest.mark.parametrize(
    ("records", "named"),
    [([101, 100, 110], "110"), (["101", "100", "I01"], "I01"), ([101.0, 100.0], "100.0")],
)
def test_what_is_no_record_is_named(records, named):
    with pytest.raises(ValueError, match=f"only the 48 records .*; got '?{named}"):
        inter_patient_split(records)


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([100, 103], "training set would be empty.*DS1"),
        ([101, 102], "test set would be empty.*DS2"),
        ([], "training set would be empty"),
        ([[101, 100]], r"one record number per sample; got shape \(1, 2\)"),
    ],
)
def test_records_that_give_no_split_are_refused(records, message):
    with pytest.raises(ValueError, match=message):
        inter_patient_split(records)


def test_a_test_set_of_record_202_alone_vanishes_from_the_subject_disjoint_split():
    with pytest.raises(ValueError, match="test set would be empty"):
        inter_patient_split([101, 202], variant="subject-disjoint")


def test_unknown_variant_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"'de-chazal', 'subject-disjoint'.*'DS1'"):
        inter_patient_split(ALL_RECORDS, variant="DS1")


def test_class_counts_on_the_real_annotations(data_home):
    aami = {
        s: c for c, symbols in zip("NSVFQ", ("NLRej", "AaJS", "VE", "F", "/fQ")) for s in symbols
    }
    records, classes = [], []
    for record in ALL_RECORDS:
        symbols = wfdb.rdann(str(data_home / "mitdb" / str(record)), "atr").symbol
        beats = [aami[symbol] for symbol in symbols if symbol in aami]
        records += [record] * len(beats)
        classes += beats
    classes = np.array(classes)

    def counts(indices):
        return tuple(Counter(classes[indices].tolist())[name] for name in "NSVFQ")

    train, test = inter_patient_split(records)
    _, strict_test = inter_patient_split(records, variant="subject-disjoint")
    # S, V, F and Q as in the literature: S 944 / 1,837, V 3,788 / 3,221, F 415 / 388, Q 8 / 7.
    assert counts(train) == (45_866, 944, 3_788, 415, 8)
    assert counts(test) == (44_259, 1_837, 3_221, 388, 7)
    # Record 202 holds 2,061 N, 55 S, 19 V and 1 F: the price that the docstring names.
    assert counts(strict_test) == (42_198, 1_782, 3_202, 387, 7)
