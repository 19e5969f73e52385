"""The verdict on a clip of a box: by its seal, its box's certificate, and the log. Pure.

A package and the page of a case judge alike. What cannot be proven is a limit of the verdict and
lowers nothing; what contradicts the seal makes the clip another than its box sealed.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from cryptography import x509

from agent.wire.seal import Claims
from agent.wire.seal_check import State, Verdict
from hub.base.hash_chain import bind_line
from hub.nodes.pki.authority import BACKDATED
from hub.nodes.pki.verification import (
    certificate_fault,
    own_certificate,
    public_key_sha256,
    sealed_at,
)

ENROLMENT: Final = "enrolment.redeem"
ARRIVALS: Final = ("media.store", "media.adopt")
"""Acts whose lines have the SHA-256 of a file that came to the hub."""
STAMPED_WITHIN: Final = timedelta(days=1)
"""A stamp of this age or less proves the date of its line; a later one proves its own date."""
_ROUNDED: Final = timedelta(seconds=2)
"""Certificates have whole seconds."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ARRIVED: Final = re.compile(r'(?:sha256 |"sha": ")([0-9a-f]{64})')
"""In a detail as text, and in its JSON in the log."""


class SealVerdict(StrEnum):
    """The verdict on one clip."""

    SEALED = "sealed"
    """Sealed by the box, to its last second if a power cut ended it."""
    DIFFERS = "differs"
    """Another than the box sealed."""
    WITHOUT = "without"
    """It, or its end, came without a seal."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason by its id, with the value in its text (`hub.cases.evidence.seal_wording`)."""

    id: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class ClipSeal:
    """The verdict on one clip, why, and what is not proven."""

    verdict: SealVerdict
    why: tuple[Reason, ...] = ()
    limits: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class EnrolledKey:
    """A line of the log that names the key of a box, or an older one that names none."""

    act: str
    at: datetime
    node: str
    """Empty in a line without a key."""
    key_sha256: str
    """SHA-256 of the public key (DER); empty in a line of a hub before 0.3.0."""
    stamped: datetime | None = None
    """Time of the stamp over it, if there is one that holds."""


@dataclass(frozen=True, slots=True)
class BoxPapers:
    """What is known of the keys of a box."""

    authorities: Sequence[x509.Certificate] = ()
    """Who may have issued its certificate; none: not known."""
    keys: Sequence[EnrolledKey] | None = None
    """Lines about the box, in the order of the log; None: not known."""


def read_key_line(
    previous: str, line: str, stored: str, stamped: datetime | None = None
) -> EnrolledKey:
    """Read a line of the log in the form that its hash covers; ValueError if it is not the one."""
    if bind_line(previous, line) != stored:
        raise ValueError("it is not the line that the log's hash covers")
    fields = json.loads(line)
    data: Mapping[str, Any] = json.loads(fields[11]) if len(fields) > 11 else {}
    return EnrolledKey(
        act=str(fields[4]),
        at=_EPOCH + timedelta(microseconds=fields[9]),
        node=str(data.get("node", "")),
        key_sha256=str(data.get("key_sha256", "")),
        stamped=stamped,
    )


def arrived(lines: Iterable[tuple[str, str]]) -> frozenset[str]:
    """SHA-256 of the files that came, from lines of the log about one of them: act, and detail
    as text or as JSON."""
    found = (_ARRIVED.search(detail) for act, detail in lines if act in ARRIVALS)
    return frozenset(one[1] for one in found if one)


def judge_clip(
    check: Verdict | None,
    *,
    node: str,
    sha256: str,
    came: Collection[str],
    papers: BoxPapers,
) -> ClipSeal:
    """Judge a clip that the hub has from the box `node`.

    `check`: the check of its seal; None if the file cannot be read. `came`: SHA-256 of what came to
    the hub under its name, by the log; empty if the log says nothing.
    """
    why = []
    if came and sha256 not in came:
        why.append(Reason("arrival", min(came)))
    if check is None:
        why.append(Reason("unreadable"))
    elif check.state is State.BROKEN:
        why.append(Reason("changed", _place(check)))
    elif check.has_strange_tail:
        why.append(Reason("tail"))
    claims = check.claims if check else None
    if claims is not None and not why:
        why += _faults_of_signer(claims, node, papers)
    if why or check is None:
        return ClipSeal(SealVerdict.DIFFERS, tuple(why))
    if missing := _missing(check, came):
        return ClipSeal(SealVerdict.WITHOUT, (missing,))
    ended = Reason("cut") if check.state is State.ENDS_EARLY or check.notes else None
    limits = _limits(claims, papers) if claims is not None else ()
    return ClipSeal(SealVerdict.SEALED, (ended,) if ended else (), tuple(limits))


