from __future__ import annotations

import numpy as np
import pytest

from skecg.sheet import LAYOUTS, limb_lead_misfit

EDAN = LAYOUTS["edan-3x4"]
LEADS = ["I", "II", "III"]


def three_leads(n_timesteps=400):
    first, third = np.random.default_rng(0).normal(size=(2, n_timesteps))
    return np.stack([first, first + third, third])[None].astype(np.float32)


def test_leads_of_one_moment_fit_whatever_their_offsets():
    offsets = np.array([1, -2, 5], np.float32)[:, None]
    assert limb_lead_misfit(three_leads() + offsets, LEADS, EDAN) == pytest.approx(0, abs=1e-6)


def test_leads_that_have_nothing_to_do_with_each_other_do_not_fit():
    # Of three independent leads of variance 1, the sum of squares is 3 and their mean 1.
    traces = np.random.default_rng(0).normal(size=(1, 3, 100_000)).astype(np.float32)
    assert limb_lead_misfit(traces, LEADS, EDAN) == pytest.approx(np.sqrt(3), rel=0.01)


def test_what_is_not_printed_does_not_count():
    traces = np.concatenate([three_leads(), np.full((1, 3, 50), np.nan, np.float32)], axis=2)
    assert limb_lead_misfit(traces, LEADS, EDAN) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("traces", "names"),
    [
        (three_leads(), ["I", "II", "V1"]),
        (np.full((1, 3, 50), np.nan, np.float32), LEADS),
        (np.zeros((1, 3, 50), np.float32), LEADS),
    ],
    ids=["a lead is missing", "nothing was read", "flat lines"],
)
def test_where_nothing_can_be_said_the_misfit_is_nan(traces, names):
    assert np.isnan(limb_lead_misfit(traces, names, EDAN)).all()


def test_no_sheet_has_no_misfit():
    assert limb_lead_misfit(np.empty((0, 3, 50), np.float32), LEADS, EDAN).shape == (0,)
