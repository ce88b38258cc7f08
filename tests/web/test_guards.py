"""What one request may take, and that it ends when nobody waits for it."""

import asyncio

from nextims.web.guards import LOOPBACK, Guard
from nextims.web.limits import Limits

SCOPE = {"type": "http", "headers": [(b"host", b"localhost:8470")]}


def run(app, messages, seconds=5.0):
    """Return what a guarded application sends for messages, the last of which is awaited."""
    sent = []

    async def send(message):
        sent.append(message)

    async def ask():
        waiting = list(messages)

        async def receive():
            if waiting:
                return waiting.pop(0)
            return await asyncio.Future()

        limits = Limits(body=10, seconds=seconds)
        await Guard(app, hosts=LOOPBACK, any_address=False, limits=limits)(SCOPE, receive, send)

    asyncio.run(ask())
    return sent


def test_an_abandoned_request_is_stopped():
    ended = []

    async def app(scope, receive, send):
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            ended.append("stopped")
            raise

    body = {"type": "http.request", "body": b"{}"}
    assert run(app, [body, {"type": "http.disconnect"}]) == []
    assert ended == ["stopped"]


def test_what_takes_too_long_is_stopped_and_said():
    async def app(scope, receive, send):
        await asyncio.sleep(30)

    start, body = run(app, [{"type": "http.request", "body": b""}], seconds=0.05)
    assert start["status"] == 503
    assert b"took longer than 0.05 s" in body["body"]


def test_a_body_may_come_in_pieces_but_not_for_ever():
    got = []

    async def app(scope, receive, send):
        got.append((await receive())["body"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    pieces = [{"type": "http.request", "body": b"12345", "more_body": True}] * 2
    assert run(app, [*pieces, {"type": "http.request", "body": b""}])[0]["status"] == 200
    assert got == [b"1234512345"]
    assert run(app, [*pieces, *pieces])[0]["status"] == 413
