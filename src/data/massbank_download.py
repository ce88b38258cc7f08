"""Download of MassBank's records: https, resumable, checked by sha256.

MassBank publishes its records as the source archive of each release of MassBank-data on GitHub.
GitHub states sha256 digests for the files attached to a release, not for its source archive, so
``download`` says what an archive has been checked against: the digest given by the caller, the one
that GitHub or a ``.sha256`` file beside the archive states, or nothing.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from ..version import __version__

LATEST_RELEASE = "https://api.github.com/repos/MassBank/MassBank-data/releases/latest"

_ASSET = re.compile(r"https://github\.com/([^/]+/[^/]+)/releases/download/([^/]+)/([^/?]+)$")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_BLOCK = 1 << 18
_TIMEOUT = 30
_NO_NETWORK = "is this machine online? An archive fetched elsewhere is read with --records PATH"


class DownloadError(ValueError):
    """An archive that cannot be had; the message names the address and the reason."""


@dataclass(frozen=True)
class Archive:
    """An archive to download.

    Attributes:
        url: its address.
        name: its file name.
        sha256: its digest in hexadecimal, ``None`` where nobody states it.
        stated_by: who states the digest.
    """

    url: str
    name: str
    sha256: str | None = None
    stated_by: str = ""


def find_latest_release(url: str = LATEST_RELEASE) -> Archive:
    """Find the records of the current MassBank-data release.

    Args:
        url: where GitHub describes the release.

    Returns:
        The archive of records; an attached file, which has a digest, before the source archive.

    Raises:
        DownloadError: the description cannot be had or is not one.
    """
    try:
        release = json.loads(_fetch(url))
        tag = re.sub(r"[^\w.-]", "_", release["tag_name"])
        for asset in release.get("assets", []):
            if re.fullmatch(r"MassBank-data.*\.(tar\.gz|tgz|zip)", asset["name"]):
                return Archive(asset["browser_download_url"], asset["name"], *_digest(asset))
        return Archive(release["tarball_url"], f"MassBank-data-{tag}.tar.gz")
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, DownloadError):
            raise
        raise DownloadError(f"{url}: not the description of a release ({error!r})") from error


def find_archive(url: str) -> Archive:
    """Find out what is stated of the archive at an address.

    Raises:
        DownloadError: the address does not end in an archive's name.
    """
    name = urllib.parse.unquote(urllib.parse.urlsplit(url).path.rpartition("/")[2])
    if not re.fullmatch(r"[\w.+-]+\.(tar\.gz|tgz|zip)", name):
        raise DownloadError(f"{url}: expected the address of a .tar.gz, .tgz or .zip file")
    if asset := _ASSET.fullmatch(url):
        repository, tag, _ = asset.groups()
        release = _fetch(f"https://api.github.com/repos/{repository}/releases/tags/{tag}")
        for described in json.loads(release).get("assets", []):
            if described.get("browser_download_url") == url:
                return Archive(url, name, *_digest(described))
    try:
        found = _SHA256.search(_fetch(url + ".sha256").decode("ascii", "replace").lower())
    except DownloadError:
        found = None
    return Archive(url, name, found[0], url + ".sha256") if found else Archive(url, name)


def download(archive: Archive, folder: str | Path, *, sha256: str | None = None) -> Path:
    """Download an archive, continuing where an earlier attempt broke off.

    Until it is complete and checked the file is called ``<name>.part``.

    Args:
        archive: what to download.
        folder: where to; it is made if need be.
        sha256: digest that the file must have, instead of the stated one.

    Returns:
        Path of the file.

    Raises:
        DownloadError: no network, an error of the server, a connection that broke (the next call
            continues), or a digest that differs (the next call begins anew).
    """
    stated_by = "the caller" if sha256 else archive.stated_by
    expected = (sha256 or archive.sha256 or "").lower()
    if expected and not _SHA256.fullmatch(expected):
        raise DownloadError(f"sha256 must be 64 hexadecimal digits, found {expected!r}")
    target = Path(folder) / archive.name
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    validator = target.with_name(target.name + ".part.json")
    if target.is_file():
        print(f"{target} is already there")
        _check(target, archive.url, expected, stated_by)
        return target
    _receive(archive.url, part, validator, checked=bool(expected))
    try:
        _check(part, archive.url, expected, stated_by)
    except DownloadError:
        part.unlink()
        raise
    finally:
        validator.unlink(missing_ok=True)
    part.replace(target)
    return target


def _receive(url: str, part: Path, validator: Path, *, checked: bool) -> None:
    """Write the answer to ``part``, or the rest of it if ``part`` holds its beginning."""
    have = part.stat().st_size if part.is_file() else 0
    headers = {}
    if have:
        known = _load_validator(validator, url)
        # Without a validator only a digest tells whether the two parts belong together.
        if known or (checked and known is not None):
            headers = {"Range": f"bytes={have}-"} | ({"If-Range": known} if known else {})
    try:
        with _open(url, headers) as answer:
            resumed = answer.status == http.client.PARTIAL_CONTENT and have > 0
            start = have if resumed and _starts_at(answer, have) else 0
            if resumed and not start:
                raise DownloadError(f"{url}: the server sent another part than asked for")
            tag = answer.headers.get("ETag", "")
            tag = "" if tag.startswith("W/") else tag
            validator.write_text(json.dumps({"url": url, "validator": tag}), encoding="utf-8")
            _write(answer, part, start, url)
    except urllib.error.HTTPError as error:
        if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE or not headers:
            raise DownloadError(
                f"{url}: the server answered {error.code} {error.reason}"
            ) from error
        # Complete already, or longer than what the server has: the check that follows tells.
        if error.headers.get("Content-Range", "") != f"bytes */{have}":
            part.unlink()
            raise DownloadError(f"{url}: the part kept does not fit; run again") from error


def _write(answer: http.client.HTTPResponse, part: Path, start: int, url: str) -> None:
    length = answer.headers.get("Content-Length")
    total = start + int(length) if length else None
    with (
        part.open("r+b" if start else "wb") as file,
        tqdm(
            desc=part.stem, total=total, initial=start, unit="B", unit_scale=True, disable=None
        ) as bar,
    ):
        file.seek(start)
        file.truncate()
        try:
            # What has come before a connection breaks is not to be lost, so not read().
            while block := answer.read1(_BLOCK):
                file.write(block)
                bar.update(len(block))
        except (OSError, http.client.HTTPException) as error:
            raise _broken(url, file.tell(), total) from error
        if total is not None and file.tell() != total:
            raise _broken(url, file.tell(), total)


def _broken(url: str, have: int, total: int | None) -> DownloadError:
    of = f" of {total}" if total is not None else ""
    return DownloadError(f"{url}: the connection broke after {have}{of} bytes; run again to go on")


def _refused(url: str, error: urllib.error.HTTPError) -> DownloadError:
    return DownloadError(f"{url}: the server answered {error.code} {error.reason}")


def _starts_at(answer: http.client.HTTPResponse, start: int) -> bool:
    return answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")


def _load_validator(path: Path, url: str) -> str | None:
    """Return the ETag kept with a part, ``""`` if there was none, ``None`` if not of this URL."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return kept["validator"] if kept["url"] == url else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _check(path: Path, url: str, expected: str, stated_by: str) -> None:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    found = digest.hexdigest()
    if not expected:
        print(
            f"sha256 {found}\nnot checked: no digest is published for {url}; "
            f"--sha256 {found} makes sure to get the same file again"
        )
    elif found == expected:
        print(f"sha256 {found}, as stated by {stated_by}")
    else:
        raise DownloadError(
            f"{url}: sha256 is {found}, but {stated_by} says {expected}; the file is not used"
        )


def _digest(asset: dict) -> tuple[str | None, str]:
    """Return the digest of a file attached to a release, as GitHub states it."""
    kind, _, digest = (asset.get("digest") or "").partition(":")
    return (digest, "GitHub") if kind == "sha256" else (None, "")


class _SecureRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, request, file, code, message, headers, url):
        _require_secure(url)
        return super().redirect_request(request, file, code, message, headers, url)


def _require_secure(url: str) -> None:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise DownloadError(f"{url}: only https addresses are downloaded from")


def _open(url: str, headers: dict[str, str] | None = None) -> http.client.HTTPResponse:
    _require_secure(url)
    agent = {"User-Agent": f"nextims/{__version__}", "Accept-Encoding": "identity"}
    request = urllib.request.Request(url, headers=agent | (headers or {}))
    try:
        return urllib.request.build_opener(_SecureRedirects).open(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError:
        raise
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise DownloadError(f"{url}: cannot be reached ({reason}); {_NO_NETWORK}") from error


def _fetch(url: str) -> bytes:
    """Return a small file."""
    try:
        with _open(url) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        raise _refused(url, error) from error
    except (OSError, http.client.HTTPException) as error:
        raise DownloadError(f"{url}: the connection broke; {_NO_NETWORK}") from error
