"""Print the lowest version of each dependency that pyproject.toml claims, as pip's constraints.

    python .ci/lowest.py [EXTRA ...] > lowest.txt && pip install -c lowest.txt ".[EXTRA,...]"

The dependencies of the package and of the extras, with the extras that these name; of two bounds
for one library, the higher. What the libraries themselves need stays as new as they allow.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
_REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)(\[(?P<extras>[\w,-]+)\])?(>=(?P<version>[\d.]+))?")


def lowest_versions(project: dict, extras: list[str]) -> dict[str, str]:
    """Return the lower bound of each library that the package and its extras need.

    Raises
    ------
    ValueError
        If a dependency has another form than ``name>=version``.
    """
    optional = project["optional-dependencies"]
    found: dict[str, str] = {}
    for requirement in project["dependencies"] + [each for e in extras for each in optional[e]]:
        match = _REQUIREMENT.fullmatch(requirement)
        own = match is not None and match["name"] == project["name"]
        if match is None or bool(match["version"]) == own:
            raise ValueError(f"a dependency must be 'name>=version'; got {requirement!r}")
        bounds = {match["name"]: match["version"]}
        if own:
            bounds = lowest_versions(project, match["extras"].split(","))
        for name, version in bounds.items():
            found[name] = max(found.get(name, "0"), version, key=_as_numbers)
    return found


def _as_numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


if __name__ == "__main__":
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    for name, version in sorted(lowest_versions(project, sys.argv[1:]).items()):
        print(f"{name}=={version}")
