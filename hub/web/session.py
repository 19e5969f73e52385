"""A valid session of a signed-in person."""

from dataclasses import dataclass
from uuid import UUID

from hub.base.audit.asker import Asker


@dataclass(frozen=True, slots=True)
class Session:
    """A valid session."""

    session_id: UUID
    csrf: str
    asker: Asker
    is_proved: bool = False
    """Whether the person gave a password or passkey within `SessionLimits.proof_s`."""
