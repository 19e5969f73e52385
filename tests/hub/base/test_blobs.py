"""The clip store: one contract, tested on a folder and on two real S3 servers, with and without
conditional PUTs."""

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.base.storage.blobs import (
    BlobFolder,
    Blobs,
    DamagedOnWayError,
    HashMismatchError,
    NoSpaceError,
    StoreAwayError,
    StoredBlob,
)
from hub.base.storage.s3 import BlobBucket, BucketAddress, BucketKey
from hub.base.storage.staging import PIECE_BYTES
from tests.bucket import KEY_ID, SECRET, new_bucket, s3_server
from tests.schedules import tries

pytestmark = pytest.mark.promise(
    "Seal and footage store: The footage store is a folder or an S3 bucket."
)

KEY = BucketKey(KEY_ID, SECRET)
ALLOWED_MIB = 12
"""What a file of any size may cost in memory: pieces, buffers and a connection."""


@pytest.fixture(scope="module")
def s3_port(needs_system: None) -> Iterator[int]:
    with s3_server() as port:
        yield port


@pytest.fixture(scope="module")
def swift_port(needs_system: None) -> Iterator[int]:
    with s3_server(is_swift_like=True) as port:
        yield port


@pytest.fixture(params=["folder", "bucket", "swift_bucket"])
def new_store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Blobs]:
    """Makes an empty store; the test runs once on each kind."""

    def make() -> Blobs:
        folder = tmp_path_factory.mktemp("media")
        if request.param == "folder":
            return BlobFolder(folder)
        port = "s3_port" if request.param == "bucket" else "swift_port"
        url = new_bucket(request.getfixturevalue(port))
        return BlobBucket(BucketAddress.parse(url), KEY, staging=folder)

    return make


@pytest.fixture
def store(new_store: Callable[[], Blobs]) -> Blobs:
    return new_store()


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def put(store: Blobs, content: bytes) -> str:
    incoming = store.open_incoming(len(content))
    incoming.write(content)
    incoming.finish(sha(content))
    incoming.abort()
    return sha(content)


def whole(store: Blobs, sha256: str, *, start: int = 0, length: int = 2**30) -> bytes:
    return b"".join(store.read(sha256, start=start, length=length))


def all_of(store: Blobs) -> list[StoredBlob]:
    shelves = sorted(
        {sha(content)[:2] for content in (b"a", b"bb" * 300, b"", b"ccc", b"clip", b"x")}
    )
    return [found for shelf in shelves for found in store.walk(shelf)]


@pytest.mark.promise(
    "Seal and footage store: Files are streamed with ranges and are never whole in memory."
)
@settings(max_examples=tries(25))
@given(st.lists(st.binary(max_size=200_000), max_size=4), st.data())
def test_any_range_of_a_file_comes_back_as_it_went_in(
    store: Blobs, chunks: list[bytes], data: st.DataObject
) -> None:
    content = b"".join(chunks)
    incoming = store.open_incoming()
    for chunk in chunks:
        incoming.write(chunk)
    incoming.finish(sha(content))
    assert store.has(sha(content))
    start, length = (data.draw(st.integers(0, len(content) + 5)) for _ in range(2))
    assert whole(store, sha(content), start=start, length=length) == content[start : start + length]


def test_a_file_is_read_in_pieces(store: Blobs) -> None:
    content = bytes(range(256)) * 4096 * 3
    digest = put(store, content)
    pieces = list(store.read(digest, length=len(content)))
    assert b"".join(pieces) == content
    assert len(pieces) > 1
    assert max(map(len, pieces)) <= PIECE_BYTES


def test_what_is_not_the_promised_file_is_not_kept(store: Blobs) -> None:
    incoming = store.open_incoming()
    incoming.write(b"x")
    with pytest.raises(HashMismatchError):
        incoming.finish(sha(b"y"))
    assert all_of(store) == []
    assert not store.has(sha(b"x"))


