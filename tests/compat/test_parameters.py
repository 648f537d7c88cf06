from __future__ import annotations

from numbers import Integral, Real

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from skecg import _compat

WHOLE, ANY = np.int64(3), object()
CONSTRAINTS = [
    (lambda c: [c.Interval(Integral, 1, None, closed="left")], [1, WHOLE], [0, 1.0, "1", None]),
    (lambda c: [c.Interval(Real, 0, 1, closed="both")], [0, 1, 0.5], [-0.1, 1.1, np.nan, 1j]),
    (lambda c: [c.Interval(Real, 0, 1, closed="neither")], [0.5], [0, 1, np.inf]),
    (lambda c: [c.Interval(Real, 0, 1, closed="right")], [1, 1e-9], [0, 2]),
    (lambda c: [c.StrOptions({"a", "b"}), None], ["a", None], ["c", 1, ["a"], b"a"]),
    (lambda c: [c.HasMethods(["fit", "predict"])], [LogisticRegression()], [StandardScaler(), 1]),
    (lambda c: [c.HasMethods("fit")], [StandardScaler()], [None]),
    (lambda c: [c.Hidden(tuple), str], [(1,), "a"], [1]),
    (lambda c: ["random_state", c.Hidden(np.random.Generator)],
     [0, None, np.random.RandomState(0), np.random.default_rng(0)], [-1, 2**32, 0.5, "0"]),
    (lambda c: [callable, dict], [len, {}], [1]),
    (lambda c: ["boolean"], [True, np.True_], [1, None]),
    (lambda c: ["verbose"], [True, 0, 3], [-1, 0.5]),
    (lambda c: ["array-like", None], [(1, 2), [1], np.ones(2), None], ["12", 3]),
    (lambda c: "no_validation", [1, None, ANY], []),
]  # fmt: skip


def estimator(constraints, value) -> BaseEstimator:
    class Estimator(BaseEstimator):
        _parameter_constraints = {"size": constraints}

        def __init__(self, size=None, free=None):
            self.size = size
            self.free = free

    return Estimator(value)


@pytest.mark.parametrize(("constraints", "right", "wrong"), CONSTRAINTS)
def test_parameters_are_checked(compat, constraints, right, wrong):
    for value in right:
        compat.validate_params(estimator(constraints(compat), value))
    for value in wrong:
        for error in (ValueError, TypeError):
            with pytest.raises(error, match=r"'size' parameter of Estimator must be .*Got"):
                compat.validate_params(estimator(constraints(compat), value))


def test_the_error_has_scikit_learns_words(bare):
    def said(compat, value):
        constraints = [compat.Interval(Integral, 1, None, closed="left"), compat.Hidden(tuple), str]
        with pytest.raises(ValueError, match=r".") as error:
            compat.validate_params(estimator(constraints, value))
        return str(error.value)

    assert said(bare, 0) == said(_compat, 0)


def test_constraints_of_others_are_left_to_them(bare):
    bare.validate_params(estimator([object()], -1))
    bare.validate_params(estimator(["a kind that is not known"], -1))
    # Those of scikit-learn say for themselves what satisfies them.
    with pytest.raises(ValueError, match="'C' parameter of LogisticRegression"):
        bare.validate_params(LogisticRegression(C=-1.0))
