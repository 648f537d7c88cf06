from __future__ import annotations

import pytest
import torch

from skecg.augmentation import Gain, LeadDropout, TimeMask, TimeStretch


def test_gain_multiplies_all_leads_by_one_factor():
    X = torch.rand(300, 2, 50) + 1
    factors = (Gain(limit=0.3)(X) / X).flatten(1)
    torch.testing.assert_close(factors, factors[:, :1].expand_as(factors))
    assert 0.7 <= factors.min() < 0.72
    assert 1.28 < factors.max() <= 1.3


def ramp(n, length=101):
    return torch.arange(float(length)).expand(n, 2, length)


@pytest.mark.parametrize(("center", "position"), [(0.0, 0), (0.4, 40), (1.0, 100)])
def test_time_is_stretched_about_a_point_that_stays(center, position):
    stretched = TimeStretch(limit=0.2, center=center)(ramp(300))
    torch.testing.assert_close(stretched[..., position], torch.full((300, 2), float(position)))
    at = position + 10 if position < 100 else position - 10
    slopes = (stretched[:, 0, at] - position) / (at - position)
    # A signal that is 1.2 times as long rises 1.2 times as slowly.
    assert 1 / 1.2 - 1e-4 <= slopes.min() < 1 / 1.18
    assert 1 / 0.82 < slopes.max() <= 1 / 0.8 + 1e-4
    expected = (position + (torch.arange(101.0) - position) * slopes[:, None]).clamp(0, 100)
    torch.testing.assert_close(stretched[:, 1], expected, rtol=1e-4, atol=1e-3)


def test_the_peak_of_each_signal_stays_in_all_leads():
    positions = torch.arange(20, 80)
    X = torch.exp(-((torch.arange(101.0) - positions[:, None]) ** 2) / 20)
    X = torch.stack([0.2 * X.flip(-1), -X], 1)
    stretched = TimeStretch(limit=0.3, center="peak")(X)
    assert torch.equal(stretched[:, 1].argmin(-1), positions)
    assert torch.equal(stretched[:, 1].amin(-1), X[:, 1].amin(-1))
    one_lead = TimeStretch(limit=0.3, center="peak")(X[:, 1])
    assert torch.equal(one_lead.argmin(-1), positions)


def test_a_signal_of_one_sample_has_nothing_to_stretch():
    X = torch.rand(3, 1, 1)
    assert torch.equal(TimeStretch()(X), X)


def test_a_stretch_is_masked_by_the_mean_of_its_lead():
    X = torch.rand(2000, 2, 50)
    masked = TimeMask(limit=0.2, p=1.0)(X)
    changed = masked != X
    assert torch.equal(changed[:, 0], changed[:, 1])
    assert changed[:, 0].sum(-1).max() == 10
    # One stretch: it begins and ends once.
    steps = torch.nn.functional.pad(changed[:, 0].int(), (1, 1)).diff(dim=-1)
    assert steps.abs().sum(-1).max() == 2
    assert changed[:, 0].any(0).all()
    assert torch.equal(masked[changed], X.mean(-1, keepdim=True).expand_as(X)[changed])


def test_leads_are_dropped_but_never_all():
    X = torch.rand(3000, 3, 20) + 1
    kept = LeadDropout(rate=0.4)(X)
    is_off = (kept == 0).all(-1)
    assert torch.equal(kept[~is_off], X[~is_off])
    assert is_off.sum(1).max() == 2
    # 40 % of leads, without the one lead that stays where all would go: 0.4 - 0.4**3 / 3.
    assert abs(is_off.float().mean() - (0.4 - 0.4**3 / 3)) < 0.015
    assert (LeadDropout(rate=1.0)(X) == 0).all(-1).sum() == 2 * 3000


@pytest.mark.parametrize("shape", [(4, 1, 100), (4, 100)])
def test_a_single_lead_cannot_be_dropped(shape):
    with pytest.raises(ValueError, match=r"LeadDropout takes signals of two leads or more"):
        LeadDropout()(torch.rand(shape))


@pytest.mark.parametrize("augment", [Gain(), TimeStretch(), TimeMask(), LeadDropout()], ids=repr)
def test_pictures_are_refused(augment):
    name = type(augment).__name__
    with pytest.raises(
        ValueError, match=rf"{name} takes signals.*got a batch of shape \(4, 1, 8, 9\)"
    ):
        augment(torch.rand(4, 1, 8, 9))


@pytest.mark.parametrize("augment", [Gain(), TimeStretch(), TimeMask(p=1)], ids=repr)
def test_one_lead_without_its_axis(augment):
    X = torch.rand(6, 40)
    torch.manual_seed(1)
    flat = augment(X)
    torch.manual_seed(1)
    assert torch.equal(augment(X[:, None])[:, 0], flat)
