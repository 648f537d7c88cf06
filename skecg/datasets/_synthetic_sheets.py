"""Synthetic ECG sheets in the form of the published ones, and sheets of given signals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray
from sklearn.utils import Bunch, check_random_state, check_scalar

from ..sheet import LeadLayout, check_size, get_layout
from ._damaged_sheet import check_damage, damage_sheet, draw_damage
from ._returns import as_requested
from ._sheet_folders import SHEET_FOLDERS
from ._sheet_leads import check_signals, printed_leads, sheet_size_of
from ._sheet_press import Recording, make_press, print_sheet
from ._synthetic_leads import simulate_leads

SAMPLING_RATE = 500.0

DESCR = """\
Synthetic ECG sheets
====================

Pages with the layout of EDAN SERIES-3 sheets: header, millimetre grid, calibration pulses, 3 x 4
leads of 2.5 s above a rhythm strip (lead II), 25 mm/s, 10 mm/mV; or pages of another layout on
lined paper. The leads are sums of Gaussian waves; limb leads obey Einthoven's law. Infarctions
raise the ST segment, histories of infarction have Q waves and inverted T waves, abnormal
heartbeats are irregular or have wide ectopic beats. Or they are the signals that were passed.

- `data`: (n_samples, height, width, 3) uint8, or with damage a list of such pictures, each of a
  size of its own. `target`: index into `target_names`, where the signals are simulated.
- `groups`: the subject of each sheet. Every subject belongs to one class and has waves and a rate
  of their own. Given signals have no target and no groups.
- `signals`: (n_samples, n_leads, n_timesteps) in mV, what every lead shows at `sampling_rate`,
  NaN where it is not printed. Every column shows the seconds that follow those of the column
  before, the strip all of them. Damage changes the picture and never the signal.
- `lead_names`, `lead_starts`, `lead_seconds`: the leads, the second of the recording at which each
  one starts, and how long it is printed.
- `matrices`: (n_samples, 3, 3), from (x, y, 1) in pixels of the sheet of the layout to the
  picture. `damage`: what was drawn for each sheet.

