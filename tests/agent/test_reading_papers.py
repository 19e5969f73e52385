"""A node's papers are read alike by Python's own OpenSSL and by `cryptography`, which check each
other here; nothing is left behind, in memory or in the queue of errors that TLS reads too."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from agent import papers
from agent.papers import Library, PapersError, WrongKindError, libcrypto
from agent.papers.by_cryptography import Cryptography
from agent.papers.openssl import Openssl
from agent.wire.signature import ORDER, from_der, joined, to_der
from hub.enrol.authority import Authority
from tests.house.test_house import ROOT

PYTHONS = Openssl(libcrypto.load())
THEIRS = Cryptography()
BOTH = [pytest.param(PYTHONS, id="openssl"), pytest.param(THEIRS, id="cryptography")]
SAID = b"matthan seal 1 signed\0" + bytes(range(32))
NOW = datetime(2026, 11, 26, 9, 0, 0, tzinfo=UTC)

MOST_GROWTH_KIB = 1024
"""A context of one signature that stays is 60 bytes and more: of 100,000 it would be 6 MiB."""

OVER_AND_OVER = """
import sys
from pathlib import Path
from agent.papers import PapersError, libcrypto
from agent.papers.by_cryptography import Cryptography
from agent.papers.openssl import Openssl

library = Openssl(libcrypto.load()) if sys.argv[1] == "openssl" else Cryptography()
key_pem, cert_pem = (Path(name).read_bytes() for name in sys.argv[2:])
key, said = library.signing_key(key_pem), bytes(54)

def many(times):
    for number in range(times):
        signature = key.sign(said)
        if number % 10 == 0:
            assert key.holds(said, signature) and not key.holds(b"", signature)
        if number % 50 == 0:
            assert library.signing_key(key_pem).is_of(library.certificates(cert_pem)[0])
            try:
                library.signing_key(cert_pem)
            except PapersError:
                pass

def rss_kib():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4

many(5_000)
before = rss_kib()
many(100_000)
print(rss_kib() - before)
"""


def pem_of(key: PrivateKeyTypes, password: bytes = b"") -> bytes:
    lock = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)


def public_pem(key: PrivateKeyTypes) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def p256() -> bytes:
    return pem_of(ec.generate_private_key(ec.SECP256R1()))


PEM = p256()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Key and certificate of a node, certificate of its authority."""
    authority = Authority.create(tmp_path_factory.mktemp("ca"), NOW)
    node = authority.issue_client("nga-tu-01", NOW)
    return node.key_file, node.cert_file, node.ca_file


@pytest.fixture(autouse=True)
def nothing_is_left_for_tls() -> Iterator[None]:
    yield
    assert libcrypto.load().ERR_get_error() == 0


# Keys that sign


@pytest.mark.parametrize("signs", BOTH)
@pytest.mark.parametrize("checks", BOTH)
def test_what_one_signs_the_other_takes_and_nothing_else(signs: Library, checks: Library) -> None:
    pem = p256()
    ours, theirs = signs.signing_key(pem), checks.signing_key(pem)
    stranger = checks.signing_key(p256())
    for length in (0, 1, 54, 100_000):
        data = SAID * 2000
        signature = ours.sign(data[:length])
        assert theirs.holds(data[:length], signature)
        assert not theirs.holds(data[: length + 1], signature)
        assert not stranger.holds(data[:length], signature)
    for bit in range(len(signature) * 8):
        changed = bytearray(signature)
        changed[bit // 8] ^= 1 << bit % 8
        assert not theirs.holds(data[:length], bytes(changed))


@pytest.mark.parametrize("library", BOTH)
@pytest.mark.parametrize(
    "none",
    [b"", b"\0", b"0", bytes(64), b"\x30\x06\x02\x01\x00\x02\x01\x00", b"\xff" * 72, b"0" * 5000],
)
def test_a_signature_that_is_none_does_not_hold(library: Library, none: bytes) -> None:
    assert not library.signing_key(p256()).holds(SAID, none)


@pytest.mark.parametrize("library", BOTH)
@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL", "with parameters before it"])
def test_a_key_is_read_in_every_form_that_tools_write(
    library: Library, form: str, tmp_path: Path
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    if form == "with parameters before it":
        make = ["openssl", "ecparam", "-name", "prime256v1", "-genkey"]
        pem = subprocess.run(make, check=True, capture_output=True).stdout
        assert pem.startswith(b"-----BEGIN EC PARAMETERS")
    else:
        pem = key.private_bytes(Encoding.PEM, getattr(PrivateFormat, form), NoEncryption())
    assert library.signing_key(pem).holds(SAID, library.signing_key(pem).sign(SAID))
    windows = pem.replace(b"\n", b"\r\n")
    assert library.signing_key(windows).holds(SAID, library.signing_key(pem).sign(SAID))


@pytest.mark.parametrize("library", BOTH)
@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP256K1()),
        rsa.generate_private_key(65537, 2048),
        dsa.generate_private_key(2048),
        ed25519.Ed25519PrivateKey.generate(),
        ed448.Ed448PrivateKey.generate(),
        x25519.X25519PrivateKey.generate(),
    ],
    ids=["P-384", "secp256k1", "RSA", "DSA", "Ed25519", "Ed448", "X25519"],
)
def test_a_key_of_another_kind_is_refused_by_its_kind(
    library: Library, key: PrivateKeyTypes
) -> None:
    with pytest.raises(WrongKindError, match="no key of the kind ECDSA P-256"):
        library.signing_key(pem_of(key))
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        with pytest.raises(WrongKindError, match="no key of the kind Ed25519"):
            library.update_key(public_pem(key))


