"""Private names of other libraries: only skecg/_compat uses them, and it works without them."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from public_names import is_private, private_import

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "skecg").rglob("*.py"))
OUTSIDE = [path for path in FILES if "_compat" not in path.parts]

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


def in_house(path: Path) -> str:
    return path.relative_to(ROOT / "skecg").as_posix()


@pytest.mark.parametrize(
    "path",
    OUTSIDE,
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


WITHOUT = """
import builtins, sys, warnings
sys.path.insert(0, "tests")
from public_names import import_of_public_names
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
