"""People who are told of alerts but may not see them: a page in words, and no byte of a picture."""

import json
import re
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select, update

from hub.access.grants import rows as grants_rows
from hub.access.rules.grants import Grant, Right
from hub.alerting.alerts.tables import alert_history, alerts
from hub.alerting.notifications import leasing
from hub.alerting.notifications.text import message_for
from hub.alerting.response.service import ResponseService
from hub.base.audit.tables import audit
from hub.base.db.columns import columns, new_id
from hub.console import stream
from hub.console.service import InboxService
from hub.footage.tables import media
from hub.notify.channels.webpush import payload
from hub.notify.tables import phones
from tests.hub.helpers.alerting.on_the_way import another_camera, asker
from tests.hub.helpers.oversight.log_details import detail_of
from tests.hub.rigs.notify_samples import owed
from tests.hub.rigs.web_town import PASSWORD, Seen, Town, some_bytes
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise("Core: No footage goes to anyone who is not entitled.")


def hoa(town: Town, *, language: str = "vi") -> Visitor:
    """Mrs. Hoa of the quarter's board: told of alerts of the junction, without its pictures."""
    town.add_person(
        "hoa", "Bà Hoa", "board_member", Right.ALERTED, area_id=town.area_id, language=language
    )
    return Visitor(town.app()).sign_in("hoa", PASSWORD)


def with_footage(town: Town) -> tuple[Seen, list[UUID]]:
    """An alert of two people with its picture and clip, and the ids of both."""
    picture, clip = some_bytes(2_000), some_bytes(3_000)
    seen = town.somebody(picture, people=2)
    town.clip(seen, clip)
    return seen, [town.bring(picture), town.bring(clip)]


def sees_no_footage(text: str, seen: Seen, media_ids: list[UUID]) -> None:
    """No id and no tag by which a picture, a clip or a sighting could be reached."""
    for one in (*media_ids, seen.sighting_id):
        assert str(one) not in text and one.hex not in text
    assert not re.search(r"<(img|video|audio|source)\b|/media/|/clips/|data-growing", text)


def test_their_page_says_place_time_kind_and_who_has_it(town: Town) -> None:
    seen, media_ids = with_footage(town)
    board = hoa(town)
    page = board.get(f"/alerts/{seen.alert_id}")
    assert page.status_code == 200
    assert "no-store" in page.headers["Cache-Control"]
    words = text_of(page)
    for said in ("Ngã tư Chợ Cũ, Tân Khai", "2 người", "Chưa ai tiếp nhận", "Tôi đi"):
        assert said in words
    assert "không được xem ảnh" in words
    sees_no_footage(page.text, seen, media_ids)
    assert not re.search(r"/(take|resolve|false|hand-over|arrive|note|cases)\b", page.text)
    town.services.use(ResponseService).act(asker(town, "an"), seen.alert_id, act="take")
    assert "Nguyễn Văn An đã tiếp nhận" in text_of(board.get(f"/alerts/{seen.alert_id}"))
    town.held_since(seen.alert_id, 5)
    town.services.use(ResponseService).act(asker(town, "an"), seen.alert_id, act="resolve")
    after = board.get(f"/alerts/{seen.alert_id}")
    assert "Nguyễn Văn An đã kết thúc" in text_of(after)
    assert 'data-act="go"' not in after.text
    assert town.acts()[-1] == "alert.words"


def test_the_page_speaks_english_too(town: Town) -> None:
    seen, _ = with_footage(town)
    words = text_of(hoa(town, language="en").get(f"/alerts/{seen.alert_id}"))
    assert "I go" in words and "may not see its pictures" in words


@pytest.mark.usefixtures("one_day")
@pytest.mark.parametrize("path", ["/", "/list"])
def test_their_list_has_the_alert_in_words(town: Town, path: str) -> None:
    seen, media_ids = with_footage(town)
    board = hoa(town)
    page = board.get(path)
    assert f'href="/alerts/{seen.alert_id}"' in page.text
    assert 'id="nothing-open" hidden' in page.text
    sees_no_footage(page.text, seen, media_ids)
    assert 'id="filter"' not in page.text and "select=1" not in page.text  # nothing to choose from
    town.services.use(ResponseService).act(asker(town, "an"), seen.alert_id, act="resolve")
    handled = board.get(path)
    assert f"card-{seen.alert_id}" not in handled.text
    sees_no_footage(handled.text, seen, media_ids)
    closed = board.get(f"{path}?tab=handled")
    assert f"card-{seen.alert_id}" in closed.text
    sees_no_footage(closed.text, seen, media_ids)


