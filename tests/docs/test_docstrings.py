"""numpydoc's checks of all public names, and of the public methods of the public classes."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator

import pytest
from public_objects import DOCUMENTED

numpydoc = pytest.importorskip("numpydoc", reason='numpydoc is part of "skecg[docs]"')
from numpydoc.docscrape import ClassDoc  # noqa: E402
from numpydoc.validate import validate  # noqa: E402

pytestmark = pytest.mark.slow

# numpydoc's checks that are left out, and why.
LEFT_OUT = {
    "ES01": "one sentence is enough where it says all",
    "EX01": "examples are where they help, not on every method",
    "RT02": "what is returned may have a name, as in scikit-learn's docstrings",
    "SA01": "not every object is like another",
}
OF_CLASSES = {
    "PR03": "the signature has what is inherited first, the docstring what is the class's own",
}
OF_RECORDS = {
    "PR01": "named tuples and data classes describe their fields as attributes, checked below",
}
OF_REPLACEMENTS = {
    "PR01": "the method of the base that it replaces says what goes in",
    "RT01": "and what comes out",
}
# Single findings that are left out, and why.
EXCEPTIONS = {
    ("skecg.classifiers.BaseLeadCropClassifier", "PR02"): "it describes what its subclasses take",
    ("skecg.parallel.RecoverableClient", "PR01"): "the parameters are those of Dask's Client",
    ("skecg.training.Schedule", "PR01"): "a protocol, of which there are no instances",
}

CLASSES = {path: each for path, each in DOCUMENTED.items() if inspect.isclass(each)}


def fields(cls: type) -> list[str]:
    """Return the fields of a named tuple or a data class."""
    if dataclasses.is_dataclass(cls):
        return [field.name for field in dataclasses.fields(cls)]
    return list(getattr(cls, "_fields", ()))


RECORDS = {path: cls for path, cls in CLASSES.items() if fields(cls)}


def is_method(member: object) -> bool:
    function = getattr(member, "fget", getattr(member, "__func__", getattr(member, "fn", member)))
    return inspect.isfunction(function)


def methods() -> Iterator[tuple[str, bool]]:
    """Yield the public methods and properties of ours, and whether each replaces another."""
    seen = set()
    for path, cls in CLASSES.items():
        bases = [base for base in cls.__mro__ if base.__module__.startswith("skecg")]
        for name in {name for base in bases for name in vars(base) if not name.startswith("_")}:
            owners = [base for base in bases if name in vars(base)]
            is_first = inspect.getattr_static(cls, name) is vars(owners[0])[name]
            if is_first and is_method(vars(owners[0])[name]) and (owners[0], name) not in seen:
                seen.add((owners[0], name))
                yield f"{path}.{name}", len(owners) > 1


METHODS = dict(sorted(methods()))


def faults(path: str, left_out: dict[str, str]) -> list[str]:
    found = [(code, text) for code, text in validate(path)["errors"] if code not in left_out]
    return [f"{code}: {text}" for code, text in found if (path, code) not in EXCEPTIONS]


@pytest.mark.parametrize("path", DOCUMENTED)
def test_public_names(path):
    left_out = LEFT_OUT | (OF_CLASSES if path in CLASSES else {})
    assert faults(path, left_out | (OF_RECORDS if path in RECORDS else {})) == []


@pytest.mark.parametrize("path", METHODS)
def test_public_methods(path):
    assert faults(path, LEFT_OUT | (OF_REPLACEMENTS if METHODS[path] else {})) == []


@pytest.mark.parametrize("path", RECORDS)
def test_fields_are_parameters_or_attributes(path):
    text = ClassDoc(RECORDS[path])
    named = {name for section in ("Parameters", "Attributes") for name, _, _ in text[section]}
    named = {part.strip() for name in named for part in name.split(",")}
    assert set(fields(RECORDS[path])) <= named


@pytest.mark.parametrize(("path", "code"), EXCEPTIONS)
def test_exceptions_are_needed(path, code):
    assert code in [found for found, _ in validate(path)["errors"]]
