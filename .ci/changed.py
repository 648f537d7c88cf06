"""Print which libraries differ from constraints.txt, those in the tracebacks of a log first.

    python .ci/changed.py pytest.log

Run by the Python whose libraries they are. Where a test fails with new releases, the library is
mostly among those that its traceback went through.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from importlib import metadata
from pathlib import Path

PINNED = Path(__file__).resolve().parents[1] / "constraints.txt"


def normal(name: str) -> str:
    """Return the name of a distribution as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned_versions(text: str) -> dict[str, str]:
    """Return the version of each library in the text of constraints.txt."""
    found = re.findall(r"^([\w.-]+)==(\S+)$", text, re.MULTILINE)
    return {normal(name): version for name, version in found}


def in_tracebacks(log: str, owners: dict[str, list[str]]) -> list[str]:
    """Return the libraries whose files tracebacks name, the most frequent first."""
    modules = re.findall(r"site-packages/(\w+)[/.]\S*:\d+: ", log)
    counts = Counter(normal(name) for module in modules for name in owners.get(module, [])[:1])
    return [name for name, _ in counts.most_common() if not name.startswith(("pytest", "pluggy"))]


def report(log: str, installed: dict[str, str], pinned: dict[str, str], owners: dict) -> str:
    """Return the lines to print."""
    tested = {name: pinned.get(name, "none") for name in installed}
    lines = ["In the tracebacks:"]
    lines += [
        f"  {name} {installed[name]}, tested: {tested[name]}"
        for name in in_tracebacks(log, owners)
        if name in installed
    ]
    if len(lines) == 1:
        lines.append("  none")
    lines.append("All that differ from constraints.txt:")
    changed = [name for name in sorted(installed) if installed[name] != tested[name]]
    return "\n".join([*lines, *(f"  {n} {installed[n]}, tested: {tested[n]}" for n in changed)])


if __name__ == "__main__":
    installed = {normal(each.name): each.version for each in metadata.distributions()}
    owners = metadata.packages_distributions()
    log = Path(sys.argv[1]).read_text(errors="replace")
    print(report(log, installed, pinned_versions(PINNED.read_text()), owners))
