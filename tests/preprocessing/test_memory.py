"""Caches by content: how often a sheet is decoded, and that an edited sheet is never stale.

A search of 3 candidates over 5 folds of N sheets and its refit need N sheets 3 * 5 + 1 times: each
fit reads the training sheets in ``fit`` and the test sheets in ``score``, together all N.
"""

from __future__ import annotations

import io
import operator
import os
import pickle
from functools import partial
from pathlib import Path
from unittest import mock

import joblib
import numpy as np
import pytest
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline as make_resampling_pipeline
from numpy.testing import assert_array_equal
from PIL import Image
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import skecg
from skecg.datasets import make_sheets
from skecg.preprocessing import AreaResize, ContentMemory, LeadCropper, _picture_cache
from skecg.preprocessing._memory import _names
from skecg.sheet import _read, read_at_most

N = 10  # sheets
CANDIDATES, FOLDS = 3, 5
SIZE = (6, 8)
TRANSFORMERS = [AreaResize(SIZE, region="grid"), LeadCropper(size=SIZE)]

each = pytest.mark.parametrize("transformer", TRANSFORMERS, ids=lambda e: type(e).__name__)


@pytest.fixture(scope="module")
def sheets():
    return make_sheets(N, size=(196, 276), random_state=0)


@pytest.fixture
def X(sheets, tmp_path):
    names = [str(tmp_path / f"{i}.jpg") for i in range(N)]
    for name, sheet in zip(names, sheets.data):
        Image.fromarray(sheet).save(name, quality=90)
    return np.array(names)


@pytest.fixture
def decoded(monkeypatch):
    """List of the pictures that were decoded, one entry each time."""
    sources, decode = [], _read._open

    def counted(source, max_pixels):
        sources.append(source)
        return decode(source, max_pixels)

    monkeypatch.setattr(_read, "_open", counted)
    return sources


@pytest.fixture
def cache(tmp_path):
    return str(tmp_path / "cache")


def entries(folder):
    return sorted(path for name in ("output.pkl", "picture") for path in Path(folder).rglob(name))


def edit(name, sheets):
    """Write another sheet over a file, of the same size in bytes and with the same time."""
    before, sheet = os.stat(name), 255 - sheets.data[0]
    content = io.BytesIO()
    Image.fromarray(sheet).save(content, "JPEG", quality=50)
    assert content.tell() < before.st_size
    Path(name).write_bytes(content.getvalue().ljust(before.st_size, b"\0"))
    os.utime(name, ns=(before.st_atime_ns, before.st_mtime_ns))


def search_over(transformer, memory=None, n_jobs=None, kind=make_pipeline):
    n_features = (13 if isinstance(transformer, LeadCropper) else 3) * SIZE[0] * SIZE[1]
    flat = FunctionTransformer(operator.methodcaller("reshape", -1, n_features))
    pipeline = kind(transformer, flat, KNeighborsClassifier(), memory=memory)
    candidates = {"kneighborsclassifier__n_neighbors": [1, 3, 5]}
    folds = KFold(FOLDS)
    return GridSearchCV(pipeline, candidates, cv=folds, n_jobs=n_jobs, error_score="raise")


def scores(search):
    results = search.cv_results_
    return np.array([results[f"split{fold}_test_score"] for fold in range(FOLDS)])


