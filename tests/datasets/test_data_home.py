from pathlib import Path

import pytest

from skecg.datasets import get_data_home, load_mitbih


def test_the_argument_goes_before_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("SKECG_DATA", str(tmp_path / "environment"))
    assert get_data_home(tmp_path) == tmp_path
    assert get_data_home() == tmp_path / "environment"


def test_without_argument_and_environment_it_is_a_folder_at_home(monkeypatch):
    monkeypatch.delenv("SKECG_DATA", raising=False)
    assert get_data_home() == Path.home() / "skecg_data"


def test_a_tilde_is_the_home_folder():
    assert get_data_home("~/ecg") == Path.home() / "ecg"


def test_nothing_is_created(tmp_path):
    get_data_home(tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_missing_folder_is_named_with_the_remedy(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"mitdb.*SKECG_DATA.*fetch_mitbih"):
        load_mitbih(tmp_path)
