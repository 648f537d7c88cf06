from __future__ import annotations

import math

import pytest
import torch
from scipy.ndimage import gaussian_filter

from skecg.augmentation import Blur, Contrast, Erase, Rotate


def disc(n, height=60, width=90, row=12, column=45):
    rows, columns = torch.arange(float(height))[:, None], torch.arange(float(width))
    picture = torch.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 8)
    return picture.expand(n, 2, height, width).contiguous()


def centre(pictures):
    """Return row and column of the centre of mass, about the middle of the picture."""
    mass = pictures / pictures.sum((1, 2), keepdim=True)
    rows, columns = (torch.arange(n) - (n - 1) / 2 for n in pictures.shape[1:])
    return (mass.sum(2) * rows).sum(1), (mass.sum(1) * columns).sum(1)


def test_rotate_turns_by_up_to_its_limit_and_keeps_the_aspect():
    turned = Rotate(limit=20)(disc(300))
    rows, columns = centre(turned[:, 0])
    # The disc is 17.5 pixels above the middle of the picture, and half a pixel to the right.
    distance = (rows**2 + columns**2).sqrt()
    torch.testing.assert_close(
        distance, torch.full((300,), math.hypot(17.5, 0.5)), rtol=0.01, atol=0
    )
    angles = torch.rad2deg(torch.atan2(columns, -rows)) - math.degrees(math.atan(0.5 / 17.5))
    assert -20.5 < angles.min() < -18
    assert 18 < angles.max() < 20.5
    assert torch.equal(turned[:, 0], turned[:, 1])


def test_rotate_repeats_the_edge():
    X = torch.full((20, 1, 30, 40), 255.0)
    torch.testing.assert_close(Rotate(limit=45)(X), X)


def test_contrast_keeps_the_mean_and_the_order_of_grey_levels():
    X = torch.rand(200, 3, 8, 10) * 255
    changed = Contrast(limit=0.4)(X)
    torch.testing.assert_close(changed.mean((1, 2, 3)), X.mean((1, 2, 3)))
    factors = changed.std((1, 2, 3)) / X.std((1, 2, 3))
    assert 0.6 <= factors.min() < 0.63
    assert 1.37 < factors.max() <= 1.4
    assert torch.equal(changed.flatten(1).argsort(), X.flatten(1).argsort())


def test_blur_is_a_share_of_a_gaussian_filter():
    X = torch.rand(40, 2, 30, 20, dtype=torch.float64) * 255
    changed = Blur(sigma=1.5)(X)
    blurred = torch.from_numpy(
        gaussian_filter(X.numpy(), 1.5, axes=(2, 3), mode="nearest", radius=4)
    )
    shares = ((changed - X) / (blurred - X)).flatten(1)
    torch.testing.assert_close(shares, shares[:, :1].expand_as(shares))
    assert 0 <= shares.min() < 0.1
    assert 0.9 < shares.max() <= 1


def test_erase_fills_one_rectangle_with_the_mean():
    X = torch.rand(2000, 2, 40, 60)
    erased = Erase(limit=0.5, p=1.0)(X)
    changed = erased != X
    assert torch.equal(changed[:, 0], changed[:, 1])
    rows, columns = changed[:, 0].any(2), changed[:, 0].any(1)
    assert torch.equal(changed[:, 0], rows[:, :, None] & columns[:, None])
    assert rows.sum(1).max() == 20
    assert columns.sum(1).max() == 30
    mean = X.mean((2, 3), keepdim=True).expand_as(X)
    assert torch.equal(erased[changed], mean[changed])
    # Every row and column can be erased, those at the edges too.
    assert rows.any(0).all()
    assert columns.any(0).all()


@pytest.mark.parametrize("augment", [Rotate(), Contrast(), Blur(), Erase(p=1)], ids=repr)
@pytest.mark.parametrize("shape", [(4, 1, 1, 30), (1, 3, 20, 30), (3, 13, 16, 16)])
def test_pictures_of_any_shape(augment, shape):
    X = torch.rand(shape) * 255
    before = X.clone()
    changed = augment(X)
    assert changed.shape == shape
    assert changed.isfinite().all()
    assert torch.equal(X, before)


@pytest.mark.parametrize("augment", [Rotate(), Contrast(), Blur(), Erase()], ids=repr)
def test_signals_are_refused(augment):
    name = type(augment).__name__
    with pytest.raises(
        ValueError, match=rf"{name} takes pictures.*got a batch of shape \(4, 1, 187\)"
    ):
        augment(torch.rand(4, 1, 187))
