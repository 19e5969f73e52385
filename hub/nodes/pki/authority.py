"""Certificate authority of the hub: issues certificates for the hub, its servers and its nodes.

The common name of a node's certificate is its user name at the broker, and so the subject of the
access list. Keys are ECDSA P-256: small, fast on a Pi, supported everywhere.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from agent.wire.ident import is_name
from hub.base.private_files import write_private, write_public
from hub.base.secret_store.store import FILES, SecretStore

HUB_NAME: Final = "hub"
"""Common name of the hub's own client certificate; no node can have it."""
HUB_NAMES: Final = (HUB_NAME, *(f"{HUB_NAME}.{number}" for number in range(2, 9)))
"""Names of the hub's processes at the broker, one each. Names of nodes have no dot."""
AUTHORITY_NAME: Final = "ca"

AUTHORITY_DAYS: Final = 3650
ISSUED_DAYS: Final = 365
MOST_DAYS: Final = 36_500
BACKDATED: Final = timedelta(hours=1)
"""Certificates begin this much earlier, for slow clocks."""


class AuthorityError(Exception):
    """The authority or a request to it is invalid; the message says what to do."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Paths of the three files for one end of a TLS connection."""

    ca_file: Path
    cert_file: Path
    key_file: Path


class Authority:
    """A folder with `ca.crt`, `ca.key` and `issued.txt`, the record of all issued certificates.

    Certificates and keys go into the same folder as `NAME.crt` and `NAME.key` unless told
    otherwise. A machine that has the authority from the hub's database keeps no record: those of
    nodes are in the database.
    """

    def __init__(
        self, folder: Path, *, cert: x509.Certificate, key: ec.EllipticCurvePrivateKey
    ) -> None:
        self.folder = folder
        self.is_here = FILES.has(own_files(folder)[1])
        """Whether its files are on this machine."""
        self.ca_file = folder / f"{AUTHORITY_NAME}.crt"
        self._cert = cert
        self._key = key

    @classmethod
    def create(
        cls, folder: Path, now: datetime, *, days: int = AUTHORITY_DAYS, name: str = "Mat Than"
    ) -> "Authority":
        """Create an authority in `folder`; refuses if there is one already. One that lacks its
        certificate, because this was cut off, is finished with the key that is there.

        `now` is timezone-aware; `days` is the validity of the authority's own certificate.
        """
        end = _after(now, days)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        cert_file, key_file = own_files(folder)
        if cert_file.exists():
            raise AuthorityError(
                f"{folder} holds an authority already. Choose another folder, or keep to this one"
            )
        key = _own_key(key_file)
        cert = _self_signed(key, now, end=end, name=name)
        write_public(cert_file, cert.public_bytes(Encoding.PEM))
        return cls(folder, cert=cert, key=key)

    @classmethod
    def open(cls, folder: Path, secrets: SecretStore = FILES) -> "Authority":
        """Open the authority in `folder`, or the authority of that folder in a store of sealed
        keys."""
        cert_file, key_file = own_files(folder)
        try:
            cert = x509.load_pem_x509_certificate(secrets.read(cert_file))
            key = load_pem_private_key(secrets.read(key_file), password=None)
        except FileNotFoundError as error:
            raise AuthorityError(
                f"no authority in {folder}: {error.filename} is missing. Make one: matthan-hub "
                f"ca init {folder}"
            ) from error
        except (OSError, ValueError, TypeError) as error:
            raise AuthorityError(f"the authority in {folder} cannot be read: {error}") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != cert.public_key():
            raise AuthorityError(f"{key_file} is not the key of {cert_file}")
        return cls(folder, cert=cert, key=key)

    def issue_client(
        self, name: str, now: datetime, *, days: int = ISSUED_DAYS, into: Path | None = None
    ) -> TlsFiles:
        """Certificate and key for a node, by its name, or for the hub, by one of `HUB_NAMES`.

        Replaces the files of that name; an earlier certificate stays valid until its end.
        """
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        return self._issue(name, now, days=days, usage=usage, hosts=(), into=into)

    def issue_server(
        self,
        name: str,
        now: datetime,
        *,
        hosts: tuple[str, ...],
        days: int = ISSUED_DAYS,
        into: Path | None = None,
    ) -> TlsFiles:
        """Certificate and key for a server that clients reach by `hosts` (names or addresses)."""
        if not hosts or not all(hosts):
            raise AuthorityError(
                "a server needs a host: the name or address its clients call it by"
            )
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        return self._issue(name, now, days=days, usage=usage, hosts=hosts, into=into)

    def sign_client(
        self,
        name: str,
        public: ec.EllipticCurvePublicKey,
        now: datetime,
        *,
        days: int = ISSUED_DAYS,
        span: timedelta | None = None,
    ) -> x509.Certificate:
        """Client certificate for a key that stays where it was made; recorded like all others.

        Valid for `days`, or for the shorter `span`.
        """
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        end = self._end(now, days) if span is None else now + span
        cert = self._certify(name, public, now, end=end, usage=usage, hosts=())
        self._record(name, cert)
        return cert

    def revocations(self, revoked: Iterable[tuple[int, datetime]], now: datetime) -> bytes:
        """Revocation list (PEM): serial numbers and the time of each revocation.

        It ends with the authority itself: with an expired list a broker would refuse everybody.
        """
        draft = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._cert.subject)
            .last_update(now - BACKDATED)
            .next_update(self._cert.not_valid_after_utc)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        for serial, moment in revoked:
            one = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(moment)
            draft = draft.add_revoked_certificate(one.build())
        return draft.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)

    @property
    def pem(self) -> bytes:
        """The authority's own certificate (PEM), which is public."""
        return self._cert.public_bytes(Encoding.PEM)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the authority's own certificate, hex."""
        return self._cert.fingerprint(hashes.SHA256()).hex()

    def _issue(
        self,
        name: str,
        now: datetime,
        *,
        days: int,
        usage: x509.ExtendedKeyUsage,
        hosts: tuple[str, ...],
        into: Path | None,
    ) -> TlsFiles:
        key = ec.generate_private_key(ec.SECP256R1())
        cert = self._certify(
            name, key.public_key(), now, end=self._end(now, days), usage=usage, hosts=hosts
        )
        return self._write(name, cert, key=key, into=into or self.folder)

    def _certify(
        self,
        name: str,
        public: ec.EllipticCurvePublicKey,
        now: datetime,
        *,
        end: datetime,
        usage: x509.ExtendedKeyUsage,
        hosts: tuple[str, ...],
    ) -> x509.Certificate:
        if not (is_name(name) or name in HUB_NAMES) or name == AUTHORITY_NAME:
            raise AuthorityError(
                f"{name!r} cannot stand in a certificate: a-z, 0-9 and inner hyphens, 63 at most, "
                f"and not {AUTHORITY_NAME!r}"
            )
        draft = _draft(name, public, start=now - BACKDATED, end=end).issuer_name(self._cert.subject)
        draft = draft.add_extension(usage, critical=False)
        draft = draft.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
            critical=False,
        )
        if hosts:
            names = x509.SubjectAlternativeName([_host(host) for host in hosts])
            draft = draft.add_extension(names, critical=False)
        return draft.sign(self._key, hashes.SHA256())

    def _end(self, now: datetime, days: int) -> datetime:
        """End of a certificate issued now: never after the end of the authority."""
        end = _after(now, days)
        last = self._cert.not_valid_after_utc
        if now >= last:
            raise AuthorityError(f"the authority in {self.folder} ended on {last:%d/%m/%Y}")
        return min(end, last)

    def _write(
        self, name: str, cert: x509.Certificate, *, key: ec.EllipticCurvePrivateKey, into: Path
    ) -> TlsFiles:
        """Write record, key, certificate, in this order: nothing signed goes unrecorded."""
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
        papers = TlsFiles(self.ca_file, into / f"{name}.crt", into / f"{name}.key")
        self._record(name, cert)
        write_private(papers.key_file, _key_pem(key))
        write_public(papers.cert_file, cert.public_bytes(Encoding.PEM))
        return papers

    def _record(self, name: str, cert: x509.Certificate) -> None:
        if not self.is_here:
            return
        with (self.folder / "issued.txt").open("a", encoding="utf-8") as record:
            record.write(f"{cert.serial_number:040x} {cert.not_valid_after_utc:%Y-%m-%d} {name}\n")


