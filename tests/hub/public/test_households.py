"""Household cameras: registered with consent, asked from a case, and their uploads."""

import json
import subprocess
import zipfile
import zlib
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import av
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from sqlalchemy import insert, select, update

from hub.access.rules.grants import ALL
from hub.app import config
from hub.app.blob_owners import BLOB_OWNERS
from hub.app.evidence import packer
from hub.base.db.columns import columns
from hub.base.db.database import Database, DatabaseError
from hub.base.storage.partial_files import CHUNK_BYTES, PartialFiles
from hub.base.storage.tables import upload_pieces
from hub.cases.evidence.arrival_seal import MarkedPart
from hub.cases.evidence.keys import is_signed
from hub.cases.evidence.service import ExportService
from hub.footage.films.films import NoFilmError, form_of, read_film
from hub.footage.retention.reconcile import Reconciler
from hub.public.households.arrivals import ArrivalQueue
from hub.public.households.rules import HouseholdFault, RequestedFootage, fault_of_wanted, is_cut
from hub.public.households.tables import household_clips, household_requests, households
from hub.public.households.upload_service import HouseholdUpload, HouseholdUploadService
from hub.public.tips.sealing import SealBox
from tests.hub.helpers.cases.cases import let
from tests.hub.helpers.oversight.log_details import details_of
from tests.hub.helpers.public.households import (
    HOUR_US,
    NUMBER,
    SECRET,
    ask,
    open_case,
    register,
    span,
)
from tests.hub.rigs.desk import Desk
from tests.hub.rigs.web_town import PASSWORD, POLICY, Town
from tests.hub.rigs.web_visitor import PAGE, Visitor, text_of

pytestmark = [
    pytest.mark.promise("Tips and households: A household registers its camera with consent."),
    pytest.mark.promise(
        "Tips and households: A household is asked for a span by an expiring link."
    ),
    pytest.mark.promise(
        "Tips and households: Household footage is sealed, and consent can be withdrawn."
    ),
]

TUS = {"Tus-Resumable": "1.0.0"}
BODY = {"Content-Type": "application/offset+octet-stream"}


@pytest.fixture
def keeper(town: Town) -> Visitor:
    town.add_keeper_of_all("en")
    return Visitor(town.app(notice_channels=("sms", "zalo"))).sign_in("quan", PASSWORD)


