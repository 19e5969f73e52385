"""A leader's day and week: right numbers, only of granted cameras, as a page and as a file."""

import csv
import io
import re
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from hub.access.tables import people
from hub.alerting.alerts.tables import alerts
from hub.alerting.notifications.reopening import open_again
from hub.alerting.response.bulk import BulkService
from hub.alerting.response.service import ResponseService
from hub.base.db.columns import columns
from hub.base.text.paper import letters
from hub.oversight.reports.pdf import paper
from hub.oversight.reports.rules import (
    AlertFact,
    CameraFact,
    DarkFact,
    Facts,
    report,
    spans_s,
    times,
)
from hub.oversight.reports.spans import bounds, day_of
from hub.oversight.reports.wording import duration, harmless
from hub.registry import registry
from hub.registry.tables import areas
from hub.web.calendar import Calendar
from hub.web.i18n import words as words_of
from tests.hub.helpers.alerting.on_the_way import another_camera, asker
from tests.hub.helpers.oversight.log_details import details_of
from tests.hub.helpers.oversight.reports import an_alert, leader
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise("Pages: Reports count alerts, times and false alarms by area.")

HERE = ZoneInfo("Asia/Ho_Chi_Minh")
S = 1_000_000
A, B = UUID(int=1), UUID(int=2)
KNOWN = [CameraFact(A, "Cổng chợ", "Chợ, Tân Khai"), CameraFact(B, "Cổng trường", "Trường")]


def alert(camera_id: UUID = A, at_s: int = 0, **more: Any) -> AlertFact:
    facts = {
        "taken_utc_us": None,
        "arrived_utc_us": None,
        "is_false": False,
        "cause": None,
        "is_quiet": False,
        "is_answered": more.get("taken_utc_us") is not None,
    }
    return AlertFact(camera_id, at_s * S, **(facts | more))


def facts(*found: AlertFact, dark: tuple[DarkFact, ...] = (), slots: int = 4) -> Facts:
    bounds_of = tuple(n * 100 * S for n in range(slots + 1))
    return Facts(bounds_of, found, dark, seen_until_utc_us=slots * 100 * S)


def test_a_span_is_counted_by_slot_time_area_and_cause() -> None:
    now = facts(
        alert(at_s=10, taken_utc_us=40 * S, arrived_utc_us=310 * S),
        alert(at_s=120, taken_utc_us=130 * S, is_false=True, cause="animal"),
        alert(at_s=130, taken_utc_us=135 * S, is_false=True),
        alert(B, at_s=399, is_quiet=True, taken_utc_us=999 * S),
        alert(B, at_s=399, is_answered=True),  # closed by somebody who never took it
    )
    found = report(now, facts(alert(at_s=5)), KNOWN)
    assert found.now.slots == (1, 2, 0, 2)
    assert (found.now.alerts, found.now.unanswered, found.now.false_alarms) == (5, 0, 2)
    assert found.now.answer is not None
    assert (found.now.answer.n, found.now.answer.median_s) == (3, 10.0)
    assert found.now.arrival is not None and found.now.arrival.median_s == 300.0
    assert (found.before.alerts, found.before.unanswered) == (1, 1)
    assert [(one.place, one.alerts) for one in found.areas] == [("Chợ, Tân Khai", 3), ("Trường", 2)]
    (line,) = found.false_alarms
    assert (line.label, line.false_alarms, line.alerts) == ("Cổng chợ", 2, 3)
    assert line.causes == ((None, 1), ("animal", 1))


def test_what_was_dark_is_counted_once_within_the_span_and_until_now() -> None:
    dark = (
        DarkFact(A, "tk-01", -50 * S, 20 * S),
        DarkFact(A, "tk-01", 10 * S, 60 * S),
        DarkFact(B, "tk-01", 390 * S, None),
    )
    found = report(facts(dark=dark), facts(), KNOWN)
    assert [(one.label, one.dark_s, one.is_dark) for one in found.cameras] == [
        ("Cổng chợ", 60.0, False),
        ("Cổng trường", 10.0, True),
    ]
    (node,) = found.nodes
    assert (node.label, node.times, node.dark_s, node.is_dark) == ("tk-01", 3, 70.0, True)
    assert found.now.dark_s == 70.0


