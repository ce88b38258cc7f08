import hashlib
import json
import os

import pytest
from massbank_server import serve

from nextims.data.library import massbank_release
from nextims.data.library.massbank_release import find_archive, find_latest_release
from nextims.files.download import Archive, DownloadError, download

CONTENT = os.urandom(50_000) * 20
DIGEST = hashlib.sha256(CONTENT).hexdigest()
PATH = "/MassBank-data-2025.10.tar.gz"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server():
    with serve({PATH: CONTENT}) as running:
        yield running


@pytest.fixture
def archive(server):
    return Archive(server.address + PATH, PATH[1:])


def interrupt(server, archive, folder, after=300_000):
    server.break_after = after
    with pytest.raises(DownloadError, match=r"broke after \d+.* bytes; run again to go on"):
        download(archive, folder)
    server.break_after = None
    assert not (folder / archive.name).exists()


def test_whole_download(archive, tmp_path, capsys):
    path = download(archive, tmp_path / "new folder", sha256=DIGEST.upper())
    assert path == tmp_path / "new folder" / "MassBank-data-2025.10.tar.gz"
    assert path.read_bytes() == CONTENT
    assert list(path.parent.iterdir()) == [path]
    assert f"{DIGEST}, as stated by the caller" in capsys.readouterr().out


def test_unchecked_download_says_so_and_gives_its_digest(archive, tmp_path, capsys):
    download(archive, tmp_path)
    printed = capsys.readouterr().out
    assert "not checked" in printed
    assert f"--sha256 {DIGEST}" in printed


@pytest.mark.parametrize("lengths", [True, False])
def test_interrupted_download_goes_on_where_it_broke_off(server, archive, tmp_path, lengths):
    server.lengths = lengths
    interrupt(server, archive, tmp_path)
    kept = (tmp_path / (archive.name + ".part")).stat().st_size
    assert kept == 300_000
    assert download(archive, tmp_path).read_bytes() == CONTENT
    assert server.requests[-1] == (PATH, f"bytes={kept}-")
    assert [file.name for file in tmp_path.iterdir()] == [archive.name]


def test_several_interruptions(server, archive, tmp_path):
    for _ in range(3):
        interrupt(server, archive, tmp_path, after=250_000)
    assert download(archive, tmp_path, sha256=DIGEST).read_bytes() == CONTENT
    assert [asked for _, asked in server.requests] == [
        None,
        "bytes=250000-",
        "bytes=500000-",
        "bytes=750000-",
    ]


def test_server_without_ranges_sends_it_all_again(server, archive, tmp_path):
    interrupt(server, archive, tmp_path)
    server.ranges = False
    assert download(archive, tmp_path).read_bytes() == CONTENT


def test_file_that_changed_meanwhile_is_begun_anew(server, archive, tmp_path):
    interrupt(server, archive, tmp_path)
    server.files[PATH] = CONTENT[::-1]
    server.etag = '"two"'
    assert download(archive, tmp_path).read_bytes() == CONTENT[::-1]


def test_without_etag_only_a_digest_allows_to_go_on(server, archive, tmp_path):
    server.etag = ""
    interrupt(server, archive, tmp_path)
    assert download(archive, tmp_path).read_bytes() == CONTENT
    assert server.requests[-1] == (PATH, None)
    (tmp_path / archive.name).unlink()
    interrupt(server, archive, tmp_path)
    assert download(archive, tmp_path, sha256=DIGEST).read_bytes() == CONTENT
    assert server.requests[-1] == (PATH, "bytes=300000-")


def test_part_of_another_address_is_not_gone_on_with(server, archive, tmp_path):
    interrupt(server, archive, tmp_path)
    server.files["/mirror" + PATH] = CONTENT[::-1]
    other = Archive(server.address + "/mirror" + PATH, archive.name)
    assert download(other, tmp_path).read_bytes() == CONTENT[::-1]


def test_part_that_is_complete_is_only_checked(server, archive, tmp_path):
    (tmp_path / (archive.name + ".part")).write_bytes(CONTENT)
    about = {"url": archive.url, "validator": '"one"'}
    (tmp_path / (archive.name + ".part.json")).write_text(json.dumps(about))
    assert download(archive, tmp_path, sha256=DIGEST).read_bytes() == CONTENT


def test_part_that_is_too_long_is_thrown_away(server, archive, tmp_path):
    (tmp_path / (archive.name + ".part")).write_bytes(CONTENT + b"more")
    about = {"url": archive.url, "validator": '"one"'}
    (tmp_path / (archive.name + ".part.json")).write_text(json.dumps(about))
    with pytest.raises(DownloadError, match="run again"):
        download(archive, tmp_path)
    assert download(archive, tmp_path).read_bytes() == CONTENT


