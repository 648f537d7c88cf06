from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from resources import call_within
from scipy.sparse import csr_array

from skecg.model_selection import _groups, content_groups, merge_groups

# Six samples of three contents, in the order in which groups are numbered.
PATTERN = [0, 1, 0, 2, 1, 0]


def assert_groups(groups, expected):
    assert groups.dtype == np.int64
    np.testing.assert_array_equal(groups, expected)


@pytest.mark.parametrize("shape", [(), (1,), (187,), (12, 50), (3, 8, 8), (2, 3, 4, 5)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "complex64", "uint8", "int64"])
def test_arrays_of_any_shape_and_number_type(shape, dtype):
    contents = np.random.default_rng(0).integers(0, 100, (3, *shape)).astype(dtype)
    contents.reshape(3, -1)[:, 0] = [1, 2, 3]
    assert_groups(content_groups(contents[PATTERN]), PATTERN)


@pytest.mark.parametrize(
    "contents",
    [
        np.array([[True, False], [False, True], [True, True]]),
        np.array(["2001-05-01", "2001-05-02", "NaT"], dtype="datetime64[D]"),
        np.array([b"V", b"N", b""]),
        np.array([["MLII", "V1"], ["MLII", "V5"], ["V1", "MLII"]]),
        np.array([["100", 1.0], ["100", 2.0], [None, 1.0]], dtype=object),
        np.array([1, 2, 3], dtype=">i4"),
    ],
    ids=["bool", "date", "bytes", "text", "object", "big-endian"],
)
def test_arrays_of_other_types(contents):
    assert_groups(content_groups(contents[PATTERN]), PATTERN)


@pytest.mark.parametrize(
    "contents",
    [
        [np.zeros(3), np.zeros(4), np.zeros((1, 3))],
        [np.zeros(2, "float32"), np.zeros(2, "float64"), np.zeros(4, "float32")],
        [[1, 2, 3], [1, 2], [1, 2, 4]],
        [[[1, 2], [3]], [[1], [2, 3]], [[1, 2, 3]]],
        [b"\x00", b"", b"\x00\x00"],
        [1.5, 2.5, float("nan")],
        [np.array(["ab", "c"], object), np.array(["a", "bc"], object), np.array(["abc"], object)],
    ],
    ids=["shapes", "dtypes", "lists", "nested", "bytes", "numbers", "strings"],
)
def test_lists_of_samples_that_differ_in_more_than_their_values(contents):
    samples = [contents[i] for i in PATTERN]
    assert_groups(content_groups(samples), PATTERN)
    assert_groups(content_groups(tuple(samples)), PATTERN)


def test_one_dimensional_object_array_of_arrays_of_different_length():
    samples = np.empty(3, dtype=object)
    samples[:] = [np.arange(2), np.arange(3), np.arange(2)]
    assert_groups(content_groups(samples), [0, 1, 0])


@pytest.mark.parametrize("as_list", [False, True])
def test_equal_values_are_equal_whatever_their_bytes(as_list):
    other_nan = np.array([0x7FF8000000000001], dtype=np.uint64).view(np.float64)[0]
    X = np.array([[0.0, np.nan], [-0.0, np.nan], [0.0, other_nan], [0.0, 1.0]])
    assert X[0].tobytes() != X[1].tobytes() != X[2].tobytes()
    assert_groups(content_groups(list(X) if as_list else X), [0, 0, 0, 1])


def test_the_smallest_difference_counts():
    X = np.ones((2, 187), dtype=np.float32)
    X[1, 186] = np.nextafter(np.float32(1), np.float32(2))
    assert_groups(content_groups(X), [0, 1])


@pytest.mark.parametrize("dtype", [np.float32, np.int16])
@pytest.mark.parametrize("shape", [(10,), (4, 5)])
def test_memory_layout_does_not_count(shape, dtype):
    X = np.random.default_rng(0).integers(0, 100, (3, *shape)).astype(dtype)[PATTERN]
    spread = np.repeat(X, 2, axis=-1)[..., ::2]
    for same in (np.asfortranarray(X), spread, X[..., ::-1]):
        assert_groups(content_groups(same), PATTERN)
        assert_groups(content_groups(list(same)), PATTERN)
    np.testing.assert_array_equal(spread, X)


def test_the_input_is_left_as_it_was():
    X = np.array([[-0.0, np.nan], [1.0, 2.0]])
    before = X.tobytes()
    content_groups(X)
    assert X.tobytes() == before


def test_data_larger_than_one_block(monkeypatch):
    X = np.random.default_rng(0).random((50, 10))
    X[49] = X[0]
    monkeypatch.setattr(_groups, "_BLOCK_BYTES", 3 * X[0].nbytes)
    assert_groups(content_groups(X), [*range(49), 0])


def test_samples_without_values_are_all_equal_and_no_samples_make_no_groups():
    assert_groups(content_groups(np.empty((3, 0))), [0, 0, 0])
    assert_groups(content_groups(np.empty((0, 5))), [])
    assert_groups(content_groups([]), [])


