"""`bench pages`: response times of inbox and alert pages for 200 officers and a year of alerts.

The site runs in its own process, as in the hub. Every officer has a live page open and opens an
inbox and an alert every half minute. Each answer is timed from the request to its last byte.
"""

import argparse
import asyncio
import json
import os
import random
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Final

import httpx
from sqlalchemy import func, select

from hub.alerting.alerts.rules.lifecycle import AlertState
from hub.alerting.alerts.tables import alerts
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.base.db.schema import migrate
from hub.registry.tables import cameras
from tests.bench.hub import kinds, year
from tests.bench.hub.pages_site import BenchSite, serving

OFFICERS: Final = 200
ALERTS: Final = 100_000
SECONDS: Final = 30.0
SETTLE_S: Final = 5.0
EACH_S: Final = 30.0
"""Seconds in which an officer opens one inbox and one alert."""
GOAL_MS: Final = 100.0


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments and the command."""
    parser.add_argument("--officers", type=int, default=OFFICERS, help="number of officers")
    parser.add_argument("--alerts", type=int, default=ALERTS, help="number of alerts in the year")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="seconds to measure")
    parser.add_argument(
        "--each",
        type=float,
        default=EACH_S,
        help="seconds in which an officer opens each page once",
    )
    parser.add_argument(
        "--database",
        action="append",
        metavar="URL",
        help="an empty database; default: a new SQLite file, then PostgreSQL if installed",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(do=run)


def run(args: argparse.Namespace) -> int:
    """Measure and print; 1 if an answer was not a page."""
    found: dict[str, Any] = {
        "machine": kinds.machine(),
        "load_before": round(os.getloadavg()[0], 1),
        "officers": args.officers,
        "alerts": args.alerts,
        "goal_ms": GOAL_MS,
    }
    with tempfile.TemporaryDirectory(prefix="matthan-bench-") as folder, ExitStack() as stack:
        for url in kinds.databases(args.database, Path(folder), stack, bench="pages"):
            name = kinds.name_of(url)
            found[name] = measure(Path(folder) / name, url, args)
        found["load_after"] = round(os.getloadavg()[0], 1)
    print(json.dumps(found, indent=None if args.json else 2))
    told = [value for value in found.values() if isinstance(value, dict)]
    return 0 if all(one["refused"] == 0 for one in told) else 1


def measure(folder: Path, url: str, args: argparse.Namespace) -> dict[str, Any]:
    """Measure on one database: create its year, then apply the load."""
    folder.mkdir()
    migrate(url)
    db = Database(url)
    began_s = time.monotonic()
    communes = year.fill(db, officers=args.officers, alert_count=args.alerts, now=HubClock().now())
    filled_s = time.monotonic() - began_s
    visitors = [
        (officer.token, _open_alerts(db, commune.cameras))
        for commune in communes
        for officer in commune.officers
    ]
    with db.reading() as conn:
        stored = conn.scalar(select(func.count()).select_from(alerts))
    db.close()
    with serving(url, folder) as site:
        times, codes, cpu_s = asyncio.run(
            _visit(site, visitors, seconds=args.seconds, each_s=args.each)
        )
    pages = sum(len(values) for values in times.values())
    return {
        **{f"{name}_ms": kinds.shares(values) for name, values in sorted(times.items())},
        "pages": pages,
        "site_cpu_ms_a_page": round(cpu_s * 1000 / pages, 1),
        "refused": sum(count for code, count in codes.items() if code != 200),
        "stored_alerts": stored,
        "filled_s": round(filled_s),
    }


def _open_alerts(db: Database, mine: list[Any]) -> list[str]:
    """Addresses of the alerts that an officer may open: alerts of one commune."""
    query = (
        select(alerts.c.id)
        .join(cameras, cameras.c.id == alerts.c.camera_id)
        .where(cameras.c.id.in_(mine), alerts.c.state == AlertState.OPEN)
    )
    with db.reading() as conn:
        return [f"/alerts/{one}" for one in conn.scalars(query)]


async def _visit(
    site: BenchSite, visitors: list[tuple[str, list[str]]], *, seconds: float, each_s: float
) -> tuple[dict[str, list[float]], Counter[int], float]:
    """Run all officers at once; the times of each kind of page in ms, and the site's CPU time in
    s."""
    times: dict[str, list[float]] = defaultdict(list)
    codes: Counter[int] = Counter()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(base_url=site.url, limits=limits, timeout=60.0) as client:
        first, own = visitors[0]
        for path in ("/", own[0]):  # load the templates
            await client.get(path, headers=_cookie_header(first))
        live = [asyncio.create_task(_live(client, token)) for token, _ in visitors]
        await asyncio.sleep(min(SETTLE_S, seconds))  # wait until all live pages are open
        before_s = await asyncio.to_thread(site.cpu_s)
        ends_s = time.monotonic() + seconds

        async def ask(name: str, path: str, token: str) -> None:
            began_s = time.monotonic()
            answer = await client.get(path, headers={"Accept": "text/html"} | _cookie_header(token))
            times[name].append((time.monotonic() - began_s) * 1000)
            codes[answer.status_code] += 1

        await asyncio.gather(
            *(_officer(ask, token, own, ends_s, each_s / 2) for token, own in visitors)
        )
        used_s = await asyncio.to_thread(site.cpu_s) - before_s
        for task in live:
            task.cancel()
        await asyncio.gather(*live, return_exceptions=True)
    return times, codes, used_s


async def _live(client: httpx.AsyncClient, token: str) -> None:
    """One open live page: it only receives."""
    with suppress(httpx.HTTPError):
        async with client.stream("GET", "/events", headers=_cookie_header(token)) as stream:
            async for _ in stream.aiter_bytes():
                pass


async def _officer(
    ask: Callable[[str, str, str], Awaitable[None]],
    token: str,
    own: list[str],
    ends_s: float,
    pause_s: float,
) -> None:
    """Open pages now and then; officers start at different moments."""
    await asyncio.sleep(random.random() * pause_s)
    turn = 0
    while time.monotonic() < ends_s or turn == 0:
        name, path = ("inbox", "/") if turn % 2 == 0 else ("alert", random.choice(own))
        await ask(name, path, token)
        turn += 1
        await asyncio.sleep(pause_s * (0.5 + random.random()))


def _cookie_header(token: str) -> dict[str, str]:
    return {"Cookie": f"matthan={token}"}
