from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy.signal import butter, iirnotch, lfilter, sosfiltfilt

from skecg.signal import filter_signals

RATE = 250
TIME = np.arange(10 * RATE) / RATE


def wave(frequency: float, amplitude: float = 1.0) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * frequency * TIME)


def amplitude(signal: np.ndarray, frequency: float) -> float:
    """Amplitude of one frequency in the middle 8 seconds."""
    turns = np.exp(-2j * np.pi * frequency * TIME)[RATE:-RATE]
    return 2 * abs((signal[RATE:-RATE] * turns).mean())


@pytest.mark.parametrize("causal", [False, True])
def test_a_band_passes_and_the_rest_does_not(causal):
    signal = wave(0.1, 5) + wave(10) + wave(100)
    filtered = filter_signals(signal, RATE, low=1, high=40, causal=causal)
    assert amplitude(filtered, 10) == pytest.approx(1, abs=0.01)
    assert amplitude(filtered, 0.1) < 0.1
    assert amplitude(filtered, 100) < 0.15


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("mains", [50, 60])
def test_a_notch_takes_out_the_mains_and_little_else(mains, causal):
    filtered = filter_signals(wave(mains) + wave(mains - 10), RATE, mains=mains, causal=causal)
    assert amplitude(filtered, mains) < 1e-3
    assert amplitude(filtered, mains - 10) == pytest.approx(1, abs=0.01)


def test_one_edge_is_a_high_pass_or_a_low_pass():
    signal = 7 + wave(5)
    assert abs(filter_signals(signal, RATE, low=0.5)[RATE:-RATE].mean()) < 0.01
    assert filter_signals(signal, RATE, high=40).mean() == pytest.approx(7, abs=1e-3)


def test_forwards_and_backwards_keeps_waves_in_place_and_causal_ones_come_later():
    beat = np.exp(-0.5 * ((TIME - 5) / 0.02) ** 2)
    assert filter_signals(beat, RATE, high=20).argmax() == beat.argmax()
    assert filter_signals(beat, RATE, high=20, causal=True).argmax() > beat.argmax()


def test_the_filters_are_scipys():
    signal = np.random.default_rng(0).standard_normal(500)
    sections = butter(3, [0.5, 40], "bandpass", output="sos", fs=RATE)
    expected = sosfiltfilt(sections, signal, padtype="even", padlen=375)  # 0.75 periods of 0.5 Hz
    found = filter_signals(signal, RATE, low=0.5, high=40, order=3)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    started = signal - signal[0]  # at rest before its first sample, as lfilter is
    notch = lfilter(*iirnotch(50, 30, RATE), started)
    found = filter_signals(started, RATE, mains=50, causal=True)
    np.testing.assert_allclose(found, notch, rtol=0, atol=1e-12)


@pytest.mark.parametrize("n_timesteps", [1000, 2500])
@pytest.mark.parametrize("frequency", [5.0, 5.13])
def test_the_ends_of_a_signal_are_of_use(frequency, n_timesteps):
    # SciPy's own padding, of 9 samples for this filter, leaves errors of up to 1.2, and 0.18 one
    # second from the ends.
    signal = wave(frequency)[:n_timesteps]
    error = np.abs(filter_signals(signal + 2, RATE, low=0.5) - signal)
    assert error.max() < 0.1
    assert error[RATE:-RATE].max() < 0.005


def test_a_signal_shorter_than_the_padding_of_a_low_edge_is_mirrored_once():
    signal = wave(5)[: RATE // 2]
    assert np.abs(filter_signals(signal + 2, RATE, low=0.05) - signal).max() < 0.25


def test_a_causal_filter_looks_at_no_later_sample_and_starts_at_rest():
    signal = 3 + wave(7)
    whole = filter_signals(signal, RATE, low=0.5, high=40, causal=True)
    part = filter_signals(signal[:600], RATE, low=0.5, high=40, causal=True)
    np.testing.assert_allclose(part, whole[:600], rtol=0, atol=1e-12)
    assert abs(filter_signals(np.full(50, 3.0), RATE, low=0.5, causal=True)).max() < 1e-9


def test_every_signal_is_filtered_by_itself_whatever_the_shape_and_the_memory(monkeypatch):
    X = np.random.default_rng(0).standard_normal((3, 4, 200)).astype(np.float32)
    filtered = filter_signals(X, RATE, low=1, high=40)
    assert filtered.dtype == np.float32
    assert filtered.shape == X.shape
    one = filter_signals(X[2, 1], RATE, low=1, high=40)
    assert np.array_equal(filtered[2, 1], one)
    monkeypatch.setattr("skecg.signal._filters._BLOCK", 500)
    assert np.array_equal(filter_signals(np.asfortranarray(X), RATE, low=1, high=40), filtered)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("float32", "float32"), ("int16", "float32"), ("int32", "float64"), ("float64", "float64")],
)
def test_the_type_of_the_result(dtype, expected):
    assert filter_signals(np.ones((2, 100), dtype), RATE, high=40).dtype == expected
    assert filter_signals(np.ones((0, 100), dtype), RATE, high=40).shape == (0, 100)


def test_memory_is_bounded_beside_the_result():
    X = np.zeros((256, 65_536), np.float32)  # 64 MiB, in float64 twice as much
    tracemalloc.start()
    filter_signals(X, RATE, low=0.5, high=40)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < X.nbytes + 80 * 2**20


GOOD = {"X": np.zeros((2, 300)), "sampling_rate": 250, "low": 0.5, "high": 40}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"high": 125}, r"high must be below half the sampling rate, 125 Hz.*got 125 Hz"),
        ({"mains": 150}, "mains must be below half the sampling rate"),
        ({"low": 0}, "low must be a positive number of Hz or None, got 0"),
        ({"low": "0.5"}, "low must be a positive number"),
        ({"low": 40}, "low must be below high, got 40 and 40 Hz"),
        ({"low": None, "high": None}, "nothing to filter: give low, high or mains"),
        ({"order": 0}, "order must be a whole number from 1 to 10, got 0"),
        ({"order": True}, "order must be a whole number"),
        ({"mains": 50, "mains_quality": 0}, "mains_quality must be a number above 0.5"),
        ({"sampling_rate": -1}, "sampling_rate must be a positive number of Hz"),
        ({"X": np.full((2, 300), np.nan)}, "signal 0 of X has NaN .* at sample 0, which"),
        ({"X": np.zeros((2, 15))}, "needs signals of more than 15 samples, got 15.*causal=True"),
        ({"low": 1e-12, "order": 10, "high": None}, "its band is too narrow or too low"),
    ],
)  # fmt: skip
def test_wrong_values_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        filter_signals(**(GOOD | wrong))


def test_the_place_of_a_gap_is_named():
    X = np.zeros((3, 2, 300))
    X[1, 1, 42] = np.inf
    with pytest.raises(ValueError, match=r"signal 3 of X .* at sample 42, which a filter would"):
        filter_signals(X, RATE, high=40)


def test_text_is_refused():
    with pytest.raises(TypeError, match="real numbers"):
        filter_signals(["a"], RATE, high=40)
