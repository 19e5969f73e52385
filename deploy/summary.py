"""The result of playing a recording once, from the databases and the programs' own figures."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from deploy.count import count_events

OPENED_ANSWERS = """
    SELECT a.ended_utc_us - alerts.confirmed_utc_us
    FROM attempts AS a
    JOIN notifications AS n ON n.id = a.notification_id
    JOIN alerts ON alerts.id = n.alert_id
    WHERE n.moment = 'opened' AND a.answer = 'delivered' AND alerts.kind = 'person'
"""
CONFIRMED = "SELECT id, confirmed_utc_us FROM alerts WHERE kind = 'person'"
OWED = "SELECT count(*) FROM notifications WHERE state != 'dropped'"
ACCEPTED = "SELECT count(*) FROM notifications WHERE state IN ('accepted', 'folded')"
WITHOUT_PICTURE = "SELECT count(*) FROM alerts WHERE kind = 'person' AND picture_id IS NULL"
WITHOUT_CLIP = "SELECT count(*) FROM alerts WHERE kind = 'person' AND clip_id IS NULL"
CLIP_BEGINS_LATE = """
    SELECT count(*) FROM alerts JOIN media ON media.id = alerts.clip_id
    WHERE media.first_frame_utc_us >= alerts.began_utc_us
"""


def summarise(
    *, journal: Path, hub: Path, agent_stats: Path, hub_stats: Path, pictures_utc_us: dict[str, int]
) -> dict[str, Any]:
    """The summary that `--json` writes; spans in seconds."""
    with closing(sqlite3.connect(f"file:{hub}?mode=ro", uri=True)) as database:
        pushes = [row[0] / 1e6 for row in database.execute(OPENED_ANSWERS)]
        confirmed = {_dashed(row[0]): row[1] for row in database.execute(CONFIRMED)}
        counts = {
            name: database.execute(question).fetchone()[0]
            for name, question in (
                ("sightings", "SELECT count(*) FROM sightings"),
                ("alerts", "SELECT count(*) FROM alerts WHERE kind = 'person'"),
                ("owed", OWED),
                ("accepted", ACCEPTED),
                ("without_picture", WITHOUT_PICTURE),
                ("without_clip", WITHOUT_CLIP),
                ("clip_begins_late", CLIP_BEGINS_LATE),
            )
        }
    pictures = [
        (moment - confirmed[alert_id]) / 1e6
        for alert_id, moment in pictures_utc_us.items()
        if alert_id in confirmed
    ]
    return {
        "sightings": counts["sightings"],
        "alerts": counts["alerts"],
        "alerts_without": {
            "picture": counts["without_picture"],
            "picture_seen_by_officer": counts["alerts"] - len(pictures),
            "clip": counts["without_clip"],
            "clip_from_before": counts["clip_begins_late"],
        },
        "notifications": {"owed": counts["owed"], "accepted": counts["accepted"]},
        "events": count_events(journal, hub),
        "frame_to_push_s": _percentiles(pushes),
        "frame_to_picture_s": _percentiles(pictures),
        "agent": _usage(agent_stats),
        "hub": _usage(hub_stats),
    }


def faults(summary: dict[str, Any], *, slowest_push_s: float) -> list[str]:
    """Every promise that this run broke, as sentences; none if all is well."""
    if summary["alerts"] == 0:
        return ["no alert came of the recording: nobody was seen in it"]
    events, notifications = summary["events"], summary["notifications"]
    push_p95 = summary["frame_to_push_s"]["p95"]
    checks = [
        (events["missing"] == 0, f"{events['missing']} events are missing at the hub"),
        (events["doubled"] == 0, f"{events['doubled']} events are doubled at the hub"),
        (notifications["owed"] > 0, "nobody was owed a notification"),
        (
            notifications["owed"] == notifications["accepted"],
            f"{notifications['accepted']} of {notifications['owed']} notifications were accepted",
        ),
        (
            push_p95 is not None and push_p95 <= slowest_push_s,
            f"95 % of pushes took up to {push_p95} s, {slowest_push_s} s are promised",
        ),
    ]
    checks += [
        (count == 0, f"{count} alerts without {what.replace('_', ' ')}")
        for what, count in summary["alerts_without"].items()
    ]
    return [fault for holds, fault in checks if not holds]


def _percentiles(values: list[float]) -> dict[str, float | None]:
    """Median and 95th percentile, the nearest value above; None where nothing was measured."""
    ordered = sorted(values)
    if not ordered:
        return {"p50": None, "p95": None}
    return {
        name: round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 3)
        for name, share in (("p50", 0.50), ("p95", 0.95))
    }


def _usage(stats: Path) -> dict[str, Any]:
    told = json.loads(stats.read_text())
    return {name: told[name] for name in ("cpu_s", "peak_rss_mib")}


def _dashed(key: str) -> str:
    return f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:]}"
