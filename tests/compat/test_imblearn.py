from __future__ import annotations

import builtins

import pytest
from imblearn.combine import SMOTEENN
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.under_sampling import NearMiss, RandomUnderSampler, TomekLinks
from public_names import import_of_public_names
from sklearn.linear_model import LogisticRegression

from skecg import _compat


@pytest.mark.parametrize("sampler", [SMOTE(), NearMiss(), TomekLinks(), SMOTEENN()], ids=repr)
def test_the_kind_of_a_sampler_without_its_name(sampler, monkeypatch):
    known = _compat.sampling_type(sampler)
    assert known == type(sampler)._sampling_type
    for cls in type(sampler).__mro__:
        if "_sampling_type" in vars(cls):
            monkeypatch.delattr(cls, "_sampling_type")
    assert _compat.sampling_type(sampler) == known
    assert _compat.sampling_type(LogisticRegression()) is None


def test_what_a_sampler_works_as_without_its_name():
    class Own(RandomOverSampler):
        def _fit_resample(self, X, y):
            raise NotImplementedError

    class Unknown:
        """A sampler whose work has another name."""

    for compat_kind in (RandomOverSampler, RandomUnderSampler):
        assert _compat.works_as(compat_kind(), compat_kind)
        assert not _compat.works_as(SMOTE(), compat_kind)
    assert not _compat.works_as(Own(), RandomOverSampler)
    assert _compat.works_as(Unknown(), Unknown)
    assert not _compat.works_as(SMOTE(), Unknown)


@pytest.mark.parametrize("sampler", [SMOTE(), RandomOverSampler(), LogisticRegression()], ids=repr)
@pytest.mark.parametrize("own", [True, False])
def test_tags_of_a_sampler(sampler, own, monkeypatch):
    if not own:
        monkeypatch.setattr(builtins, "__import__", import_of_public_names)
    tags = _compat.sampler_tags(sampler)
    assert type(tags).__module__.startswith("imblearn" if own else "skecg")
    assert tags.estimator_type == "sampler"
    assert tags.target_tags.required
    assert tags.input_tags.three_d_array
    assert tags.input_tags.dataframe
    assert tags.input_tags.string == isinstance(sampler, RandomOverSampler)
    assert tags.sampler_tags.sample_indices == isinstance(sampler, RandomOverSampler)