@each
def test_decoding_counts_of_a_search(transformer, X, sheets, decoded, cache):
    y = sheets.target

    def count(search):
        decoded.clear()
        search.fit(X, y)
        return len(decoded), scores(search)

    n_decoded, expected = count(search_over(transformer))
    assert n_decoded == (CANDIDATES * FOLDS + 1) * N
    assert len(np.unique(expected)) > 1

    # fit reads 4/5 of the sheets for every fold and all for the refit, score 1/5 for every one of
    # the 15 fits; in the second run only score reads.
    in_pipeline = search_over(transformer, ContentMemory(cache + "-of-pipeline"))
    for n_expected in (FOLDS * N * 4 // 5 + N + CANDIDATES * N, CANDIDATES * N):
        n_decoded, found = count(in_pipeline)
        assert n_decoded == n_expected
        assert_array_equal(found, expected)

    remembering = clone(transformer).set_params(memory=cache)
    for n_expected in (N, 0):
        n_decoded, found = count(search_over(remembering))
        assert n_decoded == n_expected
        assert_array_equal(found, expected)

    # The arrays of a fold in one entry, then those of the single sheets.
    both = search_over(remembering, ContentMemory(cache + "-of-both"))
    assert count(both)[0] == 0
    assert_array_equal(scores(both), expected)


def test_each_file_is_decoded_once_by_processes_too(X, sheets, cache, tmp_path):
    log = str(tmp_path / "log")

    class Logging(AreaResize):  # a local class goes to the workers with its code
        def transform(self, X):
            from skecg.sheet import _read

            decode = _read._open

            def logged(*args):
                with open(log, "a") as file:
                    file.write(".")
                return decode(*args)

            with mock.patch.object(_read, "_open", logged):
                return super().transform(X)

    Logging.__qualname__ = Logging.__name__  # as the workers call it
    expected = search_over(AreaResize(SIZE)).fit(X, sheets.target)
    logging = Logging(SIZE, memory=cache)
    for n_least, n_most in ((N, 2 * N), (0, 0)):  # both workers may meet a new sheet at once
        open(log, "w").close()
        found = search_over(logging, n_jobs=2).fit(X, sheets.target)
        assert n_least <= os.path.getsize(log) <= n_most
        assert_array_equal(scores(found), scores(expected))
        assert len(entries(cache)) == N


@pytest.mark.parametrize("kind", [make_pipeline, make_resampling_pipeline])
def test_content_memory_in_processes(kind, X, sheets, cache):
    memory = ContentMemory(cache)
    for _ in range(2):
        search = search_over(AreaResize(SIZE), memory, 2, kind).fit(X, sheets.target)
        assert search.best_estimator_.memory == memory
        # Two steps for each training set and the refit, whichever worker came first.
        assert len(entries(cache)) == 2 * (FOLDS + 1)


@each
def test_an_edited_file_is_read_anew(transformer, X, sheets, decoded, cache):
    remembering = clone(transformer).set_params(memory=cache)
    before = remembering.transform(X)
    edit(X[3], sheets)
    decoded.clear()
    after = remembering.transform(X)
    assert [source.name for source in decoded] == [X[3]]
    assert_array_equal(after, transformer.transform(X))
    assert not np.array_equal(after[3], before[3])
    assert_array_equal(np.delete(after, 3, 0), np.delete(before, 3, 0))


@pytest.mark.parametrize(
    "form",
    [list, np.array, lambda X: X.astype(object), lambda X: X[:, None], lambda X: [*map(Path, X)]],
    ids=["list", "array", "objects", "column", "paths"],
)
def test_a_pipeline_sees_edited_files_with_content_memory_only(form, X, sheets, cache):
    stale, right = (
        make_pipeline(AreaResize(SIZE), "passthrough", memory=memory)
        for memory in (cache, ContentMemory(cache + "-by-content"))
    )
    before = right.fit_transform(form(X))
    assert_array_equal(stale.fit_transform(form(X)), before)
    edit(X[0], sheets)
    expected = AreaResize(SIZE).transform(X)
    assert not np.array_equal(expected, before)
    assert_array_equal(right.fit_transform(form(X)), expected)
    assert_array_equal(stale.fit_transform(form(X)), before)  # else nobody would need ours


def test_content_memory_sees_the_columns_of_tables(X, sheets, cache):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"sheet": X, "age": 60})
    assert _names(table) == _names(table["sheet"]) == X.tolist()
    assert _names(np.zeros((2, 3))) == _names([np.zeros(3), 1]) == _names(None) == []


def test_content_memory_leaves_x_as_it_is(X, sheets, cache):
    """What a step gets and keeps are plain names, also when they come from the cache."""
    y = np.append(np.zeros(N - 1, int), 1)
    sampler = RandomOverSampler(random_state=0)
    pipeline = make_resampling_pipeline(sampler, AreaResize(SIZE), "passthrough")
    expected = pipeline.fit_transform(X[:, None], y)
    pipeline.set_params(memory=ContentMemory(cache))
    for _ in range(2):
        assert_array_equal(pipeline.fit_transform(X[:, None], y), expected)
    assert len(expected) == 2 * (N - 1)


