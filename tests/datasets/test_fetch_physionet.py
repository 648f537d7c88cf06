"""Downloads with PhysioNet's lists of checksums, against a server that can misbehave."""

import hashlib
import os

import numpy as np
import pytest
from file_server import serving
from generated_mitbih import write_record
from generated_ptbxl import write_ptbxl

from skecg.datasets import fetch_ptbxl, fetch_wfdb, load_ptbxl, load_wfdb

SUMS = "SHA256SUMS.txt"


def listed(contents):
    """Return the text of a list of checksums."""
    lines = [f"{hashlib.sha256(content).hexdigest()} {n}" for n, content in contents.items()]
    return ("\n".join(lines) + "\n").encode()


def files_below(folder):
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def svdb(tmp_path_factory):
    """Return the files of a data base of two records, and some that are none of theirs."""
    folder = tmp_path_factory.mktemp("svdb")
    for number in (800, 801):
        write_record(folder, number, ["ECG1", "ECG2"])
    contents = files_below(folder)
    others = {"RECORDS": b"800\n801\n", "ANNOTATORS": b"atr\tbeats\n", "about us.htm": b"."}
    return contents, {SUMS: listed({**contents, **others}), **contents, **others}


@pytest.fixture
def server(svdb, monkeypatch):
    with serving(dict(svdb[1]), "/svdb/", monkeypatch) as server:
        yield server


def fetch(server, home, **params):
    return fetch_wfdb("svdb", home, base_url=server.url, **{"progress": False, **params})


def assert_complete(folder, server, svdb):
    assert files_below(folder) == {**svdb[0], SUMS: server.contents[SUMS]}


def test_a_data_base_is_downloaded_and_can_be_loaded(server, svdb, tmp_path, capsys):
    folder = fetch(server, tmp_path / "new", progress=True)
    assert folder == tmp_path / "new" / "svdb"
    assert_complete(folder, server, svdb)
    assert "6/6" in capsys.readouterr().err
    assert load_wfdb(folder).records.tolist() == ["800", "801"]


def test_complete_files_are_not_requested(server, tmp_path):
    fetch(server, tmp_path)
    server.requests.clear()
    fetch(server, tmp_path)
    assert server.requests == []


def test_records_are_chosen(server, tmp_path):
    folder = fetch(server, tmp_path, records=[801, "801"])
    assert sorted(os.listdir(folder)) == ["801.atr", "801.dat", "801.hea", SUMS]


@pytest.mark.parametrize("records", [["802"], ["RECORDS"], ["../800"], [], "800", [None], 800])
def test_unknown_records_are_refused(server, tmp_path, records):
    with pytest.raises(ValueError, match="records must"):
        fetch(server, tmp_path, records=records)


def test_an_interrupted_download_goes_on(server, svdb, tmp_path):
    size = len(svdb[0]["800.dat"])
    server.cut["800.dat"] = size // 3
    with pytest.raises(ConnectionError, match=rf"800\.dat .*{size // 3} .*call fetch_wfdb again"):
        fetch(server, tmp_path, n_retries=0)
    server.requests.clear()
    assert_complete(fetch(server, tmp_path, n_retries=0), server, svdb)
    assert server.of("800.dat") == [(f"bytes={size // 3}-", size - size // 3)]


def test_a_complete_part_is_put_in_place_without_a_request(server, svdb, tmp_path):
    (tmp_path / "svdb").mkdir()
    (tmp_path / "svdb" / "800.dat.part").write_bytes(svdb[0]["800.dat"])
    assert_complete(fetch(server, tmp_path), server, svdb)
    assert server.of("800.dat") == []


def test_a_damaged_part_is_fetched_anew(server, svdb, tmp_path):
    (tmp_path / "svdb").mkdir()
    (tmp_path / "svdb" / "800.dat.part").write_bytes(bytes(100))
    assert_complete(fetch(server, tmp_path), server, svdb)
    assert [wanted for wanted, _ in server.of("800.dat")] == ["bytes=100-", None]


def test_an_interrupted_list_is_fetched_whole(server, svdb, tmp_path):
    server.cut[SUMS] = 100
    assert_complete(fetch(server, tmp_path), server, svdb)
    assert [wanted for wanted, _ in server.of(SUMS)] == [None, None]


def test_a_damaged_file_in_the_folder_is_replaced(server, svdb, tmp_path):
    folder = fetch(server, tmp_path)
    (folder / "801.hea").write_bytes(b"damaged")
    assert_complete(fetch(server, tmp_path), server, svdb)


def test_a_file_that_is_always_damaged_is_named(server, tmp_path):
    server.corrupt["800.atr"] = 9
    with pytest.raises(OSError, match=r"800\.atr was downloaded twice and is damaged"):
        fetch(server, tmp_path)
    assert not (tmp_path / "svdb" / "800.atr").exists()


@pytest.mark.parametrize("text", [b"<html>\n", b"0123 800.hea\n"])
def test_a_damaged_list_is_named(server, tmp_path, text):
    server.contents[SUMS] = text
    with pytest.raises(OSError, match=rf"{SUMS} is damaged: .*Remove it"):
        fetch(server, tmp_path)


@pytest.mark.parametrize("name", ["../800", "/tmp/800", "a/../../800", ".800"])
def test_a_name_that_leads_out_of_the_folder_is_not_followed(server, svdb, tmp_path, name):
    evil = {f"{name}{end}": b"evil" for end in (".hea", ".dat", ".atr")}
    server.contents.update(evil)
    server.contents[SUMS] += listed(evil)
    assert_complete(fetch(server, tmp_path), server, svdb)
    assert sorted(os.listdir(tmp_path)) == ["svdb"]


def test_a_file_of_more_bytes_than_it_can_have_is_not_taken(server, tmp_path):
    server.contents["800.hea"] = bytes((1 << 16) + 1)
    with pytest.raises(ConnectionError, match=r"sends 65,537 bytes, and it .* most 65,536"):
        fetch(server, tmp_path)
    assert not (tmp_path / "svdb" / "800.hea").exists()


def test_a_file_without_a_length_is_cut_off_at_its_bound(server, tmp_path, monkeypatch):
    server.contents["800.hea"] = bytes(1 << 20)
    server.says_length = False
    with pytest.raises(ConnectionError, match="sends more than the 65,536 bytes it can have"):
        fetch(server, tmp_path)


def test_a_server_that_says_no_length_is_understood(server, svdb, tmp_path):
    server.says_length = False
    assert_complete(fetch(server, tmp_path), server, svdb)


@pytest.mark.parametrize("part", ["800.dat.part", f"{SUMS}.part"])
def test_nothing_is_written_through_a_link(server, svdb, tmp_path, part):
    folder, victim = tmp_path / "svdb", tmp_path / "victim"
    folder.mkdir()
    victim.write_bytes(b"of another")
    (folder / part).symlink_to(victim)
    assert_complete(fetch(server, tmp_path), server, svdb)
    assert victim.read_bytes() == b"of another"


@pytest.mark.parametrize("name", ["nsrdb", None, 1, ["svdb"]])
def test_another_data_base_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match="name must be one of 'incartdb', 'ltdb'"):
        fetch_wfdb(name, tmp_path)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"base_url": "ftp://127.0.0.1/"}, "base_url must start with"),
        ({"deadline": 0}, "deadline == 0, must be > 0"),
        ({"timeout": 0}, "timeout == 0, must be > 0"),
        ({"n_retries": -1}, "n_retries == -1, must be >= 0"),
    ],
)
def test_unusable_parameters_are_refused(tmp_path, params, message):
    for name in ("svdb", "mitdb"):
        with pytest.raises(ValueError, match=message):
            fetch_wfdb(name, tmp_path, **params)
    with pytest.raises(ValueError, match=message):
        fetch_ptbxl(tmp_path, **params)
    assert os.listdir(tmp_path) == []


