"""Service for what officers do with an alert: take and close it, hand it over, arrive."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select

from hub.access.tables import people
from hub.alerting.alerts import queries
from hub.alerting.alerts.rows import change_alert, note_history
from hub.alerting.alerts.rules.lifecycle import (
    CAUSES,
    Act,
    AlertChanged,
    AlertLife,
    AlertState,
    AlertUnchanged,
    HeldBy,
    TooSoon,
    UndoOver,
    apply,
    hand_over,
    reopen,
    undo,
)
from hub.alerting.alerts.scope import able_people
from hub.alerting.alerts.views import AlertRow, Conflict
from hub.alerting.notifications import receipts, recipients
from hub.alerting.response import calls
from hub.alerting.silences import rows
from hub.base.audit import log
from hub.base.audit.acting import Acting, Changing, On
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail, plain
from hub.base.db.bounds import text
from hub.base.db.columns import columns
from hub.base.db.gathering import gathering
from hub.base.moment import Moment
from hub.base.text.order import by_name

NOTE_CHARS: Final = 2000


class ResponseService:
    """Acts of officers on an alert. For any thread. None: the alert is unknown, or the person
    may not see it."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    def act(
        self,
        asker: Asker,
        alert_id: UUID,
        *,
        act: Act,
        note: str = "",
        cause: str | None = None,
    ) -> AlertRow | Conflict | TooSoon | None:
        """Take, resolve or mark as false alarm; the second of two officers gets a Conflict, and the
        second half of a double tap `TooSoon`.

        `note` is the officer's text, at most `NOTE_CHARS` characters; `cause` is the cause of a
        false alarm, one of `CAUSES`. The third false alarm in a row at its spot offers a mute.
        """
        on = On("alert", alert_id)
        with self._acting.changing(asker, f"alert.{act}", on, rings=True) as change:
            row = _seen(change, alert_id)
            if row is None:
                change.refuse()
                return None
            outcome = outcome_of(change, row, act)
            if isinstance(outcome, TooSoon):
                change.refuse(Detail("alert.too_soon"))
                return outcome
            if isinstance(outcome, HeldBy | AlertUnchanged):
                return _not_changed(change, row, outcome)
            change.done()
            write_changes(change, [(row, outcome.life)], note=note, cause=cause)
            if outcome.life.state is AlertState.FALSE_ALARM and rows.may_mute(
                change.conn, alert_id, now=change.now
            ):
                note_history(change.conn, alert_id, act=rows.MUTE_OFFERED, now=change.now)
            return _seen(change, alert_id)

    def undo(self, asker: Asker, alert_id: UUID) -> AlertRow | Conflict | UndoOver | None:
        """Take back one's own closing: the alert gets its state from before, and its calls go
        on."""
        with self._acting.changing(
            asker, "alert.undo", On("alert", alert_id), rings=True
        ) as change:
            row = _seen(change, alert_id)
            if row is None:
                change.refuse()
                return None
            outcome = undo_of(change, row)
            if isinstance(outcome, UndoOver):
                change.refuse(Detail("alert.undo_over"))
                return outcome
            if isinstance(outcome, HeldBy | AlertUnchanged):
                return _not_changed(change, row, outcome)
            change.done()
            come_back(change, row, life=outcome.life, act="undone")
            return _seen(change, alert_id)

    def reopen(self, asker: Asker, alert_id: UUID, *, reason: str) -> AlertRow | Conflict | None:
        """Open a closed alert again; the asker holds it. ValueError without a reason."""
        reason = text(reason.strip(), NOTE_CHARS)
        if not reason:
            raise ValueError("it needs a reason")
        with self._acting.changing(
            asker, "alert.reopen", On("alert", alert_id), rings=True
        ) as change:
            row = _seen(change, alert_id)
            if row is None:
                change.refuse()
                return None
            outcome = reopen(life_of(row), asker.person_id)
            if isinstance(outcome, HeldBy | AlertUnchanged):
                return _not_changed(change, row, outcome)
            change.done(plain(reason))
            come_back(change, row, life=outcome.life, act="reopened", note=reason)
            return _seen(change, alert_id)

    def add_note(self, asker: Asker, alert_id: UUID, *, note: str) -> bool:
        """Add a note to the alert's history, also after its end. False: the alert is unknown, the
        person may not see it, or the note is empty."""
        note = text(note.strip(), NOTE_CHARS)
        with self._acting.changing(
            asker, "alert.note", On("alert", alert_id), rings=True
        ) as change:
            row = _seen(change, alert_id)
            if row is None or not note:
                change.refuse()
                return False
            change_alert(change.conn, alert_id, {}, now=change.now)
            note_history(
                change.conn,
                alert_id,
                act="note",
                person_id=asker.person_id,
                detail=note,
                now=change.now,
            )
            change.done()
        return True

    def hand_over(
        self, asker: Asker, alert_id: UUID, *, person_id: UUID
    ) -> AlertRow | Conflict | None:
        """Offer the alert to a colleague; a Conflict if the asker does not hold it.

        None also if the colleague may not be told of it, or not see it. It stays with its holder
        until taken.
        """
        on = On("alert", alert_id)
        with self._acting.changing(asker, "alert.hand_over", on, rings=True) as change:
            row = _seen(change, alert_id)
            known = {} if row is None else dict(colleagues(change.conn, row, asker, change.now))
            if row is None or person_id not in known:
                change.refuse()
                return None
            outcome = hand_over(life_of(row), asker.person_id, person_id)
            if isinstance(outcome, HeldBy | AlertUnchanged):
                return _not_changed(change, row, outcome)
            change.done()
            _offer(change, row, person_id=person_id, name=known[person_id])
            return _seen(change, alert_id)

    def arrive(self, asker: Asker, alert_id: UUID) -> AlertRow | Conflict | None:
        """Record that the officer who has the alert is at its place; stored once, for good.

        Returns a Conflict for anybody else. A second call changes nothing.
        """
        on = On("alert", alert_id)
        with self._acting.changing(asker, "alert.arrive", on, rings=True) as change:
            row = _seen(change, alert_id)
            if row is None:
                change.refuse()
                return None
            if row.taken_by != asker.person_id or row.state != AlertState.TAKEN:
                return _held(change, row)
            if row.arrived_utc_us is not None:
                change.refuse(how="again")
                return row
            conn, now = change.conn, change.now
            change_alert(conn, alert_id, columns("arrived", now), now=now)
            note_history(conn, alert_id, act="arrived", person_id=asker.person_id, now=now)
            change.done()
            return _seen(change, alert_id)