def test_content_memory_ignores_what_it_is_told_to(X, sheets, cache):
    calls = []

    def count(X, note, factor=1):
        calls.append(note)
        return factor * len(X)

    cached = ContentMemory(cache).cache(count, ignore=["note"])
    assert [cached(X, "a"), cached(X, note="b"), cached(X, "c", factor=2)] == [N, N, 2 * N]
    assert calls == ["a", "c"]
    edit(X[0], sheets)
    assert cached(X, "d") == N
    assert calls == ["a", "c", "d"]


def test_content_memory_is_copied_and_pickled(cache):
    for memory in (ContentMemory(cache), ContentMemory(Path(cache))):
        pipeline = make_pipeline(AreaResize(), "passthrough", memory=memory)
        assert clone(pipeline).memory == pickle.loads(pickle.dumps(pipeline)).memory == memory
    options = ContentMemory(joblib.Memory(cache, mmap_mode="r", verbose=0))
    assert clone(pipeline.set_params(memory=options)).memory.memory.mmap_mode == "r"


@each
def test_only_parameters_of_the_result_are_in_the_key(transformer, X, decoded, cache):
    remembering = clone(transformer).set_params(memory=cache)
    expected = remembering.transform(X)
    decoded.clear()
    for memory in (Path(cache), joblib.Memory(cache, verbose=0)):
        remembering.set_params(memory=memory, n_jobs=2)
        assert_array_equal(remembering.transform(X), expected)
    assert decoded == []
    others = {"size": (8, 6)}
    others |= {"color": "gray"} if isinstance(transformer, AreaResize) else {"invert": False}
    for name, value in others.items():
        changed = clone(remembering).set_params(**{name: value})
        decoded.clear()
        found = changed.transform(X)
        assert len(decoded) == N
        assert_array_equal(found, changed.set_params(memory=None).transform(X))


def test_any_memory_will_do(X, decoded, cache):
    resize = AreaResize(SIZE, memory=ContentMemory(joblib.Memory(cache, mmap_mode="r", verbose=0)))
    for _ in range(2):
        assert_array_equal(resize.transform(X[:3]), AreaResize(SIZE).transform(X[:3]))
    assert len(decoded) == 3 + 2 * 3


def test_transformers_share_a_folder(X, cache):
    for transformer in TRANSFORMERS * 2:
        remembering = clone(transformer).set_params(memory=cache)
        assert_array_equal(remembering.transform(X), transformer.transform(X))
    assert len(entries(cache)) == 2 * N


def test_bytes_files_and_copies_share_an_entry(X, decoded, cache, tmp_path):
    resize = AreaResize(SIZE, memory=cache)
    content = Path(X[0]).read_bytes()
    copy = tmp_path / "copy.jpg"
    copy.write_bytes(content)
    unread = io.BytesIO(content)
    unread.seek(10)
    with open(X[0], "rb") as file:
        found = resize.transform([X[0], Path(X[0]), copy, content, unread, file])
    assert len(decoded) == 1
    assert_array_equal(found, AreaResize(SIZE).transform([X[0]] * 6))


def test_decoded_pictures_are_not_kept(X, sheets, cache):
    with Image.open(X[0]) as image:
        AreaResize(SIZE, memory=cache).transform([image, sheets.data[0]])
    AreaResize(SIZE, memory=cache).transform(sheets.data)
    assert entries(cache) == []


@each
@pytest.mark.parametrize(
    "damage",
    [lambda content: b"", lambda content: content[:-20], lambda content: b"\0" * len(content)],
    ids=["empty", "truncated", "zeros"],
)
def test_a_damaged_entry_is_replaced(transformer, damage, X, decoded, cache):
    remembering = clone(transformer).set_params(memory=cache)
    expected = remembering.transform(X)
    for entry in entries(cache)[:3]:
        entry.write_bytes(damage(entry.read_bytes()))
    for n_expected in (3, 0):
        decoded.clear()
        assert_array_equal(remembering.transform(X), expected)
        assert len(decoded) == n_expected


