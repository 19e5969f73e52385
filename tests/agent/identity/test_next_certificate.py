"""Renewal: a node accepts the next certificate of its own, and no other."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from agent.crypto import signing_key
from agent.identity.next_certificate import NotOursError, checked, request
from hub.nodes.pki.authority import Authority, TlsFiles

NOW = datetime(2026, 11, 26, 9, 0, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Town:
    """An authority and a node's papers, and what else the authority may be asked."""

    authority: Authority
    papers: TlsFiles

    def takes(self, came: bytes) -> tuple[bytes, datetime]:
        papers = self.papers
        old, key = papers.cert_file.read_bytes(), papers.key_file.read_bytes()
        return checked(came, old=old, key=key, authority=papers.ca_file.read_bytes())


@pytest.fixture
def town(tmp_path: Path) -> Town:
    authority = Authority.create(tmp_path / "ca", NOW)
    return Town(authority, authority.issue_client("nga-tu-01", NOW))


def test_what_is_asked_for_is_the_same_key(town: Town) -> None:
    key = town.papers.key_file.read_bytes()
    asked = x509.load_pem_x509_csr(request(key).encode())
    own = x509.load_pem_x509_certificate(town.papers.cert_file.read_bytes())
    assert asked.is_signature_valid
    assert asked.public_key() == own.public_key()


def test_the_hubs_authority_may_be_the_second_in_the_file(town: Town, tmp_path: Path) -> None:
    trusted, later = town.papers.ca_file, NOW + timedelta(days=200)
    websites = Authority.create(tmp_path / "other", NOW)
    trusted.write_bytes(websites.pem + town.authority.pem)
    public = signing_key(town.papers.key_file.read_bytes()).public_key()
    came = town.authority.sign_client("nga-tu-01", public, later)
    assert town.takes(came.public_bytes(Encoding.PEM))[1] == came.not_valid_after_utc


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("another's key", "is not this node's next one"),
        ("another authority's", "is not of the hub's authority"),
        ("no later", "is not this node's next one"),
    ],
)
def test_what_is_not_its_next_one_is_refused(
    town: Town, tmp_path: Path, how: str, why: str
) -> None:
    later, own = NOW + timedelta(days=200), town.papers.cert_file.read_bytes()
    others = Authority.create(tmp_path / "other", NOW)
    came = {
        "another's key": town.authority.issue_client("nga-tu-01", later, into=tmp_path / "again"),
        "another authority's": others.issue_client("nga-tu-01", later),
        "no later": town.papers,
    }[how].cert_file.read_bytes()
    assert town.papers.cert_file.read_bytes() == own
    with pytest.raises(NotOursError, match=why):
        town.takes(came)


def test_what_cannot_be_read_is_refused(town: Town) -> None:
    with pytest.raises(ValueError, match=r"\w+"):
        town.takes(b"none")


def test_a_key_of_another_kind_asks_for_nothing(tmp_path: Path, town: Town) -> None:
    with pytest.raises(ValueError, match=r"\w+"):
        request(town.papers.cert_file.read_bytes())
