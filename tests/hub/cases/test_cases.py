"""Cases: who opens one, its contents and holds, who sees which of them, and exports."""

import asyncio
import io
import json
import os
import re
import time
import zipfile
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID, uuid4

import pytest
from PIL import Image
from sqlalchemy import select, update
from starlette.requests import ClientDisconnect
from structlog.testing import capture_logs

from hub.access.rules.grants import Right
from hub.access.tables import people
from hub.app import config
from hub.app.evidence import packer
from hub.base.audit.asker import Asker
from hub.base.audit.log import By
from hub.base.audit.tables import audit
from hub.base.db.database import Database
from hub.cases.evidence import keys
from hub.cases.evidence.check import check_package
from hub.cases.evidence.manifest import Manifest
from hub.cases.evidence.package import Order, write_package
from hub.cases.evidence.packing import _forget_old
from hub.cases.evidence.service import ExportService
from hub.cases.feature import MAX_PLANS_BYTES
from hub.cases.pages import _Package
from hub.cases.tables import case_items, case_members
from hub.footage.retention.holds import list_holds, place_hold
from hub.footage.retention.rules import Hold
from hub.footage.tables import media
from hub.web.guard import MAX_FORM_BYTES
from tests.hub.helpers.cases.cases import ALL, NUMBER, let, opened, whole
from tests.hub.helpers.oversight.log_details import detail_of
from tests.hub.rigs.desk import Desk
from tests.hub.rigs.web_town import PASSWORD, Town, some_bytes
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = [
    pytest.mark.promise("Cases and evidence: A case has number, purpose, owner, members and end."),
    pytest.mark.promise(
        "Cases and evidence: A case collects footage, and can be closed and opened again."
    ),
]


@pytest.fixture
def town(db: Database, tmp_path: Path) -> Town:
    town = Town(db, tmp_path)
    let(town, "an", ALL)
    return town


def visitor(town: Town, login: str) -> Visitor:
    return Visitor(town.app()).sign_in(login, PASSWORD)


def case_id(address: str) -> str:
    return address.rsplit("/", 1)[1]


def held(town: Town, number: str = NUMBER) -> list[UUID | None]:
    with town.db.reading() as conn:
        return [one.hold.media_id for one in list_holds(conn, number) if one.ended_utc_us is None]


def refusals(town: Town) -> list[tuple[str, str]]:
    with town.db.reading() as conn:
        tried = select(audit).where(audit.c.act.like("case.%.refused"))
        return [(row.act, detail_of(row)) for row in conn.execute(tried.order_by(audit.c.seq))]


def item_of(page: str, number: int = 0) -> str:
    return page.split('data-item="')[number + 1].split('"', maxsplit=1)[0]


def test_who_may_export_opens_a_case_and_what_it_collects_is_held(town: Town) -> None:
    seen, _, _ = whole(town)
    an = visitor(town, "an")
    case = opened(an)
    assert NUMBER in text_of(an.get("/cases"))
    assert "trộm xe máy" in text_of(an.get(case))
    page = an.get(f"/alerts/{seen.alert_id}").text
    assert f'value="{case_id(case)}"' in page  # the alert's page offers the case
    an.post("/cases/add", case=case_id(case), alert=str(seen.alert_id), note="ngã tư")
    with town.db.reading() as conn:
        ids = set(conn.scalars(select(media.c.id)))
    assert set(held(town)) == ids
    shown = an.get(case).text
    assert shown.count("data-item=") == 2
    picture = re.search(r'<img src="(/media/[^"/]+)"', shown)
    assert picture is not None
    assert f'poster="{picture[1]}/small"' in shown  # of the clip that it is from
    an.post("/cases/add", case=case_id(case), alert=str(seen.alert_id))
    assert an.get(case).text.count("data-item=") == 2  # nothing is in a case twice
    assert town.acts().count("case.add") == 2


def test_a_case_is_shown_on_a_hub_without_tips_and_households(town: Town) -> None:
    town.resources.tip_box = town.resources.household_box = town.resources.households = None
    town.make_services()
    town.allow("an", Right.EXPORT)
    an = visitor(town, "an")
    page = an.get(opened(an))
    assert page.status_code == 200
    assert NUMBER in text_of(page)


