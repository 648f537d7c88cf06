"""R peaks found in the records of the MIT-BIH Arrhythmia Database, against its annotations.

All 48 records, lead MLII (the first one of 102 and 104), 360 Hz, whole records without a learning
period. A beat and an R peak within the tolerance are matched, each of them once. EC57 leaves out
ventricular flutter, which record 207 has: the last rows do so too.

    OMP_NUM_THREADS=1 python benchmarks/accuracy_r_peaks.py
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from functools import partial

import neurokit2
import numpy as np
import sleepecg
from numpy.typing import NDArray
from sklearn.utils import Bunch

from skecg.datasets import load_mitbih
from skecg.model_selection import DE_CHAZAL_DS1, DE_CHAZAL_DS2, bootstrap_interval
from skecg.signal import find_r_peaks, split_windows, threshold_r_peaks

RATE = 360
TOLERANCES = (0.150, 0.050)  # seconds


def threshold_in_windows(signal: NDArray) -> NDArray:
    length = 10 * RATE
    windows = split_windows(signal, length, tail="overlap")
    window, position = threshold_r_peaks(windows)
    return np.unique(position + np.minimum(window * length, signal.size - length))


def neurokit(signal: NDArray) -> NDArray:
    cleaned = neurokit2.ecg_clean(signal, sampling_rate=RATE)
    return np.asarray(neurokit2.ecg_findpeaks(cleaned, sampling_rate=RATE)["ECG_R_Peaks"])


DETECTORS: dict[str, Callable[[NDArray], NDArray]] = {
    "threshold rule, windows of 10 s": threshold_in_windows,
    'find_r_peaks, "sleepecg"': lambda signal: find_r_peaks(signal, RATE)[0],
    "SleepECG's own detect_heartbeats": lambda signal: sleepecg.detect_heartbeats(signal, RATE),
    "NeuroKit2 default": neurokit,
}


def matches(beats: NDArray, r_peak: NDArray, tolerance: float) -> tuple[NDArray, NDArray]:
    """Return which beats have an R peak of their own within the tolerance, and which R peaks."""
    pairs = np.empty((2, 0), np.int64)
    if r_peak.size:
        after = np.searchsorted(r_peak, beats)
        nearest = np.stack([np.maximum(after - 1, 0), np.minimum(after, r_peak.size - 1)])
        pairs = np.stack([np.tile(np.arange(beats.size), 2), nearest.reshape(-1)])
    distance = np.abs(beats[pairs[0]] - r_peak[pairs[1]])
    near = distance <= tolerance * RATE
    pairs, distance = pairs[:, near], distance[near]
    is_matched, is_found = np.zeros(beats.size, bool), np.zeros(r_peak.size, bool)
    # The nearest of all pairs first; then those of what is left.
    while pairs.size:
        order = np.argsort(distance, kind="stable")
        pairs, distance = pairs[:, order], distance[order]
        _, first_of_beat = np.unique(pairs[0], return_index=True)
        _, first_of_peak = np.unique(pairs[1], return_index=True)
        mutual = np.intersect1d(first_of_beat, first_of_peak)
        is_matched[pairs[0, mutual]] = is_found[pairs[1, mutual]] = True
        left = ~(is_matched[pairs[0]] | is_found[pairs[1]])
        pairs, distance = pairs[:, left], distance[left]
    return is_matched, is_found


def flutter(annotation: Bunch) -> list[tuple[int, int]]:
    """Return the episodes of ventricular flutter, from "[" to "]"."""
    symbol = np.asarray(annotation.symbol)
    begins, ends = annotation.sample[symbol == "["], annotation.sample[symbol == "]"]
    return list(zip(begins.tolist(), ends.tolist(), strict=True))


def outside(positions: NDArray, episodes: list[tuple[int, int]]) -> NDArray:
    inside = np.zeros(positions.size, bool)
    for begin, end in episodes:
        inside |= (positions >= begin) & (positions <= end)
    return ~inside


def ratio(hits: int, of: int, counts: NDArray) -> float:
    return counts[:, hits].sum() / counts[:, of].sum()


def rows(
    bunch: Bunch, beats: list[NDArray], found: list[NDArray], keep: list[tuple], name: str
) -> None:
    records = bunch.records
    for tolerance in TOLERANCES:
        counts = []
        for reference, r_peak, (keep_beats, keep_peaks) in zip(beats, found, keep):
            is_matched, is_found = matches(reference, r_peak, tolerance)
            counts.append(
                [
                    is_matched[keep_beats].sum(),
                    keep_beats.sum(),
                    is_found[keep_peaks].sum(),
                    keep_peaks.sum(),
                ]
            )
        n = np.array(counts)
        columns = []
        for some in (records > 0, np.isin(records, DE_CHAZAL_DS1), np.isin(records, DE_CHAZAL_DS2)):
            total = n[some].sum(axis=0)
            columns.append(f"{total[0] / total[1]:.2%} / {total[2] / total[3]:.2%}")
        for hits, of in ((0, 1), (2, 3)):
            interval = bootstrap_interval(
                partial(ratio, hits, of), n, groups=bunch.groups, random_state=0
            )
            columns.append(f"{interval.low:.2%} - {interval.high:.2%}")
        se, ppv = n[:, 0] / n[:, 1], n[:, 2] / n[:, 3]
        columns.append(f"{se.min():.1%} ({records[se.argmin()]})")
        columns.append(f"{ppv.min():.1%} ({records[ppv.argmin()]})")
        print(f"| {name} | {1000 * tolerance:.0f} ms | {' | '.join(columns)} |", flush=True)


def main() -> None:
    warnings.filterwarnings("ignore", message=".*do not have all of the leads")
    bunch = load_mitbih()
    beats = [a.sample[t >= 0] for a, t in zip(bunch.annotations, bunch.target)]
    episodes = [flutter(annotation) for annotation in bunch.annotations]
    n_left_out = sum((~outside(b, e)).sum() for b, e in zip(beats, episodes))
    print(f"{len(beats)} records, {sum(map(len, beats))} beats, {n_left_out} of them in flutter")
    signals = bunch.data.astype(np.float64)
    for name, find in DETECTORS.items():
        find(signals[0])
        started = time.process_time()
        found = [find(signal) for signal in signals]
        seconds = time.process_time() - started
        all_of_it = [(np.ones(b.size, bool), np.ones(p.size, bool)) for b, p in zip(beats, found)]
        rows(bunch, beats, found, all_of_it, name)
        no_flutter = [(outside(b, e), outside(p, e)) for b, p, e in zip(beats, found, episodes)]
        rows(bunch, beats, found, no_flutter, f"{name}, without flutter")
        offset = [np.abs(b[:, None] - p).min(axis=1) for b, p in zip(beats, found)]
        offset = np.concatenate(offset) / RATE
        offset = 1000 * np.percentile(offset[offset <= TOLERANCES[0]], [50, 90, 95, 99])
        print(
            f"  {1e9 * seconds / signals.size:.1f} ns a sample; ms from beat to R peak, 50, 90, "
            f"95 and 99 %: {offset.round(1).tolist()}",
            flush=True,
        )


if __name__ == "__main__":
    main()
