from __future__ import annotations

import numpy as np
import pytest

from skecg.datasets._ptbxl_tables import SUPERCLASSES, assign_targets, read_tables


@pytest.fixture(scope="module")
def records(data_home):
    return read_tables(data_home / "ptbxl")


def counts(targets):
    return {reason: int(which.sum()) for reason, which in targets.left_out.items()}


def test_the_superclasses_of_the_500_records_are_counted(records):
    # The data's own notes: NORM 297, MI 73, STTC 96, CD 78, HYP 40; 12 have none.
    assert SUPERCLASSES == ("NORM", "MI", "STTC", "CD", "HYP")
    assert records.superclasses.sum(axis=0).tolist() == [297, 73, 96, 78, 40]
    assert (records.superclasses.sum(axis=1) == 0).sum() == 12


def test_the_500_records_have_466_patients_each_in_one_fold(records):
    # The data's own notes; the folds respect patients (Wagner et al. 2020).
    assert len(np.unique(records.patient)) == 466
    assert len(np.unique(np.stack([records.patient, records.strat_fold]), axis=1).T) == 466


@pytest.mark.parametrize(
    ("task", "n_kept", "n_left_out"),
    [
        (
            "mi-vs-norm",
            363,
            {
                "no superclass": 12,
                "neither NORM nor MI": 118,
                "NORM and MI": 0,
                "NORM with another superclass": 7,
            },
        ),
        ("superclass", 415, {"no superclass": 12, "several superclasses": 73}),
        ("superclass-multilabel", 488, {"no superclass": 12}),
    ],
)
def test_every_one_of_the_500_records_is_kept_or_left_out_once(records, task, n_kept, n_left_out):
    # The counts of the combinations of superclasses in the two tables: NORM alone 290, with CD 7;
    # MI 73, of which 31 alone; STTC alone 51, CD 37, HYP 6.
    targets = assign_targets(records.superclasses, task)
    assert counts(targets) == n_left_out
    n_reasons = np.sum(list(targets.left_out.values()), axis=0)
    assert np.bincount(n_reasons).tolist() == [n_kept, 500 - n_kept]


def test_the_classes_of_the_500_records_are_counted(records):
    for task, expected in (("mi-vs-norm", [290, 73]), ("superclass", [290, 31, 51, 37, 6])):
        targets = assign_targets(records.superclasses, task)
        kept = ~np.any(list(targets.left_out.values()), axis=0)
        assert np.bincount(targets.target[kept]).tolist() == expected


def test_statements_of_unknown_likelihood_count(ptbxl_home):
    records = read_tables(ptbxl_home / "ptbxl")
    assert records.scp_codes[3] == {"IMI": 0.0, "ISC_": 100.0}
    assert records.superclasses[3].tolist() == [False, True, True, False, False]
    # Rhythm (SR) and form (ABQRS) are no diagnoses.
    assert not records.superclasses[7].any()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{'IMI': 35.0, 'ABQRS': 0.0}", "{'IMI': 35.0, 'A", "ecg_id='3'.*not a dictionary"),
        ("{'NORM': 80.0}", "__import__('os').getcwd()", "ecg_id='2'.*not a dictionary"),
        ("{'NORM': 80.0}", "(" * 5000 + ")" * 5000, "ecg_id='2'.*not a dictionary"),
        ("{'NORM': 80.0}", "['NORM']", "ecg_id='2'.*does not map"),
        ("{'NORM': 80.0}", "{'NORM': 'yes'}", "ecg_id='2'.*does not map"),
        ("{'NORM': 80.0}", "{'NROM': 80.0}", "ecg_id='2'.*'NROM'.*does not list"),
        ("{'NORM': 80.0}", "{'NORM': 1e999}", "ecg_id='2'.*likelihood outside 0 to 100"),
        ("{'NORM': 80.0}", "{'NORM': 1" + "0" * 400 + "}", "ecg_id='2'.*outside 0 to 100"),
        (",10.0,", ",,", "ecg_id='1'.*could not convert"),
        (",10.0,", ",1e300,", "ecg_id='1'.*patient_id must be a whole number"),
        (",10.0,", ",inf,", "ecg_id='1'.*patient_id must be a whole number"),
        (",10.0,", ",10.5,", "ecg_id='1'.*patient_id must be a whole number"),
        (",filename_hr", ",filename", r"no column \['filename_hr'\]"),
        ('"qt-', "qt-", "row 1 does not have 8 fields"),
    ],
    ids=[
        "cut",
        "call",
        "nested",
        "list",
        "text",
        "unknown",
        "infinite",
        "digits",
        "patient",
        "huge",
        "infinity",
        "half",
        "column",
        "comma",
    ],
)
def test_a_damaged_table_is_named_with_the_row(ptbxl_copy, old, new, message):
    file = ptbxl_copy / "ptbxl" / "ptbxl_database.csv"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(ValueError, match=f"ptbxl_database.csv.*{message}"):
        read_tables(ptbxl_copy / "ptbxl")


