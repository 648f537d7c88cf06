"""Download of MIT-BIH against a server on the loopback address that can misbehave."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import threading
import time
from http.client import HTTPResponse

import numpy as np
import pytest
from file_server import Handler, serving

from skecg.datasets import MITBIH_RECORDS, _transfer, fetch_mitbih, load_mitbih
from skecg.datasets import _fetch_mitbih as module

RECORDS = [100, 201]
NAMES = [f"{number}{extension}" for number in RECORDS for extension in (".hea", ".dat", ".atr")]


@pytest.fixture(params=["generated", "real"])
def contents(request, monkeypatch):
    """Files of two records by name: generated ones with a table of their own, and the real ones."""
    if request.param == "real":
        folder = request.getfixturevalue("data_home") / "mitdb"
        real = {name: (folder / name).read_bytes() for name in NAMES}
        return {n: as_served(c) if n.endswith(".hea") else c for n, c in real.items()}
    rng = np.random.default_rng(0)
    made = {name: rng.bytes(300_000 if name.endswith(".dat") else 900) for name in NAMES}
    for name in made:
        if name.endswith(".hea"):
            made[name] = b"100 2 360 650000\r\n100.dat 212\r\n# " + name.encode() + b"\r\n"
    table = {name: (hashlib.sha256(made[name]).hexdigest(), len(made[name])) for name in NAMES}
    monkeypatch.setattr(module, "_read_table", lambda: table)
    return made


def as_served(header):
    """Give a header the line ends that PhysioNet serves; copies of the database change them."""
    return b"".join(line + b"\r\n" for line in header.rstrip(b"\r\n").splitlines())


@pytest.fixture
def server(contents, monkeypatch):
    with serving(contents, "/mitdb/", monkeypatch) as server:
        yield server


def fetch(server, folder, **parameters):
    return fetch_mitbih(
        folder, base_url=server.url, records=RECORDS, **{"progress": False, **parameters}
    )


def assert_complete(folder, contents):
    assert sorted(os.listdir(folder)) == sorted(contents)
    for name, content in contents.items():
        assert (folder / name).read_bytes() == content, name


def test_downloads_into_a_new_folder(server, tmp_path, capsys):
    folder = fetch(server, tmp_path / "new", progress=True)

    assert folder == tmp_path / "new" / "mitdb"
    assert_complete(folder, server.contents)
    assert server.requests == [(name, None, len(server.contents[name])) for name in NAMES]
    assert "100%" in capsys.readouterr().err


def test_data_home_comes_from_the_environment(server, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SKECG_DATA", str(tmp_path))

    assert fetch(server, None) == tmp_path / "mitdb"
    assert capsys.readouterr().err == ""


def test_complete_files_are_not_requested(server, tmp_path):
    fetch(server, tmp_path)
    server.requests.clear()

    assert_complete(fetch(server, tmp_path), server.contents)
    assert server.requests == []


def test_interrupted_download_is_resumed_by_the_next_call(server, tmp_path):
    size = len(server.contents["100.dat"])
    server.cut["100.dat"] = size // 3
    with pytest.raises(ConnectionError, match=f"100.dat .*ended after {size // 3} of {size} bytes"):
        fetch(server, tmp_path, n_retries=0)
    folder = tmp_path / "mitdb"
    assert sorted(os.listdir(folder)) == ["100.dat.part", "100.hea"]
    assert (folder / "100.dat.part").read_bytes() == server.contents["100.dat"][: size // 3]

    server.requests.clear()
    fetch(server, tmp_path, n_retries=0)

    assert_complete(folder, server.contents)
    assert server.of("100.hea") == []
    assert server.of("100.dat") == [(f"bytes={size // 3}-", size - size // 3)]


def test_interrupted_transfer_is_resumed_by_the_same_call(server, tmp_path):
    size = len(server.contents["201.dat"])
    server.cut["201.dat"] = 1000

    assert_complete(fetch(server, tmp_path, n_retries=1), server.contents)
    assert server.of("201.dat") == [(None, 1000), ("bytes=1000-", size - 1000)]


def test_a_stop_by_the_user_loses_nothing(server, tmp_path, monkeypatch):
    part = tmp_path / "mitdb" / "100.dat.part"
    read1 = HTTPResponse.read1

    def receive(response, n_bytes):
        if part.exists() and response.url.endswith("100.dat"):
            received.append(1000)
            if len(received) > 2:
                raise KeyboardInterrupt
            n_bytes = 1000
        return read1(response, n_bytes)

    received = []
    with monkeypatch.context() as patch:
        patch.setattr(HTTPResponse, "read1", receive)
        with pytest.raises(KeyboardInterrupt):
            fetch(server, tmp_path)
    assert part.read_bytes() == server.contents["100.dat"][:2000]

    assert_complete(fetch(server, tmp_path), server.contents)
    assert server.of("100.dat")[-1] == ("bytes=2000-", len(server.contents["100.dat"]) - 2000)


def test_server_without_ranges_sends_the_file_anew(server, tmp_path):
    server.supports_ranges = False
    size = len(server.contents["100.dat"])
    server.cut["100.dat"] = size // 2

    assert_complete(fetch(server, tmp_path), server.contents)
    assert server.of("100.dat") == [(None, size // 2), (f"bytes={size // 2}-", size)]


@pytest.mark.parametrize("misbehaviour", ["status 416", "another range"])
def test_refused_range_starts_the_file_anew(server, tmp_path, misbehaviour):
    part = tmp_path / "mitdb" / "100.dat.part"
    part.parent.mkdir()
    part.write_bytes(server.contents["100.dat"][:700])
    if misbehaviour == "status 416":
        server.status["100.dat"] = [416]
    else:
        server.range_offset = 1

    assert_complete(fetch(server, tmp_path, n_retries=0), server.contents)
    assert server.of("100.dat")[0][0] == "bytes=700-"
    assert server.of("100.dat")[1] == (None, len(server.contents["100.dat"]))


def test_too_long_part_is_fetched_anew(server, tmp_path):
    part = tmp_path / "mitdb" / "100.atr.part"
    part.parent.mkdir()
    part.write_bytes(server.contents["100.atr"] + b"more")

    assert_complete(fetch(server, tmp_path), server.contents)
    assert server.of("100.atr") == [(None, len(server.contents["100.atr"]))]


def test_complete_part_is_put_in_place_without_a_request(server, tmp_path):
    part = tmp_path / "mitdb" / "100.atr.part"
    part.parent.mkdir()
    part.write_bytes(server.contents["100.atr"])

    assert_complete(fetch(server, tmp_path), server.contents)
    assert server.of("100.atr") == []


def test_damaged_part_is_fetched_anew(server, tmp_path):
    part = tmp_path / "mitdb" / "100.dat.part"
    part.parent.mkdir()
    part.write_bytes(bytes(800))

    assert_complete(fetch(server, tmp_path), server.contents)
    assert [wanted for wanted, _ in server.of("100.dat")] == ["bytes=800-", None]


def test_damaged_file_in_the_folder_is_replaced(server, tmp_path):
    fetch(server, tmp_path)
    (tmp_path / "mitdb" / "201.hea").write_bytes(b"damaged")
    server.requests.clear()

    assert_complete(fetch(server, tmp_path), server.contents)
    assert [name for name, _, _ in server.requests] == ["201.hea"]


@pytest.mark.parametrize("place", ["folder", "server"])
def test_line_ends_of_a_header_do_not_matter(server, tmp_path, place):
    folder = fetch(server, tmp_path)
    header = server.contents["201.hea"]
    assert header.endswith(b"\r\n")
    other = header.replace(b"\r\n", b"\n") + b"\n"
    server.requests.clear()
    if place == "folder":
        (folder / "201.hea").write_bytes(other)
    else:
        (folder / "201.hea").unlink()
        server.contents["201.hea"] = other

    fetch(server, tmp_path)

    assert (folder / "201.hea").read_bytes() == other
    assert len(server.requests) == (place == "server")


def test_interrupted_header_is_fetched_whole(server, tmp_path):
    server.cut["100.hea"] = 20

    assert_complete(fetch(server, tmp_path), server.contents)
    assert server.of("100.hea") == [(None, 20), (None, len(server.contents["100.hea"]))]


@pytest.mark.parametrize("name", NAMES[:3])
def test_another_digit_in_any_file_is_found(server, tmp_path, name):
    folder = fetch(server, tmp_path)
    content = bytearray(server.contents[name])
    content[5] ^= 1
    (folder / name).write_bytes(content)

    assert_complete(fetch(server, tmp_path), server.contents)


def test_file_corrupted_once_is_fetched_once_more(server, tmp_path):
    server.corrupt["100.dat"] = 1

    assert_complete(fetch(server, tmp_path), server.contents)
    assert len(server.of("100.dat")) == 2


def test_file_corrupted_always_is_named_and_not_put_in_place(server, tmp_path):
    server.corrupt["100.dat"] = 9

    with pytest.raises(OSError, match=r"100\.dat was downloaded twice and is damaged"):
        fetch(server, tmp_path)
    assert len(server.of("100.dat")) == 2
    assert os.listdir(tmp_path / "mitdb") == ["100.hea"]


def test_truncated_file_on_the_server_is_no_complete_file(server, tmp_path):
    # The Content-Length agrees with what is sent; only the table knows that bytes are missing.
    size = len(server.contents["100.dat"])
    server.contents["100.dat"] = server.contents["100.dat"][:-10]

    with pytest.raises(ConnectionError, match=f"ended after {size - 10} of {size} bytes"):
        fetch(server, tmp_path, n_retries=1)
    assert (tmp_path / "mitdb" / "100.dat.part").stat().st_size == size - 10
    assert not (tmp_path / "mitdb" / "100.dat").exists()


def test_longer_file_on_the_server_is_cut_off_and_checked(server, tmp_path):
    whole = dict(server.contents)
    server.contents["100.dat"] += b"more"

    assert_complete(fetch(server, tmp_path), whole)


def test_passing_server_error_is_retried(server, tmp_path):
    server.status["100.hea"] = [503, 429]

    assert_complete(fetch(server, tmp_path, n_retries=2), server.contents)
    assert len(server.of("100.hea")) == 3


def test_missing_file_is_not_asked_for_again(server, tmp_path):
    server.status["100.dat"] = [404, 404]

    with pytest.raises(ConnectionError, match=r"100\.dat could not be downloaded: .*404"):
        fetch(server, tmp_path)
    assert len(server.of("100.dat")) == 1


def test_silent_server_is_an_error_after_the_timeout(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(ConnectionError, match="timed out"):
            fetch_mitbih(tmp_path, base_url=url, timeout=0.1, n_retries=0, progress=False)


def test_offline_says_what_was_wanted_and_how_to_go_on(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(_transfer, "_FIRST_DELAY", 0)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"

    with pytest.raises(ConnectionError) as error:
        fetch_mitbih(tmp_path, base_url=url, progress=False)
    message = str(error.value)
    assert f"{url}100.hea could not be downloaded" in message
    assert f"kept in {tmp_path / 'mitdb'}; call fetch_mitbih again" in message
    assert "copy the 144 files" in message


@pytest.mark.parametrize("contents", ["real"], indirect=True)
def test_downloaded_records_can_be_loaded(server, tmp_path):
    fetch(server, tmp_path)

    assert load_mitbih(tmp_path, records=RECORDS).data.shape == (2, 650000)


def test_table_names_every_file_of_the_database():
    table = module._read_table()

    assert set(table) == {
        f"{number}{extension}" for number in MITBIH_RECORDS for extension in module.EXTENSIONS
    }
    # 650,000 samples of two leads in format 212 take three bytes each.
    assert {size for name, (_, size) in table.items() if name.endswith(".dat")} == {1_950_000}
    assert all(len(bytes.fromhex(sha256)) == 32 for sha256, _ in table.values())


def test_table_holds_headers_as_physionet_serves_them():
    # Pinned by another project from PhysioNet's own files: sizes and digests of CRLF text.
    table = module._read_table()

    for name, size, digest in (
        ("100.hea", 143, "60ebc904c7bf3e04d142638d3fd5c903e8dc9f10f1ea3264e07926aa089ee75e"),
        ("101.hea", 131, "d5f02fbe8673fa05465442191b98ca0d28a1670e7ef0e83fb9ef8723113a311c"),
        ("200.hea", 306, "9e0c2ff5b790cf624deab0ccb8a9f211a9e29a748d8197da3c1ee7c5b596b40c"),
        ("207.hea", 546, "7645d488d4c304760aae0a709193ffa13692c317b551bcbdcbb37011032178d8"),
    ):
        assert table[name] == (digest, size)


def test_table_agrees_with_every_real_file(data_home):
    for name, (sha256, size) in module._read_table().items():
        content = (data_home / "mitdb" / name).read_bytes()
        if name.endswith(".hea"):
            content = as_served(content)
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (sha256, size), name


@pytest.mark.parametrize("records", [[], [110], [100, "101"], 110, "100", [None]])
def test_unknown_records_are_refused(records, tmp_path):
    with pytest.raises(ValueError, match="records must name records of the MIT-BIH"):
        fetch_mitbih(tmp_path, records=records)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"base_url": "ftp://127.0.0.1/"}, "base_url must start with"),
        ({"base_url": None}, "base_url must start with"),
        ({"deadline": 0}, "deadline == 0, must be > 0"),
        ({"timeout": 0}, "timeout == 0, must be > 0"),
        ({"n_retries": -1}, "n_retries == -1, must be >= 0"),
    ],
)
def test_unusable_parameters_are_refused(parameters, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        fetch_mitbih(tmp_path, **parameters)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("kind", ["link", "hard link", "FIFO"])
def test_nothing_is_written_through_a_link(server, tmp_path, kind):
    folder = tmp_path / "mitdb"
    folder.mkdir()
    victim = tmp_path / "victim"
    victim.write_bytes(b"of another")
    part = folder / "100.dat.part"
    if kind == "FIFO":
        os.mkfifo(part)
    else:
        (os.symlink if kind == "link" else os.link)(victim, part)

    assert_complete(fetch(server, tmp_path), server.contents)
    assert victim.read_bytes() == b"of another"


def test_a_link_in_place_of_a_file_is_replaced(server, tmp_path):
    folder = tmp_path / "mitdb"
    folder.mkdir()
    victim = tmp_path / "victim"
    victim.write_bytes(b"of another")
    (folder / "100.dat").symlink_to(victim)

    assert_complete(fetch(server, tmp_path), server.contents)
    assert victim.read_bytes() == b"of another"
    assert not (folder / "100.dat").is_symlink()


def test_a_link_that_takes_the_place_of_a_part_is_not_opened(tmp_path):
    (tmp_path / "100.dat.part").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match=r"100\.dat\.part"):
        _transfer.open_part(tmp_path / "100.dat.part", append=False)
    assert not (tmp_path / "victim").exists()


def test_no_more_bytes_of_a_header_are_taken_than_the_table_says(server, tmp_path):
    whole = dict(server.contents)
    server.contents["100.hea"] += b"\r\n" + b"# more\r\n" * 100_000

    assert_complete(fetch(server, tmp_path), whole)


def test_a_huge_file_in_the_folder_is_not_read(server, tmp_path, monkeypatch):
    folder = fetch(server, tmp_path)
    for name in ("100.dat", "100.hea"):
        with (folder / name).open("wb") as stream:
            stream.truncate(30 * 2**30)  # takes no space on the disk

    assert_complete(fetch(server, tmp_path), server.contents)


def trickle(listener, start, piece):
    """Answer one request with `start`, and then a piece of the answer now and then."""
    connection, _ = listener.accept()
    with connection, contextlib.suppress(OSError):
        connection.recv(65536)
        connection.sendall(start)
        while piece or connection.recv(1):
            connection.sendall(piece)
            time.sleep(0.02)


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 143\r\n\r\n", b""),  # silent in the body
        (b"HTTP/1.1 200 OK\r\nContent-Length: 143000\r\nX: ", b"a"),  # a header without end
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),  # a size without end
    ],
)
def test_a_server_that_sends_too_slowly_is_left_at_the_deadline(
    tmp_path, monkeypatch, start, piece
):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=trickle, args=(listener, start, piece), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        began = time.monotonic()
        with pytest.raises(ConnectionError, match=r"within the deadline of 0\.3 s"):
            fetch_mitbih(tmp_path, base_url=url, timeout=20, deadline=0.3, progress=False)
        assert time.monotonic() - began < 5
    thread.join(5)


def test_a_redirection_leads_to_no_other_kind_of_address(server, tmp_path, monkeypatch):
    (tmp_path / "secret").write_text("secret")
    monkeypatch.setattr(
        Handler,
        "do_GET",
        lambda self: (
            self.send_response(302),
            self.send_header("Location", f"ftp://127.0.0.1{tmp_path}/secret"),
            self.end_headers(),
        ),
    )
    with pytest.raises(ConnectionError, match="unknown url type: ftp"):
        fetch(server, tmp_path, n_retries=0)
