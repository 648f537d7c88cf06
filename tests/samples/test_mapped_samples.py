"""Samples in a file are announced before they are gathered, and nothing else changes."""

from __future__ import annotations

import mmap
import os

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from skecg import ECGResidualCNNClassifier, SampleView
from skecg.datasets import make_beats
from skecg.samples import Batches
from skecg.samples._mapped_samples import MappedSamples

pytestmark = pytest.mark.skipif(
    not hasattr(mmap, "MADV_WILLNEED"), reason="the system takes no announcements"
)
N, PAGE = 4000, mmap.PAGESIZE


@pytest.fixture
def path(tmp_path):
    """An array of 3 MB: a header of 128 bytes, then samples of 748."""
    path = tmp_path / "X.npy"
    np.save(path, np.arange(N * 187, dtype=np.float32).reshape(N, 187))
    return path


def batches(array, rows=None):
    view = SampleView(array, rows)
    y = np.zeros(len(view), dtype=np.int64)
    return Batches(view, y, None, device=torch.device("cpu"), dtype=torch.float32)


class Log:
    """A memory map that only writes down what it is told."""

    def __init__(self):
        self.advice = []
        self.asked = []

    def madvise(self, advice, *where):
        if where:
            assert advice == mmap.MADV_WILLNEED
            self.asked.append(where)
        else:
            self.advice.append(advice)


def test_a_sample_is_announced_from_the_page_where_it_begins_to_its_end(path):
    mapped = MappedSamples.of(np.load(path, mmap_mode="r")[:, None])
    mapped.mapped = Log()
    mapped.announce(torch.tensor([0, 5, 54]))
    # 128 + 5 * 748 = 3868, whose end, 4616, is on the next page; 128 + 54 * 748 = 40520.
    begin = 40520 // PAGE * PAGE
    assert mapped.mapped.asked == [(0, 876), (0, 4616), (begin, 40520 + 748 - begin)]


def test_every_sample_is_announced_before_its_turn(path, monkeypatch):
    monkeypatch.setattr(MappedSamples, "on_disk", lambda self, rows: True)
    rows = np.arange(0, N, 2)
    samples = batches(np.load(path, mmap_mode="r"), rows)
    log = samples._mapped.mapped = Log()
    order = list(torch.randperm(len(rows)).split(300))
    for n_done, index in enumerate(samples.announced(iter(order)), start=1):
        assert index is order[n_done - 1]
        n_announced = sum(map(len, order[: n_done + 1]))
        ends = [start + n_bytes for start, n_bytes in log.asked]
        assert ends == [128 + 748 * (row + 1) for row in rows[torch.cat(order)][:n_announced]]
    assert n_done == len(order)
    assert log.advice == [mmap.MADV_RANDOM, mmap.MADV_NORMAL]


def test_what_is_in_memory_is_not_announced(path):
    array = np.load(path, mmap_mode="r")
    array.sum()
    samples = batches(array)
    samples._mapped.announce = None
    order = torch.randperm(N).split(64)
    assert_array_equal(torch.cat(list(samples.announced(iter(order)))), torch.cat(order))


def test_announced_samples_are_not_waited_for_one_by_one(path):
    rows = torch.arange(0, N, 50)
    mapped = MappedSamples.of(_evicted(path))
    if not mapped.on_disk(rows):
        pytest.skip("the files of this file system stay in memory")
    assert not mapped.on_disk(rows)
    mapped = MappedSamples.of(_evicted(path))
    mapped.announce(rows)
    assert not mapped.on_disk(rows)


def _evicted(path):
    with path.open("rb+") as file:
        os.fsync(file)
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return np.load(path, mmap_mode="r")


@pytest.mark.parametrize(
    "change",
    [
        lambda X: np.array(X),
        lambda X: X.T,
        lambda X: X[::-1],
        lambda X: X[:, ::2],
        lambda X: X[:0],
        lambda X: X.astype(">f4"),
    ],
    ids=["in memory", "transposed", "reversed", "part of each", "empty", "foreign bytes"],
)
def test_what_is_no_file_or_lies_otherwise_is_taken_as_it_is(path, change):
    X = change(np.load(path, mmap_mode="r"))
    samples = batches(X)
    assert samples._mapped is None
    order = iter([])
    assert samples.announced(order) is order


@pytest.mark.parametrize("ends", ["at the last batch", "by an error"])
def test_reading_on_is_switched_off_for_the_epoch_only(path, ends):
    samples = batches(np.load(path, mmap_mode="r"))
    samples._mapped.on_disk = lambda rows: False
    log = samples._mapped.mapped = Log()
    order = samples.announced(iter(torch.arange(N).split(1000)))
    next(order)
    assert log.advice == [mmap.MADV_RANDOM]
    if ends == "by an error":
        order.close()
    else:
        assert len(list(order)) == 3
    assert log.advice == [mmap.MADV_RANDOM, mmap.MADV_NORMAL]


def test_refused_advice_is_no_error(path):
    samples = batches(np.load(path, mmap_mode="r"))
    samples._mapped.on_disk = lambda rows: True
    samples._mapped.mapped = Refusing()
    assert len(list(samples.announced(iter(torch.arange(N).split(1000))))) == 4


class Refusing:
    def madvise(self, *args):
        raise OSError(12, "Cannot allocate memory")


@pytest.mark.parametrize("shuffle", [True, "once", "balanced", False])
def test_training_from_a_file_gives_the_same_bits(tmp_path, monkeypatch, shuffle):
    monkeypatch.setattr(MappedSamples, "on_disk", lambda self, rows: True)
    beats = make_beats(120, random_state=0)
    np.save(tmp_path / "X.npy", beats.data)
    classifier = ECGResidualCNNClassifier(
        max_epochs=2, n_filters=4, batch_size=16, shuffle=shuffle, random_state=0, n_threads=1
    )
    expected = classifier.fit(beats.data, beats.target).predict_proba(beats.data)
    X = np.load(tmp_path / "X.npy", mmap_mode="r")
    assert_array_equal(classifier.fit(X, beats.target).predict_proba(X), expected)