def test_a_table_without_its_end_or_in_another_encoding_is_refused(ptbxl_copy):
    file = ptbxl_copy / "ptbxl" / "ptbxl_database.csv"
    content = file.read_bytes()
    file.write_bytes(content[:-60])
    with pytest.raises(ValueError, match="row 9 does not have 8 fields; the file is truncated"):
        read_tables(ptbxl_copy / "ptbxl")
    file.write_bytes(content.decode("utf-8").encode("latin-1"))
    with pytest.raises(ValueError, match=r"ptbxl_database\.csv is damaged .*utf-8"):
        read_tables(ptbxl_copy / "ptbxl")
    file.write_bytes(content.splitlines(keepends=True)[0])
    with pytest.raises(ValueError, match=r"ptbxl_database\.csv has no rows"):
        read_tables(ptbxl_copy / "ptbxl")


def test_an_unknown_superclass_is_refused(ptbxl_copy):
    file = ptbxl_copy / "ptbxl" / "scp_statements.csv"
    file.write_text(file.read_text().replace("1.0,,STTC", "1.0,,ST"))
    with pytest.raises(ValueError, match=r"scp_statements\.csv.*'ISC_'.*'ST'"):
        read_tables(ptbxl_copy / "ptbxl")


@pytest.mark.parametrize("name", ["ptbxl_database.csv", "scp_statements.csv"])
def test_a_missing_table_is_named_with_the_remedy(ptbxl_copy, name):
    (ptbxl_copy / "ptbxl" / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"{name}.*fetch_ptbxl"):
        read_tables(ptbxl_copy / "ptbxl")


def test_a_table_is_bounded(ptbxl_copy):
    file = ptbxl_copy / "ptbxl" / "ptbxl_database.csv"
    header, *rows = file.read_text("utf-8").splitlines()
    file.write_text("\n".join([header, *rows * 12_000]), "utf-8")
    with pytest.raises(ValueError, match="at most 100000 rows"):
        read_tables(ptbxl_copy / "ptbxl")
    file.write_text("," * 200 + "\n", "utf-8")
    with pytest.raises(ValueError, match="at most 100 columns, got 201"):
        read_tables(ptbxl_copy / "ptbxl")
    with file.open("wb") as stream:
        stream.truncate(30 * 2**30)
    with pytest.raises(ValueError, match="must have at most 33,554,432 bytes"):
        read_tables(ptbxl_copy / "ptbxl")


def test_a_fold_that_does_not_exist_is_refused(ptbxl_copy):
    file = ptbxl_copy / "ptbxl" / "ptbxl_database.csv"
    file.write_text(file.read_text("utf-8").replace(",10,records100", ",11,records100"), "utf-8")
    with pytest.raises(ValueError, match=r"ecg_id='8'.*strat_fold must be 1 to 10, got 11"):
        read_tables(ptbxl_copy / "ptbxl")
