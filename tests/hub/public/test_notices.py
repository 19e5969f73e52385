"""Notices: written, previewed, sent by the area's channels, read by anybody, withdrawn."""

import asyncio
import io
import random
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image
from sqlalchemy import select, update

from hub.base.audit.tables import audit
from hub.base.db.columns import columns
from hub.base.db.database import Database
from hub.notify.channels.port import Message, Phone
from hub.notify.rules.delivery_result import Answer, Delivered, MessageRefused, TryAgain
from hub.public.notices.attachments import notice_file
from hub.public.notices.rules import NoticeError, NoticeState, may
from hub.public.notices.sender import NoticePost
from hub.public.notices.tables import notice_sendings, notices
from hub.registry import registry
from tests.hub.helpers.public.notices import FORM, add_leader, lan
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import PAGE, Visitor, text_of

__all__ = ["lan"]


pytestmark = pytest.mark.promise("Pages: Notices for people can be previewed, sent and withdrawn.")


@pytest.fixture
def town(db: Database, tmp_path: Path) -> Town:
    town = Town(db, tmp_path)
    add_leader(town)
    return town


def write(lan: Visitor, town: Town, **changes: str) -> str:
    answer = lan.post("/notices", **{"area": str(town.area_id), **FORM, **changes})
    assert answer.status_code == 303, text_of(answer)
    return answer.headers["location"]


def add_way(lan: Visitor, town: Town, who: str = "-1001", *, channel: str = "telegram") -> None:
    form = {"area": str(town.area_id), "channel": channel, "who": who, "label": f"Nhóm {who}"}
    assert lan.post("/notices/ways", **form).status_code == 303


@dataclass
class Service:
    """Answers as it is told, by recipient, and remembers what it was handed."""

    answers: dict[str, Answer] = field(default_factory=dict)
    handed: list[tuple[Message, Phone]] = field(default_factory=list)

    async def send(self, message: Message, phone: Phone) -> Answer:
        self.handed.append((message, phone))
        return self.answers.get(phone.address, Delivered(200))


def post(town: Town, service: Service) -> int:
    work = NoticePost(
        db=town.db,
        clock=town.clock,
        change_signal=town.change_signal,
        channels={"telegram": service},
    )
    return asyncio.run(work.look())


def put(lan: Visitor, path: str, kind: str, content: bytes) -> Any:
    return lan.send(
        "POST",
        path,
        data={"csrf": lan.csrf, "kind": kind},
        files={"file": ("x", content)},
        headers={**PAGE, **lan.origin},
    )


def jpeg(size: tuple[int, int] = (3000, 2000)) -> bytes:
    drawn, exif = io.BytesIO(), Image.Exif()
    exif[0x010E] = "where I live"
    Image.new("RGB", size, "red").save(drawn, "JPEG", exif=exif)
    return drawn.getvalue()


def test_a_notice_is_previewed_sent_by_every_way_and_read_by_anybody(
    town: Town, lan: Visitor
) -> None:
    add_way(lan, town)
    add_way(lan, town, "-1002")
    page = write(lan, town)
    stranger = Visitor(town.app())
    public = page.replace("/notices/", "/public/")
    assert "Cúp điện ngày mai" in text_of(lan.get(page))
    assert stranger.get(public).status_code == 404
    assert post(town, Service()) == 0
    assert lan.post(f"{page}/send").status_code == 303
    service = Service({"telegram:-1002": MessageRefused("400 from the service")})
    assert post(town, service) == 2
    assert post(town, service) == 0
    (message, way) = service.handed[0]
    assert (message.title, message.path) == (FORM["title"], public)
    assert message.body == FORM["words"]
    assert way.channel == "telegram"
    words = text_of(lan.get(page))
    assert "Nhóm -1001 Telegram đã gửi lúc" in words
    assert "không gửi được: 400 from the service" in words
    assert "Khu phố 2." in text_of(stranger.get(public))
    assert "Cúp điện ngày mai" in text_of(stranger.get("/public"))


