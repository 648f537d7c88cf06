"""Private names of other libraries: only skecg/_compat uses them, and it works without them."""

from __future__ import annotations

import ast
import builtins
import importlib
import subprocess
import sys
from numbers import Integral, Real
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from imblearn.combine import SMOTEENN
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.under_sampling import NearMiss, RandomUnderSampler, TomekLinks
from numpy.testing import assert_array_equal
from scipy.sparse import coo_array
from sklearn import config_context
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skecg import _compat

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "skecg").rglob("*.py"))
OUTSIDE = [path for path in FILES if "_compat" not in path.parts]

# Only skecg/_compat uses them -------------------------------------------------------------------

# Of these libraries every name that starts with an underscore is private; the dunder names are not.
LIBRARIES = {"imblearn", "neurokit2", "safetensors", "sklearn", "skorch", "torch", "wfdb"}
EXPERIMENTAL = ("sklearn.callback", "sklearn.experimental")
# Methods and attributes of their objects; the names of those in skecg are its own.
PRIVATE = {
    "_callback_fit_ctx",
    "_check_input_dim",
    "_default_callbacks",
    "_fit_resample",
    "_get_metadata_request",
    "_get_param_names",
    "_init_callback_context",
    "_is_amx_tile_supported",
    "_is_avx512_bf16_supported",
    "_metadata_request",
    "_parent_callback_ctx",
    "_sampling_type",
    "_set_training",
    "_skl_callbacks",
    "_skl_callbacks_to_teardown",
    "_sklearn_output_config",
    "_validate_params",
    "_validate_steps",
}
OF_NAMED_TUPLES = {"_asdict", "_fields", "_replace"}


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def private_import(module: str, names: list[str]) -> bool:
    if module.partition(".")[0] not in LIBRARIES:
        return False
    full = [f"{module}.{name}" for name in names]
    parts = module.split(".") + names
    return any(map(is_private, parts)) or any(
        name == each or name.startswith(f"{each}.")
        for name in [module, *full]
        for each in EXPERIMENTAL
    )


def own_names(trees: list[ast.AST]) -> set[str]:
    """Return the names that skecg defines: functions, classes, and what is assigned."""
    found = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.id if isinstance(node, ast.Name) else node.attr)
    return found - PRIVATE


def private_names(tree: ast.AST, own: set[str]) -> list[str]:
    """Return the private names of other libraries that a file uses, with their lines."""
    found = []
    for node in ast.walk(tree):
        used = ""
        if isinstance(node, ast.Import):
            used = next((a.name for a in node.names if private_import(a.name, [])), "")
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [alias.name for alias in node.names]
            used = node.module if private_import(node.module, names) else ""
        elif isinstance(node, ast.Attribute) and is_private(node.attr):
            used = "" if node.attr in own | OF_NAMED_TUPLES else node.attr
        elif isinstance(node, ast.FunctionDef):
            used = node.name if node.name in PRIVATE else ""
        elif isinstance(node, ast.Constant):
            used = node.value if node.value in PRIVATE else ""
        if used:
            found.append(f"{used}, line {node.lineno}")
    return found


TREES = {path: ast.parse(path.read_text()) for path in OUTSIDE}
OWN = own_names(list(TREES.values()))


# These change hands now; a file that no longer uses such a name fails until its line goes.
NOT_YET = {
    "classifiers/_base.py",
    "persistence/_estimators.py",
    "training/_block_prediction.py",
    "training/_device.py",
    "training/_net.py",
}


def in_house(path: Path) -> str:
    return path.relative_to(ROOT / "skecg").as_posix()


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=[pytest.mark.xfail(strict=True)] * (in_house(path) in NOT_YET))
        for path in OUTSIDE
    ],
    ids=map(in_house, OUTSIDE),
)
def test_no_private_name_outside_compat(path):
    assert private_names(TREES[path], OWN) == []


