"""The lowest versions that pyproject.toml claims, and what is said of the newest."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from loaded_scripts import load_script

ROOT = Path(__file__).resolve().parents[2]
PROJECT = {
    "name": "ours",
    "dependencies": ["numpy>=1.26.4", "torch>=2.4"],
    "optional-dependencies": {
        "onnx": ["onnx>=1.18", "torch>=2.13"],
        "test": ["pytest>=8", "dask[distributed]>=2024.8", "ours[onnx]"],
    },
}


lowest_versions = load_script(".ci/lowest.py").lowest_versions
changed = load_script(".ci/changed.py")


def test_bounds_of_the_package():
    assert lowest_versions(PROJECT, []) == {"numpy": "1.26.4", "torch": "2.4"}


def test_of_two_bounds_the_higher_and_the_extras_of_an_extra():
    found = lowest_versions(PROJECT, ["test"])
    assert found == {
        "numpy": "1.26.4", "torch": "2.13", "onnx": "1.18", "pytest": "8", "dask": "2024.8",
    }  # fmt: skip


@pytest.mark.parametrize("requirement", ["numpy", "numpy==2", "numpy>=2,<3", "ours>=1"])
def test_another_form_of_requirement_is_refused(requirement):
    with pytest.raises(ValueError, match=f"'name>=version'; got '{requirement}'"):
        lowest_versions({**PROJECT, "dependencies": [requirement]}, [])


def test_no_bound_is_above_what_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pinned = changed.pinned_versions((ROOT / "constraints.txt").read_text())
    for name, bound in lowest_versions(project, ["test", "benchmark"]).items():
        version = pinned[changed.normal(name)]
        numbers = [[int(n) for n in re.findall(r"\d+", text)] for text in (bound, version)]
        assert numbers[0] <= numbers[1], name


def test_libraries_of_a_traceback_come_first():
    log = """tests/test_x.py:3: in test_x
/venv/lib/python3.13/site-packages/sklearn/base.py:12: in fit
/venv/lib/python3.13/site-packages/sklearn/utils/_tags.py:4: in tags
/venv/lib/python3.13/site-packages/_pytest/python.py:4: in run
/venv/lib/python3.13/site-packages/six.py:4: in run
"""
    installed = {"scikit-learn": "2.0", "numpy": "2.0", "six": "1.0", "pytest": "9"}
    owners = {"sklearn": ["scikit-learn"], "six": ["six"], "_pytest": ["pytest"]}
    pinned = changed.pinned_versions("# text\nscikit_learn==1.9.1\nnumpy==2.0\nsix==1.0\n")
    assert changed.report(log, installed, pinned, owners).splitlines() == [
        "In the tracebacks:",
        "  scikit-learn 2.0, tested: 1.9.1",
        "  six 1.0, tested: 1.0",
        "All that differ from constraints.txt:",
        "  pytest 9, tested: none",
        "  scikit-learn 2.0, tested: 1.9.1",
    ]