def test_a_withdrawn_notice_is_gone_and_said_where_it_may_have_been_read(
    town: Town, lan: Visitor
) -> None:
    for who in ("read", "busy", "never"):
        add_way(lan, town, who)
    page = write(lan, town)
    lan.post(f"{page}/send")
    service = Service(
        {
            "telegram:busy": TryAgain("503", 503, after_s=600),
            "telegram:never": MessageRefused("400 from the service"),
        }
    )
    assert post(town, service) == 3
    assert lan.post(f"{page}/withdraw").status_code == 303
    service = Service()
    assert post(town, service) == 2
    assert {way.address for _, way in service.handed} == {"telegram:read", "telegram:busy"}
    assert service.handed[0][0].title == "Đã rút: Cúp điện ngày mai"
    public = Visitor(town.app()).get(page.replace("/notices/", "/public/"))
    assert "đã được rút lúc" in text_of(public) and "Cúp điện" not in public.text
    assert "Cúp điện" not in Visitor(town.app()).get("/public").text
    assert lan.post(f"{page}/send").status_code == 404
    assert lan.post(f"{page}/withdraw").status_code == 404


def test_a_hub_that_died_while_sending_sends_once_more_and_no_two_at_once(
    town: Town, lan: Visitor
) -> None:
    add_way(lan, town)
    page = write(lan, town)
    lan.post(f"{page}/send")
    first = NoticePost(db=town.db, clock=town.clock, change_signal=town.change_signal, channels={})
    assert len(first._claim()) == 1
    assert first._claim() == []
    with town.db.writing() as conn:
        conn.execute(update(notice_sendings).values(columns("lease_until", town.clock.now())))
    assert post(town, Service()) == 1


def test_a_picture_is_drawn_anew_and_a_voice_note_kept_as_it_is(town: Town, lan: Visitor) -> None:
    page = write(lan, town)
    assert put(lan, f"{page}/file", "picture", jpeg()).status_code == 303
    assert put(lan, f"{page}/file", "picture", jpeg((800, 600))).status_code == 303
    voice = b"OggS" + bytes(2000)
    assert put(lan, f"{page}/file", "sound", voice).status_code == 303
    kept = lan.get(f"{page}/picture")
    with Image.open(io.BytesIO(kept.content)) as image:
        assert image.size == (800, 600) and not image.getexif()
    public = page.replace("/notices/", "/public/")
    stranger = Visitor(town.app())
    assert stranger.get(f"{public}/picture").status_code == 404
    lan.post(f"{page}/send")
    assert stranger.get(f"{public}/picture").headers["content-type"] == "image/jpeg"
    assert stranger.get(f"{public}/sound").content == voice
    assert put(lan, f"{page}/file", "picture", jpeg()).status_code == 404
    lan.post(f"{page}/withdraw")
    assert stranger.get(f"{public}/picture").status_code == 404


def broken_png() -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (8, 8)).save(drawn, "PNG")
    return drawn.getvalue().replace(b"IHDR", b"IHDx")


@pytest.mark.parametrize("mark", [b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"])
def test_a_voice_note_in_mp3_is_taken_at_every_rate(mark: bytes) -> None:
    assert notice_file("sound", mark + bytes(100)).media_type == "audio/mpeg"


def with_odd_note(tag: int) -> bytes:
    """A good picture, taken sideways, whose EXIF has a text where a number is due."""
    entries = [(0x0112, 3, 1, struct.pack("<HH", 6, 0)), (tag, 2, 4, b"abc\0")]
    notes = b"".join(struct.pack("<HHI", *one[:3]) + one[3] for one in entries)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(entries)) + notes + bytes(4)
    drawn = io.BytesIO()
    Image.new("RGB", (8, 6)).save(drawn, "JPEG", exif=exif)
    return drawn.getvalue()


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of notes that are torn
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_whatever_bytes_of_a_picture_are_wrong_it_is_taken_or_refused_in_words(kind: str) -> None:
    dice = random.Random(4)  # noqa: S311 - a test's dice
    drawn, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (64, 48), "red").save(drawn, kind, exif=exif)
    for _ in range(1500):
        content = bytearray(drawn.getvalue())
        for _ in range(dice.randint(1, 8)):
            content[dice.randrange(min(len(content), 80))] = dice.randrange(256)
        try:
            kept = notice_file("picture", bytes(content))
        except NoticeError as error:
            assert error.fault in ("picture", "large")
        else:
            assert kept.media_type == "image/jpeg"


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        ("picture", b"", "không phải ảnh"),
        ("picture", broken_png(), "không phải ảnh"),
        ("picture", with_odd_note(0x011A), "không phải ảnh"),
        ("picture", with_odd_note(0x0128), "không phải ảnh"),
        ("picture", b"<svg onload=alert(1)>", "không phải ảnh"),
        ("picture", jpeg()[:200], "không phải ảnh"),
        ("sound", b"<html>", "không phải ghi âm"),
        ("sound", b"OggS" + bytes(5 * 1024 * 1024), "quá lớn"),
    ],
)
def test_what_is_no_picture_or_voice_note_is_refused_with_the_cure(
    town: Town, lan: Visitor, kind: str, content: bytes, said: str
) -> None:
    answer = put(lan, f"{write(lan, town)}/file", kind, content)
    assert answer.status_code == 422
    assert said in text_of(answer)


