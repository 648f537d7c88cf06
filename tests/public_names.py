"""Which names of other libraries are private, and an import without them."""

from __future__ import annotations

import builtins

# Of these libraries every name that starts with an underscore is private; the dunder names are not.
LIBRARIES = {"edfio", "imblearn", "neurokit2", "pydicom", "safetensors", "sklearn", "skorch"}
LIBRARIES |= {"torch", "wfdb"}
EXPERIMENTAL = ("sklearn.callback", "sklearn.experimental")


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


IMPORT = builtins.__import__


def import_of_public_names(name, globals=None, locals=None, fromlist=(), level=0):
    """Import for skecg._compat what a library without its private names would have."""
    user = (globals or {}).get("__name__", "")
    of_compat = user.startswith("skecg._compat") and level == 0
    if of_compat and private_import(name, list(fromlist or ())):
        raise ImportError(f"{name} is hidden from {user}")
    return IMPORT(name, globals, locals, fromlist, level)
