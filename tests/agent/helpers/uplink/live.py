"""Helpers of the tests of live, used by more than one module."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "leave-to-bring-files"


class Hub:
    """Takes what comes over HTTP, and answers as it is told."""

    def __init__(self) -> None:
        self.came: list[tuple[str, str, bytes]] = []
        self.status = 204
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                data = self.rfile.read(int(self.headers["Content-Length"]))
                hub.came.append((self.path, self.headers["Authorization"], data))
                self.send_response(hub.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/upload"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.005,))

    def __enter__(self) -> "Hub":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
