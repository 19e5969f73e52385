"""The table of notices: its order, search and filter."""

from typing import Final

from hub.base.text.order import by_name, by_place
from hub.public.notices.rules import NoticeState
from hub.public.notices.views import Notice
from hub.web.table_view import Listing


def at_utc_us(notice: Notice) -> int:
    """Time when the notice was sent or, if it was not, when it was written."""
    return notice.sent_utc_us or notice.made_utc_us


LISTING: Final = Listing[Notice](
    path="/notices",
    columns={
        "title": lambda one: by_name(one.title),
        "state": lambda one: tuple(NoticeState).index(one.state),
        "place": lambda one: by_place(one.place),
        "by": lambda one: by_name(one.made_by_name),
        "time": at_utc_us,
    },
    standard="-time",
    text=lambda one: f"{one.title} {one.text} {one.place} {one.made_by_name}",
    choices={"state": (tuple(NoticeState), lambda one: one.state)},
)
