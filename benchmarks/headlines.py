"""Write RESULTS.md, the page of headline figures, from the JSON files in benchmarks/results.

    python benchmarks/headlines.py

Each topic has two files in benchmarks/results: ``topic.json`` with its headline figures, and
``topic.md`` with the details, written by hand. A new measurement changes both; a test compares
them. A figure in JSON has these entries:

    what       what was measured, in Markdown
    measure    the metric or quantity
    value      the number, shown with ``decimals`` digits after the point and its ``unit``
    interval   [low, high], or null if none was measured
    sd         the standard deviation, instead of an interval, or null
    spread     what the interval or standard deviation is of
    seeds      the seeds, or [] if nothing is drawn
    command    what makes the figure, from the root of the checkout
    date       the day of the measurement or, if it was not recorded, of the commit with it
    processor  as far as it was recorded
    row        only for rows of report.py: [file, benchmark, peer], by which it finds the figure
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
PAGE = HERE / "RESULTS.md"
# In the order of the page.
TOPICS = (
    "beats", "annotator", "r_peaks", "records", "sheets", "traces", "speed", "scale",
    "augmentation", "processors", "files", "project",
)  # fmt: skip
HEAD = """\
# Results

<!-- Written by `python benchmarks/headlines.py` from benchmarks/results/*.json: do not edit. -->

The headline figures. The headings lead to the details: all rows, how choices were made, and what
was missed. The last column is the number of the command below the table, which is run from the root
of the checkout with `SKECG_DATA` set to the folder of the data. Brackets hold intervals; "sd" is a
standard deviation. The machines had 2 cores of an AMD EPYC or an Intel Xeon, Python 3.11 and
the versions of `constraints.txt`. They were shared, so ratios are more reliable than seconds.

**For new patients, read the figures of unseen people.** In the Kaggle split and in the published
split of the sheets, the same people or pictures are in training and test.
"""
COLUMNS = "| what | measure | figure | seeds | made by |\n|---|---|---|---|---|"


@dataclass(frozen=True)
class Figure:
    """One headline figure."""

    what: str
    measure: str
    value: float
    decimals: int
    unit: str
    interval: list[float] | None
    sd: float | None
    spread: str
    seeds: list[int]
    command: str
    date: str
    processor: str
    row: list[str] | None = None

    def number(self, value: float) -> str:
        return f"{value:,.{self.decimals}f}"

    @property
    def text(self) -> str:
        """Return the figure with its unit and its interval."""
        text = f"**{self.number(self.value)} {self.unit}".rstrip() + "**"
        if self.interval is not None:
            low, high = map(self.number, self.interval)
            return f"{text} [{low} - {high}], {self.spread}"
        return text if self.sd is None else f"{text} (sd {self.number(self.sd)}, {self.spread})"

    @property
    def made_by(self) -> str:
        return f"`{self.command}` ({self.date}, {self.processor})"

    def markdown(self, made_by: int) -> str:
        seeds = ", ".join(map(str, self.seeds)) or "-"
        return f"| {self.what} | {self.measure} | {self.text} | {seeds} | {made_by} |"


@dataclass(frozen=True)
class Topic:
    """The headline figures of a topic."""

    name: str
    title: str
    figures: list[Figure]


def read(path: Path) -> Topic:
    """Read the figures of a topic from its JSON file."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    try:
        figures = [Figure(**figure) for figure in content["figures"]]
        return Topic(path.stem, content["title"], figures)
    except (KeyError, TypeError) as error:
        raise ValueError(
            f"{path}: got a figure or topic with missing or unknown entries ({error}). "
            f"The docstring of {Path(__file__).name} lists the entries"
        ) from error


def topics(folder: Path = RESULTS) -> list[Topic]:
    """Return all topics, in the order of the page."""
    found = {path.stem for path in folder.glob("*.json")}
    if found != set(TOPICS):
        raise ValueError(
            f"{folder} must contain a JSON file for each of TOPICS; got others or none for: "
            f"{', '.join(sorted(found ^ set(TOPICS)))}"
        )
    return [read(folder / f"{name}.json") for name in TOPICS]


def table(topic: Topic) -> str:
    """Return the table of a topic, and the numbered commands."""
    commands = list(dict.fromkeys(figure.made_by for figure in topic.figures))
    rows = [figure.markdown(commands.index(figure.made_by) + 1) for figure in topic.figures]
    numbered = [f"{i}. {command}" for i, command in enumerate(commands, 1)]
    title = f"## [{topic.title}](results/{topic.name}.md)"
    return "\n".join([title, "", COLUMNS, *rows, "", *numbered, ""])


def page(all_topics: list[Topic], folder: Path = RESULTS) -> str:
    """Return the text of RESULTS.md."""
    others = sorted({path.stem for path in folder.glob("*.md")} - {t.name for t in all_topics})
    links = ", ".join(f"[{name}](results/{name}.md)" for name in others)
    last = [f"Without headline figures: {links}.\n"] if links else []
    return "\n".join([HEAD, *map(table, all_topics), *last])


def main() -> None:
    PAGE.write_text(page(topics()), encoding="utf-8")


if __name__ == "__main__":
    main()
