"""Deletion under hold, tried by every path.

`tests/hub/footage/test_what_deletes.py` lists everything that deletes, and fails on paths that no
test tries.
"""

import itertools
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from hub.access.rules.grants import Right
from hub.app.blob_owners import BLOB_OWNERS
from hub.base.audit.log import note
from hub.base.audit.restores import RESTORED, RESTORED_S
from hub.base.batches import never
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.base.storage.blobs import BlobFolder
from hub.base.storage.partial_files import ASIDE
from hub.base.storage.s3 import BlobBucket, BucketAddress, BucketKey
from hub.footage.growing.clips import part_of
from hub.footage.growing.salvage import TAKEN_IN_AFTER_S
from hub.footage.retention import holds
from hub.footage.retention import rows as retention_rows
from hub.footage.retention.reconcile import Reconciler
from hub.footage.retention.remover import Remover
from hub.footage.retention.rules import FootageClass, Hold
from hub.footage.tables import growing_clips, media
from hub.footage.transcoding.ahead import CopyQueue
from hub.footage.transcoding.proxies import Proxies, ProxyBounds
from hub.footage.upload.service import (
    FORGOTTEN_AFTER_S,
    SWEEP_EVERY_S,
    UploadRefusedError,
    WrongHashError,
)
from hub.intake.commands import commands
from hub.nodes import presence
from hub.nodes.enrolment import rows as enrolment_rows
from hub.registry import registry
from hub.registry.tables import cameras
from tests.bucket import KEY_ID, SECRET, new_bucket, s3_server
from tests.hub.helpers.footage.growing import Clip
from tests.hub.helpers.footage.nothing_under_hold_is_deleted import (
    SHELL,
    WAYS,
    end,
    hold,
    row_of,
    rule,
    seen,
)
from tests.hub.helpers.footage.salvage import fragments, remains, silent_for
from tests.hub.rigs.desk import Desk
from tests.hub.rigs.streets import Streets, sha
from tests.hub.rigs.web_town import PASSWORD, POLICY, TOKEN, Town, some_bytes
from tests.hub.rigs.web_visitor import PAGE, Visitor

pytestmark = pytest.mark.promise("Cases and evidence: Nothing under hold is deleted.")

DAY_S = 86_400

# The world of these tests: one held clip, by each way of holding, and one that nothing holds.


@pytest.fixture(scope="module")
def s3_port(needs_system: None) -> Iterator[int]:
    with s3_server() as port:
        yield port


def in_bucket(streets: Streets, url: str, staging: Path) -> None:
    """From now on footage is kept there."""
    key = BucketKey(KEY_ID, SECRET)
    kept: Any = BlobBucket(BucketAddress.parse(url), key, staging=staging)
    streets.blobs = kept
    streets.uploads = streets.again()


def rooms(streets: Streets) -> dict[str, Any]:
    return {
        "owners": BLOB_OWNERS,
        "blobs": streets.blobs,
        "clock": streets.clock,
        "change_signal": streets.change_signal,
    }


def sweeper(streets: Streets) -> Reconciler:
    return Reconciler(streets.db, policy=streets.policy, **rooms(streets))


