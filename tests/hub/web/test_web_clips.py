"""Downloads give the requested ranges, and uploads accept only announced files."""

from hashlib import sha256
from io import BytesIO
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import select

from hub.alerting.alerts.tables import alerts
from hub.web.pictures.child import MEDIUM_BYTES, SMALL_BYTES
from hub.web.ranges import ByteRange, UnsatisfiableError, wanted_span
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor

DATA = bytes(range(256)) * 2000


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: no query is tried here."""
    return sqlite_url


@pytest.fixture
def clip_id(town: Town) -> UUID:
    town.clip(town.somebody(), DATA)
    return town.bring(DATA)


@pytest.fixture
def an(town: Town) -> Visitor:
    return Visitor(town.app()).sign_in("an", PASSWORD)


def picture_id(town: Town, data: bytes) -> UUID:
    town.somebody(data)
    return town.bring(data)


def alert_id(town: Town) -> UUID:
    with town.db.reading() as conn:
        return conn.scalars(select(alerts.c.id)).one()


def test_whole_clip_comes_with_its_hash_as_tag(an: Visitor, clip_id: UUID) -> None:
    answer = an.get(f"/media/{clip_id}")
    assert answer.status_code == 200
    assert answer.content == DATA
    assert answer.headers["etag"] == f'"{sha256(DATA).hexdigest()}"'
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["cache-control"].startswith("private")


@pytest.mark.promise("Clips: Playing starts within one second, five seconds before the event.")
@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-99", 0, 99),
        ("bytes=100-", 100, len(DATA) - 1),
        ("bytes=-10", len(DATA) - 10, len(DATA) - 1),
        ("bytes=500000-99999999", 500_000, len(DATA) - 1),
        ("bytes=300000-300000", 300_000, 300_000),
    ],
)
def test_part_of_a_clip(an: Visitor, clip_id: UUID, asked: str, first: int, last: int) -> None:
    answer = an.get(f"/media/{clip_id}", Range=asked)
    assert answer.status_code == 206
    assert answer.content == DATA[first : last + 1]
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(DATA)}"
    assert answer.headers["content-length"] == str(last - first + 1)


@pytest.mark.parametrize("asked", [f"bytes={len(DATA)}-", "bytes=9999999-10000000", "bytes=-0"])
def test_part_beyond_the_end_is_416(an: Visitor, clip_id: UUID, asked: str) -> None:
    answer = an.get(f"/media/{clip_id}", Range=asked)
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(DATA)}"


@pytest.mark.parametrize(
    "asked", ["bytes=5-2", "bytes=a-b", "bytes=-", "items=0-1", "bytes=0-1,5-6"]
)
def test_nonsense_range_gets_the_whole(an: Visitor, clip_id: UUID, asked: str) -> None:
    answer = an.get(f"/media/{clip_id}", Range=asked)
    assert answer.status_code == 200
    assert answer.content == DATA


def test_range_counts_only_for_the_file_it_was_meant_for(an: Visitor, clip_id: UUID) -> None:
    tag = f'"{sha256(DATA).hexdigest()}"'
    same = an.get(f"/media/{clip_id}", Range="bytes=0-9", If_Range=tag)
    other = an.get(f"/media/{clip_id}", Range="bytes=0-9", If_Range='"other"')
    assert (same.status_code, other.status_code) == (206, 200)


def test_known_file_is_not_sent_again(an: Visitor, clip_id: UUID) -> None:
    tag = f'"{sha256(DATA).hexdigest()}"'
    answer = an.get(f"/media/{clip_id}", If_None_Match=tag)
    assert answer.status_code == 304
    assert answer.content == b""


def test_head_tells_the_size_alone(an: Visitor, clip_id: UUID) -> None:
    answer = an.send("HEAD", f"/media/{clip_id}")
    assert answer.headers["content-length"] == str(len(DATA))
    assert answer.content == b""


@pytest.mark.promise(
    "Seal and footage store: Files are streamed with ranges and are never whole in memory."
)
@given(
    header=st.text(max_size=40) | st.from_regex(r"bytes=\d{0,5}-\d{0,5}"), size=st.integers(1, 9999)
)
def test_any_range_header_stays_within_the_file(header: str, size: int) -> None:
    try:
        span = wanted_span(header, size)
    except UnsatisfiableError:
        return
    if span is not None:
        assert 0 <= span.first <= span.last < size
        assert span == ByteRange(span.first, span.last)


def jpeg(*, width: int, height: int) -> bytes:
    buffer = BytesIO()
    Image.effect_noise((width, height), 60).convert("RGB").save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def test_list_gets_a_small_picture_in_its_own_shape(town: Town, an: Visitor) -> None:
    data = jpeg(width=1280, height=720)
    answer = an.get(f"/media/{picture_id(town, data)}/small")
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["cache-control"].startswith("private")
    assert len(answer.content) < len(data) / 5
    assert Image.open(BytesIO(answer.content)).size == (400, 225)


def test_a_page_gets_a_picture_of_its_size_that_never_weighs_much(town: Town, an: Visitor) -> None:
    data = jpeg(width=1920, height=1080)  # noise: nothing is harder to make small
    shown = picture_id(town, data)
    medium = an.get(f"/media/{shown}/medium")
    assert Image.open(BytesIO(medium.content)).size == (800, 450)
    assert len(medium.content) <= MEDIUM_BYTES
    assert len(an.get(f"/media/{shown}/small").content) <= SMALL_BYTES
    page = an.get(f"/alerts/{alert_id(town)}").text
    assert f'src="/media/{shown}/medium"' in page and f'href="/media/{shown}"' in page
    assert an.get(f"/media/{uuid4()}/medium").status_code == 404


def test_the_part_around_a_box_is_cut_out_square_and_within_the_picture(
    town: Town, an: Visitor
) -> None:
    shown = picture_id(town, jpeg(width=1280, height=720))
    whole = an.get(f"/media/{shown}/small").content
    for around, side in (
        ("0.5,0.2,0.6,0.6", 400),  # 288 px high, with its surroundings 403
        ("0.98,0.9,1,1", 101),
        ("0,0,0.001,0.001", 96),
        ("0,0,1,1", 400),
    ):
        answer = an.get(f"/media/{shown}/small?around={around}")
        assert answer.headers["content-type"] == "image/webp"
        assert Image.open(BytesIO(answer.content)).size == (side, side)
        assert answer.content != whole
    for around in ("0.6,0.2,0.5,0.6", "1,2,3,4", "a,b,c,d", "0,0,1", "0.5,0.5,0.5,0.5"):
        assert an.get(f"/media/{shown}/small?around={around}").status_code == 422


def test_picture_that_cannot_be_made_smaller_is_shown_without_one(town: Town, an: Visitor) -> None:
    shown = picture_id(town, b"no picture")
    answer = an.get(f"/media/{shown}/small")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert an.get(f"/media/{shown}").content == b"no picture"


@pytest.mark.promise(
    "Rights: Pages, pushes, files, searches and exports use the same check of grants."
)
def test_small_picture_passes_the_same_door(town: Town, an: Visitor, clip_id: UUID) -> None:
    shown = picture_id(town, jpeg(width=64, height=48))
    assert an.get(f"/media/{clip_id}/small").status_code == 404
    assert an.get(f"/media/{shown}/small").status_code == 200
    guest = Visitor(town.app()).sign_in("guest", PASSWORD)
    assert guest.get(f"/media/{shown}/small").status_code == 404
    assert guest.get(f"/media/{shown}/small?around=0,0,1,1").status_code == 404