@pytest.fixture
def files(tmp_path) -> list[Path]:
    contents = [b"one" * 100_000, b"two", b""]
    paths = [tmp_path / f"sheet {i}.jpg" for i in range(len(PATTERN))]
    for path, content in zip(paths, PATTERN):
        path.write_bytes(contents[content])
    return paths


@pytest.mark.parametrize("as_type", [Path, str])
def test_files_are_grouped_by_their_bytes(files, as_type):
    assert_groups(content_groups([as_type(path) for path in files]), PATTERN)
    assert_groups(content_groups(np.array([as_type(path) for path in files])), PATTERN)


@pytest.mark.parametrize("as_type", [Path, str])
def test_paths_are_grouped_by_name_on_request(files, as_type):
    paths = [as_type(path) for path in (*files, files[1])]
    assert_groups(content_groups(paths, paths="name"), [0, 1, 2, 3, 4, 5, 1])


def test_a_file_named_twice_is_read_once(files, monkeypatch):
    read = []
    digest_of = _groups._file_digest
    monkeypatch.setattr(_groups, "_file_digest", lambda path: read.append(path) or digest_of(path))
    assert_groups(content_groups([files[0]] * 5 + [files[1]]), [0, 0, 0, 0, 0, 1])
    assert len(read) == 2


def test_a_missing_file_is_named_with_the_remedy(files, tmp_path):
    with pytest.raises(FileNotFoundError, match=r'lost\.jpg.*is not a file.*paths="name"'):
        content_groups([files[0], tmp_path / "lost.jpg"])
    with pytest.raises(FileNotFoundError, match="is not a file"):
        content_groups([tmp_path])


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("sheet.jpg", "got str"),
        (csr_array(np.eye(2)), "got csr_array"),
        (7, "got int"),
        ([object()], "to be compared by value; got a sample of type object"),
        (np.zeros(2, dtype=[("lead", "f4")]), "structured array"),
        (np.zeros((2, 2), dtype=np.longdouble), "Convert them to float64"),
    ],
)
def test_what_cannot_be_compared_is_refused(X, message):
    with pytest.raises(TypeError, match=message):
        content_groups(X)


def test_unknown_meaning_of_paths_is_refused():
    with pytest.raises(ValueError, match='"content" or "name"; got \'pixels\''):
        content_groups(["a"], paths="pixels")


def test_a_hundred_thousand_beats_take_less_than_two_seconds():
    # 0.2 to 0.4 s of CPU time when written; the bound leaves room for a slow machine.
    X = np.random.default_rng(0).random((100_000, 187), dtype=np.float32)
    X[99_999] = X[0]
    groups = call_within(2, lambda: content_groups(X))
    assert_groups(groups[[0, 1, 99_998, 99_999]], [0, 1, 99_998, 0])


def test_sheets_repeat_as_documented(data_home):
    # 928 files are 491 distinct images: MI 30, history of MI 86, Normal 142, abnormal 233.
    files = sorted((data_home / "sheets").glob("*/*.avif"))
    groups = content_groups(files)
    assert len(files) == 928
    assert len(np.unique(groups)) == 491


def test_merged_groups_are_the_finest_that_hold_both():
    # 0-1 share a subject and 1-2 an image, so 0-1-2 are one group; 3-4 share a subject.
    subjects = ["a", "a", "b", "c", "c", "d"]
    images = [0, 1, 1, 2, 3, 4]
    assert_groups(merge_groups(subjects, images), [0, 0, 0, 1, 1, 2])
    assert_groups(merge_groups(images, subjects), [0, 0, 0, 1, 1, 2])


def test_merging_follows_chains_over_any_number_of_groupings():
    # a joins 0-1, b joins 1-2, c joins 2-3.
    assert_groups(merge_groups([0, 0, 1, 2], [0, 1, 1, 2], [0, 1, 2, 2]), [0, 0, 0, 0])
    chain = np.arange(10_000)
    assert_groups(merge_groups(chain // 2, (chain + 1) // 2), np.zeros(10_000))


def test_merging_a_grouping_with_itself_or_with_singletons_changes_nothing():
    assert_groups(merge_groups([5, 3, 5, 9], [5, 3, 5, 9]), [0, 1, 0, 2])
    assert_groups(merge_groups([5, 3, 5, 9], range(4)), [0, 1, 0, 2])
    assert_groups(merge_groups([], []), [])


def test_merging_equals_joining_pair_by_pair():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 60, 100), rng.integers(0, 60, 100)
    expected = np.arange(100)
    for i in range(100):
        for j in range(100):
            if a[i] == a[j] or b[i] == b[j]:
                expected[expected == expected[i]] = expected[j]
    merged = merge_groups(a, b)
    same = merged[:, None] == merged
    np.testing.assert_array_equal(same, expected[:, None] == expected)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([1, 2, 3], [1, 2], "inconsistent numbers of samples"),
        ([1.0, float("nan")], [1, 2], "missing values.* 1 of 2 samples, the first at index 1"),
        ([None, "x"], [1, 2], "missing .* first at index 0"),
        ([[1, 2]], [1, 2], "one group per sample"),
    ],
)
def test_groupings_that_do_not_fit_are_refused(a, b, message):
    with pytest.raises(ValueError, match=message):
        merge_groups(a, b)
