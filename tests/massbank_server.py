"""A server on the loopback that behaves, or misbehaves, as servers of archives do."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class ArchiveServer(ThreadingHTTPServer):
    """Serves the contents of ``files`` by path.

    Attributes:
        files: content by path.
        ranges: whether Range is honoured.
        break_after: number of bytes after which each answer breaks off; ``None`` for never.
        lengths: whether Content-Length is sent; without it answers are chunked.
        etag: ETag of all files; empty for none.
        redirects: address by path.
        requests: path and Range header of each request.
    """

    daemon_threads = True

    def __init__(self, files: dict[str, bytes]):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = files
        self.ranges = True
        self.break_after: int | None = None
        self.lengths = True
        self.etag = '"one"'
        self.redirects: dict[str, str] = {}
        self.requests: list[tuple[str, str | None]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ArchiveServer

    def do_GET(self):
        server, asked = self.server, self.headers.get("Range")
        server.requests.append((self.path, asked))
        if self.path in server.redirects:
            self.send_response(302)
            self.send_header("Location", server.redirects[self.path])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.path not in server.files:
            self.send_error(404)
            return
        content = server.files[self.path]
        start = 0
        current = self.headers.get("If-Range") in (None, server.etag)
        if asked and server.ranges and current:
            start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1])
            if start >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            last = len(content) - 1
            self.send_header("Content-Range", f"bytes {start}-{last}/{len(content)}")
        else:
            self.send_response(200)
        if server.etag:
            self.send_header("ETag", server.etag)
        self._send_body(content[start:])

    def _send_body(self, body: bytes) -> None:
        limit = self.server.break_after
        sent = body if limit is None else body[:limit]
        if self.server.lengths:
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(sent)
        else:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(f"{len(sent):x}\r\n".encode() + sent + b"\r\n")
            if len(sent) == len(body):
                self.wfile.write(b"0\r\n\r\n")
        if len(sent) < len(body):
            self.close_connection = True

    def log_message(self, *args):
        pass


@contextmanager
def serve(files: dict[str, bytes]):
    """Run a server for the time of a ``with`` block."""
    server = ArchiveServer(files)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
