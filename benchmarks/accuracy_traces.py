"""Traces read from sheets, against the signals that were printed and against the laws of the leads.

Records of PTB-XL, 100 Hz, are printed on sheets by make_sheets, clean and with each damage, and
read by TraceReader. For every lead, after removing the offset only: the signal-to-noise ratio
var(truth) / var(read - truth) in dB and the correlation; for the QRS complexes, in a window of 120
ms around the R peaks of the strip: the error of the amplitude from peak to peak; for the strip:
the error of the R-R intervals. A lead that was not read has a ratio of minus infinity. Leads are
swapped when another assignment of what was read to the leads of the sheet has a smaller error.

On the published sheets nobody knows the signals. Leads of one column are printed at one time, so
that II = I + III in the first and aVR + aVL + aVF = 0 in the second; and lead II of the strip is
that of the first column and (aVF - aVR) / 1.5 in the second. Medians of the absolute residual in
mV, after removing the offset. R peaks of the strip are matched, within 75 ms, with those of the
leads above it, both at the maxima of the root mean square slope of the leads over 90 ms.

    python benchmarks/accuracy_traces.py --records 50
    python benchmarks/accuracy_traces.py --records 488 --damage clean rotation
    python benchmarks/accuracy_traces.py --layout 12x1 --damage clean
    python benchmarks/accuracy_traces.py --published 491
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.signal import find_peaks
from sklearn.utils import Bunch

from skecg.datasets import get_data_home, load_ptbxl, load_sheets, make_sheets
from skecg.preprocessing import TraceReader
from skecg.signal import find_r_peaks

RATE = 100
DAMAGES = (
    *("no-grid", "grey-grid", "rotation", "perspective", "desk", "dpi", "shadow", "blur", "jpeg"),
)
PHOTOGRAPH = ("rotation", "perspective", "desk", "shadow", "blur", "jpeg")
CHUNK = 4  # sheets in memory
LEAST = {"clean": 22.0, "photograph": None}  # dB; 15 under any one damage
NEAR = 0.075  # seconds between R peaks that are the same


class Lead(NamedTuple):
    """How well one lead of one sheet was read."""

    name: str
    snr: float  # dB
    correlation: float
    qrs_error: float  # mV, median over the beats
    qrs_height: float
    is_read: bool
    assigned: str  # the lead of the sheet that it was read as


class Strip(NamedTuple):
    """How well the rhythm of one sheet was read."""

    rr_errors: list[float]  # seconds
    n_beats: int
    n_missed: int
    n_extra: int


def true_leads(sheets: Bunch, i: int) -> dict[str, NDArray]:
    """Return what each lead shows, from its own first sample."""
    first = np.rint(sheets.lead_starts * sheets.sampling_rate).astype(int)
    n = np.rint(sheets.lead_seconds * sheets.sampling_rate).astype(int)
    own = sheets.signals[i]
    return {name: own[k, first[k] : first[k] + n[k]] for k, name in enumerate(sheets.lead_names)}


def read_leads(read: Bunch, i: int) -> dict[str, NDArray]:
    """Return what was read of each lead; the pieces of a strip are one lead."""
    leads: dict[str, list[NDArray]] = {}
    for name, signal in zip(read.lead_names, read.traces[i]):
        leads.setdefault(name.split("_")[0], []).append(signal)
    return {name: np.concatenate(pieces) for name, pieces in leads.items()}


def error_power(read: NDArray, truth: NDArray) -> float:
    """Return the mean square of the difference without its mean, infinite if nothing was read."""
    error = read - truth
    return float(np.var(error)) if np.isfinite(error).all() else np.inf


def assignment(truth: dict[str, NDArray], seen: dict[str, NDArray]) -> dict[str, str]:
    """Return for each lead that was read which one it shows, with the least error in all."""
    names = [name for name in truth if name != "rhythm" and np.isfinite(seen[name]).all()]
    if not names:
        return {}
    power = np.array([[error_power(seen[a], truth[b]) for b in names] for a in names])
    read, shown = linear_sum_assignment(power)
    return {names[a]: names[b] for a, b in zip(read, shown)}


def qrs_height(signal: NDArray, peaks: NDArray) -> NDArray:
    """Return the height from peak to peak, 60 ms before to 60 ms after each R peak."""
    near = round(0.06 * RATE)
    parts = [signal[max(0, peak - near) : peak + near + 1] for peak in peaks]
    return np.array([np.ptp(part) for part in parts])


def r_peaks(signal: NDArray) -> NDArray:
    if not np.isfinite(signal).all() or np.ptp(signal) == 0:
        return np.empty(0, int)
    return find_r_peaks(signal.astype(float), RATE)[0]


def matched(one: NDArray, other: NDArray) -> list[tuple[int, int]]:
    """Return pairs of indices of R peaks that are each other's nearest, and near."""
    if not len(one) or not len(other):
        return []
    distance = np.abs(np.subtract.outer(one, other))
    nearest, back = distance.argmin(1), distance.argmin(0)
    return [
        (i, int(j)) for i, j in enumerate(nearest) if back[j] == i and distance[i, j] <= NEAR * RATE
    ]


