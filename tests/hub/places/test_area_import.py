"""Areas and cameras from tables and by hand: what is done, what is refused, and who may."""

from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, select, update

from hub.access.grants import rows as grants_rows
from hub.access.grants.service import GrantService
from hub.access.rules.grants import ALL, Grant, Right
from hub.access.tables import grants, people
from hub.base.audit.asker import Asker
from hub.base.audit.log import By
from hub.base.text.csv_import import Import
from hub.base.text.csv_table import CsvLineFault
from hub.base.text.normalize import fold
from hub.console.service import InboxService
from hub.places.areas import rows as areas_rows
from hub.places.areas.csv_import import Reach, carry_out, plan_areas, plan_cameras
from hub.places.areas.rows import AreaError, AreaFault, AreaWords
from hub.places.areas.service import AreaRow, AreaService
from hub.registry import registry
from hub.registry.areas import area_parents
from hub.registry.tables import areas, cameras
from tests.hub.rigs.desk import Desk
from tests.hub.rigs.streets import Streets

pytestmark = [
    pytest.mark.promise("Rights: Areas are edited on a page and imported from CSV."),
    pytest.mark.promise("Pages: A wrong CSV line is reported with number and cure."),
]

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
SHELL = By(came_from="shell")


def plan(streets: Streets, text: str, reach: Reach = Reach()) -> Import:  # noqa: B008 - a value
    with streets.db.reading() as conn:
        now = streets.clock.now()
        return plan_areas(conn, text.encode(), zone=ZONE, reach=reach, now=now)


def wrong(found: Import) -> list[tuple[int, CsvLineFault, str]]:
    return [(one.line, one.fault, one.what) for one in found.wrong]


def tree(streets: Streets) -> dict[str, str | None]:
    """Each area's name and that of the one it lies in."""
    rows = {row.id: row for row in streets.rows(areas)}
    return {
        row.name: None if row.parent_id is None else rows[row.parent_id].name
        for row in rows.values()
    }


def keeper(streets: Streets, login: str = "chu", **grant: Any) -> Asker:
    """Somebody with the role of a keeper."""
    asker = streets.officer(login, rights=ALL, **grant)
    with streets.db.writing() as conn:
        this = update(people).where(people.c.id == asker.person_id)
        conn.execute(this.values(role="keeper"))
    return Asker(asker.person_id, login, asker.name, "keeper", "vi", "10.0.0.9")


def test_a_table_adds_areas_below_others_in_any_order_and_dates_them(streets: Streets) -> None:
    text = (
        "name,level,parent,valid_from,valid_until\n"
        "Góc 1,junction,Khu phố 9,,\n"
        "Khu phố 9,quarter,Tan Khai,2025-07-01,2030-06-30\n"
        "Cầu Mới,bridge,Tân Khai,,\n"
    )
    found = plan(streets, text)
    assert found.wrong == ()
    assert {(step.line, step.done) for step in found.steps} == {
        (2, "add"),
        (3, "add"),
        (4, "change"),
    }
    assert len(streets.rows(areas)) == 3  # nothing was written yet
    with streets.db.writing() as conn:
        now = streets.clock.now()
        again = plan_areas(conn, text.encode(), zone=ZONE, reach=Reach(), now=now)
        assert carry_out(conn, again, by=SHELL, now=now) == 3
    there = tree(streets)
    assert (there["Góc 1"], there["Khu phố 9"]) == ("Khu phố 9", "Tân Khai")
    row = next(row for row in streets.rows(areas) if row.name == "Khu phố 9")
    assert row.valid_until_utc_us - row.valid_from_utc_us == 1826 * 86_400_000_000
    same = plan(streets, text)
    assert {step.done for step in same.steps} == {"same"}
    assert not same.may_be_done