def test_without_the_right_to_export_no_case_is_opened(town: Town) -> None:
    binh = visitor(town, "binh")
    assert "/cases" not in binh.get("/more").text
    assert binh.post("/cases", number="1", purpose="x").status_code == 404
    assert "case.begin.refused" in town.acts()


def test_what_is_taken_out_is_held_no_more_and_notes_and_marks_stay_with_the_rest(
    town: Town,
) -> None:
    seen, _, _ = whole(town)
    an = visitor(town, "an")
    case = opened(an)
    an.post("/cases/add", case=case_id(case), alert=str(seen.alert_id))
    page = an.get(case).text
    an.post(f"{case}/items/{item_of(page, 0)}", note="người chạy", marked="true")
    assert "người chạy" in an.get(case).text
    an.post(f"{case}/items/{item_of(page, 1)}", out="true")
    left = an.get(case).text
    assert left.count("data-item=") == 1
    assert len(held(town)) == 1
    assert "người chạy" in left
    assert "checked" in left


@pytest.mark.parametrize(("release", "still"), [({}, 2), ({"release": "true"}, 0)])
def test_a_closed_case_collects_nothing_and_keeps_or_lets_go_what_it_holds(
    town: Town, release: dict[str, str], still: int
) -> None:
    seen, _, _ = whole(town)
    an = visitor(town, "an")
    case = opened(an)
    an.post("/cases/add", case=case_id(case), alert=str(seen.alert_id))
    an.post(f"{case}/close", **release)
    assert len(held(town)) == still
    refused = an.post("/cases/add", case=case_id(case), alert=str(seen.alert_id))
    assert refused.status_code == 422
    an.post(f"{case}/reopen")
    assert len(held(town)) == 2
    assert an.post("/cases/add", case=case_id(case), alert=str(seen.alert_id)).status_code == 303


def test_a_case_lets_go_of_its_own_holds_alone_whoever_else_holds_under_its_number(
    town: Town,
) -> None:
    seen, _, _ = whole(town)
    with town.db.writing() as conn:
        by_hand = place_hold(
            conn,
            Hold(alert_id=seen.alert_id),
            case_number=NUMBER,
            reason="viện kiểm sát yêu cầu",
            by=By(came_from="shell"),
            now=town.clock.now(),
        )
    an = visitor(town, "an")
    case = opened(an)
    an.post("/cases/add", case=case_id(case), alert=str(seen.alert_id))
    an.post(f"{case}/items/{item_of(an.get(case).text)}", out="true")
    an.post(f"{case}/close", release="true")
    with town.db.reading() as conn:
        rows = list_holds(conn, NUMBER)
    assert len(rows) == 3
    assert [one.hold_id for one in rows if one.ended_utc_us is None] == [by_hand]


def test_a_member_sees_the_case_and_of_its_footage_what_their_grants_show(town: Town) -> None:
    seen, _, _ = whole(town)
    an, chi = visitor(town, "an"), visitor(town, "chi")
    case = opened(an)
    an.post("/cases/add", case=case_id(case), alert=str(seen.alert_id))
    assert chi.get(case).status_code == 404
    an.post(f"{case}/members", login="chi")
    shown = chi.get(case)
    assert shown.text.count("data-item=") == 1  # pictures: she plays no clips
    assert "1 tệp nữa" in text_of(shown)
    assert chi.post(f"{case}/members", login="binh").status_code == 404
    assert chi.post(f"{case}/close").status_code == 404
    assert chi.post(f"{case}/export", reason="x").status_code == 404
    assert ("case.export.refused", "no right to export") in refusals(town)
    with town.db.reading() as conn:
        person = conn.scalars(select(case_members.c.person_id)).one()
    an.post(f"{case}/members/{person}/end")
    assert chi.get(case).status_code == 404


def test_a_membership_ends_with_its_day(town: Town) -> None:
    an, binh = visitor(town, "an"), visitor(town, "binh")
    case = opened(an)
    an.post(f"{case}/members", login="binh", until="2099-12-31")
    assert binh.get(case).status_code == 200
    with town.db.writing() as conn:
        conn.execute(update(case_members).values(until_utc_us=1))
    assert binh.get(case).status_code == 404


