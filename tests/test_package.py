"""The package as a whole: its import, its names, and what the README promises."""

from __future__ import annotations

import ast
import graphlib
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


# The house from the top floor down: a room imports from the rooms below it, and from these files,
# which import from no room.
FLOORS = (
    ("persistence",),
    ("inspection",),
    ("records",),
    ("classifiers",),
    ("training",),
    ("parallel",),
    ("storage",),
    ("datasets",),
    ("preprocessing",),
    ("samples",),
    ("model_selection", "metrics", "sampling"),
    ("networks", "augmentation", "signal", "sheet", "paper"),
    ("_native_callbacks", "_estimators", "_shared_docs"),
    ("_compat", "_deprecation", "_limits", "_version"),
)


def imports(path: Path) -> set[str]:
    """Return the modules of the package that a file imports from, type hints included."""
    package = ".".join(path.relative_to(ROOT).parts[:-1])
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            module = ".".join(filter(None, [base, node.module]))
            for alias in node.names:
                inner = f"{module}.{alias.name}"
                found.add(inner if inner in MODULES else module)
    return {name for name in found & MODULES.keys() if MODULES[name] != path}


FILES = sorted((ROOT / "skecg").rglob("*.py"))
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in FILES
}
GRAPH = {name: imports(path) for name, path in MODULES.items()}


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else "skecg"


def test_every_room_has_its_floor():
    known = {name for floor in FLOORS for name in floor} | {"skecg"}
    assert {room(module) for module in MODULES} <= known


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_room_imports_from_the_rooms_below_and_by_their_doors(module):
    floor = {name: i for i, names in enumerate(FLOORS) for name in names}
    for target in GRAPH[module]:
        if room(target) == room(module) or module == "skecg":
            continue
        assert target != "skecg", f"{module} imports from the package itself"
        assert floor[room(module)] < floor[room(target)], f"{module} imports up: {target}"
        private = target.count(".") > 1
        assert not private, f"{module} imports another room's private file {target}"


def test_no_file_is_part_of_a_circle():
    # A room's door imports its files, which do not import the door.
    graph = {m: t for m, t in GRAPH.items() if MODULES[m].name != "__init__.py"}
    graph = {m: {t for t in targets if t in graph} for m, targets in graph.items()}
    graphlib.TopologicalSorter(graph).prepare()
    for module, path in MODULES.items():
        if path.name != "__init__.py":
            assert module.rsplit(".", 1)[0] not in GRAPH[module], f"{module} imports its own door"


def test_readme_has_exactly_two_commands_with_the_constraints():
    readme = (ROOT / "README.md").read_text()
    commands = re.findall(r"```shell\n(.*?)```", readme, flags=re.DOTALL)
    assert len(commands) == 2
    assert all(command.startswith("pip install -c constraints.txt ") for command in commands)
