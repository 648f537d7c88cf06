"""Every classifier shows all its parameters, with the defaults that it has."""

from __future__ import annotations

import ast
import inspect
import pydoc
import re

import pytest
from estimators import CLASSIFIERS

CLASSES = [type(classifier) for classifier in CLASSIFIERS]


def entries(cls):
    """Return the entries of the section of parameters by name."""
    section = re.split(r"\n(?=\S[^\n]*\n-{3,}\n)", inspect.getdoc(cls))[1]
    assert section.startswith("Parameters\n----------\n")
    return dict(re.findall(r"^(\w+) : (.*)$", section, flags=re.MULTILINE))


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_all_parameters_are_shown_once_with_their_defaults(cls):
    shown = entries(cls)
    parameters = inspect.signature(cls).parameters
    assert shown.keys() == parameters.keys()
    for name, parameter in parameters.items():
        if parameter.default is inspect.Parameter.empty:
            continue
        stated = shown[name].partition("default=")[2]
        assert ast.literal_eval(stated) == parameter.default, name


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_help_shows_parameters_and_attributes(cls):
    text = pydoc.plaintext.document(cls)
    assert "init_from : FrozenEstimator, path-like or None, default=None" in text
    assert "history_ : list of dict" in text
    sections = re.findall(r"^ \|  (\w[\w ]*)\n \|  -{3,}$", text, flags=re.MULTILINE)
    order = ["Parameters", "Attributes", "Raises", "See Also", "Notes", "References", "Examples"]
    own = sections[: sections.index("Examples") + 1]
    assert own == [name for name in order if name in own]
