"""Files go out in the ranges asked for and come in only as announced."""

from hashlib import sha256
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hub.web.ranges import Span, UnsatisfiableError, wanted_span
from tests.hub.fake_site import FakeSite, fake_site
from tests.hub.web_visitor import Visitor

DATA = bytes(range(256)) * 2000


@pytest.fixture
def site() -> FakeSite:
    return fake_site(max_upload_bytes=1_000_000)


@pytest.fixture
def clip_id(site: FakeSite, tmp_path: Path) -> UUID:
    path = tmp_path / "clip"
    path.write_bytes(DATA)
    return site.door.keep(path, kind="clip")


@pytest.fixture
def an(site: FakeSite) -> Visitor:
    return Visitor(site.app).sign_in("an", "right")


def test_whole_clip_comes_with_its_hash_as_tag(an: Visitor, clip_id: UUID) -> None:
    answer = an.get(f"/media/{clip_id}")
    assert answer.status_code == 200
    assert answer.content == DATA
    assert answer.headers["etag"] == f'"{sha256(DATA).hexdigest()}"'
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["cache-control"].startswith("private")


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
        assert span == Span(span.first, span.last)


def jpeg(folder: Path, *, width: int, height: int) -> Path:
    path = folder / f"{width}x{height}.jpg"
    Image.effect_noise((width, height), 60).convert("RGB").save(path, quality=90)
    return path


def test_list_gets_a_small_picture_in_its_own_shape(
    site: FakeSite, an: Visitor, tmp_path: Path
) -> None:
    path = jpeg(tmp_path, width=1280, height=720)
    picture_id = site.door.keep(path, kind="picture")
    answer = an.get(f"/media/{picture_id}/small")
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["cache-control"].startswith("private")
    assert len(answer.content) < path.stat().st_size / 5
    assert Image.open(BytesIO(answer.content)).size == (400, 225)


def test_picture_that_cannot_be_made_smaller_is_sent_as_it_is(
    site: FakeSite, an: Visitor, tmp_path: Path
) -> None:
    path = tmp_path / "no.jpg"
    path.write_bytes(b"no picture")
    picture_id = site.door.keep(path, kind="picture")
    answer = an.get(f"/media/{picture_id}/small")
    assert answer.headers["location"] == f"/media/{picture_id}"


def test_small_picture_passes_the_same_door(
    site: FakeSite, an: Visitor, clip_id: UUID, tmp_path: Path
) -> None:
    picture_id = site.door.keep(jpeg(tmp_path, width=64, height=48), kind="picture")
    assert an.get(f"/media/{clip_id}/small").status_code == 404
    site.door.strangers.add("an")
    assert an.get(f"/media/{picture_id}/small").status_code == 404
