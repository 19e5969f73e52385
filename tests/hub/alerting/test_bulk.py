"""Many alerts closed at once with one reason, each with its own scope check and log line; and
undone."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, select, update

from hub.access.rules.grants import ALL
from hub.alerting.alerts.rules.lifecycle import UNDO_ON_THE_WAY_S, UNDO_S, UNDO_TAKEN_S
from hub.alerting.alerts.tables import alert_history, alerts
from hub.alerting.response.bulk import MOST_AT_ONCE, TOGETHER, BulkService, Closings, TooManyError
from hub.alerting.response.service import ResponseService
from hub.alerting.silences.service import SilenceService
from hub.alerting.silences.tables import silences
from hub.base.db.database import Database
from hub.console import inbox_pages
from hub.notify.tables import notifications
from tests.hub.helpers.alerting.undo import raised
from tests.hub.rigs.streets import Streets
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of
from tests.waiting import busy

pytestmark = pytest.mark.promise(
    "Alerts: Many alerts are closed at once with one reason, and that can be taken back."
)


CLOSED_WITHIN_S = 2.0


def many(streets: Streets, number: int = 3) -> list[UUID]:
    found = []
    for _ in range(number):
        streets.clock.pass_s(90)
        found.append(raised(streets))
    return found


def states(streets: Streets) -> dict[UUID, str]:
    with streets.db.reading() as conn:
        return {row.id: row.state for row in conn.execute(select(alerts.c.id, alerts.c.state))}


def test_each_is_closed_with_the_reason_and_a_line_of_its_own(streets: Streets) -> None:
    an = streets.officer("an")
    made = many(streets)
    bulk = streets.services.use(BulkService)
    done = bulk.close(an, [*made[:2], made[0]], act="resolve", reason=" chợ phiên ")
    assert (done.closed, done.kept) == (2, 0)
    assert states(streets) == {made[0]: "resolved", made[1]: "resolved", made[2]: "open"}
    assert streets.acts()[-2:] == ["alert.resolve", "alert.resolve"]
    notes = [row for row in streets.rows(alert_history) if row.act == "resolved"]
    assert [row.detail for row in notes] == ["chợ phiên"] * 2


@pytest.mark.promise("Core: No footage goes to anyone who is not entitled.")
def test_what_others_have_or_one_may_not_see_is_kept_and_the_rest_is_closed(
    streets: Streets,
) -> None:
    an, binh = streets.officer("an"), streets.officer("binh", area=streets.junction)
    made = many(streets)
    (filed,) = streets.file(streets.other.opened())
    assert filed.alert_id is not None
    streets.services.use(ResponseService).act(an, made[0], act="take")
    chosen = [*made, filed.alert_id, uuid4()]
    done = streets.services.use(BulkService).close(binh, chosen, act="false_alarm", reason="mưa")
    assert (done.closed, done.kept) == (2, 3)
    assert states(streets)[made[0]] == "taken" and states(streets)[filed.alert_id] == "open"
    assert streets.acts()[-5:] == [
        "alert.false_alarm.held",
        "alert.false_alarm",
        "alert.false_alarm",
        "alert.false_alarm.refused",
        "alert.false_alarm.refused",
    ]


@pytest.mark.promise("Alerts: A slip of the thumb closes no alert for good.")
def test_all_come_back_with_what_they_call(streets: Streets) -> None:
    an = streets.officer("an")
    streets.officer("binh")
    made = many(streets)
    streets.clock.pass_s(90)
    other = raised(streets)
    bulk = streets.services.use(BulkService)
    done = bulk.close(an, made, act="false_alarm", reason="cành cây")
    assert done.closings is not None and bulk.count(an, done.closings) == 3
    streets.clock.pass_s(UNDO_S)
    assert bulk.undo(streets.officer("chi"), done.closings) == 0, "they closed nothing"
    assert bulk.undo(an, done.closings) == 3
    assert set(states(streets).values()) == {"open"}
    rings = [row.alert_id for row in streets.rows(notifications) if row.moment.startswith("again:")]
    assert sorted(rings) == sorted([*made, *made]), "both phones ring for each once more"
    assert streets.acts().count("alert.undo") == 3
    assert bulk.count(an, done.closings) == 0
    assert states(streets)[other] == "open"


@pytest.mark.promise(
    "Rules and duty: Three false alarms offer to mute a spot, and nothing is muted by itself."
)
def test_closing_many_mutes_nothing_and_offers_nothing(streets: Streets) -> None:
    an, made = streets.officer("an"), many(streets, 9)
    streets.services.use(BulkService).close(an, made, act="false_alarm", reason="cành cây")
    assert streets.rows(silences) == []
    assert {row.act for row in streets.rows(alert_history)} == {"raised", "false_alarm"}
    mute = streets.services.use(SilenceService).mute
    assert [mute(an, one) for one in made] == [False] * 9
    assert streets.rows(silences) == []


def test_too_late_nothing_comes_back(streets: Streets) -> None:
    an, bulk = streets.officer("an"), streets.services.use(BulkService)
    done = bulk.close(an, many(streets), act="resolve", reason="x")
    assert done.closings is not None
    streets.clock.pass_s(UNDO_TAKEN_S + 1)
    assert bulk.undo(an, done.closings) == 0
    assert set(states(streets).values()) == {"resolved"}


def test_a_second_press_of_the_button_still_offers_the_first_ones_undo(streets: Streets) -> None:
    an, bulk = streets.officer("an"), streets.services.use(BulkService)
    made = many(streets)
    first = bulk.close(an, made, act="resolve", reason="x")
    streets.clock.pass_s(1)
    assert bulk.close(an, made, act="resolve", reason="x") == first
    streets.clock.pass_s(UNDO_ON_THE_WAY_S + 1)
    later = bulk.close(an, made, act="resolve", reason="x")
    assert (later.closed, later.kept, later.closings) == (0, 3, None)


@pytest.mark.parametrize(
    ("number", "reason", "error", "told"),
    [
        (0, "x", ValueError, "a reason and some alerts"),
        (1, "  ", ValueError, "a reason and some alerts"),
        (MOST_AT_ONCE + 1, "x", TooManyError, "at most 500"),
    ],
)
def test_without_a_reason_or_alerts_or_with_too_many_nothing_is_closed(
    streets: Streets, number: int, reason: str, error: type[ValueError], told: str
) -> None:
    an = streets.officer("an")
    chosen = [raised(streets) for _ in range(min(number, 1))]
    chosen += [uuid4() for _ in range(number - len(chosen))]
    with pytest.raises(error, match=told):
        streets.services.use(BulkService).close(an, chosen, act="resolve", reason=reason)
    assert set(states(streets).values()) <= {"open"}


def test_a_page_closes_those_chosen_and_takes_them_back(town: Town) -> None:
    seen = [str(town.somebody().alert_id) for _ in range(3)]
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    page = an.get("/?select=1&kind=person").text
    assert page.count('name="alert"') == 3
    assert 'action="/alerts/close?kind=person&amp;select=1"' in page
    answer = an.send(
        "POST",
        "/alerts/close?kind=person&select=1",
        data={"csrf": an.csrf, "alert": seen[:2], "end": "resolve", "note": "chợ phiên"},
        headers=an.origin,
    )
    assert answer.status_code == 303
    shown = an.get(answer.headers["location"])
    assert "Bạn đã kết thúc 2 cảnh báo." in text_of(shown)
    numbers = answer.headers["location"].partition("bulk=")[2].split(".")
    form = {"first": numbers[0], "last": numbers[1]}
    assert f'value="{numbers[0]}"' in shown.text
    answer = an.post("/alerts/undo?kind=person", **form)
    assert answer.headers["location"] == "/?kind=person&bulk=undone"
    assert "Đã hoàn tác" in text_of(an.get(answer.headers["location"]))
    assert an.post("/alerts/undo", **form).headers["location"] == "/?bulk=late"
    empty = an.post("/alerts/close", end="resolve", note="x")
    assert empty.headers["location"] == "/?bulk=none"
    assert an.post("/alerts/close", end="take", note="x").status_code == 422
    for odd in ("1.2.3", "9" * 40 + ".1.1", "..", "<b>", "1.2", "²." * 3):
        assert an.get(f"/?bulk={odd}").status_code == 200


@pytest.mark.parametrize(
    ("language", "told"),
    [("vi", "kết thúc được nhiều nhất 500"), ("en", "At most 500 alerts are closed")],
)
def test_too_many_are_refused_in_words_of_their_own(town: Town, language: str, told: str) -> None:
    seen = town.somebody()
    town.add_person("em", "Em", "officer", ALL, language=language)
    em = Visitor(town.app()).sign_in("em", PASSWORD)
    chosen = [str(uuid4()) for _ in range(MOST_AT_ONCE)]
    answer = em.send(
        "POST",
        "/alerts/close?select=1",
        data={"csrf": em.csrf, "alert": [str(seen.alert_id), *chosen], "end": "false", "note": "x"},
        headers=em.origin,
    )
    assert answer.headers["location"] == "/?select=1&bulk=many"
    assert told in text_of(em.get(answer.headers["location"]))
    assert em.get(f"/alerts/{seen.alert_id}").text.count('data-state="open"') == 1


@pytest.mark.promise("Alerts: A hundred alerts are closed within two seconds.")
def test_a_hundred_are_closed_within_two_seconds_in_few_transactions(
    streets: Streets, synced: None
) -> None:
    an, bulk = streets.officer("an"), streets.services.use(BulkService)
    streets.officer("binh")
    made = many(streets, 100)
    began_s = time.monotonic()
    with counted(streets.db) as work:
        done = bulk.close(an, made, act="resolve", reason="x")
    took_s = time.monotonic() - began_s
    assert took_s <= CLOSED_WITHIN_S * busy(), f"{took_s:.2f} s"
    assert done.closings is not None and done.closed == len(made)
    assert work["commit"] == len(made) / TOGETHER
    assert work["statement"] <= 5 * len(made), "each alert asks little for itself"
    with counted(streets.db) as work:
        assert bulk.undo(an, done.closings) == len(made)
    assert work["commit"] == len(made) / TOGETHER
    assert streets.acts().count("alert.resolve") == streets.acts().count("alert.undo") == len(made)


@contextmanager
def counted(db: Database) -> Iterator[Counter[str]]:
    """Counts what is asked of the database in write transactions."""
    work: Counter[str] = Counter()
    heard: Any = event

    def statement(*_: object) -> None:
        work["statement"] += 1

    def commit(*_: object) -> None:
        work["commit"] += 1

    engine = db._writer
    heard.listen(engine, "before_cursor_execute", statement)
    heard.listen(engine, "commit", commit)
    yield work
    heard.remove(engine, "before_cursor_execute", statement)
    heard.remove(engine, "commit", commit)


def test_all_of_a_list_are_chosen_also_those_on_other_pages(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_pages, "PAGE_TO_CHOOSE", 2)
    seen = [town.somebody().alert_id for _ in range(5)]
    with town.db.writing() as conn:
        conn.execute(update(alerts).where(alerts.c.id == seen[4]).values(severity="critical"))
    Visitor(town.app()).sign_in("binh", PASSWORD).post(f"/alerts/{seen[3]}/take")
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    page = an.get("/?select=1").text
    assert 'href="/?select=all"' in page and "Chọn cả 3, trừ khẩn cấp" in page
    assert page.count(" checked") == 0
    page = an.get("/?select=all").text
    assert "Đã chọn 3 cảnh báo. 3 cảnh báo trong số đó ở trang khác." in page
    assert {f'type="hidden" name="alert" value="{one}"' in page for one in seen[:3]} == {True}
    assert str(seen[4]) in page and page.count(" checked") == 0
    assert 'data-query="?select=1"' in page, "what comes later is not chosen"


def test_closings_are_of_one_person_only(streets: Streets) -> None:
    an, binh = streets.officer("an"), streets.officer("binh")
    (alert_id,) = many(streets, 1)
    streets.services.use(ResponseService).act(binh, alert_id, act="resolve")
    everything = Closings(0, streets.clock.now().utc_us)
    assert streets.services.use(BulkService).undo(an, everything) == 0
    assert states(streets) == {alert_id: "resolved"}