@given(st.lists(st.tuples(st.integers(-200, 600), st.none() | st.integers(-200, 600)), max_size=8))
def test_dark_spans_never_exceed_the_span_and_equal_a_count_of_seconds(
    found: list[tuple[int, int | None]],
) -> None:
    dark = [DarkFact(A, "n", a * S, None if b is None else b * S) for a, b in found]
    dark_seconds = {
        second for a, b in found for second in range(max(0, a), min(400, 400 if b is None else b))
    }
    assert spans_s(facts(), dark) == len(dark_seconds)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50))
def test_the_median_and_nine_in_ten_are_of_those_measured(all_s: list[float]) -> None:
    found = times(all_s)
    assert found is not None
    assert {found.median_s, found.nine_in_ten_s} <= set(all_s)
    assert sum(one <= found.median_s for one in all_s) * 2 >= len(all_s)
    assert sum(one <= found.nine_in_ten_s for one in all_s) * 10 >= len(all_s) * 9


def test_a_day_and_a_week_begin_at_local_midnight_and_a_day_of_a_set_clock_is_longer() -> None:
    week = bounds("week", date(2026, 11, 25), HERE)
    assert (week.first, week.last, len(week.slots)) == (date(2026, 11, 23), date(2026, 11, 29), 8)
    assert len(bounds("day", date(2026, 11, 25), HERE).slots) == 25
    assert len(bounds("day", date(2026, 10, 25), ZoneInfo("Europe/Berlin")).slots) == 26
    today = date(2026, 11, 25)
    assert day_of("9999-12-31", today) == day_of("x", today) == today


@given(st.dates(date(2001, 1, 1), date(2199, 12, 31)))
def test_a_month_is_whole_and_lies_between_its_neighbours(day: date) -> None:
    month = bounds("month", day, HERE)
    assert (month.first.day, month.later.first.day) == (1, 1)
    assert month.first <= day <= month.last
    assert len(month.slots) == month.days + 1
    assert (month.earlier.slots[-1], month.later.slots[0]) == (month.slots[0], month.slots[-1])


def test_a_month_that_is_not_over_is_compared_with_as_much_of_the_month_before() -> None:
    march = bounds("month", date(2026, 3, 10), HERE)
    tenth = march.slots[9] + 5 * S
    assert march.compared_slots(tenth)[-1] == march.earlier.slots[9] + 5 * S
    assert len(march.compared_slots(tenth)) == 11
    # The 30th of March: February has fewer days, and is compared whole.
    assert march.compared_slots(march.slots[29]) == march.earlier.slots
    assert march.compared_slots(march.slots[-1]) == march.earlier.slots
    assert march.compared_slots(march.slots[0]) == march.earlier.slots
    week = bounds("week", date(2026, 3, 10), HERE)
    assert week.compared_slots(week.slots[2]) == week.earlier.slots


def test_quarters_are_compared_with_their_month_before_also_where_nothing_happens_now() -> None:
    known = [
        CameraFact(A, "Cổng chợ", "Ngã tư 1, Khu phố 2", "Khu phố 2"),
        CameraFact(B, "Cổng trường", "Ngã tư 2, Khu phố 2", "Khu phố 2"),
        CameraFact(UUID(int=3), "Bến xe", "Ngã tư 3, Khu phố 1", "Khu phố 1"),
    ]
    outages = (DarkFact(A, "tk-01", 0, 20 * S), DarkFact(B, "tk-01", 0, 30 * S))
    now = facts(alert(at_s=1, taken_utc_us=9 * S), alert(B, at_s=2, is_false=True), dark=outages)
    before = facts(alert(UUID(int=3), at_s=1))
    found = report(now, before, known, by_quarter=True)
    busy, quiet = found.areas
    assert (busy.place, busy.alerts, busy.false_alarms) == ("Khu phố 2", 2, 1)
    assert (busy.dark_cameras, busy.dark_s, busy.before) == (2, 50.0, None)
    assert (quiet.place, quiet.alerts) == ("Khu phố 1", 0)
    assert quiet.before is not None and quiet.before.alerts == 1
    assert (found.now.dark_cameras, found.before.dark_cameras) == (2, 0)


