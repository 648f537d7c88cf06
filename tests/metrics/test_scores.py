from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, precision_score, recall_score

from skecg.metrics import (
    aami_report,
    j_kappa_score,
    positive_predictivity_score,
    sensitivity_score,
)

NAMES = np.array(["N", "S", "V", "F", "Q"])


@pytest.fixture(params=["names", "codes"])
def beats(request):
    rng = np.random.default_rng(0)
    y_true = rng.integers(0, 5, 200)
    y_pred = np.where(rng.random(200) < 0.7, y_true, rng.integers(0, 5, 200))
    return (y_true, y_pred) if request.param == "codes" else (NAMES[y_true], NAMES[y_pred])


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("code", range(5))
def test_scores_of_a_class_are_scikit_learns_recall_and_precision(beats, code, weighted):
    weight = np.random.default_rng(1).random(200) if weighted else None
    label = NAMES[code] if beats[0].dtype.kind == "U" else code
    expected = {"labels": [label], "average": "macro", "sample_weight": weight}
    for given in (NAMES[code], code):  # either spelling, whatever the labels are
        assert sensitivity_score(*beats, label=given, sample_weight=weight) == pytest.approx(
            recall_score(*beats, **expected)
        )
        assert positive_predictivity_score(
            *beats, label=given, sample_weight=weight
        ) == pytest.approx(precision_score(*beats, **expected))


def test_j_kappa_is_half_kappa_and_an_eighth_of_the_four_parts(beats):
    S, V = ("S", "V") if beats[0].dtype.kind == "U" else (1, 2)
    parts = sum(
        score(*beats, labels=[label], average="macro")
        for score in (recall_score, precision_score)
        for label in (S, V)
    )
    expected = cohen_kappa_score(*beats) / 2 + parts / 8
    assert j_kappa_score(*beats) == pytest.approx(expected)


@pytest.mark.parametrize("convention", ["one-vs-rest", "ec57"])
def test_the_scores_are_the_figures_of_the_report(beats, convention):
    report = aami_report(*beats, convention=convention)
    for i, label in enumerate("NSVFQ"):
        assert sensitivity_score(*beats, label=label) == report.sensitivity[i]
        assert (
            positive_predictivity_score(*beats, label=label, convention=convention)
            == report.positive_predictivity[i]
        )
    assert j_kappa_score(*beats, convention=convention) == pytest.approx(report.j_kappa)


def test_target_names_say_what_other_codes_mean():
    given = {"target_names": ["V", "N"]}
    y_true, y_pred = [0, 0, 1], [0, 1, 1]
    assert sensitivity_score(y_true, y_pred, label="V", **given) == 0.5
    assert sensitivity_score(y_true, y_pred, label=0, **given) == 0.5
    assert positive_predictivity_score(y_true, y_pred, label="N", **given) == 0.5
    # kappa = (3*2 - 4) / (9 - 4), S does not occur, V has Se 1/2 and +P 1.
    assert j_kappa_score(y_true, y_pred, zero_division=0, **given) == pytest.approx(0.2 + 1.5 / 8)


def test_what_is_undefined_is_nan_unless_asked():
    no_v, never_v = (["N", "N"], ["N", "V"]), (["N", "V"], ["N", "N"])
    assert np.isnan(sensitivity_score(*no_v, label="V"))
    assert sensitivity_score(*no_v, label="V", zero_division=1.0) == 1.0
    assert sensitivity_score(*never_v, label="V", zero_division=1.0) == 0.0
    assert np.isnan(positive_predictivity_score(*never_v, label="V"))
    assert positive_predictivity_score(*never_v, label="V", zero_division=0) == 0.0
    assert positive_predictivity_score(*no_v, label="V", zero_division=1) == 0.0


def test_each_undefined_part_of_j_kappa_is_replaced():
    # All beats are N and called N: kappa and all four parts are undefined.
    assert np.isnan(j_kappa_score(["N", "N"], ["N", "N"]))
    assert j_kappa_score(["N", "N"], ["N", "N"], zero_division=0) == 0.0
    assert j_kappa_score(["N", "N"], ["N", "N"], zero_division=1) == 1.0


def test_ec57_leaves_nothing_to_judge_where_only_q_is_called_v():
    y_true, y_pred = ["Q", "N"], ["V", "N"]
    assert positive_predictivity_score(y_true, y_pred, label="V") == 0.0
    assert np.isnan(positive_predictivity_score(y_true, y_pred, label="V", convention="ec57"))


@pytest.mark.parametrize("score", [sensitivity_score, positive_predictivity_score])
@pytest.mark.parametrize("label", ["v", "PVC", 5, -1])
def test_a_label_that_is_no_class_is_refused(score, label):
    expected = f"label must contain only the names N, S, V.*; got {label!r}"
    with pytest.raises(ValueError, match=expected):
        score(["N", "V"], ["N", "V"], label=label)


def test_an_unknown_convention_is_refused():
    with pytest.raises(ValueError, match="convention must be one of"):
        j_kappa_score(["N", "V"], ["N", "V"], convention="EC57")
    with pytest.raises(ValueError, match="convention must be one of"):
        positive_predictivity_score(["N"], ["N"], label="N", convention="EC57")