@pytest.mark.parametrize(
    "line",
    [
        "import torch._dynamo",
        "import sklearn.utils._tags as tags",
        "from sklearn.utils import _safe_indexing",
        "from sklearn.utils._tags import Tags",
        "from sklearn.callback import ProgressBar",
        "from sklearn import callback",
        "from sklearn.experimental import enable_halving_search_cv",
        "def f(net): from skorch.utils import _identity",
        "torch.cpu._is_avx2_supported()",
        "estimator._validate_params()",
        "getattr(net, '_set_training')",
        "class Net:\n    def _set_training(self): ...",
        "class Net:\n    _default_callbacks = ()\nNet._default_callbacks",
    ],
)
def test_the_search_sees(line):
    tree = ast.parse(line)
    assert private_names(tree, own_names([tree]))


@pytest.mark.parametrize(
    "line",
    ["from ._form import flat", "row._replace(a=1)", "from torch import __version__",
     "class A:\n    def _own(self): return self._own()"],
)  # fmt: skip
def test_the_search_leaves_alone(line):
    tree = ast.parse(line)
    assert private_names(tree, own_names([tree])) == []


def test_compat_imports_no_torch_and_no_sampler():
    code = "import sys, skecg._compat; print({'torch', 'imblearn', 'skorch'} & set(sys.modules))"
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


# It works without them --------------------------------------------------------------------------

IMPORT = builtins.__import__


def import_of_public_names(name, globals=None, locals=None, fromlist=(), level=0):
    """Import for skecg._compat what a library without its private names would have."""
    user = (globals or {}).get("__name__", "")
    of_compat = user.startswith("skecg._compat") and level == 0
    if of_compat and private_import(name, list(fromlist or ())):
        raise ImportError(f"{name} is hidden from {user}")
    return IMPORT(name, globals, locals, fromlist, level)


@pytest.fixture(scope="module")
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


FIVE = np.arange(10.0).reshape(5, 2)


@pytest.mark.parametrize(
    "X", [FIVE, FIVE.tolist(), pd.DataFrame(FIVE), coo_array(FIVE), tuple(FIVE)]
)
def test_num_samples(compat, X):
    assert compat.num_samples(X) == 5


@pytest.mark.parametrize("X", [3, None, np.array(3.0), object()])
def test_num_samples_of_no_samples(compat, X):
    with pytest.raises(TypeError):
        compat.num_samples(X)


@pytest.mark.parametrize("kind", [np.asarray, list, pd.DataFrame])
def test_safe_indexing_keeps_the_kind(compat, kind):
    found = compat.safe_indexing(kind(FIVE), np.array([3, 0, 3]))
    assert type(found) is type(kind(FIVE))
    assert_array_equal(np.asarray(found), FIVE[[3, 0, 3]])


def test_check_sample_weight(compat):
    assert_array_equal(compat.check_sample_weight(None, FIVE), np.ones(5))
    assert_array_equal(compat.check_sample_weight(2, FIVE, dtype=np.float64), np.full(5, 2.0))
    assert compat.check_sample_weight([1] * 5, FIVE).dtype == np.float64
    for wrong in ([1] * 4, [[1]] * 5, [np.nan] * 5):
        with pytest.raises(ValueError, match=r"."):
            compat.check_sample_weight(wrong, FIVE)
    with pytest.raises(ValueError, match="Negative"):
        compat.check_sample_weight([-1] * 5, FIVE, ensure_non_negative=True)


def test_check_method_params(compat):
    params = {"a": [1, 2, 3, 4, 5], "b": "abcde", "c": 3, "d": np.eye(5), "e": None, "f": [1, 2]}
    found = compat.check_method_params(FIVE, params, np.array([4, 4]))
    assert found["a"] == [5, 5]
    assert_array_equal(found["d"], np.eye(5)[[4, 4]])
    assert {name: found[name] for name in "bcef"} == {name: params[name] for name in "bcef"}
    assert compat.check_method_params(FIVE, {"s": coo_array(FIVE)}, [0])["s"].shape == (1, 2)


