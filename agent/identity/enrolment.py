"""First contact with a hub: check its authority against the code, then exchange the token for a
certificate."""

import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import ValidationError

from agent.i18n import N_
from agent.uplink.mqtt.errors import Trouble
from agent.wire.enrolment import (
    AUTHORITY_PATH,
    FINGERPRINT_BYTES,
    PATH,
    EnrolAnswer,
    EnrolmentCode,
    EnrolRequest,
)

TIMEOUT_S: Final = 30.0
MOST_BYTES: Final = 256 * 1024
PLAIN: Final = {"Accept-Encoding": "identity"}
CLOCK_OFF_S: Final = 600.0
"""Certificates begin an hour early; a clock that is further off is reported in any case."""

_REFUSALS: Final = {
    "unknown": (
        N_("the hub {where} does not know this code"),
        N_("copy it anew, or have the keeper make another"),
    ),
    "used": (
        N_("this code was used already, by another box or before this one was set up anew"),
        N_("have the keeper make another"),
    ),
    "expired": (N_("this code has run out"), N_("have the keeper make another")),
    "withdrawn": (N_("the keeper withdrew this code"), N_("have the keeper make another")),
    "too_many": (
        N_("the hub {where} has heard too many wrong codes from here"),
        N_("wait ten minutes, and copy the code letter by letter"),
    ),
}


class EnrolmentClient:
    """The hub named by a code, trusted only as far as the code proves it."""

    def __init__(self, code: EnrolmentCode, *, now: datetime) -> None:
        """`now` is the node's clock, timezone-aware."""
        self._code = code
        self._now = now
        self._facts: dict[str, object] = {"where": f"{code.host}:{code.port}"}

    def authority(self) -> x509.Certificate:
        """The authority's certificate, if it matches the code; raises Trouble.

        It is accepted from any server: its fingerprint proves it.
        """
        try:
            with (
                httpx.Client(verify=False, timeout=TIMEOUT_S, trust_env=False) as client,  # noqa: S501 - see above
                client.stream("GET", self._code.base_url + AUTHORITY_PATH, headers=PLAIN) as answer,
            ):
                said = _beginning(answer)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        self._check_clock(answer)
        try:
            found = x509.load_pem_x509_certificate(said)
        except ValueError as error:
            raise self._no_hub() from error
        if found.fingerprint(SHA256())[:FINGERPRINT_BYTES] != self._code.fingerprint:
            raise Trouble(
                N_("what answers at {where} is not the hub that the code speaks of"),
                N_(
                    "do not go on: somebody may stand in between; ask the keeper whether the hub"
                    " was set up anew, and take a new code"
                ),
                self._facts,
            )
        return found

    def enrol(self, request_pem: str, authority: x509.Certificate) -> EnrolAnswer:
        """Exchange the token of the code for a certificate; raises Trouble."""
        trusted = ssl.create_default_context(
            cadata=authority.public_bytes(Encoding.PEM).decode("ascii")
        )
        trusted.minimum_version = ssl.TLSVersion.TLSv1_3
        utc_us = int(self._now.timestamp() * 1_000_000)
        asked = EnrolRequest(token=self._code.token.hex(), request=request_pem, utc_us=utc_us)
        try:
            with httpx.Client(verify=trusted, timeout=TIMEOUT_S, trust_env=False) as client:
                answer = client.post(
                    self._code.base_url + PATH,
                    content=asked.model_dump_json(),
                    headers={"Content-Type": "application/json"},
                )
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        if answer.status_code != httpx.codes.OK:
            raise self._refused(answer)
        try:
            return EnrolAnswer.model_validate_json(answer.content[:MOST_BYTES])
        except ValidationError as error:
            raise self._no_hub() from error

    def _check_clock(self, answer: httpx.Response) -> None:
        """The server's time is used only for a message to the technician."""
        try:
            theirs = parsedate_to_datetime(answer.headers["date"])
        except (KeyError, ValueError):
            return
        if theirs.tzinfo is None:  # -0000: UTC of unknown origin
            theirs = theirs.replace(tzinfo=UTC)
        if abs((theirs - self._now).total_seconds()) > CLOCK_OFF_S:
            raise Trouble(
                N_("this node's clock says {ours}, the hub's {theirs} (UTC)"),
                N_("let the node reach a time server, or set its clock: timedatectl set-time"),
                self._facts
                | {
                    "ours": f"{self._now.astimezone(UTC):%d/%m/%Y %H:%M}",
                    "theirs": f"{theirs.astimezone(UTC):%d/%m/%Y %H:%M}",
                },
            )

    def _refused(self, answer: httpx.Response) -> Trouble:
        try:
            reason = str(answer.json()["reason"])
        except (ValueError, KeyError, TypeError):
            reason = ""
        if reason in _REFUSALS:
            return Trouble(*_REFUSALS[reason], self._facts)
        return Trouble(
            N_("the hub {where} answers {code} ({reason})"),
            N_("see the hub's log; its authority may be kept elsewhere"),
            self._facts | {"code": answer.status_code, "reason": reason or "?"},
        )

    def _unreachable(self, error: Exception) -> Trouble:
        return Trouble(
            N_("the hub {where} cannot be reached ({why})"),
            N_("see the network, and that the code names the hub as it is reached from here"),
            self._facts | {"why": " ".join(str(error).split()) or type(error).__name__},
        )

    def _no_hub(self) -> Trouble:
        return Trouble(
            N_("what answers at {where} is no hub that enrols nodes"),
            N_("see that the code is whole; behind another proxy, /enrol must be passed on"),
            self._facts,
        )


def _beginning(answer: httpx.Response) -> bytes:
    """Start of the answer, at most the size of any answer of a hub."""
    said = bytearray()
    for piece in answer.iter_raw():
        said += piece
        if len(said) >= MOST_BYTES:
            break
    return bytes(said)
