"""Simulated 12-lead ECGs of the four classes of the sheets."""

from __future__ import annotations

import numpy as np

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")

_MEASURED = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")  # I and II determine the others

# Amplitudes (mV) of P, Q, R, S, ST and T in the measured leads of a healthy adult.
_WAVES = np.array(
    [
        [0.08, -0.04, 0.60, -0.10, 0.0, 0.20],
        [0.14, -0.06, 0.95, -0.14, 0.0, 0.28],
        [0.04, 0.00, 0.18, -0.75, 0.0, 0.02],
        [0.06, 0.00, 0.35, -1.05, 0.02, 0.35],
        [0.06, 0.00, 0.60, -0.75, 0.02, 0.40],
        [0.07, -0.04, 1.00, -0.45, 0.0, 0.36],
        [0.07, -0.06, 1.05, -0.20, 0.0, 0.30],
        [0.06, -0.06, 0.85, -0.08, 0.0, 0.24],
    ]
)
_P, _Q, _R, _S, _ST, _T = range(6)
# Centre after the R peak and width (s) of each wave, at 60 beats per minute.
_CENTRES = np.array([-0.165, -0.030, 0.0, 0.030, 0.130, 0.290])
_WIDTHS = np.array([0.022, 0.010, 0.011, 0.012, 0.050, 0.048])

# Leads (indices into _MEASURED) that face the wall damaged by an infarction.
_WALLS = ([2, 3, 4, 5], [1], [0, 6, 7])  # anterior, inferior, lateral


def simulate_leads(
    label: str,
    subject: np.random.RandomState,
    recording: np.random.RandomState,
    sampling_rate: float,
    duration: float = 10.0,
) -> tuple[np.ndarray, float]:
    """Simulate 12 leads: ``subject`` draws the waves and the rate, ``recording`` the rest.

    Returns
    -------
    signals : ndarray of float64 of shape (12, n_timesteps)
        The leads in mV, in the order of ``LEADS``.
    rate : float
        Beats per minute.
    """
    normal = _WAVES * subject.lognormal(0, 0.18, (1, 6)) * subject.lognormal(0, 0.12, (8, 6))
    normal = _injure(normal, label, subject)
    ectopic = _ectopic_waves(normal, subject)
    interval = 60 / subject.uniform(58, 100)
    irregular = label == "HB" and subject.uniform() < 0.5
    ectopic_share = 0.0 if label != "HB" else (0.05 if irregular else 0.25)

    time = np.arange(round(duration * sampling_rate)) / sampling_rate
    measured = np.zeros((len(_MEASURED), len(time)))
    peak, n_beats = recording.uniform(0.1, 0.4), 0
    while peak < duration + 0.3:
        is_ectopic = n_beats > 0 and recording.uniform() < ectopic_share
        waves, widths = (ectopic, 3.2 * _WIDTHS) if is_ectopic else (normal, _WIDTHS)
        _add_beat(measured, time, peak, waves, widths, np.sqrt(interval))
        spread = 0.22 if irregular else 0.025
        following = interval * np.clip(1 + spread * recording.normal(), 0.55, 1.6)
        peak, n_beats = peak + following * (1.35 if is_ectopic else 1.0), n_beats + 1

    wander = 0.04 * np.sin(2 * np.pi * (0.25 * time + recording.uniform(size=(8, 1))))
    measured += wander + 0.006 * recording.normal(size=measured.shape)
    return _twelve(measured), 60 / interval


def _injure(waves: np.ndarray, label: str, subject: np.random.RandomState) -> np.ndarray:
    """Change the waves of the leads at one wall: acute (MI) or healed (PMI) infarction."""
    if label not in ("MI", "PMI"):
        return waves
    waves = waves.copy()
    wall = _WALLS[subject.randint(len(_WALLS))]
    if label == "MI":
        waves[wall, _ST] += subject.uniform(0.2, 0.45)
        waves[wall, _T] += subject.uniform(0.1, 0.3)
    else:
        waves[wall, _Q] -= subject.uniform(0.25, 0.5)
        waves[wall, _R] *= subject.uniform(0.3, 0.6)
        waves[wall, _T] *= -subject.uniform(0.4, 1.0)
    return waves


def _ectopic_waves(waves: np.ndarray, subject: np.random.RandomState) -> np.ndarray:
    """Waves of a ventricular beat: no P, a tall QRS and an opposite T (it is drawn wide)."""
    ectopic = np.zeros_like(waves)
    ectopic[:, _R] = 1.2 * subject.choice([-1, 1]) * (waves[:, _R] + waves[:, _S])
    ectopic[:, _T] = -0.35 * ectopic[:, _R]
    return ectopic


def _add_beat(
    measured: np.ndarray,
    time: np.ndarray,
    peak: float,
    waves: np.ndarray,
    widths: np.ndarray,
    stretch: float,
) -> None:
    # The times of P, ST and T depend on the rate, that of the QRS complex does not.
    centres = _CENTRES * np.where(np.isin(np.arange(6), (_P, _ST, _T)), stretch, 1.0)
    near = slice(*np.searchsorted(time, (peak - 0.5, peak + 0.8)))
    bumps = np.exp(-0.5 * ((time[near] - peak - centres[:, None]) / widths[:, None]) ** 2)
    measured[:, near] += waves @ bumps


def _twelve(measured: np.ndarray) -> np.ndarray:
    """Compute the other limb leads by Einthoven's law and Goldberger's definitions."""
    first, second = measured[:2]
    limbs = [
        first,
        second,
        second - first,
        -(first + second) / 2,
        first - second / 2,
        second - first / 2,
    ]
    return np.vstack([limbs, measured[2:]])