def picture_with(X, memory):
    resize = AreaResize((1, 2), memory=memory)
    expected = AreaResize((1, 2)).transform(X[:1])
    assert_array_equal(resize.transform(X[:1]), expected)
    return resize, expected


def test_every_flipped_byte_is_found_and_the_picture_read_anew(X, decoded, cache):
    resize, expected = picture_with(X, cache)
    (entry,) = entries(cache)
    content = entry.read_bytes()
    assert len(content) == 32 + 1 + 3 * 2  # the digest, the doubt and the pixels
    for i, byte in enumerate(content):
        for flipped in (byte ^ 1, byte ^ 128):
            entry.write_bytes(content[:i] + bytes([flipped]) + content[i + 1 :])
            decoded.clear()
            assert_array_equal(resize.transform(X[:1]), expected)
            assert len(decoded) == 1
            assert entry.read_bytes() == content


def test_an_entry_of_another_picture_is_found(X, decoded, cache):
    resize = AreaResize(SIZE, memory=cache)
    expected = resize.transform(X[:2])
    one, other = entries(cache)
    one.write_bytes(other.read_bytes())
    decoded.clear()
    assert_array_equal(resize.transform(X[:2]), expected)
    assert len(decoded) == 1


class Trap:
    """Tells when it is unpickled."""

    sprung = False

    def __reduce__(self):
        return setattr, (Trap, "sprung", True)


def test_nothing_that_a_stranger_wrote_is_unpickled(X, cache):
    resize, expected = picture_with(X, cache)
    for file in [path for path in Path(cache).rglob("*") if path.is_file()]:
        joblib.dump(Trap(), file)
    (Path(cache, "joblib", "skecg", "0" * 32)).mkdir()
    joblib.dump(Trap(), Path(cache, "joblib", "skecg", "0" * 32, "output.pkl"))
    assert_array_equal(resize.transform(X[:1]), expected)
    assert not Trap.sprung
    pickle.loads(pickle.dumps(Trap()))
    assert Trap.sprung


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_pipes_devices_and_huge_files_in_the_cache_are_replaced(X, decoded, cache):
    def sparse(path):
        with open(path, "wb") as file:
            file.truncate(30 << 30)

    resize, expected = picture_with(X, cache)
    (entry,) = entries(cache)
    for make in (os.mkfifo, lambda path: path.symlink_to("/dev/zero"), sparse):
        entry.unlink()
        make(entry)
        for n_expected in (1, 0):
            decoded.clear()
            assert_array_equal(resize.transform(X[:1]), expected)
            assert len(decoded) == n_expected
        assert entry.stat().st_size == 39


def test_a_cache_that_cannot_be_written_warns(X, cache):
    resize, expected = picture_with(X, cache)
    (entry,) = entries(cache)
    entry.unlink()
    entry.mkdir()
    (entry / "file").touch()
    with pytest.warns(UserWarning, match="Results cannot be kept in the cache .*cache.*directory"):
        assert_array_equal(resize.transform(X[:1]), expected)
    assert [path.name for path in entry.parent.iterdir()] == ["picture"]


def test_another_kind_of_memory_is_checked_too(X, decoded):
    class OfOneEntry:
        entry = None

        def cache(self, func, ignore=None):
            def cached(key, source):
                self.entry = self.entry or func(key, source)
                return self.entry

            return cached

    memory = OfOneEntry()
    resize, expected = picture_with(X, memory)
    damaged = bytearray(memory.entry)
    damaged[-1] ^= 1
    for entry, n_expected in ((memory.entry, 0), (bytes(damaged), 1), (b"-", 1), ("x", 1)):
        memory.entry = entry
        decoded.clear()
        assert_array_equal(resize.transform(X[:1]), expected)
        assert len(decoded) == n_expected


def test_joblib_clears_and_trims_the_cache(X, cache):
    resize, _ = picture_with(X, cache)
    joblib.Memory(cache, verbose=0).reduce_size(items_limit=0)
    assert entries(cache) == []
    resize.transform(X[:1])
    joblib.Memory(cache, verbose=0).clear(warn=False)
    assert entries(cache) == []


