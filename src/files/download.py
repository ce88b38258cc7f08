"""Download over https: resumable, and checked by sha256 where one is stated."""

from __future__ import annotations

import http.client
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from ..errors import UserError
from ..version import __version__
from .digest import file_digest

SHA256 = re.compile(r"[0-9a-f]{64}")

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_BLOCK = 1 << 18
_TIMEOUT = 30
_NO_NETWORK = "is this machine online? An archive fetched elsewhere is read with --records PATH"


class DownloadError(UserError):
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
    if expected and not SHA256.fullmatch(expected):
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
            if resumed and not _range_of(answer).startswith(f"bytes {have}-"):
                raise DownloadError(f"{url}: the server sent another part than asked for")
            tag = answer.headers.get("ETag", "")
            tag = "" if tag.startswith("W/") else tag
            validator.write_text(json.dumps({"url": url, "validator": tag}), encoding="utf-8")
            _write(answer, part, have if resumed else 0, url)
    except urllib.error.HTTPError as error:
        if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE or not headers:
            raise _refused(url, error) from error
        # Complete already, or longer than what the server has: the check that follows tells.
        if _range_of(error) != f"bytes */{have}":
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


def _range_of(answer: http.client.HTTPResponse | urllib.error.HTTPError) -> str:
    return answer.headers.get("Content-Range", "")


def _load_validator(path: Path, url: str) -> str | None:
    """Return the ETag kept with a part, ``""`` if there was none, ``None`` if not of this URL."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return kept["validator"] if kept["url"] == url else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _check(path: Path, url: str, expected: str, stated_by: str) -> None:
    found = file_digest(path)
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


def fetch(url: str) -> bytes:
    """Return a small file."""
    try:
        with _open(url) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        raise _refused(url, error) from error
    except (OSError, http.client.HTTPException) as error:
        raise DownloadError(f"{url}: the connection broke; {_NO_NETWORK}") from error
