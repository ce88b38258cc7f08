"""What stands before every request: who may ask, how much, how long, and what a page may load."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from .limits import Limits

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_AUTHORITY = re.compile(r"(\[(?P<address>[0-9a-f:.]+)\]|(?P<name>[^][:/@\s]+))(:[0-9]{1,5})?")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
# Pictures of structures are data; downloads are blobs. Nothing comes from elsewhere.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def host_name(authority: str) -> str:
    """Return the name of a ``Host`` header without its port, in lower case; nothing of no host.

    Example:
        >>> from nextims.web.guards import host_name
        >>> host_name("LocalHost:8642"), host_name("[::1]:8642"), host_name("localhost:evil.com")
        ('localhost', '::1', '')
    """
    found = _AUTHORITY.fullmatch(authority.strip().lower())
    return found.group("address") or found.group("name") if found else ""


class Guard:
    """Lets through what is asked of this host by itself, within the limits.

    A site that has its name lead to this machine (DNS rebinding) comes with its own ``Host``, a
    page of another site with its own ``Origin``: both are refused. A request that nobody waits for
    any more is stopped.

    Args:
        app: what answers.
        hosts: names that this host goes by.
        any_address: whether any IP address is taken as one of its own; no other site can have one
            as its name.
        limits: of a request.
    """

    def __init__(self, app: App, *, hosts: Iterable[str], any_address: bool, limits: Limits):
        self._app, self._limits, self._any_address = app, limits, any_address
        self._hosts = {host.lower() for host in hosts}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def send_guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                added = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        try:
            refusal = self._refusal(scope) or await asyncio.wait_for(
                self._pass(scope, receive, send_guarded), self._limits.seconds
            )
        except asyncio.CancelledError:  # as the server ends, which else tells of each as a fault
            refusal = 503, "the server ends"
        except asyncio.TimeoutError:
            refusal = 503, f"took longer than {self._limits.seconds:g} s"
        if refusal and not begun:
            await _refuse(send_guarded, *refusal)

    def _refusal(self, scope: Message) -> tuple[int, str] | None:
        headers = dict(scope["headers"])
        authority = headers.get(b"host", b"").decode("latin-1")
        if not self._is_own(host_name(authority)):
            return 400, "the Host of the request is not this machine"
        origin = headers.get(b"origin")
        if origin is not None and origin.decode("latin-1").partition("://")[2] != authority:
            return 403, "a page of another site asked"
        return None

    def _is_own(self, name: str) -> bool:
        if name in self._hosts:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return self._any_address

    async def _pass(self, scope: Message, receive: Receive, send: Send) -> tuple[int, str] | None:
        """Have a request answered while somebody waits for it."""
        body = await self._body(receive)
        if body is None:
            return 413, f"more than {self._limits.body:,} bytes"
        given = [{"type": "http.request", "body": body}]

        async def receive_body() -> Message:
            return given.pop() if given else await asyncio.Future()

        answer = asyncio.ensure_future(self._app(scope, receive_body, send))
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                answer.result()
        finally:
            for task in (answer, gone):
                task.cancel()
            await asyncio.gather(answer, gone, return_exceptions=True)
        return None

    async def _body(self, receive: Receive) -> bytes | None:
        """Return what was sent; ``None`` if that is too much."""
        parts = bytearray()
        while True:
            message = await receive()
            parts += message.get("body", b"")
            if len(parts) > self._limits.body:
                return None
            if not message.get("more_body"):
                return bytes(parts)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(send: Send, status: int, detail: str) -> None:
    body = json.dumps({"detail": detail}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
