"""Time stamps (RFC 3161) of packages: by a real authority, and by one that is silent or lies."""

import base64
import io
import json
import random
import socket
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hub.app import check as check_command
from hub.base import timestamping
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.base.rfc3161 import StampError, TimestampAuthority, check_stamp, read_roots
from hub.cases.evidence.check import PackageCheck, check_package
from hub.cases.evidence.keys import EvidenceSigner
from hub.cases.evidence.manifest import MANIFEST, STAMP
from hub.cases.evidence.package import write_package
from hub.console.service import InboxService
from hub.oversight.log.anchor import Anchoring, stamps_of
from tests.hub.helpers.base.stamps import asked_of, order_now, packaged, settings
from tests.hub.helpers.cases.evidence import CLIP, PICTURE, entries_of, item, packed, signer
from tests.hub.rigs.desk import Desk
from tests.hub.rigs.stamp_office import StampOffice
from tests.hub.rigs.streets import HandClock, Streets

pytestmark = pytest.mark.promise("Cases and evidence: An export is signed and can be time-stamped.")

VERSION_3 = b"\xa0\x03\x02\x01\x02"
"""How a certificate's own bytes say it."""


@pytest.fixture(scope="module")
def papers(needs_system: None, tmp_path_factory: pytest.TempPathFactory) -> StampOffice:
    return StampOffice(tmp_path_factory.mktemp("office"))


@pytest.fixture
def office(papers: StampOffice) -> Iterator[StampOffice]:
    papers.answer, papers.status = papers.reply, 200
    papers.asked.clear()
    with papers.open():
        yield papers


@pytest.fixture
def by(tmp_path: Path) -> EvidenceSigner:
    return signer(tmp_path / "secrets", datetime.now(UTC))


def roots(office: StampOffice) -> list[x509.Certificate]:
    return read_roots(office.root.read_bytes())


def judged(content: bytes, by: EvidenceSigner, *stamp_roots: x509.Certificate) -> PackageCheck:
    return check_package(io.BytesIO(content), [by.certificate], stamp_roots=stamp_roots)


def test_a_package_is_stamped_by_a_real_authority_and_says_when_and_by_whom(
    office: StampOffice, by: EvidenceSigner, tmp_path: Path
) -> None:
    content = packaged(by, asked_of(settings(office, tmp_path)))
    for given in ([], roots(office)):
        verdict = judged(content, by, *given)
        assert verdict.faults == []
        assert verdict.stamp is not None
        assert verdict.stamp.by == "CN=Stamp Office"
        assert any("stamped" in note and "root SHA-256" in note for note in verdict.notes)
    page = dict(entries_of(content))["summary.vi.html"].decode()
    assert f"Dấu thời gian</th><td>của {office.url}" in page
    assert CLIP not in office.asked[0]
    assert len(office.asked[0]) < 200


def test_stock_openssl_checks_the_stamp_by_the_last_line_of_the_summary(
    office: StampOffice, by: EvidenceSigner, tmp_path: Path
) -> None:
    content = packaged(by, asked_of(settings(office, tmp_path)))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path / "unpacked")
    text = (tmp_path / "unpacked" / "summary.en.html").read_text()
    lines = text.split("<pre>")[1].split("</pre>")[0].splitlines()
    assert "openssl ts -verify" in lines[-1]
    for line in lines:
        done = subprocess.run(
            ["sh", "-c", line], cwd=tmp_path / "unpacked", capture_output=True, check=False
        )
        assert done.returncode == 0, (line, done.stderr)


def test_one_who_believes_another_root_is_told_that_the_stamp_does_not_hold(
    office: StampOffice, by: EvidenceSigner, tmp_path: Path
) -> None:
    content = packaged(by, asked_of(settings(office, tmp_path)))
    foreign = StampOffice(tmp_path / "foreign")
    [fault] = judged(content, by, *roots(foreign)).faults
    assert fault.startswith(f"{STAMP}: it is no stamp of these bytes by that authority")


def refused(office: StampOffice) -> bytes:
    """Answer of openssl to an invalid query."""
    return office.reply(b"no question")


def of_earlier(office: StampOffice) -> Callable[[bytes], bytes]:
    kept: list[bytes] = []

    def answer(question: bytes) -> bytes:
        kept.append(office.reply(question))
        return kept[0]

    return answer