def test_a_memory_without_a_folder_keeps_nothing(X, decoded):
    picture_with(X, joblib.Memory(None, verbose=0))
    assert len(decoded) == 2


@each
@pytest.mark.parametrize("memory", [None, "cache"])
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_pipes_devices_and_huge_files_are_refused_at_once(transformer, memory, X, tmp_path):
    memory = memory and str(tmp_path / memory)
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "zero.jpg").symlink_to("/dev/zero")
    with open(tmp_path / "sparse.jpg", "wb") as file:
        file.truncate(30 << 30)
    for name in ("pipe", "zero", "sparse"):
        path = tmp_path / f"{name}.jpg"
        with pytest.raises(ValueError, match=rf"Sample 1 of X: .*{name}\.jpg' (is not|has \d+)"):
            clone(transformer).set_params(memory=memory).transform([X[0], path])
        if name == "sparse" and memory:  # a pipe and a device are no files: they are left alone
            cached = ContentMemory(memory).cache(len_of)
            with pytest.raises(ValueError, match=rf"{name}\.jpg' has"):
                cached([path])


def len_of(X):
    return len(X)


def test_an_endless_open_file_is_refused(monkeypatch, cache):
    class Endless(io.RawIOBase):
        def read(self, n):
            return b"\0" * n

    assert read_at_most.__defaults__[0] == 640_000_000
    monkeypatch.setattr(_picture_cache, "read_at_most", partial(read_at_most, max_bytes=99))
    with pytest.raises(ValueError, match="Sample 0 of X: The file has more than 99 bytes"):
        AreaResize(memory=cache).transform([Endless()])


@each
def test_nearly_black_and_white_sheets_warn_once(transformer, X, sheets, cache, tmp_path):
    dark = str(tmp_path / "dark.png")
    scan = sheets.data[0, ..., 0].astype(np.uint16) * 16  # 12 bits in 16
    Image.fromarray(scan).save(dark)
    white = np.full_like(sheets.data[0], 250)
    remembering = clone(transformer).set_params(memory=cache)
    for _ in range(2):  # from the cache, too
        with pytest.warns(UserWarning, match="nearly") as caught:
            remembering.transform([X[0], dark, white, dark])
        messages = sorted(str(warning.message) for warning in caught)
        assert len(messages) == 2
        assert messages[1].startswith("2 of 4 pictures in X are nearly black, the first of them")
        assert f"sample 1, '{dark}'. Look at it" in messages[1]
        assert messages[0].startswith("1 of 4 pictures in X are nearly white, the first of them")
        assert {warning.filename for warning in caught} == {__file__}
    remembering.transform([X[0], scan * 16])


@each
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_errors_name_the_file(transformer, n_jobs, X, cache):
    remembering = clone(transformer).set_params(memory=cache, n_jobs=n_jobs)
    with open(X[3], "r+b") as file:
        file.truncate(1000)
    for _ in range(2):  # an error is not kept
        with pytest.raises(ValueError, match=r"Sample 3 of X: .*3\.jpg.*damaged or truncated"):
            remembering.transform(X)
    with open(X[3], "rb") as file, pytest.raises(ValueError, match=r"Sample 0 of X: .*3\.jpg"):
        remembering.transform([file])
    with pytest.raises(FileNotFoundError, match="absent"):
        remembering.transform(["absent.jpg"])
    with pytest.raises(ValueError, match="Sample 0 of X: The picture in 3 bytes is not a picture"):
        remembering.transform([b"123"])


@each
def test_memory_is_cloned_but_not_saved(transformer, X, cache, tmp_path):
    remembering = clone(transformer).set_params(memory=cache)
    assert clone(remembering).memory == cache
    with pytest.warns(UserWarning, match="model/memory"):
        skecg.save(remembering, tmp_path / "model.skecg")
    loaded = skecg.load(tmp_path / "model.skecg")
    assert loaded.memory is None
    assert_array_equal(loaded.transform(X), transformer.transform(X))
