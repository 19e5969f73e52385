"""Keys and certificates are read in every form that tools write; everything else is refused."""

import base64
import subprocess
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import crypto
from agent.crypto import CryptoError, WrongKindError
from hub.nodes.pki.authority import Authority
from tests.schedules import tries

SAID = b"matthan seal 1 signed\0" + bytes(range(32))
NOW = datetime(2026, 11, 26, 9, 0, 0, tzinfo=UTC)
KEY, OWNER = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
NOBODY = x509.Name([])
CERTIFICATE = (
    x509.CertificateBuilder(NOBODY, NOBODY, KEY.public_key(), 1)
    .not_valid_before(datetime(2051, 1, 1, tzinfo=UTC))
    .not_valid_after(datetime(2052, 1, 1, tzinfo=UTC))
    .sign(KEY, SHA256())
    .public_bytes(Encoding.DER)
)
PRIVATE = KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
PUBLIC = OWNER.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
SOUND = [("CERTIFICATE", CERTIFICATE), ("PRIVATE KEY", PRIVATE), ("PUBLIC KEY", PUBLIC)]


def pem(kind: str, der: bytes) -> bytes:
    name = kind.encode()
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (name, base64.encodebytes(der), name)


def pem_of(key: PrivateKeyTypes) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(key: PrivateKeyTypes) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes, bytes]:
    """Key and certificate of a node, certificate of its authority."""
    authority = Authority.create(tmp_path_factory.mktemp("ca"), NOW)
    node = authority.issue_client("nga-tu-01", NOW)
    return node.key_file.read_bytes(), node.cert_file.read_bytes(), node.ca_file.read_bytes()


# Keys


@pytest.mark.system
@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL", "with parameters before it"])
def test_a_key_is_read_in_every_form_that_tools_write(form: str) -> None:
    if form == "with parameters before it":
        make = ["openssl", "ecparam", "-name", "prime256v1", "-genkey"]
        written = subprocess.run(make, check=True, capture_output=True).stdout
        assert written.startswith(b"-----BEGIN EC PARAMETERS")
    else:
        written = KEY.private_bytes(Encoding.PEM, getattr(PrivateFormat, form), NoEncryption())
    key = crypto.signing_key(written)
    assert crypto.signing_key(written.replace(b"\n", b"\r\n")).public_key() == key.public_key()
    assert (form == "with parameters before it") == (key.public_key() != KEY.public_key())


@pytest.mark.parametrize(
    "make",
    [
        lambda: ec.generate_private_key(ec.SECP384R1()),
        lambda: ec.generate_private_key(ec.SECP256K1()),
        lambda: rsa.generate_private_key(65537, 2048),
        lambda: dsa.generate_private_key(2048),
        ed25519.Ed25519PrivateKey.generate,
        ed448.Ed448PrivateKey.generate,
        x25519.X25519PrivateKey.generate,
    ],
    ids=["P-384", "secp256k1", "RSA", "DSA", "Ed25519", "Ed448", "X25519"],
)
def test_a_key_of_another_kind_is_refused_by_its_kind(
    make: Callable[[], PrivateKeyTypes],
) -> None:
    key = make()
    with pytest.raises(WrongKindError, match="no key of the kind ECDSA P-256"):
        crypto.signing_key(pem_of(key))
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        with pytest.raises(WrongKindError, match="no key of the kind Ed25519"):
            crypto.update_key(public_pem(key))


@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
def test_a_key_under_a_password_is_refused_and_nobody_is_asked_for_it(form: str) -> None:
    lock = BestAvailableEncryption(b"bi mat")
    with pytest.raises(CryptoError, match=r"(?i)password"):
        crypto.signing_key(KEY.private_bytes(Encoding.PEM, getattr(PrivateFormat, form), lock))