def test_a_case_handed_over_has_another_owner_and_who_gave_it_stays_in_it(town: Town) -> None:
    an, binh = visitor(town, "an"), visitor(town, "binh")
    case = opened(an)
    an.post(f"{case}/owner", login="binh")
    assert f"{case}/close" in binh.get(case).text
    assert f"{case}/close" not in an.get(case).text
    assert an.post(f"{case}/close").status_code == 404


@pytest.mark.parametrize(
    ("form", "word"),
    [
        ({"number": " ", "purpose": "x"}, "số"),
        ({"number": "2", "purpose": ""}, "mục đích"),
        ({"number": NUMBER, "purpose": "x"}, "đã có"),
        ({"number": "2", "purpose": "x", "ends": "2001-01-01"}, "đã qua"),
    ],
)
def test_what_no_case_can_be_is_said_and_nothing_is_opened(
    town: Town, form: dict[str, str], word: str
) -> None:
    an = visitor(town, "an")
    opened(an)
    answer = an.post("/cases", **form)
    assert answer.status_code == 422
    assert word in text_of(answer).lower()
    assert town.acts().count("case.begin") == 1


@pytest.mark.promise("Cases and evidence: A case name with odd characters is shown as it is.")
def test_a_number_with_quotes_marks_and_zeros_is_one_number_and_runs_nothing(town: Town) -> None:
    an = visitor(town, "an")
    case = opened(an, number="\"'<b>\u202e\0")
    assert "<b>\u202e" not in an.get(case).text
    assert an.get(case).status_code == 200


def test_nobody_adds_what_they_may_not_see_nor_to_a_case_that_is_not_theirs(town: Town) -> None:
    seen, _, _ = whole(town)
    an, binh = visitor(town, "an"), visitor(town, "binh")
    case = opened(an)
    assert binh.post("/cases/add", case=case_id(case), alert=str(seen.alert_id)).status_code == 404
    let(town, "an", Right.EXPORT)
    added = an.post("/cases/add", case=case_id(case), media=str(_clip_id(town)))
    assert added.status_code == 422
    assert held(town) == []
    assert refusals(town) == [
        ("case.add.refused", ""),
        ("case.add.refused", "There is nothing of it at the hub that you may see."),
    ]


def test_what_is_tried_in_vain_on_a_case_is_in_the_log_too(town: Town) -> None:
    seen, _, _ = whole(town)
    an, chi = visitor(town, "an"), visitor(town, "chi")
    case, clip = opened(an), _clip_id(town)
    an.post("/cases/add", case=case_id(case), alert=str(seen.alert_id))
    with town.db.reading() as conn:
        items = select(case_items.c.id, case_items.c.media_id)
        hidden = {row.media_id: row.id for row in conn.execute(items)}[clip]
    an.post(f"{case}/members", login="chi")  # she plays no clips
    assert chi.post(f"{case}/items/{hidden}", note="x").status_code == 404
    assert chi.post(f"{case}/items/{hidden}", out="true").status_code == 404
    assert an.post(f"{case}/members", login="nobody").status_code == 422
    assert an.post(f"{case}/owner", login="nobody").status_code == 422
    assert an.post("/cases", number=NUMBER, purpose="x").status_code == 422
    an.post(f"{case}/close")
    assert chi.post("/cases/add", case=case_id(case), media=str(clip)).status_code == 422
    assert refusals(town) == [
        ("case.note.refused", f"item {hidden}"),
        ("case.remove.refused", f"item {hidden}"),
        ("case.member.refused", "Nobody of that name signs in here."),
        ("case.hand_over.refused", "Nobody of that name signs in here."),
        ("case.begin.refused", f"There is a case of that number already. ({NUMBER})"),
        ("case.add.refused", "The case is closed: open it again first."),
    ]


def _clip_id(town: Town) -> UUID:
    with town.db.reading() as conn:
        return conn.scalars(select(media.c.id).where(media.c.kind == "clip")).one()


