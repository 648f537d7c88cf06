"""The way from a benchmark's times to the table of the ratios and its headline figures."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import pytest
from loaded_scripts import load_script

ROOT = Path(__file__).resolve().parents[1]
BEGIN = "<!-- ratios: from here to the end mark written by benchmarks/report.py -->"
END = "<!-- ratios: end -->"


def ratio(median, low, high, reach=None, floor=None):
    return {"median": median, "low": low, "high": high, "reach": reach, "floor": floor}


RUN = {
    "machine_info": {
        "cpu": {"brand_raw": "A processor", "count": 2},
        "python_version": "3.11.7",
    },
    "commit_info": {"id": "0123456789abcdef"},
    "datetime": "2026-01-02T03:04:05+00:00",
    "benchmarks": [
        {
            "fullname": "benchmarks/test_training_epoch.py::test_residual_cnn[64]",
            "name": "test_residual_cnn[64]",
            "params": {"batch_size": 64},
            "extra_info": {
                "ratios": {
                    "loop": ratio(1.04, 1, 1.1, 1, 0.9),
                    "skorch": ratio(1.04, 1, 1.1, 1.05),
                },
                "figures": {
                    "beyond it": {
                        "median": -12.34, "low": -20, "high": 8, "unit": "us", "at_most": 10,
                    }
                },
            },
        },
        {
            "fullname": "benchmarks/test_r_peaks.py::test_windows",
            "name": "test_windows",
            "params": None,
            "extra_info": {"ratios": {"neurokit2": ratio(1500, 1500, 1500)}, "short": True},
        },
    ],
}  # fmt: skip


HEADLINE = {"value": 9.0, "decimals": 1, "interval": [8, 9], "date": "then", "processor": "old"}
ROW = ["test_training_epoch.py", "residual cnn, batch_size=64", "loop"]
HEADLINES = {"title": "Speed", "figures": [HEADLINE | {"row": ROW}, HEADLINE]}


def report(folder: Path, *runs: dict, results: str) -> subprocess.CompletedProcess[str]:
    paths = [folder / f"{i}.json" for i in range(len(runs))]
    for path, run in zip(paths, runs):
        path.write_text(json.dumps(run))
    results_folder = folder / "results"
    results_folder.mkdir()
    (results_folder / "speed.md").write_text(results)
    (results_folder / "speed.json").write_text(json.dumps(HEADLINES))
    command = [sys.executable, ROOT / "benchmarks" / "report.py", *paths]
    return subprocess.run(
        [*command, "--results", results_folder / "speed.md"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def headlines(folder: Path) -> list[dict]:
    return json.loads((folder / "results" / "speed.json").read_text())["figures"]


def test_the_table_stands_between_the_marks(tmp_path):
    done = report(tmp_path, RUN, results=f"before\n{BEGIN}\nan old table\n{END}\nafter\n")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "results" / "speed.md").read_text()
    assert text.startswith(f"before\n{BEGIN}\n2 of 3 targets are met. A processor, 2 cores, ")
    assert "Python 3.11.7, 2026-01-02, the short form, commit 0123456789." in text
    assert text.endswith(f"{END}\nafter\n")
    assert "an old table" not in text
    assert re.findall(r"^    (pytest .*)$", text, flags=re.MULTILINE) == [
        "pytest benchmarks/test_r_peaks.py --benchmark-only -s",
        "pytest benchmarks/test_training_epoch.py --benchmark-only -s",
    ]
    assert [line for line in text.splitlines() if line.startswith(("| b", "| w", "| r"))] == [
        "| benchmark | peer | peer / ours: median (quartiles) | target | met | floor in CI |",
        "| windows | neurokit2 | 1,500 |  |  |  |",
        "| benchmark | peer | peer / ours: median (quartiles) | target | met | floor in CI |",
        "| residual cnn, batch_size=64 | loop | 1.04 (1.00 .. 1.10) | >= 1 | yes | 0.9 |",
        "| residual cnn, batch_size=64 | skorch | 1.04 (1.00 .. 1.10) | >= 1.05 | **no** |  |",
        "| residual cnn, batch_size=64 | beyond it | -12.3 (-20.0 .. 8.00) us | <= 10 | yes |  |",
    ]
    assert done.stdout.splitlines() == [
        "missed: test_training_epoch.py, residual cnn, batch_size=64: "
        "skorch 1.04 (1.00 .. 1.10), target >= 1.05"
    ]
    assert matplotlib.image.imread(tmp_path / "ratios.png").shape[1] == 1350  # 9 inches of 150


def test_headline_figures_that_name_a_row_get_its_values(tmp_path):
    report(tmp_path, RUN, results=f"{BEGIN}\n{END}\n")
    named, other = headlines(tmp_path)
    assert named == {
        "value": 1.04, "decimals": 2, "interval": [1.0, 1.1],
        "date": "2026-01-02", "processor": "A processor", "row": ROW,
    }  # fmt: skip
    assert other == HEADLINE


def test_the_last_of_several_runs_counts(tmp_path):
    again = json.loads(json.dumps(RUN))
    again["benchmarks"] = again["benchmarks"][1:]
    again["benchmarks"][0]["extra_info"]["ratios"]["neurokit2"] = ratio(700, 700, 700)
    again["commit_info"]["id"] = "fedcba"
    report(tmp_path, RUN, again, results=f"{BEGIN}\n{END}\n")
    text = (tmp_path / "results" / "speed.md").read_text()
    assert "| windows | neurokit2 | 700 |" in text
    assert "1,500" not in text
    assert "commit 0123456789. A processor, " in text
    assert "commit fedcba (windows)." in text
    assert "| loop | 1.04 (1.00 .. 1.10) |" in text


def test_rows_of_earlier_runs_are_kept_unless_they_are_to_be_forgotten(tmp_path):
    report(tmp_path, RUN, results=f"{BEGIN}\n{END}\n")
    again = json.loads(json.dumps(RUN))
    again["benchmarks"] = again["benchmarks"][1:]
    again["datetime"] = "2027-01-02T03:04:05+00:00"
    (tmp_path / "again.json").write_text(json.dumps(again))
    results = tmp_path / "results" / "speed.md"
    command = [sys.executable, ROOT / "benchmarks" / "report.py", tmp_path / "again.json"]
    subprocess.run([*command, "--results", results], check=True)
    assert "| loop | 1.04 (1.00 .. 1.10) |" in results.read_text()
    assert "2027-01-02, the short form, commit 0123456789 (windows)." in results.read_text()
    assert headlines(tmp_path)[0]["date"] == "2026-01-02"
    subprocess.run([*command, "--results", results, "--only"], check=True)
    assert "| loop |" not in results.read_text()
    assert len(json.loads((tmp_path / "ratios.json").read_text())) == 1


@pytest.mark.parametrize(
    ("run", "results", "said"),
    [
        (RUN, f"{END}\n{BEGIN}\n", "must contain these two lines"),
        (RUN | {"benchmarks": []}, f"{BEGIN}\n{END}\n", "got no ratios"),
    ],
)
def test_what_cannot_be_reported_is_said_and_nothing_is_written(tmp_path, run, results, said):
    done = report(tmp_path, run, results=results)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "results" / "speed.md").read_text() == results
    assert headlines(tmp_path) == HEADLINES["figures"]


class Benchmark:
    """pytest-benchmark's fixture, as far as it is used."""

    name = "test_it"

    def __init__(self):
        self.extra_info = {}

    def pedantic(self, function, rounds, warmup_rounds):
        for _ in range(rounds + warmup_rounds):
            function()