def test_routing(compat):
    assert not compat.routing_enabled()
    with pytest.raises(ValueError, match=r"LogisticRegression\.fit takes a, b only with metadata"):
        compat.raise_for_params({"b": 1, "a": 2}, LogisticRegression(), "fit")
    with config_context(enable_metadata_routing=True):
        assert compat.routing_enabled()
        compat.raise_for_params({"b": 1}, LogisticRegression(), "fit")


def test_metadata_requests_are_those_of_the_user(compat):
    model = LogisticRegression()
    assert compat.metadata_requests(model) is None
    with config_context(enable_metadata_routing=True):
        model.set_fit_request(sample_weight="weights").set_score_request(sample_weight=False)
    expected = {"fit": {"sample_weight": "weights"}, "score": {"sample_weight": False}}
    assert compat.metadata_requests(model) == expected
    assert compat.metadata_requests(Pipeline([("a", model)])) is None


def test_output_container(compat):
    scaler = StandardScaler()
    assert compat.output_container(scaler) is None
    assert compat.output_container(scaler.set_output(transform="pandas")) == "pandas"


def test_searches_are_known(compat):
    assert isinstance(GridSearchCV(LogisticRegression(), {}), compat.BaseSearchCV)
    assert not isinstance(LogisticRegression(), compat.BaseSearchCV)


def test_parameter_names(compat):
    for cls in (LogisticRegression, Pipeline, FrozenEstimator):
        assert compat.parameter_names(cls) == sorted(cls._get_param_names())


class _NoSteps(Pipeline):
    _validate_steps = None


@pytest.mark.parametrize("cls", [Pipeline, _NoSteps], ids=["own", "without"])
def test_steps_of_a_pipeline(cls):
    scale, last = ("scale", StandardScaler()), ("last", LogisticRegression())
    _compat.validate_steps(cls([scale, ("none", "passthrough"), last]))
    for steps in ([last, scale], [scale, scale], [("a__b", StandardScaler()), last]):
        with pytest.raises((TypeError, ValueError), match=r"."):
            _compat.validate_steps(cls(steps))


# Parameters -------------------------------------------------------------------------------------

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


# Callbacks --------------------------------------------------------------------------------------


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


# Samplers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("sampler", [SMOTE(), NearMiss(), TomekLinks(), SMOTEENN()], ids=repr)
def test_the_kind_of_a_sampler_without_its_name(sampler, monkeypatch):
    known = _compat.sampling_type(sampler)
    assert known == type(sampler)._sampling_type
    for cls in type(sampler).__mro__:
        if "_sampling_type" in vars(cls):
            monkeypatch.delattr(cls, "_sampling_type")
    assert _compat.sampling_type(sampler) == known
    assert _compat.sampling_type(LogisticRegression()) is None


def test_what_a_sampler_works_as_without_its_name():
    class Own(RandomOverSampler):
        def _fit_resample(self, X, y):
            raise NotImplementedError

    class Unknown:
        """A sampler whose work has another name."""

    for compat_kind in (RandomOverSampler, RandomUnderSampler):
        assert _compat.works_as(compat_kind(), compat_kind)
        assert not _compat.works_as(SMOTE(), compat_kind)
    assert not _compat.works_as(Own(), RandomOverSampler)
    assert _compat.works_as(Unknown(), Unknown)
    assert not _compat.works_as(SMOTE(), Unknown)


@pytest.mark.parametrize("sampler", [SMOTE(), RandomOverSampler(), LogisticRegression()], ids=repr)
@pytest.mark.parametrize("own", [True, False])
def test_tags_of_a_sampler(sampler, own, monkeypatch):
    if not own:
        monkeypatch.setattr(builtins, "__import__", import_of_public_names)
    tags = _compat.sampler_tags(sampler)
    assert type(tags).__module__.startswith("imblearn" if own else "skecg")
    assert tags.estimator_type == "sampler"
    assert tags.target_tags.required
    assert tags.input_tags.three_d_array
    assert tags.input_tags.dataframe
    assert tags.input_tags.string == isinstance(sampler, RandomOverSampler)
    assert tags.sampler_tags.sample_indices == isinstance(sampler, RandomOverSampler)