def test_the_same_file_twice_is_one_and_no_fault(store: Blobs) -> None:
    put(store, b"clip")
    put(store, b"clip")
    assert [found.sha256 for found in all_of(store)] == [sha(b"clip")]


def test_every_file_is_found_with_its_size_and_age(store: Blobs) -> None:
    before_us = time.time_ns() // 1000
    contents = [b"a", b"bb" * 300, b"", b"ccc"]
    for content in contents:
        put(store, content)
    left = store.open_incoming()
    left.write(b"on its way")
    found = all_of(store)
    left.abort()
    assert [(one.sha256, one.size_bytes) for one in found] == sorted(
        (sha(content), len(content)) for content in contents
    )
    for one in found:  # a bucket tells whole seconds
        assert before_us - 2_000_000 <= one.changed_utc_us <= time.time_ns() // 1000 + 2_000_000


def test_what_is_removed_is_gone_and_removing_again_is_no_fault(store: Blobs) -> None:
    digest = put(store, b"clip")
    kept = put(store, b"another")
    assert store.remove(digest)
    assert not store.has(digest)
    assert not store.remove(digest)
    with pytest.raises(FileNotFoundError):
        whole(store, digest)
    assert whole(store, kept) == b"another"


@pytest.mark.promise("Clips: A file name cannot leave its folder.")
def test_only_a_hash_is_a_name(store: Blobs) -> None:
    for bad in ("../../etc/passwd", "", "A" * 64, "0" * 63, "0" * 64 + "\n"):
        for ask in (store.has, store.remove, lambda name: whole(store, name)):
            with pytest.raises(ValueError, match="not a sha256"):
                ask(bad)


def test_an_unfinished_file_is_swept_when_it_is_old(store: Blobs) -> None:
    left = store.open_incoming()
    left.write(b"x")
    assert store.sweep(older_than_utc_us=0) == 0
    assert store.sweep(older_than_utc_us=2**62) == 1
    left.abort()


