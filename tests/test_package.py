"""The package as a whole: its import, its names, and what the README promises."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import skecg

ROOT = Path(__file__).resolve().parents[1]


def run(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_import_is_quick_and_leaves_torch_alone():
    code = (
        "import sys, time; start = time.perf_counter(); import skecg; "
        "print(time.perf_counter() - start, 'torch' in sys.modules)"
    )
    found = [run(code).split() for _ in range(3)]
    assert min(float(seconds) for seconds, _ in found) < 0.3
    assert {torch for _, torch in found} == {"False"}


def test_signals_data_and_splits_need_no_torch():
    rooms = ("sheet", "signal", "datasets", "model_selection", "metrics", "preprocessing")
    for name in (*rooms, "records", "sampling"):
        assert run(f"import sys, skecg.{name}; print('torch' in sys.modules)").strip() == "False"


@pytest.mark.parametrize("name", skecg.__all__)
def test_public_names_are_there_and_documented(name):
    assert name in dir(skecg)
    assert getattr(skecg, name).__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'ECGTransformer'"):
        skecg.ECGTransformer  # noqa: B018


def test_rooms_import_only_from_the_rooms_below():
    below = {
        "signal": set(),
        "networks": set(),
        "training": {"sample_view"},
        "metrics": set(),
        "sampling": set(),
        "model_selection": set(),
        "sheet": set(),
        "preprocessing": {"signal", "sheet", "_native_callbacks"},
        "datasets": {"signal", "sheet", "model_selection"},
        "classifiers": {"networks", "training", "model_file", "sample_view", "_native_callbacks"},
        "inspection": {"classifiers", "networks", "preprocessing", "sheet", "signal", "training"},
        "model_file": {"training", "sheet"},
        "records": {"preprocessing", "classifiers", "_native_callbacks"},
        "persistence": {"classifiers", "preprocessing", "model_file", "records", "training"},
    }
    for room, allowed in below.items():
        text = "\n".join(path.read_text() for path in (ROOT / "skecg" / room).glob("*.py"))
        code = re.sub(r'""".*?"""', "", text, flags=re.DOTALL)
        used = set(re.findall(r"^\s*from (?:\.\.|skecg\.)(\w+)", code, flags=re.MULTILINE))
        assert used <= allowed, room


def test_readme_has_exactly_two_commands_with_the_constraints():
    readme = (ROOT / "README.md").read_text()
    commands = re.findall(r"```shell\n(.*?)```", readme, flags=re.DOTALL)
    assert len(commands) == 2
    assert all(command.startswith("pip install -c constraints.txt ") for command in commands)