def press(streets: Streets, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that removes, as hard as it can: rules, a full disk, the sweep, by files of long ago."""
    with monkeypatch.context() as patch:
        patch.setattr(type(streets.blobs), "free_bytes", lambda _: -(2**40))
        remover = Remover(streets.db, makes_room=True, **rooms(streets))
        remover.remove_overdue()
        remover.make_room()
    age(streets)
    sweeper(streets).run(believes_all=True)


def age(streets: Streets) -> None:
    for shelf in range(256) if isinstance(streets.blobs, BlobFolder) else ():
        for found in streets.blobs.walk(f"{shelf:02x}"):
            os.utime(streets.blobs.path(found.sha256), (1, 1))


def is_here(streets: Streets, content: bytes) -> bool:
    row = row_of(streets, content)
    here = streets.blobs.has(sha(content))
    assert here == (row.stored_utc_us is not None)
    return here and b"".join(streets.blobs.read(sha(content), length=2**20)) == content


def camera_id(streets: Streets) -> UUID:
    return next(UUID(str(row.id)) for row in streets.rows(cameras) if row.name == "cam-1")


@pytest.mark.parametrize("store", ["folder", "bucket"])
@pytest.mark.parametrize("way", WAYS)
def test_no_rule_and_no_full_disk_takes_it(
    streets: Streets,
    monkeypatch: pytest.MonkeyPatch,
    s3_port: int,
    tmp_path: Path,
    way: str,
    store: str,
) -> None:
    if store == "bucket":
        in_bucket(streets, new_bucket(s3_port), tmp_path / "staging")
    seen(streets, b"free")
    alert_id, row = seen(streets, b"held")
    hold(streets, WAYS[way](streets, alert_id, row))
    rule(streets, 90)
    streets.clock.pass_s(2 * DAY_S)
    rule(streets, 1)  # shortened while it is held
    rule(streets, 1, area=streets.junction)
    press(streets, monkeypatch)
    assert (is_here(streets, b"held"), is_here(streets, b"free")) == (True, False)
    end(streets)
    press(streets, monkeypatch)
    assert not is_here(streets, b"held")


def test_one_of_two_cases_that_lets_go_frees_nothing(
    streets: Streets, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert_id, row = seen(streets, b"held")
    hold(streets, Hold(alert_id=alert_id), "1/2026")
    hold(streets, Hold(media_id=row.id), "2/2026")
    rule(streets, 1)
    streets.clock.pass_s(9 * DAY_S)
    for number in ("1/2026", "2/2026"):
        assert is_here(streets, b"held")
        end(streets, number)
        press(streets, monkeypatch)
    assert not is_here(streets, b"held")


def test_a_hold_that_comes_between_is_in_time(
    streets: Streets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was decided that the clip goes; before its row says so, somebody holds it."""
    _, row = seen(streets, b"held")
    rule(streets, 1)
    streets.clock.pass_s(9 * DAY_S)
    decide = Remover._remove

    def held_meanwhile(remover: Remover, removals: Any, why: str) -> int:
        hold(streets, Hold(media_id=row.id))
        return decide(remover, removals, why)

    monkeypatch.setattr(Remover, "_remove", held_meanwhile)
    assert Remover(streets.db, **rooms(streets)).remove_overdue() == 0
    assert is_here(streets, b"held")


def test_another_nodes_file_of_the_same_bytes_takes_none_of_it_along(
    streets: Streets, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, row = seen(streets, b"same")
    hold(streets, Hold(media_id=row.id))
    sighting = uuid4()
    streets.file(streets.other.opened(sighting), streets.other.clip(sighting, content=b"same"))
    streets.bring(b"same", node="cau-moi")
    rule(streets, 1)
    streets.clock.pass_s(9 * DAY_S)
    press(streets, monkeypatch)
    assert [one.stored_utc_us is not None for one in streets.rows(media)] == [True, False]
    assert streets.blobs.has(sha(b"same"))


def test_whoever_moves_its_camera_or_shuts_its_node_out_frees_nothing(
    streets: Streets, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert_id, _ = seen(streets, b"held")
    hold(streets, Hold(alert_id=alert_id))
    rule(streets, 1, area=streets.bridge)
    with streets.db.writing() as conn:
        node = registry.node_by_name(conn, "nga-tu")
        assert node is not None
        conn.execute(update(cameras).values(area_id=streets.bridge))
        enrolment_rows.shut_out(conn, node, why="mất", by=SHELL, now=streets.clock.now())
        presence.note_birth(conn, streets.node.birth("another"), now=streets.clock.now())
    streets.clock.pass_s(9 * DAY_S)
    press(streets, monkeypatch)
    assert is_here(streets, b"held")


def test_what_a_restored_hub_cannot_know_it_does_not_remove(
    streets: Streets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The backup knows the clip and not its hold; of a later clip it knows nothing at all."""
    streets.clock.moment = Moment(time.time_ns() // 1000, 5)
    seen(streets, b"held, the backup does not know")
    rule(streets, 1)
    unknown = b"came after the backup"
    incoming = streets.blobs.open_incoming(len(unknown))
    incoming.write(unknown)
    incoming.finish(sha(unknown))
    streets.clock.pass_s(2 * DAY_S)
    with streets.db.writing() as conn:
        note(conn, SHELL, act=RESTORED, now=streets.clock.now())
    streets.clock.pass_s(RESTORED_S - 60)
    press(streets, monkeypatch)
    assert is_here(streets, b"held, the backup does not know")
    assert streets.blobs.has(sha(unknown))
    streets.clock.pass_s(120)
    press(streets, monkeypatch)
    assert not is_here(streets, b"held, the backup does not know"), "nobody placed its hold again"
    assert streets.blobs.has(sha(unknown)), "no row can say whether it was held"


def test_a_store_called_lost_by_the_keeper_is_there_again_when_its_disk_is(
    streets: Streets, tmp_path: Path
) -> None:
    streets.clock.moment = Moment(time.time_ns() // 1000, 5)
    _, row = seen(streets, b"held")
    hold(streets, Hold(media_id=row.id))
    path = Path(streets.blobs.path(sha(b"held")))
    away = tmp_path / "disk that is away"
    path.rename(away)
    assert sweeper(streets).run(believes_all=True).lost == 1
    away.rename(path)
    os.utime(path, (1, 1))
    assert sweeper(streets).run().orphans == 0
    assert is_here(streets, b"held")


def test_its_small_copy_may_go_and_it_stays(town: Town) -> None:
    clip = some_bytes(900)
    one = town.somebody()
    town.clip(one, clip)
    clip_id = town.bring(clip)
    copy = town.folder / "copies" / f"{sha(clip)}.h264.mp4"
    copy.write_bytes(b"small")
    with town.db.writing() as conn:
        holds.place_hold(
            conn,
            Hold(alert_id=one.alert_id),
            case_number="1",
            reason="x",
            by=SHELL,
            now=town.clock.now(),
        )
    shared: dict[str, Any] = {
        "owners": BLOB_OWNERS,
        "blobs": town.blobs,
        "clock": town.clock,
        "change_signal": town.change_signal,
    }
    Reconciler(town.db, policy=POLICY, proxies=town.proxies, **shared).run()
    assert copy.exists(), "its original is here"
    crowded = Proxies(town.folder / "copies", bounds=ProxyBounds(kept_bytes=0), shrink=write_small)
    crowded.copy_of(sha(b"another"), lambda: iter(()))
    assert not copy.exists()
    town.proxies.forget(sha(clip))
    assert town.blobs.has(sha(clip))
    queue = CopyQueue(
        town.db, blobs=town.blobs, proxies=Proxies(town.folder / "copies", shrink=write_small)
    )
    queue.offer(sha(clip))
    queue.make_next(never)
    assert copy.exists(), "made anew, as its original is here"
    visitor = Visitor(town.app()).sign_in("an", PASSWORD)
    assert visitor.get(f"/media/{clip_id}/h264").content == b"small too"
    assert town.blobs.has(sha(clip))


def write_small(_: Iterator[bytes], draft: Path) -> None:
    draft.write_bytes(b"small too")


# What is still on its way.


@pytest.mark.parametrize("is_announced", [False, True])
def test_what_came_of_it_before_its_node_died_stays(streets: Streets, is_announced: bool) -> None:
    """Half a clip, under its own name or already under that of the whole: it is all there is."""
    clip = Clip(streets)
    [row] = streets.rows(growing_clips)
    whole = fragments(3)
    clip.bring(whole[:-300])
    hold(
        streets,
        Hold(
            camera_id=row.camera_id,
            from_utc_us=row.first_frame_utc_us,
            until_utc_us=row.first_frame_utc_us + 1,
        ),
    )
    if is_announced:
        clip.ready(whole, beginning=whole[:10])
        streets.uploads.status("nga-tu", sha(whole))  # handed over to the whole file's part
    name = str(row_of(streets, whole).id) if is_announced else part_of(clip.clip_id)
    path = Path(streets.parts.path(row.node_id, name))
    assert path.exists()
    os.utime(path, (1, 1))
    streets.clock.pass_s(FORGOTTEN_AFTER_S + SWEEP_EVERY_S)
    streets.uploads = streets.again()
    for number in range(30):
        streets.parts.open(row.node_id, f"{uuid4()}", room_bytes=number).close()
    assert path.exists()
    if not is_announced:
        silent_for(streets, TAKEN_IN_AFTER_S + 60)
        assert remains(streets).take_in() == 1
        [kept] = streets.rows(media)
        assert streets.blobs.has(kept.sha256)


def test_a_node_cannot_throw_away_what_came_of_a_held_file(streets: Streets) -> None:
    whole = b"true bytes, " * 50
    sighting = uuid4()
    [filed, _] = streets.file(
        streets.node.opened(sighting), streets.node.clip(sighting, content=whole)
    )
    assert filed.alert_id is not None
    hold(streets, Hold(alert_id=filed.alert_id))
    row = row_of(streets, whole)
    upload = streets.uploads.begin("nga-tu", sha(whole), len(whole))
    assert upload is not None
    upload.write(whole[:300])
    upload.finish()
    path = Path(streets.parts.path(row.node_id, str(row.id)))
    streets.uploads.drop("nga-tu", sha(whole))
    assert path.read_bytes() == whole[:300]
    upload = streets.uploads.resume("nga-tu", sha(whole), 300)
    assert upload is not None
    with pytest.raises(UploadRefusedError):
        upload.write(bytes(len(whole)))
    upload.finish()
    upload = streets.uploads.resume("nga-tu", sha(whole), 300)
    assert upload is not None
    upload.write(bytes(len(whole) - 300))
    with pytest.raises(WrongHashError):
        upload.finish()
    aside = path.with_name(path.name + ASIDE)
    assert aside.read_bytes()[:300] == whole[:300]
    assert streets.bring(whole), "the true one is welcome all the same"
    assert streets.blobs.has(sha(whole))


def test_what_came_while_it_was_recorded_goes_only_when_the_whole_is_there(
    streets: Streets,
) -> None:
    clip, whole = Clip(streets), fragments(3)
    clip.bring(whole[:-300])
    hold(streets, Hold(alert_id=clip.alert_id))
    clip.ready(whole, beginning=None)
    streets.bring(whole)
    assert b"".join(streets.blobs.read(sha(whole), length=2**20)) == whole


# The node is told, and told again when it has forgotten.


def test_a_node_with_another_journal_is_told_its_holds_anew(streets: Streets) -> None:
    _, row = seen(streets, b"held")
    hold(streets, Hold(media_id=row.id))

    def said() -> int:
        with streets.db.writing() as conn:
            return len(commands(conn, now=streets.clock.now()))

    def born() -> None:
        with streets.db.writing() as conn:
            presence.note_birth(conn, streets.node.birth(), now=streets.clock.now())

    assert said() == 1
    with streets.db.writing() as conn:
        conn.exec_driver_sql("UPDATE node_holds SET answered_utc_us = sent_utc_us")
    born()
    assert said() == 0, "the same journal remembers"
    streets.node.spool_id = uuid4()
    born()
    assert said() == 1


# By pages, requests and commands.


def with_keeper(town: Town) -> Visitor:
    town.add_keeper_of_all()
    app, hours = town.app(), itertools.count(0, 3600)
    app.state.limits.now_s = lambda: next(hours)  # all of it is let through
    return Visitor(app, may_fail=True).sign_in("quan", PASSWORD)


def held_and_removed(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A year later; by a rule of a day everywhere, and on a full disk."""
    monkeypatch.setattr("hub.footage.retention.remover.DAY_US", 1)
    monkeypatch.setattr("hub.footage.retention.rules.DAY_US", 1)
    monkeypatch.setattr(type(town.blobs), "free_bytes", lambda _: -(2**40))
    with town.db.writing() as conn:
        for footage_class in FootageClass:
            retention_rows.set_rule(
                conn,
                footage_class=footage_class,
                area_id=None,
                keep_days=1,
                reason="x",
                now=town.clock.now(),
            )
    shared: dict[str, Any] = {
        "owners": BLOB_OWNERS,
        "blobs": town.blobs,
        "clock": town.clock,
        "change_signal": town.change_signal,
    }
    remover = Remover(town.db, makes_room=True, **shared)
    remover.remove_overdue()
    remover.make_room()


def clip_in(town: Town) -> tuple[UUID, bytes]:
    clip, one = some_bytes(900), town.somebody()
    town.clip(one, clip)
    town.bring(clip)
    return one.alert_id, clip


ENDS_A_HOLD: Final = frozenset({"/keeping/holds/{hold_id}/end"})
"""What is meant to let go; with a reason, and in the log."""


def test_no_request_of_a_keeper_or_a_node_takes_it(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every address that changes anything, by every method, filled in with what is held."""
    monkeypatch.setattr("hub.nodes.commissioning.alert_test_pages.FRESH_S", 0.1)  # nobody sends one
    keeper = with_keeper(town)
    alert_id, clip = clip_in(town)
    with town.db.writing() as conn:
        row = conn.execute(select(media).where(media.c.sha256 == sha(clip))).one()
        holds.place_hold(
            conn,
            Hold(camera_id=row.camera_id, from_utc_us=0),
            case_number="VA-1",
            reason="trộm",
            by=SHELL,
            now=town.clock.now(),
        )
    known = {
        "alert_id": alert_id,
        "media_id": row.id,
        "camera_id": row.camera_id,
        "node_id": row.node_id,
        "area_id": town.area_id,
        "name": sha(clip),
        "sha256": sha(clip),
    }
    form = {
        "csrf": keeper.csrf,
        "reason": "thử",
        "days": "1",
        "area": str(town.area_id),
        "footage_class": "alert",
        "alert": str(alert_id),
        "camera": str(row.camera_id),
        "case": "VA-1",
    }
    as_node = {"Authorization": f"Bearer {TOKEN}", "Tus-Resumable": "1.0.0"}
    tried = 0
    for path, known_methods in sorted(town.app().openapi()["paths"].items()):
        if path in ENDS_A_HOLD or path == "/logout":
            continue
        here = re.sub(r"\{(\w+?)(:path)?\}", lambda one: str(known.get(one[1], uuid4())), path)
        for method in {one.upper() for one in known_methods} - {"GET", "HEAD"} | {"DELETE"}:
            is_nodes = path.startswith("/upload")
            headers = as_node if is_nodes else {**PAGE, **keeper.origin}
            keeper.send(method, here, data=form, headers=headers)
            tried += 1
    assert tried > 100
    held_and_removed(town, monkeypatch)
    assert town.blobs.has(sha(clip))


def test_no_way_of_a_case_but_letting_go_frees_it(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.allow("an", Right.SEE | Right.CLIPS | Right.EXPORT)
    alert_id, clip = clip_in(town)
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    opened = [
        an.post("/cases", number=f"VA-{n}", purpose="trộm xe máy", ends="").headers["location"]
        for n in (1, 2)
    ]
    for case in opened:
        an.post("/cases/add", case=case.rsplit("/", 1)[1], alert=str(alert_id))
    item = an.get(opened[0]).text.split('data-item="')[1].split('"', maxsplit=1)[0]
    assert an.post(f"{opened[0]}/items/{item}", out="true").status_code == 303
    held_and_removed(town, monkeypatch)
    assert town.blobs.has(sha(clip)), "the other case holds it"
    an.post(f"{opened[0]}/close", release="true")
    an.post(f"{opened[1]}/close")
    held_and_removed(town, monkeypatch)
    assert town.blobs.has(sha(clip)), "closed, and held on"
    an.post(f"{opened[1]}/reopen")
    an.post(f"{opened[1]}/owner", login="binh")
    held_and_removed(town, monkeypatch)
    assert town.blobs.has(sha(clip))


def test_no_command_takes_it(
    sqlite_url: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    db = Database(sqlite_url)
    town = Town(db, tmp_path)
    desk = Desk.of(sqlite_url, tmp_path, capsys)
    alert_id, clip = clip_in(town)
    alert = str(alert_id)
    for case in ("VA-1", "VA-2"):
        desk.says("hold", "add", "--case", case, "--alert", alert, "--reason", "trộm xe")
    for footage_class in FootageClass:
        rule_words = ("retention", "set", "--class", footage_class, "--days", "1")
        desk.says(*rule_words, "--reason", "Quyết định 12")
        desk.says("retention", "end", "--class", footage_class)
    desk.says("hold", "end", "--case", "VA-1", "--reason", "xong")
    for path in (tmp_path / "media").rglob("*"):
        if path.is_file():
            os.utime(path, (1, 1))
    desk.says("media", "sweep")
    desk.says("media", "sweep", "--all-lost")
    held_and_removed(town, monkeypatch)
    assert town.blobs.has(sha(clip))
    db.close()