def colleagues(
    conn: Connection, row: AlertRow, asker: Asker, now: Moment
) -> list[tuple[UUID, str]]:
    """Other people who are told of this alert and may see it, by name: only they can take it."""
    told = recipients.recipients_of(conn, row.kind, row.alert_id, camera_id=row.camera_id, now=now)
    able = able_people(conn, {row.alert_id: row.kind}, told - {asker.person_id}, now)
    query = select(people.c.id, people.c.name).where(
        people.c.id.in_({person_id for _, person_id in able})
    )
    rows = sorted(conn.execute(query.order_by(people.c.id)), key=lambda one: by_name(one.name))
    return [(one.id, one.name) for one in rows]


def life_of(row: AlertRow) -> AlertLife:
    """State of an alert, as input for `hub.alerting.alerts.rules.lifecycle`."""
    return AlertLife(
        AlertState(row.state),
        taken_by=row.taken_by,
        closed_by=row.closed_by,
        offered_to=row.offered_to,
    )


def life_now(conn: Connection, row: AlertRow, now: Moment) -> AlertLife:
    """State of an alert for what may be done with it now. If its holder may not see it any more,
    nobody holds it: otherwise nobody could take or close it."""
    life = life_of(row)
    if life.state is not AlertState.TAKEN or life.taken_by is None:
        return life
    is_able = able_people(conn, {row.alert_id: row.kind}, {life.taken_by}, now)
    return life if is_able else AlertLife(AlertState.OPEN)


def alerts_by_id(change: Changing, alert_ids: Sequence[UUID]) -> dict[UUID, AlertRow]:
    """Those of these alerts that the asker may see."""
    found = queries.these_alerts(change.conn, change.asker.person_id, alert_ids, change.now)
    return {row.alert_id: row for row in found}


def _seen(change: Changing, alert_id: UUID) -> AlertRow | None:
    return queries.one_alert(change.conn, change.asker.person_id, alert_id, change.now)


def _not_changed(
    change: Changing, row: AlertRow, outcome: HeldBy | AlertUnchanged
) -> AlertRow | Conflict:
    if isinstance(outcome, HeldBy):
        return _held(change, row)
    change.refuse(how="again")
    return row


def _held(change: Changing, row: AlertRow) -> Conflict:
    change.refuse(how="held")
    return Conflict(row, row.closed_by_name or row.taken_by_name)


