from __future__ import annotations

import pytest
from sklearn.linear_model import LogisticRegression


class Watched:
    _skl_callbacks = ["a callback"]


def test_callbacks_of_an_unknown_kind_are_left_out_with_a_warning(compat):
    assert compat.begin_callbacks(LogisticRegression(), 1) is None
    assert compat.has_callbacks(Watched())
    with pytest.warns(UserWarning, match="set_callbacks are not called.*Set verbose=1"):
        assert compat.begin_callbacks(Watched(), 1) is None


def test_with_callbacks_runs_the_method(compat):
    class Estimator(compat.CallbackSupportMixin):
        @compat.with_callbacks
        def fit(self, X):
            return X

    assert Estimator().fit(3) == 3
