"""An S3 server like OpenStack Swift before 2.36: moto's, but it refuses conditional PUTs, and a
body whose SHA-256 differs from the one in its header."""

import base64
import hashlib
import io
import sys
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

App = Callable[[dict[str, Any], Any], Iterable[bytes]]


def strict(app: App) -> App:
    """The application behind both refusals."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "PUT":
            if "HTTP_IF_NONE_MATCH" in environ or "HTTP_IF_MATCH" in environ:
                return _refuse(start_response, "501 Not Implemented", "NotImplemented")
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = io.BytesIO(body)
            said = environ.get("HTTP_X_AMZ_CHECKSUM_SHA256")
            if said and base64.b64decode(said) != hashlib.sha256(body).digest():
                return _refuse(start_response, "400 Bad Request", "BadDigest")
        return app(environ, start_response)

    return answer


def _refuse(start_response: Any, status: str, code: str) -> Iterable[bytes]:
    start_response(status, [("Content-Type", "application/xml"), ("Connection", "close")])
    return [f"<Error><Code>{code}</Code><Message>as Swift</Message></Error>".encode()]


if __name__ == "__main__":
    run_simple(
        "127.0.0.1",
        int(sys.argv[1]),
        strict(DomainDispatcherApplication(create_backend_app)),
        threaded=True,
    )