def test_what_they_are_told_of_counts_as_waiting_until_somebody_has_it(town: Town) -> None:
    seen, _ = with_footage(town)
    town.somebody()
    board = hoa(town)

    def waiting() -> list[str]:
        return re.findall(r'class="waiting">(\d+)', board.get("/settings").text)

    assert waiting() == ["2"]
    town.services.use(ResponseService).act(asker(town, "an"), seen.alert_id, act="take")
    assert waiting() == ["1"]
    with town.db.writing() as conn:
        conn.execute(update(alerts).values(quiet_reason="silenced"))  # no phone rang
    assert waiting() == []


def test_the_card_that_a_live_page_loads_is_in_words(town: Town) -> None:
    seen, media_ids = with_footage(town)
    card = hoa(town).get(f"/alerts/{seen.alert_id}/card")
    assert card.status_code == 200
    assert "data-words-only" in card.text
    sees_no_footage(card.text, seen, media_ids)


def test_what_their_phone_keeps_is_words_that_offer_nothing_to_take(town: Town) -> None:
    seen, media_ids = with_footage(town)
    told = hoa(town).get("/api/inbox")
    sees_no_footage(told.text, seen, media_ids)
    inbox = told.json()
    assert inbox["alerts"] == inbox["words_only"] == [str(seen.alert_id)]
    (row,) = inbox["rows"]
    assert row["words_only"] is True
    assert set(row) == {
        *("id", "state", "token", "status", "place", "what", "words_only"),
        *("began_ms", "raised_ms"),
    }
    seeing = Visitor(town.app()).sign_in("an", PASSWORD).get("/api/inbox").json()
    assert (seeing["words_only"], seeing["rows"][0]["words_only"]) == ([], False)


def test_the_stream_of_changes_says_which_alert_and_nothing_else(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "PACE_S", 0.0)
    seen, media_ids = with_footage(town)
    looks = iter([False, True])
    town.add_person("hoa", "Bà Hoa", "board_member", Right.ALERTED)
    app = town.app(stopping=lambda: next(looks), keepalive_s=0.0)
    events = Visitor(app).sign_in("hoa", PASSWORD).get("/events?cursor=0")
    sees_no_footage(events.text, seen, media_ids)
    heard = re.findall(r"^event: (\w+)\ndata: (.*)$", events.text, re.MULTILINE)
    assert {event for event, _ in heard} == {"waiting", "change", "beat"}
    numbers = [json.loads(data) for event, data in heard if event == "waiting"]
    assert all(isinstance(one, int) for found in numbers for one in found.values())
    told = [json.loads(data) for event, data in heard if event == "change"]
    assert {one["alert_id"] for one in told} == {str(seen.alert_id)}
    assert all(set(one) == {"alert_id", "revision"} for one in told)


def refused(
    town: Town, seen: Seen, media_ids: list[UUID], camera_id: UUID
) -> list[tuple[str, str]]:
    """Every address by which footage, or an act on the alert, would be theirs."""
    alert = f"/alerts/{seen.alert_id}"
    paths = [("GET", f"{alert}/clip")]
    for one in media_ids:
        paths += [
            ("GET", f"/media/{one}{tail}") for tail in ("", "/small", "/medium", "/h264", "/play")
        ]
        paths += [("POST", f"{alert}/clips/{one}/{act}") for act in ("ask", "sound")]
        paths += [("POST", f"/{room}/clips/{one}/ask") for room in ("find", "moment", "footage")]
    acts = ("take", "resolve", "false", "hand-over", "arrive", "undo", "reopen", "note")
    paths += [("POST", f"{alert}/{act}") for act in acts]
    paths += [("GET", f"/cameras/{camera_id}{tail}") for tail in ("", "/live", "/live/picture")]
    paths += [("GET", f"/moment?camera={camera_id}&at={seen.first_seen_utc_us}")]
    paths += [("GET", f"/footage?camera={camera_id}"), ("GET", f"/keeping?alert={seen.alert_id}")]
    return paths