def compare_strips(read: NDArray, peaks: NDArray) -> Strip:
    found = r_peaks(read)
    pairs = matched(peaks, found)
    errors = [
        abs((found[j2] - found[j1]) - (peaks[i2] - peaks[i1])) / RATE
        for (i1, j1), (i2, j2) in pairwise(pairs)
        if i2 == i1 + 1 and j2 == j1 + 1
    ]
    return Strip(errors, len(peaks), len(peaks) - len(pairs), len(found) - len(pairs))


def compare(sheets: Bunch, read: Bunch, i: int) -> tuple[list[Lead], Strip | None]:
    """Compare the leads of one sheet with the truth."""
    truth, seen = true_leads(sheets, i), read_leads(read, i)
    starts = dict(zip(sheets.lead_names, sheets.lead_starts))
    timing = truth.get("rhythm", truth["II"])
    peaks = r_peaks(timing)
    assigned = assignment(truth, seen)
    leads = []
    for name, own in truth.items():
        power = error_power(seen[name], own)
        at = peaks - round(starts[name] * RATE)
        at = at[(at >= 6) & (at < len(own) - 6)]
        heights = qrs_height(own, at)
        errors = np.abs(qrs_height(seen[name], at) - heights)
        is_read = np.isfinite(power)
        leads.append(
            Lead(
                name,
                10 * np.log10(np.var(own) / power) if np.var(own) and is_read else -np.inf,
                float(np.corrcoef(own, seen[name])[0, 1]) if is_read and np.var(own) else np.nan,
                float(np.median(errors)) if len(at) and is_read else np.nan,
                float(np.median(heights)) if len(at) else np.nan,
                bool(is_read),
                assigned.get(name, name),
            )
        )
    strip = compare_strips(seen["rhythm"], peaks) if "rhythm" in truth else None
    return leads, strip


def chunks(n: int) -> Iterator[slice]:
    return (slice(first, min(first + CHUNK, n)) for first in range(0, n, CHUNK))


def read_quietly(reader: TraceReader, pictures: list) -> Bunch:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # counted from the result
        return reader.read(list(pictures))


def printed(signals: NDArray, layout: str, name: str, seed: int) -> None:
    """Print the records with a damage, read them, and print one row of the table."""
    damage = {"clean": None, "photograph": PHOTOGRAPH}.get(name, name)
    reader = TraceReader(layout, sampling_rate=RATE, on_error="nan")
    leads, strips, errors, seconds = [], [], {}, 0.0
    for part in chunks(len(signals)):
        sheets = make_sheets(
            signals=signals[part],
            sampling_rate=RATE,
            layout=layout,
            damage=damage,
            random_state=seed + part.start,
        )
        started = time.process_time()
        read = read_quietly(reader, list(sheets.data))
        seconds += time.process_time() - started
        errors |= {part.start + i: (text, sheets.damage[i]) for i, text in read.errors.items()}
        for i in range(len(sheets.data)):
            own, strip = compare(sheets, read, i)
            leads.append(own)
            strips.append(strip)
    report(name, leads, [strip for strip in strips if strip], errors, seconds / len(signals))


