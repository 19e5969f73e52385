"""The sound of a clip, requested with a reason from its alert's page and from a search."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from agent.wire.answers import BringSpan
from agent.wire.codec import decode_command
from agent.wire.messages import MediaAnswered
from hub.access.rules.grants import Right
from hub.base.audit.tables import audit
from hub.base.db.database import Database
from hub.footage.tables import media, span_wishes
from hub.intake.commands import commands
from tests.hub.helpers.oversight.log_details import detail_of
from tests.hub.helpers.search.web_search import address, form_of, let_search, visitor
from tests.hub.rigs.web_town import Seen, Town, some_bytes
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise("Clips: A person who may play clips can ask for their sound.")

OWNERS_REASON = "tiệm bị trộm hai lần"


@pytest.fixture
def town(db: Database, tmp_path: Path) -> Town:
    town = Town(db, tmp_path)
    town.listens(OWNERS_REASON)
    return town


@pytest.fixture
def seen(town: Town) -> Seen:
    """Somebody, with a clip that is at the hub."""
    seen, clip = town.somebody(), some_bytes()
    town.clip(seen, clip)
    town.bring(clip)
    return seen


def clip_of(town: Town) -> UUID:
    with town.db.reading() as conn:
        [media_id] = conn.scalars(select(media.c.id).where(media.c.kind == "clip"))
    return media_id


def ask(who: Visitor, town: Town, seen: Seen, reason: str) -> int:
    action = f"/alerts/{seen.alert_id}/clips/{clip_of(town)}/sound"
    return who.post(action, reason=reason).status_code


def answered(town: Town, *sha256s: str) -> None:
    with town.db.reading() as conn:
        [wish] = conn.execute(select(span_wishes)).all()
    town.file(MediaAnswered(command_id=wish.command_id, coming=sha256s, gone=()))


def test_the_sound_of_a_clip_is_asked_for_with_a_reason_and_plays_when_it_has_come(
    town: Town, seen: Seen
) -> None:
    an, where = visitor(town, "an"), f"/alerts/{seen.alert_id}"
    page = an.get(where)
    assert OWNERS_REASON in text_of(page)
    assert f'id="sound-{clip_of(town)}"' in page.text, "news know the form of each clip apart"
    assert ask(an, town, seen, "vụ 12: kêu cứu") == 303
    told = text_of(an.get(where))
    assert "Nguyễn Văn An đã yêu cầu âm thanh" in told
    assert "vụ 12: kêu cứu" in told
    assert "chưa trả lời" in told
    assert "/sound" not in an.get(where).text, "nothing is asked for twice"
    with town.db.writing() as conn:
        [command] = commands(conn, now=town.clock.now())
    body = decode_command(command.payload).body
    assert isinstance(body, BringSpan)
    assert (body.with_sound, body.from_utc_us) == (True, body.until_utc_us)
    heard = some_bytes()
    town.sound(seen, heard, brings=False)
    answered(town, "ab" * 32, "cd" * 32)
    assert "Đang được gửi về" in text_of(an.get(where))
    town.bring(heard)
    with town.db.reading() as conn:
        [sound_id] = conn.scalars(select(media.c.id).where(media.c.kind == "sound"))
    page = an.get(where)
    assert page.text.count(f'<audio controls preload="none" src="/media/{sound_id}">') == 1
    assert "vụ 12: kêu cứu" in text_of(page)
    assert an.get(f"/media/{sound_id}").content == heard


def test_asking_for_sound_is_in_the_audit_with_its_reason(town: Town, seen: Seen) -> None:
    an = visitor(town, "an")
    ask(an, town, seen, "vụ 12")
    with town.db.reading() as conn:
        rows = conn.execute(select(audit).where(audit.c.act == "sound.ask")).all()
    assert [(row.object_id, detail_of(row)) for row in rows] == [(clip_of(town), "vụ 12")]
    assert {"sound.ask", "span.ask"} <= set(town.acts())


def test_a_box_that_has_no_sound_of_it_says_so(town: Town, seen: Seen) -> None:
    an = visitor(town, "an")
    ask(an, town, seen, "vụ 12")
    answered(town, "ab" * 32)
    assert "không có âm thanh" in text_of(an.get(f"/alerts/{seen.alert_id}"))


def test_without_a_reason_it_is_not_asked_for_and_that_is_said(town: Town, seen: Seen) -> None:
    an = visitor(town, "an")
    assert ask(an, town, seen, "   ") == 422
    answer = an.post(f"/alerts/{seen.alert_id}/clips/{clip_of(town)}/sound", reason=" ")
    assert "hãy ghi lý do" in text_of(answer)
    with town.db.reading() as conn:
        assert conn.execute(select(span_wishes)).all() == []


def test_who_may_not_play_clips_can_neither_hear_nor_ask(town: Town, seen: Seen) -> None:
    for login in ("chi", "guest"):
        assert ask(visitor(town, login), town, seen, "curious") == 404
    page = visitor(town, "chi").get(f"/alerts/{seen.alert_id}")
    assert "/sound" not in page.text
    ask(visitor(town, "an"), town, seen, "vụ 12")
    assert "vụ 12" not in text_of(visitor(town, "chi").get(f"/alerts/{seen.alert_id}"))
    assert town.acts().count("sound.ask.refused") == 2


def test_a_camera_whose_owner_gave_no_reason_has_no_sound_to_ask_for(
    db: Database, tmp_path: Path
) -> None:
    town = Town(db, tmp_path)
    seen, clip = town.somebody(), some_bytes()
    town.clip(seen, clip)
    town.bring(clip)
    an = visitor(town, "an")
    assert "/sound" not in an.get(f"/alerts/{seen.alert_id}").text
    assert ask(an, town, seen, "vụ 12") == 404
    assert "sound.ask.refused" in town.acts()


@pytest.fixture
def searching(town: Town, seen: Seen) -> Iterator[Visitor]:
    let_search(town, "an", Right.SEARCH | Right.CLIPS)
    yield visitor(town, "an")


def test_it_is_asked_for_from_a_search_too(town: Town, seen: Seen, searching: Visitor) -> None:
    action, where = f"/footage/clips/{clip_of(town)}/sound", address(town)
    form = form_of(searching.get(where).text, action)
    answer = searching.post(action, **form, reason="vụ 12")
    assert answer.headers["location"] == where
    assert "đã yêu cầu âm thanh" in text_of(searching.get(where))
    town.sound(seen, some_bytes())
    assert "<audio" in searching.get(where).text
    again = searching.post(action, **form, reason="")
    assert "hãy ghi lý do" in text_of(searching.get(again.headers["location"]))
    assert visitor(town, "binh").post(action, **form, reason="curious").status_code == 404


def test_a_span_may_be_asked_for_with_what_was_heard(town: Town, searching: Visitor) -> None:
    form = form_of(searching.get(address(town)).text, "/footage/ask")
    searching.post("/footage/ask", **form, reason="vụ 12", sound="true")
    with town.db.reading() as conn:
        [wish] = conn.execute(select(span_wishes)).all()
    assert wish.with_sound is True
    assert "cả âm thanh" in text_of(searching.get(address(town)))
    with town.db.writing() as conn:
        [command] = commands(conn, now=town.clock.now())
    body = decode_command(command.payload).body
    assert isinstance(body, BringSpan)
    assert body.with_sound is True
