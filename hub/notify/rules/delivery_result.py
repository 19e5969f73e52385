"""Result of a send attempt, and the next state of the notification."""

from dataclasses import dataclass
from typing import assert_never


@dataclass(frozen=True)
class Delivered:
    """The push service accepted the message. Only the phone can say whether it was seen."""

    status: int | None = None


@dataclass(frozen=True)
class TryAgain:
    """Retry later. The service may have accepted the message if its answer was lost."""

    reason: str
    status: int | None = None
    after_s: float | None = None  # Retry-After of the service
    most_attempts: int | None = None  # after this many attempts the fault counts as permanent


@dataclass(frozen=True)
class Gone:
    """The subscription has ended; this phone cannot be reached any more."""

    reason: str
    status: int | None = None


@dataclass(frozen=True)
class MessageRefused:
    """This message is refused for good; the next one may be accepted."""

    reason: str
    status: int | None = None


@dataclass(frozen=True)
class NotNeeded:
    """The message was not sent, because nobody needs it any more."""

    reason: str


Answer = Delivered | TryAgain | Gone | MessageRefused | NotNeeded


@dataclass(frozen=True)
class RetryPolicy:
    """Retry policy for one phone."""

    first_wait_s: float = 2.0  # upper bound after the first failure; doubles each time
    longest_wait_s: float = 300.0
    deadline_s: float = 3600.0  # later the inbox is more useful than a push

    def wait_s(self, *, attempts: int, chance: float) -> float:
        """Full-jitter back-off after `attempts` (from 1); `chance` is random in 0-1."""
        doublings = min(attempts - 1, 30)  # 2**30 is past any cap, and never overflows
        return chance * min(self.longest_wait_s, self.first_wait_s * 2.0**doublings)


@dataclass(frozen=True)
class Settled:
    """Final state of the notification: accepted, dropped or dead."""

    state: str
    reason: str


@dataclass(frozen=True)
class Requeued:
    """The notification goes back into the queue."""

    due_utc_us: int
    reason: str


def what_follows(
    answer: Answer,
    *,
    attempts: int,
    owed_utc_us: int,
    now_utc_us: int,
    retry_policy: RetryPolicy,
    chance: float,
) -> Settled | Requeued:
    """Next state of a notification after an attempt: retry or final.

    `attempts` includes this one; `chance` is random in 0-1.
    """
    match answer:
        case Delivered():
            return Settled("accepted", "")
        case NotNeeded(reason):
            return Settled("dropped", reason)
        case Gone(reason) | MessageRefused(reason):
            return Settled("dead", reason)
        case TryAgain():
            return _again(
                answer,
                attempts=attempts,
                deadline_utc_us=owed_utc_us + round(retry_policy.deadline_s * 1e6),
                now_utc_us=now_utc_us,
                wait_s=retry_policy.wait_s(attempts=attempts, chance=chance),
            )
        case _:
            assert_never(answer)


def _again(
    answer: TryAgain, *, attempts: int, deadline_utc_us: int, now_utc_us: int, wait_s: float
) -> Settled | Requeued:
    if answer.most_attempts is not None and attempts >= answer.most_attempts:
        return Settled("dead", f"{answer.reason}, {attempts} times")
    if now_utc_us >= deadline_utc_us:
        return Settled("dead", f"too late after {attempts} attempts: {answer.reason}")
    asked_utc_us = now_utc_us + round((answer.after_s or 0.0) * 1e6)
    if asked_utc_us > deadline_utc_us:
        return Settled("dead", f"asked to wait beyond the deadline: {answer.reason}")
    due_utc_us = max(asked_utc_us, now_utc_us + round(wait_s * 1e6))
    return Requeued(min(due_utc_us, deadline_utc_us), answer.reason)
