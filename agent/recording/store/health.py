"""Decides whether footage can be stored, and when a change is reported: a plain object."""

from dataclasses import dataclass

from agent.recording.store.retention import RetentionPlan
from agent.wire.messages import RecordingResumed, RecordingStopped, WhyStopped


@dataclass(frozen=True, slots=True)
class StoreTrouble:
    """Why nothing is recorded, and a sentence for a technician."""

    why: WhyStopped
    detail: str


class StoreHealth:
    """State of the clip store: takes results of checks, returns changes to report.

    Recording stops while less than `least_room_bytes` is available beside held footage, and resumes
    with twice as much, so that it does not toggle with every clip.
    """

    def __init__(self, *, said: str | None, least_room_bytes: int) -> None:
        """`said`: the reason an earlier run reported for stopping, if it was not resumed."""
        self._said = said
        self._least_room_bytes = least_room_bytes
        self._place: StoreTrouble | None = None
        self._room: StoreTrouble | None = None
        self._is_room_known = False

    @property
    def trouble(self) -> StoreTrouble | None:
        """Why nothing can be recorded now."""
        return self._place or self._room

    @property
    def said(self) -> str:
        """Last report to the hub: the reason for stopping, or nothing."""
        return self._said or ""

    def take_place(self, why_not: str | None) -> None:
        """Take the result of a check of the folder: why it is unusable, or None."""
        self._place = StoreTrouble(WhyStopped.FOLDER, why_not) if why_not else None

    def take_room(self, plan: RetentionPlan) -> None:
        """Take the plan of retention: files to remove, and the space that this leaves."""
        self._is_room_known = True
        enough_bytes = self._least_room_bytes * (2 if self._room else 1)
        if plan.room_bytes >= enough_bytes:
            self._room = None
        elif plan.held_bytes:
            self._room = StoreTrouble(
                WhyStopped.HELD,
                f"{plan.held_bytes} bytes are held for cases and leave no room for more:"
                " release holds, or raise [clips] max_bytes on a larger disk",
            )
        else:
            self._room = StoreTrouble(
                WhyStopped.ROOM,
                "other files leave no room on the disk of the clips: remove some, or give [clips]"
                " folder another disk",
            )

    def change(self) -> RecordingStopped | RecordingResumed | None:
        """The change to report now; each is returned once."""
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
