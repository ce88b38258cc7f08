"""Where MassBank's records are to be had, and what digest is stated of them.

MassBank publishes its records as the source archive of each release of MassBank-data on GitHub.
GitHub states sha256 digests for the files attached to a release, not for its source archive, so
``download`` says what an archive has been checked against: the digest given by the caller, the one
that GitHub or a ``.sha256`` file beside the archive states, or nothing.
"""

from __future__ import annotations

import json
import re
import urllib.parse

from ...files.download import SHA256, Archive, DownloadError, fetch

LATEST_RELEASE = "https://api.github.com/repos/MassBank/MassBank-data/releases/latest"

_ASSET = re.compile(r"https://github\.com/([^/]+/[^/]+)/releases/download/([^/]+)/([^/?]+)$")


def find_latest_release(url: str = LATEST_RELEASE) -> Archive:
    """Find the records of the current MassBank-data release.

    Args:
        url: where GitHub describes the release.

    Returns:
        The archive of records; an attached file, which has a digest, before the source archive.

    Raises:
        DownloadError: the description cannot be had or is not one.
    """
    described = fetch(url)
    try:
        release = json.loads(described)
        tag = re.sub(r"[^\w.-]", "_", release["tag_name"])
        for asset in release.get("assets", []):
            if re.fullmatch(r"MassBank-data.*\.(tar\.gz|tgz|zip)", asset["name"]):
                return Archive(asset["browser_download_url"], asset["name"], *_digest(asset))
        return Archive(release["tarball_url"], f"MassBank-data-{tag}.tar.gz")
    except (KeyError, TypeError, ValueError) as error:
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
        release = fetch(f"https://api.github.com/repos/{repository}/releases/tags/{tag}")
        for described in json.loads(release).get("assets", []):
            if described.get("browser_download_url") == url:
                return Archive(url, name, *_digest(described))
    try:
        found = SHA256.search(fetch(url + ".sha256").decode("ascii", "replace").lower())
    except DownloadError:
        found = None
    return Archive(url, name, found[0], url + ".sha256") if found else Archive(url, name)


def _digest(asset: dict) -> tuple[str | None, str]:
    """Return the digest of a file attached to a release, as GitHub states it."""
    kind, _, digest = (asset.get("digest") or "").partition(":")
    return (digest, "GitHub") if kind == "sha256" else (None, "")
