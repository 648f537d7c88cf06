"""What .ci/release.py refuses, and the notes that it prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from loaded_scripts import load_script

ROOT = Path(__file__).resolve().parents[2]
release = load_script(".ci/release.py")

CHANGELOG = """# Changelog

## 0.3.0 (unreleased)

- not yet

## 0.2.0 (2026-11-27)

Added

- a thing

## 0.1.0 (2026-01-02)

- the first
"""
FILES = ["skecg/__init__.py", "skecg/py.typed"]
LICENCE = "skecg-0.2.0.dist-info/licenses/LICENSE"


def test_notes_are_those_of_the_version():
    assert release.notes_of(CHANGELOG, "0.2.0") == "Added\n\n- a thing"
    assert release.notes_of(CHANGELOG, "0.1.0") == "- the first"


@pytest.mark.parametrize(
    "heading",
    ["(unreleased)", "(2026-13-01)", "", "2026-11-27", "(2026-11-27), unfinished"],
)
def test_a_section_without_a_date_is_refused(heading):
    with pytest.raises(ValueError, match=r"must be '## 0.3.0 \(YYYY-MM-DD\)'; got '## 0.3.0"):
        release.notes_of(CHANGELOG.replace("(unreleased)", heading), "0.3.0")


@pytest.mark.parametrize("version", ["0.4.0", "0.2", "0.2.0.1", "0-2-0"])
def test_a_version_without_a_section_is_refused(version):
    with pytest.raises(ValueError, match=re.escape(f"no section '## {version}")):
        release.notes_of(CHANGELOG, version)


def test_an_empty_section_is_refused():
    with pytest.raises(ValueError, match="is empty"):
        release.notes_of(CHANGELOG.replace("- the first", ""), "0.1.0")


def test_a_wheel_of_the_package_and_its_licence_has_no_problem():
    assert release.problems_of([*FILES, LICENCE], FILES, 1_300_000) == []


@pytest.mark.parametrize(
    ("names", "size", "problem"),
    [
        ([*FILES, LICENCE, "tests/test_common.py"], 1, "tests/test_common.py does not belong"),
        ([FILES[0], LICENCE], 1, "skecg/py.typed is missing"),
        (FILES, 1, "LICENSE is missing"),
        ([*FILES, LICENCE], 3_000_001, "3,000,001 bytes; at most 3,000,000"),
    ],
)
def test_what_is_wrong_with_a_wheel_is_said(names, size, problem):
    (found,) = release.problems_of(names, FILES, size)
    assert problem in found


def test_the_package_has_its_resources():
    found = set(release.files_of_the_package())
    assert {"skecg/py.typed", "skecg/datasets/resources/mitbih.sha256"} <= found
