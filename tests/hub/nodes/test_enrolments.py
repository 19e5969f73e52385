"""Enrolment of nodes: a token works once, whoever uses it and however many at a time."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from sqlalchemy import select

from hub.base.audit.log import By
from hub.base.audit.tables import audit
from hub.base.db.database import Database
from hub.base.errors import RegistryError
from hub.nodes.enrolment import rows as enrolment_rows
from hub.nodes.enrolment.rows import IssuedCertificate, Redeemed, TokenRefused
from hub.nodes.enrolment.tables import enrolments as rows
from hub.nodes.enrolment.tables import node_papers
from hub.nodes.pki.authority import AUTHORITY_NAME, HUB_NAME
from hub.nodes.pki.signing import Signing
from hub.registry.registry import add_area, node_by_name
from tests.hub.helpers.oversight.log_details import details_of
from tests.hub.rigs.enrolling_rig import CAMERA, Box, EnrolHub

pytestmark = [
    pytest.mark.promise("Installing: The key of a node is made on the node and never leaves it."),
    pytest.mark.promise("Fleet: A replayed, expired or guessed enrolment code is refused."),
]


@pytest.fixture
def hub(db: Database, tmp_path: Path) -> EnrolHub:
    return EnrolHub(db, tmp_path)


def named(certificate: str) -> str:
    cert = x509.load_pem_x509_certificate(certificate.encode())
    return str(cert.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)


def acts(hub: EnrolHub, act: str) -> list[str]:
    with hub.db.reading() as conn:
        return list(details_of(conn, act))


def test_a_box_gets_the_name_that_the_keeper_gave_and_no_other(hub: EnrolHub) -> None:
    box = Box()  # whose request asks for the name of the hub itself
    answer = hub.redeem(hub.make("nga-tu-01"), box)
    assert isinstance(answer, Redeemed)
    assert (answer.node, named(answer.certificate)) == ("nga-tu-01", "nga-tu-01")
    cert = x509.load_pem_x509_certificate(answer.certificate.encode())
    assert cert.public_key() == box.key.public_key()
    cert.verify_directly_issued_by(x509.load_pem_x509_certificate(hub.authority.pem))
    usage = cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert answer.cameras == (CAMERA,)


@pytest.mark.parametrize("name", [HUB_NAME, AUTHORITY_NAME, "broker"])
def test_no_box_gets_a_name_under_which_the_broker_lets_all_be_heard(
    hub: EnrolHub, name: str
) -> None:
    with pytest.raises(RegistryError, match="reserved for a certificate"):
        hub.make(name)
    with hub.db.reading() as conn:
        assert node_by_name(conn, name) is None


def test_a_token_that_was_used_is_refused_counted_and_noted(hub: EnrolHub) -> None:
    token = hub.make("nga-tu-01")
    assert isinstance(hub.redeem(token, Box()), Redeemed)
    assert hub.redeem(token, Box()) == TokenRefused("used")
    with hub.db.reading() as conn:
        assert conn.scalar(select(rows.c.refused)) == 1
    assert acts(hub, "enrolment.refused") == ["used"]
    assert hub.enroller.counts == Counter(redeemed=1, used=1)


def test_the_same_box_is_answered_once_more_since_the_line_may_have_broken(hub: EnrolHub) -> None:
    token, box = hub.make("nga-tu-01"), Box()
    first, second = hub.redeem(token, box), hub.redeem(token, box)
    assert isinstance(first, Redeemed)
    assert first == second


def test_a_token_that_has_run_out_is_refused(hub: EnrolHub) -> None:
    token = hub.make("nga-tu-01", hours=1, later_s=-3601)
    assert hub.redeem(token, Box()) == TokenRefused("expired")


def test_a_withdrawn_token_and_one_that_a_newer_replaced_are_refused(hub: EnrolHub) -> None:
    old, new = hub.make("nga-tu-01"), hub.make("nga-tu-01")
    assert hub.redeem(old, Box()) == TokenRefused("withdrawn")
    with hub.db.writing() as conn:
        row = conn.execute(select(rows.c.id).where(rows.c.withdrawn_utc_us.is_(None))).one()
        enrolment_rows.withdraw(conn, row.id, by=By(), now=hub.clock.now())
    assert hub.redeem(new, Box()) == TokenRefused("withdrawn")


@pytest.mark.promise("Security: Pages, uploads, enrolment and messages have rate limits.")
def test_who_guesses_is_refused_and_soon_not_even_heard(hub: EnrolHub) -> None:
    token = hub.make("nga-tu-01")
    answers = [hub.redeem(bytes([n] * 15), Box(), came_from="10.6.6.6") for n in range(25)]
    assert answers[:20] == [TokenRefused("unknown")] * 20
    assert answers[20:] == ["too_many"] * 5
    assert hub.redeem(token, Box(), came_from="10.6.6.6") == "too_many"
    assert isinstance(hub.redeem(token, Box(), came_from="10.0.0.5"), Redeemed)
    assert len(acts(hub, "enrolment.refused")) == 20  # and no line more for who is not heard
    hub.now_s = 601.0
    assert hub.redeem(b"\0" * 15, Box(), came_from="10.6.6.6") == TokenRefused("unknown")


@pytest.mark.promise("Security: Pages, uploads, enrolment and messages have rate limits.")
def test_who_guesses_from_many_addresses_of_one_network_is_not_heard_either(hub: EnrolHub) -> None:
    answers = [
        hub.redeem(bytes([n] * 15), Box(), came_from=f"2001:db8::{n:x}") for n in range(1, 23)
    ]
    assert answers[20:] == ["too_many"] * 2
    other = hub.redeem(b"\0" * 15, Box(), came_from="2001:db8:0:100::1")
    assert other == TokenRefused("unknown")


@pytest.mark.parametrize(
    "request_pem",
    ["", "no request", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n", "\0" * 5000],
)
def test_what_is_no_request_spends_nothing(hub: EnrolHub, request_pem: str) -> None:
    token = hub.make("nga-tu-01")
    with pytest.raises(ValueError, match="request"):
        hub.enroller.redeem(token.hex(), request_pem, came_from="10.0.0.5")
    assert hub.enroller.counts == Counter(malformed=1)
    assert isinstance(hub.redeem(token, Box()), Redeemed)


def test_a_request_for_somebody_elses_key_is_refused(hub: EnrolHub) -> None:
    """Whoever asks has the key: a request changed by a hair is not signed by it."""
    token, lines = hub.make("nga-tu-01"), Box().request.splitlines()
    lines[2] = lines[2][:10] + ("A" if lines[2][10] != "A" else "B") + lines[2][11:]
    with pytest.raises(ValueError, match="request"):
        hub.enroller.redeem(token.hex(), "\n".join(lines), came_from="10.0.0.5")
    assert isinstance(hub.redeem(token, Box()), Redeemed)


def test_neither_token_nor_its_whereabouts_are_kept(hub: EnrolHub, tmp_path: Path) -> None:
    token = hub.make("nga-tu-01")
    with hub.db.reading() as conn:
        kept = " ".join(str(row) for row in conn.execute(select(rows)))
        kept += " ".join(str(row) for row in conn.execute(select(audit)))
    assert token.hex() not in kept


def test_what_was_entered_of_cameras_goes_once_the_enrolment_is_over(hub: EnrolHub) -> None:
    hub.make("nga-tu-01", hours=1, later_s=-3700)
    hub.make("nga-tu-02")
    with hub.db.reading() as conn:
        kept = conn.scalars(select(rows.c.cameras).order_by(rows.c.made_utc_us)).all()
    assert kept[0] == "[]"
    assert "secret" in kept[1]


def test_of_two_that_race_with_one_token_one_gets_the_name(hub: EnrolHub) -> None:
    for number in range(5):
        token, boxes = hub.make(f"nga-tu-{number}"), [Box() for _ in range(8)]
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda box, token=token: hub.redeem(token, box), boxes))
        assert sum(isinstance(answer, Redeemed) for answer in answers) == 1
        hub.now_s += 700


def test_many_at_once_get_a_name_and_a_certificate_each_and_nobody_anothers(hub: EnrolHub) -> None:
    many = 60
    tokens = {f"nga-tu-{number}": hub.make(f"nga-tu-{number}") for number in range(many)}
    with ThreadPoolExecutor(16) as pool:
        answers = dict(
            zip(tokens, pool.map(lambda one: hub.redeem(one, Box()), tokens.values()), strict=True)
        )
    assert all(isinstance(one, Redeemed) and one.node == name for name, one in answers.items())
    with hub.db.reading() as conn:
        papers = conn.execute(select(node_papers.c.serial, node_papers.c.key_hash)).all()
    assert len({row.serial for row in papers}) == len({row.key_hash for row in papers}) == many


def test_a_board_that_was_replaced_leaves_papers_that_hold_no_more(hub: EnrolHub) -> None:
    first = hub.redeem(hub.make("nga-tu-01"), Box())
    second = hub.redeem(hub.make("nga-tu-01"), Box())
    assert isinstance(first, Redeemed) and isinstance(second, Redeemed)
    old = x509.load_pem_x509_certificate(first.certificate.encode())
    with hub.db.reading() as conn:
        serials = [serial for serial, _ in enrolment_rows.revoked_serials(conn, hub.clock.now())]
    assert serials == [old.serial_number]


def test_a_name_of_another_area_and_too_many_cameras_are_refused(hub: EnrolHub) -> None:
    hub.make("nga-tu-01")
    with hub.db.writing() as conn:
        elsewhere = add_area(conn, name="Ngã tư 2", level="junction", now=hub.clock.now())
    hub.area_id = elsewhere
    with pytest.raises(RegistryError, match="another area"):
        hub.make("nga-tu-01")
    with pytest.raises(RegistryError, match="14 days"):
        hub.make("nga-tu-03", hours=24 * 15)
    with pytest.raises(RegistryError, match="cameras"), hub.db.writing() as conn:
        enrolment_rows.make(
            conn,
            node="nga-tu-04",
            area_id=elsewhere,
            cameras=[CAMERA, CAMERA],
            by=By(),
            now=hub.clock.now(),
        )


@pytest.mark.promise("Fleet: Certificates are renewed before they end.")
def test_a_certificate_is_renewed_for_the_key_that_the_node_has_and_no_other(
    hub: EnrolHub,
) -> None:
    box, other = Box(), Box()
    hub.redeem(hub.make("nga-tu-01"), box)
    hub.redeem(hub.make("nga-tu-02"), other)
    renewed = hub.enroller.renew("nga-tu-01", box.request, came_from="10.0.0.5")
    assert isinstance(renewed, IssuedCertificate)
    assert named(renewed.certificate) == "nga-tu-01"
    assert len(acts(hub, "papers.renew")) == 1
    assert len(acts(hub, "enrolment.redeem")) == 2
    for asked in (Box(), other):
        answer = hub.enroller.renew("nga-tu-01", asked.request, came_from="10.0.0.5")
        assert answer == TokenRefused("unknown")


def test_who_was_shut_out_gets_nothing_more_and_comes_back_by_a_new_code(hub: EnrolHub) -> None:
    box = Box()
    hub.redeem(hub.make("nga-tu-01"), box)
    waiting = hub.make("nga-tu-01")
    with hub.db.writing() as conn:
        node = node_by_name(conn, "nga-tu-01")
        assert node is not None
        enrolment_rows.shut_out(conn, node, why="stolen", by=By(), now=hub.clock.now())
    answer = hub.enroller.renew("nga-tu-01", box.request, came_from="10.0.0.5")
    assert answer == TokenRefused("revoked")
    assert hub.redeem(waiting, Box()) == TokenRefused("withdrawn")
    with hub.db.reading() as conn:
        node = node_by_name(conn, "nga-tu-01")
        assert node is not None and node.is_revoked
        assert len(enrolment_rows.revoked_serials(conn, hub.clock.now())) == 1
    assert isinstance(hub.redeem(hub.make("nga-tu-01"), Box()), Redeemed)
    with hub.db.reading() as conn:
        node = node_by_name(conn, "nga-tu-01")
        assert node is not None and not node.is_revoked


def test_the_list_of_the_revoked_is_the_authoritys_and_does_not_run_out(hub: EnrolHub) -> None:
    now = datetime.now(UTC)
    pem = hub.authority.revocations([(7, now), (8, now)], now)
    listed = x509.load_pem_x509_crl(pem)
    authority = x509.load_pem_x509_certificate(hub.authority.pem)
    assert listed.is_signature_valid(authority.public_key())  # type: ignore[arg-type]  # it is EC
    assert {one.serial_number for one in listed} == {7, 8}
    assert listed.next_update_utc == authority.not_valid_after_utc
    assert Signing(hub.authority).key_hash(Box().request) != Signing(hub.authority).key_hash(
        Box().request
    )


def test_nodes_begin_at_all_brokers_alike(hub: EnrolHub) -> None:
    one = hub.enrolling(8443)
    assert one.brokers_of("nga-tu-01") == [("127.0.0.1", 8883)]
    several = replace(one, further_brokers=("b2.example:8883", "[2001:db8::3]:8884"))
    every = {("127.0.0.1", 8883), ("b2.example", 8883), ("2001:db8::3", 8884)}
    asked = [several.brokers_of(f"nga-tu-{number:02}") for number in range(60)]
    assert all(len(brokers) == 3 and set(brokers) == every for brokers in asked)
    first = [brokers[0] for brokers in asked]
    assert all(first.count(broker) >= 10 for broker in every)
    lost = [brokers[1] for brokers in asked if brokers[0] == ("b2.example", 8883)]
    assert min(lost.count(broker) for broker in every - {("b2.example", 8883)}) >= 3
    assert asked[7] == several.brokers_of("nga-tu-07"), "the same node always begins at the same"
