from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    confusion_matrix,
    f1_score,
    precision_recall_fscore_support,
)

from skecg.metrics import AAMIReport, aami_report, j_kappa_score

# True classes in rows, predicted ones in columns, both in the order N, S, V, F, Q. The numbers
# that the tests expect are worked out by hand from this table.
#     N   S   V   F   Q   beats
MATRIX = np.array(
    [
        [80, 6, 2, 2, 0],  # N  90
        [3, 5, 1, 0, 1],  # S  10
        [1, 1, 16, 2, 0],  # V  20
        [1, 1, 4, 4, 0],  # F  10
        [2, 1, 3, 0, 4],  # Q  10
    ]
)  #  87  14  26  8  5   140 in all
NAMES = np.array(["N", "S", "V", "F", "Q"])

# Chance agreement: 90*87 + 10*14 + 20*26 + 10*8 + 10*5 = 8620 out of 140^2 = 19600, observed
# agreement 109 of 140, so kappa = (140*109 - 8620) / (19600 - 8620) = 6640 / 10980.
KAPPA = 6640 / 10980


@pytest.fixture
def beats():
    """Names of the true and predicted classes of the beats in MATRIX, in random order."""
    cells = np.repeat(np.arange(25), MATRIX.ravel())
    np.random.default_rng(0).shuffle(cells)
    return NAMES[cells // 5], NAMES[cells % 5]


def test_hand_worked_example_one_vs_rest(beats):
    report = aami_report(*beats)
    assert isinstance(report, AAMIReport)
    assert report.labels == ("N", "S", "V", "F", "Q")
    np.testing.assert_array_equal(report.confusion_matrix, MATRIX)
    np.testing.assert_array_equal(report.support, [90, 10, 20, 10, 10])
    np.testing.assert_allclose(report.sensitivity, [80 / 90, 5 / 10, 16 / 20, 4 / 10, 4 / 10])
    np.testing.assert_allclose(
        report.positive_predictivity, [80 / 87, 5 / 14, 16 / 26, 4 / 8, 4 / 5]
    )
    # F1 = 2 TP / (beats + calls); FPR = wrong calls / beats of the other classes.
    np.testing.assert_allclose(report.f1, [160 / 177, 10 / 24, 32 / 46, 8 / 18, 8 / 15])
    np.testing.assert_allclose(
        report.false_positive_rate, [7 / 50, 9 / 130, 10 / 120, 4 / 130, 1 / 130]
    )
    assert report.accuracy == pytest.approx(109 / 140)
    assert report.balanced_accuracy == pytest.approx((80 / 90 + 0.5 + 0.8 + 0.4 + 0.4) / 5)
    assert report.macro_f1 == pytest.approx((160 / 177 + 10 / 24 + 32 / 46 + 8 / 18 + 8 / 15) / 5)
    assert report.kappa == pytest.approx(KAPPA)
    assert report.j_index == pytest.approx(0.5 + 0.8 + 5 / 14 + 16 / 26)
    assert report.j_kappa == pytest.approx(KAPPA / 2 + (0.5 + 0.8 + 5 / 14 + 16 / 26) / 8)


def test_hand_worked_example_by_ec57(beats):
    report = aami_report(*beats, convention="ec57")
    # S: of the 9 false alarms the one on a Q beat does not count; it leaves the denominator too,
    # so 8 of 130 - 1. V: of the 10 those on 4 F and 3 Q beats do not, so 3 of 120 - 7.
    np.testing.assert_allclose(
        report.positive_predictivity, [80 / 87, 5 / 13, 16 / 19, 4 / 8, 4 / 5]
    )
    np.testing.assert_allclose(
        report.false_positive_rate, [7 / 50, 8 / 129, 3 / 113, 4 / 130, 1 / 130]
    )
    np.testing.assert_allclose(report.f1, [160 / 177, 10 / 23, 32 / 39, 8 / 18, 8 / 15])
    assert report.j_index == pytest.approx(0.5 + 0.8 + 5 / 13 + 16 / 19)
    assert report.j_kappa == pytest.approx(KAPPA / 2 + (0.5 + 0.8 + 5 / 13 + 16 / 19) / 8)


def test_ec57_changes_nothing_but_what_false_positives_enter(beats):
    plain, ec57 = aami_report(*beats), aami_report(*beats, convention="ec57")
    for same in ("confusion_matrix", "sensitivity", "support", "accuracy", "kappa"):
        np.testing.assert_array_equal(getattr(plain, same), getattr(ec57, same))
    assert plain.balanced_accuracy == ec57.balanced_accuracy
    assert (plain.convention, ec57.convention) == ("one-vs-rest", "ec57")


def test_ec57_forgives_only_f_and_q_called_v_and_q_called_s():
    for true in NAMES:
        for predicted in set(NAMES) - {true}:
            # One beat of every class is called right, one of class `true` is called `predicted`.
            y_true, y_pred = [*NAMES, true], [*NAMES, predicted]
            column = list(NAMES).index(predicted)
            rate = aami_report(y_true, y_pred, convention="ec57").positive_predictivity[column]
            forgiven = (true, predicted) in {("F", "V"), ("Q", "V"), ("Q", "S")}
            assert rate == (1.0 if forgiven else 0.5), (true, predicted)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_scikit_learn(seed, weighted):
    rng = np.random.default_rng(seed)
    names = NAMES[: rng.integers(2, 6)]
    y_true = rng.choice(names, 300)
    y_pred = np.where(rng.random(300) < 0.6, y_true, rng.choice(names, 300))
    weight = rng.random(300) if weighted else None
    report = aami_report(y_true, y_pred, sample_weight=weight)
    common = {"labels": names, "sample_weight": weight}
    precision, recall, f1, support = precision_recall_fscore_support(y_true, y_pred, **common)
    np.testing.assert_allclose(report.positive_predictivity, precision)
    np.testing.assert_allclose(report.sensitivity, recall)
    np.testing.assert_allclose(report.f1, f1)
    np.testing.assert_allclose(report.support, support)
    np.testing.assert_allclose(report.confusion_matrix, confusion_matrix(y_true, y_pred, **common))
    assert report.kappa == pytest.approx(cohen_kappa_score(y_true, y_pred, **common))
    assert report.macro_f1 == pytest.approx(f1_score(y_true, y_pred, average="macro", **common))
    assert report.accuracy == pytest.approx(accuracy_score(y_true, y_pred, sample_weight=weight))
    assert report.balanced_accuracy == pytest.approx(
        balanced_accuracy_score(y_true, y_pred, sample_weight=weight)
    )
    assert report.j_kappa == pytest.approx(
        j_kappa_score(y_true, y_pred, sample_weight=weight), nan_ok=True
    )


def test_a_class_that_is_only_predicted_counts_in_macro_f1_as_in_scikit_learn():
    y_true, y_pred = ["N", "N", "V", "V"], ["N", "Q", "V", "V"]
    report = aami_report(y_true, y_pred)
    assert report.labels == ("N", "V", "Q")
    # F1 of N is 2/3, of V 1, of Q 0; the sensitivity of Q is undefined and not in the mean.
    assert report.macro_f1 == pytest.approx(5 / 9)
    assert report.macro_f1 == pytest.approx(f1_score(y_true, y_pred, average="macro"))
    assert report.balanced_accuracy == pytest.approx(0.75)


def test_a_perfect_classifier_scores_one_throughout():
    report = aami_report(NAMES, NAMES)
    for figure in ("accuracy", "balanced_accuracy", "macro_f1", "kappa", "j_kappa"):
        assert getattr(report, figure) == 1.0
    assert report.j_index == 4.0
    np.testing.assert_array_equal(report.false_positive_rate, 0)


@pytest.mark.parametrize("as_type", [int, float, np.uint8, object])
def test_codes_and_names_give_the_same_report(beats, as_type):
    codes = [np.array([list(NAMES).index(name) for name in y]).astype(as_type) for y in beats]
    assert aami_report(*codes).to_dict() == aami_report(*beats).to_dict()
    assert aami_report(codes[0], beats[1].astype(object)).to_dict() == aami_report(*beats).to_dict()


def test_target_names_say_what_other_codes_mean(beats):
    alphabetical = sorted(NAMES)
    codes = [np.searchsorted(alphabetical, y) for y in beats]
    report = aami_report(*codes, target_names=alphabetical)
    assert report.to_dict() == aami_report(*beats).to_dict()
    assert report.to_dict() != aami_report(*codes).to_dict()


def test_labels_set_the_rows_and_their_order():
    y_true, y_pred = ["N", "S", "V"], ["N", "V", "V"]
    assert aami_report(y_true, y_pred).labels == ("N", "S", "V")
    report = aami_report(y_true, y_pred, labels=["V", "S", "F", "N"])
    assert report.labels == ("V", "S", "F", "N")
    np.testing.assert_array_equal(report.confusion_matrix[:2, :2], [[1, 0], [1, 0]])
    np.testing.assert_array_equal(report.support, [1, 1, 0, 1])
    assert (
        aami_report(y_true, y_pred, labels=[2, 1, 3, 0]).to_dict().keys() == report.to_dict().keys()
    )
    # A row without beats changes no mean.
    assert report.macro_f1 == aami_report(y_true, y_pred).macro_f1


def test_what_is_undefined_is_nan_and_a_dash_without_a_warning():
    # No S beat, no call of V, and j-kappa needs both.
    report = aami_report(["N", "V"], ["N", "N"], labels=["N", "S", "V"])
    np.testing.assert_array_equal(report.sensitivity, [1, np.nan, 0])
    np.testing.assert_array_equal(report.positive_predictivity, [0.5, np.nan, np.nan])
    np.testing.assert_array_equal(report.f1, [2 / 3, np.nan, 0])
    assert np.isnan(report.j_kappa)
    assert str(report).splitlines()[2].split() == ["S", "-", "-", "-", "0.000", "0"]
    only_n = aami_report(["N", "N"], ["N", "N"])
    np.testing.assert_array_equal(only_n.false_positive_rate, [np.nan])
    assert np.isnan(only_n.kappa)
    assert only_n.accuracy == 1.0


def test_weights_count_as_repeated_beats(beats):
    y_true, y_pred = beats
    weight = np.random.default_rng(1).integers(0, 4, len(y_true))
    weighted = aami_report(y_true, y_pred, sample_weight=weight)
    repeated = aami_report(np.repeat(y_true, weight), np.repeat(y_pred, weight))
    assert str(weighted) == str(repeated)


def test_figures_are_pooled_over_records_and_not_a_mean_of_them():
    # Record 1: 1 of 1 V beats found; record 2: 1 of 3. Pooled 2/4, the mean would be 2/3.
    report = aami_report(["V", "V", "V", "V", "N"], ["V", "V", "N", "N", "N"])
    assert report.sensitivity[1] == 0.5


def test_the_table(beats):
    assert str(aami_report(*beats)).splitlines() == [
        "           Se      +P      F1     FPR   beats",
        "    N   0.889   0.920   0.904   0.140      90",
        "    S   0.500   0.357   0.417   0.069      10",
        "    V   0.800   0.615   0.696   0.083      20",
        "    F   0.400   0.500   0.444   0.031      10",
        "    Q   0.400   0.800   0.533   0.008      10",
        "",
        "             accuracy   0.779",
        "    balanced accuracy   0.598",
        "             macro F1   0.599",
        "                kappa   0.605",
        "       j index (of 4)   2.273",
        "              j-kappa   0.586",
        "",
        "140 beats pooled; false positives: one-vs-rest",
    ]
    assert repr(aami_report(*beats)) == str(aami_report(*beats))


def test_the_dict_holds_plain_values(beats):
    report = aami_report(*beats, output_dict=True)
    assert json.loads(json.dumps(report)) == report
    assert report["V"] == {
        "sensitivity": 0.8,
        "positive_predictivity": pytest.approx(16 / 26),
        "f1": pytest.approx(32 / 46),
        "false_positive_rate": pytest.approx(10 / 120),
        "support": 20,
    }
    assert list(report) == [
        *("N", "S", "V", "F", "Q"),
        *("accuracy", "balanced_accuracy", "macro_f1", "kappa", "j_index", "j_kappa"),
        *("confusion_matrix", "labels", "convention"),
    ]
    assert report["confusion_matrix"] == MATRIX.tolist()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"labels": ["N", "S", "V", "F"]},
            r"got \['N', 'S', 'V', 'F'\] without Q.*remove its beats from both",
        ),
        ({"labels": [0, 1, 0]}, r"must not repeat a class; got \[0, 1, 0\]"),
        ({"labels": ["N", "X"]}, "labels must contain only .*; got 'X'"),
        ({"labels": []}, "labels must be a non-empty 1-D array"),
        ({"convention": "aami"}, "'one-vs-rest', 'ec57'.*'aami'"),
        ({"sample_weight": [1.0]}, "inconsistent numbers of samples"),
        ({"sample_weight": np.full(140, -1.0)}, "without NaN or negative weights"),
        ({"sample_weight": np.full(140, np.nan)}, "without NaN or negative weights"),
        ({"sample_weight": np.zeros(140)}, "at least one positive weight; .* minimum 0.0"),
    ],
)
def test_options_that_do_not_fit_are_refused(beats, given, message):
    with pytest.raises(ValueError, match=message):
        aami_report(*beats, **given)