@pytest.mark.parametrize("library", BOTH)
@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
def test_a_key_under_a_password_is_refused_and_nobody_is_asked_for_it(
    library: Library, form: str
) -> None:
    lock = BestAvailableEncryption(b"bi mat")
    key = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(PapersError, match=r"(?i)password"):
        library.signing_key(key.private_bytes(Encoding.PEM, getattr(PrivateFormat, form), lock))


@pytest.mark.parametrize("library", BOTH)
@pytest.mark.parametrize("ask", ["signing_key", "update_key", "certificates"])
@pytest.mark.parametrize("how", ["nothing", "words", "letters", "cut", "zeros", "other", "large"])
def test_what_is_no_paper_is_refused_with_a_reason(
    library: Library, ask: str, how: str, office: tuple[Path, Path, Path]
) -> None:
    key, cert, _ = (path.read_bytes() for path in office)
    begin, end = b"-----BEGIN PRIVATE KEY-----\n", b"-----END PRIVATE KEY-----\n"
    meant = {"signing_key": key, "certificates": cert}.get(
        ask, public_pem(ed25519.Ed25519PrivateKey.generate())
    )
    pem = {
        "nothing": b"",
        "words": "đây không phải là khóa".encode(),
        "letters": begin + b"AAAA" * 30 + b"\n" + end,
        "cut": meant[: len(meant) // 2],
        "zeros": bytes(200),
        "other": key if ask == "certificates" else cert,
        "large": b"a" * 1_000_000,
    }[how]
    with pytest.raises(PapersError, match=r"\w+"):
        getattr(library, ask)(pem)


# Certificates


@pytest.mark.parametrize("library", BOTH)
def test_certificates_are_told_in_their_order_as_they_are_and_until_when(
    library: Library, office: tuple[Path, Path, Path]
) -> None:
    _, cert, ca = (path.read_bytes() for path in office)
    found = library.certificates(b"subject=nga-tu-01\n" + cert + b"\n# its authority\n" + ca)
    expected = [x509.load_pem_x509_certificate(one) for one in (cert, ca)]
    assert [one.der for one in found] == [one.public_bytes(Encoding.DER) for one in expected]
    assert [one.not_before for one in found] == [one.not_valid_before_utc for one in expected]
    assert [one.not_after for one in found] == [one.not_valid_after_utc for one in expected]


@pytest.mark.parametrize("library", BOTH)
def test_one_spoilt_certificate_spoils_the_chain(
    library: Library, office: tuple[Path, Path, Path]
) -> None:
    _, cert, ca = (path.read_bytes() for path in office)
    lines = ca.splitlines()
    spoilt = b"\n".join([lines[0], b"A" * 64, *lines[2:]]) + b"\n"
    with pytest.raises(PapersError):
        library.certificates(cert + spoilt)


@pytest.mark.parametrize("library", BOTH)
def test_a_key_knows_its_certificate_from_others(
    library: Library, office: tuple[Path, Path, Path]
) -> None:
    key_file, cert_file, ca_file = office
    key = library.signing_key(key_file.read_bytes())
    (own,) = library.certificates(cert_file.read_bytes())
    (others,) = library.certificates(ca_file.read_bytes())
    assert key.is_of(own)
    assert not key.is_of(others)
    assert not library.signing_key(p256()).is_of(own)
    with pytest.raises(PapersError):
        key.is_of(papers.Certificate(b"none", own.not_before, own.not_after))


@pytest.mark.parametrize("library", BOTH)
@pytest.mark.parametrize("year", [1970, 2049, 2050, 9999])
def test_a_certificate_ends_when_it_says_in_whichever_century(library: Library, year: int) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    ends = datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)
    name = x509.Name([])
    draft = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    draft = draft.public_key(key.public_key()).serial_number(1).not_valid_after(ends)
    draft = draft.not_valid_before(datetime(1960, 2, 29, tzinfo=UTC))
    cert = draft.sign(key, SHA256())
    (found,) = library.certificates(cert.public_bytes(Encoding.PEM))
    assert found.not_after == ends
    assert found.not_before == datetime(1960, 2, 29, tzinfo=UTC)


