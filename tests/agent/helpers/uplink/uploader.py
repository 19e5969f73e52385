"""Helpers of the tests of uploader, used by more than one module."""

import base64
import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from agent.journal import Journal
from agent.uplink.upload.uploader import UploadPolicy
from agent.wire.answers import UploadToken
from tests.agent.rigs.hubside import now, open_journal, opened

QUICK = UploadPolicy(connect_s=60, stall_s=60, retry_base_s=0.05, retry_cap_s=0.2)


class Shelf(ThreadingHTTPServer):
    """Takes uploads by tus; `answers` are given first, one a request, and its body is not kept."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[int] = []
        self.got: list[tuple[str, str, bytes, dict[str, str]]] = []
        """Method, name of the upload, body, headers."""
        self.held: dict[str, bytes] = {}
        self.ill: set[str] = set()
        """Names that are answered with 404."""
        self.meanwhile: Callable[[], object] = lambda: None
        """Happens while the first PATCH is answered."""
        self.url = f"http://127.0.0.1:{self.server_address[1]}/upload"

    @property
    def bodies(self) -> list[bytes]:
        """The bodies that came, in order."""
        return [body for _, _, body, _ in self.got]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Shelf

    def do_POST(self) -> None:
        pairs = dict(pair.split(" ") for pair in self.headers["Upload-Metadata"].split(","))
        name = base64.b64decode(pairs.get("sha256") or pairs["clip"]).decode()
        self._take(name, 201)

    def do_PATCH(self) -> None:
        meanwhile, self.server.meanwhile = self.server.meanwhile, lambda: None
        meanwhile()
        self._take(self.path.removeprefix("/upload/"), 204)

    def do_HEAD(self) -> None:
        self._take(self.path.removeprefix("/upload/"), 200)

    def _take(self, name: str, well: int) -> None:
        held = self.server.held.get(name, b"")
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {key.lower(): value for key, value in self.headers.items()}
        self.server.got.append((self.command, name, body, headers))
        well_or_ill = 404 if name in self.server.ill else well
        answer = self.server.answers.pop(0) if self.server.answers else well_or_ill
        if answer == well:
            held += body if int(headers.get("upload-offset", "0")) == len(held) else b""
            self.server.held[name] = held
        elif answer == 460:  # the whole is another file: it is thrown away
            self.server.held[name] = b""
        self.send_response(answer)
        self.send_header("Content-Length", "0")
        self.send_header("Upload-Offset", str(len(held)))
        if self.command == "POST":
            self.send_header("Location", f"upload/{name}")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def shelf(needs_loopback: None) -> Iterator[Shelf]:
    server = Shelf()
    thread = threading.Thread(target=server.serve_forever, args=(0.005,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = open_journal(tmp_path / "journal.db")
    yield journal
    journal.close()


def token(shelf: Shelf, text: str = "0123456789abcdef", place: str = "") -> UploadToken:
    return UploadToken(token=text, valid_for_s=3600, upload_url=shelf.url + place)


def owe(journal: Journal, folder: Path, content: bytes, kind: str = "picture") -> str:
    """A file whose event the hub has receipted."""
    sha256 = hashlib.sha256(content).hexdigest()
    path = folder / sha256
    path.write_bytes(content)
    with journal.transaction() as tx:
        event_id = tx.add_event(opened(), at=now())
        tx.add_media(
            sha256=sha256, kind=kind, path=path, size_bytes=len(content), event_id=event_id
        )
    journal.receipt([event_id])
    return sha256
