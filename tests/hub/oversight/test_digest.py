"""A month of the log per person and per camera: what counts, who reads it, and as a file."""

import csv
import io
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.app.evidence import act_text
from hub.base.audit import log as audit_log
from hub.base.audit.log import By
from hub.base.audit.tables import audit
from hub.base.db.database import Database
from hub.console.service import InboxService
from hub.oversight.log.digest import Act, Tally, act_of, digest
from hub.oversight.log.digest_queries import digest_of
from hub.oversight.log.service import LINES
from tests.hub.rigs.streets import Streets
from tests.hub.rigs.web_town import PASSWORD, Town, some_bytes
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise(
    "Audit and data protection: A monthly digest shows who looked at what."
)

AN, BINH, GATE, POOL = (UUID(int=n) for n in range(1, 5))


@pytest.mark.parametrize(
    ("said", "act"),
    [
        ("media.open", Act.LOOK),
        ("alert.open", Act.LOOK),
        ("clip.watch", Act.LOOK),
        ("span.ask", Act.LOOK),
        ("sound.ask", Act.LOOK),
        ("camera.open", Act.LOOK),
        ("explanation.open", Act.LOOK),
        ("given.open", Act.LOOK),
        ("tip.picture", Act.LOOK),
        ("tip.original", Act.LOOK),
        ("search.find", Act.SEARCH),
        ("case.export", Act.EXPORT),
        ("evidence.export", Act.EXPORT),
        ("alert.take", Act.ANSWER),
        ("grant.add", Act.CHANGE),
        ("hold.add", Act.CHANGE),
        ("media.remove", Act.CHANGE),
        ("media.open.refused", Act.REFUSED),
        ("inbox.open", None),
        ("changes.open", None),
        ("alert.glance", None),
        ("cameras.glance", None),
        ("inbox.glance", None),
        ("session.begin", None),
        ("grants.open", None),
        ("log.open", None),
        ("media.store", None),
    ],
)
def test_an_act_counts_as_what_it_is(said: str, act: Act | None) -> None:
    assert act_of(said) is act


def test_who_looked_most_comes_first_and_who_did_not_is_named_too() -> None:
    tallies = [
        Tally(BINH, GATE, "media.open", 4),
        Tally(BINH, POOL, "clip.watch", 3),
        Tally(AN, GATE, "media.open", 1),
        Tally(AN, GATE, "media.open.refused", 9),
        Tally(None, None, "grant.add", 2),
        Tally(AN, None, "inbox.open", 5000),
    ]
    found = digest(
        tallies, {AN: ("An", "officer"), BINH: ("Bình", "officer")}, {GATE: "Cổng", POOL: "Hồ"}
    )
    assert [(one.name, one.counts[Act.LOOK], one.cameras) for one in found.people] == [
        ("Bình", 7, 2),
        ("An", 1, 1),
        ("", 0, 0),
    ]
    assert found.people[1].counts[Act.REFUSED] == 9
    assert [(one.label, one.counts[Act.LOOK], one.people) for one in found.cameras] == [
        ("Cổng", 5, 2),
        ("Hồ", 3, 1),
    ]
    silent = digest([], {AN: ("An", "officer")}, {GATE: "Cổng"})
    assert len(silent.people) == len(silent.cameras) == 1


