"""Synthetic ECG records with annotated beats, in the form of `load_mitbih`."""

from __future__ import annotations

import math
from numbers import Integral, Real

import numpy as np
from sklearn.utils import Bunch, check_scalar
from tqdm import tqdm

from .._limits import require_memory
from ..signal import AAMI_CLASSES, aami_codes
from ._synthetic_beats import as_generator

SYMBOLS = {"N": "N", "S": "A", "V": "V", "F": "F", "Q": "/"}

# For the waves P, Q, R, S, T: angle in the cardiac cycle (degrees, R at 0), height and angular
# width (radians) of the simulator's Gaussians. N is the simulator's default.
_WAVES = {
    "N": ((-70, -15, 0, 15, 100), (1.2, -5, 30, -7.5, 0.75), (0.25, 0.1, 0.1, 0.1, 0.4)),
    "S": ((-50, -15, 0, 15, 95), (-0.8, -5, 30, -7.5, 0.6), (0.2, 0.1, 0.1, 0.1, 0.35)),
    "V": ((-70, -35, 0, 38, 130), (0, -2, 12, -5, -1.0), (0.25, 0.2, 0.28, 0.3, 0.5)),
    "Q": ((-70, -25, 0, 35, 120), (0, 0, 14, -6, -0.7), (0.25, 0.1, 0.2, 0.25, 0.45)),
}

# Beats of a round besides the conducted ones, as runs that stay together. With at most 20 conducted
# beats a round takes less than 35 s, so every minute has all classes.
_RUNS = (("S",), ("S",), ("V",), ("V",), ("V",), ("F",), ("Q", "Q", "Q"))
_CONDUCTED = (12, 20)

# Range of the interval before a premature beat, as a share of the subject's mean interval.
_COUPLING = {"S": (0.65, 0.87), "V": (0.6, 0.8)}

DESCR = """\
Synthetic ECG records
=====================

One lead, made of beats that NeuroKit2's ECGSYN simulator draws, with R-R variation, baseline wander
and noise. The form is that of `load_mitbih`: `data` in mV, and for each record the `annotations`
(`sample`, `symbol`, `aux_note`) and their AAMI classes in `target`, -1 where one is not a beat.

- N: sinus rhythm with respiratory variation. S: premature, narrow, inverted or no P wave.
- V: premature, wide, no P wave, T wave opposed to the QRS complex, compensatory pause.
- F: on time, a mixture of the subject's N and V beat in proportions that change from beat to beat.
- Q: paced, a spike before a wide QRS complex, three beats in a row.

Beats, rate, breathing and noise differ between subjects. One subject in four has two records, as
201 and 202 of the MIT-BIH database come from one man: split by `groups`, not by `records`. The
records imitate no real person and say nothing about results on real ECGs.
"""


