"""The hub's certificate authority in files: what it signs and refuses, and its records."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from hub.nodes.pki.authority import Authority, AuthorityError

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)


def read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def usage(cert: x509.Certificate) -> list[x509.ObjectIdentifier]:
    return list(cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


def test_a_nodes_certificate_bears_its_name_and_serves_a_client_only(tmp_path: Path) -> None:
    cert = read(Authority.create(tmp_path / "ca", NOW).issue_client("nga-tu-01", NOW).cert_file)
    assert cert.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "nga-tu-01"
    assert usage(cert) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert cert.not_valid_before_utc < NOW < cert.not_valid_after_utc


def test_a_servers_certificate_names_its_hosts_and_verifies(tmp_path: Path) -> None:
    authority = Authority.create(tmp_path / "ca", NOW)
    papers = authority.issue_server("broker", NOW, hosts=("127.0.0.1", "hub.example"))
    cert = read(papers.cert_file)
    assert usage(cert) == [ExtendedKeyUsageOID.SERVER_AUTH]
    store = Store([read(papers.ca_file)])
    verifier = PolicyBuilder().store(store).time(NOW).build_server_verifier
    verifier(x509.DNSName("hub.example")).verify(cert, [])
    with pytest.raises(VerificationError):
        verifier(x509.DNSName("other.example")).verify(cert, [])


def test_validity_ends_as_asked_but_never_after_the_authority(tmp_path: Path) -> None:
    authority = Authority.create(tmp_path / "ca", NOW, days=100)
    month = read(authority.issue_client("a", NOW, days=30).cert_file)
    year = read(authority.issue_client("b", NOW, days=365).cert_file)
    assert month.not_valid_after_utc == NOW + timedelta(days=30)
    assert year.not_valid_after_utc == NOW + timedelta(days=100)


def test_an_ended_authority_signs_nothing(tmp_path: Path) -> None:
    authority = Authority.create(tmp_path / "ca", NOW, days=1)
    with pytest.raises(AuthorityError, match="ended on 26/11/2026"):
        authority.issue_client("a", NOW + timedelta(days=2))


def test_keys_are_private_and_nothing_half_written_stays(tmp_path: Path) -> None:
    papers = Authority.create(tmp_path / "ca", NOW).issue_client("a", NOW)
    for key in (papers.key_file, tmp_path / "ca" / "ca.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    names = sorted(path.name for path in (tmp_path / "ca").iterdir())
    assert names == ["a.crt", "a.key", "ca.crt", "ca.key", "issued.txt"]


def test_an_opened_authority_goes_on_with_new_serials_and_records_them(tmp_path: Path) -> None:
    first = Authority.create(tmp_path / "ca", NOW).issue_client("a", NOW)
    serial = read(first.cert_file).serial_number
    second = Authority.open(tmp_path / "ca").issue_client("a", NOW)
    assert read(second.cert_file).serial_number != serial
    record = (tmp_path / "ca" / "issued.txt").read_text().splitlines()
    assert [line.split()[1:] for line in record] == [["2027-11-25", "a"]] * 2
    assert int(record[0].split()[0], 16) == serial


def test_a_second_authority_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    Authority.create(tmp_path / "ca", NOW)
    with pytest.raises(AuthorityError, match="holds an authority already"):
        Authority.create(tmp_path / "ca", NOW)


def test_an_authority_that_was_cut_off_before_its_certificate_is_finished(tmp_path: Path) -> None:
    """Its key is kept: what was signed with it, if anything, stays good."""
    first = Authority.create(tmp_path / "ca", NOW)
    key = (tmp_path / "ca" / "ca.key").read_bytes()
    first.ca_file.unlink()
    second = Authority.create(tmp_path / "ca", NOW)
    assert (tmp_path / "ca" / "ca.key").read_bytes() == key
    issued = read(first.issue_client("a", NOW).cert_file)
    issued.verify_directly_issued_by(read(second.ca_file))
    assert (tmp_path / "ca" / "ca.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("days", [0, -5, 99_999_999])
def test_days_that_are_no_validity_are_refused_by_name(tmp_path: Path, days: int) -> None:
    with pytest.raises(AuthorityError, match=f"{days} days is no validity"):
        Authority.create(tmp_path / "ca", NOW, days=days)
    assert not list(tmp_path.glob("ca/*"))
    with pytest.raises(AuthorityError, match=f"{days} days is no validity"):
        Authority.create(tmp_path / "ca", NOW).issue_client("a", NOW, days=days)


def test_opening_nothing_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(AuthorityError, match=r"matthan-hub ca init"):
        Authority.open(tmp_path)


@pytest.mark.promise("Security: A secret that others can read is refused.")
def test_a_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    Authority.create(tmp_path / "ca", NOW)
    (tmp_path / "ca" / "ca.key").chmod(0o644)
    with pytest.raises(AuthorityError, match="chmod 600"):
        Authority.open(tmp_path / "ca")


@pytest.mark.promise("Security: Secrets can come from systemd credentials.")
def test_a_key_whose_file_is_gone_comes_from_systemd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Authority.create(tmp_path / "ca", NOW)
    given = tmp_path / "credentials"
    given.mkdir()
    (tmp_path / "ca" / "ca.key").rename(given / "ca.key")
    with pytest.raises(AuthorityError, match=r"ca\.key is missing"):
        Authority.open(tmp_path / "ca")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))
    Authority.open(tmp_path / "ca")


def test_a_key_of_another_authority_is_noticed(tmp_path: Path) -> None:
    Authority.create(tmp_path / "ca", NOW)
    Authority.create(tmp_path / "other", NOW)
    (tmp_path / "other" / "ca.key").replace(tmp_path / "ca" / "ca.key")
    with pytest.raises(AuthorityError, match="is not the key of"):
        Authority.open(tmp_path / "ca")


@pytest.mark.promise("Node trouble: A node name that does not fit a topic is refused.")
@pytest.mark.parametrize("name", ["", "UPPER", "a b", "a/b", "+", "#", "../x", "ca", "x" * 64])
def test_names_that_would_not_fit_a_topic_are_refused(tmp_path: Path, name: str) -> None:
    authority = Authority.create(tmp_path / "ca", NOW)
    with pytest.raises(AuthorityError, match="cannot stand in a certificate"):
        authority.issue_client(name, NOW)
