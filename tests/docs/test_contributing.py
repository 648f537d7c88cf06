"""CONTRIBUTING.md says what is so, and its checklists are enforced.

What a new R-peak detector and data set must have is tested beside the others of its kind, in
tests/signal/test_detectors.py and tests/datasets/test_loaders.py.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from estimators import CLASSIFIERS
from test_package import FLOORS
from torch import nn

import skecg
from skecg import datasets, networks
from skecg.classifiers import BaseECGClassifier, BaseImageClassifier

ROOT = Path(__file__).resolve().parents[2]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# The pages -------------------------------------------------------------------------------------


def test_the_picture_of_the_house_shows_every_room_on_its_floor():
    picture = re.search(r"```text\n(.*?)```", text("CONTRIBUTING.md"), flags=re.DOTALL).group(1)
    floors = [line for line in picture.splitlines() if not line.startswith(" ")]
    shown = [tuple(re.split(r"  +", line)[0].split(", ")) for line in floors]
    assert list(map(sorted, shown)) == list(map(sorted, FLOORS))


def named_tests() -> list[tuple[str, str]]:
    pages = text("CONTRIBUTING.md") + text("SECURITY.md")
    return sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", pages)))


@pytest.mark.parametrize(("path", "name"), named_tests())
def test_a_test_that_is_named_exists(path, name):
    source = text(path)
    assert not name or f"def {name}(" in source


def test_setting_up_takes_two_commands():
    section = text("CONTRIBUTING.md").partition("## Set up")[2].partition("\n\n    ")[2]
    commands = section.partition("\n\n")[0].split("\n    ")
    assert [command.split()[:2] for command in commands] == [
        ["pip", "install"],
        ["pre-commit", "install"],
    ]
    extras = tomllib.loads(text("pyproject.toml"))["project"]["optional-dependencies"]
    assert '-e ".[test]"' in commands[0]
    assert "test" in extras


PAGES = ("CONTRIBUTING.md", "CODE_OF_CONDUCT.md", "SECURITY.md", "pyproject.toml")


@pytest.mark.parametrize("page", PAGES)
def test_links_into_the_repository_lead_to_files(page):
    # The site includes the pages, so their links are whole addresses.
    assert not re.search(r"\]\((?!https:)", text(page))
    for target in re.findall(r"skecg/blob/main/([\w./-]+)", text(page)):
        assert (ROOT / target).is_file(), target


# The version, once -----------------------------------------------------------------------------


def test_the_citation_has_the_version_and_licence_of_the_package():
    citation = yaml.safe_load(text("CITATION.cff"))
    project = tomllib.loads(text("pyproject.toml"))["project"]
    assert citation["version"] == skecg.__version__
    assert citation["license"] == project["license"]
    assert citation["repository-code"] == project["urls"]["Source"]
    assert citation["url"] == project["urls"]["Documentation"]
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()


def test_the_version_is_written_in_one_file_of_the_package():
    written = [
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "skecg").rglob("*.py"))
        if re.search(r"^__version__\s*=", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    ]
    assert written == ["skecg/_version.py"]
    assert tomllib.loads(text("pyproject.toml"))["project"]["dynamic"] == ["version"]


# GitHub and pre-commit -------------------------------------------------------------------------


def test_hooks_run_what_the_constraints_pin():
    repos = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]
    hooks = {hook["id"]: hook for repo in repos for hook in repo["hooks"]}
    assert {"ruff-check", "ruff-format", "mypy", "trailing-white-space"} <= hooks.keys()
    assert {repo["repo"] for repo in repos} == {"local"}  # another would pin its own version
    assert {hook["language"] for hook in hooks.values()} == {"system", "pygrep"}


FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_issue_forms_have_what_github_requires(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    if path.name == "config.yml":
        assert all({"name", "url", "about"} == link.keys() for link in form["contact_links"])
        return
    assert {"name", "description", "body"} <= form.keys()
    kinds = {"markdown", "textarea", "input"}
    assert {entry["type"] for entry in form["body"]} <= kinds
    fields = [entry for entry in form["body"] if entry["type"] != "markdown"]
    assert all(entry["attributes"]["label"] for entry in fields)
    assert len({entry["id"] for entry in fields}) == len(fields) > 0


# A new classifier ------------------------------------------------------------------------------


CLASSES = [type(classifier) for classifier in CLASSIFIERS]
OF_OURS = [cls for cls in CLASSES if cls is not skecg.ECGNeuralClassifier]
every = pytest.mark.parametrize("cls", OF_OURS, ids=lambda cls: cls.__name__)


def network_of(cls: type[BaseECGClassifier]) -> type[nn.Module]:
    """Return the network that the file of a classifier uses."""
    used = {
        item
        for item in vars(sys.modules[cls.__module__]).values()
        if isinstance(item, type)
        and issubclass(item, nn.Module)
        and item.__module__.startswith("skecg.networks")
    }
    assert len(used) == 1, f"{cls.__module__} must use one network; got {used}"
    return used.pop()


@every
def test_the_network_of_a_classifier_is_public(cls):
    assert network_of(cls).__name__ in networks.__all__


def test_the_size_of_a_network_of_pictures_is_tested():
    of_pictures = {network_of(cls) for cls in OF_OURS if issubclass(cls, BaseImageClassifier)}
    tree = ast.parse(text("tests/networks/test_image_networks.py"))
    small = next(node.value for node in tree.body if getattr(node, "targets", None))
    assert {key.id for key in small.keys} == {network.__name__ for network in of_pictures}
    counted = next(
        node for node in tree.body if getattr(node, "name", "") == "test_number_of_weights"
    )
    sizes = ast.unparse(counted.decorator_list[0])
    assert all(re.search(rf"\({network.__name__}, \d+\)", sizes) for network in of_pictures)


def test_type_checkers_see_the_public_names():
    tree = ast.parse(text("skecg/__init__.py"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.name for node in block.body for alias in node.names}
    assert seen == set(skecg.__all__)
    assert set(skecg.__all__) == skecg._HOMES.keys() | set(skecg._SUBPACKAGES)


def test_public_names_are_in_the_change_log():
    readers = [n for n in datasets.__all__ if n.startswith(("load_", "fetch_", "read_"))]
    names = [*skecg._HOMES, *readers]
    changes = text("CHANGELOG.md")
    assert [name for name in names if not re.search(rf"\b{name}\b", changes)] == []