LIES: dict[str, tuple[Callable[[StampOffice], Callable[[bytes], bytes]], str]] = {
    "nothing": (lambda _: lambda _: b"", "no stamp of these bytes"),
    "a page": (lambda _: lambda _: b"<html>sign in</html>", "no stamp of these bytes"),
    "a gigabyte, begun": (lambda _: lambda _: b"0" * 200_000, "too long"),
    "a refusal": (lambda office: lambda _: refused(office), "refused"),
    "half": (lambda office: lambda q: office.reply(q)[:-40], "no stamp of these bytes"),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_is_no_stamp_costs_a_clear_word_and_never_the_export(
    office: StampOffice, by: EvidenceSigner, tmp_path: Path, lie: str
) -> None:
    make, word = LIES[lie]
    office.answer = make(office)
    content = packaged(by, asked_of(settings(office, tmp_path)))
    verdict = judged(content, by)
    assert verdict.faults == []
    assert verdict.stamp is None
    assert verdict.manifest is not None and verdict.manifest.stamp is not None
    assert word in verdict.manifest.stamp.missing
    assert any(note.startswith("no time stamp: ") for note in verdict.notes)
    assert STAMP not in dict(entries_of(content))
    for language in ("vi", "en"):
        assert word in dict(entries_of(content))[f"summary.{language}.html"].decode()


def test_an_earlier_answer_a_foreign_office_and_a_wrong_clock_are_no_stamp(
    office: StampOffice, by: EvidenceSigner, tmp_path: Path
) -> None:
    said = settings(office, tmp_path)
    office.answer = of_earlier(office)
    assert judged(packaged(by, asked_of(said)), by).stamp is not None
    again = judged(packaged(by, asked_of(said)), by)
    assert again.is_intact and again.stamp is None

    office.answer = office.reply
    foreign = StampOffice(tmp_path / "foreign")
    unknown = settings(office, tmp_path, stamp_ca_file=str(foreign.root))
    assert judged(packaged(by, asked_of(unknown)), by).stamp is None

    asked = asked_of(said)
    file = io.BytesIO()
    ago = Moment(round(datetime.now(UTC).timestamp() * 1e6) - 3_600_000_000, 5)
    write_package(replace(order_now(asked), now=ago), signer=by, file=file)
    verdict = judged(file.getvalue(), by)
    assert verdict.is_intact
    assert any("one of the two clocks is wrong" in note for note in verdict.notes)


def test_one_who_has_the_evidence_key_cannot_date_a_package_back_under_a_stamp(
    office: StampOffice, by: EvidenceSigner, tmp_path: Path
) -> None:
    content = packaged(by, asked_of(settings(office, tmp_path)))
    entries = dict(entries_of(content))
    said = json.loads(entries[MANIFEST])
    said["exported_utc_us"] -= 40 * 60 * 1_000_000
    entries[MANIFEST] = json.dumps(said).encode()
    entries["manifest.sig"] = by.sign(entries[MANIFEST])
    [fault] = judged(packed(list(entries.items())), by).faults
    assert fault.startswith(f"{STAMP}: it is no stamp of these bytes")
    entries[STAMP] = asked_of(settings(office, tmp_path)).stamp(entries[MANIFEST])[0]
    [fault] = judged(packed(list(entries.items())), by).faults
    assert "after the export" in fault


def test_a_stamp_that_was_taken_out_or_of_another_package_is_found(
    office: StampOffice, by: EvidenceSigner, tmp_path: Path
) -> None:
    said = settings(office, tmp_path)
    one, two = (dict(entries_of(packaged(by, asked_of(said)))) for _ in range(2))
    without = {name: content for name, content in one.items() if name != STAMP}
    [fault] = judged(packed(list(without.items())), by).faults
    assert fault == f"{STAMP}: it is missing"
    spliced = one | {STAMP: two[STAMP]}
    [fault] = judged(packed(list(spliced.items())), by).faults
    assert fault.startswith(f"{STAMP}: ")


def test_an_office_that_is_silent_closed_or_unknown_is_named_in_one_line(
    office: StampOffice, by: EvidenceSigner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        monkeypatch.context() as hurried,
        socket.create_server(("127.0.0.1", 0)) as silent,
    ):
        hurried.setattr(timestamping, "ANSWER_S", 0.3)
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        words = {
            address: "no answer within",
            "http://127.0.0.1:1/": "it cannot be reached",
        }
        for url, word in words.items():
            asked = asked_of(settings(office, tmp_path, stamp_url=url))
            verdict = judged(packaged(by, asked), by)
            assert verdict.is_intact
            assert any(word in note for note in verdict.notes), verdict.notes
    office.status = 503
    verdict = judged(packaged(by, asked_of(settings(office, tmp_path))), by)
    assert any("it answers 503" in note for note in verdict.notes)
    for file, word in (("", "stamp_ca_file must name"), ("/no/such.pem", "cannot be read")):
        asked = asked_of(settings(office, tmp_path, stamp_ca_file=file))
        verdict = judged(packaged(by, asked), by)
        assert verdict.is_intact
        assert any(word in note for note in verdict.notes), verdict.notes


def test_check_asks_the_office_for_a_stamp_and_says_who_signs(
    office: StampOffice, tmp_path: Path
) -> None:
    found = {
        part: (well, word) for well, part, word in check_command.check(settings(office, tmp_path))
    }
    assert found["time stamps"] == (True, f"{office.url} stamps as CN=Stamp Office")
    office.answer = lambda _: b"none"
    found = {
        part: (well, word) for well, part, word in check_command.check(settings(office, tmp_path))
    }
    assert not found["time stamps"][0]


def test_verify_believes_the_root_that_it_is_given(
    office: StampOffice, by: EvidenceSigner, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk.of("sqlite:///none.db", tmp_path, capsys)
    path, key = tmp_path / "p.zip", tmp_path / "k.crt"
    said = order_now(asked_of(settings(office, tmp_path)))
    with path.open("wb") as file:
        write_package(replace(said, items=[item(1, "picture", PICTURE)]), signer=by, file=file)
    with zipfile.ZipFile(path) as archive:
        key.write_bytes(archive.read("evidence-key.crt"))
    words = ["verify", str(path), "--authority", str(key), "--stamp-authority"]
    assert "by CN=Stamp Office" in desk.says(*words, str(office.root))
    assert STAMP in desk.finds(*words, str(StampOffice(tmp_path / "foreign").root))
    assert "cannot be read" in desk.refuses(*words, str(tmp_path / "none"))


# A changed bit can make a certificate's number negative, of which cryptography warns.
@pytest.mark.filterwarnings("ignore:Parsed a serial number which wasn't positive")
def test_whatever_bytes_come_as_an_answer_are_a_stamp_or_a_clear_word(office: StampOffice) -> None:
    kept = roots(office)
    question: list[bytes] = []
    TimestampAuthority(
        "x", kept, lambda asked: question.append(asked) or office.reply(asked)
    ).stamp(b"x")
    answer = office.reply(question[0])
    dice = random.Random(4)  # noqa: S311 - dice, no secret
    for number in range(1500):
        changed = bytearray(answer)
        match number % 3:
            case 0:
                changed[dice.randrange(len(answer))] ^= 1 << dice.randrange(8)
            case 1:
                del changed[dice.randrange(len(answer)) :]
            case 2:
                changed = bytearray(dice.randbytes(dice.randrange(300)))
        try:
            stamp = check_stamp(bytes(changed), b"x", kept)
        except StampError:
            continue
        assert stamp.at == check_stamp(answer, b"x", kept).at


def test_certificates_of_no_version_in_an_answer_or_as_roots_are_a_clear_word(
    office: StampOffice, by: EvidenceSigner
) -> None:
    def without_version(content: bytes) -> bytes:
        assert VERSION_3 in content
        return content.replace(VERSION_3, VERSION_3[:-1] + b"\x42")

    lying = TimestampAuthority(
        "x", roots(office), lambda asked: without_version(office.reply(asked))
    )
    content = packaged(by, lying)
    assert any("no stamp of these bytes" in note for note in judged(content, by).notes)
    [root] = roots(office)
    der = base64.b64encode(without_version(root.public_bytes(Encoding.DER)))
    with pytest.raises(StampError, match="no certificate"):
        read_roots(b"-----BEGIN CERTIFICATE-----\n" + der + b"\n-----END CERTIFICATE-----\n")


@pytest.fixture
def streets(sqlite_url: str, tmp_path: Path) -> Iterator[Streets]:
    db = Database(sqlite_url)
    yield Streets(db, tmp_path / "media")
    db.close()


@pytest.mark.promise("Audit and data protection: The audit log is append-only and chained.")
def test_the_logs_head_is_stamped_and_anchors_written_anew_or_taken_out_are_found(
    office: StampOffice,
    streets: Streets,
    sqlite_url: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk.of(sqlite_url, tmp_path, capsys)
    monkeypatch.setenv("MATTHAN_HUB__EVIDENCE__STAMP_CA_FILE", str(office.root))
    file = tmp_path / "media" / "log-anchors"
    clock = HandClock(Moment(round(datetime.now(UTC).timestamp() * 1e6), 5))
    asked = asked_of(settings(office, tmp_path))
    anchoring = Anchoring(streets.db, file=file, clock=clock, stamps=asked)
    anchoring.write_anchor()
    clock.pass_s(2)
    streets.services.use(InboxService).inbox(streets.officer("can-bo"))
    anchoring.write_anchor()
    office.answer = lambda _: b""
    clock.pass_s(2)
    anchoring.write_anchor()  # an anchor all the same
    assert "3 anchors hold, 2 of them stamped" in desk.says("log", "verify")

    lines = file.read_text().splitlines()
    file.write_text("\n".join(lines[1:]) + "\n")
    assert "an anchor was stamped that is not in" in desk.finds("log", "verify")
    file.write_text("\n".join(lines) + "\n")
    [stamp, *_] = stamps_of(file)
    stamp.write_bytes(office.reply(b"another question"))
    assert f"{stamp.name}, of the anchor" in desk.finds("log", "verify")