def test_wrong_digest_leaves_no_file(archive, tmp_path):
    with pytest.raises(DownloadError, match=f"sha256 is {DIGEST}, but the caller says {'0' * 64}"):
        download(archive, tmp_path, sha256="0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_stated_digest_is_checked(archive, tmp_path):
    stated = Archive(archive.url, archive.name, "f" * 64, "GitHub")
    with pytest.raises(DownloadError, match="GitHub says ffff"):
        download(stated, tmp_path)


def test_digest_must_look_like_one(archive, tmp_path):
    with pytest.raises(DownloadError, match="64 hexadecimal digits, found 'abc'"):
        download(archive, tmp_path, sha256="abc")


def test_file_already_there_is_checked_but_not_fetched(server, archive, tmp_path):
    (tmp_path / archive.name).write_bytes(CONTENT)
    download(archive, tmp_path, sha256=DIGEST)
    assert server.requests == []
    with pytest.raises(DownloadError, match="the caller says 0000"):
        download(archive, tmp_path, sha256="0" * 64)


def test_no_network_is_said_clearly(tmp_path):
    with serve({}) as server:
        address = server.address
    with pytest.raises(DownloadError, match=r"cannot be reached \(.*online\?.*--records PATH"):
        download(Archive(address + PATH, "a.zip"), tmp_path)
    with pytest.raises(DownloadError, match=r"cannot be reached \(.*online"):
        find_latest_release(address)


def test_unknown_host_is_said_clearly(tmp_path):
    with pytest.raises(DownloadError, match=r"no\.such\.host\.invalid.*cannot be reached"):
        download(Archive("https://no.such.host.invalid/a.zip", "a.zip"), tmp_path)


def test_missing_file(server, tmp_path):
    with pytest.raises(DownloadError, match="the server answered 404"):
        download(Archive(server.address + "/other.zip", "other.zip"), tmp_path)


@pytest.mark.parametrize("url", ["http://example.org/a.zip", "ftp://example.org/a.zip", "/a.zip"])
def test_only_https_leaves_this_machine(url, tmp_path):
    with pytest.raises(DownloadError, match="only https"):
        download(Archive(url, "a.zip"), tmp_path)


def test_redirect_to_plain_http_is_refused(server, archive, tmp_path):
    server.redirects[PATH] = "http://example.org/a.zip"
    with pytest.raises(DownloadError, match="only https"):
        download(archive, tmp_path)


def test_redirect_is_followed(server, tmp_path):
    server.redirects["/latest.zip"] = server.address + PATH
    moved = Archive(server.address + "/latest.zip", "latest.zip")
    assert download(moved, tmp_path).read_bytes() == CONTENT


def test_digest_beside_the_archive_is_found(server):
    url = server.address + PATH
    assert find_archive(url) == Archive(url, PATH[1:])
    server.files[PATH + ".sha256"] = f"{DIGEST}  {PATH[1:]}\n".encode()
    assert find_archive(url) == Archive(url, PATH[1:], DIGEST, url + ".sha256")


def test_digest_of_a_release_asset_is_asked_of_github(monkeypatch):
    url = "https://github.com/MassBank/MassBank-data/releases/download/2025.10/records.zip"
    asked = []

    def answer(address):
        asked.append(address)
        asset = {"browser_download_url": url, "digest": f"sha256:{DIGEST}"}
        return json.dumps({"assets": [{"browser_download_url": "other"}, asset]}).encode()

    monkeypatch.setattr(massbank_release, "fetch", answer)
    assert find_archive(url) == Archive(url, "records.zip", DIGEST, "GitHub")
    assert asked == ["https://api.github.com/repos/MassBank/MassBank-data/releases/tags/2025.10"]


@pytest.mark.parametrize("url", ["https://example.org/", "https://example.org/MassBank.sql"])
def test_address_must_be_of_an_archive(url):
    with pytest.raises(DownloadError, match="expected the address of"):
        find_archive(url)


def describe(server, assets):
    release = {
        "tag_name": "2025.10",
        "tarball_url": server.address + "/tarball/2025.10",
        "assets": assets,
    }
    server.files["/latest"] = json.dumps(release).encode()
    return find_latest_release(server.address + "/latest")


def test_current_release_is_its_source_archive(server):
    other = [{"name": "MassBank_NISTformat.msp", "digest": f"sha256:{DIGEST}"}]
    found = describe(server, other)
    url = server.address + "/tarball/2025.10"
    assert found == Archive(url, "MassBank-data-2025.10.tar.gz", None, "")


def test_attached_archive_comes_first_for_its_digest(server):
    asset = {
        "name": "MassBank-data-2025.10.zip",
        "browser_download_url": server.address + PATH,
        "digest": f"sha256:{DIGEST}",
    }
    found = describe(server, [asset])
    assert (found.name, found.sha256, found.stated_by) == (asset["name"], DIGEST, "GitHub")


@pytest.mark.parametrize("content", [b"<html>", b"[]", b'{"message": "rate limit"}'])
def test_answer_that_is_no_release(server, content):
    server.files["/latest"] = content
    with pytest.raises(DownloadError, match="not the description of a release"):
        find_latest_release(server.address + "/latest")