def report(
    name: str, leads: list[list[Lead]], strips: list[Strip], errors: dict, seconds: float
) -> None:
    every = [lead for own in leads for lead in own]
    snr = np.array([lead.snr for lead in every])
    read = [lead for lead in every if lead.is_read]
    quartiles = np.quantile(np.nan_to_num(snr, neginf=-99.0), [0.05, 0.25, 0.5, 0.75])
    qrs = np.array([(lead.qrs_error, lead.qrs_height) for lead in read])
    swapped = [lead for lead in read if lead.assigned != lead.name]
    rr = np.array([error for strip in strips for error in strip.rr_errors])
    n_beats = sum(strip.n_beats for strip in strips)
    at_least = LEAST.get(name, 15.0)
    reached = "" if at_least is None else f" (>= {at_least:g}: {quartiles[2] >= at_least})"
    print(
        f"\n{name}: {len(leads)} sheets, {len(errors)} not read, {len(every) - len(read)} of "
        f"{len(every)} leads not read, {seconds:.2f} s of CPU per sheet"
    )
    print(
        f"  SNR {quartiles[2]:.1f} dB{reached}, 5 % {quartiles[0]:.1f}, quartiles "
        f"{quartiles[1]:.1f} and {quartiles[3]:.1f}; correlation "
        f"{np.nanmedian([lead.correlation for lead in read]) if read else np.nan:.4f}"
    )
    by_lead = {lead.name: [] for lead in every}
    for lead in every:
        by_lead[lead.name].append(lead.snr)
    print("  by lead", "  ".join(f"{k} {np.median(v):.1f}" for k, v in by_lead.items()))
    if read:
        print(
            f"  QRS amplitude: error {np.nanmedian(qrs[:, 0]):.3f} mV (95 %: "
            f"{np.nanquantile(qrs[:, 0], 0.95):.3f}), {np.nanmedian(qrs[:, 0] / qrs[:, 1]):.1%} of "
            f"it; {len(swapped)} leads swapped {[f'{s.name} as {s.assigned}' for s in swapped[:6]]}"
        )
    if strips and rr.size:
        print(
            f"  R-R: error {1000 * rr.mean():.1f} ms (95 %: {1000 * np.quantile(rr, 0.95):.0f}), "
            f"{sum(s.n_missed for s in strips)} of {n_beats} R peaks missed, "
            f"{sum(s.n_extra for s in strips)} too many"
        )
    for i, (text, drawn) in list(errors.items())[:5]:
        print(f"  sheet {i}, {drawn}: {text[:200]}")
    worst = sorted(
        ((np.median([lead.snr for lead in own]), i) for i, own in enumerate(leads)),
    )[:6]
    print("  worst sheets:", ", ".join(f"{i} ({value:.1f} dB)" for value, i in worst), flush=True)


def residual(*terms: NDArray) -> float:
    """Return the median absolute value of a sum of signals (mV) without its median."""
    total = np.sum(terms, axis=0)
    return (
        float(np.median(np.abs(total - np.median(total)))) if np.isfinite(total).all() else np.nan
    )


def qrs_energy(leads: list[NDArray]) -> NDArray:
    """Return the root mean square slope of leads of one time, over 90 ms."""
    slopes = np.sum([np.gradient(lead) ** 2 for lead in leads], axis=0)
    return np.sqrt(np.convolve(slopes, np.ones(9) / 9, mode="same"))


def energy_above(leads: dict[str, NDArray]) -> NDArray:
    """Return the energy of the columns above the strip, each in units of its QRS complexes."""
    columns = (("I", "II", "III"), ("aVR", "aVL", "aVF"), ("V1", "V2", "V3"), ("V4", "V5", "V6"))
    energies = [qrs_energy([leads[name] for name in names]) for names in columns]
    return np.concatenate([energy / max(np.quantile(energy, 0.98), 1e-3) for energy in energies])