def test_mitdb_is_checked_by_the_table_of_the_package(server, tmp_path):
    server.contents.update({f"100{end}": b"\0" for end in (".hea", ".dat", ".atr")})
    with pytest.raises(OSError, match=r"100\.hea was downloaded twice"):
        fetch_wfdb("mitdb", tmp_path, base_url=server.url, records=["100"], progress=False)
    with pytest.raises(ValueError, match="records must name records of the MIT-BIH"):
        fetch_wfdb("mitdb", tmp_path, records=["800a"])


# PTB-XL ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ptbxl(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ptbxl_on_server")
    write_ptbxl(folder)
    contents = files_below(folder)
    return {SUMS: listed(contents), **contents}


@pytest.fixture
def ptbxl_server(ptbxl, monkeypatch):
    with serving(dict(ptbxl), "/ptb-xl/", monkeypatch) as server:
        yield server


@pytest.mark.parametrize("n_connections", [1, 8])
def test_ptbxl_is_downloaded_and_can_be_loaded(ptbxl_server, ptbxl, tmp_path, n_connections):
    url = ptbxl_server.url
    folder = fetch_ptbxl(tmp_path, base_url=url, n_connections=n_connections, progress=False)
    assert folder == tmp_path / "ptbxl"
    assert files_below(folder) == {k: v for k, v in ptbxl.items() if "records500" not in k}
    assert len(load_ptbxl(tmp_path).data) == 5
    ptbxl_server.requests.clear()
    fetch_ptbxl(tmp_path, base_url=url, n_connections=n_connections, progress=False)
    assert ptbxl_server.requests == []


def test_records_of_ptbxl_are_chosen_at_their_rate(ptbxl_server, tmp_path):
    folder = fetch_ptbxl(
        tmp_path, base_url=ptbxl_server.url, sampling_rate=500, records=[2, np.int64(4)],
        progress=False,
    )  # fmt: skip
    names = [f"records500/00000/0000{i}_hr{end}" for i in (2, 4) for end in (".dat", ".hea")]
    assert sorted(files_below(folder)) == sorted(
        [SUMS, "ptbxl_database.csv", "scp_statements.csv", *names]
    )


def test_a_failed_file_of_ptbxl_is_named_and_the_rest_is_kept(ptbxl_server, tmp_path):
    ptbxl_server.status["records100/00000/00005_lr.dat"] = [404]
    with pytest.raises(ConnectionError, match=r"00005_lr\.dat .*404.*call fetch_ptbxl again"):
        fetch_ptbxl(tmp_path, base_url=ptbxl_server.url, progress=False)
    fetch_ptbxl(tmp_path, base_url=ptbxl_server.url, progress=False)
    assert len(load_ptbxl(tmp_path).data) == 5


def test_a_folder_that_is_a_link_is_not_written_into(ptbxl_server, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "ptbxl").mkdir()
    (tmp_path / "ptbxl" / "records100").symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="records100 is a link to another folder"):
        fetch_ptbxl(tmp_path, base_url=ptbxl_server.url, progress=False)
    assert os.listdir(tmp_path / "other") == []


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"sampling_rate": 250}, "sampling_rate must be 100 or 500, got 250"),
        ({"records": ["a"]}, "records must be a list of ecg_id"),
        ({"records": [99]}, r"does not list the records \[99\]"),
        ({"n_connections": 0}, "n_connections == 0, must be >= 1"),
    ],
)
def test_wrong_parameters_of_ptbxl_are_refused(ptbxl_server, tmp_path, params, message):
    with pytest.raises(ValueError, match=message):
        fetch_ptbxl(tmp_path, base_url=ptbxl_server.url, progress=False, **params)