@pytest.fixture
def comparing(monkeypatch):
    """Return compare() on a clock of its own, which runs as fast as the test wishes."""
    module = load_script("benchmarks/conftest.py")
    clock = [0.0]
    monkeypatch.setattr(module.time, "perf_counter", lambda: clock[0])

    def takes(*seconds):
        left = list(seconds)

        def work():
            clock[0] += left.pop(0) if len(left) > 1 else left[0]

        return work

    return module.Comparison(Benchmark()), takes


@pytest.mark.parametrize(("short", "rounds"), [("0", 7), ("1", 3)])
def test_ratios_are_those_of_the_rounds(comparing, monkeypatch, short, rounds):
    monkeypatch.setenv("SKECG_BENCHMARK_SHORT", short)
    compare, takes = comparing
    # The first round is not measured.
    ratios = compare(takes(100, 2), {"slow": takes(1, 4, 6, 8)}, reach={"slow": 5})
    assert ratios == {"slow": 3.0 if rounds == 3 else 4.0}
    assert compare.times["slow"].tolist() == [4.0, 6.0, 8.0] + (rounds - 3) * [8.0]
    info = compare.benchmark.extra_info
    assert (info["ours_s"], info["rounds"], info["short"]) == (2.0, rounds, short == "1")
    if rounds == 3:
        assert info["ratios"]["slow"] == ratio(3.0, 2.5, 3.5, 5)


@pytest.mark.parametrize(
    ("peer", "n_rounds"),
    [
        ((1, 2), 7),  # at the floor
        ((1, 1.7, 1.9, 2.1, 1.7, 1.9, 2.1, 1.9), 7),  # below it within the noise
        (8 * (1.9,) + (3,), 21),  # below it at first, and not after another look
    ],
)
def test_a_ratio_at_its_floor_or_near_it_passes(comparing, monkeypatch, peer, n_rounds):
    monkeypatch.delenv("SKECG_BENCHMARK_SHORT", raising=False)
    compare, takes = comparing
    compare(takes(1), {"peer": takes(*peer)}, floor={"peer": 2})
    assert len(compare.times["ours"]) == n_rounds


def test_a_ratio_below_its_floor_fails_and_is_kept(comparing, monkeypatch):
    monkeypatch.delenv("SKECG_BENCHMARK_SHORT", raising=False)
    compare, takes = comparing
    with pytest.raises(pytest.fail.Exception, match=r"peer / ours is 1\.88 .*, its floor is 2"):
        compare(takes(1), {"peer": takes(1.875), "other": takes(3)}, floor={"peer": 2, "other": 3})
    assert len(compare.times["ours"]) == 21  # 7, and twice as many at the second look
    assert compare.benchmark.extra_info["ratios"]["peer"]["median"] == 1.875


def test_a_floor_of_a_peer_that_is_not_there_is_refused_at_once(comparing):
    compare, _ = comparing
    with pytest.raises(ValueError, match=r"alternatives \['skorch'\]; got \['skorhc'\]"):
        compare(lambda: 1 / 0, {"skorch": lambda: None}, floor={"skorhc": 1})


def test_other_figures_are_recorded_beside_the_ratios(comparing):
    compare, _ = comparing
    assert compare.record({"pandas": 2.5}, reach={"pandas": 2}) == {"pandas": 2.5}
    assert compare.figure("ours", [3, 1, 2], "us", at_most=10) == 2
    assert compare.benchmark.extra_info == {
        "ratios": {"pandas": ratio(2.5, 2.5, 2.5, 2)},
        "figures": {"ours": {"median": 2.0, "low": 1.5, "high": 2.5, "unit": "us", "at_most": 10}},
    }
