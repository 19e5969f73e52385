"""Renewal of the certificates of hub, broker and proxy, well before they end."""

from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hub.nodes.pki.authority import AuthorityError


def ends_soon(cert: x509.Certificate, now: datetime) -> bool:
    """True if less than a third of the certificate's validity is left: four months of a year."""
    life = cert.not_valid_after_utc - cert.not_valid_before_utc
    return cert.not_valid_after_utc - now < max(life / 3, timedelta(hours=1))


def read(path: Path) -> x509.Certificate:
    """Read a certificate; raises AuthorityError."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise AuthorityError(f"{path} is no certificate that can be read: {error}") from error


def name_of(cert: x509.Certificate) -> str:
    """Common name of the certificate."""
    return str(cert.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def hosts_of(cert: x509.Certificate) -> tuple[str, ...]:
    """Hosts of a server's certificate; empty for a client's."""
    usage = cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    if ExtendedKeyUsageOID.SERVER_AUTH not in usage:
        return ()
    names = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = [str(one) for one in names.get_values_for_type(x509.IPAddress)]
    return (*names.get_values_for_type(x509.DNSName), *addresses)
