"""The services: each person sees their own part of the town, and every look leaves a log line."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from agent.wire.terms import ClockSource, Stamp
from hub.access.grants import rows
from hub.access.rules.grants import Right
from hub.access.tables import grants
from hub.alerting.alerts.rules.lifecycle import CLOSES_AFTER_S
from hub.alerting.alerts.tables import alert_history
from hub.alerting.alerts.views import AlertRow, Conflict
from hub.alerting.notifications.service import NotificationService
from hub.alerting.response.service import ResponseService
from hub.base.audit.asker import Asker
from hub.base.audit.log import By
from hub.base.audit.tables import audit
from hub.console.accounts import closing
from hub.console.service import InboxService
from hub.notify.phones.service import PhoneService
from hub.notify.tables import notifications, phones
from hub.registry.tables import areas
from tests.hub.rigs.streets import Streets, picture, sha
from tests.waiting import patience_s

pytestmark = [
    pytest.mark.promise("Core: No footage goes to anyone who is not entitled."),
    pytest.mark.promise("Hub: Each access to footage passes one check of grants."),
]


def an_alert(streets: Streets, *, node: str = "nga-tu", content: bytes = b"picture") -> UUID:
    mouth = streets.node if node == "nga-tu" else streets.other
    [filed] = streets.file(mouth.opened(picture=picture(content)))
    assert filed.alert_id is not None
    return filed.alert_id


def last_act(streets: Streets) -> tuple[str, UUID | None, UUID | None]:
    row = max(streets.rows(audit), key=lambda row: (row.at_utc_us, row.id))
    return row.act, row.person_id, row.object_id


def test_an_inbox_holds_what_the_person_may_see_newest_first(streets: Streets) -> None:
    an, binh = streets.officer("an"), streets.officer("binh", area=streets.junction)
    first = an_alert(streets)
    streets.clock.pass_s(90)
    second = an_alert(streets, node="cau-moi", content=b"other")
    streets.clock.pass_s(90)
    third = an_alert(streets, content=b"third")
    assert streets.services.use(ResponseService).act(an, first, act="resolve") is not None
    inboxes = streets.services.use(InboxService)
    inbox = inboxes.inbox(an)
    assert [row.alert_id for row in inbox.open] == [third, second]
    assert [row.alert_id for row in inbox.handled] == [first]
    assert [row.alert_id for row in inboxes.inbox(binh).open] == [third]
    assert last_act(streets)[:2] == ("inbox.open", binh.person_id)


def test_a_row_says_where_in_words(streets: Streets) -> None:
    an = streets.officer("an")
    row = streets.services.use(InboxService).row(an, an_alert(streets))
    assert row is not None
    assert (row.place, row.camera_label) == ("Ngã tư chợ, Tân Khai", "Hướng chợ cam-1")
    assert (row.state, row.people, row.error_ms, row.clock_source) == ("open", 1, 20, "ntp")


def test_not_there_and_not_theirs_are_the_same_answer(streets: Streets) -> None:
    binh = streets.officer("binh", area=streets.bridge)
    hidden = an_alert(streets)
    streets.bring(b"picture")
    an = streets.officer("an")
    inboxes = streets.services.use(InboxService)
    page = inboxes.alert(an, hidden)
    assert page is not None and page.row.picture_id is not None
    asks: list[Callable[[UUID], Any]] = [
        lambda it: inboxes.row(binh, it),
        lambda it: inboxes.alert(binh, it),
        lambda it: streets.services.use(ResponseService).act(binh, it, act="take"),
    ]
    for ask in asks:
        assert ask(hidden) is ask(uuid4()) is None
        assert last_act(streets)[0].endswith(".refused")
    playback = streets.playback
    assert playback.open_media(binh, page.row.picture_id) is None
    assert playback.open_media(binh, uuid4()) is None
    assert last_act(streets)[0] == "media.open.refused"
    assert streets.services.use(NotificationService).shown(binh, uuid4()) is False


@pytest.mark.parametrize("end", ["grant", "person"])
def test_access_ends_at_once(streets: Streets, end: str) -> None:
    an = streets.officer("an")
    alert_id = an_alert(streets)
    inboxes = streets.services.use(InboxService)
    assert inboxes.row(an, alert_id) is not None
    with streets.db.writing() as conn:
        if end == "person":
            by, now = By(came_from="shell"), streets.clock.now()
            closing.close(conn, an.person_id, reason="left", by=by, now=now)
        else:
            grant_id = conn.scalar(grants.select())
            rows.end_grant(conn, grant_id, now=streets.clock.now())
    assert inboxes.row(an, alert_id) is None
    assert inboxes.inbox(an).open == []


@pytest.mark.promise("Rights: A grant has person, place, rights, dates, purpose and giver.")
def test_a_grant_reaches_back_only_so_far(streets: Streets) -> None:
    old = an_alert(streets)
    streets.bring(b"picture")
    streets.clock.pass_s(3600)
    since = streets.clock.now().utc_us
    an = streets.officer("an", history_from_utc_us=since)
    streets.clock.pass_s(10)
    new = an_alert(streets, content=b"new")
    inboxes = streets.services.use(InboxService)
    assert [row.alert_id for row in inboxes.inbox(an).open] == [new]
    assert inboxes.alert(an, old) is None
    everyone = streets.officer("binh")
    row = inboxes.row(everyone, old)
    assert row is not None and row.picture_id is not None
    assert streets.playback.open_media(an, row.picture_id) is None
    assert [c.alert_id for c in inboxes.changes_since(an, 0)[0]] == [new]


@pytest.mark.promise(
    "Seal and footage store: A clip or picture is served only after a check of grants."
)
@pytest.mark.promise("Rights: A grant has person, place, rights, dates, purpose and giver.")
def test_clips_need_their_own_right(streets: Streets) -> None:
    looker = streets.officer("an", rights=Right.SEE)
    player = streets.officer("binh", rights=Right.SEE | Right.CLIPS)
    sighting = uuid4()
    [filed] = streets.file(
        streets.node.opened(sighting, picture=picture()), streets.node.clip(sighting)
    )[:1]
    assert filed.alert_id is not None
    streets.bring(b"picture")
    streets.bring(b"video")
    page, full = (
        streets.services.use(InboxService).alert(who, filed.alert_id) for who in (looker, player)
    )
    assert page is not None and full is not None
    assert (page.may_play, page.row.clip_id) == (False, None)
    assert [item.kind for item in page.media] == ["picture"]
    assert full.may_play and full.row.clip_id is not None and full.row.picture_id is not None
    assert [item.kind for item in full.media] == ["clip", "picture"]
    assert streets.playback.open_media(looker, full.row.clip_id) is None
    clip = streets.playback.open_media(player, full.row.clip_id)
    assert clip is not None
    assert (clip.media_type, clip.size_bytes, clip.sha256) == ("video/mp4", 5, sha(b"video"))
    assert b"".join(clip.read(0, 5)) == b"video"
    seen = streets.playback.open_media(looker, full.row.picture_id)
    assert seen is not None and seen.media_type == "image/jpeg"
    assert last_act(streets) == ("media.open", looker.person_id, full.row.picture_id)


def test_who_comes_second_learns_who_has_it(streets: Streets) -> None:
    an, binh = streets.officer("an"), streets.officer("binh")
    alert_id = an_alert(streets)
    rings = streets.change_signal.rings
    responses = streets.services.use(ResponseService)
    taken = responses.act(an, alert_id, act="take", note=" going there ")
    assert isinstance(taken, AlertRow)
    assert (taken.state, taken.taken_by_name, taken.revision) == ("taken", "Anh an", 2)
    assert streets.change_signal.rings == rings + 1
    conflict = responses.act(binh, alert_id, act="take")
    assert isinstance(conflict, Conflict)
    assert (conflict.held_by_name, conflict.row.state) == ("Anh an", "taken")
    assert last_act(streets)[0] == "alert.take.held"
    again = responses.act(an, alert_id, act="take")
    assert isinstance(again, AlertRow) and again.revision == 2
    streets.clock.pass_s(CLOSES_AFTER_S)
    closed = responses.act(an, alert_id, act="resolve")
    assert isinstance(closed, AlertRow)
    assert (closed.state, closed.closed_by_name, closed.taken_by_name) == (
        "resolved",
        "Anh an",
        "Anh an",
    )
    steps = [(row.act, row.person_id) for row in streets.rows(alert_history)]
    assert steps == [("raised", None), ("taken", an.person_id), ("resolved", an.person_id)]
    page = streets.services.use(InboxService).alert(binh, alert_id)
    assert page is not None
    assert [(step.act, step.who, step.detail) for step in page.history][1:] == [
        ("taken", "Anh an", "going there"),
        ("resolved", "Anh an", ""),
    ]
    assert page.allowed == ()


@pytest.mark.promise("Rules and duty: Of many people who acknowledge at once, one has the alert.")
def test_of_many_thumbs_at_once_one_takes_it(streets: Streets) -> None:
    officers = [streets.officer(f"officer-{number}") for number in range(6)]
    alert_id = an_alert(streets)
    answers: list[object] = []
    ready = threading.Barrier(len(officers))

    def press(officer: Asker) -> None:
        ready.wait(patience_s())
        answers.append(streets.services.use(ResponseService).act(officer, alert_id, act="take"))

    threads = [threading.Thread(target=press, args=(officer,)) for officer in officers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(patience_s())
    winners = [answer for answer in answers if isinstance(answer, AlertRow)]
    losers = [answer for answer in answers if isinstance(answer, Conflict)]
    assert len(winners) == 1 and len(losers) == 5
    assert {loser.held_by_name for loser in losers} == {winners[0].taken_by_name}


@pytest.mark.promise("Notifications: The app asks only for what changed.")
def test_changes_go_on_from_a_cursor(streets: Streets) -> None:
    an, binh = streets.officer("an"), streets.officer("binh", area=streets.bridge)
    inboxes = streets.services.use(InboxService)
    start = inboxes.inbox(an).cursor
    alert_id = an_alert(streets)
    streets.services.use(ResponseService).act(an, alert_id, act="take")
    changes, cursor = inboxes.changes_since(an, start)
    assert [(change.alert_id, change.revision) for change in changes] == [(alert_id, 2)]
    before = len(streets.acts())
    assert inboxes.changes_since(an, cursor) == ([], cursor)
    assert inboxes.changes_since(binh, start) == ([], cursor)
    assert len(streets.acts()) == before


@pytest.mark.promise("Core: The product has no face recognition and follows no named person.")
@pytest.mark.promise("Hub: Each look at footage leaves a line in the audit log.")
@pytest.mark.promise(
    "Audit and data protection: Each route and command leaves its line in the audit log."
)
def test_every_look_and_act_leaves_one_line(streets: Streets) -> None:
    an = streets.officer("an")
    alert_id = an_alert(streets)
    streets.bring(b"picture")
    inboxes = streets.services.use(InboxService)
    row = inboxes.row(an, alert_id)
    assert row is not None and row.picture_id is not None
    picture_id: UUID = row.picture_id
    [phone] = streets.rows(phones)
    [owed, *_] = streets.rows(notifications)
    responses = streets.services.use(ResponseService)
    own_phones = streets.services.use(PhoneService)
    sent = streets.services.use(NotificationService)

    def resolve_later() -> object:
        streets.clock.pass_s(CLOSES_AFTER_S)
        return responses.act(an, alert_id, act="resolve")

    asks: list[tuple[str, Callable[[], object]]] = [
        ("inbox.open", lambda: inboxes.inbox(an)),
        ("alert.glance", lambda: inboxes.row(an, alert_id)),
        ("alert.open", lambda: inboxes.alert(an, alert_id)),
        ("alert.take", lambda: responses.act(an, alert_id, act="take")),
        ("alert.take.again", lambda: responses.act(an, alert_id, act="take")),
        ("alert.resolve.refused", lambda: responses.act(an, alert_id, act="resolve")),
        ("alert.undo.again", lambda: responses.undo(an, alert_id)),
        ("alert.resolve", resolve_later),
        ("media.open", lambda: streets.playback.open_media(an, picture_id)),
        ("changes.open", lambda: inboxes.changes_since(an, 0)),
        ("phones.open", lambda: own_phones.phones(an)),
        ("notification.shown", lambda: sent.shown(an, owed.id)),
        ("notification.opened", lambda: sent.opened(an, owed.id)),
        ("phone.remove", lambda: own_phones.remove_phone(an, phone.id)),
    ]
    for act, ask in asks:
        before = len(streets.acts())
        ask()
        assert len(streets.acts()) == before + 1, act
        assert last_act(streets)[:2] == (act, an.person_id)


def test_a_browser_somebody_else_signs_in_to_becomes_theirs(streets: Streets) -> None:
    an, binh = streets.officer("an"), streets.officer("binh")
    phone = {"channel": "webpush", "address": "https://push.example/shared", "label": "Firefox"}
    own_phones = streets.services.use(PhoneService)
    first = own_phones.add_phone(an, secrets='{"auth": "1"}', **phone)
    assert own_phones.add_phone(an, secrets='{"auth": "2"}', **phone) == first
    an_alert(streets)
    assert own_phones.add_phone(binh, secrets='{"auth": "3"}', **phone) == first
    assert first not in [row.phone_id for row in own_phones.phones(an)]
    mine = {row.phone_id: row for row in own_phones.phones(binh)}
    assert mine[first].gone_utc_us is None
    [owed] = [row for row in streets.rows(notifications) if row.phone_id == first]
    assert owed.state == "dropped"
    assert own_phones.remove_phone(an, first) is False
    assert own_phones.remove_phone(binh, first) is True
    assert {row.gone_reason for row in own_phones.phones(binh)} == {None, "removed by its owner"}


@pytest.mark.promise("Channels: A page shows what became of each notification.")
def test_a_page_tells_who_was_told_and_what_their_phones_said(streets: Streets) -> None:
    an = streets.officer("an")
    alert_id = an_alert(streets)
    [owed] = streets.rows(notifications)
    streets.clock.pass_s(2)
    assert streets.services.use(NotificationService).shown(an, owed.id) is True
    page = streets.services.use(InboxService).alert(an, alert_id)
    assert page is not None
    [told] = page.told
    assert (told.person_name, told.channel, told.moment) == ("Anh an", "webpush", "opened")
    assert told.shown_utc_us == streets.clock.now().utc_us


def test_an_alert_of_a_node_without_a_clock_is_seen_by_when_it_came(streets: Streets) -> None:
    an = streets.officer("an", history_from_utc_us=streets.clock.now().plus_s(-60).utc_us)
    in_1970 = Stamp(utc_us=90_000_000, source=ClockSource.NONE, error_ms=None)
    streets.node.age_ms = None
    body = streets.node.opened(first_seen_utc_us=89_000_000).body
    streets.file(streets.node.says(body, stamp=in_1970))
    [row] = streets.services.use(InboxService).inbox(an).open
    assert (row.error_ms, row.clock_source) == (None, "none")


def test_a_ring_of_areas_does_not_turn_for_ever(streets: Streets) -> None:
    an = streets.officer("an")
    alert_id = an_alert(streets)
    with streets.db.writing() as conn:
        top = areas.c.id == streets.commune
        conn.execute(update(areas).where(top).values(parent_id=streets.junction))
    row = streets.services.use(InboxService).row(an, alert_id)
    assert row is not None and row.place.startswith("Ngã tư chợ, Tân Khai")
