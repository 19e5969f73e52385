"""Whether footage can be kept at all, and when that has to be said: a plain object."""

from dataclasses import dataclass

from agent.clips.retention import Verdict
from agent.wire.messages import RecordingResumed, RecordingStopped, WhyStopped


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why nothing is recorded, and a sentence for a technician."""

    why: WhyStopped
    detail: str


class Standing:
    """The state of a shelf: told what is found out, asked for what is new.

    Nothing is recorded while less than `least_room_bytes` could be kept beside what is held, and
    again once there is twice as much, so that it does not stop and go with every clip.
    """

    def __init__(self, *, said: str | None, least_room_bytes: int) -> None:
        """`said`: why an earlier run told the hub that it stopped, unless it took that back."""
        self._said = said
        self._least_room_bytes = least_room_bytes
        self._place: Trouble | None = None
        self._room: Trouble | None = None
        self._is_room_known = False

    @property
    def trouble(self) -> Trouble | None:
        """Why nothing can be recorded now."""
        return self._place or self._room

    @property
    def said(self) -> str:
        """What the hub was told last: why recording stopped, or nothing."""
        return self._said or ""

    def take_place(self, why_not: str | None) -> None:
        """The folder was looked at: why it cannot be used, None when it can."""
        self._place = Trouble(WhyStopped.FOLDER, why_not) if why_not else None

    def take_room(self, verdict: Verdict) -> None:
        """It was judged what has to go, and what room that leaves."""
        self._is_room_known = True
        enough_bytes = self._least_room_bytes * (2 if self._room else 1)
        if verdict.room_bytes >= enough_bytes:
            self._room = None
        elif verdict.held_bytes:
            self._room = Trouble(
                WhyStopped.HELD,
                f"{verdict.held_bytes} bytes are held for cases and leave no room for more:"
                " release holds, or raise [clips] max_bytes on a larger disk",
            )
        else:
            self._room = Trouble(
                WhyStopped.ROOM,
                "other files leave no room on the disk of the clips: remove some, or give [clips]"
                " folder another disk",
            )

    def news(self) -> RecordingStopped | RecordingResumed | None:
        """What the hub is to hear now; each thing is given out once."""
        trouble = self.trouble
        if trouble is None and not self._is_room_known:
            return None
        why = trouble.why.value if trouble else None
        if why == (self._said or None):
            return None
        self._said = why
        if trouble is None:
            return RecordingResumed()
        return RecordingStopped(why=trouble.why, detail=trouble.detail[:500])
