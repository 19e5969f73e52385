"""An ntfy server of version 2.16 or later, as strict as its documentation: Debian's cannot replace
messages yet.

Not the real program: it shows the messages that a phone's app gets, and replaces entries as an app
should (Android from 1.22.2 on, and the web; an iPhone adds an entry for each message, whatever the
server does).
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final

SEQUENCE_ID: Final = re.compile(r"[-_A-Za-z0-9]{1,64}")
KNOWN: Final = {"topic", "sequence_id", "title", "message", "priority", "click", "actions"}


class NewerNtfy:
    """Stand-in for a newer ntfy: messages published to it, and the app's list."""

    def __init__(self) -> None:
        self.published: list[dict[str, Any]] = []
        self.refused: list[str] = []
        self.url = ""

    def take(self, said: dict[str, Any]) -> int:
        """The status for a publication."""
        if set(said) - KNOWN or not said.get("topic"):
            return self._refuse("unknown field")
        if not SEQUENCE_ID.fullmatch(said.get("sequence_id", "x")):
            return self._refuse("sequence ID invalid")
        if said.get("priority", 3) not in range(1, 6) or len(said.get("actions", ())) > 3:
            return self._refuse("priority or actions invalid")
        self.published.append(said)
        return 200

    def entries(self) -> list[dict[str, Any]]:
        """One for each sequence id: the last word of it."""
        return list({one["sequence_id"]: one for one in self.published}.values())

    def _refuse(self, why: str) -> int:
        self.refused.append(why)
        return 400


@contextmanager
def newer_ntfy() -> Iterator[NewerNtfy]:
    """Such a server on loopback."""
    ntfy = NewerNtfy()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            is_root = self.path == "/"  # JSON is published at the root, not at the topic
            self.send_response(ntfy.take(json.loads(body)) if is_root else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.005,))
    thread.start()
    ntfy.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield ntfy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
