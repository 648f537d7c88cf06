"""Shared by the benchmarks: measure skecg and the alternatives in turn, in one run."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skecg.datasets import make_sheets

SHORT_ROUNDS = 3


def short() -> bool:
    """Return whether to run the short form, as CI does: fewer rounds and smaller sizes.

    Benchmarks that choose a size use ``from benchmarks.conftest import short``.
    """
    return os.environ.get("SKECG_BENCHMARK_SHORT", "0") not in ("", "0")


def data_home() -> Path:
    """Return the folder of the real data, as in the tests. It does not have to exist."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get("SKECG_DATA", beside))


def sheet_files(folder: Path, n_files: int) -> list[str]:
    """Return the names of JPEG sheets: published ones, or generated ones saved in the folder."""
    real = data_home() / "sheets_original"
    if real.is_dir():
        return [str(path) for path in sorted(real.glob("*/*.jpg"))[:: 24 // n_files]]
    for i, sheet in enumerate(make_sheets(n_files, random_state=0).data):
        Image.fromarray(sheet).save(folder / f"{i}.jpg", quality=90)
    return sorted(map(str, folder.glob("*.jpg")))


class Comparison:
    """Compare the time of skecg with that of alternatives, measured in alternating rounds.

    The speed of shared machines drifts, so that only ratios within a round are meaningful. The
    results are stored in the ``extra_info`` of the benchmark, from which report.py creates the
    table of results/speed.md.

    Attributes
    ----------
    times : dict of str to ndarray of shape (n_rounds,)
        Seconds of each round, for "ours" and the alternatives.
    """

    def __init__(self, benchmark) -> None:
        self.benchmark = benchmark
        self.times: dict[str, np.ndarray] = {}

    def __call__(
        self,
        ours: Callable[[], object],
        others: Mapping[str, Callable[[], object]],
        rounds: int = 7,
        *,
        reach: Mapping[str, float] | None = None,
        floor: Mapping[str, float] | None = None,
        parts: Mapping[str, float] | None = None,
    ) -> dict[str, float]:
        """Return the median of (its time / our time) for each alternative.

        Parameters
        ----------
        ours : callable
            Performs the task with skecg.
        others : dict of str to callable
            Perform the same task with the alternatives, by name.
        rounds : int, default=7
            Number of measured rounds, after a warm-up round. The short form has 3.
        reach : dict of str to float or None, default=None
            Target ratio of an alternative, if there is one.
        floor : dict of str to float or None, default=None
            Minimum ratio, below which the benchmark fails, see :meth:`record`.
        parts : dict of str to float or None, default=None
            Fraction of the task that a slow alternative performs; its time is scaled accordingly.
        """
        _check_names(others, reach, floor, parts)
        times: dict[str, list[float]] = {name: [] for name in ("ours", *others)}

        def one_round() -> None:
            for name, function in {"ours": ours, **others}.items():
                started = time.perf_counter()
                function()
                seconds = time.perf_counter() - started
                times[name].append(seconds / (parts or {}).get(name, 1))

        rounds = min(rounds, SHORT_ROUNDS) if short() else rounds
        self.benchmark.pedantic(one_round, rounds=rounds, warmup_rounds=1)
        if _lost(_rows(self._ratios(times), reach, floor)):
            # A few rounds do not estimate the noise well: measure more of them before failing.
            for _ in range(2 * rounds):
                one_round()
        ratios = self._ratios(times)
        self.benchmark.extra_info["ours_s"] = float(np.median(self.times["ours"]))
        self.benchmark.extra_info["rounds"] = len(self.times["ours"])
        self.benchmark.extra_info["short"] = short()
        return self.record(ratios, reach=reach, floor=floor)

    def _ratios(self, times: Mapping[str, Sequence[float]]) -> dict[str, np.ndarray]:
        self.times = {name: np.array(values[1:]) for name, values in times.items()}
        ours = self.times["ours"]
        return {name: values / ours for name, values in self.times.items() if name != "ours"}

    def record(
        self,
        ratios: Mapping[str, Sequence[float] | float],
        *,
        reach: Mapping[str, float] | None = None,
        floor: Mapping[str, float] | None = None,
    ) -> dict[str, float]:
        """Add ratios (theirs / ours, higher is better) to the report and return their medians.

        Times are recorded automatically; use this method for other quantities, such as peak memory.
        A ratio is a single number or one number per round. The test fails if a median is below its
        floor by more than the noise, which is the distance between the quartiles of this run.
        """
        rows = _rows(ratios, reach, floor)
        self.benchmark.extra_info.setdefault("ratios", {}).update(rows)
        for name, row in rows.items():
            print(f"\n{self.benchmark.name}: {name} / ours = {_text(row)}", end="")
        if lost := _lost(rows):
            pytest.fail("; ".join(lost), pytrace=False)
        return {name: row["median"] for name, row in rows.items()}

    def figure(
        self, name: str, values: Sequence[float] | float, unit: str, *, at_most: float | None = None
    ) -> float:
        """Add a value with a unit (lower is better) to the report and return its median."""
        row = _quartiles(values) | {"unit": unit, "at_most": at_most}
        self.benchmark.extra_info.setdefault("figures", {})[name] = row
        print(f"\n{self.benchmark.name}: {name} = {_text(row)} {unit}", end="")
        return row["median"]


def _check_names(names: Iterable[str], *given: Mapping[str, float] | None) -> None:
    if unknown := {name for mapping in given for name in mapping or {}}.difference(names):
        raise ValueError(
            f"reach, floor and parts must name the compared alternatives {list(names)}; got "
            f"{sorted(unknown)}"
        )


def _rows(
    ratios: Mapping[str, Sequence[float] | float],
    reach: Mapping[str, float] | None,
    floor: Mapping[str, float] | None,
) -> dict[str, dict[str, float | None]]:
    _check_names(ratios, reach, floor)
    reach, floor = reach or {}, floor or {}
    return {
        name: _quartiles(values) | {"reach": reach.get(name), "floor": floor.get(name)}
        for name, values in ratios.items()
    }


def _lost(rows: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Describe the medians that are below their floor by more than the interquartile range."""
    return [
        f"{name} / ours is {_text(row)}, its floor is {row['floor']:g}"
        for name, row in rows.items()
        if row["floor"] is not None and row["median"] + row["high"] - row["low"] < row["floor"]
    ]


def _quartiles(values: Sequence[float] | float) -> dict[str, float]:
    low, median, high = np.percentile(values, [25, 50, 75])
    return {"median": float(median), "low": float(low), "high": float(high)}


def _text(row: Mapping[str, float]) -> str:
    return f"{row['median']:.2f} ({row['low']:.2f} .. {row['high']:.2f})"


@pytest.fixture
def compare(benchmark) -> Comparison:
    """Return the object that compares skecg with the alternatives."""
    return Comparison(benchmark)
