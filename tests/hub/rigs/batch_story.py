"""Random events of two nodes, and the resulting rows of a database, without its own keys."""

from collections import Counter
from random import Random
from typing import Any, Final
from uuid import UUID

from agent.wire.messages import ClipBegun, ClipDropped, Event
from agent.wire.terms import ClockSource, ObjectKind, RuleWords, Stamp
from hub.access.tables import people
from hub.alerting.alerts.tables import alert_changes, alert_history, alerts, sightings
from hub.alerting.escalation.tables import escalations
from hub.alerting.oncall.plan_rows import put_plan
from hub.alerting.oncall.rules.escalation import EscalationPlan, EscalationStep, StepRecipients
from hub.alerting.routing import rows as routing_rows
from hub.alerting.routing.rules import AlertRule, RuleRecipients, Urgency
from hub.alerting.silences import rows as silences_rows
from hub.alerting.silences.rules import Silence
from hub.alerting.silences.tables import silences
from hub.base.audit.log import SHELL
from hub.base.db.columns import new_id
from hub.footage.tables import growing_clips, growing_sightings, media, media_sightings
from hub.nodes import presence
from hub.nodes.spool.tables import events
from hub.notify.tables import notifications
from hub.registry.tables import cameras
from tests.hub.rigs.streets import HandClock, Mouth, Streets, picture

CAMERAS: Final = ("cam-1", "cam-2", "cam-3")
SPAN_S: Final = 540


def furnish(streets: Streets) -> None:
    """Cameras, officers, a plan, a silence and rules of the town."""
    streets.officer("an")
    streets.officer("binh", area=streets.bridge)
    now = streets.clock.now()
    with streets.db.writing() as conn:
        for mouth in (streets.node, streets.other):
            presence.note_birth(conn, mouth.birth(*CAMERAS), now=now)
    ids = {(row.area_id, row.name): row.id for row in streets.rows(cameras)}
    quiet = ids[streets.bridge, "cam-2"]
    with streets.db.writing() as conn:
        step = EscalationStep(StepRecipients.EVERYBODY, 60)
        put_plan(conn, streets.junction, EscalationPlan((step,)), by=SHELL, now=now)
        until = now.plus_s(3600).utc_us
        silence = Silence(new_id(now), quiet, "person", None, None, False, until, "sửa đường")
        silences_rows.add(conn, silence, made_by=None, now=now)
        for area_id, camera_id, kind, tells, urgency in (
            (streets.junction, None, "entry", RuleRecipients.EVERYBODY, Urgency.CRITICAL),
            (None, ids[streets.junction, "cam-3"], "person", RuleRecipients.NOBODY, Urgency.AS_IS),
        ):
            rule = AlertRule(
                new_id(now), area_id, camera_id, kind=kind, tells=tells, urgency=urgency
            )
            zone = "Asia/Ho_Chi_Minh"
            routing_rows.add(conn, rule, time_zone=zone, reason="thử", made_by=None, now=now)


def story(seed: int, now_clock: HandClock, *, length: int = 110) -> list[Event]:
    """Events of both nodes in a random order of arrival, some said twice."""
    dice = Random(seed)  # noqa: S311 - the same every time
    clock = HandClock(now_clock.now().plus_s(-SPAN_S))
    mouths = [Mouth(name, clock, spool_id=UUID(int=seed + 1)) for name in ("nga-tu", "cau-moi")]
    inside: dict[tuple[str, str], UUID] = {}
    said: list[Event] = []
    for _ in range(length):
        clock.pass_s(dice.uniform(0, 2 * SPAN_S / length))
        mouth = dice.choice(mouths)
        mouth.camera = dice.choice(CAMERAS)
        mouth.age_ms = dice.choice([100, 100, 100, 5_000, 900_000])
        said.append(_next(dice, mouth, inside))
        if dice.random() < 0.1:
            said.append(dice.choice(said))
        if dice.random() < 0.15:
            said[-2:] = reversed(said[-2:])
    return said


