"""RFC 3161 time stamps: proof by an outside authority that these bytes existed at a moment.

Queries and answers are bytes here; `hub.base.timestamping` transports them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

UNREADABLE: Final = (
    ValueError,
    IndexError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
)
"""Exceptions that a foreign certificate can raise when it is read."""


MOST_ANSWER_BYTES: Final = 64 * 1024
"""An answer has some kilobytes, mostly certificates of the authority."""
MOST_APART_S: Final = 300.0
"""Largest difference between the times of export and stamp; a large package takes time to write."""
_GRANTED: Final = 0
_SEQUENCE: Final = 0x30
_TAGGED: Final = 0xA0


class StampError(ValueError):
    """There is no valid stamp; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Content of a valid stamp."""

    at: datetime
    """UTC, with the authority's resolution."""
    by: str
    """Name in the certificate that signed it."""
    serial: int


@dataclass(frozen=True, slots=True)
class TimestampAuthority:
    """A time stamp authority, its trusted roots, and the transport."""

    name: str
    """Address of the authority, for display."""
    roots: Sequence[x509.Certificate]
    post: Callable[[bytes], bytes]
    """Query in, answer out; StampError if there is none."""

    def stamp(self, content: bytes) -> tuple[bytes, Stamp]:
        """The raw answer, already checked; raises StampError."""
        question = (
            TimestampRequestBuilder().data(content).hash_algorithm(HashAlgorithm.SHA256).build()
        )
        answer = self.post(question.as_bytes())
        return answer, check_stamp(answer, content, self.roots, nonce=question.nonce)


def check_stamp(
    answer: bytes,
    content: bytes,
    roots: Sequence[x509.Certificate],
    *,
    nonce: int | None = None,
) -> Stamp:
    """Check that an answer stamps `content`, signed by a certificate that a root covered at that
    time.

    With `nonce`, also check that it answers this query and not an earlier one.
    """
    if not roots:
        raise StampError("nobody is given whom to believe for it")
    if len(answer) > MOST_ANSWER_BYTES:
        raise StampError(f"{len(answer)} bytes are no time stamp")
    try:
        response = decode_timestamp_response(_in_order(answer))
        _must_be_granted(response)
        verifier = VerifierBuilder(roots=list(roots), nonce=nonce).build()
        verifier.verify_message(response, content)
        info = response.tst_info
        return Stamp(info.gen_time, _signer(response), info.serial_number)
    except StampError:
        raise
    except (VerificationError, *UNREADABLE) as error:
        raise StampError(f"it is no stamp of these bytes by that authority: {error}") from error


def must_agree(stamp: Stamp, exported_utc_us: int, error_ms: int | None) -> None:
    """Check the time of a stamp: StampError if it contradicts the time of the export.

    A hub with an untrusted clock (`error_ms` None) contradicts no stamp.
    """
    apart_s = stamp.at.timestamp() - exported_utc_us / 1e6
    if error_ms is None or abs(apart_s) <= MOST_APART_S + error_ms / 1e3:
        return
    raise StampError(
        f"it says {stamp.at:%d/%m/%Y %H:%M:%S} UTC, {abs(apart_s):.0f} s "
        f"{'after' if apart_s > 0 else 'before'} the export: one of the two clocks is wrong"
    )


def read_roots(pem: bytes) -> list[x509.Certificate]:
    """Certificates in a file; StampError if there is none."""
    try:
        return x509.load_pem_x509_certificates(pem)
    except UNREADABLE as error:
        raise StampError("no certificate (PEM) of the time stamp's authority is there") from error


def _must_be_granted(response: TimeStampResponse) -> None:
    if response.status != _GRANTED:
        said = " ".join(response.status_string)[:200] or f"status {response.status}"
        raise StampError(f"the authority refused: {said}")


def _signer(response: TimeStampResponse) -> str:
    [info] = response.signed_data.signer_infos
    for content in response.signed_data.certificates:
        certificate = x509.load_der_x509_certificate(content)
        if (certificate.issuer, certificate.serial_number) == (info.issuer, info.serial_number):
            return certificate.subject.rfc4514_string()
    return info.issuer.rfc4514_string()


def _in_order(answer: bytes) -> bytes:
    """The answer with its certificates in DER order.

    They are an unsigned set. OpenSSL's authorities write them in any order, and the library reads
    only DER. No length changes.
    """
    try:
        _, token = _inside(answer, 0, len(answer), _SEQUENCE)
        _, tagged = _inside(answer, *token, _SEQUENCE)
        [signed] = _inside(answer, *tagged, _TAGGED)
        held = _inside(answer, *signed, _SEQUENCE)
        start, end = next(one for one in held if answer[one[0]] == _TAGGED)
        certificates = [answer[a:b] for a, b in _inside(answer, start, end, _TAGGED)]
    except (IndexError, ValueError, StopIteration):
        return answer  # the library reports the fault
    listed = b"".join(sorted(certificates))
    return answer[: end - len(listed)] + listed + answer[end:]


Span = tuple[int, int]


def _inside(content: bytes, start: int, end: int, tag: int) -> list[Span]:
    """Start and end of each element inside an element with that tag; raises ValueError,
    IndexError."""
    if content[start] != tag:
        raise ValueError("another element")
    return list(_elements(content, _head(content, start)[0], end))


def _elements(content: bytes, here: int, end: int) -> Iterator[Span]:
    while here < end:
        body, length = _head(content, here)
        if body + length > end:
            raise ValueError("an element ends outside")
        yield here, body + length
        here = body + length


def _head(content: bytes, start: int) -> tuple[int, int]:
    """Start and length of an element's body."""
    first = content[start + 1]
    if first < 0x80:
        return start + 2, first
    count = first & 0x7F
    body = start + 2 + count
    if not 1 <= count <= 4:
        raise ValueError("an element without a length")
    return body, int.from_bytes(content[start + 2 : body])
