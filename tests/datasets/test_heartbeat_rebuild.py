import numpy as np
import pytest

from skecg.datasets._heartbeat_rebuild import cut_heartbeats


def cut_one(signal, samples, i, step=3, n_timesteps=187):
    """Cut one row as the rule is written down, without any vectorising."""
    after = samples[i + 2] if i + 2 < len(samples) else len(signal)
    stop = samples[i + 1] + int(0.2 * (after - samples[i + 1]))
    piece = signal[samples[i] : stop : step].astype(np.float64)
    piece = (piece - piece.min()) / (piece.max() - piece.min())
    row = np.zeros(n_timesteps, dtype=np.float32)
    row[: len(piece)] = piece[:n_timesteps]
    return row


@pytest.mark.parametrize("step", [1, 2, 3, 8])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_rows_are_those_of_a_loop_over_beats(step, seed):
    rng = np.random.default_rng(seed)
    signal = rng.integers(0, 2048, 20_000).astype(np.int16)
    # Intervals from 40 to 2,000 samples: pieces shorter and longer than a row, at every phase.
    samples = np.cumsum(rng.integers(40, 2_000, 60))
    samples = samples[samples < 20_000]
    is_beat = rng.random(len(samples)) < 0.8
    rows, annotation = cut_heartbeats(signal, samples, is_beat, step=step)
    np.testing.assert_array_equal(annotation, np.flatnonzero(is_beat[:-1]))
    for row, i in zip(rows, annotation):
        np.testing.assert_array_equal(row, cut_one(signal, samples, i, step))


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.float64])
def test_the_whole_range_of_16_bits_is_scaled_rightly(dtype):
    # Differences of up to 65,535, which wrap in int16.
    rng = np.random.default_rng(0)
    signal = rng.integers(-(2**15), 2**15, 3_000).astype(dtype)
    signal[[150, 153]] = -(2**15), 2**15 - 1
    samples = np.arange(50, 3_000, 100)
    rows, annotation = cut_heartbeats(signal, samples, np.ones(len(samples), bool), step=3)
    for row, i in zip(rows, annotation):
        np.testing.assert_array_equal(row, cut_one(signal, samples, i))


def test_what_is_beyond_a_piece_is_a_positive_zero():
    # The same beats have the same bytes, by which duplicates are found.
    signal = -np.random.default_rng(0).random(400)
    rows, _ = cut_heartbeats(signal, np.array([10, 200, 300]), np.ones(3, bool))
    assert not np.signbit(rows).any()


def test_rows_are_written_where_it_is_asked():
    signal, samples = np.arange(500, dtype=np.int16), np.array([10, 100, 210, 400])
    expected, _ = cut_heartbeats(signal, samples, np.ones(4, bool))
    out = np.full((5, 187), 7, dtype=np.float32)
    rows, _ = cut_heartbeats(signal, samples, np.ones(4, bool), out=out[1:4])
    assert np.shares_memory(rows, out)
    np.testing.assert_array_equal(out[1:4], expected)
    assert (out[[0, 4]] == 7).all()


def test_a_piece_is_worked_out_by_hand():
    # From 2 to 11 + int(0.2 (21 - 11)) = 13, every third sample: 2, 5, 8 and 11.
    signal = np.zeros(40, dtype=np.int16)
    signal[[2, 5, 8, 11]] = [10, 4, 2, 6]
    signal[[3, 4, 12, 14]] = 99  # not kept, or beyond the piece
    rows, annotation = cut_heartbeats(
        signal, np.array([2, 11, 21]), np.array([True, False, True]), n_timesteps=6
    )
    np.testing.assert_array_equal(rows, np.float32([[1, 0.25, 0, 0.5, 0, 0]]))
    np.testing.assert_array_equal(annotation, [0])


def test_a_missing_third_annotation_is_the_end_of_the_record():
    # From 0 to 10 + int(0.2 (60 - 10)) = 20.
    signal = np.arange(60, dtype=np.int16)
    rows, _ = cut_heartbeats(signal, np.array([0, 10]), np.array([True, True]), step=1)
    assert rows.shape == (1, 187)
    np.testing.assert_array_equal(rows[0, :20], (np.arange(20) / 19).astype(np.float32))
    assert not rows[0, 20:].any()


def test_a_long_piece_is_scaled_before_it_is_cut_off():
    signal = np.zeros(100, dtype=np.int16)
    signal[[10, 79]] = [50, 200]
    rows, _ = cut_heartbeats(
        signal, np.array([10, 80]), np.array([True, False]), step=1, n_timesteps=30
    )
    assert rows[0, 0] == 0.25


def test_a_piece_may_end_with_the_record():
    # Two annotations on the last sample: the piece of the first is samples 3 to 8.
    signal = np.array([9, 9, 9, 1, 2, 3, 4, 5, 6, 7], dtype=np.int16)
    rows, _ = cut_heartbeats(
        signal, np.array([3, 9, 9]), np.array([True, False, False]), step=1, n_timesteps=8
    )
    np.testing.assert_allclose(rows[0], [0, 0.2, 0.4, 0.6, 0.8, 1, 0, 0], rtol=1e-7)


@pytest.mark.parametrize("samples", [[5, 20, 35], [5, 5, 5]])
def test_a_flat_or_empty_piece_is_a_row_of_zeros(samples):
    signal = np.full(50, 1024, dtype=np.int16)
    rows, _ = cut_heartbeats(signal, np.array(samples), np.array([True, False, False]))
    np.testing.assert_array_equal(rows, np.zeros((1, 187), dtype=np.float32))


@pytest.mark.parametrize("samples", [[], [30]])
def test_fewer_than_two_annotations_give_no_row(samples):
    rows, annotation = cut_heartbeats(np.arange(50), np.array(samples), np.ones(len(samples), bool))
    assert rows.shape == (0, 187)
    assert annotation.shape == (0,)


@pytest.mark.parametrize("samples", [[-1, 10, 20], [5, 10, 50], [5, 20, 10]])
def test_annotations_outside_the_record_or_out_of_order_are_refused(samples):
    with pytest.raises(ValueError, match=r"annotations must (lie in the signal|be in the order)"):
        cut_heartbeats(np.arange(50), np.array(samples), np.ones(3, bool))


def test_marks_that_do_not_fit_the_annotations_are_refused():
    with pytest.raises(ValueError, match="2 values for 3 annotations"):
        cut_heartbeats(np.arange(50), np.array([1, 20, 40]), np.ones(2, bool))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_signal_with_gaps_is_refused(value):
    signal = np.arange(50, dtype=np.float32)
    signal[7] = value
    with pytest.raises(ValueError, match="NaN or infinity"):
        cut_heartbeats(signal, np.array([1, 20, 40]), np.ones(3, bool))
