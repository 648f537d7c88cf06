"""What the benchmarks share: ours and the alternatives measured in turn, in one run."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest


@pytest.fixture
def compare(benchmark):
    """Return a function that times ours against alternatives, round by round in turn.

    Shared machines drift, so only ratios of neighbouring rounds mean something: the result gives
    for every alternative the median of (its time / our time) and the quartiles.
    """

    def run(
        ours: Callable[[], object], others: dict[str, Callable[[], object]], rounds: int = 7
    ) -> dict[str, float]:
        times = {name: [] for name in ("ours", *others)}

        def one_round() -> None:
            for name, function in {"ours": ours, **others}.items():
                started = time.perf_counter()
                function()
                times[name].append(time.perf_counter() - started)

        benchmark.pedantic(one_round, rounds=rounds, warmup_rounds=1)
        times = {name: np.array(values[1:]) for name, values in times.items()}
        ratios = {}
        for name in others:
            ratio = times[name] / times["ours"]
            low, ratios[name], high = np.percentile(ratio, [25, 50, 75])
            benchmark.extra_info[name] = f"{ratios[name]:.2f} ({low:.2f} .. {high:.2f})"
            print(f"\n{benchmark.name}: {name} / ours = {benchmark.extra_info[name]}", end="")
        run.times = times
        return ratios

    return run