def test_no_other_address_hands_them_footage_or_lets_them_act(town: Town) -> None:
    seen, media_ids = with_footage(town)
    board = hoa(town)
    with town.db.reading() as conn:
        this = select(alerts.c.camera_id).where(alerts.c.id == seen.alert_id)
        camera_id = conn.scalars(this).one()
    for method, path in refused(town, seen, media_ids, camera_id):
        form = {"person": str(uuid4()), "note": "x", "reason": "VA-1"}
        answer = board.get(path) if method == "GET" else board.post(path, **form)
        assert answer.status_code in (403, 404), (method, path, answer.status_code)
        sees_no_footage(answer.text, seen, media_ids)
    held = board.post("/cases/add", alert=str(seen.alert_id), media=str(media_ids[0]), case="new")
    assert held.status_code in (403, 404, 422)
    for path in ("/map/cameras.json", "/map/states.json", "/find?when=year"):
        sees_no_footage(board.get(path).text, seen, media_ids)
    with town.db.reading() as conn:
        row = conn.execute(select(alerts).where(alerts.c.id == seen.alert_id)).one()
    assert (row.state, row.taken_by, row.closed_by) == ("open", None, None)


def a_phone(town: Town, person_id: UUID) -> None:
    now = town.clock.now()
    with town.db.writing() as conn:
        phone = {"id": new_id(now), "person_id": person_id, "channel": "webpush"}
        phone |= {"address": f"https://push.example/{person_id}", "secrets": "{}", "label": ""}
        conn.execute(insert(phones).values(**phone, **columns("created", now)))


def pushes(town: Town) -> dict[str, dict[str, Any]]:
    """Messages that the hub would send now, by the name of the person at the phone's address."""
    with town.db.writing() as conn:
        claimed = leasing.claim(conn, worker="w", now=town.clock.now(), lease_s=30, limit=50)
    sent = [(one, json.loads(payload(message_for(one, ZoneInfo("UTC"))))) for one in claimed]
    return {one.phone.address.rpartition("/")[2]: said for one, said in sent}


def test_their_push_offers_the_page_and_nothing_to_take(town: Town) -> None:
    board = town.add_person("hoa", "Bà Hoa", "board_member", Right.ALERTED)
    officer = town.add_person("em", "Anh Em", "officer", Right.SEE | Right.ALERTED)
    for one in (board, officer):
        a_phone(town, one)
    seen, media_ids = with_footage(town)
    sent = pushes(town)
    assert sent[str(officer)]["take_label"] == "Tiếp nhận"
    told = sent[str(board)]
    assert (told["take_label"], told["open_label"]) == ("", "Xem")
    assert told["url"] == f"/alerts/{seen.alert_id}"
    sees_no_footage(json.dumps(told), seen, media_ids)


def test_their_push_promises_no_picture() -> None:
    grown = owed(moment="grown", has_picture=True)
    assert "đã có ảnh" in message_for(grown, ZoneInfo("UTC")).body
    told = message_for(replace(grown, may_act=False), ZoneInfo("UTC"))
    assert "ảnh" not in told.body
    assert told.take_label == ""


# --- I go -----------------------------------------------------------------------------------------


def history(town: Town, seen: Seen) -> list[str]:
    with town.db.reading() as conn:
        query = select(alert_history.c.act).where(alert_history.c.alert_id == seen.alert_id)
        order = alert_history.c.at_utc_us, alert_history.c.id
        return [act for act in conn.scalars(query.order_by(*order)) if "going" in act]