def make_records(
    n_subjects: int = 10,
    *,
    duration: float = 60.0,
    sampling_rate: int = 360,
    random_state: int | np.random.RandomState | np.random.Generator | None = None,
    progress: bool = False,
) -> Bunch:
    """Make annotated one-lead records of several subjects with all five AAMI classes.

    Parameters
    ----------
    n_subjects : int, default=10
        Number of subjects. The second of every four has two records, every other subject one.
    duration : float, default=60.0
        Length of each record in seconds, at least 2. All five classes occur in every record of a
        minute or more.
    sampling_rate : int, default=360
        Sampling rate in Hz, at least 100.
    random_state : int, RandomState instance, Generator or None, default=None
        Seed of the records. NumPy's global generator is neither used nor changed.
    progress : bool, default=False
        Whether to show a progress bar over the subjects.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        The data set as attributes:

        data : float32 ndarray of shape (n_records, n_samples)
            The lead in mV.
        target : list of n_records int64 ndarrays
            The AAMI class of each annotation as an index into `target_names`; -1 where the
            annotation is not a beat. Aligned with `annotations`.
        target_names : ndarray of shape (5,)
            The AAMI classes.
        groups : ndarray of shape (n_records,)
            The subject of each record: the number of the subject's first record.
        records : ndarray of shape (n_records,)
            The number of each record, from 100.
        lead_names : list of n_records str
            ``"MLII"`` for each record.
        annotations : list of n_records Bunch
            Arrays ``sample`` (position in the record), ``symbol`` (WFDB code) and ``aux_note``.
        skipped : list
            Empty; `load_mitbih` lists unreadable records here.
        sampling_rate : float
            In Hz.
        units : str
            ``"mV"``.
        DESCR : str
            Description of the records.

    See Also
    --------
    load_mitbih : The records that these are like.

    References
    ----------
    .. [1] P. E. McSharry, G. D. Clifford, L. Tarassenko and L. A. Smith, "A dynamical model for
           generating synthetic electrocardiogram signals", IEEE Trans Biomed Eng 50(3):289-294,
           2003.
    .. [2] D. Makowski et al., "NeuroKit2: A Python toolbox for neurophysiological signal
           processing", Behavior Research Methods 53:1689-1696, 2021.

    Examples
    --------
    >>> from skecg.datasets import make_records
    >>> ecg = make_records(2, duration=10, random_state=0)
    >>> ecg.data.shape, ecg.groups.tolist(), ecg.records.tolist()
    ((3, 3600), [100, 101, 101], [100, 101, 102])
    """
    check_scalar(n_subjects, "n_subjects", Integral, min_val=1)
    check_scalar(duration, "duration", Real, min_val=2)
    check_scalar(sampling_rate, "sampling_rate", Integral, min_val=100)
    if not np.isfinite(float(min(duration, 1e300))):
        raise ValueError(f"duration must be finite; got {duration!r}")
    duration, sampling_rate = min(duration, 10**18), int(sampling_rate)
    n_values = int(n_subjects) * int(duration) * sampling_rate
    require_memory(8 * n_values, "the records", "make fewer or shorter ones, or at a lower rate")
    rng = as_generator(random_state)
    n_samples = round(duration * sampling_rate)

    rows: list[np.ndarray] = []
    groups, annotations = [], []
    for subject in tqdm(range(n_subjects), desc="Subjects", unit="subject", disable=not progress):
        first = 100 + len(rows)
        heart_rate = rng.uniform(62, 95)
        templates, peak = _draw_templates(heart_rate, sampling_rate, rng)
        noise = rng.uniform(0.01, 0.04)
        for _ in range(2 if subject % 4 == 1 else 1):
            classes, peaks = _draw_rhythm(60 / heart_rate, n_samples, sampling_rate, rng)
            signal = _assemble(templates, peak, classes, peaks, n_samples, rng)
            signal += _draw_wander(n_samples, sampling_rate, rng)
            signal += noise * rng.standard_normal(n_samples)
            rows.append(signal.astype(np.float32))
            groups.append(first)
            annotations.append(_annotate(classes, peaks))
    return Bunch(
        data=np.stack(rows),
        target=[aami_codes(annotation.symbol) for annotation in annotations],
        target_names=np.array(AAMI_CLASSES),
        groups=np.array(groups),
        records=100 + np.arange(len(rows)),
        lead_names=["MLII"] * len(rows),
        annotations=annotations,
        skipped=[],
        sampling_rate=float(sampling_rate),
        units="mV",
        DESCR=DESCR,
    )


def _draw_templates(
    heart_rate: float, sampling_rate: int, rng: np.random.Generator
) -> tuple[dict[str, np.ndarray], int]:
    """Draw one subject's N, S, V and Q beat (mV, equally long) and the R peak they share."""
    gain = rng.uniform(0.8, 1.4)
    cycle = 60 / heart_rate
    peak = round(0.4 * cycle * sampling_rate)
    beats = {}
    for name, waves in _WAVES.items():
        angles, heights, widths = (np.array(values, dtype=float) for values in waves)
        angles *= rng.uniform(0.9, 1.1, 5)
        heights *= rng.uniform(0.7, 1.3, 5)
        widths *= rng.uniform(0.85, 1.15, 5)
        if name == "S" and rng.random() < 0.4:
            heights[0] = 0
        seed = int(rng.integers(2**31))
        signal, r_peak = _simulate(heart_rate, sampling_rate, angles, heights, widths, seed)
        beat = signal[r_peak - peak : r_peak - peak + round(cycle * sampling_rate)]
        beats[name] = gain * (beat - np.linspace(beat[0], beat[-1], len(beat)))

    # The lead may see a ventricular focus from the other side.
    if rng.random() < 0.3:
        beats["V"] = -beats["V"]
    spike = peak - round(0.06 * sampling_rate)
    width = max(1, round(0.002 * sampling_rate))  # 2 ms, or one sample if that is longer
    beats["Q"][spike : spike + width] += rng.uniform(0.5, 1.0)
    return beats, peak


