"""The scripts of the repository that are in no package, as modules."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]


def load_script(path: str) -> ModuleType:
    """Import a script by its path from the top of the repository."""
    name = "script_" + path.removesuffix(".py").replace("/", "_").replace(".", "")
    spec = importlib.util.spec_from_file_location(name, ROOT / path)
    # Its data classes look their annotations up there.
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