def test_i_go_is_noted_once_told_to_the_officers_and_changes_nothing_else(town: Town) -> None:
    seen, _ = with_footage(town)
    board = hoa(town)
    with town.db.reading() as conn:
        before = conn.execute(select(alerts).where(alerts.c.id == seen.alert_id)).one()
    for _ in range(2):  # a double tap
        assert board.post(f"/alerts/{seen.alert_id}/go").status_code == 303
    page = board.get(f"/alerts/{seen.alert_id}")
    assert "Bạn đã báo lúc" in text_of(page)
    assert 'data-act="go"' not in page.text
    assert history(town, seen) == ["going"]
    assert [act for act in town.acts() if act.startswith("alert.go")] == [
        "alert.go",
        "alert.go.again",
    ]
    with town.db.reading() as conn:
        after = conn.execute(select(alerts).where(alerts.c.id == seen.alert_id)).one()
    assert after._asdict() | {"revision": 0} == before._asdict() | {"revision": 0}
    officers = text_of(Visitor(town.app()).sign_in("an", PASSWORD).get(f"/alerts/{seen.alert_id}"))
    assert "Đang đến nơi: Bà Hoa (" in officers
    assert "Đang đến nơi · Bà Hoa" in officers
    assert "Chưa ai tiếp nhận" in officers


def test_it_can_be_taken_back_and_said_again(town: Town) -> None:
    seen, _ = with_footage(town)
    board = hoa(town)
    for act in ("go", "not-go", "not-go", "go"):
        assert board.post(f"/alerts/{seen.alert_id}/{act}").status_code == 303
    assert history(town, seen) == ["going", "not_going", "going"]
    board.post(f"/alerts/{seen.alert_id}/not-go")
    page = town.services.use(InboxService).alert(asker(town, "an"), seen.alert_id)
    assert page is not None and page.going == ()


def test_who_takes_the_alert_holds_it_whoever_goes(town: Town) -> None:
    seen, _ = with_footage(town)
    board = hoa(town)
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    an.post(f"/alerts/{seen.alert_id}/take")
    board.post(f"/alerts/{seen.alert_id}/go")
    with town.db.reading() as conn:
        row = conn.execute(select(alerts).where(alerts.c.id == seen.alert_id)).one()
    assert (row.state, row.arrived_utc_us) == ("taken", None)
    assert an.post(f"/alerts/{seen.alert_id}/arrive").status_code == 303


def test_to_a_closed_alert_nobody_goes(town: Town) -> None:
    seen, _ = with_footage(town)
    board = hoa(town)
    town.services.use(ResponseService).act(asker(town, "an"), seen.alert_id, act="resolve")
    late = board.post(f"/alerts/{seen.alert_id}/go")
    assert late.status_code == 409
    assert "Cảnh báo đã kết thúc trước đó" in text_of(late)
    assert history(town, seen) == []


def test_strangers_neither_read_it_nor_go(town: Town) -> None:
    seen, _ = with_footage(town)
    guest = Visitor(town.app()).sign_in("guest", PASSWORD)
    assert guest.get(f"/alerts/{seen.alert_id}").status_code == 404
    for act in ("go", "not-go"):
        assert guest.post(f"/alerts/{seen.alert_id}/{act}").status_code == 404
        assert guest.post(f"/alerts/{uuid4()}/{act}").status_code == 404
    assert town.acts().count("alert.go.refused") == 2
    assert history(town, seen) == []


def test_a_form_without_its_token_says_nothing(town: Town) -> None:
    seen, _ = with_footage(town)
    board = hoa(town)
    board.csrf = "wrong"
    assert board.post(f"/alerts/{seen.alert_id}/go").status_code == 403
    assert history(town, seen) == []


# --- who is told ----------------------------------------------------------------------------------


def test_an_alert_that_rang_nobody_is_not_told_of(town: Town) -> None:
    seen, _ = with_footage(town)
    with town.db.writing() as conn:
        conn.execute(update(alerts).values(quiet_reason="silenced"))
    board = hoa(town)
    assert board.get(f"/alerts/{seen.alert_id}").status_code == 404
    assert str(seen.alert_id) not in board.get("/").text


def test_who_sees_one_camera_and_is_told_of_another_has_both_in_one_list(town: Town) -> None:
    seen, _ = with_footage(town)
    other = another_camera(town, "Cổng trường")
    with town.db.writing() as conn:
        now = town.clock.now()
        hidden = uuid4()
        row = conn.execute(select(alerts).where(alerts.c.id == seen.alert_id)).one()._asdict()
        row |= {"id": hidden, "camera_id": other, "picture_id": None, "clip_id": None}
        conn.execute(insert(alerts).values(row | columns("raised", now.plus_s(1))))
    lan = town.add_person("lan", "Chị Lan", "officer", Right.ALERTED)
    with town.db.writing() as conn:
        camera_id = conn.scalars(select(media.c.camera_id)).first()
        grant = Grant(None, camera_id, Right.SEE, town.clock.now().utc_us - 1)
        grants_rows.add_grant(conn, person_id=lan, grant=grant, reason="duty", now=town.clock.now())
    inbox = town.services.use(InboxService).inbox(asker(town, "lan"))
    assert [row.alert_id for row in inbox.all_open] == [hidden, seen.alert_id]
    assert [row.is_in_words for row in inbox.all_open] == [True, False]


