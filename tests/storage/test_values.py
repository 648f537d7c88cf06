from __future__ import annotations

import json
import math
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from skecg.persistence._estimator_reader import EstimatorReader
from skecg.sheet import LAYOUTS, LeadLayout
from skecg.storage import ModelFileError, ValueReader, ValueWriter
from skecg.training import Cosine, MultiStep

DATA_CLASSES = (Cosine, MultiStep, LeadLayout)


class Writer(ValueWriter):
    data_classes = DATA_CLASSES


class Reader(ValueReader):
    data_classes = DATA_CLASSES


def round_trip(value):
    writer = Writer()
    text = json.dumps(writer.write(value, "value"), allow_nan=False)
    return Reader(writer.arrays).read(json.loads(text))


@pytest.mark.parametrize(
    "value",
    [
        None, True, 3, 2**80, -0.0, 1e-300, math.inf, -math.inf, math.nan, "x", "\ud800", [], (),
        [1, (2, [3.5])], {}, {"a": {"b": None}}, {"$a": 1}, {1: 2, "1": 3}, {(1, 2): None},
        {None: 0, True: 1}, np.float32(0.1), np.float64(0.1), np.float16(np.nan), np.int8(-3),
        np.uint64(2**64 - 1), np.bool_(True), np.str_("x"), Cosine(0.2), MultiStep((3, 4)),
        LAYOUTS["published-b"], torch.optim.SGD,
    ],
    ids=lambda value: repr(value)[:30],
)  # fmt: skip
def test_values_come_back_as_they_were(value):
    found = round_trip(value)
    assert type(found) is type(value)
    assert repr(found) == repr(value)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(3, dtype=np.uint16), np.zeros((0, 4)), np.array(2.5), np.array([True, False]),
        np.array(["a", "bc", ""]), np.array([["a"], ["b"]], object), np.array([], "<U3"),
    ],
    ids=repr,
)  # fmt: skip
def test_arrays_come_back_as_they_were(array):
    found = round_trip({"x": [array]})["x"][0]
    assert_array_equal(found, array)
    assert (found.dtype, found.shape) == (array.dtype, array.shape)


MATRIX = np.arange(24.0).reshape(4, 6)


@pytest.mark.parametrize(
    "matrix",
    [MATRIX, MATRIX.T, MATRIX[:, :2], MATRIX.T[:3], MATRIX[::2], MATRIX[:0], MATRIX[:, :0]],
    ids=lambda m: f"{m.shape} {m.strides}",
)
def test_the_layout_of_a_matrix_stays(matrix):
    found = round_trip(matrix)
    assert_array_equal(found, matrix)
    assert found.strides == matrix.strides or not matrix.size


@pytest.mark.parametrize("matrix", [MATRIX[:, ::2], MATRIX[::-1], MATRIX[:, ::-1]])
def test_other_layouts_become_contiguous(matrix):
    assert_array_equal(round_trip(matrix), matrix)


def test_a_few_columns_of_a_large_matrix_do_not_store_the_rest():
    writer = Writer()
    writer.write(np.zeros((2, 10_000))[:, :3], "x")
    assert writer.arrays["x"].size == 6


def test_a_partial_optimizer_and_a_path():
    found = round_trip(partial(torch.optim.AdamW, betas=(0.9, 0.99)))
    assert (found.func, found.keywords) == (torch.optim.AdamW, {"betas": (0.9, 0.99)})
    assert round_trip(Path("a") / "b") == str(Path("a") / "b")


@pytest.mark.parametrize(
    "value",
    [print, torch.nn.ReLU, {1, 2}, b"x", 1j, partial(print), np.array([1, "a"], object), object()],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_data_is_refused_with_its_place(value):
    with pytest.raises(TypeError, match=r"^here/0 "):
        ValueWriter().write([value], "here")


@pytest.mark.parametrize(
    "node",
    [
        {"$eval": "1"}, {"$float": "1"}, {"$float": [1]}, {"$tuple": 3}, {"$tuple": {}},
        {"$tuple": [], "x": 1}, {"$dict": [[[], 1]]}, {"$dict": [[1]]}, {"$scalar": ["int8", 300]},
        {"$scalar": ["float32", "1"]}, {"$scalar": ["object", 1]}, {"$scalar": ["int64", 1.5]},
        {"$array": "missing"}, {"$rows": "x"}, {"$rows": ["x", 1]}, {"$columns": ["x", 1]},
        {"$columns": [["x"], 1]}, {"$array": ["x"]}, {"$optimizer": "Optimizer"},
        {"$strings": {"dtype": "<U1", "shape": [1], "values": ["ab"]}},
        {"$strings": {"dtype": "<U99999999", "shape": [1], "values": ["ab"]}},
        {"$strings": {"dtype": "<f8", "shape": [1], "values": ["1"]}},
        {"$strings": {"dtype": "object", "shape": [1], "values": [1]}},
        {"$strings": {"dtype": "object", "shape": [2], "values": ["a"]}},
        {"$strings": {"dtype": "object", "shape": [-1, -1], "values": ["a"]}},
        {"$object": ["Path", {}]}, {"$object": ["Cosine", {"warmup": "x"}]},
        {"$object": ["MultiStep", {"milestones": "abc"}]}, {"$object": ["Cosine", {"x": 1}]},
        {"$object": ["ExponentialDecay", {"gamma": 0.5, "every": 0}]},
        {"$object": ["LeadLayout", {"lead_names": ["a"], "boxes": [], "sheet_size": None}]},
        {"$partial": ["print", {}]}, {"$partial": [{"$optimizer": "SGD"}, []]},
    ],
    ids=lambda node: json.dumps(node)[:50],
)  # fmt: skip
def test_forged_values_are_refused(node):
    # What is not recognised by name fails in Python's own ways; load turns all into one error.
    with pytest.raises((ModelFileError, ValueError, TypeError, KeyError, ArithmeticError)):
        EstimatorReader({"x": np.zeros(3)}, None).read([node])


def test_an_array_is_handed_out_once():
    with pytest.raises(ModelFileError, match="'x' is missing or used twice"):
        ValueReader({"x": np.zeros(3)}).read([{"$array": "x"}, {"$array": "x"}])
