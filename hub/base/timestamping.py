"""HTTP transport to the time stamp authority: one query, one answer or a clear error."""

import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final
from uuid import uuid4

import httpx
from cryptography import x509

from hub.base.rfc3161 import (
    MOST_ANSWER_BYTES,
    MOST_APART_S,
    Stamp,
    StampError,
    TimestampAuthority,
    read_roots,
)

ANSWER_S: Final = 10.0
"""Limit for connecting, for the start of the answer, and for the rest."""
_ASKS: Final = "application/timestamp-query"
_ANSWERS: Final = "application/timestamp-reply"


def authority(url: str, ca_file: str) -> TimestampAuthority | None:
    """The authority at `url`, or None without one; StampError if its roots, in `ca_file`, are
    missing."""
    if not url:
        return None
    if not ca_file:
        raise StampError("evidence.stamp_ca_file must name the certificate of the authority's root")
    return TimestampAuthority(url, roots_of(Path(ca_file)), partial(_post, url))


def asked(url: str, ca_file: str) -> TimestampAuthority | None:
    """The authority for an export, which no fault of a stamp may stop: if its roots are missing,
    the fault becomes the result of the stamp."""
    try:
        return authority(url, ca_file)
    except StampError as error:
        return TimestampAuthority(url, (), partial(_refuse, str(error)))


def roots_of(path: Path) -> list[x509.Certificate]:
    """Trusted roots for stamps; raises StampError."""
    try:
        return read_roots(path.read_bytes())
    except OSError as error:
        raise StampError(f"{path} cannot be read: {error.strerror}") from error
    except StampError as error:
        raise StampError(f"{path}: {error}") from error


def _refuse(why: str, _: bytes) -> bytes:
    raise StampError(why)


def try_out(asked: TimestampAuthority) -> Stamp:
    """A stamp of a few bytes, as a test; raises StampError."""
    before = datetime.now(UTC)
    _, stamp = asked.stamp(uuid4().bytes)
    apart_s = abs((stamp.at - before).total_seconds())
    if apart_s > MOST_APART_S:
        raise StampError(f"it says {stamp.at:%d/%m/%Y %H:%M:%S} UTC: one of the two clocks is off")
    return stamp


def _post(url: str, question: bytes) -> bytes:
    ends_s = time.monotonic() + ANSWER_S
    answer = b""
    try:
        with (
            httpx.Client(timeout=ANSWER_S, trust_env=False) as client,
            client.stream("POST", url, content=question, headers={"Content-Type": _ASKS}) as said,
        ):
            for piece in said.iter_bytes():
                answer += piece
                if len(answer) > MOST_ANSWER_BYTES:
                    raise StampError("its answer is too long for a time stamp")
                if time.monotonic() > ends_s:
                    raise StampError(f"no whole answer within {ANSWER_S:.0f} s")
    except httpx.TimeoutException as error:
        raise StampError(f"no answer within {ANSWER_S:.0f} s") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise StampError(f"it cannot be reached: {type(error).__name__}") from error
    kind = said.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if said.status_code != httpx.codes.OK or kind != _ANSWERS:
        raise StampError(f"it answers {said.status_code} and no time stamp")
    return answer
