"""Uploads and growing clips at a hub on several machines with a bucket: each request may go to
another machine, and no received byte is on one disk only.

The bucket is the strictest of the servers: it refuses conditional PUTs, and bytes that do not match
their hash.
"""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from hub.app import config, stores
from hub.app.blob_owners import BLOB_OWNERS, is_needed
from hub.base.audit.tables import audit
from hub.base.storage import shared_parts
from hub.base.storage.blobs import BlobFolder, Blobs, StoreAwayError
from hub.base.storage.partial_files import SupersededError, WrongOffsetError
from hub.base.storage.s3 import BlobBucket, BucketAddress, BucketKey
from hub.base.storage.shared_parts import SharedParts
from hub.base.storage.tables import upload_pieces
from hub.footage.growing.clips import GrowingUpload
from hub.footage.growing.salvage import TAKEN_IN_AFTER_S, Salvage
from hub.footage.retention.reconcile import Reconciler
from hub.footage.retention.rules import Hold
from hub.footage.tables import growing_clips, media
from hub.footage.upload.service import (
    FORGOTTEN_AFTER_S,
    GROWING_FORGOTTEN_AFTER_S,
    SWEEP_EVERY_S,
    Upload,
    Uploads,
    WrongHashError,
)
from tests.bucket import KEY_ID, SECRET, new_bucket, s3_server
from tests.hub.helpers.footage.growing import BODY, DRAFT, WHOLE, Clip
from tests.hub.helpers.footage.salvage import fragments, hold
from tests.hub.rigs.streets import Streets, sha

NODE = "nga-tu"

pytestmark = pytest.mark.promise("Clips: Footage is uploaded by tus and resumes.")


@pytest.fixture(scope="module")
def port(needs_system: None) -> Iterator[int]:
    with s3_server(is_swift_like=True) as port:
        yield port


class Hub:
    """Machines over one database and one store."""

    def __init__(self, streets: Streets, store: Callable[[Path], Blobs], folder: Path) -> None:
        self.streets = streets
        self.db = streets.db
        self._store = store
        self.folder = folder
        self.here, self.there, self.third = (self.machine(name) for name in ("a", "b", "c"))

    def machine(self, name: str, *, most: int = 16) -> Uploads:
        streets, blobs = self.streets, self._store(self.folder / name)
        parts = SharedParts(
            self.folder / name / "parts",
            db=streets.db,
            blobs=blobs,
            clock=streets.clock,
            is_needed=is_needed,
            most_per_node=most,
        )
        return Uploads(
            streets.db,
            blobs=blobs,
            parts=parts,
            clock=streets.clock,
            change_signal=streets.change_signal,
            policy=streets.policy,
        )

    def sweep(self) -> int:
        """The number of files that nobody needs."""
        streets = self.streets
        # The store's clock is that of this machine.
        streets.clock.pass_s(time.time() + 2 * 3600 - streets.clock.now().utc_us / 1e6)
        reconciler = Reconciler(
            streets.db,
            owners=BLOB_OWNERS,
            blobs=self.here.blobs,
            clock=streets.clock,
            change_signal=streets.change_signal,
            policy=streets.policy,
        )
        return reconciler.run().orphans

    def files(self) -> set[str]:
        blobs = self.here.blobs
        if not isinstance(blobs, BlobBucket):
            return {path.name for path in (self.folder / "store").glob("??/*")}
        found = blobs._client.list_objects_v2(Bucket=blobs.address.bucket)
        return {item["Key"].rpartition("/")[2] for item in found.get("Contents", ())}

    def pieces(self) -> list[tuple[str, int, int]]:
        query = select(
            upload_pieces.c.name, upload_pieces.c.start_bytes, upload_pieces.c.size_bytes
        )
        with self.db.reading() as conn:
            return [tuple(row) for row in conn.execute(query.order_by(*query.selected_columns))]

    def is_stored_once(self, content: bytes = WHOLE) -> bool:
        """And nothing else is left, in the store or on a disk."""
        with self.db.reading() as conn:
            query = select(func.count()).select_from(audit).where(audit.c.act == "media.store")
            times = conn.scalar(query)
        read = b"".join(self.third.blobs.read(sha(content), length=len(content)))
        assert read == content
        assert self.pieces() == []
        assert self.files() == {sha(content)}
        assert [path for path in self.folder.glob("*/parts/**/*") if path.is_file()] == []
        return times == 1


@pytest.fixture
def hub(streets: Streets, tmp_path: Path, port: int) -> Hub:
    address = BucketAddress.parse(new_bucket(port))
    key = BucketKey(KEY_ID, SECRET)
    return Hub(streets, lambda staging: BlobBucket(address, key, staging=staging), tmp_path)


