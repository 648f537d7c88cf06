from __future__ import annotations

import shutil

import numpy as np
import pytest
from generated_ptbxl import RECORDS
from sklearn.model_selection import StratifiedGroupKFold

from skecg.datasets import load_ptbxl
from skecg.preprocessing import BeatSegmenter


def counts(bunch):
    return {reason: len(ids) for reason, ids in bunch.left_out.items()}


def test_real_lead_ii_at_125_hz_gives_beats_by_patient(data_home):
    bunch = load_ptbxl(data_home, leads="II", sampling_rate=125)
    # The two tables: 290 records with NORM alone and 73 with MI, of 349 patients.
    assert bunch.data.shape == (363, 1250)
    assert np.bincount(bunch.target).tolist() == [290, 73]
    assert len(np.unique(bunch.groups)) == 349
    assert sum(counts(bunch).values()) == 500 - 363
    with pytest.warns(UserWarning, match="16 of 363 windows have no beat"):
        found = BeatSegmenter(sampling_rate=125).segment(bunch.data, bunch.target, bunch.groups)
    # As counted on the first run; a change of the resampling or of the cut shows here.
    assert np.bincount(found.target).tolist() == [1915, 886]
    assert set(found.group) <= set(bunch.groups)


def test_mi_against_norm(ptbxl_home):
    bunch = load_ptbxl(ptbxl_home)
    # 4 counts although the likelihood of its infarction is unknown.
    assert bunch.ecg_id.tolist() == [1, 2, 3, 4, 9]
    assert bunch.target.tolist() == [0, 0, 1, 1, 1]
    assert bunch.target_names.tolist() == ["NORM", "MI"]
    assert bunch.groups.tolist() == [10, 10, 11, 12, 17]
    assert bunch.strat_fold.tolist() == [1, 1, 2, 3, 10]
    assert {reason: ids.tolist() for reason, ids in bunch.left_out.items()} == {
        "no superclass": [8],
        "neither NORM nor MI": [7],
        "NORM and MI": [6],
        "NORM with another superclass": [5],
    }


def test_one_superclass(ptbxl_home):
    bunch = load_ptbxl(ptbxl_home, task="superclass")
    assert bunch.ecg_id.tolist() == [1, 2, 3, 7, 9]
    assert bunch.target_names[bunch.target].tolist() == ["NORM", "NORM", "MI", "HYP", "MI"]
    assert bunch.left_out["several superclasses"].tolist() == [4, 5, 6]
    assert bunch.left_out["no superclass"].tolist() == [8]


def test_several_superclasses(ptbxl_home):
    bunch = load_ptbxl(ptbxl_home, task="superclass-multilabel")
    assert bunch.ecg_id.tolist() == [1, 2, 3, 4, 5, 6, 7, 9]
    assert bunch.target[3:7].tolist() == [
        [0, 1, 1, 0, 0],
        [1, 0, 0, 1, 0],
        [1, 1, 0, 0, 0],
        [0, 0, 0, 0, 1],
    ]
    np.testing.assert_array_equal(bunch.target, bunch.superclasses)


def test_every_column_is_aligned_with_the_records(ptbxl_home):
    bunch = load_ptbxl(ptbxl_home, task="superclass")
    assert bunch.superclasses.argmax(axis=1).tolist() == bunch.target.tolist()
    assert bunch.superclass_names.tolist() == ["NORM", "MI", "STTC", "CD", "HYP"]
    assert bunch.scp_codes == [RECORDS[ecg_id][2] for ecg_id in bunch.ecg_id]
    assert bunch.metadata["ecg_id"].tolist() == [str(ecg_id) for ecg_id in bunch.ecg_id]
    assert set(bunch.metadata["report"]) == {"qt-verlÄngerung, sinusrhythmus"}


def test_leads_are_taken_by_name_and_a_single_name_drops_their_axis(ptbxl_home):
    all_leads = load_ptbxl(ptbxl_home).data
    chosen = load_ptbxl(ptbxl_home, leads=["V6", "aVR"])
    assert chosen.lead_names == ["V6", "AVR"]
    np.testing.assert_array_equal(chosen.data, all_leads[:, [11, 3]])
    assert load_ptbxl(ptbxl_home, leads=["II"]).data.shape == (5, 1, 1000)
    np.testing.assert_array_equal(load_ptbxl(ptbxl_home, leads="II").data, all_leads[:, 1])


