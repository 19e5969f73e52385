"""The one predicate every answer passes: which cameras a person may see, and how far back."""

from uuid import UUID

from sqlalchemy import Select

from hub.alerts.grants import Right
from hub.alerts.moment import Moment


def visible_cameras(person_id: UUID, right: Right, now: Moment) -> Select[tuple[UUID, int]]:
    """Rows of (camera_id, from_utc_us): where the person has `right`, and since when they see."""
    raise NotImplementedError


def entitled_people(camera_id: UUID, right: Right, now: Moment) -> Select[tuple[UUID]]:
    """Ids of the people who have `right` on this camera now: the same rule, the other way."""
    raise NotImplementedError