@pytest.fixture
def plain(streets: Streets, tmp_path: Path) -> Hub:
    """With a folder in place of the bucket, where the store does not matter."""
    return Hub(streets, lambda _: BlobFolder(tmp_path / "store"), tmp_path)


def bring(upload: Upload | GrowingUpload | None, data: bytes) -> None:
    assert upload is not None
    upload.write(data)
    upload.finish()


def offset(uploads: Uploads, content: bytes = WHOLE) -> int:
    return uploads.status(NODE, sha(content)).offset_bytes


def test_an_upload_goes_on_at_each_machine(streets: Streets, hub: Hub) -> None:
    Clip(streets).ready(beginning=None)
    bring(hub.here.begin(NODE, sha(WHOLE), len(WHOLE)), WHOLE[:10])
    assert [offset(one) for one in (hub.here, hub.there, hub.third)] == [10] * 3
    bring(hub.there.resume(NODE, sha(WHOLE), 10), WHOLE[10:20])
    with pytest.raises(WrongOffsetError):
        hub.here.resume(NODE, sha(WHOLE), 10)
    bring(hub.third.resume(NODE, sha(WHOLE), 20), WHOLE[20:])
    assert offset(hub.here) == len(WHOLE)
    assert hub.there.begin(NODE, sha(WHOLE), len(WHOLE)) is None
    assert hub.is_stored_once()


def test_a_clip_grows_at_each_machine_and_is_watched_at_another(streets: Streets, hub: Hub) -> None:
    clip = Clip(streets)
    bring(hub.here.growing.open(NODE, clip.clip_id), DRAFT + BODY[:4])
    film = hub.third.growing.watch(clip.clip_id)
    assert film is not None
    seen = film.read(8) + film.read(100)
    assert seen == DRAFT + BODY[:4]
    assert film.read(100) == b""
    assert hub.there.growing.status(NODE, clip.clip_id) == 14
    bring(hub.there.growing.open(NODE, clip.clip_id), BODY[4:9])
    seen += film.read(100)
    clip.ready()
    assert offset(hub.here) == 19, "with the beginning of the whole file"
    bring(hub.here.resume(NODE, sha(WHOLE), 19), WHOLE[19:30])
    seen += film.read(100)
    bring(hub.there.resume(NODE, sha(WHOLE), 30), WHOLE[30:])
    assert film.is_over()
    while piece := film.read(7):
        seen += piece
    assert seen == DRAFT + BODY
    assert hub.is_stored_once()


def test_a_clip_that_grew_to_its_last_byte_is_stored_by_either(streets: Streets, hub: Hub) -> None:
    clip = Clip(streets)
    bring(hub.here.growing.open(NODE, clip.clip_id), DRAFT[:5])
    bring(hub.there.growing.open(NODE, clip.clip_id), (DRAFT + BODY)[5:])
    clip.ready()
    assert hub.third.begin(NODE, sha(WHOLE), len(WHOLE)) is None
    assert hub.is_stored_once()


def test_a_request_that_hangs_gives_way_to_one_at_another_machine(
    streets: Streets, plain: Hub
) -> None:
    Clip(streets).ready(beginning=None)
    hanging = plain.here.begin(NODE, sha(WHOLE), len(WHOLE))
    assert hanging is not None
    hanging.write(WHOLE[:15])
    bring(plain.there.begin(NODE, sha(WHOLE), len(WHOLE)), WHOLE[:20])
    with pytest.raises(SupersededError):
        hanging.finish()
    assert offset(plain.here) == 20
    hanging = plain.here.resume(NODE, sha(WHOLE), 20)
    assert hanging is not None
    hanging.write(WHOLE[20:])
    bring(plain.there.resume(NODE, sha(WHOLE), 20), WHOLE[20:30])
    with pytest.raises(SupersededError):  # the whole of the upload is not what it has
        hanging.finish()
    bring(plain.third.resume(NODE, sha(WHOLE), 30), WHOLE[30:])
    assert plain.is_stored_once()


def test_at_one_machine_what_came_before_the_line_broke_counts(
    streets: Streets, plain: Hub
) -> None:
    Clip(streets).ready(beginning=None)
    hanging = plain.here.begin(NODE, sha(WHOLE), len(WHOLE))
    assert hanging is not None
    hanging.write(WHOLE[:15])
    assert offset(plain.here) == 15
    with pytest.raises(SupersededError):
        hanging.write(WHOLE[15:])
    hanging.finish()
    assert plain.here.parts.under_way == 0
    bring(plain.there.resume(NODE, sha(WHOLE), 15), WHOLE[15:])
    assert plain.is_stored_once()