def test_a_flood_where_a_picture_is_due_is_refused_unread(town: Town, lan: Visitor) -> None:
    answer = put(lan, f"{write(lan, town)}/file", "picture", bytes(7 * 1024 * 1024))
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title": " "}, "Hãy ghi tiêu đề"),
        ({"words": ""}, "Hãy ghi nội dung"),
        ({"words": "đ" * 1501}, "Hãy ghi nội dung"),
    ],
)
def test_a_notice_without_words_is_said_so_and_what_was_typed_stays(
    town: Town, lan: Visitor, changes: dict[str, str], said: str
) -> None:
    answer = lan.post("/notices", **{"area": str(town.area_id), **FORM, **changes})
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert FORM["title"] in answer.text or "title" in changes


def test_only_leaders_and_keepers_write_and_only_for_areas_they_look_after(
    town: Town, lan: Visitor
) -> None:
    with town.db.writing() as conn:
        elsewhere = registry.add_area(
            conn, name="Bến xe", level="junction", parent_id=None, now=town.clock.now()
        )
    page = write(lan, town)
    assert lan.post("/notices", **{"area": str(elsewhere), **FORM}).status_code == 404
    form = {"area": str(elsewhere), "channel": "telegram", "who": "1"}
    assert lan.post("/notices/ways", **form).status_code == 404
    assert lan.post(f"/notices/ways/{uuid4()}/end").status_code == 404
    for login in ("an", "kim"):  # an officer, and one who looks after cameras
        other = Visitor(town.app()).sign_in(login, PASSWORD)
        assert other.get("/notices").status_code == 404
        assert other.get(page).status_code == 404
        assert other.post(f"{page}/send").status_code == 404
        assert other.get(f"{page}/picture").status_code == 404
    assert lan.get("/notices").status_code == 200


def test_a_channel_that_the_hub_has_not_and_a_way_to_nobody_are_refused(
    town: Town, lan: Visitor
) -> None:
    form = {"area": str(town.area_id), "who": "1"}
    assert lan.post("/notices/ways", channel="webpush", **form).status_code == 422
    assert lan.post("/notices/ways", channel="pigeon", **form).status_code == 422
    form["who"] = " "
    assert lan.post("/notices/ways", channel="telegram", **form).status_code == 422


def test_the_public_page_shows_a_notice_until_its_day(town: Town, lan: Visitor) -> None:
    page = write(lan, town)
    lan.post(f"{page}/send")
    with town.db.writing() as conn:
        conn.execute(update(notices).values(columns("until", town.clock.now())))
    assert "Cúp điện" not in Visitor(town.app()).get("/public").text


def test_words_of_a_notice_are_never_markup(town: Town, lan: Visitor) -> None:
    page = write(lan, town, title="<script>alert(1)</script>", words="<img src=x>")
    lan.post(f"{page}/send")
    for where in (page, page.replace("/notices/", "/public/"), "/public", "/notices"):
        assert "<script>alert" not in lan.get(where).text
        assert "<img src=x>" not in lan.get(where).text


def test_every_act_leaves_its_line_in_the_log(town: Town, lan: Visitor) -> None:
    page = write(lan, town)
    lan.post(f"{page}/send")
    lan.post(f"{page}/withdraw")
    with town.db.reading() as conn:
        acts = set(conn.scalars(select(audit.c.act).where(audit.c.act.like("notice.%"))))
    assert {"notice.write", "notice.send", "notice.withdraw"} <= acts


def test_what_was_sent_is_never_changed() -> None:
    assert [act for act in ("change", "send", "withdraw") if may(NoticeState.SENT, act)] == [
        "withdraw"
    ]
    assert not any(may(NoticeState.WITHDRAWN, act) for act in ("change", "send", "withdraw"))
