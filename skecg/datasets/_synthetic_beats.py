"""Synthetic heartbeats in the form of the Kaggle heartbeat rows."""

from __future__ import annotations

from numbers import Integral
from typing import Literal, overload

import numpy as np
from sklearn.utils import Bunch, check_scalar

from .._limits import require_memory
from ..signal import AAMI_CLASSES

SAMPLING_RATE = 120.0

# Share of each class, after one beat of every class, in the order of AAMI_CLASSES.
CLASS_SHARES = np.array([0.40, 0.15, 0.20, 0.10, 0.15])

# Amplitude (mV), centre after the R peak (s) and width (s) of P, Q, R, S, T and pacing spike in a
# conducted beat at 60 beats per minute.
_WAVES = np.array(
    [
        [0.12, -0.160, 0.022],
        [-0.08, -0.028, 0.009],
        [1.00, 0.000, 0.012],
        [-0.22, 0.030, 0.012],
        [0.28, 0.290, 0.048],
        [0.00, -0.050, 0.003],
    ]
)
_P, _Q, _R, _S, _T, _SPIKE = range(6)

# The R-R interval after a beat of each class, as a share of the subject's mean interval, and its
# standard deviation: a pause after premature beats, a steady pacemaker.
_FOLLOWING_RR = np.array([[1.0, 0.05], [1.08, 0.08], [1.30, 0.10], [1.08, 0.08], [1.0, 0.02]])

DESCR = """\
Synthetic heartbeats
====================

Sums of Gaussian waves (P, Q, R, S, T and pacing spike) at 120 Hz, in the form of the Kaggle
heartbeat rows: each row starts at an R peak, runs through the following R peak for 0.2 of the next
R-R interval, is scaled to [0, 1] by its own minimum and maximum and zero-padded.

- `data`: (n_samples, n_timesteps) float32. `target`: index into `target_names` (AAMI EC57).
- `groups`: the subject of each row. Waves, rate and noise differ between subjects, so a split by
  subject is harder than one by row, as with real beats.

S beats differ from N only in the following pause and the T wave, F beats are between N and V: the
classes overlap. The rows imitate no real person and say nothing about results on real ECGs.
"""


@overload
def make_beats(
    n_samples: int = ...,
    *,
    n_subjects: int = ...,
    n_timesteps: int = ...,
    random_state: int | np.random.RandomState | np.random.Generator | None = ...,
    return_X_y: Literal[False] = ...,
) -> Bunch: ...


@overload
def make_beats(
    n_samples: int = ...,
    *,
    n_subjects: int = ...,
    n_timesteps: int = ...,
    random_state: int | np.random.RandomState | np.random.Generator | None = ...,
    return_X_y: bool = ...,
) -> Bunch | tuple[np.ndarray, np.ndarray]: ...


