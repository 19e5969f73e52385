"""Redacted copies: hidden in every frame, interpolated between drawn boxes, marked, never without
the original."""

import io
import json
import random
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import select

from hub.cases.evidence.blur import BlurError, blur
from hub.cases.evidence.keys import EvidenceSigner
from hub.cases.evidence.manifest import MANIFEST
from hub.cases.evidence.package import write_package
from hub.cases.evidence.redaction_plan import DrawnBox, HiddenObject, RedactionPlan, read_plan
from hub.footage.tables import media
from tests.agent.rigs.videos import walk_past
from tests.hub.helpers.cases.evidence import check, entries_of, item, order, packed, signer
from tests.hub.helpers.cases.exporting import let_export, seen_with
from tests.hub.rigs.desk import Desk
from tests.hub.rigs.web_town import Town

pytestmark = pytest.mark.promise(
    "Cases and evidence: A redacted copy is marked and stands beside the original."
)

MEDIA = UUID(int=1)


def box(at_s: float, x0: float, y0: float, x1: float, y1: float) -> DrawnBox:
    return DrawnBox(at_s=at_s, x0=x0, y0=y0, x1=x1, y1=y1)


WALKER = HiddenObject(boxes=(box(0, 0.0, 0.4, 0.13, 0.76), box(1.9, 0.2375, 0.4, 0.3675, 0.76)))
"""Follows the square of `walk_past`, drawn at its first and its last frame: 4 of 320 a tenth."""


def test_a_box_follows_the_line_between_two_that_were_drawn() -> None:
    moves = HiddenObject(
        boxes=(box(1, 0, 0, 0.2, 0.2), box(3, 0.4, 0.2, 0.6, 0.4), box(4, 0.4, 0.2, 1, 1))
    )
    assert moves.at(0.9) is None
    assert moves.at(1) == (0, 0, 0.2, 0.2)
    assert moves.at(2) == pytest.approx((0.2, 0.1, 0.4, 0.3))
    assert moves.at(4) == (0.4, 0.2, 1, 1)
    assert moves.at(4.1) is None
    assert HiddenObject(boxes=(box(7, 0, 0, 1, 1),)).at(0) == (0, 0, 1, 1)


@given(st.lists(st.floats(0, 100), min_size=2, max_size=6, unique=True), st.floats(-5, 105))
def test_a_followed_box_stays_within_those_that_were_drawn(moments: list[float], at: float) -> None:
    dice = random.Random(len(moments))  # noqa: S311 - dice, no secret
    drawn = []
    for moment in sorted(moments):
        x0, y0 = dice.random() * 0.5, dice.random() * 0.5
        drawn.append(box(moment, x0, y0, x0 + 0.3, y0 + 0.3))
    found = HiddenObject(boxes=tuple(drawn)).at(at)
    assert (found is None) == (not min(moments) <= at <= max(moments))
    if found is not None:
        for place, share in enumerate(found):
            drawn_here = [one.area[place] for one in drawn]
            assert min(drawn_here) - 1e-9 <= share <= max(drawn_here) + 1e-9


def frames(content: bytes) -> list[np.ndarray]:
    with av.open(io.BytesIO(content)) as clip:
        assert [stream.type for stream in clip.streams] == ["video"]
        return [frame.to_ndarray(format="gray") for frame in clip.decode(video=0)]  # type: ignore[union-attr]  # it was opened to be read


def made(tmp_path: Path, content: bytes, plan: RedactionPlan, kind: str = "clip") -> bytes:
    whole, copy = tmp_path / "whole", tmp_path / "copy"
    blur(kind, [content], plan, original=whole, copy=copy)
    return copy.read_bytes()


def test_what_moves_is_hidden_in_every_frame_and_every_frame_is_marked(tmp_path: Path) -> None:
    content = walk_past(tmp_path / "street.mp4").read_bytes()
    before = frames(content)
    after = frames(made(tmp_path, content, RedactionPlan(media_id=MEDIA, areas=(WALKER,))))
    assert len(after) == len(before) == 20
    for number, (was, now) in enumerate(zip(before, after, strict=True)):
        left = number * 4
        assert was[100:180, left : left + 40].mean() > 150  # the walker
        # No edge of the walker is left: nowhere does the picture step as it did.
        steps = np.abs(np.diff(now[100:180].astype(int), axis=1))[:, left : left + 40]
        assert np.median(now[120:160, left + 5 : left + 35]) < 185
        assert steps.max() < 100, number
        assert was[:16].max() < 80 and now[:20].max() > 180, number  # the mark
        far = slice(200, 240)
        assert np.abs(now[far].astype(int) - was[far]).max() < 12  # elsewhere it is as it was


def test_what_is_drawn_on_a_frame_that_is_shown_for_long_is_hidden_on_it(tmp_path: Path) -> None:
    content = walk_past(tmp_path / "slow.mp4", seconds=4, frames_per_s=2).read_bytes()
    on_third = box(1.45, 0.02, 0.4, 0.16, 0.76)  # of 0.5 s; it is shown from 1 to 1.5 s
    later = box(2.4, 0.05, 0.4, 0.2, 0.76)
    drawn = RedactionPlan(media_id=MEDIA, areas=(HiddenObject(boxes=(on_third, later)),))
    before, after = frames(content), frames(made(tmp_path, content, drawn))
    for number in range(8):
        left = number * 4
        was, now = (
            one[120:160, left + 10 : left + 30].mean() for one in (before[number], after[number])
        )
        assert (abs(was - now) > 5) == (2 <= number <= 5), number  # one more to spare


