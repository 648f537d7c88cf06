"""A change of a public name warns for one minor cycle, says the remedy, and is then removed."""

from __future__ import annotations

import ast
import types
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import ParameterGrid

import skecg
from skecg._deprecation import DEPRECATED, moved_name, removal, renamed_argument, renamed_parameter
from skecg.parallel import RecoverableClient

ROOT = Path(__file__).resolve().parents[1]


def load(leads=None, lead=DEPRECATED):
    return renamed_argument("load", ("lead", lead), ("leads", leads), since="0.2")


class Segmenter(BaseEstimator):
    def __init__(self, sampling_rate=125.0, rate=DEPRECATED):
        self.sampling_rate = sampling_rate
        self.rate = rate

    def fit(self, X, y=None):
        self.rate_ = renamed_parameter(self, "rate", "sampling_rate", since="0.2")
        return self


def test_the_new_name_of_an_argument_does_not_warn():
    assert load() is None
    assert load(leads="II") == "II"


def test_the_old_name_of_an_argument_works_and_says_what_to_write():
    with pytest.warns(FutureWarning) as caught:
        assert load(lead="II") == "II"
    assert [str(warning.message) for warning in caught] == [
        "lead= of load is deprecated since skecg 0.2 and will be removed in 0.3; use leads= instead"
    ]
    assert caught[0].filename == __file__


def test_both_names_of_an_argument_are_refused():
    with pytest.raises(ValueError, match=r"former name of leads; got both\. Use leads alone"):
        load(leads="II", lead="II")


def test_the_old_name_of_a_parameter_works_until_it_is_removed():
    old = clone(Segmenter(rate=250))
    with pytest.warns(FutureWarning, match="rate= of Segmenter .* removed in 0.3; use samp") as w:
        assert old.fit(None).rate_ == 250
    assert w[0].filename == __file__
    # fit changes no parameter, and a search over the old name goes on.
    assert old.get_params() == {"sampling_rate": 125, "rate": 250}
    for params in ParameterGrid({"rate": [100, 360]}):
        with pytest.warns(FutureWarning, match="use sampling_rate= instead"):
            assert clone(old).set_params(**params).fit(None).rate_ == params["rate"]


def test_the_new_name_of_a_parameter_does_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Segmenter().fit(None).rate_ == 125
        assert clone(Segmenter(sampling_rate=360)).fit(None).rate_ == 360


def test_both_names_of_a_parameter_are_refused():
    with pytest.raises(ValueError, match="Segmenter: rate is the former name of sampling_rate"):
        Segmenter(sampling_rate=360, rate=250).fit(None)
    # As read from a file: the default, and another object.
    with pytest.warns(FutureWarning):
        assert Segmenter(sampling_rate=float("125"), rate=250).fit(None).rate_ == 250


@pytest.mark.parametrize(
    ("new", "found"),
    [("skecg.parallel.RecoverableClient", RecoverableClient), ("skecg.parallel", skecg.parallel)],
)
def test_a_moved_name_is_found_and_says_where(new, found):
    machines = types.ModuleType("skecg.machines")
    machines.__getattr__ = lambda name: moved_name("skecg.machines", name, new, since="0.2")
    with pytest.warns(FutureWarning) as caught:
        assert machines.anything is found
    assert str(caught[0].message) == (
        "skecg.machines.anything is deprecated since skecg 0.2 and will be removed in 0.3; "
        f"use {new} instead"
    )
    assert caught[0].filename == __file__


def deprecations(source: str) -> Iterator[str]:
    """Yield the version of each deprecation in a source file."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg == "since" and isinstance(keyword.value, ast.Constant):
                    yield keyword.value.value


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


def test_nothing_is_kept_beyond_its_cycle():
    assert list(deprecations('warn_deprecated("a", "b", since="0.1")')) == ["0.1"]
    assert removal("0.9") == "0.10"
    overdue = [
        f"{path.relative_to(ROOT)} (since {since})"
        for path in sorted((ROOT / "skecg").rglob("*.py"))
        for since in deprecations(path.read_text(encoding="utf-8"))
        if number(skecg.__version__) >= number(removal(since))
    ]
    assert not overdue, "remove what was deprecated one minor version ago"
