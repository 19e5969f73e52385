"""Retention rules and holds as commands, on the page, and carried out."""

import asyncio
import sqlite3
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError, OperationalError
from structlog.testing import capture_logs

from hub.app import housekeeping
from hub.app.blob_owners import BLOB_OWNERS
from hub.app.housekeeping import Housekeeping
from hub.base.storage.blobs import StoreAwayError
from hub.footage.retention.remover import Remover
from hub.footage.tables import media
from tests.hub.rigs.desk import Desk
from tests.hub.rigs.web_town import NODE, PASSWORD, Town, some_bytes
from tests.hub.rigs.web_visitor import Visitor
from tests.waiting import patience_s


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: no query is tried here."""
    return sqlite_url


def remove_overdue(town: Town, monkeypatch: pytest.MonkeyPatch) -> int:
    """A year later."""
    monkeypatch.setattr("hub.footage.retention.remover.DAY_US", 1)
    monkeypatch.setattr("hub.footage.retention.rules.DAY_US", 1)
    rooms: dict[str, Any] = {
        "owners": BLOB_OWNERS,
        "blobs": town.blobs,
        "clock": town.clock,
        "change_signal": town.change_signal,
    }
    return Remover(town.db, **rooms).remove_overdue()


@pytest.mark.promise("Seal and footage store: The hub keeps footage by class, area and hold.")
@pytest.mark.promise(
    "Audit and data protection: Retention applies by area, and its reason is shown."
)
def test_a_hold_by_case_number_keeps_what_its_rule_would_remove_and_the_page_says_which(
    town: Town, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = {"held": some_bytes(900), "free": some_bytes(900)}
    seen = {name: town.somebody() for name in clips}
    for name, clip in clips.items():
        town.clip(seen[name], clip)
        town.bring(clip)
    assert "everything is kept" in desk.says("retention", "list")
    rule = ("retention", "set", "--class", "alert", "--area", "Tan Khai")
    desk.says(*rule, "--days", "30", "--reason", "Quyết định 12")
    assert desk.says("retention", "list") == "Tân Khai: alert 30 days (Quyết định 12)\n"
    alert_id = str(seen["held"].alert_id)
    desk.says("hold", "add", "--case", "A-7/2026", "--alert", alert_id, "--reason", "trộm xe")
    assert f"case A-7/2026: alert {alert_id} (trộm xe), since" in desk.says("hold", "list")

    assert remove_overdue(town, monkeypatch) == 1
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    page = an.get(f"/alerts/{seen['free'].alert_id}").text
    assert "đã bị xóa ngày" in page
    assert "Quy định: lưu 30 ngày (Tân Khai). Lý do: Quyết định 12." in page
    assert "<video" not in page
    assert "<video" in an.get(f"/alerts/{alert_id}").text

    desk.says("hold", "end", "--case", "A-7/2026", "--reason", "xong")
    assert desk.says("hold", "list") == "nothing is held\n"
    assert ", ended " in desk.says("hold", "list", "--case", "A-7/2026")
    assert remove_overdue(town, monkeypatch) == 1


def test_a_camera_is_held_for_a_span_of_the_towns_clock(town: Town, desk: Desk) -> None:
    camera = f"{NODE}/{town.voice.camera}"
    add = ("hold", "add", "--case", "B-1", "--reason", "r", "--camera")
    desk.says(*add, camera, "--from", "2026-11-25T01:00", "--until", "2026-11-25T02:30")
    assert "from 25/11/2026 01:00:00 to 25/11/2026 02:30:00" in desk.says("hold", "list")
    assert "write NODE/CAMERA" in desk.refuses(*add, "nowhere", "--from", "2026-11-25T01:00")
    guest = desk.refuses(*add, camera, "--from", "2026-11-25T01:00", "--by", "guest")
    assert "not visible to them" in guest
    assert "no hold of case" in desk.refuses("hold", "end", "--case", "C", "--reason", "r")


def test_a_span_is_asked_of_a_camera_by_the_towns_clock(town: Town, desk: Desk) -> None:
    assert desk.says("footage", "list") == "nothing was asked for\n"
    span = ("--from", "2026-09-21T07:00", "--until", "2026-09-21T07:10")
    ask = ("footage", "ask", "--reason", "theft", "--camera")
    assert desk.says(*ask, f"{NODE}/{town.voice.camera}", *span).startswith("asked: ")
    line = desk.says("footage", "list")
    assert "21/09/2026 07:00:00 - 21/09/2026 07:10:00 (theft)" in line
    assert line.endswith("the node has not answered, 0 at the hub\n")
    assert "no camera is called 'x/y'" in desk.refuses(*ask, "x/y", *span)


@pytest.mark.parametrize("days", ["0", "36501", "99999999999999999999"])
def test_days_that_are_no_rule_are_refused_by_name(desk: Desk, days: str) -> None:
    refused = desk.refuses("retention", "set", "--class", "alert", "--days", days, "--reason", "r")
    assert f"{days} days are no rule: give 1 to 36500, or --for-good" in refused


def test_the_sweep_is_a_command_too(town: Town, desk: Desk) -> None:
    picture = some_bytes(500)
    town.somebody(picture)
    town.bring(picture)
    with town.db.reading() as conn:
        sha256 = conn.execute(media.select()).one().sha256
    town.blobs.remove(sha256)
    said = desk.says("media", "sweep").splitlines()[-1]
    assert said == "1 stored, 1 lost, 0 found again, 0 files removed that no row named"


class Idle:
    """Has nothing to do, or cannot."""

    is_shared = False

    def __init__(self, faults: int = 0, fault: Exception | None = None) -> None:
        self.faults = faults
        self.fault = fault or StoreAwayError("the bucket is away")
        self.times = 0

    def make_room(self, stopping: object) -> int:
        self.times += 1
        if self.times <= self.faults:
            raise self.fault
        return 0

    def remove_overdue(self, stopping: object) -> int:
        return 0

    def take_in(self, stopping: object) -> int:
        return 0

    def run(self, stopping: object) -> int:
        return 0

    def write_anchor(self) -> None:
        pass


def fault_of_sqlite(code: int, words: str) -> DBAPIError:
    """Fault of SQLite as SQLAlchemy passes it on."""
    cause = sqlite3.OperationalError(words)
    cause.sqlite_errorcode = code
    return OperationalError("UPDATE media", {}, cause)


AWAY = StoreAwayError("the bucket is away")
FULL = fault_of_sqlite(sqlite3.SQLITE_FULL, "database or disk is full")
BUSY = fault_of_sqlite(sqlite3.SQLITE_BUSY, "database is locked")


@pytest.mark.parametrize("fault", [AWAY, FULL, BUSY])
def test_a_chore_that_fails_is_said_once_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    monkeypatch.setattr(housekeeping, "LOOK_S", 0.01)
    remover = Idle(faults=3, fault=fault)

    async def keep_house() -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(Housekeeping(remover, Idle(), Idle(), Idle()).run(stop))  # type: ignore[arg-type] # a fake
        while remover.times < 5 and not task.done():
            await asyncio.sleep(0.01)
        stop.set()
        await task

    with capture_logs() as logs:
        asyncio.run(asyncio.wait_for(keep_house(), patience_s()))
    assert [line["event"] for line in logs] == ["housekeeping.failed"]
    assert logs[0]["reason"] == str(fault).splitlines()[0]


def test_a_fault_of_a_chore_itself_is_a_bug_and_ends_it() -> None:
    remover = Idle(faults=1, fault=fault_of_sqlite(sqlite3.SQLITE_ERROR, "no such column: x"))
    with pytest.raises(OperationalError):
        asyncio.run(Housekeeping(remover, Idle(), Idle(), Idle()).run(asyncio.Event()))  # type: ignore[arg-type] # a fake