def test_a_filter_hides_alerts_in_words_but_no_critical_one(town: Town) -> None:
    seen, _ = with_footage(town)
    board = hoa(town)
    mine, card = "/?mine=1", f"/alerts/{seen.alert_id}/card?mine=1"
    assert str(seen.alert_id) not in board.get(mine).text
    with town.db.writing() as conn:
        conn.execute(update(alerts).values(severity="critical"))
    assert f'id="card-{seen.alert_id}"' in board.get(mine).text
    assert 'data-fits="1"' in board.get(card).text
    assert str(seen.alert_id) not in board.get(f"{mine}&strict=1").text


def test_an_alert_that_rang_is_theirs_to_read_however_far_back_their_grant_reaches(
    town: Town,
) -> None:
    who, now = town.add_person("hoa", "Bà Hoa", "officer"), town.clock.now()
    grant = Grant(town.area_id, None, Right.ALERTED, now.utc_us - 1, None, now.utc_us - 100_000)
    with town.db.writing() as conn:
        grants_rows.add_grant(conn, person_id=who, grant=grant, reason="duty", now=now)
    seen = town.somebody()  # 400 ms before: from before their reach, and yet it rings
    board = Visitor(town.app()).sign_in("hoa", PASSWORD)
    assert board.get(f"/alerts/{seen.alert_id}").status_code == 200


def test_when_the_right_to_see_ends_the_page_goes_on_in_words(town: Town) -> None:
    seen, media_ids = with_footage(town)
    town.add_person("lan", "Chị Lan", "officer", Right.ALERTED)
    extra = town.allow("lan", Right.SEE | Right.CLIPS)
    lan = Visitor(town.app()).sign_in("lan", PASSWORD)
    who = asker(town, "lan")
    inboxes = town.services.use(InboxService)
    assert "<img" in lan.get(f"/alerts/{seen.alert_id}").text
    before = inboxes.scope_mark(who)
    with town.db.writing() as conn:
        grants_rows.end_grant(conn, extra, now=town.clock.now())
    assert inboxes.scope_mark(who) != before  # an open page hears that its scope is another
    page = lan.get(f"/alerts/{seen.alert_id}")
    assert page.status_code == 200
    sees_no_footage(page.text, seen, media_ids)
    assert lan.get("/api/inbox").json()["words_only"] == [str(seen.alert_id)]


def test_each_look_leaves_a_line_that_says_it_was_in_words(town: Town) -> None:
    seen, _ = with_footage(town)
    board = hoa(town)
    board.get("/")
    board.get(f"/alerts/{seen.alert_id}")
    board.get(f"/alerts/{seen.alert_id}/card")
    with town.db.reading() as conn:
        query = select(audit).order_by(audit.c.seq)
        lines = [(row.act, detail_of(row)) for row in conn.execute(query)]
    assert lines[-3:] == [
        ("inbox.open", "1 running, 0 handled, 1 asked for; in words 1 running, 0 handled"),
        ("alert.words", ""),
        ("alert.glance", "in words"),
    ]


def test_the_stream_tells_them_of_a_later_change(town: Town) -> None:
    seen, _ = with_footage(town)
    town.add_person("hoa", "Bà Hoa", "board_member", Right.ALERTED)
    who, inboxes = asker(town, "hoa"), town.services.use(InboxService)
    _, cursor = inboxes.changes_since(who, 0)
    town.services.use(ResponseService).act(asker(town, "an"), seen.alert_id, act="take")
    changes, _ = inboxes.changes_since(who, cursor)
    assert [one.alert_id for one in changes] == [seen.alert_id]
    changes, _ = inboxes.changes_since(asker(town, "guest"), 0)
    assert changes == []
