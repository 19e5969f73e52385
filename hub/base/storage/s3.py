"""Clip store in an S3 bucket: Amazon's, or any S3-compatible server.

    s3+https://s3.example:9000/bucket/any/prefix?region=eu-1

A file is sent in one request with its hash, so the bucket itself refuses wrong bytes. The request
writes only if no file is there yet. A server without such conditions (OpenStack Swift) is asked
first whether the file is there. Unfinished files lie in a folder of the hub.
"""

import base64
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from hub.base.storage.blobs import StoredBlob, checked
from hub.base.storage.staging import (
    PIECE_BYTES,
    BlobsError,
    DamagedOnWayError,
    Incoming,
    NoSpaceError,
    Staging,
    StoreAwayError,
)

CONNECT_S: Final = 3.0
ANSWER_S: Final = 20.0
"""Timeout in seconds: a bucket that is silent for longer counts as unreachable."""
AWAY_S: Final = 5.0
"""After a failure, requests are refused at once for this many seconds."""
_FULL: Final = frozenset({"XMinioStorageFull", "InsufficientCapacity", "QuotaExceeded", "507"})
_ABSENT: Final = frozenset({"404", "NoSuchKey", "NotFound"})
_THERE_ALREADY: Final = frozenset({"412", "PreconditionFailed", "409"})
_NO_CONDITIONS: Final = frozenset({"501", "NotImplemented"})
_OTHER_BYTES: Final = frozenset(
    {
        "BadDigest",
        "InvalidDigest",
        "XAmzContentSHA256Mismatch",
        "XAmzContentChecksumMismatch",  # MinIO
    }
)


@dataclass(frozen=True, slots=True)
class BucketAddress:
    """Address of a bucket. `prefix` is empty or ends with a slash."""

    endpoint: str
    bucket: str
    prefix: str
    region: str

    @classmethod
    def parse(cls, url: str) -> "BucketAddress":
        """Raises ValueError with a sentence for an invalid address."""
        parts = urlsplit(url)
        kind, _, scheme = parts.scheme.partition("+")
        bucket, _, prefix = parts.path.strip("/").partition("/")
        if kind != "s3" or scheme not in ("https", "http") or not parts.netloc or not bucket:
            raise ValueError(
                f"{url!r} is not a bucket: write s3+https://HOST/BUCKET/PREFIX?region=…"
            )
        if "@" in parts.netloc:
            raise ValueError("store.media_url has a password: put it into store.media_key_file")
        region = parse_qs(parts.query).get("region", ["us-east-1"])[0]
        return cls(f"{scheme}://{parts.netloc}", bucket, f"{prefix}/" if prefix else "", region)

    def __str__(self) -> str:
        """Readable form for a log."""
        return f"{self.endpoint}/{self.bucket}/{self.prefix}"


@dataclass(frozen=True, slots=True)
class BucketKey:
    """Credentials of the hub for the bucket."""

    key_id: str
    secret: str

    @classmethod
    def parse(cls, text: str) -> "BucketKey":
        """From a file of two lines: key id, then secret; ValueError otherwise."""
        lines = text.strip().splitlines()
        if len(lines) != 2:
            raise ValueError("needs two lines: the access key's id, then its secret")
        return cls(lines[0].strip(), lines[1].strip())