def test_killed_between_the_store_and_the_row_what_was_taken_stays_and_the_rest_is_counted(
    streets: Streets, plain: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = plain
    Clip(streets).ready(beginning=None)
    bring(hub.here.begin(NODE, sha(WHOLE), len(WHOLE)), WHOLE[:10])

    def die(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(shared_parts, "add_once", die)
        with pytest.raises(KeyboardInterrupt):
            bring(hub.here.resume(NODE, sha(WHOLE), 10), WHOLE[10:25])
    assert offset(hub.there) == 10
    assert len(hub.files()) == 2
    assert hub.sweep() == 1
    bring(hub.there.resume(NODE, sha(WHOLE), 10), WHOLE[10:20])
    assert hub.sweep() == 0, "pieces of an upload under way are needed"
    bring(hub.here.resume(NODE, sha(WHOLE), 20), WHOLE[20:])
    assert hub.is_stored_once()


@pytest.mark.parametrize("last", ["here", "there"])
def test_a_store_that_is_away_at_the_last_byte_loses_nothing(
    streets: Streets, plain: Hub, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    Clip(streets).ready(beginning=None)
    bring(plain.here.begin(NODE, sha(WHOLE), len(WHOLE)), WHOLE[:10])

    def refuse(*_: object) -> None:
        raise StoreAwayError("away")

    with monkeypatch.context() as away:
        away.setattr(plain.here.blobs, "keep", refuse)
        with pytest.raises(StoreAwayError):
            bring(plain.here.resume(NODE, sha(WHOLE), 10), WHOLE[10:])
        with pytest.raises(StoreAwayError):
            offset(plain.here)
    if last == "here":
        assert offset(plain.here) == len(WHOLE), "it lay there whole"
        assert plain.is_stored_once()
    else:
        assert offset(plain.there) == 10
        bring(plain.there.resume(NODE, sha(WHOLE), 10), WHOLE[10:])
        assert offset(plain.here) == len(WHOLE)


def test_a_piece_that_the_store_lost_makes_the_upload_begin_again(
    streets: Streets, plain: Hub
) -> None:
    Clip(streets).ready(beginning=None)
    bring(plain.here.begin(NODE, sha(WHOLE), len(WHOLE)), WHOLE[:10])
    plain.here.blobs.remove(sha(WHOLE[:10]))
    with pytest.raises(FileNotFoundError):
        bring(plain.here.resume(NODE, sha(WHOLE), 10), WHOLE[10:])
    assert offset(plain.there) == 0
    bring(plain.there.begin(NODE, sha(WHOLE), len(WHOLE)), WHOLE)
    assert plain.is_stored_once()


def test_an_abandoned_upload_goes_and_a_growing_clip_waits(streets: Streets, plain: Hub) -> None:
    clip, other = Clip(streets), b"another film"
    bring(plain.here.growing.open(NODE, clip.clip_id), DRAFT)
    Clip(streets).ready(other, beginning=None)
    bring(plain.here.begin(NODE, sha(other), len(other)), other[:3])
    streets.clock.pass_s(FORGOTTEN_AFTER_S + SWEEP_EVERY_S)
    plain.machine("d")
    assert [name for name, *_ in plain.pieces()] == [f"{clip.clip_id}.growing"]
    assert plain.files() == {sha(DRAFT)}


def test_a_crowd_of_uploads_loses_its_oldest_and_never_one_under_hold(
    streets: Streets, plain: Hub
) -> None:
    held = Clip(streets)
    [row] = streets.rows(growing_clips)
    at_us = row.first_frame_utc_us
    hold(streets, Hold(camera_id=row.camera_id, from_utc_us=at_us, until_utc_us=at_us + 1))
    crowded = plain.machine("d", most=2)
    bring(crowded.growing.open(NODE, held.clip_id), DRAFT)
    clips = []
    for _ in range(3):
        streets.clock.pass_s(60)
        clips.append(clip := Clip(streets))
        bring(crowded.growing.open(NODE, clip.clip_id), DRAFT + BODY[:1])
    assert crowded.parts.crowded_out == 2
    kept = {f"{clip.clip_id}.growing" for clip in (held, clips[-1])}
    assert {name for name, *_ in plain.pieces()} == kept


def test_the_true_beginning_of_a_held_file_stays_when_its_end_is_wrong(
    streets: Streets, plain: Hub
) -> None:
    clip = Clip(streets)
    hold(streets, Hold(alert_id=clip.alert_id))
    clip.ready(beginning=None)
    bring(plain.here.begin(NODE, sha(WHOLE), len(WHOLE)), WHOLE[:10])
    plain.there.drop(NODE, sha(WHOLE))
    assert offset(plain.here) == 10
    wrong = WHOLE[:10] + bytes(len(WHOLE) - 10)
    with pytest.raises(WrongHashError):
        bring(plain.there.resume(NODE, sha(WHOLE), 10), wrong[10:])
    [(name, start, size_bytes)] = plain.pieces()
    assert (name.endswith(".aside"), start, size_bytes) == (True, 0, len(WHOLE))
    assert plain.files() == {sha(wrong)}
    bring(plain.here.begin(NODE, sha(WHOLE), len(WHOLE)), WHOLE)
    assert plain.files() == {sha(wrong), sha(WHOLE)}


def test_what_came_of_a_held_clip_stays_under_each_of_its_names(
    streets: Streets, plain: Hub
) -> None:
    clip = Clip(streets)
    hold(streets, Hold(alert_id=clip.alert_id))
    bring(plain.here.growing.open(NODE, clip.clip_id), DRAFT + BODY[:5])
    for name in ("its own", "its file's"):
        streets.clock.pass_s(GROWING_FORGOTTEN_AFTER_S + SWEEP_EVERY_S)
        plain.machine("d")
        if name == "its own":
            assert plain.there.growing.status(NODE, clip.clip_id) == 15
            clip.ready()
        assert offset(plain.there) == 15
    bring(plain.here.resume(NODE, sha(WHOLE), 15), WHOLE[15:])
    assert plain.is_stored_once()


def test_what_is_left_of_a_clip_is_taken_in_at_another_machine(streets: Streets, hub: Hub) -> None:
    clip, data = Clip(streets), fragments(3)
    bring(hub.here.growing.open(NODE, clip.clip_id), data[:100])
    bring(hub.there.growing.open(NODE, clip.clip_id), data[100:])
    streets.clock.pass_s(TAKEN_IN_AFTER_S + 60)
    salvage = Salvage(
        streets.db,
        parts=hub.third.parts,
        blobs=hub.third.blobs,
        clock=streets.clock,
        change_signal=streets.change_signal,
    )
    assert salvage.take_in() == 1
    [row] = streets.rows(media)
    assert (row.sha256, row.duration_ms) == (sha(data), 6000)
    assert hub.is_stored_once(data)


def test_what_lay_on_the_disk_before_is_taken_in(streets: Streets, plain: Hub) -> None:
    clip = Clip(streets)
    [row] = streets.rows(growing_clips)
    old = plain.folder / "d" / "parts" / str(row.node_id) / f"{clip.clip_id}.growing"
    old.parent.mkdir(parents=True)
    old.write_bytes(DRAFT)
    came_us = streets.clock.now().utc_us
    os.utime(old, ns=(came_us * 1000,) * 2)
    plain.machine("d")
    assert not old.exists()
    assert plain.here.growing.status(NODE, clip.clip_id) == len(DRAFT)
    assert plain.here.parts.grew_utc_us(row.node_id, f"{clip.clip_id}.growing") == came_us


def test_a_part_gets_another_name_as_it_is(streets: Streets, plain: Hub) -> None:
    """As for programs of nodes, whose whole file is checked under another name."""
    owner, name = uuid4(), str(uuid4())
    here, there = plain.here.parts, plain.there.parts
    for parts, data in ((here, b"bun"), (there, b"dle")):
        part = parts.open(owner, name, room_bytes=0)
        part.write(data)
        part.close()
    here.hand_over(owner, name, to=f"{name}.whole", beginning=b"")
    assert (there.received_bytes(owner, name), there.grew_utc_us(owner, name)) == (0, None)
    assert Path(there.bring(owner, f"{name}.whole")).read_bytes() == b"bundle"
    there.hand_over(owner, f"{name}.whole", to=name, beginning=b"")
    assert here.received_bytes(owner, name) == 6
    here.drop(owner, name)
    assert (plain.pieces(), plain.files()) == ([], set())


def test_a_stored_file_that_is_a_piece_too_stays(streets: Streets, plain: Hub) -> None:
    streets_film = b"a film in one piece"
    Clip(streets).ready(streets_film, beginning=None)
    bring(plain.here.begin(NODE, sha(streets_film), len(streets_film)), streets_film)
    owner, name = UUID(int=1), str(uuid4())
    part = plain.there.parts.open(owner, name, room_bytes=0)
    part.write(streets_film)
    part.close()
    plain.here.parts.drop(owner, name)
    assert plain.files() == {sha(streets_film)}


@pytest.mark.parametrize("with_bucket", [False, True])
def test_only_postgresql_with_a_bucket_shares_them(
    streets: Streets, tmp_path: Path, with_bucket: bool
) -> None:
    url = "s3+http://127.0.0.1:9/bucket" if with_bucket else ""
    settings = config.HubSettings(
        web={"public_url": "https://hub.example"},
        push={"subject": "mailto:keeper@hub.example"},
        store={"media_folder": tmp_path, "media_url": url},
    )
    there = stores.Stores(streets.db, streets.blobs, streets.clock)
    parts = stores.parts(settings, "parts", there)
    assert parts.is_shared == (with_bucket and streets.db.is_shared)