def test_folds_choose_the_records(ptbxl_home):
    bunch = load_ptbxl(ptbxl_home, folds=[1, 10])
    assert bunch.ecg_id.tolist() == [1, 2, 9]
    assert counts(bunch)["no superclass"] == 1
    assert counts(bunch)["NORM and MI"] == 0


def test_the_tuples_serve_the_segmenter_and_a_splitter(ptbxl_home):
    bunch = load_ptbxl(ptbxl_home, leads="II", sampling_rate=125)
    X, y = load_ptbxl(ptbxl_home, leads="II", sampling_rate=125, return_X_y=True)
    X, y, groups = load_ptbxl(ptbxl_home, leads="II", sampling_rate=125, return_X_y_groups=True)
    for found, expected in ((X, bunch.data), (y, bunch.target), (groups, bunch.groups)):
        np.testing.assert_array_equal(found, expected)
    beats = BeatSegmenter(sampling_rate=125, threshold=0.8).segment(X, y, groups)
    # 12 R waves at 0.8 s = 100 samples; the piece of 120 after the last one would not fit.
    assert len(beats.beats) == 5 * 11
    assert set(beats.period) == {100}
    for train, test in StratifiedGroupKFold(2).split(beats.beats, beats.target, beats.group):
        assert not set(beats.group[train]) & set(beats.group[test])


def test_the_folder_of_the_database_itself_serves(ptbxl_home):
    assert load_ptbxl(ptbxl_home / "ptbxl").ecg_id.tolist() == [1, 2, 3, 4, 9]


def test_progress_is_shown_on_request(ptbxl_home, capsys):
    load_ptbxl(ptbxl_home)
    assert capsys.readouterr().err == ""
    load_ptbxl(ptbxl_home, progress=True)
    assert "PTB-XL records" in capsys.readouterr().err


def test_a_missing_folder_is_named_with_the_remedy(ptbxl_copy):
    with pytest.raises(FileNotFoundError, match=r"nowhere.*ptbxl.*fetch_ptbxl"):
        load_ptbxl(ptbxl_copy / "nowhere")
    shutil.rmtree(ptbxl_copy / "ptbxl" / "records500")
    with pytest.raises(FileNotFoundError, match=r"records500.*Choose the other source_rate"):
        load_ptbxl(ptbxl_copy, sampling_rate=250)
    assert load_ptbxl(ptbxl_copy, sampling_rate=250, source_rate=100).data.shape == (5, 12, 2500)


def test_nothing_left_to_load_raises(ptbxl_copy):
    for path in (ptbxl_copy / "ptbxl" / "records100" / "00000").iterdir():
        path.unlink()
    with pytest.raises(ValueError, match=r"No record.*first of 5 errors: .*00001_lr\.hea"):
        load_ptbxl(ptbxl_copy, on_error="skip")
    with pytest.raises(ValueError, match="No record of the task"):
        load_ptbxl(ptbxl_copy, folds=[4])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"task": "mi"}, r"task must be one of \('mi-vs-norm', 'superclass'"),
        ({"on_error": "drop"}, "on_error must be one of"),
        ({"leads": "MLII"}, "leads must be names out of I, II.*'MLII'"),
        ({"leads": []}, "leads must be names"),
        ({"leads": [1]}, "leads must be names"),
        ({"sampling_rate": 0}, "sampling_rate must be a positive number"),
        ({"sampling_rate": float("nan")}, "sampling_rate must be a positive number"),
        ({"sampling_rate": "125"}, "sampling_rate must be a positive number"),
        ({"source_rate": 250}, "source_rate must be 100, 500 or None"),
        ({"folds": [0, 1]}, "folds must be numbers from 1 to 10"),
        ({"folds": []}, "folds must be numbers"),
        ({"folds": [[1]]}, "folds must be numbers"),
        ({"folds": 1.5}, "folds must be numbers"),
        ({"leads": 2}, "leads must be names"),
        ({"task": ["superclass"]}, "task must be one of"),
        ({"source_rate": [100]}, "source_rate must be 100"),
    ],
)
def test_wrong_parameters_are_refused(ptbxl_home, parameters, message):
    with pytest.raises(ValueError, match=message):
        load_ptbxl(ptbxl_home, **parameters)
