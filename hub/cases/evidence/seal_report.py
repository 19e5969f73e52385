"""Verification of a file of footage from the file and a certificate alone."""

import mmap
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509

from agent.wire.seal import Claims
from agent.wire.seal_check import Fault, State, Verdict, judge
from hub.nodes.pki.verification import fault_of_certificate, fingerprint, signature_holds


@dataclass(frozen=True, slots=True, kw_only=True)
class SealReport:
    """Result for one file: its seal, and whether its signer is trusted."""

    path: Path
    check: Verdict | None
    """None: the file cannot be read."""
    signer_fault: str | None

    @property
    def is_intact(self) -> bool:
        """True if every bit is as written by a node of this authority."""
        is_whole = self.check is not None and self.check.state is State.INTACT
        return is_whole and self.signer_fault is None

    def lines(self) -> list[str]:
        """The result in lines for people."""
        if self.check is None:
            return [f"{self.path}: cannot be read: {self.signer_fault}"]
        faults = [_sentence(fault, self.check.fragments) for fault in self.check.faults]
        signer = [self.signer_fault] if self.signer_fault else []
        details = [*faults, *signer, *self.check.notes]
        claims = self.check.claims
        about = [_about(claims, self.check.fragments)] if claims else []
        return [f"{self.path}: {self._headline()}", *(f"  {line}" for line in [*details, *about])]

    def to_json(self) -> dict[str, Any]:
        """The result as JSON for programs."""
        check = self.check
        found: dict[str, Any] = {"file": str(self.path), "is_intact": self.is_intact}
        if check is None:
            return {**found, "state": "unreadable", "signer_fault": self.signer_fault}
        claims = check.claims
        return {
            **found,
            "state": check.state,
            "signer_fault": self.signer_fault,
            "fragments": check.fragments,
            "faults": [asdict(fault) for fault in check.faults],
            "notes": list(check.notes),
            "claims": claims.model_dump(mode="json", exclude={"certificates"}) if claims else None,
            "certificate_sha256": fingerprint(claims.certificates[0]) if claims else None,
        }

    def _headline(self) -> str:
        match self.check.state if self.check else None:
            case State.UNSEALED:
                return "carries no seal"
            case State.ENDS_EARLY:
                return "ENDS EARLY: power was cut, or its end was cut off; the file cannot tell"
            case State.INTACT if self.is_intact:
                return "intact"
            case State.INTACT:
                return "NOT VOUCHED FOR"
            case _:
                return "NOT INTACT"


def verify_file(path: Path, authority: x509.Certificate | None) -> SealReport:
    """Read the whole file; an unreadable file also gives a report."""
    try:
        check = _judge_file(path)
    except OSError as error:
        reason = error.strerror or str(error)
        return SealReport(path=path, check=None, signer_fault=reason)
    fault = None
    if check.claims is not None:
        fault = "no certificate was given to believe: say --authority FILE"
        if authority is not None:
            fault = fault_of_certificate(check.claims, authority)
    return SealReport(path=path, check=check, signer_fault=fault)


def check_pieces(pieces: Iterable[bytes]) -> Verdict | None:
    """The check of the seal of a file that comes in pieces; None: it cannot be read."""
    with tempfile.NamedTemporaryFile() as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        return verify_file(Path(file.name), None).check


def _judge_file(path: Path) -> Verdict:
    with path.open("rb") as file:
        if path.stat().st_size == 0:  # an empty file cannot be mapped
            return judge(b"", signature_holds)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return judge(data, signature_holds)


def _sentence(fault: Fault, total: int) -> str:
    if fault.first > total:
        where = "the end"
    elif fault.last == 0:
        where = "the beginning"
    elif fault.first == fault.last:
        where = f"fragment {fault.first} of {total}"
    else:
        where = f"fragments {fault.first} to {min(fault.last, total)} of {total}"
    if fault.first and fault.into_clip_ms is not None:
        minutes, ms = divmod(fault.into_clip_ms, 60_000)
        where += f", about {minutes}:{ms / 1000:04.1f}"
    return f"{where}: {fault.what}"


def _about(claims: Claims, fragments: int) -> str:
    stamp = claims.first_frame
    began = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=stamp.utc_us)
    bound = "no bound" if stamp.error_ms is None else f"± {stamp.error_ms} ms"
    source = ""
    if claims.fetched_utc_us is not None:
        fetched = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=claims.fetched_utc_us)
        source = f", fetched from the camera's own recorder {fetched:%Y-%m-%d %H:%M:%S} UTC"
    return (
        f"it says: {claims.node}, camera {claims.camera}, from {began:%Y-%m-%d %H:%M:%S.%f} UTC "
        f"(clock: {stamp.source}, {bound}), {claims.codec} {claims.width}x{claims.height}, "
        f"{fragments} fragments, clip {claims.clip_id}{source}"
    )