# Keys of updates


@pytest.mark.parametrize("library", BOTH)
def test_an_update_key_takes_what_its_owner_signed_and_nothing_else(library: Library) -> None:
    owner = ed25519.Ed25519PrivateKey.generate()
    key, signature = library.update_key(public_pem(owner)), owner.sign(SAID)
    assert key.holds(SAID, signature)
    assert key.holds(b"", owner.sign(b""))
    assert not key.holds(SAID + b"\0", signature)
    assert not key.holds(SAID, ed25519.Ed25519PrivateKey.generate().sign(SAID))
    for none in (b"", signature[:-1], signature + b"\0", bytes(64), b"\xff" * 64):
        assert not key.holds(SAID, none)


# As it stands in the file


@given(st.integers(1, ORDER - 1), st.integers(1, ORDER - 1))
@example(1, 1)
@example(127, 128)
@example(ORDER - 1, ORDER // 2)
@example(2**255, ORDER // 2 + 1)
def test_numbers_are_put_as_cryptography_puts_them(r: int, s: int) -> None:
    smaller = min(s, ORDER - s)
    assert from_der(encode_dss_signature(r, s)) == joined(r, s)
    assert to_der(joined(r, s)) == encode_dss_signature(r, smaller)
    larger = r.to_bytes(32, "big") + (ORDER - smaller).to_bytes(32, "big")
    assert to_der(larger) is None


@pytest.mark.parametrize("signs", BOTH)
@pytest.mark.parametrize("checks", BOTH)
@settings(max_examples=25)
@given(data=st.binary(max_size=200))
def test_both_agree_through_the_form_in_the_file(
    signs: Library, checks: Library, data: bytes
) -> None:
    kept = from_der(signs.signing_key(PEM).sign(data))
    der = to_der(kept)
    assert len(kept) == 64
    assert der is not None
    assert checks.signing_key(PEM).holds(data, der)


# Many at once, and for long


def test_many_threads_sign_by_one_key_while_others_read_nonsense() -> None:
    key, theirs = PYTHONS.signing_key(PEM), THEIRS.signing_key(PEM)
    everybody = threading.Barrier(8)

    def work(number: int) -> list[tuple[bytes, bytes]]:
        everybody.wait()
        made = []
        for turn in range(400):
            said = bytes((number, turn % 256)) * 27
            made.append((said, key.sign(said)))
            if turn % 4 == 0:
                with pytest.raises(PapersError):
                    PYTHONS.certificates(b"-----BEGIN CERTIFICATE-----\nAAAA\n")
            assert not key.holds(said, b"none")
        assert libcrypto.load().ERR_get_error() == 0
        return made

    with ThreadPoolExecutor(8) as pool:
        made = [one for part in pool.map(work, range(8)) for one in part]
    assert len(made) == 8 * 400
    assert all(theirs.holds(said, signature) for said, signature in made)


@pytest.mark.parametrize("name", ["openssl", "cryptography"])
def test_a_hundred_thousand_signatures_leave_nothing_in_memory(
    name: str, office: tuple[Path, Path, Path]
) -> None:
    command = [sys.executable, "-c", OVER_AND_OVER, name, *map(str, office[:2])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < MOST_GROWTH_KIB


# Which of the two


def test_pythons_own_library_is_taken_where_it_can_be_asked() -> None:
    papers.library.cache_clear()
    with capture_logs() as said:
        assert isinstance(papers.library(), Openssl)
    assert said == []


@pytest.mark.parametrize("file", ["agent/vision/fast-x86_64.so", "agent/no-such.so"])
def test_without_it_cryptography_reads_and_that_is_said_once(file: str) -> None:
    with capture_logs() as said:
        first, second = (papers.library(str(ROOT / file)) for _ in range(2))
    assert isinstance(first, Cryptography)
    assert first is second
    (line,) = said
    assert line["event"] == "papers_by_cryptography"
    assert Path(file).name in line["reason"]
    papers.library.cache_clear()


def test_a_library_other_than_the_one_of_tls_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ssl.OPENSSL_VERSION_NUMBER", 0x30000020)
    with pytest.raises(libcrypto.UnfitError, match="another library than OpenSSL"):
        libcrypto.load()
