"""An upload of 200 MB in place of a picture: refused before it is read, and nothing of it stays."""

import base64
from collections.abc import AsyncIterator
from hashlib import sha256

import pytest
from pydantic import ValidationError

from agent.wire.terms import Picture
from hub.web.resumable import DRAIN_BYTES
from tests.hub.rigs.web_town import TOKEN, Town, some_bytes
from tests.hub.rigs.web_visitor import Visitor

pytestmark = pytest.mark.promise("Pages: An oversize file is refused early.")

PIECE = bytes(2**20)
WHOLE = 200 * 2**20
BODY = "application/offset+octet-stream"


class Flood:
    """A body of 200 MiB; remembers how much of it was asked for."""

    def __init__(self) -> None:
        self.sent_bytes = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.sent_bytes < WHOLE:
            self.sent_bytes += len(PIECE)
            yield PIECE


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: no query is tried here."""
    return sqlite_url


@pytest.fixture
def picture(town: Town) -> bytes:
    """Announced, and not here yet."""
    data = some_bytes(90_000)
    town.somebody(data)
    return data


def send(
    town: Town, method: str, path: str, body: Flood, **more: str
) -> tuple[int, dict[str, str]]:
    headers = {"Tus-Resumable": "1.0.0", "Authorization": f"Bearer {TOKEN}", "Content-Type": BODY}
    names = {name.replace("_", "-"): value for name, value in more.items()}
    answer = Visitor(town.app()).send(method, path, content=body, headers=headers | names)
    return answer.status_code, answer.json()


def stored_bytes(town: Town) -> int:
    return sum(path.stat().st_size for path in (town.folder / "media").rglob("*") if path.is_file())


def test_no_picture_of_200_mb_can_be_announced() -> None:
    with pytest.raises(ValidationError, match="less than or equal to 8388608"):
        Picture(sha256="0" * 64, size_bytes=WHOLE, width=768, height=576)


def test_200_mb_under_a_pictures_name_are_refused_by_their_length(
    town: Town, picture: bytes
) -> None:
    body, digest = Flood(), sha256(picture).hexdigest()
    names = f"sha256 {base64.b64encode(digest.encode()).decode()}"
    code, told = send(
        town, "POST", "/upload", body, Upload_Length=str(WHOLE), Upload_Metadata=names
    )
    assert (code, "90000 were announced" in told["reason"]) == (422, True)
    assert body.sent_bytes <= DRAIN_BYTES + len(PIECE)
    assert stored_bytes(town) == 0


def test_200_mb_that_say_nothing_of_their_length_end_at_what_was_announced(
    town: Town, picture: bytes
) -> None:
    body, digest = Flood(), sha256(picture).hexdigest()
    names = f"sha256 {base64.b64encode(digest.encode()).decode()}"
    created = {"Upload_Length": str(len(picture)), "Upload_Metadata": names}
    code, told = send(town, "POST", "/upload", body, **created)
    assert (code, "more than the announced 90000" in told["reason"]) == (422, True)
    assert body.sent_bytes <= DRAIN_BYTES + 2 * len(PIECE)
    assert stored_bytes(town) == 0
    town.bring(picture)  # and the true one is still welcome
    assert stored_bytes(town) == len(picture)


@pytest.mark.parametrize("path", ["/login", "/alerts/x/take", "/api/phones", "/invited/x"])
def test_200_mb_in_a_form_are_not_read_at_all(town: Town, path: str) -> None:
    body, who = Flood(), Visitor(town.app())
    whole = {**who.origin, "Content-Length": str(WHOLE)}
    for headers in (whole, who.origin):
        answer = who.send("POST", path, content=body, headers=headers)
        assert (answer.status_code, body.sent_bytes) == (413, 0)
