"""A paper of which a bit is wrong or a part is missing is read or refused, and nothing else."""

import base64
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.papers import Library, PapersError, libcrypto
from agent.papers.by_cryptography import Cryptography
from agent.papers.openssl import Openssl

BOTH = pytest.mark.parametrize(
    "library",
    [
        pytest.param(Openssl(libcrypto.load()), id="openssl"),
        pytest.param(Cryptography(), id="cryptography"),
    ],
)
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
SAID = b"matthan seal 1 signed\0" + bytes(range(32))


def pem(kind: str, der: bytes) -> bytes:
    name = kind.encode()
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (name, base64.encodebytes(der), name)


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@BOTH
@settings(max_examples=200, deadline=None)
@given(st.sampled_from(SOUND), st.lists(st.integers(0, 8 * 400), max_size=3), st.integers(0, 400))
def test_whatever_becomes_of_a_paper_it_is_read_or_refused(
    library: Library, sound: tuple[str, bytes], bits: list[int], cut: int
) -> None:
    kind, der = sound
    spoilt = bytearray(der[:cut] if cut % 2 else der)
    for bit in bits if spoilt else ():
        spoilt[bit // 8 % len(spoilt)] ^= 1 << bit % 8
    paper = pem(kind, bytes(spoilt))
    with suppress(PapersError):
        key = library.signing_key(paper)
        assert key.holds(SAID, key.sign(SAID))
    with suppress(PapersError):
        assert not library.update_key(paper).holds(SAID, bytes(spoilt))
    with suppress(PapersError):
        assert library.certificates(paper)


@BOTH
def test_a_key_whose_halves_are_not_of_one_key_is_refused(library: Library) -> None:
    """One bit of the file is enough, and no seal by it would hold."""
    private = KEY.private_numbers().private_value.to_bytes(32, "big")
    spoilt = bytearray(PRIVATE)
    spoilt[PRIVATE.index(private) + 20] ^= 1
    with pytest.raises(PapersError):
        library.signing_key(pem("PRIVATE KEY", bytes(spoilt)))
    assert library.signing_key(pem("PRIVATE KEY", PRIVATE)).sign(SAID)


@BOTH
def test_a_certificate_of_the_year_0_is_refused(library: Library) -> None:
    """ASN.1 has that year, Python does not."""
    der = CERTIFICATE.replace(b"20510101000000Z", b"00000101000000Z")
    with pytest.raises(PapersError, match="year 0"):
        library.certificates(pem("CERTIFICATE", der))
