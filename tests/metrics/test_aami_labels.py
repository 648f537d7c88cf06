from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import ConfusionMatrixDisplay

from skecg.metrics import aami_labels, aami_order, aami_report


def test_the_order_is_that_of_the_standard_and_only_labels_that_occur_are_there():
    assert aami_labels(["V", "F", "N", "V"]).tolist() == ["N", "V", "F"]
    assert aami_labels(["F", "Q"], ["S", "N"], ["V"]).tolist() == ["N", "S", "V", "F", "Q"]
    assert aami_labels(np.array(["V", "N"], dtype=object)).tolist() == ["N", "V"]


def test_other_labels_follow_sorted():
    assert aami_labels(["paced", "V", "AF", "N"]).tolist() == ["N", "V", "AF", "paced"]
    assert aami_labels(["MI", "HB", "Normal"]).tolist() == ["HB", "MI", "Normal"]
    codes = aami_labels([10, 2, 0])
    assert codes.tolist() == [0, 2, 10]
    assert codes.dtype.kind == "i"


def test_names_and_codes_do_not_mix():
    with pytest.raises(ValueError, match="Mix of label input types"):
        aami_labels(["N"], [1])


def test_a_confusion_display_has_the_order_of_the_report():
    y_true, y_pred = list("NNVFSQ"), list("NVVNSQ")
    report = aami_report(y_true, y_pred)
    labels = aami_labels(y_true, y_pred)
    display = ConfusionMatrixDisplay.from_predictions(y_true, y_pred, labels=labels)
    shown = [text.get_text() for text in display.ax_.get_xticklabels()]
    assert shown == list(report.labels) == ["N", "S", "V", "F", "Q"]
    np.testing.assert_array_equal(display.confusion_matrix, report.confusion_matrix)


def test_columns_are_put_into_the_order_and_others_stay_as_they_are():
    assert aami_order(["F", "N", "Q", "S", "V"]).tolist() == [1, 3, 4, 0, 2]
    assert aami_order(["z", "V", "a", "N"]).tolist() == [3, 1, 0, 2]
    assert aami_order([0, 2, 10]).tolist() == [0, 1, 2]
    assert aami_order(np.array(["F", "V"], dtype=object)).tolist() == [1, 0]