def test_a_look_counts_for_its_person_its_camera_and_its_month(
    db: Database, tmp_path: Path
) -> None:
    streets = Streets(db, tmp_path / "media")
    an = streets.officer("an")
    streets.file(streets.node.opened())
    inboxes = streets.services.use(InboxService)
    [alert] = inboxes.inbox(an).open
    since = streets.clock.now().utc_us
    for _ in range(3):
        assert inboxes.alert(an, alert.alert_id) is not None
    streets.clock.pass_s(3600)
    until = streets.clock.now().utc_us
    assert inboxes.alert(an, alert.alert_id) is not None  # the month after
    with db.reading() as conn:
        found = digest_of(conn, since, until)
    [one] = [line for line in found.people if line.person_id == an.person_id]
    assert (one.counts[Act.LOOK], one.cameras) == (3, 1)
    [camera] = [line for line in found.cameras if line.camera_id == alert.camera_id]
    assert (camera.counts[Act.LOOK], camera.people) == (3, 1)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: no query is tried here."""
    return sqlite_url


def visit(town: Town, login: str, role: str = "", name: str = "Bà Sáu") -> Visitor:
    if role:
        town.add_person(login, name, role)
    return Visitor(town.app()).sign_in(login, PASSWORD)


@pytest.mark.usefixtures("one_day")
def test_oversight_reads_the_month_on_a_page_and_as_a_file_and_sees_no_footage(town: Town) -> None:
    seen = town.somebody(some_bytes(500))
    officer = visit(town, "an")
    for _ in range(2):
        officer.get(f"/alerts/{seen.alert_id}")
    watch = visit(town, "giam-sat", "oversight", name="=1+1")
    answer = watch.get("/log/month")
    assert answer.status_code == 200
    assert "/media/" not in answer.text
    assert "Theo từng người" in text_of(answer)
    file = watch.get("/log/month/file.csv")
    assert "no-store" in file.headers["Cache-Control"]
    lines = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert lines[0][:2] == ["Phần", "Người hoặc camera"]
    [an] = [line for line in lines if "An" in line[1] and line[0] == "Người"]
    assert an[3] == "2"
    assert any(line[1] == "'=1+1" for line in lines)  # no formula for a spreadsheet
    with town.db.reading() as conn:
        assert "log.digest" in set(conn.scalars(select(audit.c.act)))


def test_a_month_that_is_none_is_this_one_and_nobody_else_reads_any(town: Town) -> None:
    watch = visit(town, "giam-sat", "oversight")
    for on in ("", "2026-13", "x", "0000-00", "9999-12", "2026-11-25"):
        assert watch.get(f"/log/month?on={on}").status_code == 200
    assert "02/2024" in watch.get("/log/month?on=2024-02").text
    for address in ("/log/month", "/log/month/file.csv"):
        assert visit(town, "an").get(address).status_code == 404


REFRESHED = (
    "an open map asked for the cameras again",
    "an open page asked for the list of alerts again",
    "saw an alert in the list",
)


def test_the_log_leaves_out_what_open_pages_load_again_until_one_asks_for_it(town: Town) -> None:
    seen = town.somebody(some_bytes(500))
    town.add_person("lee", "Lee", "oversight", language="en")
    officer, stranger = visit(town, "an"), visit(town, "guest")
    for path in ("/", "/map", f"/alerts/{seen.alert_id}"):
        assert officer.get(path).status_code == 200
    card = f"/alerts/{seen.alert_id}/card"
    for path in ("/list", card, "/map/cameras.json", "/map/states.json"):
        assert officer.get(path).status_code == 200
    assert stranger.get(card).status_code == 404
    lee = visit(town, "lee")
    plain = text_of(lee.get("/log"))
    for opened in ("read the list of alerts", "opened the map of cameras", "opened an alert"):
        assert opened in plain
    assert "saw an alert in the list – refused" in plain
    assert not [text for text in REFRESHED if text in plain.replace(f"{REFRESHED[2]} – ", "")]
    whole = text_of(lee.get("/log?refreshes=1"))
    assert [text for text in REFRESHED if text in whole] == list(REFRESHED)
    assert not [text for text in REFRESHED[1:2] if text in text_of(lee.get("/log?looks=1"))]
    assert REFRESHED[1] in text_of(lee.get("/log?looks=1&refreshes=1"))


@pytest.mark.parametrize(
    "act",
    [
        "sound.ask",
        "camera.open",
        "explanation.open",
        "given.open",
        "tip.picture",
        "tip.original",
        "evidence.export",
        "case.export",
    ],
)
def test_the_log_of_looks_has_everything_that_showed_a_picture_or_played_a_sound(
    town: Town, act: str
) -> None:
    town.add_person("lee", "Lee", "oversight", language="en")
    with town.db.writing() as conn:
        audit_log.note(conn, By(came_from="10.6.6.6"), act=act, now=town.clock.now())
    looks = text_of(visit(town, "lee").get("/log?looks=1"))
    assert ("10.6.6.6" in looks, act_text(act, "en") in looks) == (True, True)


def test_the_next_page_of_the_log_keeps_the_choice(town: Town) -> None:
    officer = visit(town, "an")
    for _ in range(LINES + 5):
        officer.get("/map/states.json")
    watch = visit(town, "giam-sat", "oversight")
    assert "before=" not in watch.get("/log").text
    first = watch.get("/log?refreshes=1").text
    assert "refreshes=1&amp;before=" in first