def test_a_key_whose_halves_are_not_of_one_key_is_refused() -> None:
    """One wrong bit in the file is enough: no seal by such a key would be valid."""
    private = KEY.private_numbers().private_value.to_bytes(32, "big")
    spoilt = bytearray(PRIVATE)
    spoilt[PRIVATE.index(private) + 20] ^= 1
    with pytest.raises(CryptoError):
        crypto.signing_key(pem("PRIVATE KEY", bytes(spoilt)))


def test_an_update_key_takes_what_its_owner_signed_and_nothing_else() -> None:
    key, signature = crypto.update_key(public_pem(OWNER)), OWNER.sign(SAID)
    assert crypto.is_signed(SAID, signature, key=key)
    assert not crypto.is_signed(SAID + b"\0", signature, key=key)
    assert not crypto.is_signed(SAID, ed25519.Ed25519PrivateKey.generate().sign(SAID), key=key)
    for none in (b"", signature[:-1], signature + b"\0", bytes(64), b"\xff" * 64):
        assert not crypto.is_signed(SAID, none, key=key)


@pytest.mark.parametrize("ask", ["signing_key", "update_key", "certificates"])
@pytest.mark.parametrize("how", ["nothing", "words", "letters", "cut", "zeros", "other", "large"])
def test_what_is_neither_key_nor_certificate_is_refused_with_a_reason(
    ask: str, how: str, office: tuple[bytes, bytes, bytes]
) -> None:
    key, cert, _ = office
    meant = {"signing_key": key, "certificates": cert}.get(ask, public_pem(OWNER))
    content = {
        "nothing": b"",
        "words": "đây không phải là khóa".encode(),
        "letters": pem("PRIVATE KEY", bytes(90)),
        "cut": meant[: len(meant) // 2],
        "zeros": bytes(200),
        "other": key if ask == "certificates" else cert,
        "large": b"a" * 1_000_000,
    }[how]
    with pytest.raises(CryptoError, match=r"\w+"):
        getattr(crypto, ask)(content)


# Certificates


def test_certificates_come_in_their_order_with_text_between_them(
    office: tuple[bytes, bytes, bytes],
) -> None:
    _, cert, ca = office
    found = crypto.certificates(b"subject=nga-tu-01\n" + cert + b"\n# its authority\n" + ca)
    assert list(found) == [x509.load_pem_x509_certificate(one) for one in (cert, ca)]


def test_one_spoilt_certificate_spoils_the_chain(office: tuple[bytes, bytes, bytes]) -> None:
    _, cert, ca = office
    lines = ca.splitlines()
    spoilt = b"\n".join([lines[0], b"A" * 64, *lines[2:]]) + b"\n"
    with pytest.raises(CryptoError):
        crypto.certificates(cert + spoilt)


def test_a_certificate_of_the_year_0_is_refused() -> None:
    """ASN.1 has that year, Python does not."""
    der = CERTIFICATE.replace(b"20510101000000Z", b"00000101000000Z")
    with pytest.raises(CryptoError, match="year 0"):
        crypto.certificates(pem("CERTIFICATE", der))


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@settings(max_examples=tries(200), deadline=None)
@given(st.sampled_from(SOUND), st.lists(st.integers(0, 8 * 400), max_size=3), st.integers(0, 400))
def test_whatever_bits_are_wrong_it_is_read_or_refused(
    sound: tuple[str, bytes], bits: list[int], cut: int
) -> None:
    kind, der = sound
    spoilt = bytearray(der[:cut] if cut % 2 else der)
    for bit in bits if spoilt else ():
        spoilt[bit // 8 % len(spoilt)] ^= 1 << bit % 8
    paper = pem(kind, bytes(spoilt))
    with suppress(CryptoError):
        key = crypto.signing_key(paper)
        key.public_key().verify(key.sign(SAID, ec.ECDSA(SHA256())), SAID, ec.ECDSA(SHA256()))
    with suppress(CryptoError):
        assert not crypto.is_signed(SAID, bytes(spoilt), key=crypto.update_key(paper))
    with suppress(CryptoError):
        assert crypto.certificates(paper)