def make_beats(
    n_samples: int = 500,
    *,
    n_subjects: int = 10,
    n_timesteps: int = 187,
    random_state: int | np.random.RandomState | np.random.Generator | None = None,
    return_X_y: bool = False,
) -> Bunch | tuple[np.ndarray, np.ndarray]:
    """Make heartbeats of the five AAMI classes and several subjects.

    Every class has one beat; the others are N 40 %, S 15 %, V 20 %, F 10 % and Q 15 %. The beats
    of a class are divided evenly among the subjects.

    Parameters
    ----------
    n_samples : int, default=500
        Number of beats. With 5 or more, all five classes occur; with fewer, only the first ones.
    n_subjects : int, default=10
        Number of subjects, each with a different morphology. With fewer beats than subjects, every
        beat is of another subject.
    n_timesteps : int, default=187
        Length of a row at 120 Hz. Longer beats are cut off, shorter ones zero-padded.
    random_state : int, RandomState instance, Generator or None, default=None
        Seed of the beats. NumPy's global generator is neither used nor changed.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` only.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        The data set as attributes:

        data : float32 ndarray of shape (n_samples, n_timesteps)
            The beats, scaled to [0, 1].
        target : int64 ndarray of shape (n_samples,)
            The class as an index into `target_names`.
        target_names : ndarray of shape (5,)
            The AAMI classes.
        groups : int64 ndarray of shape (n_samples,)
            The subject of each beat, from 0.
        sampling_rate : float
            120.0 Hz.
        DESCR : str
            Description of the data.
    (data, target) : tuple
        If ``return_X_y=True``.

    See Also
    --------
    load_heartbeat : The published beats.

    References
    ----------
    .. [1] P. E. McSharry, G. D. Clifford, L. Tarassenko and L. A. Smith, "A dynamical model for
           generating synthetic electrocardiogram signals", IEEE Trans Biomed Eng 50(3):289-294,
           2003 (waves as Gaussians about the R peak).

    Examples
    --------
    >>> from skecg.datasets import make_beats
    >>> beats = make_beats(100, n_subjects=4, random_state=0)
    >>> beats.data.shape, beats.target_names[beats.target[:3]].shape
    ((100, 187), (3,))
    """
    check_scalar(n_samples, "n_samples", Integral, min_val=1)
    check_scalar(n_subjects, "n_subjects", Integral, min_val=1)
    check_scalar(n_timesteps, "n_timesteps", Integral, min_val=1)
    # A beat has up to some 300 values before it is cut, in some five arrays.
    n_values = int(n_samples) * max(1500, int(n_timesteps)) + 100 * int(n_subjects)
    require_memory(8 * n_values, "the beats", "make fewer or shorter ones")
    rng = as_generator(random_state)

    # Giving the sorted beats to the subjects in turn spreads each class over all of them.
    order = rng.permutation(n_samples)
    target = np.repeat(np.arange(len(AAMI_CLASSES)), _class_counts(n_samples))[order]
    groups = (np.arange(n_samples) % n_subjects)[order]

    morphologies = _draw_morphologies(n_subjects, rng)
    pieces, lengths = _render(morphologies, target, groups, rng)
    data = _scale_and_pad(pieces, lengths, n_timesteps)
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        target_names=np.array(AAMI_CLASSES),
        groups=groups,
        sampling_rate=SAMPLING_RATE,
        DESCR=DESCR,
    )


def as_generator(
    random_state: int | np.random.RandomState | np.random.Generator | None,
) -> np.random.Generator:
    """Return a Generator for any form of `random_state`, never NumPy's global one."""
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(0, 2**31, size=4))
    if isinstance(random_state, np.random.Generator) or random_state is None:
        return np.random.default_rng(random_state)
    if isinstance(random_state, Integral) and not isinstance(random_state, bool):
        if random_state >= 0:
            return np.random.default_rng(int(random_state))
        raise ValueError(f"random_state must not be negative, got {random_state}.")
    raise TypeError(
        "random_state must be an int, a numpy RandomState or Generator, or None, got "
        f"{random_state!r}."
    )


def _class_counts(n_samples: int) -> np.ndarray:
    """Return the number of beats of each class: one each, the rest by CLASS_SHARES."""
    counts = (np.arange(len(CLASS_SHARES)) < n_samples).astype(int)
    exact = (n_samples - counts.sum()) * CLASS_SHARES
    counts += np.floor(exact).astype(int)
    # What rounding down left over goes to the largest remainders.
    largest = np.argsort(np.floor(exact) - exact, kind="stable")
    counts[largest[: n_samples - counts.sum()]] += 1
    return counts