@pytest.fixture(scope="module")
def film(needs_media: None, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Eight seconds of a phone's camera, a key frame each second."""
    path = tmp_path_factory.mktemp("film") / "phone.mp4"
    picture = ["-f", "lavfi", "-i", "testsrc=size=160x120:rate=10:duration=8"]
    sound = ["-f", "lavfi", "-i", "sine=duration=8"]
    coding = ["-g", "10", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    subprocess.run(["ffmpeg", "-v", "error", *picture, *sound, *coding, str(path)], check=True)
    return path.read_bytes()


class House:
    """A phone that holds a link, and nothing else."""

    def __init__(self, town: Town, token: str) -> None:
        self.visitor = Visitor(town.app())
        self.path = f"/give/{token}"

    def page(self) -> httpx.Response:
        return self.visitor.get(self.path, accept_language="en")

    def send_form(self, content: bytes, **said: str) -> httpx.Response:
        form = {"agree": "yes"} | said
        files = [("film", ("VID_0211.mp4", content))]
        return self._send("POST", self.path, data=form, files=files)

    def post(self, act: str, **form: str) -> httpx.Response:
        return self._send("POST", f"{self.path}/{act}", data=form)

    def begin(self, size_bytes: int, *, mark: str = "VklE") -> httpx.Response:
        said = {"Upload-Length": str(size_bytes), "Upload-Metadata": f"name VklE,mark {mark}"}
        return self._send("POST", f"{self.path}/upload", headers=TUS | said)

    def bring(self, place: str, offset: int, piece: bytes) -> httpx.Response:
        headers = TUS | BODY | {"Upload-Offset": str(offset)}
        return self._send("PATCH", place, headers=headers, content=piece)

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        headers = {**PAGE, **self.visitor.origin, "accept-language": "en"}
        headers |= request.pop("headers", {})
        return self.visitor.send(method, path, headers=headers, **request)


@pytest.fixture
def case_id(keeper: Visitor) -> UUID:
    return open_case(keeper)


@pytest.fixture
def token(town: Town, keeper: Visitor, case_id: UUID) -> str:
    return ask(town, keeper, case_id, register(town, keeper)[0])


@pytest.fixture
def house(town: Town, token: str) -> House:
    return House(town, token)


# Written down with consent, and withdrawn.


def test_a_household_is_written_down_with_its_consent_and_who_it_is_is_sealed(
    town: Town, keeper: Visitor
) -> None:
    household_id, token = register(town, keeper, language="en")
    with town.db.reading() as conn:
        row = conn.execute(select(households)).one()
    assert (row.consent_version, row.consent_text) == ("1, 25/11/2026", "I agree.")
    assert row.consented_utc_us > 0 and row.recorded_by is not None
    assert NUMBER.encode() not in row.sealed and token not in row.token_hash
    told = SealBox(bytes(32)).unseal_reporter(row.sealed, tip_id=household_id)
    assert (told.name, told.contact) == ("Bà Sáu", NUMBER)
    assert "household.register" in town.acts()


MISSING = [
    ("consent", "", "consent nothing is written down"),
    ("place", " ", "Write where the camera is."),
    ("view", "", "Write what the camera sees."),
    ("contact", "", "Write how the household is reached."),
    ("point", "here", "A point is two numbers"),
    ("area", "elsewhere", "Choose the area"),
    ("channel", "pigeon", "no such channel"),
]


def test_what_is_missing_is_said_and_nothing_is_written_down(town: Town, keeper: Visitor) -> None:
    form = {"area": str(town.area_id), "place": "x", "view": "y", "contact": "z", "consent": "yes"}
    for field, said, told in MISSING:
        answer = keeper.post("/households", **(form | {field: said}))
        assert answer.status_code == 422 and told in text_of(answer), field
    with town.db.reading() as conn:
        assert conn.execute(select(households)).first() is None


def test_who_looks_after_no_camera_there_sees_and_registers_nobody(
    town: Town, keeper: Visitor
) -> None:
    household_id, _ = register(town, keeper)
    stranger = Visitor(town.app()).sign_in("an", PASSWORD)
    assert stranger.get("/households").status_code == 404
    assert stranger.get(f"/households/{household_id}").status_code == 404
    form = {"area": str(town.area_id), "place": "x", "view": "y", "contact": "z", "consent": "yes"}
    for path in ("/households", f"/households/{household_id}/withdraw"):
        assert stranger.post(path, **form).status_code == 404
    asked = stranger.post(f"/households/{household_id}/contact", reason="x")
    assert asked.status_code == 404
    assert "household.contact.refused" in town.acts()
    kim = Visitor(town.app()).sign_in("kim", PASSWORD)
    assert "12 Lê Lợi" in kim.get("/households").text


def test_the_contact_is_told_for_a_reason_alone_and_each_look_is_in_the_log(
    town: Town, keeper: Visitor
) -> None:
    household_id, _ = register(town, keeper)
    assert NUMBER not in keeper.get(f"/households/{household_id}").text
    assert keeper.post(f"/households/{household_id}/contact", reason=" ").status_code == 404
    told = keeper.post(f"/households/{household_id}/contact", reason="to call them")
    assert NUMBER in told.text
    with town.db.reading() as conn:
        assert details_of(conn, "household.contact") == ["to call them"]


def test_a_household_withdraws_by_its_own_link_and_is_asked_no_more(
    town: Town, keeper: Visitor, case_id: UUID
) -> None:
    household_id, own = register(town, keeper)
    asked = ask(town, keeper, case_id, household_id)
    phone = Visitor(town.app())
    assert "12 Lê Lợi" in phone.get(f"/household/{own}").text
    assert NUMBER not in phone.get(f"/household/{own}").text
    assert phone.post(f"/household/{own}/withdraw").status_code == 303
    assert "You withdrew" in text_of(phone.get(f"/household/{own}", accept_language="en"))
    assert House(town, asked).page().status_code == 410
    form = span(town) | {"household": str(household_id)}
    assert keeper.post(f"/cases/{case_id}/ask", **form).status_code == 422
    with town.db.reading() as conn:
        row = conn.execute(select(households)).one()
        [detail] = details_of(conn, "household.withdraw")
    assert row.sealed is None and row.withdrawn_by is None
    assert "1 open requests ended" in detail
    assert phone.post(f"/household/{own}/withdraw").status_code == 404


def test_a_film_survives_a_database_that_is_away_as_it_is_filed(
    town: Town, keeper: Visitor, case_id: UUID, film: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    household_id, _ = register(town, keeper)
    house = House(town, ask(town, keeper, case_id, household_id))

    def is_away(*_: object) -> bool:
        raise DatabaseError("the database cannot be reached")

    with monkeypatch.context() as patch, pytest.raises(RuntimeError):  # after the answer
        patch.setattr(HouseholdUploadService, "file", is_away)
        house.send_form(film)
    town.households.arrivals.take_in()
    with town.db.reading() as conn:
        assert conn.scalars(select(household_clips.c.sha256)).all() == [sha256(film).hexdigest()]


def test_a_new_link_of_a_household_ends_the_one_before(town: Town, keeper: Visitor) -> None:
    household_id, own = register(town, keeper)
    assert keeper.post(f"/households/{household_id}/link").status_code == 200
    assert Visitor(town.app()).get(f"/household/{own}").status_code == 410


# Asked from a case.


def test_a_link_is_shown_once_kept_as_a_hash_and_sent_by_the_households_channel(
    town: Town, keeper: Visitor, case_id: UUID, token: str
) -> None:
    channel, address, words = town.told_households[0]
    assert (channel, address) == ("sms", NUMBER)
    assert f"/give/{token}" in words and SECRET not in words
    with town.db.reading() as conn:
        row = conn.execute(select(household_requests)).one()
    assert row.token_hash == sha256(token.encode()).hexdigest()
    page = keeper.get(f"/cases/{case_id}")
    assert "12 Lê Lợi" in page.text and token not in page.text
    assert {"case.ask", "household.request.tell"} <= set(town.acts())


def test_the_page_says_who_asks_which_span_and_why_and_nothing_of_the_case(house: House) -> None:
    said = text_of(house.page())
    assert "Hồ Quân" in said and "tìm một xe máy" in said
    assert SECRET not in said and "Nguyễn Văn X" not in said and "Bà Sáu" not in said


def test_households_are_found_within_a_radius_the_nearest_first(
    town: Town, keeper: Visitor, case_id: UUID
) -> None:
    register(town, keeper, place="xa", point="11.5402, 106.6217")
    register(town, keeper, place="gần", point="11.5361, 106.6217")
    register(town, keeper, place="không điểm", point="")
    near = text_of(keeper.get(f"/cases/{case_id}/ask?point=11.5352,106.6217&radius=1000"))
    assert near.index("gần · 100 m") < near.index("xa · 556 m") and "không điểm" not in near
    fewer = text_of(keeper.get(f"/cases/{case_id}/ask?point=11.5352,106.6217&radius=200"))
    assert "gần" in fewer and "xa ·" not in fewer
    assert "không điểm" in text_of(keeper.get(f"/cases/{case_id}/ask"))
    assert "case." not in text_of(
        keeper.get(f"/cases/{case_id}")
    )  # a look is no part of its history


def test_who_does_not_work_on_the_case_asks_nobody_for_it(
    town: Town, keeper: Visitor, case_id: UUID
) -> None:
    household_id, _ = register(town, keeper)
    kim = Visitor(town.app()).sign_in("kim", PASSWORD)
    assert kim.get(f"/cases/{case_id}/ask").status_code == 404
    form = span(town) | {"household": str(household_id)}
    assert kim.post(f"/cases/{case_id}/ask", **form).status_code == 404
    assert "case.ask.refused" in town.acts()


@pytest.mark.parametrize(
    ("since_h", "until_h", "hours", "fault"),
    [
        (-2, -3, 24, HouseholdFault.SPAN),
        (-50, -2, 24, HouseholdFault.SPAN),
        (1, 2, 24, HouseholdFault.AHEAD),
        (-9000, -8999, 24, HouseholdFault.OLD),
        (-3, -2, 0, HouseholdFault.HOURS),
        (-3, -2, 337, HouseholdFault.HOURS),
        (-3, -2, 24, None),
    ],
)
def test_a_request_has_a_span_of_a_day_at_most_that_is_over_and_a_link_that_ends(
    since_h: int, until_h: int, hours: int, fault: HouseholdFault | None
) -> None:
    now_us = 1_800_000_000_000_000
    since, until = now_us + since_h * HOUR_US, now_us + until_h * HOUR_US
    wanted = RequestedFootage((UUID(int=1),), since, until, "x", hours)
    assert fault_of_wanted(wanted, now_utc_us=now_us) is fault


def test_a_cut_ends_after_it_begins_and_lies_within_the_film() -> None:
    assert is_cut(MarkedPart(), duration_ms=1000) and is_cut(
        MarkedPart(500, 9000), duration_ms=1000
    )
    assert is_cut(MarkedPart(5000), duration_ms=0)
    assert not is_cut(MarkedPart(500, 500), duration_ms=1000)
    assert not is_cut(MarkedPart(1000), duration_ms=1000) and not is_cut(
        MarkedPart(-1), duration_ms=1000
    )


# A link opens its own request and nothing else.


def test_a_link_that_ended_gives_and_takes_nothing(
    town: Town, keeper: Visitor, case_id: UUID, house: House
) -> None:
    with town.db.reading() as conn:
        request_id = conn.scalar(select(household_requests.c.id))
    assert keeper.post(f"/cases/{case_id}/ask/{request_id}/end").status_code == 303
    assert house.page().status_code == 410
    assert house.begin(100).status_code == 410
    assert house.send_form(b"x").status_code == 410
    assert house.post("send", agree="yes").status_code == 410
    assert House(town, "made-up").page().status_code == 410
    assert House(town, "made-up").begin(100).status_code == 410


def test_a_link_that_expired_or_whose_case_is_closed_holds_no_more(
    town: Town, keeper: Visitor, case_id: UUID
) -> None:
    household_id, _ = register(town, keeper)
    late, closed = (ask(town, keeper, case_id, household_id) for _ in range(2))
    this = household_requests.c.token_hash == sha256(late.encode()).hexdigest()
    with town.db.writing() as conn:
        over = columns("expires", town.clock.now().plus_s(-1))
        conn.execute(update(household_requests).where(this).values(**over))
    assert House(town, late).begin(100).status_code == 410
    assert House(town, late).page().status_code == 410
    assert House(town, closed).page().status_code == 200
    town.households.arrivals.tidy()
    assert keeper.post(f"/cases/{case_id}/close").status_code == 303
    assert House(town, closed).begin(100).status_code == 410
    with town.db.reading() as conn:
        found = set(conn.scalars(select(household_requests.c.ended_why)))
    assert found == {"expired", "closed"}


def test_one_link_neither_sees_nor_fills_the_file_of_another(
    town: Town, keeper: Visitor, case_id: UUID
) -> None:
    household_id, _ = register(town, keeper)
    one, other = (House(town, ask(town, keeper, case_id, household_id)) for _ in range(2))
    place = one.begin(100).headers["location"]
    foreign = other.path + "/upload/" + place.rpartition("/")[2]
    assert other.bring(foreign, 0, b"x" * 100).status_code == 409
    assert other.visitor.send("HEAD", foreign, headers=TUS).status_code == 409
    assert one.visitor.send("HEAD", place, headers=TUS).headers["upload-offset"] == "0"


# A film comes, is sealed, and is in its case.


def test_a_small_film_by_the_form_alone_is_sealed_in_its_case_and_has_a_receipt(
    town: Town, keeper: Visitor, case_id: UUID, house: House, film: bytes
) -> None:
    assert house.send_form(film).status_code == 303
    receipt, digest = house.page(), sha256(film).hexdigest()
    assert digest in receipt.text
    with town.db.reading() as conn:
        row = conn.execute(select(household_clips)).one()
    assert row.code in receipt.text and (row.sha256, row.codec) == (digest, "h264")
    certificate = x509.load_der_x509_certificate(row.certificate)
    assert is_signed(certificate, row.receipt, row.signature)
    said = json.loads(row.receipt)
    assert said["sha256"] == digest and "not the hub's" in said["clock"]
    assert {"given.seal", "case.given"} <= set(town.acts())
    assert "Given by a household" in keeper.get(f"/cases/{case_id}").text
    path = f"/cases/{case_id}/given/{row.id}"
    played = keeper.get(path, range="bytes=0-9")
    assert (played.status_code, played.content) == (206, film[:10])
    assert played.headers["content-security-policy"] == "sandbox"
    stranger = Visitor(town.app()).sign_in("kim", PASSWORD)
    assert stranger.get(path).status_code == 404
    assert stranger.post(path, note="x").status_code == 404
    assert "given.open.refused" in town.acts()
    assert house.send_form(film).status_code == 200  # shows the receipt again, takes nothing
    assert house.begin(100).status_code == 410
    with town.db.reading() as conn:
        assert len(conn.execute(select(household_clips)).all()) == 1
    sweep = Reconciler(
        town.db,
        owners=BLOB_OWNERS,
        blobs=town.blobs,
        clock=town.clock,
        change_signal=town.change_signal,
        policy=POLICY,
    )
    sweep.run()
    assert keeper.get(path).content == film


@pytest.mark.promise("Cases and evidence: A 4 GB video is taken in or refused early.")
@pytest.mark.system
@pytest.mark.parametrize(
    "content",
    [
        b"<script>alert(1)</script>" * 10,
        b"\0\0\0\x18ftypisom" + b"\0" * 4000,
        b"\x1a\x45\xdf\xa3" + b"\0" * 4000,
    ],
)
def test_what_is_no_film_by_its_content_is_refused_in_words_and_kept_nowhere(
    town: Town, house: House, content: bytes
) -> None:
    assert house.send_form(content).status_code == 303
    assert "no film that can be read" in text_of(house.page())
    with town.db.reading() as conn:
        assert conn.execute(select(household_clips)).first() is None
    assert list((town.folder / "media" / "given").glob("*/*")) == []


def test_no_form_is_sent_without_a_film_an_agreement_or_with_a_cut_that_cannot_be(
    house: House,
) -> None:
    assert "Choose the film first." in text_of(house.send_form(b""))
    assert "Tick that you want" in text_of(house.send_form(b"x", agree=""))
    backwards = house.send_form(b"x", **{"from": "2:00", "until": "1:59"})
    assert "must end after it begins" in text_of(backwards)


def test_of_a_form_that_is_sent_twice_at_once_the_second_counts_and_none_is_a_fault(
    house: House, film: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = HouseholdUpload.write

    def write_when_sent_again(upload: HouseholdUpload, chunk: bytes) -> None:
        monkeypatch.setattr(HouseholdUpload, "write", write)
        assert house.send_form(film).status_code == 303
        write(upload, chunk)

    monkeypatch.setattr(HouseholdUpload, "write", write_when_sent_again)
    assert house.send_form(film).status_code == 303
    assert sha256(film).hexdigest() in house.page().text


def test_a_film_is_told_by_its_first_bytes_and_read_within_bounds(
    film: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "film"
    path.write_bytes(film)
    facts = read_film(path)
    assert (facts.form, facts.width, facts.height) == ("mp4", 160, 120)
    assert abs(facts.duration_ms - 8000) < 500
    path.write_bytes(b"#EXTM3U\nfile:///etc/passwd\n")
    assert form_of(path) is None
    with pytest.raises(NoFilmError):
        read_film(path)


def picture_film(path: Path, width_px: int, height_px: int) -> None:
    """A film of one black picture, which is small however large it is to hold."""
    rows = zlib.compress((b"\0" + bytes(width_px // 8)) * height_px, 9)
    size = width_px.to_bytes(4) + height_px.to_bytes(4)
    chunks = [(b"IHDR", size + b"\1\0\0\0\0"), (b"IDAT", rows), (b"IEND", b"")]
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        len(data).to_bytes(4) + name + data + zlib.crc32(name + data).to_bytes(4)
        for name, data in chunks
    )
    with av.open(str(path), "w", format="mov") as copy:
        stream = copy.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "monob"
        packet = av.Packet(png)
        packet.stream, packet.time_base = stream, Fraction(1, 1000)
        packet.pts, packet.dts, packet.is_keyframe = 0, 0, True
        copy.mux(packet)


@pytest.mark.system
def test_a_small_file_with_a_picture_that_would_fill_the_memory_is_no_film(tmp_path: Path) -> None:
    picture_film(tmp_path / "wide", 7680, 4320)
    assert read_film(tmp_path / "wide").width == 7680
    picture_film(tmp_path / "vast", 16_000, 16_000)
    assert (tmp_path / "vast").stat().st_size < 100_000
    with pytest.raises(NoFilmError):
        read_film(tmp_path / "vast")


# In pieces, and only a part of it.


def test_a_film_in_pieces_goes_on_after_a_lost_line_and_its_part_alone_is_kept(
    town: Town, house: House, film: bytes
) -> None:
    place = house.begin(len(film)).headers["location"]
    half = len(film) // 2
    assert house.bring(place, 0, film[:half]).headers["upload-offset"] == str(half)
    assert house.bring(place, 0, film).status_code == 409
    assert "Choose the same film again" in text_of(house.page())
    again = house.begin(len(film))  # the page was closed, and the same film chosen again
    assert again.headers["location"] == place
    assert again.headers["upload-offset"] == str(half)
    assert "Not all of it" in text_of(house.post("send", agree="yes"))
    assert house.bring(place, half, film[half:]).status_code == 204
    assert house.post("send", agree="yes", **{"from": "0:03", "until": "0:05"}).status_code == 303
    assert "only the part that you chose" in text_of(house.page())
    with town.db.reading() as conn:
        row = conn.execute(select(household_clips)).one()
    assert row.came_sha256 == sha256(film).hexdigest() != row.sha256
    assert 1500 < row.duration_ms < 3500
    kept = b"".join(town.blobs.read(row.sha256, length=row.size_bytes))
    assert sha256(kept).hexdigest() == row.sha256
    assert not town.blobs.has(row.came_sha256)
    assert list((town.folder / "media" / "given").glob("*/*")) == []


def test_another_film_begins_anew_and_what_came_is_thrown_away_when_asked(
    town: Town, house: House
) -> None:
    place = house.begin(100).headers["location"]
    house.bring(place, 0, b"x" * 60)
    other = house.begin(100, mark="T3RoZXI=")
    assert other.headers["location"] != place and other.headers["upload-offset"] == "0"
    assert house.post("another").status_code == 303
    assert list((town.folder / "media" / "given").glob("*/*")) == []


@pytest.mark.promise("Cases and evidence: A 4 GB video is taken in or refused early.")
def test_what_is_too_large_is_refused_before_a_byte_of_it_comes(
    town: Town, house: House, token: str
) -> None:
    too_large = house.begin(20_000_001)
    assert too_large.status_code == 413 and "too large" in too_large.json()["words"]
    place = house.begin(100).headers["location"]
    assert house.bring(place, 0, b"x" * 101).status_code == 413
    assert house.bring(place, 0, b"x" * (4 * CHUNK_BYTES + 1)).status_code == 413
    full = PartialFiles(town.folder / "media" / "given", spare_bytes=2**62)
    desk = HouseholdUploadService(town.db, clock=town.clock, parts=full)
    with pytest.raises(Exception, match="room"):
        desk.begin(token, size_bytes=1000, name="x", mark="new")


# On the disk of another machine.


def sent_to(parts: PartialFiles, town: Town, token: str, film: bytes) -> HouseholdUploadService:
    """The hub that has received a film; its parts lie on a disk of its own."""
    uploads = HouseholdUploadService(town.db, clock=town.clock, parts=parts)
    upload = uploads.begin(token, size_bytes=len(film), name="VID_0211.mp4", mark="m")
    upload.write(film)
    upload.finish()
    uploads.send(token, MarkedPart(None, None))
    return uploads


def test_a_film_on_the_disk_of_another_hub_is_left_to_that_hub(
    town: Town, token: str, film: bytes, tmp_path: Path
) -> None:
    parts = PartialFiles(tmp_path / "elsewhere")
    uploads = sent_to(parts, town, token, film)
    assert town.households.arrivals.take_in() == 0
    link = uploads.look(token)
    if not town.db.is_shared:  # there is no other hub
        assert link is not None and (link.state, link.wrong) == ("open", "lost")
        return
    assert link is not None and (link.state, link.wrong) == ("sealing", "")
    there = ArrivalQueue(
        town.db, clock=town.clock, blobs=town.blobs, parts=parts, uploads=uploads, seal=town.seal
    )
    assert there.take_in() == 1
    with town.db.reading() as conn:
        assert conn.scalar(select(household_clips.c.sha256)) == sha256(film).hexdigest()


def test_a_film_that_no_hub_has_after_a_day_is_asked_for_again(
    town: Town, token: str, film: bytes, tmp_path: Path
) -> None:
    uploads = sent_to(PartialFiles(tmp_path / "elsewhere"), town, token, film)
    sent = household_requests.c.sent_utc_us
    with town.db.writing() as conn:
        conn.execute(update(household_requests).values({sent: sent - 24 * HOUR_US}))
    assert town.households.arrivals.take_in() == 0
    link = uploads.look(token)
    assert link is not None and (link.state, link.wrong) == ("open", "lost")


# Out of the hub.


def test_a_package_has_the_film_its_seal_and_says_that_its_clock_is_not_the_hubs(
    sqlite_url: str, tmp_path: Path, film: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    town = Town(Database(sqlite_url), tmp_path)
    desk = Desk.of(sqlite_url, tmp_path, capsys)
    pack = packer(config.load(tmp_path / "hub.toml"), town.services.use(ExportService))
    let(town, "an", ALL)
    an = Visitor(town.app(pack=pack)).sign_in("an", PASSWORD)
    case_id = open_case(an)
    house = House(town, ask(town, an, case_id, register(town, an, channel="")[0]))
    assert house.send_form(film).status_code == 303
    answer = an.post(f"/cases/{case_id}/export", reason="tòa án")
    assert answer.status_code == 200, text_of(answer)
    path = tmp_path / "package.zip"
    path.write_bytes(answer.content)
    with zipfile.ZipFile(path) as archive:
        [name] = [one for one in archive.namelist() if one.startswith("footage/")]
        assert archive.read(name) == film
        seal = "household/" + name.rpartition("/")[2]
        words, signature = archive.read(f"{seal}.json"), archive.read(f"{seal}.sig")
        key = load_pem_public_key(archive.read(f"{seal}.pub"))
        assert "its clock is not the hub's" in archive.read("summary.en.html").decode()
        assert "given.seal" in archive.read("custody.json").decode()
        archive.extract("evidence-key.crt", tmp_path)
    assert isinstance(key, Ed25519PublicKey)
    key.verify(signature, words)
    said = desk.says("verify", str(path), "--authority", str(tmp_path / "evidence-key.crt"))
    assert "whole" in said
    kim = Visitor(town.app(pack=pack)).sign_in("kim", PASSWORD)
    assert kim.post(f"/cases/{case_id}/export", reason="x").status_code == 404
    town.db.close()


# Let go, and gone.


def test_a_film_is_held_until_its_case_lets_it_go_and_removed_with_proof(
    town: Town, keeper: Visitor, case_id: UUID, house: House, film: bytes
) -> None:
    house.send_form(film)
    with town.db.reading() as conn:
        clip_id = conn.scalar(select(household_clips.c.id))
    assert town.households.arrivals.tidy() == 0
    assert keeper.post(f"/cases/{case_id}/close", release="true").status_code == 303
    assert town.households.arrivals.tidy() == 0  # thirty days
    assert keeper.post(f"/cases/{case_id}/reopen").status_code == 303
    assert keeper.get(f"/cases/{case_id}/given/{clip_id}").status_code == 200
    out = keeper.post(f"/cases/{case_id}/given/{clip_id}", out="true")
    assert out.status_code == 303
    assert keeper.get(f"/cases/{case_id}/given/{clip_id}").status_code == 404
    with town.db.writing() as conn:
        long_ago = columns("released", town.clock.now().plus_s(-31 * 86_400))
        conn.execute(update(household_clips).values(**long_ago))
    assert town.households.arrivals.tidy() == 1
    assert not town.blobs.has(sha256(film).hexdigest())
    with town.db.reading() as conn:
        [detail] = details_of(conn, "given.remove")
        assert sha256(film).hexdigest() in detail


def test_a_removed_film_stays_while_an_unfinished_upload_has_it_as_a_piece(
    town: Town, keeper: Visitor, case_id: UUID, house: House, film: bytes
) -> None:
    house.send_form(film)
    digest, now = sha256(film).hexdigest(), town.clock.now()
    piece = {"kind": "given", "owner": UUID(int=1), "name": str(UUID(int=2)), "start_bytes": 0}
    piece |= {"size_bytes": len(film), "sha256": digest} | columns("came", now)
    assert keeper.post(f"/cases/{case_id}/close", release="true").status_code == 303
    with town.db.writing() as conn:
        conn.execute(insert(upload_pieces).values(**piece))
        long_ago = columns("released", now.plus_s(-31 * 86_400))
        conn.execute(update(household_clips).values(**long_ago))
    assert town.households.arrivals.tidy() == 1
    assert town.blobs.has(digest)


@pytest.mark.parametrize("release", ["", "true"])
def test_a_film_that_was_taken_out_does_not_come_back_when_its_case_is_opened_again(
    town: Town, keeper: Visitor, case_id: UUID, house: House, film: bytes, release: str
) -> None:
    house.send_form(film)
    with town.db.reading() as conn:
        clip_id = conn.scalar(select(household_clips.c.id))
    assert keeper.post(f"/cases/{case_id}/given/{clip_id}", out="true").status_code == 303
    assert keeper.post(f"/cases/{case_id}/close", release=release).status_code == 303
    assert keeper.post(f"/cases/{case_id}/reopen").status_code == 303
    assert keeper.get(f"/cases/{case_id}/given/{clip_id}").status_code == 404