@pytest.mark.parametrize("names", [["N", "S", "S"], ["normal", "S"]])
def test_target_names_that_are_no_aami_classes_are_refused(names):
    with pytest.raises(ValueError, match="target_names must be distinct AAMI classes"):
        aami_report([0, 1], [0, 1], target_names=names)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (
            ["N", "L"],
            "y_pred must contain only the names N, S, V, F, Q or the codes 0 to 4 .*; got 'L'",
        ),
        (["N", 1], "y_pred must contain .*; got '1'"),
        ([0, 5], "y_pred must contain .*; got 5"),
        ([0, -1], "y_pred must contain .*; got -1"),
        ([0, 1.5], "y_pred must contain .*; got 1.5"),
        ([0, np.nan], "y_pred must contain .*; got nan"),
        ([["N", "V"]], r"got shape \(1, 2\)"),
        ([], r"got shape \(0,\)"),
        (["N"], "inconsistent numbers of samples"),
    ],
)
def test_labels_that_are_no_aami_classes_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        aami_report(["N", "V"], y)


@pytest.mark.parametrize("y", [[True, False], [b"N", b"V"], ["N", None]])
def test_labels_of_another_type_are_refused(y):
    expected = "y_true must contain only the names N, S, V, F, Q or the codes"
    with pytest.raises(TypeError, match=expected):
        aami_report(y, ["N", "V"])


def test_the_classes_are_those_of_the_signal_package():
    from skecg.metrics import _counts
    from skecg.signal import AAMI_CLASSES

    assert _counts.AAMI_CLASSES == AAMI_CLASSES
