"""What scikit-learn's checks would ask, asked with pictures.

scikit-learn checks estimators with tables of numbers. AreaResize, LeadCropper and TraceReader
take pictures and say so in their tags, so that its checks run hardly anything; these stand in their
place.
"""

from __future__ import annotations

import inspect
import io
import pickle
import threading
from collections import Counter

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator

from skecg.datasets import make_sheets
from skecg.preprocessing import AreaResize, LeadCropper, TraceReader
from skecg.preprocessing import _pictures as pictures

TRANSFORMERS = [AreaResize(size=(18, 25)), LeadCropper(size=(8, 9)), TraceReader(sampling_rate=50)]
N_CHECKS = 20  # per transformer
PASSED: Counter[type] = Counter()

each = pytest.mark.parametrize("transformer", TRANSFORMERS, ids=lambda e: type(e).__name__)
of_a_size = pytest.mark.parametrize("transformer", TRANSFORMERS[:2], ids=lambda e: type(e).__name__)


@pytest.fixture(autouse=True)
def count(request):
    """Count the checks that passed for each transformer."""
    failed_before = request.session.testsfailed
    yield
    transformer = getattr(request.node, "callspec", None)
    transformer = transformer and transformer.params.get("transformer")
    if transformer is not None and request.session.testsfailed == failed_before:
        PASSED[type(transformer)] += 1


@pytest.fixture(scope="module")
def sheets():
    return make_sheets(3, size=(786, 1106), random_state=0)


@pytest.fixture(scope="module")
def X(sheets):
    return sheets.data


@pytest.fixture
def paths(X, tmp_path):
    for i, sheet in enumerate(X):
        Image.fromarray(sheet).save(tmp_path / f"{i}.png")
    return [str(tmp_path / f"{i}.png") for i in range(len(X))]


def png(sheet):
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, "PNG")
    return buffer


@each
def test_every_form_of_X_gives_the_same(transformer, X, paths):
    expected = transformer.transform(X)
    is_signals = isinstance(transformer, TraceReader)
    assert expected.dtype == (np.float32 if is_signals else np.uint8)
    assert expected.ndim == (3 if is_signals else 4)
    assert expected.flags.c_contiguous
    for form in (
        list(X),
        tuple(X),
        paths,
        np.array(paths),
        np.array(paths, dtype=object),
        np.array(paths, dtype=object)[:, None],
        [png(sheet).getvalue() for sheet in X],
        [png(sheet) for sheet in X],
        [Image.fromarray(sheet) for sheet in X],
        [X[0], paths[1], Image.fromarray(X[2])],
        [png(X[0]), png(X[1]).getvalue(), X[2]],
    ):
        assert_array_equal(transformer.transform(form), expected)


@each
def test_mixed_sizes(transformer, X):
    small = make_sheets(1, size=(636, 895), random_state=0).data[0]
    mixed = transformer.transform([X[0], small])
    assert_array_equal(mixed[0], transformer.transform(X[:1])[0])
    assert_array_equal(mixed[1], transformer.transform([small])[0])


@each
def test_samples_are_independent_of_each_other_and_of_their_order(transformer, X):
    together = transformer.transform(X)
    assert_array_equal(together[::-1], transformer.transform(X[::-1]))
    assert_array_equal(together[2:3], transformer.transform(X[2:3]))


@each
def test_grey_sheets(transformer, X):
    grey = np.array([np.asarray(Image.fromarray(sheet).convert("L")) for sheet in X])
    assert_array_equal(
        transformer.transform(grey), transformer.transform(np.repeat(grey[..., None], 3, axis=3))
    )


@each
def test_input_is_left_as_it_was(transformer, X):
    before = X.copy()
    transformer.fit_transform(X)
    assert_array_equal(X, before)


@each
def test_threads_change_nothing(transformer, X):
    expected = transformer.transform(X)
    for n_jobs in (1, 2, -1):
        assert_array_equal(clone(transformer).set_params(n_jobs=n_jobs).transform(X), expected)


@each
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_no_more_pictures_are_open_than_there_are_workers(transformer, X, n_jobs, monkeypatch):
    lock, open_now, most = threading.Lock(), 0, 0
    original = type(transformer)._transform

    def watched(self, X, shape, work, *more):
        def counting(source):
            nonlocal open_now, most
            with lock:
                open_now += 1
                most = max(most, open_now)
            result = work(source)
            with lock:
                open_now -= 1
            return result

        return original(self, X, shape, counting, *more)

    monkeypatch.setattr(type(transformer), "_transform", watched)
    clone(transformer).set_params(n_jobs=n_jobs).transform(X)
    assert 1 <= most <= n_jobs


@each
def test_clone_and_parameters(transformer):
    copy = clone(transformer)
    assert copy is not transformer
    params = transformer.get_params()
    assert copy.get_params() == params
    assert set(params) == set(transformer._parameter_constraints)
    assert list(params) == sorted(inspect.signature(type(transformer)).parameters)
    for name, value in params.items():
        assert copy.set_params(**{name: value}).get_params()[name] == value