class BlobBucket:
    """Clip store in a bucket; see `Blobs`. Connects only at the first request."""

    def __init__(
        self, address: BucketAddress, key: BucketKey, *, staging: Path, spare_bytes: int = 0
    ) -> None:
        self.address = address
        self._staging = Staging(staging, spare_bytes=spare_bytes)
        self._client = _client(address, key)
        self._lock = threading.Lock()
        self._away: tuple[float, str] | None = None
        self._knows_conditions = True

    def open_incoming(self, size_bytes: int = 0) -> Incoming:
        """See `Blobs`; refused while the bucket is unreachable."""
        self._refuse_while_away()
        return self._staging.open(size_bytes, self.keep)

    def keep(self, path: str, sha256: str) -> None:
        """See `Blobs`. A repeat finds the file and changes nothing."""
        with self._asking():
            self._put(path, sha256)
        os.unlink(path)

    def _put(self, path: str, sha256: str) -> None:
        if self._knows_conditions:
            try:
                self._send(path, sha256, IfNoneMatch="*")
            except self._client.exceptions.ClientError as error:
                if _code(error) in _THERE_ALREADY:
                    return
                if _code(error) not in _NO_CONDITIONS:
                    raise
                self._knows_conditions = False
            else:
                return
        # Two that find it missing at once both write it: the same bytes.
        if not self.has(sha256):
            self._send(path, sha256)

    def _send(self, path: str, sha256: str, **condition: str) -> None:
        digest = base64.b64encode(bytes.fromhex(checked(sha256))).decode()
        with open(path, "rb") as file:
            self._client.put_object(
                **self._at(sha256), Body=file, ChecksumSHA256=digest, **condition
            )

    def has(self, sha256: str) -> bool:
        """See `Blobs`."""
        with self._asking(), suppress(FileNotFoundError):
            self._ask("head_object", sha256)
            return True
        return False

    def read(self, sha256: str, *, start: int = 0, length: int) -> Iterator[bytes]:
        """See `Blobs`; the stream ends with an error if the bucket becomes unreachable."""
        if length <= 0:
            return
        with self._asking():
            wanted = f"bytes={start}-{start + length - 1}"
            try:
                body = self._ask("get_object", sha256, Range=wanted)["Body"]
            except self._client.exceptions.ClientError as error:
                if _code(error) in ("InvalidRange", "416"):
                    return
                raise
            with body:
                while piece := body.read(PIECE_BYTES):
                    yield piece

    def remove(self, sha256: str) -> bool:
        """See `Blobs`."""
        with self._asking():
            if not self.has(sha256):
                return False
            self._ask("delete_object", sha256)
        return True

    def walk(self, shelf: str) -> Iterator[StoredBlob]:
        """See `Blobs`; holds at most a thousand names in memory."""
        with self._asking():
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.address.bucket, Prefix=f"{self.address.prefix}{shelf}/"
            )
            for item in (item for page in pages for item in page.get("Contents", ())):
                name = str(item["Key"]).rpartition("/")[2]
                with suppress(ValueError):  # not a file of the clip store
                    changed_utc_us = int(item["LastModified"].timestamp() * 1_000_000)
                    yield StoredBlob(checked(name), int(item["Size"]), changed_utc_us)

    def free_bytes(self) -> int | None:
        """See `Blobs`; always None, because a bucket does not report it."""
        return None

    def sweep(self, *, older_than_utc_us: int) -> int:
        """See `Blobs`."""
        return self._staging.sweep(older_than_utc_us=older_than_utc_us)

    def probe(self) -> None:
        """Check that the bucket is reachable and accepts the key; raises BlobsError."""
        with self._asking():
            self._client.list_objects_v2(
                Bucket=self.address.bucket, Prefix=self.address.prefix, MaxKeys=1
            )

    def _at(self, sha256: str) -> dict[str, str]:
        return {
            "Bucket": self.address.bucket,
            "Key": f"{self.address.prefix}{checked(sha256)[:2]}/{sha256}",
        }

    def _ask(self, what: str, sha256: str, **more: Any) -> Any:
        try:
            return getattr(self._client, what)(**self._at(sha256), **more)
        except self._client.exceptions.ClientError as error:
            if _code(error) in _ABSENT:
                raise FileNotFoundError(f"{self.address} has no {sha256}") from error
            raise

    @contextmanager
    def _asking(self) -> Iterator[None]:
        from botocore.exceptions import (  # noqa: PLC0415 - heavy, and only buckets need it
            BotoCoreError,
            ClientError,
            HTTPClientError,
        )

        self._refuse_while_away()
        try:
            yield
        except ClientError as error:
            raise self._refusal(error) from error
        except (BotoCoreError, HTTPClientError, ConnectionError, TimeoutError) as error:
            raise self._is_away(f"{self.address} cannot be reached: {error}") from error

    def _refusal(self, error: Any) -> BlobsError:
        code = _code(error)
        if code in _FULL:
            return NoSpaceError(f"the bucket {self.address} is full ({code})")
        if code in _OTHER_BYTES:
            return DamagedOnWayError(f"{self.address} refuses a damaged file: {error}")
        return self._is_away(f"{self.address} refuses: {error}")

    def _is_away(self, why: str) -> StoreAwayError:
        with self._lock:
            self._away = (time.monotonic() + AWAY_S, why)
        return StoreAwayError(why)

    def _refuse_while_away(self) -> None:
        with self._lock:
            if self._away is not None and time.monotonic() < self._away[0]:
                raise StoreAwayError(self._away[1])
            self._away = None


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _client(address: BucketAddress, key: BucketKey) -> Any:
    import boto3  # noqa: PLC0415 - heavy, and only buckets need it
    from botocore.config import Config  # noqa: PLC0415 - likewise

    config = Config(
        connect_timeout=CONNECT_S,
        read_timeout=ANSWER_S,
        retries={"total_max_attempts": 2, "mode": "standard"},
        max_pool_connections=20,
        s3={"addressing_style": "path"},  # a private server has no host name per bucket
        # The request carries our own hash; some servers do not support a second checksum.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.session.Session().client(
        "s3",
        endpoint_url=address.endpoint,
        region_name=address.region,
        aws_access_key_id=key.key_id,
        aws_secret_access_key=key.secret,
        config=config,
    )
