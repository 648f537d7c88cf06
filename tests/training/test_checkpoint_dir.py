"""checkpoint_dir: the folder, its one file, and what may happen to it."""

from __future__ import annotations

import errno
import json
import re

import pytest
from numpy.testing import assert_array_equal
from resumable import Kill, Killed, assert_same, kill, small
from sklearn.model_selection import GridSearchCV, cross_validate
from skorch.callbacks import Callback

import skecg
from skecg import (
    ModelFileError,
)
from skecg.storage import _container


def test_what_is_no_intact_checkpoint_is_refused(beats, folder):
    classifier = small(folder).fit(*beats)
    file = folder / "checkpoint.safetensors"
    content = file.read_bytes()
    flipped = bytearray(content)
    flipped[-9] ^= 1
    for wrong in (b"", content[:-1], content[:999], bytes(flipped), b"\x80\x04" * 999):
        file.write_bytes(wrong)
        with pytest.raises(ModelFileError, match="remove the file to begin anew"):
            classifier.fit(*beats)
        assert file.read_bytes() == wrong  # never overwritten unasked
    file.write_bytes(content)
    skecg.save(small().fit(*beats), file)
    with pytest.raises(ModelFileError, match=r"is no checkpoint.*remove the file"):
        classifier.fit(*beats)
    file.write_bytes(content)
    with pytest.raises(ModelFileError, match="unknown or missing entries"):
        skecg.load(file)
    header, arrays = _container.read_container(file, 10**6)
    for broken in ({"state": 3}, {"identity": None}, {"seed": "x"}, {"state": {"history": []}}):
        forged = {"checkpoint": {**header["checkpoint"], **broken}}
        _container.write_container(file, forged, arrays)
        with pytest.raises(ModelFileError, match="is no checkpoint"):
            classifier.fit(*beats)


def test_a_search_gives_every_fit_a_folder(beats, tmp_path):
    X, y = beats
    path = tmp_path / "search" / "{fit}"
    grid, options = {"learning_rate": [1e-3, 1e-2]}, {"cv": 2, "error_score": "raise"}
    alone = GridSearchCV(small(), grid, **options).fit(X, y)
    with pytest.raises(Killed):  # in the first fit: the second begins anew, and so on
        GridSearchCV(small(path, callbacks=[Kill(2)]), grid, **options).fit(X, y)
    search = GridSearchCV(small(path), grid, **options).fit(X, y)
    assert len(list((tmp_path / "search").iterdir())) == 2 * 2 + 1
    assert_array_equal(search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])
    assert_same(search.best_estimator_, alone.best_estimator_, X)
    finished = GridSearchCV(small(path, callbacks=[Kill(0)]), grid, **options).fit(X, y)
    assert_same(finished.best_estimator_, alone.best_estimator_, X)


def test_a_search_in_one_folder_says_how_to_give_each_fit_its_own(beats, folder):
    with pytest.raises(ValueError, match=re.escape(f"as {str(folder / '{fit}')!r}, every fit")):
        cross_validate(small(folder), *beats, cv=2, error_score="raise")


def test_a_folder_is_held_by_one_fit_at_a_time(beats, folder):
    class Nested(Callback):
        def on_epoch_begin(self, net, **kwargs):
            small(folder).fit(*beats)

    with pytest.raises(ValueError, match="another fit is using the folder"):
        small(folder, callbacks=[Nested()]).fit(*beats)
    small(folder).fit(*beats)  # it was let go of


def test_what_a_kill_left_unfinished_is_removed_and_nothing_else(beats, folder):
    kill(small(folder), *beats)
    left = folder / f".checkpoint.safetensors.{'0123456789abcdef'}"
    others = [folder / "notes.txt", folder / ".checkpoint.safetensors.old"]
    for file in (left, *others):
        file.write_text("x")
    small(folder).fit(*beats)
    assert {file.name for file in folder.iterdir()} == {
        "checkpoint.lock", "checkpoint.safetensors", *(file.name for file in others)
    }  # fmt: skip


def test_a_folder_that_cannot_be_made_is_said_before_training(beats, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises((NotADirectoryError, FileExistsError)):
        small(tmp_path / "file", callbacks=[Kill(0)]).fit(*beats)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_the_last_good_checkpoint(beats, folder, monkeypatch, call):
    kill(small(folder), *beats, after=1)
    before = (folder / "checkpoint.safetensors").read_bytes()

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(_container.os, call, full)
    with pytest.warns(UserWarning, match="could not be written") as warned:
        trained = small(folder).fit(*beats)
    monkeypatch.undo()
    assert_same(trained, small().fit(*beats), beats[0])
    texts = [str(warning.message) for warning in warned]
    assert len(texts) == 2
    assert "the checkpoint of epoch 2 could not be written" in texts[0]
    assert "No space left on device; that of epoch 1 stays, training goes on" in texts[0]
    assert "of epoch 3" in texts[1]
    assert "training has ended, and only the fitted classifier has its result" in texts[1]
    assert (folder / "checkpoint.safetensors").read_bytes() == before
    assert len(list(folder.iterdir())) == 2  # nothing half written
    assert_same(small(folder).fit(*beats), trained, beats[0])  # from epoch 1 again


def test_a_limit_of_the_systems_on_files_is_survived(beats, folder):
    resource = pytest.importorskip("resource", reason="limits of a process are POSIX's")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    kill(small(folder), *beats, after=1)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))  # the file has over 10,000 bytes
    try:
        with pytest.warns(UserWarning, match="File too large; that of epoch 1 stays") as warned:
            small(folder).fit(*beats)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(warned) == 2
    assert len(list(folder.iterdir())) == 2  # nothing half written
    assert_same(small(folder).fit(*beats), small().fit(*beats), beats[0])


def test_a_state_that_no_file_can_hold_is_said(beats, folder):
    class Odd(Callback):
        def on_epoch_end(self, net, **kwargs):
            net.history.record("network", net.module_)

    with pytest.raises(TypeError, match=r"checkpoint_dir cannot keep .*history/0/network"):
        small(folder, callbacks=[Odd()]).fit(*beats)


def test_a_model_file_has_no_folder_of_a_machine(beats, folder, tmp_path):
    fitted = small(folder).fit(*beats)
    with pytest.warns(UserWarning, match="without model/checkpoint_dir"):
        skecg.save(fitted, tmp_path / "model")
    assert skecg.load(tmp_path / "model").checkpoint_dir is None
    assert str(folder) not in json.dumps(_container.read_container(tmp_path / "model", 10**6)[0])