@pytest.mark.promise("Cases and evidence: An export is signed and can be time-stamped.")
def test_a_case_leaves_as_a_package_that_verifies(
    town: Town, sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen, picture, clip = whole(town)
    Desk.of(sqlite_url, tmp_path, capsys)
    settings = config.load(tmp_path / "hub.toml")
    pack = packer(settings, town.services.use(ExportService))
    an = Visitor(town.app(pack=pack)).sign_in("an", PASSWORD)
    case = opened(an)
    an.post("/cases/add", case=case_id(case), alert=str(seen.alert_id))
    answer = an.post(f"{case}/export", reason="gửi viện kiểm sát")
    assert answer.headers["content-type"] == "application/zip"
    verdict = check_package(io.BytesIO(answer.content), keys.certificates(tmp_path / "secrets"))
    assert verdict.faults == []
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        footage = {archive.read(name) for name in archive.namelist() if name.startswith("footage/")}
    assert footage == {picture, clip}
    assert list((tmp_path / "media" / "leaving").iterdir()) == []  # none is kept
    assert town.acts().count("evidence.export") == 2
    assert "xuất gói chứng cứ" in text_of(an.get(case))  # its history has it

    let(town, "an", Right.SEE | Right.EXPORT)  # the clip is in it, and not theirs to see
    assert "1 tệp nữa" in text_of(an.post(f"{case}/export", reason="x"))
    assert refusals(town) == [("case.export.refused", "1 files not theirs to see")]
    let(town, "an", ALL)
    for number in range(2):
        an.post(f"{case}/items/{item_of(an.get(case).text, number)}", marked="true")
    let(town, "an", Right.SEE | Right.EXPORT)
    assert an.post(f"{case}/export", reason="x", only_marked="true").status_code == 403
    assert "evidence.export.refused" not in town.acts()

    let(town, "an", Right.SEE | Right.CLIPS)
    assert an.post(f"{case}/export", reason="x").status_code == 403
    assert "evidence.export.refused" in town.acts()
    assert town.acts().count("evidence.export") == 2


@pytest.mark.promise(
    "Cases and evidence: A redacted copy is marked and stands beside the original."
)
@pytest.mark.promise("Rights: Footage addresses stay closed to others and after revocation.")
def test_a_package_is_not_handed_out_if_its_person_leaves_the_case_while_it_is_made(
    town: Town,
) -> None:
    seen, _, _ = whole(town)
    package = io.BytesIO(b"footage")

    def pack(*_: object) -> tuple[str, BinaryIO]:
        with town.db.writing() as conn:
            conn.execute(update(case_members).values(until_utc_us=1))
        return "evidence.zip", package

    app = town.app(pack=pack)
    an, binh = (Visitor(app).sign_in(login, PASSWORD) for login in ("an", "binh"))
    case = opened(an)
    an.post("/cases/add", case=case_id(case), alert=str(seen.alert_id))
    let(town, "binh", ALL)
    an.post(f"{case}/members", login="binh", export="true", until="2099-12-31")
    answer = binh.post(f"{case}/export", reason="gửi viện kiểm sát")
    assert (answer.status_code, b"footage" in answer.content) == (403, False)
    assert package.closed
    assert "case.export" not in town.acts()


@pytest.mark.promise("Rights: Footage addresses stay closed to others and after revocation.")
def test_a_package_is_not_handed_out_if_the_right_to_export_ends_while_it_is_made(
    town: Town,
    sqlite_url: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen, _, _ = whole(town)
    Desk.of(sqlite_url, tmp_path, capsys)
    pack = packer(config.load(tmp_path / "hub.toml"), town.services.use(ExportService))
    an = Visitor(town.app(pack=pack)).sign_in("an", PASSWORD)
    case = opened(an)
    an.post("/cases/add", case=case_id(case), alert=str(seen.alert_id))

    def write(order: Order, **into: Any) -> Manifest:
        let(town, "an", Right.SEE | Right.CLIPS)
        return write_package(order, **into)

    monkeypatch.setattr("hub.cases.evidence.packing.write_package", write)
    assert an.post(f"{case}/export", reason="x").status_code == 403
    assert town.acts()[-2:] == ["evidence.export.refused"] * 2


def test_a_case_leaves_with_copies_that_hide_what_was_drawn(
    town: Town, sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sketch = io.BytesIO()
    Image.new("RGB", (320, 240), "navy").save(sketch, "JPEG")
    seen = town.somebody(sketch.getvalue())
    town.bring(sketch.getvalue())
    let(town, "an", ALL)
    Desk.of(sqlite_url, tmp_path, capsys)
    pack = packer(config.load(tmp_path / "hub.toml"), town.services.use(ExportService))
    an = Visitor(town.app(pack=pack)).sign_in("an", PASSWORD)
    case = opened(an)
    an.post("/cases/add", case=case_id(case), alert=str(seen.alert_id))
    hides = f"{case}/hide/{item_of(an.get(case).text)}"
    assert hides in an.get(case).text
    assert 'id="hide"' in an.get(hides).text
    with town.db.reading() as conn:
        picture_id = conn.scalars(select(media.c.id)).one()
    box = {"at_s": 0, "x0": 0.1, "y0": 0.1, "x1": 0.5, "y1": 0.5}
    plan = {"media_id": str(picture_id), "areas": [{"boxes": [box]}]}
    answer = an.post(f"{case}/export", reason="x", plan=json.dumps(plan))
    verdict = check_package(io.BytesIO(answer.content), keys.certificates(tmp_path / "secrets"))
    assert verdict.is_intact and verdict.manifest is not None
    assert [one.areas for one in verdict.manifest.redacted] == [1]
    # A face followed at each tenth of a second for two minutes is far more than another form has.
    many = [box | {"at_s": number / 10, "x0": 0.1234567890123456} for number in range(1200)]
    followed = json.dumps(plan | {"areas": [{"boxes": many}]})
    assert len(followed) > MAX_FORM_BYTES
    answer = an.post(f"{case}/export", reason="x", plan=followed)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert "redacted/001-picture" in " ".join(archive.namelist())
    assert an.post(f"{case}/export", plan="x" * MAX_PLANS_BYTES).status_code == 413
    wrong = an.post(f"{case}/export", reason="x", plan='{"media_id": 1}')
    assert wrong.status_code == 503 and "media_id" in text_of(wrong)
    assert visitor(town, "kim").get(hides).status_code == 404  # no case of theirs


@pytest.mark.promise("Roles: A process that starts leaves the files of another alone.")
def test_a_package_that_is_being_sent_outlives_the_start_of_another_process(
    town: Town, sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole(town)
    Desk.of(sqlite_url, tmp_path, capsys)
    settings = config.load(tmp_path / "hub.toml")
    exports = town.services.use(ExportService)
    pack = packer(settings, exports)
    with town.db.reading() as conn:
        an = conn.execute(select(people).where(people.c.login == "an")).one()
    let(town, "an", ALL)
    made = pack(Asker(an.id, "an", "An", "officer", "vi", ""), [_clip_id(town)], "12", "x", ())
    assert made is not None
    name, file = made
    assert name.startswith("evidence-12-")
    packer(settings, exports)
    assert list((settings.store.media_folder / "leaving").iterdir()) == []
    file.seek(0)
    verdict = check_package(file, keys.certificates(tmp_path / "secrets"))
    assert verdict.is_intact
    file.close()


def test_packages_that_an_old_hub_left_when_it_died_are_gone_after_a_day(
    town: Town, sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Desk.of(sqlite_url, tmp_path, capsys)
    settings = config.load(tmp_path / "hub.toml")
    leaving = settings.store.media_folder / "leaving"
    leaving.mkdir()
    for name in ("evidence-12-0a1b.zip", ".evidence-12-0a1b.zip.9f", "evidence-12-0c2d.zip"):
        (leaving / name).write_bytes(b"footage")
        if "0a1b" in name:
            os.utime(leaving / name, (0, time.time() - 90_000))
    packer(settings, town.services.use(ExportService))
    assert [left.name for left in leaving.iterdir()] == ["evidence-12-0c2d.zip"]


@pytest.mark.promise("Roles: A process that starts leaves the files of another alone.")
def test_a_left_package_that_another_process_removes_first_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "evidence-12-0a1b.zip").write_bytes(b"footage")
    os.utime(tmp_path / "evidence-12-0a1b.zip", (0, 0))
    unlink = Path.unlink

    def second(path: Path) -> None:
        unlink(path)
        unlink(path)

    monkeypatch.setattr(Path, "unlink", second)
    with capture_logs() as logged:
        _forget_old(tmp_path)
    assert logged == []


def test_a_package_is_closed_though_the_browser_leaves_before_its_first_piece() -> None:
    file = io.BytesIO(b"a package")

    async def left(_message: object) -> None:
        raise OSError

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "asgi": {"spec_version": "2.4"}}
    with pytest.raises(ClientDisconnect):
        asyncio.run(_Package("evidence-12.zip", file)(scope, receive, left))
    assert file.closed


def collected(town: Town, an: Visitor, case: str, number: int) -> None:
    """So many pictures in the case."""
    for n in range(number):
        picture = some_bytes(1000 + n)
        seen = town.somebody(picture)
        town.bring(picture)
        an.post("/cases/add", case=case_id(case), alert=str(seen.alert_id))


def items_of(page: str) -> list[str]:
    return re.findall(r'data-item="(.*?)"', page)


def test_many_items_come_in_pages_and_a_saved_note_returns_to_its_place(town: Town) -> None:
    an = Visitor(town.app(pack=lambda *_: None)).sign_in("an", PASSWORD)
    case = opened(an)
    collected(town, an, case, 26)
    first, second = an.get(case).text, an.get(f"{case}?page=2").text
    for page in (first, second):  # what is hidden in a copy leaves so from every page
        assert len(re.findall(r"data-hides=", page)) == 26
    assert (len(items_of(first)), len(items_of(second))) == (24, 2)
    assert not {*items_of(first)} & {*items_of(second)}
    assert f"{case}?page=2#items" in first
    assert "Trang 2/2" in text_of(an.get(f"{case}?page=2"))
    assert "Trang 2/2" in text_of(an.get(f"{case}?page=9"))  # as after the last page is out
    assert an.get(f"{case}?page=0").status_code == 422
    item = items_of(second)[0]
    answer = an.post(f"{case}/items/{item}", note="rõ mặt xe", marked="true", page="2")
    assert answer.headers["location"] == f"{case}?page=2#item-{item}"
    assert "rõ mặt xe" in an.get(f"{case}?page=2").text


def test_ticked_items_are_marked_and_removed_together_or_not_at_all(town: Town) -> None:
    an = visitor(town, "an")
    case = opened(an)
    collected(town, an, case, 3)
    one, two, three = items_of(an.get(case).text)

    def marked() -> int:
        return an.get(case).text.count('name="marked" value="true" checked')

    answer = an.post(f"{case}/items", act="mark", item=[one, two])
    assert answer.headers["location"] == f"{case}#items"
    assert marked() == 2
    assert an.post(f"{case}/items", act="unmark", item=[one, str(uuid4())]).status_code == 404
    assert marked() == 2
    an.post(f"{case}/items", act="unmark", item=[one])
    assert marked() == 1
    an.post(f"{case}/items", act="out", item=[one, three])
    assert items_of(an.get(case).text) == [two]
    assert len(held(town)) == 1
    assert an.post(f"{case}/items", act="burn", item=[two]).status_code == 422
    assert visitor(town, "binh").post(f"{case}/items", act="mark", item=[two]).status_code == 404
    an.post(f"{case}/close")
    assert an.post(f"{case}/items", act="mark", item=[two]).status_code == 422


def test_the_export_stands_before_the_footage_with_its_size(town: Town) -> None:
    an = Visitor(town.app(pack=lambda *_: None)).sign_in("an", PASSWORD)
    case = opened(an)
    collected(town, an, case, 1)
    picture = some_bytes(60_000)
    seen = town.somebody(picture)
    town.bring(picture)
    an.post("/cases/add", case=case_id(case), alert=str(seen.alert_id))
    an.post(f"{case}/items", act="mark", item=[items_of(an.get(case).text)[-1]])
    page = an.get(case)
    assert "2 tệp, 0,1 MB · chỉ những gì quan trọng nhất: 0,1 MB" in text_of(page)
    assert page.text.index('id="export"') < page.text.index("data-item=")