def own_files(folder: Path) -> tuple[Path, Path]:
    """Certificate file and key file of the authority."""
    return folder / f"{AUTHORITY_NAME}.crt", folder / f"{AUTHORITY_NAME}.key"


def _after(now: datetime, days: int) -> datetime:
    """The end of so many days."""
    if not 1 <= days <= MOST_DAYS:
        raise AuthorityError(f"{days} days is no validity: give 1 to {MOST_DAYS}")
    return now + timedelta(days=days)


def _own_key(file: Path) -> ec.EllipticCurvePrivateKey:
    """Key of a new authority: the one in the file, or a new one in a new file."""
    if not file.exists():
        write_private(file, _key_pem(ec.generate_private_key(ec.SECP256R1())))
    key = load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise AuthorityError(f"{file} is no key of an authority. Choose another folder")
    return key


def _draft(
    name: str, public: ec.EllipticCurvePublicKey, *, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    """Certificate of a client or server, still without issuer and purpose."""
    return (
        _named(name, public, start=start, end=end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
    )


def _self_signed(
    key: ec.EllipticCurvePrivateKey, now: datetime, *, end: datetime, name: str
) -> x509.Certificate:
    draft = _named(name, key.public_key(), start=now - BACKDATED, end=end)
    return (
        draft.issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def _named(
    name: str, public: ec.EllipticCurvePublicKey, *, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