def _offer(change: Changing, row: AlertRow, *, person_id: UUID, name: str) -> None:
    conn, now = change.conn, change.now
    offered = {"offered_to": person_id, **columns("offered", now)}
    change_alert(conn, row.alert_id, offered, now=now)
    note_history(
        conn, row.alert_id, act="offered", person_id=change.asker.person_id, detail=name, now=now
    )
    recipients.enqueue_hand_over(conn, row.alert_id, person_id, revision=row.revision + 1, now=now)


def outcome_of(
    change: Changing, row: AlertRow, act: Act
) -> AlertChanged | AlertUnchanged | HeldBy | TooSoon:
    """What this act of the asker does to an alert that they may see; writes nothing."""
    held_s = None if row.taken_utc_us is None else _since(row.taken_utc_us, change.now)
    life = life_now(change.conn, row, change.now)
    return apply(life, act, change.asker.person_id, held_s=held_s)


def write_changes(
    change: Changing,
    changed: Sequence[tuple[AlertRow, AlertLife]],
    *,
    note: str,
    cause: str | None = None,
) -> None:
    """Write that the asker took or closed these alerts: each as it was, and its new state."""
    conn, person_id, now = change.conn, change.asker.person_id, change.now
    for row, _ in changed:
        # The phones must hear of the next holder too.
        if row.taken_by != life_now(conn, row, now).taken_by:
            recipients.forget_handled(conn, row.alert_id, reason="its holder has left", now=now)
    with gathering(conn):
        for row, life in changed:
            _write_change(change, row, life=life, note=note, cause=cause)
    alert_ids = [row.alert_id for row, _ in changed]
    receipts.mark_acknowledged(conn, alert_ids, person_id=person_id, now=now)
    # "taken" tells the others that somebody has it or closed it, and ends their queued messages.
    recipients.enqueue_taken(conn, alert_ids, now=now)


def _write_change(
    change: Changing, row: AlertRow, *, life: AlertLife, note: str, cause: str | None
) -> None:
    conn, now = change.conn, change.now
    values: dict[str, object] = {
        "state": life.state,
        "taken_by": life.taken_by,
        "closed_by": life.closed_by,
        "offered_to": life.offered_to,
        **columns("offered", None),
    }
    values |= columns("taken" if life.state is AlertState.TAKEN else "closed", now)
    if life.state is AlertState.FALSE_ALARM and cause in CAUSES:
        values["false_cause"] = cause
    change_alert(conn, row.alert_id, values, now=now)
    note_history(
        conn,
        row.alert_id,
        act=life.state.value,
        person_id=change.asker.person_id,
        detail=text(note.strip(), NOTE_CHARS),
        now=now,
    )


def undo_of(change: Changing, row: AlertRow) -> AlertChanged | AlertUnchanged | HeldBy | UndoOver:
    """What taking a closing back does to this alert, if the asker closed it; writes nothing."""
    closed_s = _since(row.closed_utc_us or 0, change.now)
    return undo(life_of(row), change.asker.person_id, closed_s=closed_s)


def come_back(
    change: Changing, row: AlertRow, *, life: AlertLife, act: str, note: str = ""
) -> None:
    """Undo the consequences of closing, because the alert is open again."""
    conn, person_id, now = change.conn, change.asker.person_id, change.now
    if row.state == AlertState.FALSE_ALARM:
        for silence_id in rows.end_mute_of(conn, row.alert_id, person_id=person_id, now=now):
            log.note(
                conn,
                change.by,
                act="silence.end",
                object_kind="silence",
                object_id=silence_id,
                now=now,
            )
    values: dict[str, object] = {
        "state": life.state,
        "taken_by": life.taken_by,
        "closed_by": None,
        "false_cause": None,
        **columns("closed", None),
    }
    if act == "reopened":
        values |= {**columns("taken", now), **columns("arrived", None)}
    if act == "reopened" or life.state is AlertState.OPEN:
        recipients.forget_handled(conn, row.alert_id, reason="it is open again", now=now)
    change_alert(conn, row.alert_id, values, now=now)
    note_history(conn, row.alert_id, act=act, person_id=person_id, detail=note, now=now)
    if life.state is AlertState.OPEN:
        calls.resume(conn, row.alert_id, now=now)
    elif act == "reopened":
        recipients.enqueue(
            conn, alert_id=row.alert_id, camera_id=row.camera_id, moment="taken", now=now
        )


def _since(utc_us: int, now: Moment) -> float:
    return (now.utc_us - utc_us) / 1e6