# PyTorch and skorch -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("fpu avx512f avx512_bf16", True), ("fpu amx_bf16 amx_tile", True), ("fpu avx512f", False)],
)
def test_bfloat16_units_without_the_probes(monkeypatch, tmp_path, flags, expected):
    torch = pytest.importorskip("torch")
    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    own = [getattr(torch.cpu, name)() for name in probes if hasattr(torch.cpu, name)]
    if len(own) == 2:
        assert _compat.bfloat16_units("cpu") == any(own)
    for name in probes:
        monkeypatch.delattr(torch.cpu, name, raising=False)
    told = tmp_path / "cpuinfo"
    told.write_text(f"processor\t: 0\nflags\t\t: {flags}\n\nprocessor\t: 1\nflags\t\t: amx_bf16\n")
    monkeypatch.setattr("skecg._compat._torch._CPUINFO", told)
    assert _compat.bfloat16_units("cpu") is expected
    monkeypatch.setattr("skecg._compat._torch._CPUINFO", tmp_path / "no such file")
    assert _compat.bfloat16_units("cpu") is False
    assert _compat.bfloat16_units("mps") is False


@pytest.mark.parametrize("own", [True, False])
def test_the_mode_of_a_net(own, monkeypatch):
    from skorch import NeuralNetClassifier
    from torch import nn

    net = NeuralNetClassifier(nn.Linear, module__in_features=2, module__out_features=2).initialize()
    if not own:
        monkeypatch.delattr("skorch.NeuralNet._set_training")
    for training in (False, True):
        _compat.set_training(net, training)
        assert net.module_.training is net.criterion_.training is training


def test_a_norm_that_cannot_take_images_is_pytorchs(monkeypatch):
    import torch
    from torch import nn

    class Norm(nn.BatchNorm1d):
        def forward(self, x):
            return super().forward(x.unsqueeze(2)).squeeze(2)

    x = torch.arange(24.0).reshape(2, 3, 4)
    with pytest.raises(ValueError, match="expected 2D or 3D input"):
        Norm(3)(x)
    taking = _compat.taking_images(type("Taking", (Norm,), {}))
    assert torch.allclose(taking(3)(x), nn.BatchNorm1d(3)(x))
    # A version that refuses images in another way.
    for cls in nn.BatchNorm1d.__mro__:
        if "_check_input_dim" in vars(cls):
            monkeypatch.delattr(cls, "_check_input_dim")
    plain = _compat.taking_images(type("Plain", (Norm,), {}))
    assert plain.forward is nn.BatchNorm1d.forward


# All together -----------------------------------------------------------------------------------

WITHOUT = """
import builtins, sys, warnings
sys.path.insert(0, "tests")
from test_compat import import_of_public_names
for name in [name for name in sys.modules if name.startswith("skecg")]:
    del sys.modules[name]
builtins.__import__ = import_of_public_names
from imblearn.over_sampling import SMOTE
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from records_of_waves import RATE, waves
from skecg import BeatSegmenter, BeatVoteClassifier, NDSampler, _compat
assert isinstance(_compat.BaseSearchCV, tuple)
X, y = waves(8)
clf = BeatVoteClassifier(BeatSegmenter(sampling_rate=RATE), LogisticRegression())
print(GridSearchCV(clf, {"voting": ["soft", "hard"]}, cv=2).fit(X, y).score(X, y))
print(NDSampler(SMOTE(k_neighbors=2)).fit_resample(X[:7], y[:7])[0].shape)
try:
    clf.set_params(voting="loud").fit(X, y)
except ValueError as error:
    print(error)
"""


def test_records_and_samples_without_any_private_name():
    command = [sys.executable, "-W", "error", "-c", WITHOUT]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    score, shape, error = found.stdout.splitlines()
    assert (score, shape) == ("1.0", "(8, 1000)")
    assert error.startswith("The 'voting' parameter of BeatVoteClassifier must be a str among")