The simulated sheets imitate no real person and are no evidence about real ECGs.
"""


@overload
def make_sheets(
    n_samples: int | None = ...,
    *,
    n_subjects: int | None = ...,
    size: tuple[int, int] | None = ...,
    signals: ArrayLike | None = ...,
    sampling_rate: float | None = ...,
    layout: str | LeadLayout = ...,
    damage: str | Sequence[str] | None = ...,
    random_state: int | np.random.RandomState | None = ...,
    return_X_y: Literal[False] = ...,
    return_X_y_groups: Literal[False] = ...,
) -> Bunch: ...


@overload
def make_sheets(
    n_samples: int | None = ...,
    *,
    n_subjects: int | None = ...,
    size: tuple[int, int] | None = ...,
    signals: ArrayLike | None = ...,
    sampling_rate: float | None = ...,
    layout: str | LeadLayout = ...,
    damage: str | Sequence[str] | None = ...,
    random_state: int | np.random.RandomState | None = ...,
    return_X_y: bool = ...,
    return_X_y_groups: bool = ...,
) -> Bunch | tuple[np.ndarray, ...]: ...


def make_sheets(
    n_samples: int | None = None,
    *,
    n_subjects: int | None = None,
    size: tuple[int, int] | None = None,
    signals: ArrayLike | None = None,
    sampling_rate: float | None = None,
    layout: str | LeadLayout = "edan-3x4",
    damage: str | Sequence[str] | None = None,
    random_state: int | np.random.RandomState | None = None,
    return_X_y: bool = False,
    return_X_y_groups: bool = False,
) -> Bunch | tuple[np.ndarray, ...]:
    """Make pictures of 12-lead ECG sheets of four classes, or of given signals.

    Parameters
    ----------
    n_samples : int or None, default=None
        Number of sheets, at most 1,000,000. The classes take turns. None is 20, or one for each
        of the ``signals``.
    n_subjects : int or None, default=None
        Number of subjects, at most ``n_samples``; each has one class. None is half the number of
        sheets, but at least one of each class. Not for given ``signals``.
    size : (int, int) or None, default=None
        Height and width in pixels, before any damage. The page is drawn at that size; layouts fit
        when the ratio is theirs. None is the size of the layout: (1572, 2213) at 200 dpi for
        ``"edan-3x4"``.
    signals : array-like of shape (n_samples, 12, n_timesteps) or (12, n_timesteps), default=None
        Signals to print, in mV; the leads I, II, III, aVR, aVL, aVF, V1 to V6. They are as long
        as the sheet shows (10 s for ``"edan-3x4"``) or longer. NaN is not drawn. None simulates
        them.
    sampling_rate : float or None, default=None
        Rate of ``signals`` in Hz, from 20 to 100,000. Simulated signals have 500 Hz.
    layout : str or LeadLayout, default="edan-3x4"
        Where the leads are printed: a name in :data:`skecg.sheet.LAYOUTS` or a layout that says
        where the traces are. Each column shows the seconds after those of the column before it;
        ``"rhythm"`` shows lead II.
    damage : str, sequence of str or None, default=None
        What happens to a sheet before it is a file. Every sheet draws its own, uniformly from the
        stated range, and the same whether alone or with others; the order is that of this list.

        - ``"no-grid"``: nothing in colour is left: no grid and no frame;
        - ``"grey-grid"``: colours become grey, as on a copy;
        - ``"rotation"``: by 1 to 5 degrees, to either side, on white;
        - ``"perspective"``: tilted by 1 to 5 degrees about both axes, under a camera 1.5 widths
          away, on white;
        - ``"desk"``: margins of a darker desk with grain and noise, each 2 to 10 % of the width
          of the sheet; rotation and perspective are then on the desk;
        - ``"dpi"``: another resolution, 100 to 600 dpi (its logarithm is uniform);
        - ``"shadow"``: the light falls off to 40 to 70 %, half of it behind a soft edge;
        - ``"blur"``: a Gaussian with a standard deviation of 0.12 to 0.25 mm;
        - ``"jpeg"``: a JPEG file of quality 15 to 40.
    random_state : int, RandomState or None, default=None
        Seed of subjects, rhythms, noise and damage. Damage does not change what is printed.
    return_X_y : bool, default=False
        Return ``(data, target)``.
    return_X_y_groups : bool, default=False
        Return ``(data, target, groups)``.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        The data set as attributes:

        data : ndarray of uint8 of shape (n_samples, height, width, 3)
            The sheets; with ``damage`` a list of n_samples such pictures, each of its own size.
        target : ndarray of int of shape (n_samples,)
            Index into ``target_names`` (MI, HB, PMI, Normal). Not for given signals, as are
            ``target_names`` and ``groups``.
        groups : ndarray of int of shape (n_samples,)
            The subject.
        signals : ndarray of float32 of shape (n_samples, n_leads, n_timesteps)
            What the leads show, in mV at ``sampling_rate``, from the start of the recording; NaN
            where a lead is not printed. The pen stops at the frame, and so do they. Damage does
            not change them.
        sampling_rate : float
            In Hz.
        lead_names : list of n_leads str
            Those of the layout.
        lead_starts, lead_seconds : ndarray of shape (n_leads,)
            When each lead starts and how long it is printed, in seconds.
        matrices : ndarray of shape (n_samples, 3, 3)
            The homography from (x, y, 1) in pixels of the layout to the picture. The first pixel
            covers 0 to 1, its centre is at 0.5.
        damage : list of n_samples dict
            What was drawn for each damage.
        DESCR : str
            Description of the data.

        Or one of the tuples.

    Raises
    ------
    ValueError
        If an argument is out of its range or does not go with the others, the signals are shorter
        than the sheet or infinite, the layout does not say where the traces are, or there is no
        memory.

    See Also
    --------
    load_sheets : The published sheets.
    load_ptbxl : Signals to print.

    Examples
    --------
    >>> from skecg.datasets import make_sheets
    >>> sheets = make_sheets(8, size=(393, 553), random_state=0)
    >>> sheets.data.shape, sheets.target.tolist(), sheets.groups.tolist()
    ((8, 393, 553, 3), [0, 1, 2, 3, 0, 1, 2, 3], [0, 1, 2, 3, 0, 1, 2, 3])

    The truth of a photograph of it:

    >>> photograph = make_sheets(1, size=(393, 553), damage=["perspective", "desk"], random_state=0)
    >>> photograph.lead_names[3], float(photograph.lead_starts[3]), photograph.signals.shape
    ('aVR', 2.5, (1, 13, 5000))
    """
    layout = get_layout(layout)
    names = check_damage(damage)
    leads = printed_leads(layout)
    size = check_size(sheet_size_of(layout)[::-1] if size is None else size)
    if min(size) < 16:
        raise ValueError(f"size must be (height, width), both at least 16; got {size}.")
    if signals is not None:
        signals = check_signals(signals, sampling_rate, leads)
        _check_goes_with_signals(
            len(signals), n_samples, n_subjects, return_X_y or return_X_y_groups
        )
        n_samples = n_subjects = len(signals)
    elif sampling_rate is not None:
        raise ValueError(
            f"sampling_rate is that of given signals; got {sampling_rate!r} without signals."
        )
    n_samples = 20 if n_samples is None else n_samples
    check_scalar(n_samples, "n_samples", int, min_val=1, max_val=1_000_000)
    if n_subjects is None:
        n_subjects = min(n_samples, max(len(SHEET_FOLDERS), n_samples // 2))
    check_scalar(n_subjects, "n_subjects", int, min_val=1, max_val=n_samples)

    rng = check_random_state(random_state)
    seeds = _damage_seeds(names, n_samples, rng, is_simulated=signals is None)
    groups = np.arange(n_samples) % n_subjects
    classes = {"target": groups % len(SHEET_FOLDERS), "target_names": np.array([*SHEET_FOLDERS])}
    rate = SAMPLING_RATE if sampling_rate is None else float(sampling_rate)
    n_timesteps = max(lead.samples(rate).stop for lead in leads)
    data = _empty(0 if names else n_samples, (*size, 3), np.uint8)
    shown = _empty(n_samples, (len(leads), n_timesteps), np.float32)
    if signals is None:
        labels = classes["target_names"][classes["target"]]
        recordings = _simulated(labels, groups, n_timesteps / rate, rng)
        classes["groups"] = groups
    else:
        recordings = (Recording(own, rate, f"ID : {k:06d}") for k, own in enumerate(signals))
        classes = {}
    press = make_press(layout, size, is_simulated=signals is None)
    drawn = [draw_damage(names, seed) for seed in seeds]
    matrices = np.tile(np.diag([*press.scale, 1.0]), (n_samples, 1, 1))
    damaged = []
    for i, recording in enumerate(recordings):
        sheet, shown[i] = print_sheet(press, recording)
        if names:
            picture, matrix = damage_sheet(sheet, drawn[i], press.printing.mm * press.scale[0])
            damaged.append(picture)
            matrices[i] = matrix @ matrices[i]
        else:
            data[i] = sheet
    sheets = Bunch(
        data=damaged if names else data,
        **classes,
        signals=shown,
        sampling_rate=rate,
        lead_names=[lead.name for lead in leads],
        lead_starts=np.array([lead.start for lead in leads]),
        lead_seconds=np.array([lead.seconds for lead in leads]),
        matrices=matrices,
        damage=drawn,
        DESCR=DESCR,
    )
    return as_requested(sheets, return_X_y, return_X_y_groups)


def _empty(n_samples: int, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray:
    try:
        return np.empty((n_samples, *shape), dtype)
    except MemoryError as error:
        raise ValueError(
            f"There is no memory for n_samples={n_samples} arrays of size {shape}. Make fewer or "
            "smaller sheets."
        ) from error


def _check_goes_with_signals(
    n_signals: int, n_samples: int | None, n_subjects: int | None, wants_target: bool
) -> None:
    if n_samples not in (None, n_signals):
        raise ValueError(
            f"n_samples is the number of signals, {n_signals}; got {n_samples!r}. Leave it out."
        )
    if n_subjects is not None:
        raise ValueError(
            f"n_subjects is for simulated signals; got {n_subjects!r} with signals. Leave it out."
        )
    if wants_target:
        raise ValueError(
            "Given signals have no target that could be returned; got return_X_y or "
            "return_X_y_groups with signals. Use the Bunch."
        )


def _damage_seeds(
    names: Sequence[str], n_samples: int, rng: np.random.RandomState, is_simulated: bool
) -> NDArray[np.int64]:
    """Draw a seed for each sheet, without moving the generator that simulates the signals."""
    if not names:
        return np.zeros(n_samples, np.int64)
    own = deepcopy(rng) if is_simulated else rng
    return own.randint(np.iinfo(np.int32).max, size=n_samples)


def _simulated(
    labels: Sequence[str], groups: NDArray, duration: float, rng: np.random.RandomState
) -> Iterator[Recording]:
    """Yield the recording of every sheet."""
    seeds = rng.randint(np.iinfo(np.int32).max, size=groups.max() + 1)
    for label, subject in zip(labels, groups):
        signals, rate = simulate_leads(
            label, np.random.RandomState(seeds[subject]), rng, SAMPLING_RATE, duration
        )
        identity = f"ID : {int(seeds[subject]) % 10**6:06d}"
        heart_rate = f"HR {rate:.0f}   simulated"
        yield Recording(signals, SAMPLING_RATE, identity, heart_rate, is_simulated=True)
