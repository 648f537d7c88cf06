"""Draw the package as a house: rooms by floor, arrows between them, arrows up, circles, lines.

    python benchmarks/house.py [FOLDER OF A CHECKOUT]

A room is a package or a top-level module. An arrow is an import, type hints included, from one room
to another. A room is on the lowest floor above all that it imports from. Arrows to the package
itself point up; of two rooms that import from each other, the one with fewer imports points up.
"""

from __future__ import annotations

import ast
import graphlib
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[1]).resolve()


def imports(path: Path, modules: dict[str, Path]) -> set[str]:
    """Return the modules of the package that a file imports from."""
    package = ".".join(path.relative_to(ROOT).parts[:-1])
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            module = ".".join(filter(None, [base, node.module]))
            for alias in node.names:
                inner = f"{module}.{alias.name}"
                found.add(inner if inner in modules else module)
    return {name for name in found & modules.keys() if modules[name] != path}


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the sets of nodes that can reach each other."""

    def reached(start: str) -> set[str]:
        seen, todo = set(), [start]
        while todo:
            for target in graph.get(todo.pop(), ()):
                if target not in seen:
                    seen.add(target)
                    todo.append(target)
        return seen

    reach = {node: reached(node) for node in graph}
    found = {
        frozenset(b for b in reach[a] if a in reach.get(b, ())) for a in graph if a in reach[a]
    }
    return sorted(sorted(circle) for circle in found)


def floors(arrows: Counter[tuple[str, str]]) -> dict[str, int]:
    """Return the floor of every room."""
    graph: dict[str, set[str]] = {}
    for (here, there), n in arrows.items():
        graph.setdefault(there, set())
        if there != "skecg" and n >= arrows.get((there, here), 0):
            graph.setdefault(here, set()).add(there)
    floor: dict[str, int] = {}
    for name in graphlib.TopologicalSorter(graph).static_order():
        floor[name] = 1 + max((floor[below] for below in graph[name]), default=0)
    return floor


def main() -> None:
    """Print the house."""
    files = sorted((ROOT / "skecg").rglob("*.py"))
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in files
    }
    room = {name: name.split(".")[1] if "." in name else "skecg" for name in modules}
    graph = {name: imports(path, modules) for name, path in modules.items()}
    arrows = Counter(
        (room[here], room[there])
        for here, targets in graph.items()
        for there in targets
        if room[here] != room[there]
    )
    floor = floors(arrows)
    lines = Counter()
    for name, path in modules.items():
        lines[room[name]] += len(path.read_text().splitlines())
    for level in sorted(set(floor.values()), reverse=True):
        rooms = sorted(name for name in floor if floor[name] == level)
        print(f"floor {level:2}  " + ", ".join(f"{name} ({lines[name]:,})" for name in rooms))
    up = sorted(f"{a} -> {b}" for a, b in arrows if floor[a] <= floor[b])
    inner = {
        n: {t for t in ts if modules[t].name != "__init__.py"}
        for n, ts in graph.items()
        if modules[n].name != "__init__.py"
    }
    found = circles(inner)
    private = sorted(
        f"{here} -> {there}"
        for here, targets in graph.items()
        for there in targets
        if room[here] != room[there] and there.count(".") > 1 and here != "skecg"
    )
    print(f"{len(lines)} rooms, {len(arrows)} arrows, {len(up)} up: {', '.join(up) or 'none'}")
    print(f"{len(found)} circles of files: {'; '.join(map(', '.join, found)) or 'none'}")
    print(f"{len(private)} imports of another room's private file")
    print(f"{sum(lines.values()):,} lines")


if __name__ == "__main__":
    main()