@pytest.mark.usefixtures("one_day")
def test_a_leader_reads_true_numbers_as_a_page_a_file_and_a_table(town: Town) -> None:
    an_alert(town)
    town.somebody()
    lan = leader(town)
    for span in ("day", "week"):
        page = lan.get(f"/reports/{span}")
        assert page.status_code == 200
        words = text_of(page)
        assert "Cảnh báo 2 tuần trước: 0" in words
        assert "con vật 1" in words
    saved = lan.get("/reports/week/file.html")
    assert saved.headers["content-disposition"].startswith('attachment; filename="matthan-week-')
    assert "<svg" in saved.text and "<link" not in saved.text and "src=" not in saved.text
    table = lan.get("/reports/week/file.csv")
    rows = list(csv.reader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert rows[0] == ["Phần", "Chỉ số", "Địa điểm", "Giá trị", "Đơn vị", "Tuần trước"]
    assert ["Tất cả", "Cảnh báo", "", "2", "", "0"] in rows
    assert any(row[1].startswith("'=Cổng") for row in rows)
    assert not any(cell[:1] in "=+-@" for row in rows for cell in row if cell)


def pages_of(content: bytes) -> int:
    """Pages of a PDF."""
    return len(re.findall(rb"/Type /Page\b(?!s)", content))


@pytest.mark.usefixtures("one_day")
def test_a_month_on_one_page_is_read_on_paper_too_and_stands_in_the_log(town: Town) -> None:
    with town.db.writing() as conn:
        now = town.clock.now()
        here = areas.c.id == town.area_id
        top = conn.scalar(select(areas.c.parent_id).where(here))
        quarter = registry.add_area(conn, name="Khu phố 2", level="Khu phố", parent_id=top, now=now)
        conn.execute(update(areas).where(here).values(parent_id=quarter))
    an_alert(town)
    town.somebody()
    lan = leader(town)
    words = text_of(lan.get("/reports/month"))
    assert "Cảnh báo 2 tháng trước: 0" in words
    month = datetime.fromtimestamp(town.clock.now().utc_us / 1e6, HERE)
    assert f"Báo cáo · Tháng {month:%m/%Y}" in words
    assert "Theo khu phố" in words and "Khu phố 2, Tân Khai" in words
    sheet = lan.get("/reports/month/file.pdf")
    assert sheet.headers["content-type"] == "application/pdf"
    assert sheet.headers["content-disposition"].startswith('attachment; filename="matthan-month-')
    assert sheet.headers["cache-control"] == "no-store"
    assert sheet.content.startswith(b"%PDF-") and pages_of(sheet.content) == 1
    table = lan.get("/reports/month/file.csv")
    rows = list(csv.reader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert rows[0][-1] == "Tháng trước"
    assert ["Khu vực", "Cảnh báo", "Khu phố 2, Tân Khai", "2", "", "0"] in rows
    with town.db.reading() as conn:
        read = details_of(conn, "report.open")
    assert len(read) == 3 and all(line.startswith("month-01/") for line in read)


def test_without_letters_the_report_is_not_on_paper_and_stays_on_its_page(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lan = leader(town)
    monkeypatch.setattr("hub.base.text.paper.FONTS", tmp_path)
    letters.cache_clear()
    try:
        assert lan.get("/reports/month/file.pdf").status_code == 503
        assert lan.get("/reports/month").status_code == 200
    finally:
        letters.cache_clear()


def test_a_month_of_many_quarters_with_long_names_stays_on_one_sheet_of_paper(town: Town) -> None:
    known = [
        CameraFact(UUID(int=n), f"Camera {n}", f"Nơi {n}", f"Khu phố {n} {'dài ' * 25}<b>")
        for n in range(40)
    ]
    now_facts = facts(*(alert(one.camera_id, at_s=1, is_false=True) for one in known), slots=31)
    found = report(now_facts, facts(slots=31), known, by_quarter=True)
    calendar = Calendar(HERE, words_of("vi"), town.clock.now().utc_us)
    month = bounds("month", date(2026, 10, 1), HERE)
    assert pages_of(paper(found, month, calendar=calendar, reader="Lan")) == 1


def test_a_leader_sees_only_what_was_granted_and_an_officer_no_report(town: Town) -> None:
    with town.db.writing() as conn:
        now = town.clock.now()
        elsewhere = registry.add_area(
            conn, name="Bến xe", level="junction", parent_id=None, now=now
        )
    an_alert(town)
    another_camera(town, "Cổng bến xe", area_id=elsewhere)
    lan = leader(town, area_id=elsewhere)
    words = text_of(lan.get("/reports/day"))
    assert "Cảnh báo 0" in words and "Cổng" not in words
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    for path in ("/reports", "/reports/day", "/reports/week/file.csv", "/reports/month/file.pdf"):
        assert an.get(path).status_code == 404
    assert lan.get("/reports/year").status_code == 404
    assert lan.get("/reports/day?on=%00").status_code == 200


def test_the_time_to_acknowledge_is_of_the_first_who_took_it(town: Town) -> None:
    an_alert(town)
    lan = leader(town)
    with town.db.writing() as conn:
        # handed over and taken again an hour later
        later = town.clock.now().plus_s(3600)
        conn.execute(update(alerts).values(columns("taken", later)))
        assert conn.scalar(select(people.c.id).limit(1)) is not None
    assert (
        "giờ"
        not in text_of(lan.get("/reports/day"))
        .split("Thời gian đến nơi")[0]
        .split("Thời gian tiếp nhận")[1]
    )


@pytest.mark.usefixtures("one_day")
def test_what_nobody_took_has_no_time_to_acknowledge(town: Town) -> None:
    lan = leader(town)
    closed = town.somebody()
    town.gone(closed)
    an = asker(town, "an")
    many = town.services.use(BulkService)
    assert many.close(an, [closed.alert_id], act="resolve", reason="đêm yên").closed == 1

    def acknowledged_after() -> str:
        table = lan.get("/reports/month/file.csv").content.decode("utf-8-sig")
        told = {row[1]: row[3] for row in csv.reader(io.StringIO(table)) if row[0] == "Tất cả"}
        assert told["Không ai tiếp nhận"] == "0"
        return told["Thời gian tiếp nhận"]

    assert acknowledged_after() == ""
    # Something new reopens it: the person who takes it now is not late for the time in between.
    with town.db.writing() as conn:
        open_again(conn, closed.alert_id, {}, now=town.clock.now())
    town.services.use(ResponseService).act(an, closed.alert_id, act="take")
    assert acknowledged_after() == ""
    taken = town.somebody()
    town.services.use(ResponseService).act(an, taken.alert_id, act="take")
    assert acknowledged_after().isdecimal()


@pytest.mark.parametrize(
    ("span_s", "told"),
    [
        (59.4, "59 giây"),
        (3599.0, "59 phút 59 giây"),
        (172_799.0, "47 giờ 59 phút"),
        (172_800.0, "2 ngày 0 giờ"),
        (1_070_760.0, "12 ngày 9 giờ"),
    ],
)
def test_a_long_time_is_told_in_days(span_s: float, told: str) -> None:
    assert duration(span_s, words_of("vi")) == told


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", " =1", "\t=1", "\r1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    assert harmless("Cổng = chợ") == "Cổng = chợ"
