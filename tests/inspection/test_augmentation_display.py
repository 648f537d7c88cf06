from __future__ import annotations

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from matplotlib.image import AxesImage

from skecg.augmentation import Gain, Mixup, Noise, Rotate, Shift
from skecg.inspection import AugmentationDisplay


@pytest.fixture
def signals():
    return np.random.default_rng(0).normal(size=(5, 2, 60)).astype(np.float32)


def halve(X):
    return X / 2


def test_a_signal_and_its_draws_lie_over_each_other(signals):
    display = AugmentationDisplay.from_augment(
        [Gain(), halve], signals, sample=1, lead=1, n_draws=3, sampling_rate=30, random_state=0
    )
    assert list(display.artists_) == ["Gain()", "halve", "together"]
    assert display.axes_.shape == (3, 1)
    for lines in display.artists_.values():
        assert len(lines) == 4
        np.testing.assert_array_equal(lines[0].get_ydata(), signals[1, 1])
        assert lines[0].get_xdata()[-1] == pytest.approx(59 / 30)
    drawn = display.artists_["halve"][1].get_ydata()
    np.testing.assert_array_equal(drawn, signals[1, 1] / 2)
    factors = [line.get_ydata()[0] / signals[1, 1, 0] for line in display.artists_["Gain()"][1:]]
    assert len({round(float(f), 5) for f in factors}) == 3
    assert display.axes_[-1, 0].get_xlabel() == "time (s)"
    display.figure_.canvas.draw()


def test_the_seed_decides_the_draws_and_the_global_generator_does_not_move(signals):
    state = torch.get_rng_state()
    displays = [
        AugmentationDisplay.from_augment(Noise(), signals, random_state=seed) for seed in (0, 0, 1)
    ]
    assert torch.equal(torch.get_rng_state(), state)
    first, same, other = (display.augmented["Noise()"] for display in displays)
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(("n_channels", "shape"), [(3, (20, 30, 3)), (13, (20, 30))])
def test_pictures_stand_beside_their_draws(n_channels, shape):
    X = np.random.default_rng(0).integers(0, 256, (4, n_channels, 20, 30), dtype=np.uint8)
    display = AugmentationDisplay.from_augment([Rotate(), Shift()], X, n_draws=2, random_state=0)
    assert display.axes_.shape == (3, 3)
    for images in display.artists_.values():
        assert all(isinstance(image, AxesImage) for image in images)
        assert images[0].get_array().shape == shape
    display.figure_.canvas.draw()


def test_blends_are_with_other_samples(signals):
    signals[1:] = 100.0
    display = AugmentationDisplay.from_augment(
        Mixup(alpha=5.0), signals[:, 0], n_draws=40, random_state=0
    )
    means = np.array([line.get_ydata().mean() for line in display.artists_["Mixup(alpha=5.0)"][1:]])
    assert 1 < means.max() < 51


def test_equal_augmentations_have_names_of_their_own(signals):
    display = AugmentationDisplay.from_augment([Noise(), Noise(), Noise()], signals)
    assert list(display.artists_) == ["Noise()", "Noise() (2)", "Noise() (3)", "together"]


def test_it_is_drawn_where_it_is_told_to_and_as_it_is_told_to(signals):
    figure, ax = plt.subplots()
    display = AugmentationDisplay.from_augment(
        Gain(), signals, ax=ax, line_kw={"color": "black", "lw": 4}
    )
    assert display.figure_ is figure
    assert display.axes_[0, 0] is ax
    assert display.artists_["Gain()"][1].get_linewidth() == 4
    assert display.artists_["Gain()"][1].get_color() == "black"


@pytest.mark.parametrize(
    ("augment", "options", "error", "message"),
    [
        (None, {}, ValueError, "must be an augmentation to draw; got augment=None"),
        (Gain, {}, TypeError, "the class Gain"),
        (Gain(limit=2), {}, ValueError, "'limit' parameter of Gain must be"),
        (Rotate(), {}, ValueError, "Rotate takes pictures"),
        (Gain(), {"sample": 5}, IndexError, "5 samples; got sample=5"),
        (Gain(), {"lead": 2}, IndexError, "2"),
    ],
    ids=str,
)
def test_wrong_arguments(signals, augment, options, error, message):
    with pytest.raises(error, match=message):
        AugmentationDisplay.from_augment(augment, signals, **options)


def test_X_must_be_samples():
    with pytest.raises(ValueError, match=r"got shape \(60,\)"):
        AugmentationDisplay.from_augment(Gain(), np.zeros(60))
