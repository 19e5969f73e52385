"""Uploads at a hub on two machines, each with its own disk: the file is stored wherever a request
goes; bytes at the other machine are only sent again."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from hub.base.audit.tables import audit
from hub.base.storage.partial_files import PartialFiles, WrongOffsetError
from hub.footage.growing.clips import GrowingUpload
from hub.footage.upload.service import FORGOTTEN_AFTER_S, SWEEP_EVERY_S, Upload, Uploads
from tests.hub.helpers.footage.growing import BODY, DRAFT, WHOLE, Clip
from tests.hub.rigs.streets import Streets, sha

NODE = "nga-tu"

pytestmark = pytest.mark.promise("Clips: Footage is uploaded by tus and resumes.")


@pytest.fixture
def there(streets: Streets, tmp_path: Path) -> Uploads:
    """A process on the second machine."""
    return Uploads(
        streets.db,
        blobs=streets.blobs,
        parts=PartialFiles(tmp_path / "there"),
        clock=streets.clock,
        change_signal=streets.change_signal,
        policy=streets.policy,
    )


def bring(upload: Upload | GrowingUpload | None, data: bytes) -> None:
    assert upload is not None
    upload.write(data)
    upload.finish()


def offset(uploads: Uploads, content: bytes) -> int:
    return uploads.status(NODE, sha(content)).offset_bytes


def times_stored(streets: Streets) -> int:
    with streets.db.reading() as conn:
        query = select(func.count()).select_from(audit).where(audit.c.act == "media.store")
        return int(conn.scalar(query) or 0)


@pytest.mark.parametrize("change", ["once", "and back"])
def test_a_file_whose_requests_go_to_two_machines_is_stored_once(
    streets: Streets, there: Uploads, change: str
) -> None:
    here = streets.uploads
    clip = Clip(streets)
    clip.ready(beginning=None)
    bring(here.begin(NODE, sha(WHOLE), len(WHOLE)), WHOLE[:10])
    assert (offset(here, WHOLE), offset(there, WHOLE)) == (10, 0)
    with pytest.raises(WrongOffsetError):
        there.resume(NODE, sha(WHOLE), 10)
    if change == "once":
        bring(there.begin(NODE, sha(WHOLE), len(WHOLE)), WHOLE)
    else:
        bring(there.begin(NODE, sha(WHOLE), len(WHOLE)), WHOLE[:20])
        bring(here.resume(NODE, sha(WHOLE), 10), WHOLE[10:])
    for uploads in (here, there):
        assert offset(uploads, WHOLE) == len(WHOLE)
        assert uploads.begin(NODE, sha(WHOLE), len(WHOLE)) is None
    assert times_stored(streets) == 1
    assert b"".join(streets.blobs.read(sha(WHOLE), length=len(WHOLE))) == WHOLE


def test_what_was_left_on_the_other_machine_is_swept(streets: Streets, there: Uploads) -> None:
    here = streets.uploads
    Clip(streets).ready(beginning=None)
    bring(here.begin(NODE, sha(WHOLE), len(WHOLE)), WHOLE[:10])
    bring(there.begin(NODE, sha(WHOLE), len(WHOLE)), WHOLE)
    assert here.parts.sweep(older_than_utc_us=2**62, growing_older_than_utc_us=0) == 1
    assert streets.blobs.has(sha(WHOLE))


@pytest.mark.parametrize("end", ["here", "there"])
def test_a_clip_that_grew_on_two_machines_is_stored_whole_by_either(
    streets: Streets, there: Uploads, end: str
) -> None:
    here = streets.uploads
    clip = Clip(streets)
    bring(here.growing.open(NODE, clip.clip_id), DRAFT + BODY[:10])
    assert there.growing.status(NODE, clip.clip_id) == 0
    bring(there.growing.open(NODE, clip.clip_id), DRAFT + BODY[:15])
    clip.ready()
    last = here if end == "here" else there
    stands = offset(last, WHOLE)
    assert stands == len(DRAFT) + (10 if end == "here" else 15)
    bring(last.resume(NODE, sha(WHOLE), stands), WHOLE[stands:])
    assert [offset(one, WHOLE) for one in (here, there)] == [len(WHOLE)] * 2
    assert times_stored(streets) == 1
    assert b"".join(streets.blobs.read(sha(WHOLE), length=len(WHOLE))) == WHOLE


def test_a_machine_that_comes_back_after_a_day_finds_the_file_stored(
    streets: Streets, there: Uploads
) -> None:
    Clip(streets).ready(beginning=None)
    bring(there.begin(NODE, sha(WHOLE), len(WHOLE)), WHOLE[:10])
    streets.clock.pass_s(FORGOTTEN_AFTER_S + SWEEP_EVERY_S)
    bring(streets.uploads.begin(NODE, sha(WHOLE), len(WHOLE)), WHOLE)
    assert there.begin(NODE, sha(WHOLE), len(WHOLE)) is None
    assert times_stored(streets) == 1
