"""Service for the inbox: the alerts that a person may see, in pages, and one alert as a page."""

from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from hub.access import scope
from hub.access.grants.ended import ended_there
from hub.access.grants.views import EndedRow
from hub.access.rules.grants import Right
from hub.alerting.alerts import camera_queries, in_words
from hub.alerting.alerts import queries as alerts_queries
from hub.alerting.alerts.listing_queries import facts_of
from hub.alerting.alerts.rules.lifecycle import UNDO_S, AlertState, allowed_acts, offers_undo
from hub.alerting.alerts.rules.listing import AlertFilter, fits
from hub.alerting.alerts.views import AlertChange, AlertInbox, AlertRow
from hub.alerting.notifications import queries as notifications_queries
from hub.alerting.response.next_calls import UpcomingCalls
from hub.alerting.response.service import colleagues, life_now
from hub.base.audit.acting import Acting, On, Reading
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail
from hub.base.moment import Moment
from hub.console.listing import inbox_counts, inbox_page
from hub.console.listing_in_words import ToldInWords, and_words, told_in_words, with_words
from hub.console.views import AlertPage, InboxAsked, InboxCounts, InboxPage
from hub.footage import alert_queries
from hub.footage.playback.service import PlaybackService
from hub.footage.views import AskedSpan, MediaRow
from hub.registry import cameras
from hub.search import footage_queries

WORDS_HANDLED_S: Final = 7 * 86_400.0
"""Alerts in words that were closed earlier are not listed."""


class InboxService:
    """The inbox, one alert as a page, and changes since a moment. For any thread.

    None: the alert is unknown, or the person has no right to it.
    """

    def __init__(self, acting: Acting, *, playback: PlaybackService) -> None:
        self._acting = acting
        self._playback = playback

    def inbox(self, asker: Asker, limit: int = 50) -> AlertInbox:
        """Alerts this person may see or is told of: all running ones, and the last `limit` handled.
        Without their next calls, which only pages show."""
        who = asker.person_id
        with self._acting.reading(asker, "inbox.open") as look:
            conn, now = look.conn, look.now
            running = alerts_queries.running_alerts(conn, who, now)
            handled = alerts_queries.handled_alerts(conn, who, now, limit)
            told = (
                in_words.running(conn, who, now),
                in_words.handled(
                    conn, who, now, limit, since_utc_us=now.plus_s(-WORDS_HANDLED_S).utc_us
                ),
            )
            n, m = len(running), len(handled)
            if any(told):
                look.done(Detail("inbox.all_in_words", n=n, m=m, k=len(told[0]), l=len(told[1])))
            else:
                look.done(Detail("inbox.all", n=n, m=m))
            return AlertInbox(running, handled, alerts_queries.last_cursor(conn), *told)

    def page(self, asker: Asker, asked: InboxAsked, *, is_refresh: bool = False) -> InboxPage:
        """One page of the alerts this person may see, after the alerts that they are only told of.
        `is_refresh`: the page is already open, and its opening left a line in the log."""
        with self._acting.reading(asker, "inbox.glance" if is_refresh else "inbox.open") as look:
            told = told_in_words(look, asked)
            shown = with_words(inbox_page(look, asked), told)
            counts = shown.counts
            look.done(_counted(counts, told))
            return shown

    def counts(self, asker: Asker, asked: InboxAsked) -> InboxCounts:
        """Numbers of the inbox with the same form, for an open page after a change."""
        with self._acting.part_of(asker, "inbox.open") as look:
            return and_words(inbox_counts(look, asked), told_in_words(look, asked))

    def fits(self, asker: Asker, alert_id: UUID, wanted: AlertFilter) -> bool:
        """True if a list with this filter shows the alert; False if the person may not see it."""
        with self._acting.part_of(asker, "alert.glance") as look:
            facts = facts_of(look.conn, asker.person_id, alert_id, look.now)
            return facts is not None and fits(facts, wanted)

    def row(self, asker: Asker, alert_id: UUID) -> AlertRow | None:
        """One alert as shown in the inbox, for a live page after a change."""
        with self._acting.reading(asker, "alert.glance", On("alert", alert_id)) as look:
            row = _one_with_call(look, alert_id)
            look.answer(row)
        return row

    def alert(self, asker: Asker, alert_id: UUID) -> AlertPage | None:
        """One alert with all details."""
        with self._acting.reading(asker, "alert.open", On("alert", alert_id)) as look:
            page = self._page(look, alert_id)
            look.answer(page)
        return page

    def ended(self, asker: Asker, alert_id: UUID) -> EndedRow | None:
        """The grant that ended since this alert was sent to the asker, who may not see it now; its
        refusal is logged by `alert`. None: it was never sent to them, or no grant ended."""
        with self._acting.part_of(asker, "alert.open") as look:
            conn, who = look.conn, asker.person_id
            sent = notifications_queries.sent_alert(conn, who, alert_id)
            row = None if sent is None else ended_there(conn, who, *sent, look.now)
        if row is not None:
            self._acting.note(asker, "alert.ended", On("alert", alert_id))
        return row

    def _page(self, look: Reading, alert_id: UUID) -> AlertPage | None:
        conn, who, now = look.conn, look.asker.person_id, look.now
        row = _one_with_call(look, alert_id)
        if row is None:
            return None
        is_mine = row.state == AlertState.TAKEN and row.taken_by == who
        may_play = alerts_queries.may_play(conn, who, alert_id, now)
        kinds = ("picture", "clip", "sound") if may_play else ("picture",)
        latitude_deg, longitude_deg = cameras.whereabouts(conn, row.camera_id)
        media = alert_queries.alert_media(conn, alert_id, kinds=kinds)
        return AlertPage(
            row=row,
            allowed=allowed_acts(life_now(conn, row, now), who),
            may_play=may_play,
            sightings=alerts_queries.alert_sightings(conn, alert_id),
            media=media,
            history=alerts_queries.history(conn, alert_id),
            told=notifications_queries.told(conn, alert_id),
            latitude_deg=latitude_deg,
            longitude_deg=longitude_deg,
            is_node_here=cameras.is_node_here(conn, row.camera_id, now),
            growing=self._playback.growing_of_alert(look, alert_id) if may_play else (),
            sound=cameras.sound_reason(conn, row.camera_id),
            asked=_asked_of(conn, who, row.camera_id, media, now) if may_play else (),
            seen_utc_us=now.utc_us,
            colleagues=tuple(colleagues(conn, row, look.asker, now)) if is_mine else (),
            may_arrive=is_mine and row.arrived_utc_us is None,
            undo_s=UNDO_S if _offers_undo(row, look) else 0,
            going=in_words.going(conn, [alert_id]).get(alert_id, ()),
            near=tuple(camera_queries.near(conn, who, row.camera_id, now)),
        )

    def changes_since(self, asker: Asker, cursor: int) -> tuple[list[AlertChange], int]:
        """The newest change of each visible alert after `cursor`, and the next cursor.

        Open pages call this at every change signal; only a non-empty answer writes an audit line.
        """
        with self._acting.part_of(asker, "changes.open") as look:
            changes = alerts_queries.changes(look.conn, asker.person_id, after=cursor, now=look.now)
            newest = alerts_queries.last_cursor(look.conn)
        if changes:
            detail = Detail("changes.since", n=len(changes), id=cursor)
            self._acting.note(asker, "changes.open", detail=detail)
        return changes, max(newest, cursor)

    def scope_mark(self, asker: Asker) -> int:
        """See `scope.scope_mark`."""
        with self._acting.part_of(asker, "changes.open") as look:
            return scope.scope_mark(look.conn, asker.person_id, look.now)