def test_a_picture_is_hidden_and_keeps_nothing_of_what_its_file_said(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    file = io.BytesIO()
    said = Image.Exif()
    said[0x010F] = "maker of the camera"
    Image.fromarray(noise).save(file, "JPEG", exif=said)
    plan = RedactionPlan(media_id=MEDIA, areas=(HiddenObject(boxes=(box(0, 0.5, 0.5, 1, 1),)),))
    copy = made(tmp_path, file.getvalue(), plan, "picture")
    assert b"maker" in file.getvalue() and b"maker" not in copy
    shown = np.asarray(Image.open(io.BytesIO(copy)).convert("L")).astype(float)
    assert shown[110:190, 160:290].std() < 25  # of noise a few tones are left
    assert shown[60:90, 10:140].std() > 40


@pytest.mark.parametrize(
    ("kind", "content"),
    [("clip", b"no clip at all"), ("picture", b"none"), ("sound", b"voice"), ("clip", b"")],
)
def test_what_cannot_be_hidden_says_so(tmp_path: Path, kind: str, content: bytes) -> None:
    with pytest.raises(BlurError, match=r"cannot be read|no picture"):
        made(tmp_path, content, RedactionPlan(media_id=MEDIA, areas=(WALKER,)), kind)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"media_id": "x"}, "media_id"),
        ({"areas": []}, "areas"),
        ({"areas": [{"boxes": []}]}, "areas.0.boxes"),
        ({"areas": [{"boxes": [{"at_s": 0, "x0": 0.5, "y0": 0, "x1": 0.5, "y1": 1}]}]}, "x0 < x1"),
        ({"areas": [{"boxes": [{"at_s": 0, "x0": 0, "y0": 0, "x1": 1.5, "y1": 1}]}]}, "x1"),
        ({"areas": [{"boxes": [{"at_s": -1, "x0": 0, "y0": 0, "x1": 1, "y1": 1}]}]}, "at_s"),
        ({"more": 1}, "more"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_with_its_place(
    change: dict[str, object], word: str
) -> None:
    plan = json.loads(RedactionPlan(media_id=MEDIA, areas=(WALKER,)).model_dump_json()) | change
    with pytest.raises(ValueError, match=word):
        read_plan(json.dumps(plan).encode())


@pytest.fixture
def by(tmp_path: Path) -> EvidenceSigner:
    return signer(tmp_path / "secrets")


def test_the_copy_lies_beside_its_original_and_manifest_and_summary_say_what_it_is(
    by: EvidenceSigner, tmp_path: Path
) -> None:
    content = walk_past(tmp_path / "street.mp4", seconds=1).read_bytes()
    plan = RedactionPlan(media_id=MEDIA, areas=(WALKER,))
    said = order(replace(item(1, "clip", content), hides=plan))
    file = io.BytesIO()
    manifest = write_package(said, signer=by, file=file)
    [copy] = manifest.redacted
    entries = dict(entries_of(file.getvalue()))
    assert entries[copy.original] == content
    assert read_plan(entries[copy.plan]) == plan
    assert len(frames(entries[copy.path])) == 10
    verdict = check(file.getvalue(), by)
    assert verdict.is_intact
    assert f"{copy.path}: redacted copy of {copy.original}" in verdict.notes
    assert f'href="{copy.path}"' in entries["summary.vi.html"].decode()

    forged = json.loads(entries[MANIFEST])
    forged["redacted"][0]["original"] = "footage/999-clip-0.mp4"
    entries[MANIFEST] = json.dumps(forged).encode()
    entries["manifest.sig"] = by.sign(entries[MANIFEST])
    assert any("copy of nothing" in one for one in check(packed(list(entries.items())), by).faults)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: no query is tried here."""
    return sqlite_url


def test_an_export_takes_a_plan_for_footage_that_leaves_and_refuses_any_other(
    town: Town, sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk.of(sqlite_url, tmp_path, capsys)
    sketch = io.BytesIO()
    Image.new("RGB", (320, 240), "navy").save(sketch, "JPEG")
    clip = walk_past(tmp_path / "street.mp4", seconds=1).read_bytes()
    seen = seen_with(town, clip, sketch.getvalue())
    let_export(town, "an")
    words = ["--case", "1", "--reason", "x", "--by", "an", "--alert", str(seen.alert_id)]
    plan = tmp_path / "plan.json"
    with town.db.reading() as conn:
        picture_id = conn.scalars(select(media.c.id).where(media.c.kind == "picture")).one()
    plan.write_text(RedactionPlan(media_id=picture_id, areas=(WALKER,)).model_dump_json())
    into = ["--into", str(tmp_path / "out"), "--redact", str(plan)]
    assert "redacted copies beside it: 1" in desk.says("evidence", "export", *words, *into)
    plan.write_text(RedactionPlan(media_id=UUID(int=5), areas=(WALKER,)).model_dump_json())
    assert "is not among what is exported" in desk.refuses("evidence", "export", *words, *into)
    plan.write_text("[]")
    assert "the plan" in desk.refuses("evidence", "export", *words, *into)
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_a_list_of_other_files_and_a_picture_of_many_pixels_are_refused(tmp_path: Path) -> None:
    plan = RedactionPlan(media_id=MEDIA, areas=(WALKER,))
    secret = tmp_path / "secret.ts"
    secret.write_bytes(b"secret")
    names = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n".encode()
    with pytest.raises(BlurError, match="match no known format"):
        made(tmp_path, names, plan)
    file = io.BytesIO()
    Image.new("1", (5000, 5000)).save(file, "PNG")
    with pytest.raises(BlurError, match="more than 20 million pixels"):
        made(tmp_path, file.getvalue(), plan, "picture")
