"""Keys of boxes in the log: since when a key is a box's, and time stamps over it."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hub.base.audit import log
from hub.base.db.database import Database
from hub.base.hash_chain import LogAnchor, faults
from hub.base.rfc3161 import StampError, TimestampAuthority
from hub.cases.evidence.box_papers import PackedPapers, pack_papers
from hub.cases.evidence.check import check_package
from hub.cases.evidence.seal_report import check_pieces
from hub.nodes.enrolment.key_lines import EnrolmentStamps, KeyLine, key_lines
from hub.nodes.enrolment.rows import Redeemed
from hub.nodes.pki.authority import TlsFiles
from hub.nodes.pki.verification import public_key_sha256
from hub.oversight.log.anchor import parse_line
from hub.registry.registry import node_by_name
from tests.agent.rigs.sealing import SEALED_AT, write_clip
from tests.hub.cases.sealed_packages import BOX, SealedTown, stamps_of
from tests.hub.helpers.cases.evidence import entries_of, packed, signer
from tests.hub.rigs.enrolling_rig import Box, EnrolHub
from tests.hub.rigs.stamp_office import StampOffice

pytestmark = [
    pytest.mark.promise(
        "Cases and evidence: A certificate that was dated back is found, or its date is called not "
        "proven."
    ),
    pytest.mark.system,
]


@pytest.fixture(scope="module")
def office(needs_system: None, tmp_path_factory: pytest.TempPathFactory) -> StampOffice:
    return StampOffice(tmp_path_factory.mktemp("office"))


@pytest.fixture
def hub(db: Database, tmp_path: Path) -> Iterator[EnrolHub]:
    yield EnrolHub(db, tmp_path)


def enrolled(hub: EnrolHub, box: Box) -> x509.Certificate:
    done = hub.redeem(hub.make(BOX), box)
    assert isinstance(done, Redeemed)
    return x509.load_pem_x509_certificate(done.certificate.encode())


def lines(hub: EnrolHub) -> list[KeyLine]:
    with hub.db.reading() as conn:
        node = node_by_name(conn, BOX)
        assert node is not None
        return key_lines(conn, [node.node_id])


def stamping(hub: EnrolHub, authority: TimestampAuthority | None) -> EnrolmentStamps:
    return EnrolmentStamps(hub.db, clock=hub.clock, authority=lambda: authority)


def test_the_lines_of_an_enrolment_and_a_renewal_name_the_key_and_are_in_the_chain(
    hub: EnrolHub,
) -> None:
    box = Box()
    own = enrolled(hub, box)
    hub.enroller.renew(BOX, box.request, came_from="10.0.0.5")
    keys = pack_papers(None, lines(hub)).papers().keys
    assert keys is not None
    assert [one.act for one in keys[BOX]] == ["enrolment.redeem", "papers.renew"]
    assert {one.key_sha256 for one in keys[BOX]} == {public_key_sha256(own)}
    with hub.db.reading() as conn:
        assert list(faults(log.read(conn))) == []


def test_a_stamp_is_an_anchor_of_the_log_and_is_asked_for_once(
    hub: EnrolHub, office: StampOffice
) -> None:
    enrolled(hub, Box())
    authority = stamps_of(office)
    assert stamping(hub, None).stamp() == 0
    assert stamping(hub, authority).stamp() == 1
    assert stamping(hub, authority).stamp() == 0
    [line] = lines(hub)
    with hub.db.reading() as conn:
        assert list(faults(log.read(conn), [parse_line(line.anchor)])) == []
        wrong = LogAnchor(line.seq, "0" * 64, 0)
        assert [one.seq for one in faults(log.read(conn), [wrong])] == [line.seq]
    found = pack_papers(None, [line]).papers().keys
    assert found is not None
    [key] = found[BOX]
    assert key.stamped is not None
    assert abs((datetime.now(UTC) - key.stamped).total_seconds()) < 600


def test_an_authority_that_does_not_answer_is_asked_again_later(
    hub: EnrolHub, office: StampOffice
) -> None:
    enrolled(hub, Box())

    def silent(_: bytes) -> bytes:
        raise StampError("no answer within 10 s")

    away = TimestampAuthority("http://office.example", stamps_of(office).roots, silent)
    assert stamping(hub, away).stamp() == 0
    assert lines(hub)[0].anchor == ""
    assert stamping(hub, stamps_of(office)).stamp() == 1


def test_a_box_that_was_enrolled_under_a_stamp_seals_clips_whose_certificate_is_dated(
    hub: EnrolHub, office: StampOffice, tmp_path: Path
) -> None:
    """From the enrolment to the package: nothing is left that is not proven."""
    box = Box()
    papers = papers_of(tmp_path, box, enrolled(hub, box))
    stamping(hub, stamps_of(office)).stamp()
    town = SealedTown(tmp_path / "town")
    town.authority = hub.authority
    by = signer(tmp_path / "secrets")
    begins_s = (datetime.now(UTC) - SEALED_AT).total_seconds() + 60
    path = tmp_path / "clip.mp4"
    writer = write_clip(path, town.street, town.sealer(papers), begins_s=begins_s)
    clip = writer.close().path.read_bytes()
    content = town.packed(by, clip, lines=lines(hub))
    check = check_package(io.BytesIO(content), [by.certificate], seal_of=check_pieces)
    assert (check.verdict, check.faults, check.limits) == (("whole", 1), [], [])

    foreign = StampOffice(tmp_path / "foreign")
    roots = stamps_of(foreign).roots
    check = check_package(
        io.BytesIO(content), [by.certificate], seal_of=check_pieces, stamp_roots=roots
    )
    assert check.is_good and "has no time stamp" in check.limits[0]

    [line] = lines(hub)
    entries = dict(entries_of(content))
    entries[f"enrolments/{line.seq}.tsr"] = stamps_of(office).stamp(b"another line")[0]
    check = check_package(
        io.BytesIO(packed(list(entries.items()))), [by.certificate], seal_of=check_pieces
    )
    assert check.verdict[0] == "not_whole"
    assert any("is no stamp of these bytes" in fault for fault in check.faults)


def papers_of(folder: Path, box: Box, own: x509.Certificate) -> TlsFiles:
    found = TlsFiles(folder / "ca.crt", folder / "box.crt", folder / "box.key")
    found.cert_file.write_bytes(own.public_bytes(Encoding.PEM))
    pem = box.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    found.key_file.write_bytes(pem)
    found.key_file.chmod(0o600)
    return found


def test_papers_of_a_package_refuse_a_stamp_of_another_line(
    hub: EnrolHub, office: StampOffice
) -> None:
    enrolled(hub, Box())
    stamping(hub, stamps_of(office)).stamp()
    [line] = lines(hub)
    packed_line = pack_papers(None, [line]).packed.lines[0]
    other = packed_line.model_copy(update={"anchor": line.anchor.replace(line.hash, "0" * 64)})
    with pytest.raises(ValueError, match="another record was stamped"):
        PackedPapers(lines=(other,)).keys(lambda _: None)
