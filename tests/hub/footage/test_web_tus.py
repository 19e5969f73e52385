"""Uploads of nodes by tus: only announced files, resumed at their offset, refused by status."""

import base64
from collections.abc import AsyncIterator
from hashlib import sha256
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from agent.wire.messages import ClipBegun
from hub.footage.upload.shares import OverShareError
from tests.hub.rigs.web_town import NODE, PASSWORD, TOKEN, Town
from tests.hub.rigs.web_visitor import Visitor

pytestmark = pytest.mark.promise("Clips: Footage is uploaded by tus and resumes.")

DATA = bytes(range(256)) * 2000
BODY = "application/offset+octet-stream"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: no query is tried here."""
    return sqlite_url


@pytest.fixture
def app(town: Town) -> FastAPI:
    return town.app(max_upload_bytes=1_000_000)


class Node:
    """Speaks tus as a node does."""

    def __init__(self, app: FastAPI, token: str = TOKEN) -> None:
        self._visitor = Visitor(app)
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
def node(app: FastAPI) -> Node:
    return Node(app)


@pytest.fixture
def digest(town: Town) -> str:
    """The name of a file that the node has announced."""
    return announce(town, DATA)


def announce(town: Town, data: bytes) -> str:
    town.somebody(data)
    return sha256(data).hexdigest()


def stored(town: Town, digest: str) -> bytes:
    return b"".join(town.blobs.read(digest, length=len(DATA)))


def status(town: Town, digest: str) -> int:
    return town.uploads.status(NODE, digest).offset_bytes


@pytest.mark.promise("Wire protocol: Pictures travel by HTTPS under their hash.")
@pytest.mark.promise("Sign-in: Expired, replayed and foreign tokens are refused.")
def test_small_file_comes_with_its_creation_and_is_welcome_twice(
    town: Town, node: Node, digest: str
) -> None:
    for _ in range(2):
        answer = node.create(DATA, body=DATA)
        assert (answer.status_code, answer.headers["upload-offset"]) == (201, str(len(DATA)))
        assert answer.headers["location"] == f"upload/{digest}"
        assert answer.headers["tus-resumable"] == "1.0.0"
    assert stored(town, digest) == DATA


def test_file_comes_in_pieces_from_wherever_it_stands(town: Town, node: Node, digest: str) -> None:
    assert node.create(DATA).headers["upload-offset"] == "0"
    for offset in range(0, len(DATA), 100_000):
        stands = node.send("HEAD", f"/upload/{digest}")
        assert stands.headers["upload-offset"] == str(offset)
        assert stands.headers["upload-length"] == str(len(DATA))
        assert stands.headers["cache-control"] == "no-store"
        answer = node.patch(digest, offset, DATA[offset : offset + 100_000])
        assert answer.status_code == 204
    assert answer.headers["upload-offset"] == str(len(DATA))
    assert stored(town, digest) == DATA


def test_creation_that_is_repeated_says_how_far_it_has_come(
    town: Town, node: Node, digest: str
) -> None:
    node.create(DATA, body=DATA[:1000])
    for body in (None, DATA[:5000]):
        assert node.create(DATA, body=body).headers["upload-offset"] == "1000"
    assert status(town, digest) == 1000


@pytest.mark.parametrize("offset", [0, 999, 1001])
def test_bytes_for_another_place_are_not_taken(
    town: Town, node: Node, digest: str, offset: int
) -> None:
    node.create(DATA, body=DATA[:1000])
    assert node.patch(digest, offset, b"x").status_code == 409
    assert status(town, digest) == 1000


def test_upload_given_up_begins_anew(node: Node, digest: str) -> None:
    node.create(DATA, body=DATA[:1000])
    assert node.send("DELETE", f"/upload/{digest}").status_code == 204
    assert node.send("HEAD", f"/upload/{digest}").headers["upload-offset"] == "0"


@pytest.mark.promise("Hub: An upload needs a short-lived token of its node.")
@pytest.mark.promise("Clips: An upload needs a valid token of its node.")
@pytest.mark.parametrize("token", ["", "forged"])
def test_bad_token_is_told_to_ask_for_another(app: FastAPI, digest: str, token: str) -> None:
    node = Node(app, token)
    answers = [node.create(DATA, body=DATA), node.patch(digest, 0, DATA)]
    answers += [node.send(method, f"/upload/{digest}") for method in ("HEAD", "DELETE")]
    assert [answer.status_code for answer in answers] == [401] * 4
    assert answers[0].json() == {"reason": "token_no_good"}


def test_signed_in_officer_is_no_node(app: FastAPI, digest: str) -> None:
    an = Visitor(app).sign_in("an", PASSWORD)
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": BODY}
    answer = an.send("PATCH", f"/upload/{digest}", content=DATA, headers=headers)
    assert answer.status_code == 401


@pytest.mark.promise("Clips: An upload with a wrong length, hash or owner is refused.")
def test_file_of_another_node_is_not_announced(app: FastAPI, digest: str) -> None:
    stranger = Node(app, "of-another")
    answers = [stranger.create(DATA, body=DATA), stranger.patch(digest, 0, DATA)]
    answers += [stranger.send(method, f"/upload/{digest}") for method in ("HEAD", "DELETE")]
    assert [answer.status_code for answer in answers] == [404] * 4


@pytest.mark.promise("Clips: A file name cannot leave its folder.")
@pytest.mark.parametrize("name", ["..%2f..%2fetc%2fpasswd", "A" * 64, "0" * 63, "0" * 65, "٣" * 64])
def test_name_that_is_no_hash_is_not_announced(node: Node, name: str) -> None:
    assert node.send("HEAD", f"/upload/{name}").status_code == 404
    assert node.patch(name, 0, DATA).status_code == 404
    if name.isascii():
        assert node.create(DATA, digest=name).status_code == 404


@pytest.mark.promise("Clips: An upload with a wrong length, hash or owner is refused.")
def test_wrong_bytes_are_known_by_their_hash(town: Town, node: Node, digest: str) -> None:
    lie = DATA[:-1] + b"x"
    assert node.create(lie, digest=digest, body=lie).status_code == 460
    assert status(town, digest) == 0


@pytest.mark.promise("Clips: An upload with a wrong length, hash or owner is refused.")
def test_wrong_length_is_refused_for_good(node: Node, digest: str) -> None:
    assert node.create(DATA + b"x", digest=digest).status_code == 422
    node.create(DATA)
    assert node.patch(digest, 0, DATA + b"x").status_code == 422


@pytest.mark.promise("Pages: An oversize file is refused early.")
def test_oversize_is_refused_before_it_is_asked_about(town: Town, node: Node) -> None:
    data = bytes(1_000_001)
    announce(town, data)
    answer = node.create(data, body=data[:1000])
    assert (answer.status_code, answer.json()) == (413, {"reason": "too_large"})


def test_creation_without_a_length_is_refused(node: Node) -> None:
    assert node.send("POST", "/upload", b"").status_code == 400


@pytest.mark.parametrize("length", ["-1", "1e3", "9" * 40, ""])
def test_length_that_is_no_number_is_refused(node: Node, length: str) -> None:
    assert node.send("POST", "/upload", **{"Upload-Length": length}).status_code == 400  # type: ignore[arg-type]  # headers by their names


@pytest.mark.parametrize("metadata", ["", "sha256", "sha256 !!", "sha256 4pyT", ",,,", "x y z"])
def test_metadata_that_names_no_file_is_not_announced(node: Node, metadata: str) -> None:
    headers = {"Upload-Length": "5", "Upload-Metadata": metadata}
    assert node.send("POST", "/upload", **headers).status_code == 404  # type: ignore[arg-type]  # headers by their names


def test_body_of_another_kind_is_not_taken(node: Node, digest: str) -> None:
    headers = {"Upload-Offset": "0", "Content-Type": "video/mp4"}
    assert node.send("PATCH", f"/upload/{digest}", DATA, **headers).status_code == 415
    assert node.create(DATA).headers["upload-offset"] == "0"


def test_other_versions_are_told_ours(node: Node, digest: str) -> None:
    answer = node.send("HEAD", f"/upload/{digest}", **{"Tus-Resumable": "0.2.2"})  # type: ignore[arg-type]  # headers by their names
    assert (answer.status_code, answer.headers["tus-version"]) == (412, "1.0.0")


def test_what_is_spoken_here_is_told_to_everybody(app: FastAPI) -> None:
    answer = Visitor(app).send("OPTIONS", "/upload")
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert answer.headers["tus-extension"] == (
        "creation,creation-with-upload,creation-defer-length,termination"
    )
    assert answer.headers["tus-max-size"] == "1000000"


def test_body_of_unstated_length_is_taken_as_far_as_it_comes(
    town: Town, app: FastAPI, digest: str
) -> None:

    async def pieces() -> AsyncIterator[bytes]:
        yield DATA[:300_000]
        yield DATA[300_000:]

    headers = {
        "Tus-Resumable": "1.0.0",
        "Authorization": f"Bearer {TOKEN}",
        "Upload-Offset": "0",
        "Content-Type": BODY,
    }
    answer = Visitor(app).send("PATCH", f"/upload/{digest}", content=pieces(), headers=headers)
    assert answer.status_code == 204
    assert stored(town, digest) == DATA


def test_clip_that_grows_comes_under_its_own_id_and_without_a_length(
    town: Town, app: FastAPI, node: Node
) -> None:
    clip_id, seen = uuid4(), town.somebody()
    begun = ClipBegun(
        camera=town.voice.camera,
        clip_id=clip_id,
        sighting_ids=(seen.sighting_id,),
        codec="h264",
        width=768,
        height=576,
        first_frame_utc_us=seen.first_seen_utc_us,
    )
    town.file(begun)
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
    length = {"Upload-Length": "7", "Upload-Metadata": named["Upload-Metadata"]}
    assert node.send("POST", "/upload", **length).status_code == 400  # type: ignore[arg-type]  # headers by their names
    assert Node(app, "of-another").patch(str(clip_id), 7, b"x").status_code == 404
    assert node.send("HEAD", f"/upload/{uuid4()}").status_code == 404
    assert node.send("DELETE", f"/upload/{clip_id}").status_code == 404


def test_a_node_above_its_share_is_told_to_wait_and_others_go_on(
    town: Town, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.clip(town.somebody(), DATA)

    def above(_: UUID) -> None:
        raise OverShareError

    with monkeypatch.context() as patch:
        patch.setattr(town.uploads.shares, "check", above)
        answer = Node(app).create(DATA)
        assert (answer.status_code, answer.json()) == (507, {"reason": "over_share"})
        assert answer.headers["retry-after"] == "600"
    assert Node(app).create(DATA).status_code == 201