@pytest.mark.promise(
    "Seal and footage store: Files are streamed with ranges and are never whole in memory."
)
@pytest.mark.system
def test_a_large_clip_is_never_whole_in_memory(request: pytest.FixtureRequest, tmp_path) -> None:
    urls = ["", new_bucket(request.getfixturevalue("s3_port"))]
    script = Path(__file__).parents[1] / "rigs" / "blob_memory.py"
    for number, url in enumerate(urls):
        command = [sys.executable, str(script), str(tmp_path / str(number)), url, "200"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        figures = json.loads(done.stdout)
        assert figures["in_mib"] <= ALLOWED_MIB, (url, figures)
        assert figures["out_mib"] <= ALLOWED_MIB, (url, figures)


def test_disk_that_would_be_too_full_takes_nothing_on_its_way(tmp_path: Path) -> None:
    bucket = BucketAddress.parse("s3+http://127.0.0.1:9/bucket")
    for store in (
        BlobFolder(tmp_path / "a", spare_bytes=2**60),
        BlobBucket(bucket, KEY, staging=tmp_path / "b", spare_bytes=2**60),
    ):
        with pytest.raises(NoSpaceError, match="MiB must stay free"):
            store.open_incoming(1)


# --- the bucket alone ---


@pytest.mark.system
def test_a_bucket_that_goes_away_is_named_and_takes_the_same_file_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.base.storage.s3.AWAY_S", 0.0)
    with s3_server() as port:
        url = new_bucket(port)
        store = BlobBucket(BucketAddress.parse(url), KEY, staging=tmp_path)
        digest = put(store, b"before")
    incoming = store.open_incoming()
    incoming.write(b"clip")
    for ask in (
        lambda: incoming.finish(sha(b"clip")),
        lambda: store.has(digest),
        lambda: all_of(store),
        lambda: whole(store, digest),
        store.probe,
    ):
        with pytest.raises(
            StoreAwayError, match=rf"127\.0\.0\.1:{port}/bucket-.*cannot be reached"
        ):
            ask()
    with s3_server(port) as again:  # with nothing of before: moto keeps its files in memory
        url = new_bucket(again)
        back = BlobBucket(BucketAddress.parse(url), KEY, staging=tmp_path)
        [left] = (tmp_path / "incoming").iterdir()
        back.keep(str(left), sha(b"clip"))
        assert whole(back, sha(b"clip")) == b"clip"
    assert list((tmp_path / "incoming").iterdir()) == []


@pytest.mark.loopback
def test_while_a_bucket_is_away_nobody_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.base.storage.s3.AWAY_S", 600.0)
    store = BlobBucket(BucketAddress.parse("s3+http://127.0.0.1:9/bucket"), KEY, staging=tmp_path)
    with pytest.raises(StoreAwayError) as first:
        store.has(sha(b"clip"))
    for ask in (store.open_incoming, store.probe):
        with pytest.raises(StoreAwayError) as again:
            ask()
        assert str(again.value) == str(first.value)
        assert again.value.__cause__ is None  # refused without asking


def test_a_server_without_conditional_puts_is_asked_with_a_condition_once(
    swift_port: int, tmp_path: Path
) -> None:
    store = BlobBucket(BucketAddress.parse(new_bucket(swift_port)), KEY, staging=tmp_path)
    asked: list[str] = []
    store._client.meta.events.register(  # the requests as they go out
        "before-send.s3.*",
        lambda request, **_: asked.append(f"{request.method} {'If-None-Match' in request.headers}"),
    )
    for content in (b"one", b"two", b"two"):
        put(store, content)
    assert asked == ["PUT True", "HEAD False", "PUT False", "HEAD False", "PUT False", "HEAD False"]


def test_a_damaged_file_is_refused_and_others_are_stored_at_once(
    swift_port: int, tmp_path: Path
) -> None:
    store = BlobBucket(BucketAddress.parse(new_bucket(swift_port)), KEY, staging=tmp_path)
    damaged = tmp_path / "damaged"
    damaged.write_bytes(b"clop")
    with pytest.raises(DamagedOnWayError, match=r"refuses a damaged file: .*BadDigest"):
        store.keep(str(damaged), sha(b"clip"))
    assert damaged.read_bytes() == b"clop"
    assert not store.has(sha(b"clip"))
    assert whole(store, put(store, b"another")) == b"another"


def test_a_bucket_that_is_not_there_is_named(s3_port: int, tmp_path: Path) -> None:
    address = BucketAddress.parse(f"s3+http://127.0.0.1:{s3_port}/nobodys/media")
    with pytest.raises(StoreAwayError, match=r"nobodys/media/ refuses: .*NoSuchBucket"):
        BlobBucket(address, KEY, staging=tmp_path).probe()


def test_a_bucket_is_known_by_its_address() -> None:
    address = BucketAddress.parse("s3+https://s3.example:9000/clips/tan-khai/2026/?region=eu-1")
    assert address == BucketAddress("https://s3.example:9000", "clips", "tan-khai/2026/", "eu-1")
    assert BucketAddress.parse("s3+http://host/b") == BucketAddress(
        "http://host", "b", "", "us-east-1"
    )
    for bad in ("s3://bucket", "https://host/bucket", "s3+https://host", "s3+ftp://h/b"):
        with pytest.raises(ValueError, match="write s3\\+https://HOST/BUCKET"):
            BucketAddress.parse(bad)
    with pytest.raises(ValueError, match="media_key_file"):
        BucketAddress.parse("s3+https://me:secret@host/bucket")


def test_a_bucket_key_is_two_lines() -> None:
    assert BucketKey.parse("id\nsecret\n") == BucketKey("id", "secret")
    with pytest.raises(ValueError, match="two lines"):
        BucketKey.parse("id only")
