from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from resources import call_within

from skecg.records._votes import LABEL_VOTES, VOTES, called_votes, mean_logit_votes

RNG = np.random.default_rng(0)
# 200 rows of 1 to 30 beats of 4 classes, in no order.
N_BEATS = RNG.integers(1, 31, 200)
ROW = RNG.permutation(np.repeat(np.arange(200), N_BEATS))
PROBABILITIES = RNG.dirichlet(np.full(4, 0.3), len(ROW))


def geometric_mean(beats: np.ndarray) -> np.ndarray:
    means = np.prod(beats ** (1 / len(beats)), axis=0)
    return means / means.sum()


@pytest.mark.parametrize(
    ("voting", "of_one_record"),
    [
        ("soft", lambda beats: beats.mean(axis=0)),
        ("hard", lambda beats: np.array([np.mean(beats.argmax(axis=1) == k) for k in range(4)])),
        ("mean-logit", geometric_mean),
    ],
)
def test_votes_are_those_of_a_plain_loop(voting, of_one_record):
    ballots = PROBABILITIES
    if voting == "hard":
        ballots = np.eye(4)[PROBABILITIES.argmax(axis=1)]
    expected = [of_one_record(PROBABILITIES[i == ROW]) for i in range(200)]
    found = VOTES[voting](ballots, ROW)
    assert_allclose(found, expected, rtol=1e-10, atol=1e-15)
    assert_allclose(found.sum(axis=1), 1, rtol=1e-14)
    assert_allclose(called_votes(of_one_record, PROBABILITIES, ROW), expected, rtol=1e-10)


def mean_log_odds(beats: np.ndarray) -> np.ndarray:
    odds = np.exp(np.log(beats / (1 - beats)).mean(axis=0))
    return odds / (1 + odds)


@pytest.mark.parametrize(
    ("voting", "of_one_record"),
    [("soft", lambda b: b.mean(axis=0)), ("hard", lambda b: b.mean(axis=0)),
     ("mean-logit", mean_log_odds)],
)  # fmt: skip
def test_votes_on_labels_are_those_of_a_plain_loop(voting, of_one_record):
    ballots = RNG.uniform(0.05, 0.95, (len(ROW), 4))
    expected = [of_one_record(ballots[i == ROW]) for i in range(200)]
    assert_allclose(LABEL_VOTES[voting](ballots, ROW), expected, rtol=1e-10)


def test_probabilities_in_float32_give_sums_of_1_in_float64():
    ballots = PROBABILITIES.astype(np.float32).astype(np.float64)
    assert np.abs(ballots.sum(axis=1) - 1).max() > 1e-9
    for vote in VOTES.values():
        assert_allclose(vote(ballots, ROW).sum(axis=1), 1, rtol=1e-14)


def test_a_zero_does_not_overrule_all_other_beats():
    beats = np.array([[0.0, 1.0], *[[0.999, 0.001]] * 9])
    # Nine times log(999) = 62.2 against -log(2.2e-16) = 36.0, over ten beats.
    logit = (9 * np.log(999) + np.log(np.finfo(float).eps)) / 10
    expected = 1 / (1 + np.exp(-logit))
    assert_allclose(mean_logit_votes(beats, np.zeros(10, int))[0, 0], expected)
    assert expected > 0.9


@pytest.mark.parametrize("voting", VOTES)
def test_ten_thousand_records_vote_in_milliseconds(voting):
    row = np.repeat(np.arange(10_000), 12)
    ballots = np.tile(PROBABILITIES, (len(row) // len(PROBABILITIES) + 1, 1))[: len(row)]
    # A loop over the records takes 0.1 s and more.
    call_within(0.05, lambda: VOTES[voting](ballots, row))


def test_a_function_is_given_the_beats_of_one_record_and_scaled():
    sizes = []

    def largest(beats):
        sizes.append(beats.shape)
        return beats.max(axis=0)

    votes = called_votes(largest, PROBABILITIES, ROW)
    assert sizes == [(n, 4) for n in N_BEATS]
    expected = np.stack([PROBABILITIES[i == ROW].max(axis=0) for i in range(200)])
    assert_allclose(votes, expected / expected.sum(axis=1, keepdims=True))


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ([0.5, 0.5], r"each of the 4 classes, but it returned an array of shape \(2,\)"),
        (np.full((1, 4), 0.25), r"shape \(1, 4\)"),
        (0.5, r"shape \(\)"),
        ([np.nan, 0, 0, 1], "finite numbers"),
        ([np.inf, 0, 0, 1], "finite numbers"),
        ([-1, 0, 0, 1], "not negative.*softmax"),
        ([0, 0, 0, 0], "not all zero"),
    ],
)
def test_what_is_no_vote_is_refused(returned, message):
    with pytest.raises(ValueError, match=message):
        called_votes(lambda beats: returned, PROBABILITIES, ROW)
