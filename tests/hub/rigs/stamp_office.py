"""A real time stamp authority on loopback: `openssl ts` behind a tiny web server, which may lie."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

SECTION = """
[one]
serial = {folder}/serial
signer_cert = {folder}/tsa.crt
signer_key = {folder}/tsa.key
certs = {folder}/root.crt
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
"""
EXTENSIONS = "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n"


class StampOffice:
    """Its papers, and what it answers: by default what openssl does."""

    def __init__(self, folder: Path, name: str = "Stamp Office") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.url = ""
        self.asked: list[bytes] = []
        self.answer: Callable[[bytes], bytes] = self.reply
        self.status = 200
        (folder / "tsa.cnf").write_text(SECTION.format(folder=folder))
        (folder / "serial").write_text("01\n")
        (folder / "extensions").write_text(EXTENSIONS)
        new = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
        self._openssl(
            f"req -x509 {new} -keyout root.key -out root.crt -days 3650 -subj", "/CN=Root"
        )
        self._openssl(f"req {new} -keyout tsa.key -out tsa.csr -subj", f"/CN={name}")
        self._openssl(
            "x509 -req -in tsa.csr -CA root.crt -CAkey root.key -CAcreateserial -days 3650 "
            "-out tsa.crt -extfile extensions"
        )

    @property
    def root(self) -> Path:
        return self.folder / "root.crt"

    def reply(self, question: bytes) -> bytes:
        """A stamp of now."""
        (self.folder / "question").write_bytes(question)
        self._openssl("ts -reply -config tsa.cnf -section one -queryfile question -out answer")
        return (self.folder / "answer").read_bytes()

    def _openssl(self, line: str, *more: str) -> None:
        words = ["openssl", *line.split(), *more]
        subprocess.run(words, cwd=self.folder, check=True, capture_output=True)

    @contextmanager
    def open(self) -> Iterator["StampOffice"]:
        """At work, at `url`."""
        office = self

        class Desk(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                question = self.rfile.read(int(self.headers["Content-Length"]))
                office.asked.append(question)
                answer = office.answer(question)
                self.send_response(office.status)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: a test's output is its own."""

        server = HTTPServer(("127.0.0.1", 0), Desk)
        worker = threading.Thread(target=server.serve_forever, args=(0.005,))
        worker.start()
        self.url = f"http://127.0.0.1:{server.server_port}/tsr"
        try:
            yield self
        finally:
            server.shutdown()
            worker.join()
            server.server_close()