def qrs_places(energy: NDArray) -> NDArray:
    """Return where the energy is highest, at least a third of that of a tall QRS complex."""
    return find_peaks(energy, height=np.quantile(energy, 0.98) / 3, distance=round(0.25 * RATE))[0]


def published(n: int) -> None:
    """Read the distinct published sheets and print what can be checked."""
    sheets = load_sheets(get_data_home() / "sheets")
    distinct = np.unique(sheets.groups, return_index=True)[1]
    distinct = distinct[np.unique(np.linspace(0, len(distinct) - 1, n).astype(int))]
    reader = TraceReader(sampling_rate=RATE, on_error="nan")
    residuals: dict[str, list[float]] = {
        "II - (I + III)": [],
        "II - II of the strip": [],
        "aVR + aVL + aVF": [],
        "(aVF - aVR) / 1.5 - II of the strip": [],
    }
    shares, errors = [], {}
    n_strip = n_above = n_same = 0
    apart = []
    for part in chunks(len(distinct)):
        read = read_quietly(reader, [sheets.data[k] for k in distinct[part]])
        errors |= {str(sheets.data[distinct[part][i]]): text for i, text in read.errors.items()}
        shares.append(read.quality.share)
        for i in range(len(read.traces)):
            leads = read_leads(read, i)
            strip = leads["rhythm"]
            first, second = strip[:250], strip[250:500]
            values = (
                residual(leads["II"], -leads["I"], -leads["III"]),
                residual(leads["II"], -first),
                residual(leads["aVR"], leads["aVL"], leads["aVF"]),
                residual(leads["aVF"] / 1.5, -leads["aVR"] / 1.5, -second),
            )
            for name, value in zip(residuals, values):
                residuals[name].append(value)
            below, above = qrs_places(qrs_energy([strip])), qrs_places(energy_above(leads))
            pairs = matched(below, above)
            n_strip, n_above, n_same = (
                n_strip + len(below),
                n_above + len(above),
                n_same + len(pairs),
            )
            apart += [1000 * (above[j] - below[k]) / RATE for k, j in pairs]
    share = np.concatenate(shares)
    print(f"{len(distinct)} published sheets, {len(errors)} not read")
    for name, values in residuals.items():
        print(
            f"  {name}: median {np.nanmedian(values):.4f} mV, 95 % of the sheets below "
            f"{np.nanquantile(values, 0.95):.4f}, {np.isnan(values).sum()} sheets not read"
        )
    print(
        f"  share of the columns read: mean {np.nanmean(share):.4f}, 5 % "
        f"{np.nanquantile(share, 0.05):.3f}, least {np.nanmin(share):.3f}; "
        f"{np.isnan(share).sum()} of {share.size} leads without"
    )
    print(
        f"  R peaks: {n_strip} in the strips, {n_above} in the leads above, {n_same} the same; "
        f"{np.mean(np.abs(apart)):.1f} ms apart on average, {np.median(apart):+.0f} in the median"
    )
    for name, text in list(errors.items())[:10]:
        print(f"  {name}: {text[:200]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=50, help="of PTB-XL, evenly spaced")
    parser.add_argument(
        "--damage", nargs="+", default=["clean", *DAMAGES, "photograph"],
        choices=["clean", *DAMAGES, "photograph"], help="photograph: six of them at once",
    )  # fmt: skip
    parser.add_argument("--layout", default="edan-3x4")
    parser.add_argument("--published", type=int, default=0, help="read so many published sheets")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.published:
        published(arguments.published)
        return
    ptbxl = load_ptbxl(task="superclass-multilabel", sampling_rate=RATE)
    rows = np.linspace(0, len(ptbxl.data) - 1, min(arguments.records, len(ptbxl.data)))
    signals = ptbxl.data[rows.astype(int)]
    for name in arguments.damage:
        printed(signals, arguments.layout, name, arguments.seed)


if __name__ == "__main__":
    main()
