"""What the limb leads of a sheet say of each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ._alignment import pixels_per_mm_of
from ._layouts import LeadLayout

_NAMES = ("I", "II", "III")


def limb_lead_misfit(
    traces: NDArray[np.float32], lead_names: Sequence[str], layout: LeadLayout
) -> NDArray[np.float64]:
    """Compare the limb leads with Einthoven's law, II = I + III.

    Parameters
    ----------
    traces : ndarray of shape (n_samples, n_leads, n_timesteps)
        Signals of sheets in mV, NaN where nothing is printed.
    lead_names : sequence of str of length n_leads
        Names of the leads.
    layout : LeadLayout
        Says which leads are printed at the same time.

    Returns
    -------
    ndarray of shape (n_samples,)
        Root mean square of II - I - III, relative to that of the three leads; all without their
        offsets. About 0 for leads of one moment, 1 and more for leads that have nothing to do with
        each other. NaN where one of the leads is missing, or is printed at another time.

    References
    ----------
    W. Einthoven, G. Fahr, A. de Waart, "Über die Richtung und die manifeste Grösse der
    Potentialschwankungen im menschlichen Herzen", Pflügers Archiv 150, 1913, 275-315.
    """
    unknown = np.full(len(traces), np.nan)
    starts = {name: trace[0] for name, trace in zip(layout.lead_names, layout.traces or ())}
    if not set(_NAMES) <= set(lead_names) & starts.keys():
        return unknown
    if np.ptp([starts[name] for name in _NAMES]) > pixels_per_mm_of(layout):
        return unknown
    leads = traces[:, [list(lead_names).index(name) for name in _NAMES]].astype(np.float64)
    is_printed = ~np.isnan(leads).any(axis=1, keepdims=True)
    n_printed = is_printed.sum(axis=2, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):  # a sheet of which nothing was read
        offsets = leads.sum(axis=2, keepdims=True, where=is_printed) / n_printed
        leads = np.where(is_printed, leads - offsets, 0)
        misfit = leads[:, 1] - leads[:, 0] - leads[:, 2]
        return np.sqrt((misfit**2).sum(1) / (leads**2).sum(2).mean(1))
