"""Service for test alerts: people who look after a camera may send one to their own phones."""

from typing import Literal
from uuid import UUID

from hub.access.rules.grants import Right
from hub.access.scope import has_right
from hub.base.audit.acting import Acting, On
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail
from hub.nodes.commissioning import alert_test_rows
from hub.nodes.commissioning.alert_test_rows import SentTest


class PhoneTestService:
    """Last step of the technician's setup page. For any thread."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    def send_test(self, asker: Asker, camera_id: UUID, *, picture_age_ms: int | None) -> int | None:
        """Queue a test for each living phone of this person; returns their number. None if they do
        not look after the camera. `picture_age_ms`: age of the camera's newest picture, None if
        none came.

        Raises alert_test_rows.TooManyTestsError.
        """
        on = On("camera", camera_id)
        with self._acting.changing(asker, "phone.test", on, rings=True) as change:
            conn, who, now = change.conn, asker.person_id, change.now
            if not has_right(conn, who, camera_id, Right.MANAGE, now):
                change.refuse()
                return None
            owed = alert_test_rows.enqueue(
                conn, person_id=who, camera_id=camera_id, picture_age_ms=picture_age_ms, now=now
            )
            change.done(Detail("phones.count", n=owed))
        return owed

    def last_test(self, asker: Asker, camera_id: UUID) -> list[SentTest]:
        """Results of this person's last test of the camera: a part of the camera's page."""
        with self._acting.part_of(asker, "aim.begin") as look:
            return alert_test_rows.newest(look.conn, person_id=asker.person_id, camera_id=camera_id)

    def mark_test(self, asker: Asker, what: Literal["shown", "opened"], test_id: UUID) -> bool:
        """Record that the phone displayed it, or its person opened it; False if it was not sent to
        this person."""
        on = On("phone_test", test_id)
        with self._acting.changing(asker, f"phone.test.{what}", on) as change:
            is_theirs = alert_test_rows.mark(
                change.conn, what, test_id, person_id=asker.person_id, now=change.now
            )
            change.answer(is_theirs)
        return is_theirs