def _next(dice: Random, mouth: Mouth, inside: dict[tuple[str, str], UUID]) -> Event:
    place = mouth.name, mouth.camera
    is_sure = dice.random() < 0.9
    stamp = Stamp(
        utc_us=mouth.clock.now().utc_us,
        source=ClockSource.NTP if is_sure else ClockSource.NONE,
        error_ms=20 if is_sure else None,
    )
    shown = picture(dice.randbytes(8)) if dice.random() < 0.6 else picture(b"the same")
    rules = _rules(dice)
    if place not in inside:
        sighting_id = inside[place] = _id(dice)
        kind = dice.choice([*[ObjectKind.PERSON] * 5, ObjectKind.CAR])
        wakes = dice.choice([None, None, None, False])
        event = mouth.opened(
            sighting_id, object_kind=kind, picture=shown, rules=rules, wakes=wakes,
            people=dice.randint(1, 3), is_crowd=dice.choice([None] * 9 + [True]),
        )  # fmt: skip
        return _placed(event, dice, stamp)
    sighting_id = inside[place]
    match dice.randrange(5):
        case 0:
            event = mouth.clip(sighting_id, content=dice.randbytes(8))
        case 1:
            clip_id = dice.choice([sighting_id, _id(dice)])
            event = mouth.says(
                ClipBegun(
                    camera=mouth.camera, clip_id=clip_id, sighting_ids=(sighting_id,),
                    codec="h264", width=768, height=576,
                    first_frame_utc_us=stamp.utc_us - 6_000_000,
                )
            )  # fmt: skip
        case 2:
            wakes = dice.choice([None, True])
            people = dice.randint(1, 4)
            event = mouth.updated(
                sighting_id, picture=shown, rules=rules, wakes=wakes, people=people
            )
        case 3:
            event = mouth.says(
                ClipDropped(camera=mouth.camera, clip_id=sighting_id, reason="no space")
            )
        case _:
            event = mouth.closed(inside.pop(place))
    return _placed(event, dice, stamp)


def _placed(event: Event, dice: Random, stamp: Stamp) -> Event:
    return event.model_copy(update={"event_id": _id(dice), "boot_id": _id(dice), "stamp": stamp})


def _rules(dice: Random) -> tuple[RuleWords, ...] | None:
    if dice.random() < 0.8:
        return None
    return (RuleWords(rule=dice.choice(["entry", "loitering", "newer"]), place="cong"),)


def _id(dice: Random) -> UUID:
    return UUID(int=dice.getrandbits(128), version=4)


def stored(streets: Streets) -> dict[str, Any]:
    """All that was made of the events, without keys that differ between two databases."""
    names = {row.id: f"{row.name} of {row.label}" for row in streets.rows(cameras)}
    nodes = {row.id: row.node_id for row in streets.rows(cameras)}
    order = {node_id: number for number, node_id in enumerate(dict.fromkeys(nodes.values()))}
    camera = {one: f"{order[nodes[one]]} {name}" for one, name in names.items()} | {None: None}
    alert = {
        row.id: (camera[row.camera_id], row.kind, row.began_utc_us, row.zone)
        for row in streets.rows(alerts)
    }
    alert_of = alert | {None: None}
    owners = {row.id: row.login for row in streets.rows(people)}
    files = {row.id: (order[row.node_id], row.sha256) for row in streets.rows(media)}
    private = {
        "id",
        "camera_id",
        "alert_id",
        "node_id",
        "revision",
        "rule_id",
        "picture_id",
        "clip_id",
    }
    made = {"owed_utc_us", "owed_error_ms", "person_id", "phone_id", "cursor", "media_id"}

    def plain(row: Any) -> tuple[Any, ...]:
        told = row._mapping.items()
        return tuple(value for name, value in told if name not in private | made)

    return {
        "events": Counter((row.id, row.fate, row.fate_reason) for row in streets.rows(events)),
        "alerts": Counter((alert[row.id], plain(row)) for row in streets.rows(alerts)),
        "sightings": Counter(
            (row.id, camera[row.camera_id], alert_of[row.alert_id], plain(row))
            for row in streets.rows(sightings)
        ),
        "history": Counter(
            (alert[row.alert_id], row.act, row.detail) for row in streets.rows(alert_history)
        ),
        "changed": {alert[row.alert_id] for row in streets.rows(alert_changes)},
        "notifications": Counter(
            (alert[row.alert_id], owners[row.person_id], row.moment, row.state)
            for row in streets.rows(notifications)
        ),
        "escalations": Counter(
            (alert[row.alert_id], row.number, row.wait_s) for row in streets.rows(escalations)
        ),
        "media": Counter((files[row.id], plain(row)) for row in streets.rows(media)),
        "links": Counter(
            (files[row.media_id], row.sighting_id) for row in streets.rows(media_sightings)
        ),
        "growing": Counter(
            (row.id, row.dropped, files.get(row.media_id)) for row in streets.rows(growing_clips)
        ),
        "growing_links": Counter(
            (row.clip_id, row.sighting_id) for row in streets.rows(growing_sightings)
        ),
        "silences": [row.hits for row in streets.rows(silences)],
    }