def test_a_street_is_named_after_a_date(streets: Streets) -> None:
    text = (
        "name,level,parent\n"
        "Góc 2,junction,Góc 1 / Đường 30/4\n"
        "Góc 1,junction,Đường 30/4 / Tân Khai\n"
        "Đường 30/4,street,Tân Khai\n"
        "Góc 3,junction,Đường 30/4\n"
    )
    with streets.db.writing() as conn:
        now = streets.clock.now()
        found = plan_areas(conn, text.encode(), zone=ZONE, reach=Reach(), now=now)
        assert wrong(found) == []
        carry_out(conn, found, by=SHELL, now=now)
        there = registry.area_by_name(conn, "duong 30/4")
        assert registry.area_by_name(conn, "Đường 30/4 / Tân Khai") == there
        corner = registry.area_by_name(conn, "Góc 1 / Đường 30/4")
    assert plan(streets, text).wrong == ()
    assert tree(streets)["Góc 2"] == "Góc 1"
    assert {row.parent_id for row in streets.rows(areas) if row.name in ("Góc 1", "Góc 3")} == {
        there
    }
    assert corner != there


def test_a_table_of_a_province_is_read_and_taken_line_by_line(
    streets: Streets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line costs the same however long the table is: while it is taken, nothing else is
    written."""
    corners = "".join(f"Góc {n},junction,Khu {n}\n" for n in range(300))
    quarters = "".join(f"Khu {n},quarter,Tân Khai\n" for n in range(300))
    folds, trees = count(), count()

    def counted_fold(name: str) -> str:
        next(folds)
        return fold(name)

    def counted_parents(conn: Connection) -> dict[UUID, UUID | None]:
        next(trees)
        return area_parents(conn)

    monkeypatch.setattr("hub.places.areas.csv_import.fold", counted_fold)
    monkeypatch.setattr("hub.places.areas.rows.area_parents", counted_parents)
    with streets.db.writing() as conn:
        now, text = streets.clock.now(), f"name,level,parent\n{corners}{quarters}"
        found = plan_areas(conn, text.encode(), zone=ZONE, reach=Reach(), now=now)
        assert len(found.steps) == 600
        assert next(folds) < 20 * 600
        carry_out(conn, found, by=SHELL, now=now)
    assert next(trees) < 10


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Góc,junction,Nơi lạ,,", (CsvLineFault.PARENT, "Nơi lạ")),
        ("Góc,junction,Góc,,", (CsvLineFault.PARENT, "Góc")),
        (",junction,Tân Khai,,", (CsvLineFault.NAME, "")),
        ("Góc,,Tân Khai,,", (CsvLineFault.NAME, "")),
        ("Cau Moi,junction,Tân Khai,,", (CsvLineFault.TWICE, "Cau Moi")),
        ("Góc,junction,Tân Khai,01/07/2025,", (CsvLineFault.DAY, "01/07/2025")),
        ("Góc,junction,Tân Khai,20250701,", (CsvLineFault.DAY, "20250701")),
        ("Góc,junction,Tân Khai,9999-12-31,", (CsvLineFault.DAY, "9999-12-31")),
        ("Góc,junction,Tân Khai,2025-07-01,2025-06-30", (CsvLineFault.DAYS, "")),
    ],
)
def test_a_wrong_line_refuses_all_of_it_with_its_number(
    streets: Streets, line: str, expected: tuple[CsvLineFault, str]
) -> None:
    header = "name,level,parent,valid_from,valid_until\n"
    found = plan(streets, f"{header}Khu phố 9,quarter,Tân Khai,,\n{line}\n")
    assert wrong(found) == [(3, *expected)]
    assert found.steps == ()
    assert not found.may_be_done


def test_doubled_names_and_rings_within_the_table_are_refused(streets: Streets) -> None:
    found = plan(
        streets,
        "name,level,parent\nKhu 9,quarter,Tân Khai\nKhu  9,quarter,Tân Khai\n"
        "Một,junction,Hai\nHai,junction,Một\n",
    )
    assert wrong(found) == [
        (3, CsvLineFault.TWICE, "Khu  9"),
        (4, CsvLineFault.PARENT, "Hai"),
        (5, CsvLineFault.PARENT, "Một"),
    ]


def test_of_several_areas_of_one_name_the_table_says_which(streets: Streets) -> None:
    with streets.db.writing() as conn:
        now = streets.clock.now()
        for place in (streets.junction, streets.bridge):
            areas_rows.add(conn, AreaWords("Khu 1", "quarter", place), by=SHELL, now=now)
    found = plan(streets, "name,level,parent\nGóc,junction,Khu 1\n")
    assert wrong(found) == [(2, CsvLineFault.PARENT_MANY, "Khu 1")]
    assert plan(streets, "name,level,parent\nGóc,junction,Khu 1 / Cau Moi\n").may_be_done


def test_a_keeper_imports_within_their_own_areas_alone(streets: Streets) -> None:
    mine = Reach({streets.bridge}, set())
    text = "name,level,parent\nGóc,junction,{}\n"
    assert plan(streets, text.format("Cầu Mới"), mine).may_be_done
    for elsewhere in ("Ngã tư chợ", "Nơi lạ"):
        found = plan(streets, text.format(elsewhere), mine)
        assert wrong(found) == [(2, CsvLineFault.AREA, elsewhere)]
    assert wrong(plan(streets, text.format(""), mine)) == [(2, CsvLineFault.TOP, "Góc")]
    renamed = "name,level,parent\nNgã tư chợ,market,Tân Khai\n"
    assert wrong(plan(streets, renamed, mine)) == [(2, CsvLineFault.AREA, "Ngã tư chợ")]


def test_a_table_tells_no_keeper_what_there_is_beyond_their_own(streets: Streets) -> None:
    with streets.db.writing() as conn:
        now = streets.clock.now()
        for place in (streets.junction, streets.bridge):
            areas_rows.add(conn, AreaWords("Khu 1", "quarter", place), by=SHELL, now=now)
    bridge = keeper(streets, "ap", area=streets.bridge)
    take = streets.services.use(AreaService).try_table
    found = take(bridge, "areas", "name,level,parent\nGóc,junction,Khu 1\n".encode(), ZONE)
    assert found is not None and found.may_be_done  # the other Khu 1 is not theirs to choose
    for node in ("nga-tu", "nowhere"):
        found = take(bridge, "cameras", f"node,camera\n{node},cam-1\n".encode(), ZONE)
        assert found is not None
        assert wrong(found) == [(2, CsvLineFault.NODE, node)]
    found = take(bridge, "cameras", b"node,camera,label\ncau-moi,cam-1,Cau\n", ZONE)
    assert found is not None and found.may_be_done


@pytest.mark.parametrize(
    "line", ["Cầu Mới,bridge,Tân Khai,2031-01-01,", "Góc,junction,Tân Khai,,2020-01-01"]
)
def test_dates_are_held_against_those_that_the_table_leaves_as_they_are(
    streets: Streets, line: str
) -> None:
    header = "name,level,parent,valid_from,valid_until\n"
    with streets.db.writing() as conn:
        now = streets.clock.now()
        first = f"{header}Cầu Mới,bridge,Tân Khai,,2030-06-30\n"
        dated = plan_areas(conn, first.encode(), zone=ZONE, reach=Reach(), now=now)
        carry_out(conn, dated, by=SHELL, now=now)
    found = streets.services.use(AreaService).take_table(
        keeper(streets), "areas", f"{header}{line}\n".encode(), ZONE
    )
    assert found is not None
    assert wrong(found) == [(2, CsvLineFault.DAYS, "")]


def test_a_long_name_is_the_same_at_the_next_reading_of_its_table(streets: Streets) -> None:
    text = f"name,level,parent\n{'Góc ' * 49},junction,Tân Khai\n"
    with streets.db.writing() as conn:
        now = streets.clock.now()
        found = plan_areas(conn, text.encode(), zone=ZONE, reach=Reach(), now=now)
        carry_out(conn, found, by=SHELL, now=now)
    assert [step.done for step in plan(streets, text).steps] == ["same"]


def test_cameras_get_labels_places_and_areas_and_what_is_empty_stays(streets: Streets) -> None:
    text = (
        "node,camera,label,area,latitude,longitude\n"
        "nga-tu,cam-1,Cổng chợ,Cầu Mới,11.5362,106.4051\n"
        "cau-moi,cam-1,,,-10.5,\n"
    )
    with streets.db.writing() as conn:
        found = plan_cameras(conn, text.encode(), reach=Reach())
        assert wrong(found) == [(3, CsvLineFault.NUMBER, "longitude")]
        found = plan_cameras(conn, text.replace("-10.5,", ",").encode(), reach=Reach())
        assert [step.done for step in found.steps] == ["change", "same"]
        carry_out(conn, found, by=SHELL, now=streets.clock.now())
    row = next(row for row in streets.rows(cameras) if row.label == "Cổng chợ")
    assert (row.area_id, row.latitude_deg, row.longitude_deg) == (
        streets.bridge,
        11.5362,
        106.4051,
    )
    streets.file()
    assert "camera.place" in streets.acts()


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("nowhere,cam-1,,,,", CsvLineFault.NODE),
        ("nga-tu,cam-9,,,,", CsvLineFault.CAMERA),
        ("nga-tu,cam-1,,Nơi lạ,,", CsvLineFault.AREA),
        ("nga-tu,cam-1,,,91,0", CsvLineFault.NUMBER),
        ("nga-tu,cam-1,,,nan,0", CsvLineFault.NUMBER),
        ("nga-tu,cam-1,,,1e1,0", CsvLineFault.NUMBER),
        ("cau-moi,cam-1,,,,", CsvLineFault.TWICE),
    ],
)
def test_a_wrong_line_of_cameras_is_said(streets: Streets, line: str, fault: CsvLineFault) -> None:
    text = f"node,camera,label,area,latitude,longitude\ncau-moi,cam-1,x,,,\n{line}\n"
    with streets.db.reading() as conn:
        found = plan_cameras(conn, text.encode(), reach=Reach())
    assert [(one.line, one.fault) for one in found.wrong] == [(3, fault)]


def test_a_table_may_say_where_each_camera_looks(streets: Streets) -> None:
    text = "node,camera,bearing\nnga-tu,cam-1,90\ncau-moi,cam-1,361\n"
    with streets.db.writing() as conn:
        found = plan_cameras(conn, text.encode(), reach=Reach())
        assert wrong(found) == [(3, CsvLineFault.BEARING, "361")]
        found = plan_cameras(conn, text.replace("361", "").encode(), reach=Reach())
        carry_out(conn, found, by=SHELL, now=streets.clock.now())
    assert sorted(str(row.bearing_deg) for row in streets.rows(cameras)) == ["90.0", "None"]


def test_a_keeper_moves_a_border_and_what_was_given_across_it_ends(streets: Streets) -> None:
    chu, now = keeper(streets), streets.clock.now()
    giver = streets.officer("kim", area=streets.bridge, rights=ALL)
    other = streets.officer("lan", area=streets.junction, rights=Right.ALERTED)
    corner = streets.services.use(AreaService).add_area(
        chu, AreaWords("Góc", "junction", streets.bridge)
    )
    assert corner is not None
    with streets.db.writing() as conn:
        grants_rows.give(
            conn,
            Grant(corner, None, Right.SEE, now.utc_us, now.plus_s(60).utc_us),
            giver_id=giver.person_id,
            person_id=other.person_id,
            reason="x",
            ends_with_mine=True,
            by=SHELL,
            now=now,
        )
    moved = streets.services.use(AreaService).change_area(
        chu, corner, AreaWords("Góc", "corner", streets.junction)
    )
    assert moved is not None and moved.ended_grants == 1
    assert tree(streets)["Góc"] == "Ngã tư chợ"
    ended = [row for row in streets.rows(grants) if row.from_grant_id is not None]
    assert [row.ends_utc_us for row in ended] == [now.utc_us]


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"name": " "}, AreaFault.NAME),
        ({"level": ""}, AreaFault.LEVEL),
        ({"name": "cau moi"}, AreaFault.TWICE),
        ({"valid_from_utc_us": 9, "valid_until_utc_us": 9}, AreaFault.DAYS),
        ({"valid_until_utc_us": 9}, AreaFault.DAYS),
    ],
)
def test_what_cannot_be_an_area_is_said(
    streets: Streets, changed: dict[str, Any], fault: AreaFault
) -> None:
    words: dict[str, Any] = {
        "name": "Góc",
        "level": "junction",
        "parent_id": streets.commune,
    } | changed
    with pytest.raises(AreaError) as refused:
        streets.services.use(AreaService).add_area(keeper(streets), AreaWords(**words))
    assert refused.value.fault is fault


def test_an_area_lies_neither_in_itself_nor_in_its_own(streets: Streets) -> None:
    chu = keeper(streets)
    for parent in (streets.commune, streets.bridge):
        with pytest.raises(AreaError) as refused:
            streets.services.use(AreaService).change_area(
                chu, streets.commune, AreaWords("T", "commune", parent)
            )
        assert refused.value.fault is AreaFault.RING


def test_only_a_keeper_of_the_place_changes_it(streets: Streets) -> None:
    bridge = keeper(streets, "ap", area=streets.bridge)
    manager = streets.officer("kim", rights=ALL)
    words = AreaWords("Cầu Cũ", "junction", streets.commune)
    service = streets.services.use(AreaService)
    assert service.change_area(bridge, streets.junction, words) is None
    assert service.change_area(manager, streets.bridge, words) is None
    assert service.change_area(bridge, streets.bridge, words) is not None
    away = AreaWords("Cầu Cũ", "junction", streets.junction)
    assert service.change_area(bridge, streets.bridge, away) is None
    assert service.add_area(bridge, AreaWords("X", "x", None)) is None
    assert service.areas(manager) == []
    assert [row.name for row in service.areas(bridge)] == ["Cầu Cũ"]
    assert streets.acts().count("area.change.refused") == 3


def test_an_area_that_is_over_is_offered_for_nothing_new_and_its_people_see_on(
    streets: Streets,
) -> None:
    chu = keeper(streets)
    an = streets.officer("an", area=streets.bridge)
    streets.clock.pass_s(60)
    now = streets.clock.now()
    words = AreaWords("Cầu Mới", "junction", streets.commune, None, now.utc_us)
    moved = streets.services.use(AreaService).change_area(chu, streets.bridge, words)
    assert moved is not None and moved.cameras == 1
    form = streets.services.use(GrantService).grant_form(chu)
    assert form is not None
    assert streets.bridge not in {one.area_id for one in form.places}
    (filed,) = streets.file(streets.other.opened())
    assert [row.alert_id for row in streets.services.use(InboxService).inbox(an).open] == [
        filed.alert_id
    ]


def test_the_rows_of_the_page_are_the_tree_in_order(streets: Streets) -> None:
    rows: list[AreaRow] = streets.services.use(AreaService).areas(keeper(streets))
    assert [(row.name, row.depth, row.cameras) for row in rows] == [
        ("Tân Khai", 0, 2),
        ("Cầu Mới", 1, 1),
        ("Ngã tư chợ", 1, 1),
    ]


def test_the_command_says_what_it_would_do_does_it_and_refuses_with_line_and_cure(
    sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk.of(sqlite_url, tmp_path, capsys)
    table = tmp_path / "areas.csv"
    table.write_text("name,level,parent\nTân Khai,commune,\nKhu phố 9,quarter,Tân Khai\n")
    assert "line 2: add Tân Khai\n" in desk.says("area", "import", str(table), "--dry-run")
    assert "line 3: add Khu phố 9 in Tân Khai\ndone\n" in desk.says("area", "import", str(table))
    assert "line 2: same Tân Khai" in desk.says("area", "import", str(table))
    table.write_text("name,level,parent\n=1+1,x,\nGóc,junction,Nơi lạ\n")
    said = desk.finds("area", "import", str(table))
    assert "line 2: '=1+1' begins as a formula does: begin it with a letter" in said
    assert "line 3: no area is called 'Nơi lạ': add a line for it, or correct it" in said
    assert "nothing was changed" in said
    table.write_text("node,camera\nbox,cam\n")
    assert "line 2: no node is called 'box'" in desk.finds("camera", "import", str(table))


def test_ids_are_keys_of_areas(streets: Streets) -> None:
    with streets.db.reading() as conn:
        assert all(isinstance(one, UUID) for one in conn.scalars(select(areas.c.id)))