def _draw_morphologies(n_subjects: int, rng: np.random.Generator) -> np.ndarray:
    """Draw the waves of each subject and class: (n_subjects, 5, 6, 3), classes as AAMI_CLASSES."""
    normal = _WAVES * np.exp(rng.normal(0, [0.25, 0.08, 0.15], size=(n_subjects, *_WAVES.shape)))

    supraventricular = normal.copy()
    supraventricular[:, _T, 0] *= rng.uniform(0.5, 1.0, n_subjects)
    supraventricular[:, _S, 0] *= rng.uniform(0.8, 1.4, n_subjects)

    ventricular = normal.copy()
    ventricular[:, _P, 0] = 0
    ventricular[:, _Q : _S + 1, 2] *= rng.uniform(2.0, 3.5, (n_subjects, 1))
    ventricular[:, _S, :2] *= rng.uniform([1.5, 3.0], [3.0, 4.5], (n_subjects, 2))
    ventricular[:, _T, 0] *= -rng.uniform(0.6, 1.6, n_subjects)

    share = rng.uniform(0.35, 0.65, (n_subjects, 1, 1))
    fusion = share * normal + (1 - share) * ventricular

    paced = normal.copy()
    paced[:, _P, 0] = 0
    paced[:, _R : _S + 1, 2] *= rng.uniform(1.5, 2.5, (n_subjects, 1))
    paced[:, _S, 1] *= 2.5
    paced[:, _T, 0] *= -rng.uniform(0.3, 1.2, n_subjects)
    paced[:, _SPIKE, 0] = rng.uniform(0.4, 1.0, n_subjects)
    return np.stack([normal, supraventricular, ventricular, fusion, paced], axis=1)


def _render(
    morphologies: np.ndarray, target: np.ndarray, groups: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw each beat, the one after it and the noise: (n_samples, longest) and the lengths."""
    n_samples, n_subjects = len(target), len(morphologies)
    mean_rr = rng.uniform(0.6, 1.0, n_subjects)[groups]
    factor, spread = _FOLLOWING_RR[target].T
    rr = mean_rr * np.clip(rng.normal(factor, spread), 0.6, 1.6)
    next_rr = mean_rr * np.clip(rng.normal(1.0, 0.05, n_samples), 0.6, 1.6)
    lengths = np.floor((rr + 0.2 * next_rr) * SAMPLING_RATE).astype(int)
    time = np.arange(lengths.max()) / SAMPLING_RATE

    # A paced beat is followed by a paced beat, any other by a conducted one.
    paced = AAMI_CLASSES.index("Q")
    following = np.where(target == paced, paced, AAMI_CLASSES.index("N"))
    signal = np.zeros((n_samples, len(time)))
    for classes, start, interval in ((target, np.zeros(n_samples), rr), (following, rr, next_rr)):
        waves = morphologies[groups, classes]
        waves = waves * np.exp(rng.normal(0, [0.12, 0.02, 0.05], size=waves.shape))
        # The Q-T interval follows the square root of the R-R interval (Bazett).
        waves[:, _T, 1] *= np.sqrt(interval)
        for amplitude, centre, width in waves.transpose(1, 2, 0)[:, :, :, np.newaxis]:
            shift = time - start[:, np.newaxis] - centre
            signal += amplitude * np.exp(-0.5 * (shift / width) ** 2)

    wander = rng.normal(0, 0.06, (n_samples, 1))
    phase = rng.uniform(0, 2 * np.pi, (n_samples, 1))
    signal += wander * np.sin(2 * np.pi * 0.3 * time + phase)
    noise = rng.uniform(0.01, 0.03, n_subjects)[groups]
    signal += noise[:, np.newaxis] * rng.standard_normal(signal.shape)
    return signal, lengths


def _scale_and_pad(pieces: np.ndarray, lengths: np.ndarray, n_timesteps: int) -> np.ndarray:
    """Scale each piece to [0, 1] over its own length; cut or zero-pad it to `n_timesteps`."""
    inside = np.arange(pieces.shape[1]) < lengths[:, np.newaxis]
    low = np.where(inside, pieces, np.inf).min(axis=1, keepdims=True)
    high = np.where(inside, pieces, -np.inf).max(axis=1, keepdims=True)
    scaled = np.where(inside, (pieces - low) / (high - low), 0.0)[:, :n_timesteps]
    data = np.zeros((len(pieces), n_timesteps), dtype=np.float32)
    data[:, : scaled.shape[1]] = scaled
    return data
