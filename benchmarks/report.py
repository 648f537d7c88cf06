"""Write the table and the bar chart of the ratios from a run of the benchmarks.

    pytest benchmarks --benchmark-only --benchmark-json=run.json
    python benchmarks/report.py run.json
    python benchmarks/headlines.py

The rows of the runs replace those of ratios.json, which keeps the others, such as those measured on
another processor; ``--only`` forgets them. The table replaces the text between two comments in
results/speed.md; the rest of the file is written by hand. The headline figures in
results/speed.json that name one of the rows get its values, and headlines.py writes them to
RESULTS.md. If several runs have the same row, the last one is used. Ratios below their target are
printed, because their reasons belong below the table.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
BEGIN = "<!-- ratios: from here to the end mark written by benchmarks/report.py -->"
END = "<!-- ratios: end -->"
COLUMNS = "| benchmark | peer | peer / ours: median (quartiles) | target | met | floor in CI |"


@dataclass(frozen=True)
class Row:
    """Ratio to an alternative in a benchmark, or a value with a unit."""

    file: str
    what: str
    name: str
    median: float
    low: float
    high: float
    wanted: float | None
    floor: float | None = None
    unit: str = ""  # empty for a ratio (higher is better); lower is better for a value with a unit
    date: str = ""
    processor: str = ""
    run: str = ""  # where, when and how it was measured

    @property
    def key(self) -> tuple[str, str, str]:
        return self.file, self.what, self.name

    @property
    def reached(self) -> bool | None:
        if self.wanted is None:
            return None
        return self.median <= self.wanted if self.unit else self.median >= self.wanted

    @property
    def reach(self) -> str:
        if self.wanted is None:
            return ""
        return f"{'<=' if self.unit else '>='} {self.wanted:g}"

    @property
    def value(self) -> str:
        low, median, high = number(self.low), number(self.median), number(self.high)
        spread = "" if self.low == self.high else f" ({low} .. {high})"
        return f"{median}{spread} {self.unit}".rstrip()

    def markdown(self) -> str:
        reached = {None: "", True: "yes", False: "**no**"}[self.reached]
        floor = "" if self.floor is None else f"{self.floor:g}"
        return f"| {self.what} | {self.name} | {self.value} | {self.reach} | {reached} | {floor} |"


def decimals(value: float) -> int:
    """Return the decimals that give three significant digits: none from 100."""
    return 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2


def number(value: float) -> str:
    """Format a number with three significant digits, without decimals from 100."""
    return f"{value:,.{decimals(value)}f}"


def title(name: str, params: dict[str, Any] | None) -> str:
    """Return the name and parameters of a test as words."""
    words = name.split("[")[0].removeprefix("test_").replace("_", " ")
    values = [f"{key}={value}" for key, value in (params or {}).items()]
    return ", ".join([words, *values])


def rows_of(run: dict[str, Any]) -> Iterable[Row]:
    """Yield the rows of a run in order."""
    for benchmark in run["benchmarks"]:
        file = benchmark["fullname"].split("::")[0].rpartition("/")[2]
        what = title(benchmark["name"], benchmark.get("params"))
        measured = {
            "date": run["datetime"][:10],
            "processor": processor(run["machine_info"]),
            "run": provenance(run),
        }
        ratios = benchmark["extra_info"].get("ratios", {})
        figures = benchmark["extra_info"].get("figures", {})
        for name, row in ratios.items():
            spread = row["median"], row["low"], row["high"]
            limits = {"wanted": row["reach"], "floor": row["floor"]}
            yield Row(file, what, name, *spread, **limits, **measured)
        for name, row in figures.items():
            spread = row["median"], row["low"], row["high"]
            limits = {"wanted": row["at_most"], "unit": row["unit"]}
            yield Row(file, what, name, *spread, **limits, **measured)


def read(paths: Iterable[Path]) -> list[Row]:
    """Return the rows of all runs."""
    rows = {row.key: row for path in paths for row in rows_of(json.loads(path.read_text()))}
    if not rows:
        raise ValueError(
            f"{', '.join(map(str, paths))}: got no ratios. Benchmarks record them with the fixture "
            "`compare`; run pytest with --benchmark-json"
        )
    return list(rows.values())


def read_rows(path: Path) -> list[Row]:
    """Return the rows that :func:`write_rows` wrote; none if there is no file."""
    content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return [Row(**values) for values in content]


def write_rows(path: Path, rows: list[Row]) -> None:
    text = json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False)
    path.write_text(f"{text}\n", encoding="utf-8")


def processor(machine: dict[str, Any]) -> str:
    return str(machine["cpu"].get("brand_raw", machine.get("machine")))


def provenance(run: dict[str, Any]) -> str:
    machine, cpu = run["machine_info"], run["machine_info"]["cpu"]
    parts = [
        f"{processor(machine)}, {cpu.get('count', '?')} cores",
        f"Python {machine['python_version']}",
        run["datetime"][:10],
    ]
    if any(benchmark["extra_info"].get("short") for benchmark in run["benchmarks"]):
        parts.append("the short form")
    commit = (run.get("commit_info") or {}).get("id")
    if commit:
        parts.append(f"commit {commit[:10]}")
    return ", ".join(parts)


def origins(rows: list[Row]) -> str:
    """Return where the rows were measured; of all runs but the largest, also which they are."""
    runs = Counter(row.run for row in rows).most_common()
    texts = [runs[0][0]]
    for run, _ in runs[1:]:
        names = dict.fromkeys(row.what.split(", ")[0] for row in rows if row.run == run)
        texts.append(f"{run} ({', '.join(names)})")
    return ". ".join(texts)


def command(file: str) -> str:
    """Return the command that measures the rows of a file."""
    if file.startswith("test_"):
        return f"pytest benchmarks/{file} --benchmark-only -s"
    return f"python benchmarks/{file} --json run.json"


def table(rows: list[Row]) -> str:
    """Return the text between the marks: the command and the rows of each file."""
    with_reach = [row for row in rows if row.reached is not None]
    n_reached = sum(bool(row.reached) for row in with_reach)
    lines = [
        f"{n_reached} of {len(with_reach)} targets are met. {origins(rows)}.",
        "",
        "![Ratios and targets](../ratios.png)",
    ]
    for file in dict.fromkeys(row.file for row in rows):
        lines += ["", f"    {command(file)}", ""]
        lines += [COLUMNS, "|---|---|---|---|---|---|"]
        lines += [row.markdown() for row in rows if row.file == file]
    return "\n".join(lines)


def write_between_marks(path: Path, text: str) -> None:
    """Replace the text between the marks of a file."""
    whole = path.read_text()
    before, begin, rest = whole.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path} must contain these two lines, in this order:\n{BEGIN}\n{END}")
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


def update_headlines(path: Path, rows: list[Row]) -> None:
    """Give the headline figures that name a row its values."""
    measured = {row.key: row for row in rows}
    content = json.loads(path.read_text(encoding="utf-8"))
    for figure in content["figures"]:
        row = measured.get(tuple(figure.get("row", ())))
        if row is not None:
            n = decimals(row.median)
            figure |= {
                "value": round(row.median, n),
                "decimals": n,
                "interval": [round(row.low, n), round(row.high, n)],
                "date": row.date,
                "processor": row.processor,
            }
    text = json.dumps(content, indent=1, ensure_ascii=False)
    path.write_text(f"{text}\n", encoding="utf-8")


def draw(rows: list[Row], path: Path) -> None:
    """Draw a bar for each ratio, with a mark at its target."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    rows = [row for row in rows if not row.unit]
    files = list(dict.fromkeys(row.file for row in rows))
    # Benchmarks of a file are grouped under its name, in the order of the table.
    places = [i + 1.6 * (files.index(row.file) + 1) for i, row in enumerate(rows)]
    height = places[-1] + 2
    figure = Figure(figsize=(9, 0.8 + 0.2 * height), layout="constrained")
    axes = figure.subplots()
    colours = {True: "tab:blue", False: "tab:orange", None: "0.75"}
    for place, row in zip(places, rows):
        axes.barh(place, row.median - 1, left=1, height=0.7, color=colours[row.reached])
        axes.plot([row.low, row.high], [place, place], color="0.25", linewidth=1)
        if row.wanted is not None:
            axes.plot([row.wanted] * 2, [place - 0.45, place + 0.45], color="black", linewidth=2.2)
        axes.annotate(
            number(row.median), (1, place), xycoords=("axes fraction", "data"), xytext=(34, 0),
            textcoords="offset points", ha="right", va="center", fontsize=7,
            color=colours[row.reached] if row.reached is not None else "0.4",
        )  # fmt: skip
    for file in files:
        first = next(place for place, row in zip(places, rows) if row.file == file)
        heading = file.removesuffix(".py").removeprefix("test_").replace("_", " ")
        axes.annotate(
            heading, (0, first - 1), xycoords=("axes fraction", "data"), xytext=(-6, 0),
            textcoords="offset points", ha="right", va="center", fontsize=8, weight="bold",
        )  # fmt: skip
    axes.set_yticks(places, [f"{row.what}: {row.name}" for row in rows], fontsize=7)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=8)
    axes.set_ylim(height - 1, -0.2)
    axes.set_xscale("log")
    axes.margins(x=0.05)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlabel(
        "time (or memory) of the alternative / ours; above 1, ours is better", fontsize=8
    )
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.grid(axis="x", color="0.92")
    axes.set_axisbelow(True)
    figure.legend(
        handles=[
            Patch(color=colours[True], label="target met"),
            Patch(color=colours[False], label="target missed"),
            Patch(color=colours[None], label="no target"),
            Line2D([], [], color="black", linewidth=2.2, label="target"),
            Line2D([], [], color="0.25", linewidth=1, label="quartiles"),
        ],
        loc="outside lower center", ncols=5, fontsize=7, frameon=False,
    )  # fmt: skip
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", nargs="+", type=Path, help="files written with --benchmark-json")
    parser.add_argument(
        "--results", type=Path, default=HERE / "results" / "speed.md",
        help="file of the table; the headline figures are beside it, rows and chart above it",
    )  # fmt: skip
    parser.add_argument("--only", action="store_true", help="forget the rows of other runs")
    arguments = parser.parse_args()
    folder = arguments.results.parents[1]
    try:
        measured = read(arguments.runs)
        older = [] if arguments.only else read_rows(folder / "ratios.json")
        rows = sorted({row.key: row for row in [*older, *measured]}.values(), key=lambda r: r.file)
        write_between_marks(arguments.results, table(rows))
        update_headlines(arguments.results.with_suffix(".json"), measured)
    except (OSError, ValueError) as error:
        sys.exit(f"report.py: {error}")
    write_rows(folder / "ratios.json", rows)
    draw(rows, folder / "ratios.png")
    for row in rows:
        if row.reached is False:
            print(f"missed: {row.file}, {row.what}: {row.name} {row.value}, target {row.reach}")


if __name__ == "__main__":
    main()