def _simulate(
    heart_rate: float,
    sampling_rate: int,
    angles: np.ndarray,
    heights: np.ndarray,
    widths: np.ndarray,
    seed: int,
) -> tuple[np.ndarray, int]:
    """Simulate a steady rhythm of one kind of beat (mV) and return the position of one R peak."""
    # Imported here because it loads pandas and takes seconds, and only this function needs it.
    import neurokit2

    cycle = 60 / heart_rate
    signal = neurokit2.ecg_simulate(
        duration=6 * cycle,
        # neurokit2 before 0.2.13 does not round the duration to samples.
        length=math.ceil(6 * cycle * sampling_rate),
        sampling_rate=sampling_rate,
        noise=0,
        heart_rate=heart_rate,
        heart_rate_std=0,
        method="ecgsyn",
        random_state=seed,
        ti=angles,
        ai=heights,
        bi=widths,
    )
    # The simulator starts at an R peak and needs some cycles to settle, so we take the fifth.
    expected, reach = round(4 * cycle * sampling_rate), round(0.08 * sampling_rate)
    return signal, expected - reach + int(signal[expected - reach : expected + reach].argmax())


def _draw_rhythm(
    mean_rr: float, n_samples: int, sampling_rate: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the classes of a record's beats and the positions of their R peaks."""
    classes, times = ["N"], [rng.uniform(0.3, 1.0) * mean_rr]
    paced_rr = rng.uniform(0.9, 1.0) * mean_rr
    depth = rng.uniform(0.02, 0.06)  # of the respiratory variation
    pause = 1.0
    while times[-1] * sampling_rate < n_samples:
        runs = [("N",)] * int(rng.integers(_CONDUCTED[0], _CONDUCTED[1] + 1)) + list(_RUNS)
        for name in (name for index in rng.permutation(len(runs)) for name in runs[index]):
            coupling = rng.uniform(*_COUPLING[name]) if name in _COUPLING else pause
            breathing = 1 + depth * np.sin(2 * np.pi * 0.25 * times[-1]) + rng.normal(0, 0.01)
            interval = paced_rr if name == "Q" else mean_rr * coupling * breathing
            # A ventricular beat leaves the sinus rhythm as it was; a supraventricular beat resets
            # it.
            pause = {"V": 2 - coupling, "S": 1.05}.get(name, 1.0)
            classes.append(name)
            times.append(times[-1] + interval)
    peaks = np.round(np.array(times) * sampling_rate).astype(np.int64)
    inside = peaks < n_samples
    return np.array(classes)[inside], peaks[inside]


def _assemble(
    templates: dict[str, np.ndarray],
    peak: int,
    classes: np.ndarray,
    peaks: np.ndarray,
    n_samples: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Add the template of each beat at its R peak, with heights that vary a little."""
    margin = len(templates["N"])
    signal = np.zeros(n_samples + 2 * margin)
    heights = 1 + rng.normal(0, 0.04, len(peaks))
    for name, position, height in zip(classes, peaks, heights):
        start = margin + position - peak
        beat = _fuse(templates, rng) if name == "F" else templates[name]
        signal[start : start + margin] += height * beat
    return signal[margin:-margin]


def _fuse(templates: dict[str, np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Mix the N and the V beat: how much of the ventricles each excites differs every time."""
    share = rng.uniform(0.3, 0.7)
    return share * templates["N"] + (1 - share) * templates["V"]


def _draw_wander(n_samples: int, sampling_rate: int, rng: np.random.Generator) -> np.ndarray:
    """Draw the baseline (mV): slow waves from breathing and moving electrodes."""
    frequencies = rng.uniform([0.05, 0.1, 0.2], [0.1, 0.2, 0.4])
    amplitudes = rng.uniform(0.02, 0.10, 3)
    phases = rng.uniform(0, 2 * np.pi, 3)
    time = np.arange(n_samples)[:, np.newaxis] / sampling_rate
    return np.sin(2 * np.pi * frequencies * time + phases) @ amplitudes


def _annotate(classes: np.ndarray, peaks: np.ndarray) -> Bunch:
    """Return the annotations: the rhythm at the first sample, then every beat."""
    symbols = [SYMBOLS[name] for name in classes]
    return Bunch(
        sample=np.concatenate([[0], peaks]),
        symbol=np.array(["+", *symbols], dtype="<U1"),
        aux_note=np.array(["(N"] + [""] * len(peaks), dtype=str),
    )