def _missing(check: Verdict, came: Collection[str]) -> Reason | None:
    """Why a clip that was not changed is not sealed to its end; None if it is."""
    if check.state is State.UNSEALED:
        return Reason("keyless" if came else "none")
    if check.state is State.ENDS_EARLY and not came:
        return Reason("short")
    return Reason("loose") if check.has_loose_fragment else None


def _faults_of_signer(claims: Claims, node: str, papers: BoxPapers) -> list[Reason]:
    if claims.node != node:
        return [Reason("box", claims.node)]
    if papers.authorities:
        faults = [certificate_fault(claims, one) for one in papers.authorities]
        if all(faults) and faults[0]:
            return [Reason(*faults[0])]
    elif own_certificate(claims) is None:
        return [Reason("papers_unreadable")]
    return _faults_of_key(claims, papers.keys or ())


def _faults_of_key(claims: Claims, keys: Sequence[EnrolledKey]) -> list[Reason]:
    """Contradictions between the certificate and the log."""
    own = own_certificate(claims)
    if own is None:
        return [Reason("papers_unreadable")]
    named = [one for one in keys if one.key_sha256 and one.node == claims.node]
    first = _first_with(own, named)
    begins = own.not_valid_before_utc
    if first is None:
        return _faults_of_unknown_key(begins, keys, named)
    if first.act == ENROLMENT and begins < first.at - BACKDATED - _ROUNDED:
        return [Reason("backdated", _day(first.at))]
    return []


def _faults_of_unknown_key(
    begins: datetime, keys: Sequence[EnrolledKey], named: Sequence[EnrolledKey]
) -> list[Reason]:
    """For a certificate with a key that no line names. One of a time when the log named no keys yet
    may be true."""
    if known := [one for one in named if one.at - BACKDATED - _ROUNDED <= begins]:
        return [Reason("key", _day(known[-1].at))]
    if keys and keys[0] in named and keys[0].act == ENROLMENT:
        return [Reason("before_box", _day(keys[0].at))]
    return []


def _limits(claims: Claims, papers: BoxPapers) -> Iterable[Reason]:
    """What is not proven of a seal without a fault."""
    if not papers.authorities:
        yield Reason("issuer_unknown")
    if papers.keys is None:
        yield Reason("date_unknown")
        return
    own = own_certificate(claims)
    named = [one for one in papers.keys if one.key_sha256 and one.node == claims.node]
    first = _first_with(own, named) if own else None
    if own is None or first is None or own.not_valid_before_utc < first.at - BACKDATED - _ROUNDED:
        yield Reason("date_unlogged")
    elif first.stamped is None:
        yield Reason("date_unstamped")
    else:
        is_prompt = first.stamped - first.at <= STAMPED_WITHIN
        since = min(first.at, first.stamped) if is_prompt else first.stamped
        if sealed_at(claims) < since - BACKDATED:
            yield Reason("date_late", _day(first.stamped))


def _first_with(own: x509.Certificate, keys: Iterable[EnrolledKey]) -> EnrolledKey | None:
    key = public_key_sha256(own)
    return next((one for one in keys if one.key_sha256 == key), None)


def _place(check: Verdict) -> str:
    """The first fault's place in the clip, minutes and seconds."""
    into_ms = check.faults[0].into_clip_ms or 0
    minutes, ms = divmod(into_ms, 60_000)
    return f"{minutes}:{ms / 1000:04.1f}"


def _day(moment: datetime) -> str:
    return f"{moment:%d/%m/%Y}"
