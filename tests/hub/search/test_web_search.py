"""Footage by camera and time: who may find it, request it, and ask a node for more."""

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select

from agent.wire.messages import MediaAnswered
from hub.access.rules.grants import Right
from hub.base.db.database import Database
from hub.footage.tables import media, span_wishes, wishes
from tests.hub.helpers.search.web_search import address, form_of, let_search, visitor
from tests.hub.rigs.web_town import Town, some_bytes
from tests.hub.rigs.web_visitor import text_of

pytestmark = pytest.mark.promise("Search: A search can ask a node for its footage.")


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    db = Database(sqlite_url)
    town = Town(db, tmp_path)
    let_search(town, "an", Right.SEARCH | Right.CLIPS)
    yield town
    db.close()


def test_a_clip_is_found_by_camera_and_time_and_plays(town: Town) -> None:
    clip = some_bytes()
    town.clip(town.somebody(), clip)
    town.bring(clip)
    an = visitor(town, "an")
    page = an.get(address(town))
    assert "1 đoạn ghi hình" in text_of(page)
    [source] = re.findall(r'<video[^>]* src="(.*?)"', page.text)
    assert an.get(source).content == clip
    assert "search.find" in town.acts()


def test_nothing_is_found_of_another_time(town: Town) -> None:
    town.clip(town.somebody(), some_bytes())
    wanted = re.sub(r"day=[\d-]+", "day=2020-01-01", address(town))
    page = visitor(town, "an").get(wanted)
    assert "0 đoạn ghi hình" in text_of(page)


@pytest.mark.promise("Clips: A clip at its node can be asked for.")
def test_a_clip_still_at_its_node_is_asked_for_from_what_was_found(town: Town) -> None:
    town.clip(town.somebody(), some_bytes())
    an = visitor(town, "an")
    where = address(town)
    page = an.get(where)
    with town.db.reading() as conn:
        [media_id] = conn.scalars(select(media.c.id).where(media.c.kind == "clip"))
    action = f"/footage/clips/{media_id}/ask"
    answer = an.post(action, **form_of(page.text, action))
    assert answer.status_code == 303
    assert answer.headers["location"] == where
    with town.db.reading() as conn:
        assert conn.scalars(select(wishes.c.media_id)).all() == [media_id]
    assert "đã yêu cầu" in text_of(an.get(where))


@pytest.mark.promise("Clips: Any span of continuous recording can be fetched by time.")
def test_a_span_is_asked_of_the_node_with_a_reason_and_its_answer_is_shown(town: Town) -> None:
    an = visitor(town, "an")
    where = address(town)
    form = form_of(an.get(where).text, "/footage/ask")
    assert an.post("/footage/ask", **form, reason="trộm xe 25/11").status_code == 303
    told = text_of(an.get(where))
    assert "trộm xe 25/11" in told
    assert "chưa trả lời" in told
    with town.db.reading() as conn:
        [wish] = conn.execute(select(span_wishes)).all()
    assert wish.until_utc_us - wish.from_utc_us == 40 * 60 * 1_000_000
    town.file(MediaAnswered(command_id=wish.command_id, coming=("ab" * 32,), gone=()))
    assert "Trạm camera có 1 tệp" in text_of(an.get(where))
    assert "span.ask" in town.acts()


def test_what_was_asked_of_a_time_that_is_not_theirs_is_not_told_to_them(town: Town) -> None:
    an = visitor(town, "an")
    where = address(town)
    form = form_of(an.get(where).text, "/footage/ask")
    an.post("/footage/ask", **form, reason="vụ của ông Bảy")
    now_us = town.clock.now().utc_us
    let_search(town, "guest", Right.SEARCH | Right.CLIPS, history_from_utc_us=now_us)
    later = visitor(town, "guest").get(where)
    assert later.status_code == 200
    assert "ông Bảy" not in later.text


def test_asking_without_a_reason_is_refused_in_words(town: Town) -> None:
    an = visitor(town, "an")
    form = form_of(an.get(address(town)).text, "/footage/ask")
    answer = an.post("/footage/ask", **form, reason="  ")
    assert "hãy ghi lý do" in text_of(an.get(answer.headers["location"]))
    with town.db.reading() as conn:
        assert conn.execute(select(span_wishes)).all() == []


def test_more_than_an_hour_is_searched_and_not_asked_for_at_once(town: Town) -> None:
    page = visitor(town, "an").get(address(town, minutes=90))
    assert "nhiều nhất một giờ" in text_of(page)
    assert 'action="/footage/ask"' not in page.text


def test_who_may_not_search_finds_no_page_and_can_ask_for_nothing(town: Town) -> None:
    town.clip(town.somebody(), some_bytes())
    with town.db.reading() as conn:
        [media_id] = conn.scalars(select(media.c.id).where(media.c.kind == "clip"))
    form = form_of(visitor(town, "an").get(address(town)).text, "/footage/ask")
    for login in ("binh", "guest"):
        them = visitor(town, login)
        assert them.get("/footage").status_code == 404
        assert them.get(address(town)).status_code == 404
        assert them.post(f"/footage/clips/{media_id}/ask").status_code == 404
        location = them.post("/footage/ask", **form, reason="curious").headers["location"]
        assert them.get(location).status_code == 404
        assert "/footage" not in them.get("/more").text
    with town.db.reading() as conn:
        assert conn.execute(select(wishes)).all() == conn.execute(select(span_wishes)).all() == []
    assert "span.ask.refused" in town.acts()


def test_who_may_search_but_not_play_finds_nothing(town: Town) -> None:
    town.clip(town.somebody(), some_bytes())
    let_search(town, "chi", Right.SEARCH)
    assert visitor(town, "chi").get("/footage").status_code == 404


def test_a_grant_reaches_back_only_so_far_in_a_search_too(town: Town) -> None:
    clip = some_bytes()
    town.clip(town.somebody(), clip)
    town.bring(clip)
    later = town.clock.now().plus_s(600).utc_us
    let_search(town, "binh", Right.SEARCH | Right.CLIPS, history_from_utc_us=later)
    binh = visitor(town, "binh")
    page = binh.get(address(town))
    assert page.status_code == 200
    assert "0 đoạn ghi hình" in text_of(page)
    form = form_of(page.text, "/footage/ask")
    answer = binh.post("/footage/ask", **form, reason="before my time")
    assert "refused=1" in answer.headers["location"]


def test_another_camera_and_what_is_no_time_are_told_from_each_other(town: Town) -> None:
    an = visitor(town, "an")
    where = address(town)
    other = re.sub(r"camera=[\w-]+", f"camera={uuid4()}", where)
    assert an.get(other).status_code == 404
    for bad in ("day=9999-12-31", "day=2026-13-45", "day=yesterday"):
        assert an.get(re.sub(r"day=[\d-]+", bad, where)).status_code == 422
    assert an.get(re.sub(r"since=[\d%A]+", "since=25%3A99", where)).status_code == 422