@each
def test_init_does_nothing_but_store(transformer):
    marks = {name: object() for name in transformer.get_params()}
    made = type(transformer)(**marks)
    assert vars(made) == marks


@each
def test_fit_returns_self_and_changes_no_parameter(transformer, X):
    copy = clone(transformer)
    before = copy.get_params()
    assert copy.fit(X, np.zeros(len(X))) is copy
    assert copy.get_params() == before


@each
def test_works_without_fit(transformer, X):
    assert_array_equal(transformer.transform(X), clone(transformer).fit_transform(X))


@each
def test_pickle(transformer, X):
    copy = pickle.loads(pickle.dumps(clone(transformer).fit(X)))
    assert_array_equal(copy.transform(X), transformer.transform(X))


@each
@pytest.mark.parametrize("method", ["fit", "transform"])
def test_what_is_no_list_of_pictures_is_refused(transformer, X, method):
    call = getattr(clone(transformer), method)
    with pytest.raises(TypeError, match=r"got one str\. Put a single picture in a list"):
        call("sheet.png")
    with pytest.raises(ValueError, match="with 0 samples"):
        call([])
    with pytest.raises(ValueError, match=r"got an array of float64 of shape \(3, 4\)"):
        call(np.zeros((3, 4)))
    with pytest.raises(ValueError, match=r"got an array of uint8 of shape \(786,\)"):
        call(X[0][:, 0, 0])


@each
def test_a_damaged_file_is_named_with_its_sample(transformer, paths):
    with open(paths[2], "r+b") as file:
        file.truncate(1000)
    for n_jobs in (1, 2):
        with pytest.raises(ValueError, match=r"Sample 2 of X: .*2\.png.*damaged or truncated"):
            clone(transformer).set_params(n_jobs=n_jobs).transform(paths)


@each
def test_a_missing_file_is_named(transformer):
    with pytest.raises(FileNotFoundError, match="absent"):
        transformer.transform(["absent.jpg"])


@of_a_size
@pytest.mark.parametrize("size", [(0, 5), (5,), (5.5, 5), (1, 2, 3)])
def test_sizes_out_of_range_are_refused(transformer, X, size):
    copy = clone(transformer).set_params(size=size)
    for method in (copy.fit, copy.transform):
        with pytest.raises(ValueError, match="size must be"):
            method(X)


@each
def test_parameters_of_another_kind_are_refused(transformer, X):
    nonsense = dict.fromkeys(set(transformer.get_params()) - {"size"}, "nonsense") | {"memory": 1}
    for name, value in nonsense.items():
        with pytest.raises(ValueError, match=name):
            clone(transformer).set_params(**{name: value}).fit(X)


@each
def test_progress_is_shown_when_asked_for(transformer, X, capsys):
    transformer.transform(X)
    assert capsys.readouterr().err == ""
    clone(transformer).set_params(verbose=1).transform(X)
    assert "3/3" in capsys.readouterr().err


@each
def test_pipelines_and_searches(transformer, sheets):
    pipeline = make_pipeline(clone(transformer), FunctionTransformer(flat), KNeighborsClassifier(1))
    step = pipeline.steps[0][0]
    choices = {"size": [(6, 8), (12, 16)]}
    if isinstance(transformer, TraceReader):
        choices = {"sampling_rate": [50, 100]}
    ((name, values),) = choices.items()
    search = GridSearchCV(pipeline, {f"{step}__{name}": values}, cv=2)
    X, y = np.concatenate([sheets.data] * 2), np.tile(sheets.target, 2)
    search.fit(X, y)
    assert search.score(X, y) == 1  # every sheet is its own neighbour


def flat(X):
    return X.reshape(len(X), -1)


@each
def test_tags_say_what_X_is(transformer):
    tags = get_tags(transformer)
    assert not tags.input_tags.two_d_array
    assert tags.input_tags.one_d_array
    assert tags.input_tags.three_d_array
    assert tags.input_tags.string
    assert not tags.requires_fit
    assert tags.transformer_tags is not None


@each
@pytest.mark.filterwarnings("ignore")
def test_the_checks_of_scikit_learn_that_need_no_table(transformer):
    check_estimator(transformer)


def test_list_pictures_takes_data_frame_columns(paths):
    pandas = pytest.importorskip("pandas")
    assert pictures.list_pictures(pandas.Series(paths)) == paths


@pytest.mark.parametrize("transformer_class", [AreaResize, LeadCropper, TraceReader])
def test_enough_checks_ran(transformer_class, request):
    chosen = [item for item in request.session.items if item.path == request.path]
    if len(chosen) < 3 * N_CHECKS:
        pytest.skip("only some of the checks were selected in this run")
    assert PASSED[transformer_class] >= N_CHECKS
