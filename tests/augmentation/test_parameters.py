"""What holds for every augmentation."""

from __future__ import annotations

import pytest
import torch
from sklearn.base import clone

from skecg import augmentation
from skecg.augmentation import Contrast, Erase, Rotate, Shift, augmentation_steps

NEEDED = {"BaselineWander": {"sampling_rate": 125}, "PowerLine": {"sampling_rate": 125}}
NEEDED["LeadDropout"] = {"rate": 0.9}
ALL = [
    getattr(augmentation, name)(**NEEDED.get(name, {}))
    for name in augmentation.__all__
    if name != "Mixup"  # which changes targets as well: test_mixup.py
]


def batch_for(augment):
    return torch.rand(64, 3, 16, 24) if 4 in augment._n_axes else torch.rand(64, 3, 120)


@pytest.mark.parametrize("augment", ALL, ids=repr)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shape_and_type_stay_and_the_batch_itself_is_untouched(augment, dtype):
    X = batch_for(augment).to(dtype)
    before = X.clone()
    changed = augment(X)
    assert (changed.shape, changed.dtype) == (X.shape, dtype)
    assert torch.equal(X, before)
    assert not torch.equal(changed, X)


@pytest.mark.parametrize("augment", ALL, ids=repr)
def test_p_is_the_share_of_samples_that_are_changed(augment):
    X = batch_for(augment)[:8].repeat_interleave(40, 0)
    changed = clone(augment).set_params(p=0.5)(X)
    share = (changed != X).flatten(1).any(1).float().mean()
    assert 0.3 < share < 0.6
    assert torch.equal(clone(augment).set_params(p=0.0)(X), X)


@pytest.mark.parametrize("augment", ALL, ids=repr)
def test_it_draws_from_the_default_generator_and_for_each_sample_anew(augment):
    X = batch_for(augment)[:1].expand(16, -1, *[-1] * (batch_for(augment).ndim - 2))
    augment = clone(augment).set_params(p=1.0)
    torch.manual_seed(0)
    first = augment(X)
    second = augment(X)
    torch.manual_seed(0)
    assert torch.equal(augment(X), first)
    assert not torch.equal(second, first)
    assert len(first.flatten(1).unique(dim=0)) > 2


@pytest.mark.parametrize("augment", ALL, ids=repr)
def test_no_sample_knows_of_another(augment):
    X = batch_for(augment)
    others = torch.cat([X[:1], torch.rand_like(X[1:])])
    torch.manual_seed(0)
    first = augment(X)[0]
    torch.manual_seed(0)
    assert torch.equal(augment(others)[0], first)


@pytest.mark.parametrize("augment", ALL, ids=repr)
def test_a_batch_of_integers_is_refused(augment):
    with pytest.raises(
        TypeError, match=r"takes a tensor of floating-point numbers; got torch\.uint8"
    ):
        augment(torch.zeros((2, 1, 8, 8), dtype=torch.uint8))
    with pytest.raises(TypeError, match="got list"):
        augment([[0.0]])


@pytest.mark.parametrize(
    ("augment", "error", "message"),
    [
        (Shift(limit=1.5), ValueError, r"'limit' parameter of Shift must be .* Got 1\.5"),
        (Contrast(limit=1), ValueError, r"'limit' parameter of Contrast must be .* Got 1 "),
        (Rotate(limit=90), ValueError, r"'limit' parameter of Rotate must be .* Got 90"),
        (Erase(p=-0.1), ValueError, r"'p' parameter of Erase must be .* Got -0\.1"),
        (Shift, TypeError, r"augment is the class Shift; give one of it, Shift\(\)"),
        ([Shift(), "noise"], TypeError, r"augment\[1\] must be a callable .* got 'noise'"),
    ],
    ids=str,
)
def test_wrong_augmentations_are_refused(augment, error, message):
    with pytest.raises(error, match=message):
        augmentation_steps(augment)


def test_what_a_batch_goes_through():
    def own(X):
        return X

    assert augmentation_steps(None) == augmentation_steps([]) == ()
    assert augmentation_steps(own) == (own,)
    assert augmentation_steps((own, own)) == (own, own)
