"""Nodes bring files by tus: only as announced, resumed where they stand, refused by status."""

import base64
from collections.abc import AsyncIterator
from hashlib import sha256
from uuid import uuid4

import httpx
import pytest

from tests.hub.fake_site import FakeSite, fake_site
from tests.hub.web_visitor import Visitor

DATA = bytes(range(256)) * 2000
GOOD = "good"
BODY = "application/offset+octet-stream"


@pytest.fixture
def site() -> FakeSite:
    return fake_site(max_upload_bytes=1_000_000)


class Node:
    """Speaks tus as a node does."""

    def __init__(self, site: FakeSite, token: str = GOOD) -> None:
        self._visitor = Visitor(site.app)
        self._headers = {"Tus-Resumable": "1.0.0", "Authorization": f"Bearer {token}"}

    def create(self, data: bytes, *, digest: str = "", body: bytes | None = None) -> httpx.Response:
        digest = digest or sha256(data).hexdigest()
        headers = {
            "Upload-Length": str(len(data)),
            "Upload-Metadata": f"sha256 {base64.b64encode(digest.encode()).decode()}",
        }
        if body is not None:
            headers["Content-Type"] = BODY
        return self.send("POST", "/upload", body, **headers)

    def patch(self, digest: str, offset: int, body: bytes) -> httpx.Response:
        headers = {"Upload-Offset": str(offset), "Content-Type": BODY}
        return self.send("PATCH", f"/upload/{digest}", body, **headers)

    def send(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> httpx.Response:
        return self._visitor.send(method, path, content=body, headers=self._headers | headers)


@pytest.fixture
def node(site: FakeSite) -> Node:
    return Node(site)


def announce(site: FakeSite, data: bytes = DATA) -> str:
    digest = sha256(data).hexdigest()
    site.uploads.announced[digest] = len(data)
    return digest


def test_small_file_comes_with_its_creation_and_is_welcome_twice(
    site: FakeSite, node: Node
) -> None:
    digest = announce(site)
    for _ in range(2):
        answer = node.create(DATA, body=DATA)
        assert (answer.status_code, answer.headers["upload-offset"]) == (201, str(len(DATA)))
        assert answer.headers["location"] == f"upload/{digest}"
        assert answer.headers["tus-resumable"] == "1.0.0"
    assert site.uploads.stored == {digest: DATA}


def test_file_comes_in_pieces_from_wherever_it_stands(site: FakeSite, node: Node) -> None:
    digest = announce(site)
    assert node.create(DATA).headers["upload-offset"] == "0"
    for offset in range(0, len(DATA), 100_000):
        stands = node.send("HEAD", f"/upload/{digest}")
        assert stands.headers["upload-offset"] == str(offset)
        assert stands.headers["upload-length"] == str(len(DATA))
        assert stands.headers["cache-control"] == "no-store"
        answer = node.patch(digest, offset, DATA[offset : offset + 100_000])
        assert answer.status_code == 204
    assert answer.headers["upload-offset"] == str(len(DATA))
    assert site.uploads.stored == {digest: DATA}


def test_creation_that_is_repeated_says_how_far_it_has_come(site: FakeSite, node: Node) -> None:
    digest = announce(site)
    node.create(DATA, body=DATA[:1000])
    for body in (None, DATA[:5000]):
        assert node.create(DATA, body=body).headers["upload-offset"] == "1000"
    assert site.uploads.parts[digest] == DATA[:1000]


@pytest.mark.parametrize("offset", [0, 999, 1001])
def test_bytes_for_another_place_are_not_taken(site: FakeSite, node: Node, offset: int) -> None:
    digest = announce(site)
    node.create(DATA, body=DATA[:1000])
    assert node.patch(digest, offset, b"x").status_code == 409
    assert site.uploads.parts[digest] == DATA[:1000]


def test_upload_given_up_begins_anew(site: FakeSite, node: Node) -> None:
    digest = announce(site)
    node.create(DATA, body=DATA[:1000])
    assert node.send("DELETE", f"/upload/{digest}").status_code == 204
    assert node.send("HEAD", f"/upload/{digest}").headers["upload-offset"] == "0"


@pytest.mark.parametrize("token", ["", "forged"])
def test_bad_token_is_told_to_ask_for_another(site: FakeSite, token: str) -> None:
    digest = announce(site)
    node = Node(site, token)
    answers = [node.create(DATA, body=DATA), node.patch(digest, 0, DATA)]
    answers += [node.send(method, f"/upload/{digest}") for method in ("HEAD", "DELETE")]
    assert [answer.status_code for answer in answers] == [401] * 4
    assert answers[0].json() == {"reason": "token_no_good"}


def test_signed_in_officer_is_no_node(site: FakeSite) -> None:
    digest = announce(site)
    an = Visitor(site.app).sign_in("an", "right")
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": BODY}
    answer = an.send("PATCH", f"/upload/{digest}", content=DATA, headers=headers)
    assert answer.status_code == 401


def test_file_of_another_node_is_not_announced(site: FakeSite) -> None:
    digest = announce(site)
    stranger = Node(site, "other")
    answers = [stranger.create(DATA, body=DATA), stranger.patch(digest, 0, DATA)]
    answers += [stranger.send(method, f"/upload/{digest}") for method in ("HEAD", "DELETE")]
    assert [answer.status_code for answer in answers] == [404] * 4


@pytest.mark.parametrize("name", ["..%2f..%2fetc%2fpasswd", "A" * 64, "0" * 63, "0" * 65, "٣" * 64])
def test_name_that_is_no_hash_is_not_announced(node: Node, name: str) -> None:
    assert node.send("HEAD", f"/upload/{name}").status_code == 404
    assert node.patch(name, 0, DATA).status_code == 404
    if name.isascii():
        assert node.create(DATA, digest=name).status_code == 404


def test_wrong_bytes_are_known_by_their_hash(site: FakeSite, node: Node) -> None:
    digest = announce(site)
    lie = DATA[:-1] + b"x"
    assert node.create(lie, digest=digest, body=lie).status_code == 460
    assert (site.uploads.stored, site.uploads.parts) == ({}, {})


def test_wrong_length_is_refused_for_good(site: FakeSite, node: Node) -> None:
    digest = announce(site)
    assert node.create(DATA + b"x", digest=digest).status_code == 422
    node.create(DATA)
    assert node.patch(digest, 0, DATA + b"x").status_code == 422


def test_oversize_is_refused_before_it_is_asked_about(site: FakeSite, node: Node) -> None:
    data = bytes(1_000_001)
    announce(site, data)
    answer = node.create(data, body=data[:1000])
    assert (answer.status_code, answer.json()) == (413, {"reason": "too_large"})


def test_creation_without_a_length_is_refused(site: FakeSite, node: Node) -> None:
    announce(site)
    assert node.send("POST", "/upload", b"").status_code == 400


@pytest.mark.parametrize("length", ["-1", "1e3", "9" * 40, ""])
def test_length_that_is_no_number_is_refused(node: Node, length: str) -> None:
    assert node.send("POST", "/upload", **{"Upload-Length": length}).status_code == 400  # type: ignore[arg-type]  # headers by their names


@pytest.mark.parametrize("metadata", ["", "sha256", "sha256 !!", "sha256 4pyT", ",,,", "x y z"])
def test_metadata_that_names_no_file_is_not_announced(node: Node, metadata: str) -> None:
    headers = {"Upload-Length": "5", "Upload-Metadata": metadata}
    assert node.send("POST", "/upload", **headers).status_code == 404  # type: ignore[arg-type]  # headers by their names


def test_body_of_another_kind_is_not_taken(site: FakeSite, node: Node) -> None:
    digest = announce(site)
    headers = {"Upload-Offset": "0", "Content-Type": "video/mp4"}
    assert node.send("PATCH", f"/upload/{digest}", DATA, **headers).status_code == 415
    assert node.create(DATA).headers["upload-offset"] == "0"


def test_other_versions_are_told_ours(site: FakeSite, node: Node) -> None:
    digest = announce(site)
    answer = node.send("HEAD", f"/upload/{digest}", **{"Tus-Resumable": "0.2.2"})  # type: ignore[arg-type]  # headers by their names
    assert (answer.status_code, answer.headers["tus-version"]) == (412, "1.0.0")


def test_what_is_spoken_here_is_told_to_everybody(site: FakeSite) -> None:
    answer = Visitor(site.app).send("OPTIONS", "/upload")
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert answer.headers["tus-extension"] == (
        "creation,creation-with-upload,creation-defer-length,termination"
    )
    assert answer.headers["tus-max-size"] == "1000000"


def test_body_of_unstated_length_is_taken_as_far_as_it_comes(site: FakeSite) -> None:
    digest = announce(site)

    async def pieces() -> AsyncIterator[bytes]:
        yield DATA[:300_000]
        yield DATA[300_000:]

    headers = {
        "Tus-Resumable": "1.0.0",
        "Authorization": "Bearer good",
        "Upload-Offset": "0",
        "Content-Type": BODY,
    }
    answer = Visitor(site.app).send("PATCH", f"/upload/{digest}", content=pieces(), headers=headers)
    assert answer.status_code == 204
    assert site.uploads.stored == {digest: DATA}


def test_clip_that_grows_comes_under_its_own_id_and_without_a_length(
    site: FakeSite, node: Node
) -> None:
    clip_id = uuid4()
    site.uploads.growing.held[clip_id] = b""
    named = {
        "Upload-Defer-Length": "1",
        "Upload-Metadata": f"clip {base64.b64encode(str(clip_id).encode()).decode()}",
    }
    answer = node.send("POST", "/upload", b"one ", **named, **{"Content-Type": BODY})
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, "4")
    assert answer.headers["location"] == f"upload/{clip_id}"
    assert node.patch(str(clip_id), 4, b"two").status_code == 204
    assert node.patch(str(clip_id), 4, b"two").status_code == 409
    stands = node.send("HEAD", f"/upload/{clip_id}")
    assert stands.headers["upload-offset"] == "7"
    assert stands.headers["upload-defer-length"] == "1"
    assert site.uploads.growing.held[clip_id] == b"one two"
    length = {"Upload-Length": "7", "Upload-Metadata": named["Upload-Metadata"]}
    assert node.send("POST", "/upload", **length).status_code == 400  # type: ignore[arg-type]  # headers by their names
    assert Node(site, "other").patch(str(clip_id), 7, b"x").status_code == 404
    assert node.send("HEAD", f"/upload/{uuid4()}").status_code == 404
    assert node.send("DELETE", f"/upload/{clip_id}").status_code == 404
