"""``skecg._compat`` as it is, and imported where no private name could be."""

from __future__ import annotations

import builtins
import importlib
import sys
from types import ModuleType

import pytest
from public_names import import_of_public_names

from skecg import _compat


@pytest.fixture(scope="session")
def bare():
    """A second ``skecg._compat``, imported where no private name could be."""
    names = [name for name in sys.modules if name.startswith("skecg._compat")]
    loaded = {name: sys.modules.pop(name) for name in names}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(builtins, "__import__", import_of_public_names)
        module = importlib.import_module("skecg._compat")
    sys.modules.update(loaded)  # the names are the same
    sys.modules["skecg"]._compat = loaded["skecg._compat"]
    return module


@pytest.fixture(params=["private names", "none"])
def compat(request) -> ModuleType:
    """Both ways must do the same."""
    return _compat if request.param == "private names" else request.getfixturevalue("bare")


def test_the_fixture_hides_the_private_names(bare):
    for name in ("Interval", "num_samples", "safe_indexing", "CallbackSupportMixin"):
        assert getattr(bare, name).__module__.startswith("skecg._compat.")
        assert getattr(_compat, name).__module__.startswith("sklearn.")
    assert isinstance(bare.BaseSearchCV, tuple)
