"""A real S3 server for tests: moto's, on a free loopback port, with a bucket, gone at the end."""

import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import boto3

from deploy.broker import free_port
from tests.waiting import patience_s

KEY_ID, SECRET = "town", "a secret of the tests"
_SWIFT_LIKE: Final = Path(__file__).with_name("swift_like_s3.py")


@contextmanager
def s3_server(port: int = 0, *, is_swift_like: bool = False) -> Iterator[int]:
    """The port of a running server; `is_swift_like`: one that refuses conditional PUTs."""
    port = port or free_port()
    moto = ["-m", "moto.server", "-H", "127.0.0.1", "-p"]
    command = [sys.executable, "-W", "ignore", *([str(_SWIFT_LIKE)] if is_swift_like else moto)]
    server = subprocess.Popen(
        # It ends with the test run even when that is killed.
        ["setpriv", "--pdeathsig", "TERM", *command, str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(server, port)
        yield port
    finally:
        server.terminate()
        server.wait(patience_s())


def new_bucket(port: int) -> str:
    """Makes a bucket; its address as the configuration has it."""
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    client = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
    )
    client.create_bucket(Bucket=name)
    client.close()
    return f"s3+http://127.0.0.1:{port}/{name}/media"


def _await(server: "subprocess.Popen[bytes]", port: int) -> None:
    until_s = time.monotonic() + patience_s()
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=2).close()
        except OSError:
            if server.poll() is not None or time.monotonic() > until_s:
                raise RuntimeError("the S3 server did not start") from None
            time.sleep(0.05)
        else:
            return