def _offers_undo(row: AlertRow, look: Reading) -> bool:
    if row.closed_utc_us is None or row.closed_by != look.asker.person_id:
        return False
    return offers_undo(row.closed_utc_us, look.now.utc_us)


def _one_with_call(look: Reading, alert_id: UUID) -> AlertRow | None:
    row = alerts_queries.one_alert(look.conn, look.asker.person_id, alert_id, look.now)
    return None if row is None else UpcomingCalls(look.conn).with_calls([row])[0]


def _asked_of(
    conn: Connection, person_id: UUID, camera_id: UUID, clips: list[MediaRow], now: Moment
) -> tuple[AskedSpan, ...]:
    """Clip requests to the camera for the time that these clips show."""
    films = [one for one in clips if one.kind == "clip"]
    if not films:
        return ()
    ends = (one.first_frame_utc_us + one.duration_ms * 1000 for one in films)
    begin_utc_us = min(one.first_frame_utc_us for one in films)
    asked = footage_queries.asked_spans(
        conn,
        person_id,
        camera_id,
        from_utc_us=begin_utc_us,
        until_utc_us=max(ends),
        now=now,
        rights=Right.CLIPS,
    )
    return tuple(asked)


def _counted(counts: InboxCounts, told: ToldInWords) -> Detail:
    if told.running or told.handled:
        return Detail(
            "inbox.page_in_words",
            n=counts.running,
            m=counts.handled,
            o=counts.found,
            k=told.running,
            l=told.handled,
        )
    return Detail("inbox.page", n=counts.running, m=counts.handled, o=counts.found)
