"""Clips after an account is closed: no new part, streams end, nothing is cached."""

import io
import threading
from pathlib import Path
from typing import BinaryIO
from uuid import UUID, uuid4

import httpx
import pytest

from agent.wire.messages import ClipBegun
from hub.access.rules.grants import Right
from hub.base.audit.asker import Asker
from hub.base.db.database import Database
from tests.browser.served import address, free_socket, served
from tests.hub.helpers.cases.cases import opened
from tests.hub.helpers.console.closing_pages import close, visit
from tests.hub.rigs.web_town import NODE, PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor
from tests.waiting import patience_s

FORGETS = '"cache"'


@pytest.fixture
def town(db: Database, tmp_path: Path) -> Town:
    town = Town(db, tmp_path)
    town.add_keeper_of_all()
    return town


def test_every_further_part_of_a_clip_that_was_begun_is_refused(town: Town) -> None:
    data = bytes(range(256)) * 40
    town.clip(town.somebody(), data)
    path = f"/media/{town.bring(data)}"
    who = visit(town, "an")
    assert who.get(path, Range="bytes=0-99").status_code == 206
    close(town, "an")
    for kind in ("", "/small", "/medium", "/h264", "/play"):
        answer = who.send("GET", path + kind, headers={"Range": "bytes=100-199"})
        assert (answer.status_code, answer.json()) == (401, {"reason": "signed_out"})
        assert answer.headers["clear-site-data"] == FORGETS


def test_the_browser_of_a_closed_account_deletes_its_pictures_at_the_next_answer(
    town: Town,
) -> None:
    who = visit(town, "an")
    assert "clear-site-data" not in who.get("/").headers
    close(town, "an")
    assert who.get("/").headers["clear-site-data"] == FORGETS
    assert who.get("/login").headers["clear-site-data"] == FORGETS


@pytest.mark.loopback
def test_a_stream_of_a_clip_that_still_grows_ends_before_its_end(town: Town) -> None:
    clip_id, seen = uuid4(), town.somebody()
    begun = ClipBegun(
        camera=town.voice.camera,
        clip_id=clip_id,
        sighting_ids=(seen.sighting_id,),
        codec="h264",
        width=768,
        height=576,
        first_frame_utc_us=seen.first_seen_utc_us - 6_000_000,
    )
    town.file(begun)
    grow(town, clip_id, b"the beginning, ")
    here, stopped = free_socket(), threading.Event()
    url = address(here)
    app = town.app(public_url=url, stopping=stopped.is_set)
    with (
        served(app, here, stop=stopped.set),
        httpx.Client(base_url=url, timeout=patience_s()) as client,
    ):
        form = {"login": "an", "password": PASSWORD}
        assert client.post("/login", data=form, headers={"Origin": url}).status_code == 303
        with client.stream("GET", f"/clips/{clip_id}/growing") as film:
            parts = film.iter_bytes()
            assert next(parts) == b"the beginning, "
            close(town, "an")
            assert b"".join(parts) == b""  # it ends, though the clip has not
        assert not stopped.is_set()
        answer = client.get(f"/clips/{clip_id}/growing")
        assert answer.status_code == 401


def grow(town: Town, clip_id: UUID, data: bytes) -> None:
    upload = town.uploads.growing.open(NODE, clip_id)
    upload.write(data)
    upload.finish()


def test_a_package_that_is_made_while_the_account_closes_is_not_handed_out(
    town: Town,
) -> None:
    package = io.BytesIO(b"footage")
    town.allow("an", Right.EXPORT)

    def pack(asker: Asker, *_: object) -> tuple[str, BinaryIO]:
        close(town, "an")
        return "evidence.zip", package

    who = Visitor(town.app(pack=pack)).sign_in("an", PASSWORD)
    answer = who.post(f"{opened(who)}/export", reason="gửi viện kiểm sát")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert answer.content == b""
    assert package.closed
    assert "case.export" not in town.acts()
