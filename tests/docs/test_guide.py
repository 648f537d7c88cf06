"""The user guide names only what there is. Its code blocks are doctests: pytest docs."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted((DOCS / "guide").glob("*.md"))
TEXTS = {page.stem: page.read_text(encoding="utf-8") for page in PAGES}
pages = pytest.mark.parametrize("page", TEXTS)


def roles(page: str, *names: str) -> set[str]:
    """Return what the roles of a page point at, without the text that is shown instead."""
    found = re.findall(rf"{{(?:{'|'.join(names)})}}`([^`]+)`", TEXTS[page])
    targets = (re.sub(r"^.*<(.*)>$", r"\1", text, flags=re.DOTALL) for text in found)
    return {target.lstrip("~").replace("\n", " ") for target in targets}


def exists(name: str) -> bool:
    """Tell whether a name with dots is that of a module or of something in one."""
    module, _, last = name.rpartition(".")
    return hasattr(importlib.import_module(module), last)


@pages
def test_a_page_has_its_label_and_is_listed(page):
    assert TEXTS[page].startswith("(guide)=" if page == "index" else f"(guide-{page})=")
    listed = re.search(r"```{toctree}\n(.*?)```", TEXTS["index"], re.DOTALL)[1].split()
    assert page in [*listed, "index"]


@pages
def test_names_of_the_library_exist(page):
    missing = {
        name
        for name in roles(page, "class", "func", "mod", "exc")
        if name.startswith("skecg.") and not exists(name)
    }
    assert not missing


@pages
def test_other_pages_examples_terms_and_references_exist(page):
    labels = {"guide", *(f"guide-{name}" for name in TEXTS)}
    for label in roles(page, "ref"):
        example = re.fullmatch(r"sphx_glr_gallery_(\w+\.py)", label)
        assert (ROOT / "examples" / example[1]).is_file() if example else label in labels
    glossary = (DOCS / "glossary.md").read_text(encoding="utf-8").splitlines()
    terms = {part for line in glossary for part in (line, *line.split(", "))}
    assert roles(page, "term") <= terms
    entries = re.findall(r"@\w+{(\w+),", (DOCS / "references.bib").read_text(encoding="utf-8"))
    assert roles(page, "cite") <= set(entries)


@pages
def test_scripts_and_pictures_exist(page):
    for script in re.findall(r"(?:benchmarks|examples|docs/figures)/\w+\.py", TEXTS[page]):
        assert (ROOT / script).is_file()
    for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", TEXTS[page]):
        assert (DOCS / "guide" / picture).is_file()


def test_the_figure_shows_what_the_page_says():
    stored = json.loads((DOCS / "figures" / "evaluation.json").read_text(encoding="utf-8"))
    for number, row in enumerate(stored["rows"], start=1):
        line = re.search(rf"^\| {number}: .*$", TEXTS["evaluation"], re.MULTILINE)[0]
        score, interval = row["macro_f1"], row["interval"]
        assert f"{score:.3f}" in line
        assert interval is None or all(f"{end:.3f}" in line for end in interval)
        assert row["accuracy"] is None or row["accuracy"] in line
        assert re.search(rf"^{re.escape(row['command'])} +# {number}$", TEXTS["evaluation"], re.M)
