"""Every public object of the package by the path under which it is documented."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import skecg

ROOMS = [m.name for m in pkgutil.iter_modules(skecg.__path__) if not m.name.startswith("_")]


def public_objects() -> dict[str, object]:
    """Return every public object by its shortest path; of two, by that of the room it is from."""
    paths: dict[tuple[str, int], list[str]] = {}
    found = {}
    for module in ["skecg", *(f"skecg.{room}" for room in ROOMS)]:
        for name in importlib.import_module(module).__all__:
            each = getattr(importlib.import_module(module), name)
            if not inspect.ismodule(each):
                paths.setdefault((name, id(each)), []).append(f"{module}.{name}")
                found[f"{module}.{name}"] = each

    def rank(path: str) -> tuple[int, bool]:
        module = path.rpartition(".")[0]
        home = getattr(found[path], "__module__", module)
        return path.count("."), not home.startswith(module)

    chosen = [min(same, key=rank) for same in paths.values()]
    return {path: found[path] for path in sorted(chosen)}


OBJECTS = public_objects()
# Those that have a docstring; the others are constants.
DOCUMENTED = {path: each for path, each in OBJECTS.items() if callable(each)}
