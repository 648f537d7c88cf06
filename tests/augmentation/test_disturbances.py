from __future__ import annotations

import pytest
import torch

from skecg.augmentation import BaselineWander, Noise, PowerLine, augmentation_steps

ALL = [BaselineWander(sampling_rate=125), PowerLine(sampling_rate=250), Noise()]


def added_to(augment, shape):
    X = torch.rand(shape, dtype=torch.float64)
    return augment(X) - X


def peak_frequency(signals, sampling_rate):
    spectrum = torch.fft.rfft(signals).abs()
    return spectrum.argmax(-1) * sampling_rate / signals.shape[-1]


def test_wander_is_slow_and_as_large_as_it_says():
    added = added_to(BaselineWander(sampling_rate=50, amplitude=0.3, frequency=2), (400, 2, 2000))
    frequencies = peak_frequency(added, 50)
    assert torch.equal(frequencies[:, 0], frequencies[:, 1])
    assert 1.9 < frequencies.max() <= 2
    assert frequencies.min() < 0.1
    assert 0.29 < added.abs().max() <= 0.3
    amplitudes = added.abs().amax(-1)
    assert not torch.allclose(amplitudes[:, 0], amplitudes[:, 1], rtol=0.1)


def test_hum_has_the_frequency_of_the_line():
    added = added_to(PowerLine(sampling_rate=500, amplitude=0.2, frequency=60), (200, 3, 1000))
    assert torch.equal(peak_frequency(added, 500), torch.full((200, 3), 60.0))
    assert 0.19 < added.abs().max() <= 0.2


def test_noise_is_white_and_as_strong_as_it_says():
    added = added_to(Noise(deviation=0.5), (300, 2, 4000))
    deviations = added.std(-1)
    torch.testing.assert_close(deviations[:, 0], deviations[:, 1], rtol=0.1, atol=0.0)
    assert deviations.min() < 0.02
    assert 0.48 < deviations.max() < 0.52
    neighbours = (added[..., 1:] * added[..., :-1]).mean(-1) / added.square().mean(-1)
    assert neighbours.abs().max() < 0.1


@pytest.mark.parametrize("augment", ALL, ids=repr)
@pytest.mark.parametrize("shape", [(8, 40), (8, 1, 40), (8, 2, 40)])
def test_padding_stays(augment, shape):
    X = torch.rand(shape) + 1
    X[..., 10] = 0.0  # a value, not padding
    X[:4, ..., 30:] = 0.0
    X[4] = 0.0
    changed = type(augment)(**{**augment.get_params(), "padding": 0.0})(X)
    assert torch.equal(changed[:4, ..., 30:], X[:4, ..., 30:])
    assert (changed[:4, ..., :30] != X[:4, ..., :30]).float().mean() > 0.95
    assert (changed[:4, ..., 29] != X[:4, ..., 29]).any()
    assert torch.equal(changed[4], X[4])
    assert (changed[5:] != X[5:]).float().mean() > 0.95


def test_a_rate_too_low_for_the_line_is_refused():
    with pytest.raises(ValueError, match=r"above 100 Hz.*got 100 Hz"):
        augmentation_steps(PowerLine(sampling_rate=100))
    augmentation_steps(PowerLine(sampling_rate=125))
    with pytest.raises(ValueError, match="'sampling_rate' parameter of PowerLine must be"):
        augmentation_steps(PowerLine(sampling_rate=None))
