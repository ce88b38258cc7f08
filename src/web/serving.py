"""The server that a user starts: one process on this machine, until Ctrl-C."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import Config
from ..errors import MissingPackageError, UserError
from .guards import LOOPBACK, App, Guard
from .limits import Limits

if TYPE_CHECKING:
    from .service import Service

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8470
# For which an answer that is under way is waited for when the server ends.
_SECONDS_TO_END = 2


def build_app(
    config: Config,
    *,
    host: str = DEFAULT_HOST,
    library: Path | None = None,
    instrument: Path | None = None,
    limits: Limits | None = None,
) -> App:
    """Return the page and its API as an ASGI application.

    Args:
        config: which models.
        host: name or address that it is served at.
        library: file of spectra to search in.
        instrument: file of spectra whose instrument predictions are to be like.
        limits: of a request.

    Raises:
        MissingPackageError: FastAPI is not installed.
        UserError: the library cannot be read.
    """
    limits = limits or Limits()
    return _guarded(_service(config, library, instrument, limits), host)


def _service(
    config: Config,
    library: Path | None,
    instrument: Path | None,
    limits: Limits,
    tell: Callable[[str], object] = lambda line: None,
) -> Service:
    try:
        import fastapi  # noqa: F401 - told from what else is missing
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("fastapi", "starlette", "anyio"):
            raise
        raise _missing(error) from error
    from .library import Library
    from .service import Service

    searched = None if library is None else Library(library)
    return Service(config, searched, limits, instrument=instrument, tell=tell)


def _guarded(service: Service, host: str) -> App:
    from .application import create_application

    open_to_others = not _is_loopback(host)
    names = {*LOOPBACK, host, *((socket.gethostname(),) if open_to_others else ())}
    return Guard(
        create_application(service), hosts=names, any_address=open_to_others, limits=service.limits
    )


def serve(
    config: Config,
    *,
    host: str = DEFAULT_HOST,
    port: int = DEFAULT_PORT,
    library: Path | None = None,
    instrument: Path | None = None,
    browser: bool = True,
    say: Callable[[str], object] = print,
    tell: Callable[[str], object] = lambda line: None,
) -> None:
    """Serve the page until Ctrl-C.

    Args:
        config: which models.
        host: address to listen at; others than this machine's own let others in.
        port: 0 for any that is free.
        library: file of spectra to search in.
        instrument: file of spectra whose instrument predictions are to be like.
        browser: whether to open the page.
        say: takes a line for the user.
        tell: takes a line on what the instrument is like.

    Raises:
        MissingPackageError: FastAPI or uvicorn is not installed.
        UserError: the port is taken, the host has no such address, or the library, the model
            or the instrument's spectra cannot be read.
    """
    try:
        import uvicorn
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    listening = _listen(host, port)
    try:
        service = _service(config, library, instrument, Limits(), tell)
        # Here, not as the server starts, which would end with a traceback where it fails.
        asyncio.run(service.ready())
        address = f"http://{_in_address(host)}:{listening.getsockname()[1]}/"
        say(f"{address} (Ctrl-C ends it)")
        if not _is_loopback(host):
            say("note: whoever reaches this machine may use it: there is no password")
        if browser:
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        settings = uvicorn.Config(
            _guarded(service, host),
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=_SECONDS_TO_END,
        )
        with suppress(KeyboardInterrupt):
            uvicorn.Server(settings).run([listening])
    finally:
        listening.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        [(family, _, _, _, address), *_] = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        return socket.create_server(address, family=family, backlog=256)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{host}:{port}: {reason}; --port 0 takes one that is free") from error


def _is_loopback(host: str) -> bool:
    if host in LOOPBACK:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _in_address(host: str) -> str:
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _missing(error: ModuleNotFoundError) -> MissingPackageError:
    return MissingPackageError(f'{error.name} is missing: pip install "nextims[web]"')
