"""State of the town as Prometheus metrics: nodes, cameras, alerts, phones, requests, the log.

Everything is counted by an index or over small tables: a scrape comes every 15 seconds. Labels name
nodes, cameras and states, never people.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from prometheus_client.core import Metric
from sqlalchemy import Connection, func, select

from hub.alerting.alerts.rules.kinds import KINDS
from hub.alerting.alerts.tables import alerts
from hub.alerting.alerts.tables import troubles as trouble_rows
from hub.base.audit import log
from hub.base.moment import Moment
from hub.nodes.spool.tables import missing_numbers
from hub.notify.tables import notifications
from hub.public.data_requests import rows as data_requests_rows
from hub.public.data_requests.views import AnswerSettings
from hub.registry import health
from hub.registry.health import LastHealth
from hub.registry.tables import cameras, nodes, set_aside

DAY_US: Final = 86_400_000_000
MOST_QUEUED: Final = 10_000
"""Limit of the count: a larger number tells nothing new."""

Sample = tuple[Mapping[str, str], float | None]
"""Labels and value; a value of None is not known and gives no sample."""


def gauges(name: str, meaning: str, samples: Iterable[Sample]) -> Metric:
    """One gauge with a sample for each set of labels."""
    metric = Metric(name, meaning, "gauge")
    for labels, value in samples:
        if value is not None:
            metric.add_sample(name, dict(labels), value)
    return metric


def gauge(name: str, meaning: str, value: float | None) -> Metric:
    """One gauge without labels."""
    return gauges(name, meaning, [({}, value)])


def metrics(conn: Connection, now: Moment) -> Iterator[Metric]:
    """All metrics that the database knows."""
    yield from _nodes(conn, now)
    yield from _alerts(conn)
    yield from _phones(conn, now)
    day_ago = set_aside.c.received_utc_us >= now.utc_us - DAY_US
    aside = conn.scalar(select(func.count()).select_from(set_aside).where(day_ago))
    yield gauge("matthan_set_aside_day", "Messages set aside within a day.", aside)
    yield gauge("matthan_missing_events", "Events that boxes are asked for.", _missing(conn))
    head = log.head(conn, now)
    yield gauge("matthan_log_records", "Records of the audit log.", head.seq)


def _missing(conn: Connection) -> int:
    """Those of a box that was shut out, or of a card that it lost, will never come; and when the
    limit of requests is reached, the box does not have them."""
    count = func.sum(missing_numbers.c.last_seq - missing_numbers.c.first_seq + 1)
    here = (nodes.c.id == missing_numbers.c.node_id) & (
        nodes.c.spool_id == missing_numbers.c.spool_id
    )
    asked = missing_numbers.c.due_utc_us.is_not(None) & nodes.c.revoked_utc_us.is_(None)
    return int(conn.scalar(select(count).join(nodes, here).where(asked)) or 0)


def _nodes(conn: Connection, now: Moment) -> Iterator[Metric]:
    rows = conn.execute(select(nodes).where(nodes.c.revoked_utc_us.is_(None))).all()
    found = Counter(row.state for row in rows)
    by_state: list[Sample] = [
        ({"state": one}, found[one]) for one in ("never", "online", "offline")
    ]
    yield gauges("matthan_nodes", "Camera boxes by state.", by_state)
    query = (
        select(cameras.c.is_lost, func.count())
        .join(nodes, nodes.c.id == cameras.c.node_id)
        .where(nodes.c.revoked_utc_us.is_(None))
        .group_by(cameras.c.is_lost)
    )
    lost: dict[bool, int] = {row[0]: row[1] for row in conn.execute(query)}
    states = (("live", False), ("lost", True))
    samples: list[Sample] = [({"state": name}, lost.get(is_lost, 0)) for name, is_lost in states]
    yield gauges("matthan_cameras", "Cameras by state.", samples)
    known = [row for row in rows if row.state != "never"]
    up: list[Sample] = [({"node": row.name}, row.state == "online") for row in known]
    yield gauges("matthan_node_up", "Whether a camera box is at the broker.", up)
    last = health.latest(conn)
    told = [(row.name, last[row.id]) for row in known if row.id in last]
    yield from _boxes(told, now)


def _boxes(told: list[tuple[str, LastHealth]], now: Moment) -> Iterator[Metric]:
    def of(name: str, meaning: str, value: Callable[[LastHealth], float | None]) -> Metric:
        samples: list[Sample] = [({"node": node}, value(one)) for node, one in told]
        return gauges(f"matthan_node_{name}", meaning, samples)

    yield of(
        "health_age_seconds",
        "Since it last said how it is.",
        lambda last: max(0.0, (now.utc_us - last.received_utc_us) / 1e6),
    )
    yield of("uptime_seconds", "Since its agent began.", lambda last: last.said.uptime_s)
    board = "Of its board; missing where the board cannot tell."
    yield of("temperature_celsius", board, lambda last: last.said.board.temperature_c)
    yield of("under_voltage", board, lambda last: last.said.board.is_under_voltage)
    yield of("throttled", board, lambda last: last.said.board.is_throttled)
    yield of("disk_free_bytes", board, lambda last: last.said.board.disk_free_bytes)
    yield of("disk_size_bytes", board, lambda last: last.said.board.disk_size_bytes)
    yield of("card_wear_percent", board, lambda last: last.said.board.card_wear_percent)
    yield of("owing_alerts", "Waits there for the hub.", lambda last: last.said.owing.alerts)
    yield of("owing_files", "Waits there for the hub.", lambda last: last.said.owing.files)
    yield of("lost_alerts", "Will never come to the hub.", lambda last: last.said.lost.alerts)
    rates: list[Sample] = []
    for node, last in told:
        rates += [
            ({"node": node, "camera": camera.camera}, camera.frames_per_s)
            for camera in last.said.cameras
        ]
    yield gauges("matthan_camera_frames_per_second", "That the eyes looked at.", rates)


def _alerts(conn: Connection) -> Iterator[Metric]:
    query = (
        select(alerts.c.state, func.count())
        .where(alerts.c.state.in_(("open", "taken")))
        .group_by(alerts.c.state)
    )
    found: dict[str, int] = {row[0]: row[1] for row in conn.execute(query)}
    states: list[Sample] = [({"state": one}, found.get(one, 0)) for one in ("open", "taken")]
    yield gauges("matthan_alerts", "Alerts that are not closed, by state.", states)
    unknown = select(func.count()).where(
        alerts.c.state.in_(("open", "taken")), alerts.c.kind.not_in(sorted(KINDS))
    )
    yield gauges(
        "matthan_alerts_of_unknown_kind",
        "Alerts that are not closed, of a kind that only a newer version of the hub knows.",
        [({}, conn.scalar(unknown) or 0)],
    )
    going_on = (
        select(trouble_rows.c.kind, func.count())
        .where(trouble_rows.c.over_utc_us.is_(None))
        .group_by(trouble_rows.c.kind)
    )
    kinds: list[Sample] = [({"kind": kind}, n) for kind, n in conn.execute(going_on)]
    yield gauges("matthan_troubles", "Troubles that go on, by kind.", kinds)


def _phones(conn: Connection, now: Moment) -> Iterator[Metric]:
    queued = notifications.c.state == "queued"
    due = select(notifications.c.due_utc_us).where(queued, notifications.c.due_utc_us <= now.utc_us)
    some = due.order_by(notifications.c.due_utc_us).limit(MOST_QUEUED).subquery()
    count, oldest = conn.execute(select(func.count(), func.min(some.c.due_utc_us))).one()
    yield gauge("matthan_notifications_due", "Owed to phones now (counted to 10,000).", count)
    late_s = 0.0 if oldest is None else (now.utc_us - oldest) / 1e6
    yield gauge("matthan_notifications_late_seconds", "The oldest of these is late by.", late_s)


def data_requests(conn: Connection, office: AnswerSettings, now: Moment) -> Metric:
    """Unanswered data requests of persons concerned; "overdue" are those past the legal
    deadline."""
    waiting, late = data_requests_rows.unanswered(conn, office, now)
    meaning = "Requests of persons concerned that nobody has answered (counted to 500)."
    samples: list[Sample] = [({"state": "in time"}, waiting - late), ({"state": "overdue"}, late)]
    return gauges("matthan_petitions", meaning, samples)
