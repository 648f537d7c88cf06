from __future__ import annotations

import numpy as np
import pytest
import wfdb

from skecg.signal import AAMI_CLASSES, AAMI_SYMBOLS, aami_codes, is_beat


def test_table_is_that_of_the_standard():
    # De Chazal 2004, table I: 5 symbols in N, 4 in S, 2 in V, 1 in F, 3 in Q.
    members = {
        name: "".join(symbol for symbol, of in AAMI_SYMBOLS.items() if of == name)
        for name in AAMI_CLASSES
    }
    assert members == {"N": "NLRej", "S": "AaJS", "V": "VE", "F": "F", "Q": "/fQ"}


def test_codes_index_the_classes():
    codes = aami_codes(list(AAMI_SYMBOLS))
    assert codes.dtype == np.int64
    assert [AAMI_CLASSES[code] for code in codes] == list(AAMI_SYMBOLS.values())


def test_annotations_that_are_no_beats_get_minus_one():
    symbols = ["+", "~", "|", "[", "!", "]", "x", '"', " "]
    assert aami_codes(symbols).tolist() == [-1] * 9
    assert not is_beat(symbols).any()


def test_beats_without_a_class_are_beats_but_have_no_code():
    assert is_beat(["B", "r", "n", "?"]).all()
    with pytest.raises(ValueError, match=r"\['B', 'n'\] no AAMI class"):
        aami_codes(["N", "n", "B"])


def test_every_symbol_of_the_wfdb_package_is_known():
    symbols = [label.symbol for label in wfdb.io.annotation.ann_labels]
    beats = {s for s, beat in zip(symbols, is_beat(symbols), strict=True) if beat}
    # PhysioNet's list of annotation codes names 19 beats.
    assert beats == set("NLRBAaJSVrFejnE/fQ?")


@pytest.mark.parametrize("symbol", ["k", "NN", "", "é", "\x7f"])
def test_unknown_symbol_is_named_in_the_error(symbol):
    with pytest.raises(ValueError, match="no WFDB annotation symbols"):
        aami_codes(["N", symbol])


def test_numbers_are_refused():
    with pytest.raises(TypeError, match="int64"):
        is_beat(np.array([1, 2]))
    with pytest.raises(TypeError, match="strings"):
        is_beat(np.array(["N", 1], dtype=object))


@pytest.mark.parametrize("dtype", ["U1", "U4", "S1", object])
def test_any_string_array_of_any_shape_is_read(dtype):
    codes = aami_codes(np.array([["N", "V"], ["+", "Q"]], dtype=dtype))
    assert codes.tolist() == [[0, 2], [-1, 4]]


def test_no_symbols_give_no_codes():
    assert aami_codes([]).shape == (0,)
    assert is_beat([]).dtype == bool


def test_counts_of_a_real_record(data_home):
    # PhysioNet's MIT-BIH directory, record 100: 2239 N, 33 A, 1 V and one rhythm annotation.
    symbols = wfdb.rdann(str(data_home / "mitdb" / "100"), "atr").symbol
    codes, counts = np.unique(aami_codes(symbols), return_counts=True)
    assert dict(zip(codes.tolist(), counts.tolist(), strict=True)) == {-1: 1, 0: 2239, 1: 33, 2: 1}
