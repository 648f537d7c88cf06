"""The page of headline figures is what its script writes, and says what the details say."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from loaded_scripts import load_script

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"


headlines = load_script("benchmarks/headlines.py")
TOPICS = headlines.topics()
FIGURES = [pytest.param(t, f, id=f"{t.name}-{i}") for t in TOPICS for i, f in enumerate(t.figures)]


def test_the_committed_page_is_what_the_script_writes():
    page = (ROOT / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")
    assert page == headlines.page(TOPICS), "run python benchmarks/headlines.py"


@pytest.mark.parametrize(("topic", "figure"), FIGURES)
def test_a_figure_and_its_command_are_in_the_details(topic, figure):
    details = (RESULTS / f"{topic.name}.md").read_text(encoding="utf-8")
    assert figure.command.removeprefix("OMP_NUM_THREADS=1 ") in details
    number = re.escape(figure.number(figure.value))
    assert re.search(rf"(?<![\d.]){number}(?!\d)", details), f"{figure.number(figure.value)} is new"


@pytest.mark.parametrize(("topic", "figure"), FIGURES)
def test_a_figure_says_when_and_how_it_was_measured(topic, figure):
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", figure.date)
    assert figure.processor
    assert figure.what
    assert figure.measure
    assert figure.interval is None or figure.interval[0] <= figure.value <= figure.interval[1]
    assert figure.interval is None or figure.sd is None
    assert bool(figure.spread) == (figure.interval is not None or figure.sd is not None)
    script_of = re.search(r"(?:benchmarks|examples|tests)/[\w/]+\.py", figure.command)
    assert (ROOT / script_of.group()).is_file()


def test_a_headline_ratio_has_the_value_of_its_row():
    report = load_script("benchmarks/report.py")
    table = (RESULTS / "speed.md").read_text(encoding="utf-8")
    speed = next(topic for topic in TOPICS if topic.name == "speed")
    assert all(figure.row for figure in speed.figures)
    for figure in speed.figures:
        file, what, name = figure.row
        low, high = map(report.number, figure.interval)
        value = report.number(figure.value)
        after_file = table.partition(f"    pytest benchmarks/{file} ")[2]
        assert f"\n| {what} | {name} | {value} ({low} .. {high}) |" in after_file


def test_a_topic_without_its_file_or_with_an_unknown_entry_is_refused(tmp_path):
    shutil.copytree(RESULTS, tmp_path, dirs_exist_ok=True)
    (tmp_path / "beats.json").unlink()
    with pytest.raises(ValueError, match="JSON file for each of TOPICS; got others or none for: b"):
        headlines.topics(tmp_path)
    (tmp_path / "beats.json").write_text(json.dumps({"title": "Beats", "figures": [{"wat": 1}]}))
    with pytest.raises(ValueError, match=r"beats\.json: got a figure or topic with missing"):
        headlines.topics(tmp_path)


LINK = re.compile(r"\]\(([^)#\s]+)\)")


@pytest.mark.parametrize(
    "path",
    [ROOT / "benchmarks" / "RESULTS.md", *sorted(RESULTS.glob("*.md"))],
    ids=lambda path: path.name,
)
def test_links_of_the_results_lead_to_files(path):
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target
