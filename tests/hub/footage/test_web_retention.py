"""The page of holds and retention rules: who may use it, what it covers, and the log lines."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from hub.access.rules.grants import Right
from hub.base.audit.tables import audit
from hub.base.db.database import Database
from hub.footage.retention.tables import holds, retention_rules
from hub.footage.tables import media
from tests.hub.helpers.oversight.log_details import detail_of
from tests.hub.helpers.search.web_search import camera_of, let_search, visitor
from tests.hub.rigs.web_town import Seen, Town, some_bytes
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise(
    "Seal and footage store: The hub keeps footage by class, area and hold."
)

CASE = "12/2026/HS"


@pytest.fixture
def town(db: Database, tmp_path: Path) -> Town:
    town = Town(db, tmp_path)
    let_search(town, "binh", Right.SEE | Right.EXPORT)  # an investigator
    return town


@pytest.fixture
def seen(town: Town) -> Seen:
    seen, clip = town.somebody(), some_bytes(2_000_000)
    town.clip(seen, clip)
    town.bring(clip)
    return seen


def hold_alert(who: Visitor, seen: Seen, *, case: str = CASE, reason: str = "trộm xe") -> int:
    form = {"alert": str(seen.alert_id), "case": case, "reason": reason}
    return who.post("/keeping/holds", **form).status_code


def held_now(town: Town) -> list[UUID]:
    with town.db.reading() as conn:
        return list(conn.scalars(select(holds.c.id).where(holds.c.ended_utc_us.is_(None))))


def set_rule(who: Visitor, area_id: UUID, **form: str) -> int:
    words = {"footage_class": "alert", "days": "30", "reason": "quy định của xã", **form}
    return who.post("/keeping/rules", area=str(area_id), **words).status_code


def rules_now(town: Town) -> list[tuple[UUID | None, int | None]]:
    with town.db.reading() as conn:
        rows = conn.execute(
            select(retention_rules).where(retention_rules.c.ended_utc_us.is_(None))
        ).all()
    return [(row.area_id, row.keep_days) for row in rows]


@pytest.mark.parametrize("login", ["kim", "binh"])
def test_an_alerts_footage_is_held_from_its_page_and_the_hold_says_what_it_covers(
    town: Town, seen: Seen, login: str
) -> None:
    who = visitor(town, login)
    assert f"/keeping?alert={seen.alert_id}" in who.get(f"/alerts/{seen.alert_id}").text
    assert f'value="{seen.alert_id}"' in who.get(f"/keeping?alert={seen.alert_id}").text
    assert hold_alert(who, seen) == 303
    page = text_of(who.get("/keeping"))
    assert f"Vụ {CASE}" in page
    assert "1 tệp ở trung tâm (2,0 MB)" in page
    assert "trộm xe" in page
    assert "/keeping" in who.get("/more").text


@pytest.mark.parametrize(
    "dates",
    [
        {"from_day": "0001-01-01"},
        {"from_day": "9999-12-31"},
        {"from_day": "2026-11-25", "until_day": "9999-12-31"},
        {"from_day": "2026-11-25", "since": "25:00"},
    ],
)
def test_a_span_of_no_year_of_ours_is_refused_and_the_page_stays_readable(
    town: Town, seen: Seen, dates: dict[str, str]
) -> None:
    kim = visitor(town, "kim")
    form = {"camera": str(camera_of(town)), "case": CASE, "reason": "trộm xe"}
    assert kim.post("/keeping/holds", **form, **dates).status_code == 422
    assert held_now(town) == []
    assert kim.get("/keeping").status_code == 200


def test_a_cameras_span_is_held_and_its_end_may_stay_open(town: Town, seen: Seen) -> None:
    kim = visitor(town, "kim")
    form = {"camera": str(camera_of(town)), "case": CASE, "reason": "trộm xe"}
    answer = kim.post("/keeping/holds", **form, from_day="2020-11-25", since="02:10")
    assert answer.status_code == 303
    answer = kim.post(
        "/keeping/holds", **form, from_day="2020-11-25", since="02:10", until_day="2020-11-26"
    )
    assert answer.status_code == 303
    page = text_of(kim.get("/keeping"))
    assert "từ 02:10:00 25/11/2020 trở đi" in page
    assert "02:10:00 25/11/2020 đến 23:59:59 26/11/2020" in page
    assert "0 tệp ở trung tâm" in page
    assert "1 tệp ở trung tâm" in page


def test_a_hold_is_ended_with_a_reason_and_both_are_in_the_audit(town: Town, seen: Seen) -> None:
    kim = visitor(town, "kim")
    hold_alert(kim, seen)
    [hold_id] = held_now(town)
    assert kim.post(f"/keeping/holds/{hold_id}/end", reason=" ").status_code == 422
    assert kim.post(f"/keeping/holds/{hold_id}/end", reason="xử xong").status_code == 303
    assert held_now(town) == []
    assert kim.post(f"/keeping/holds/{hold_id}/end", reason="again").status_code == 404
    with town.db.reading() as conn:
        rows = conn.execute(select(audit).where(audit.c.act.in_(["hold.add", "hold.end"]))).all()
    assert all(row.person_id is not None for row in rows)
    assert ["trộm xe" in detail_of(rows[0]), "xử xong" in detail_of(rows[1])] == [True, True]
    assert "hold.end.refused" in town.acts()


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"case": " "}, "Muốn giữ cần số vụ việc"),
        ({"reason": ""}, "Cần ghi lý do"),
        ({"from_day": "2026-11-25", "until_day": "2026-11-24"}, "kết thúc trước khi bắt đầu"),
        ({"from_day": "yesterday"}, "kết thúc trước khi bắt đầu"),
    ],
)
def test_what_cannot_be_held_is_said_in_words(town: Town, form: dict[str, str], said: str) -> None:
    kim = visitor(town, "kim")
    good = {"camera": str(camera_of(town)), "case": CASE, "reason": "r", "from_day": "2026-11-25"}
    answer = kim.post("/keeping/holds", **(good | form))
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert held_now(town) == []


def test_who_may_neither_manage_nor_export_finds_no_page_and_holds_nothing(
    town: Town, seen: Seen
) -> None:
    hold_alert(visitor(town, "kim"), seen)
    [hold_id] = held_now(town)
    for login in ("an", "chi", "guest"):
        them = visitor(town, login)
        assert them.get("/keeping").status_code == 404
        assert hold_alert(them, seen) == 404
        assert them.post(f"/keeping/holds/{hold_id}/end", reason="x").status_code == 404
        assert set_rule(them, town.area_id) == 404
        assert "/keeping" not in them.get("/more").text
    assert len(held_now(town)) == 1
    assert {"hold.add.refused", "hold.end.refused", "retention.set.refused"} <= set(town.acts())


def test_a_hold_of_what_is_not_theirs_or_not_there_is_the_same_answer(
    town: Town, seen: Seen
) -> None:
    binh = visitor(town, "binh")
    form = {"case": CASE, "reason": "r", "from_day": "2026-11-25"}
    assert binh.post("/keeping/holds", **form, camera=str(uuid4())).status_code == 404
    assert binh.post("/keeping/holds", **form, alert=str(uuid4())).status_code == 404
    assert binh.get(f"/keeping?alert={uuid4()}").status_code == 404


def test_a_rule_is_set_for_an_area_with_its_reason_shown_and_the_next_takes_its_place(
    town: Town,
) -> None:
    kim = visitor(town, "kim")
    assert set_rule(kim, town.area_id) == 303
    assert set_rule(kim, town.area_id, days="60") == 303
    assert rules_now(town) == [(town.area_id, 60)]
    page = text_of(kim.get("/keeping"))
    assert "60 ngày" in page
    assert "quy định của xã" in page
    assert set_rule(kim, town.area_id, footage_class="sighting", days="") == 303
    assert "không thời hạn" in text_of(kim.get("/keeping"))
    for days in ("0", "36501", "soon"):
        assert set_rule(kim, town.area_id, days=days) == 422
    assert set_rule(kim, town.area_id, reason=" ") == 422
    with town.db.reading() as conn:
        rows = conn.execute(select(audit).where(audit.c.act == "retention.set")).all()
    assert all(row.person_id is not None and "quy định" in detail_of(row) for row in rows)


def test_a_rule_is_ended_by_who_manages_its_area_and_no_one_else(town: Town) -> None:
    kim, binh = visitor(town, "kim"), visitor(town, "binh")
    set_rule(kim, town.area_id)
    form = {"area": str(town.area_id), "footage_class": "alert", "reason": "luật mới"}
    assert "60 ngày" not in text_of(binh.get("/keeping"))
    assert "30 ngày" in text_of(binh.get("/keeping")), "shown, not theirs to change"
    assert "/keeping/rules" not in binh.get("/keeping").text
    assert binh.post("/keeping/rules/end", **form).status_code == 404
    assert kim.post("/keeping/rules/end", **form).status_code == 303
    assert rules_now(town) == []
    assert "mọi hình ảnh được giữ lại" in text_of(kim.get("/keeping"))
    assert "retention.end" in town.acts()


def test_what_a_hold_covers_is_counted_and_stays_its_own(town: Town, seen: Seen) -> None:
    other, picture = town.somebody(), some_bytes()
    town.clip(other, picture)
    town.bring(picture)
    with town.db.reading() as conn:
        assert len(conn.execute(select(media.c.id)).all()) == 2
    hold_alert(visitor(town, "kim"), seen)
    assert "1 tệp ở trung tâm (2,0 MB)" in text_of(visitor(town, "kim").get("/keeping"))
