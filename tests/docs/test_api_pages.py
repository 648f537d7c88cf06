"""The API reference has every public name once, and each has a text of its own."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from pathlib import Path

import pytest
from public_objects import DOCUMENTED, OBJECTS, ROOMS

PAGES = Path(__file__).resolve().parents[2] / "docs" / "api"


def entries(text: str) -> list[str]:
    """Return the names that a page lists in tables and those of constants that have a text."""
    tables = re.findall(r"^\.\. autosummary::\n((?: {3}.*\n|\n)+)", text, flags=re.MULTILINE)
    listed = re.findall(r"^ {3}(\w.*)$", "".join(tables), flags=re.MULTILINE)
    constants = re.findall(r"^\.\. py:data:: (\S+)\n\n {3}\w", text, flags=re.MULTILINE)
    return [f"skecg.{name}" for name in listed + constants]


def page_of(module: str) -> str:
    return (PAGES / f"{module.removeprefix('skecg.')}.md").read_text()


def test_every_public_name_is_on_the_pages_once():
    listed = Counter(name for page in PAGES.glob("*.md") for name in entries(page.read_text()))
    assert OBJECTS.keys() - listed.keys() == set(), "these are on no page of docs/api"
    assert listed.keys() - OBJECTS.keys() == set(), "not public, or not by the shortest path"
    assert [name for name, n in listed.items() if n > 1] == [], "these are listed twice"


def test_a_name_that_is_left_out_or_a_constant_without_a_text_is_noticed():
    text = page_of("skecg.signal")
    assert "skecg.signal.resample" in entries(text)
    assert "skecg.signal.resample" not in entries(text.replace("   signal.resample\n", ""))
    assert "skecg.signal.AAMI_CLASSES" in entries(text)
    shorn = re.sub(r"(AAMI_CLASSES\n)\n.*\n.*\n", r"\1", text)
    assert "skecg.signal.AAMI_CLASSES" not in entries(shorn)


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_a_page_that_the_index_lists(room):
    assert f".. automodule:: skecg.{room}\n" in page_of(room)
    assert re.search(rf"^{room}$", (PAGES / "index.md").read_text(), flags=re.MULTILINE)


@pytest.mark.parametrize("path", DOCUMENTED)
def test_every_public_name_has_a_docstring_of_its_own(path):
    each = DOCUMENTED[path]
    text = vars(each).get("__doc__") if inspect.isclass(each) else each.__doc__
    text = getattr(text, "own", text)  # of a class that shows what it inherits, what it adds
    assert text
    # dataclass and NamedTuple write the signature where there is no docstring.
    assert not text.startswith(f"{path.rpartition('.')[2]}(")
