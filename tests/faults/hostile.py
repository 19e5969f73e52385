"""One node with a valid certificate and one stranger attack a town, beside 50 honest nodes and five
officers; then what that did to the others.

    .venv/bin/python tests/faults/hostile.py --seed 1 [--minutes 10] [--nodes 50]
        [--attacks NAME,NAME…] [--out FILE] [--folder FOLDER]

The seed shuffles the attacks (`tests/faults/rigs/attacks.py`); each comes once before one comes
again. All of it is on loopback. On stdout and in the file are the counts; progress is on stderr.
Exit code 0: the bounds of `BOUNDS` hold and nothing honest was lost. 1: one sentence for each
fault. 2: it did not reach its end.
"""

import argparse
import json
import random
import re
import resource
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import psutil
from sqlalchemy import select

if __name__ == "__main__":  # started by its path, as its page says
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from hub.access.grants import people_rows
from hub.access.passwords import Passwords
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.registry import registry
from hub.registry.tables import areas
from tests.faults import fleet, tally
from tests.faults.campaign import owed, spooled
from tests.faults.disks import small_disk
from tests.faults.fleet_figures import spread
from tests.faults.rigs import attacks
from tests.faults.rigs.attacks import BAD, BY_NODE, BY_STRANGER, Amounts, Attack, Target
from tests.faults.town import PASSWORD, Town

FIVE: Final = ("an", "binh", "cuc", "dung", "em")
NOBODY: Final = "khach"
"""An account without any right, which a stranger has."""
BOUNDS: Final = {"alerts_p95_s": 1.0, "hub_mib": 500.0, "broker_mib": 200.0}
"""What the honest must not feel: event to alert, and memory."""
LOST: Final = (
    "missing",
    "doubled",
    "lost_after_commit",
    "without_alert",
    "untold",
    "doubled_pages",
)
SMALL: Final = re.compile(r'src="(/media/[^"]+/small)"')
VISIT_S: Final = 2.0
SIGN_IN_S: Final = 20.0
SAY_EVERY_S: Final = 15.0
PATIENCE_S: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Size and length of a run."""

    seed: int
    minutes: float = 10.0
    """It goes on until each attack had one turn, but not for over `PATIENCE_S` more."""
    nodes: int = 50
    processes: int = fleet.PROCESSES
    """Of the honest nodes."""
    events_s: float = 2.0
    """Of all honest nodes together."""
    amounts: Amounts = field(default_factory=Amounts)
    disk_bytes: int = 3 * 2**30
    """Of the hub's footage, where a disk of its own is allowed."""
    chosen: tuple[str, ...] = (*BY_NODE, *BY_STRANGER)


@dataclass
class Looks:
    """What the officers saw, and the largest memory."""

    pages_s: list[float] = field(default_factory=list)
    small_s: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    hub_mib: float = 0.0
    broker_mib: float = 0.0


class Officer(threading.Thread):
    """Opens the inbox again and again, with its small pictures all at once as a browser does."""

    def __init__(self, town: Town, login: str, looks: Looks, over: threading.Event) -> None:
        super().__init__(name=login, daemon=True)
        self._town, self._login, self._looks, self._over = town, login, looks, over
        self._seen: set[str] = set()

    def run(self) -> None:
        """Until it is over; a visit that fails is counted."""
        with self._browser() as browser:
            self._sign_in(browser, "first")
            signed_in_s = time.monotonic()
            while not self._over.wait(VISIT_S):
                with suppress(httpx.HTTPError):
                    self._visit(browser)
                if time.monotonic() > signed_in_s + SIGN_IN_S:
                    signed_in_s = time.monotonic()
                    with self._browser() as other:
                        self._sign_in(other, "again")

    def _browser(self) -> httpx.Client:
        url = self._town.url
        return httpx.Client(base_url=url, timeout=30, headers={"Origin": url})

    def _sign_in(self, browser: httpx.Client, which: str) -> None:
        said = {"login": self._login, "password": PASSWORD}
        try:
            status = str(browser.post("/login", data=said).status_code)
        except httpx.HTTPError as error:
            status = type(error).__name__
        self._looks.answers[f"sign_in_{which}_{status}"] += 1

    def _visit(self, browser: httpx.Client) -> None:
        page = self._get(browser, "/", self._looks.pages_s, "page")
        fresh = [one for one in dict.fromkeys(SMALL.findall(page)) if one not in self._seen]
        self._seen.update(fresh)
        with ThreadPoolExecutor(6) as at_once:
            for one in fresh:
                at_once.submit(self._get, browser, one, self._looks.small_s, "small")

    def _get(self, browser: httpx.Client, path: str, took_s: list[float], kind: str) -> str:
        began_s = time.monotonic()
        try:
            answer = browser.get(path)
        except httpx.HTTPError as error:
            self._looks.answers[f"{kind}_{type(error).__name__}"] += 1
            raise
        took_s.append(time.monotonic() - began_s)
        self._looks.answers[f"{kind}_{answer.status_code}"] += 1
        return answer.text if kind == "page" else ""


class Attacker(threading.Thread):
    """One after the other, in an order of its own; each once before one comes again."""

    def __init__(self, target: Target, deck: Mapping[str, Attack], seed: str) -> None:
        super().__init__(name=seed, daemon=True)
        self._target, self._deck, self._dice = target, deck, random.Random(seed)
        self.has_done_all = False

    def run(self) -> None:
        """Until it is over."""
        while self._deck:
            for name in self._dice.sample(list(self._deck), len(self._deck)):
                if self._target.is_over():
                    return
                self._target.done[f"turns of {name}"] += 1
                try:
                    self._deck[name](self._target, self._dice)
                except (OSError, httpx.HTTPError, ValueError) as error:
                    self._target.done[f"{name} ended by {type(error).__name__}"] += 1
            self.has_done_all = True
        self.has_done_all = True


def run(wanted: Wanted, folder: Path) -> dict[str, Any]:
    """The whole of it in a new folder; raises SystemExit if it does not reach its end."""
    span_s = 60 * wanted.minutes
    events = max(wanted.nodes, round(wanted.events_s * span_s))
    with ExitStack() as parts:
        town = fleet.build(
            parts, folder, nodes=wanted.nodes, events=events, rate=wanted.events_s,
            processes=wanted.processes, is_called=True, officers=FIVE,
        )  # fmt: skip
        disk = parts.enter_context(
            small_disk(town.hub_home, size_bytes=wanted.disk_bytes, keeps=False)
        )
        _let_in(town)
        fleet.start(town)
        town.begin()
        looks, over = Looks(), threading.Event()
        target = _target(town, wanted, over)
        officers = [Officer(town, login, looks, over) for login in FIVE]
        attackers = [
            Attacker(target, _chosen(deck, wanted, disk), f"{wanted.seed} {who}")
            for who, deck in (("node", BY_NODE), ("stranger", BY_STRANGER))
        ]
        for thread in (*officers, *attackers):
            thread.start()
        _watch(town, looks, target, attackers, span_s=span_s)
        over.set()
        for thread in (*attackers, *officers):
            thread.join(120)
        waited = sum(owed(plan) for plan in town.plans)
        attacks.take_back(target)
        written = sum(spooled(plan) for plan in town.plans)
        fleet.stop_walking(town)
        settled_s = fleet.settle(town)
        pages = _await_pages(town)
        for child in (*town.agents, town.hub):
            child.stop()
        counted = honest(folder, town.database_url, town.phones)
    return {
        "seed": wanted.seed,
        "minutes": wanted.minutes,
        "nodes": wanted.nodes,
        "has_own_disk": disk is not None,
        "events": written,
        **counted,
        "pages_waiting": pages,
        "owed_at_the_end_of_the_attack": waited,
        "settled_s": round(settled_s, 1),
        "hub_mib": looks.hub_mib,
        "broker_mib": looks.broker_mib,
        "officers_page_s": spread([round(one * 1e6) for one in looks.pages_s]),
        "small_picture_s": spread([round(one * 1e6) for one in looks.small_s]),
        "answers_to_officers": dict(sorted(looks.answers.items())),
        "attacks": dict(sorted(target.done.items())),
        "ends": {child.name: child.crashes for child in (*town.agents, town.hub)},
    }


def honest(folder: Path, database_url: str, phones: Sequence[str]) -> dict[str, Any]:
    """Losses, doubles and delays of the honest nodes alone, by files and database."""
    hub = tally.Hub(database_url)
    spools = [
        tally.read_spool(Path(plan["journal"]), Path(plan["witness"]))
        for path in sorted(folder.glob("plan-*.json"))
        for plan in json.loads(path.read_text())
    ]
    theirs = {spool.spool_id for spool in spools}
    rows = [row for row in hub.ask("SELECT spool_id, seq, id FROM events") if row[0] in theirs]
    known, ids = {(row[0], row[1]) for row in rows}, {row[2] for row in rows}
    given = {(one.spool_id, number) for one in spools for number in range(1, one.given + 1)}
    opened = [row[1:] for row in hub.ask(OPENED) if row[0] in theirs]
    alerts = {row[1]: row[2:] for row in opened if row[1] is not None}
    told = Counter(row[0] for row in hub.ask(TOLD) if row[0] in alerts)
    screens = Counter(
        (one["phone"], one["message"]["alert_id"].replace("-", ""))
        for one in map(json.loads, (folder / "screens.jsonl").read_text().splitlines())
        if tally.is_owed(one["message"]) and one["message"]["moment"] == "opened"
    )
    return {
        "spooled": len(given),
        "stored": len(rows),
        "missing": len(given - known),
        "doubled": len(rows) - len(known),
        "lost_after_commit": len({one for spool in spools for one in spool.witnessed} - ids),
        "without_alert": sum(row[1] is None for row in opened),
        "alerts": len(alerts),
        "untold": sum(len(phones) - told[one] for one in alerts),
        "doubled_pages": sum(times > 1 for (_, one), times in screens.items() if one in alerts),
        "event_to_alert_s": spread(
            [raised_us - frame_us for frame_us, raised_us in alerts.values()]
        ),
        "event_to_page_s": spread([row[1] for row in hub.ask(PAGES) if row[0] in alerts]),
    }


OPENED: Final = """
    SELECT e.spool_id, e.id, s.alert_id, a.confirmed_utc_us, a.raised_utc_us
    FROM events AS e LEFT JOIN sightings AS s ON s.id = e.sighting_id
    LEFT JOIN alerts AS a ON a.id = s.alert_id WHERE e.kind = 'sighting_opened'
"""
TOLD: Final = """
    SELECT alert_id FROM notifications
    WHERE moment = 'opened' AND state IN ('accepted', 'folded')
"""
PAGES: Final = """
    SELECT n.alert_id, min(t.ended_utc_us) - max(a.confirmed_utc_us)
    FROM attempts AS t JOIN notifications AS n ON n.id = t.notification_id
    JOIN alerts AS a ON a.id = n.alert_id
    WHERE n.moment = 'opened' AND t.answer = 'delivered' GROUP BY n.id, n.alert_id
"""


def losses(found: Mapping[str, Any]) -> list[str]:
    """What honest nodes and officers lost or got twice, and parts that ended; a sentence each."""
    lost = [f"{name}: {found[name]}" for name in LOST if found[name]]
    return lost + [f"{name} ended by itself" for name, times in found["ends"].items() if times]


def faults(found: Mapping[str, Any]) -> list[str]:
    """Losses, and bounds that do not hold."""
    measured = {
        "alerts_p95_s": found["event_to_alert_s"].get("p95", 0.0),
        "hub_mib": found["hub_mib"],
        "broker_mib": found["broker_mib"],
    }
    over = [
        f"{name} is {measured[name]}, and {bound} is allowed"
        for name, bound in BOUNDS.items()
        if measured[name] > bound
    ]
    return losses(found) + over


def _let_in(town: Town) -> None:
    """The bad node, in the honest ones' area, and the account without a right."""
    now, db = HubClock().now(), Database(town.database_url)
    with db.writing() as conn:
        area_id = conn.execute(select(areas.c.id)).scalars().first()
        assert area_id is not None
        registry.add_node(conn, name=BAD, area_id=area_id, now=now)
        people_rows.add_person(
            conn, login=NOBODY, name=NOBODY, language="vi", role="officer",
            password=PASSWORD, passwords=Passwords(), now=now,
        )  # fmt: skip
    db.close()


def _target(town: Town, wanted: Wanted, over: threading.Event) -> Target:
    return Target(
        broker=town.broker, url=town.url, victim=FIVE[0], account=(NOBODY, PASSWORD),
        amounts=wanted.amounts, is_over=over.is_set,
    )  # fmt: skip


def _chosen(deck: Mapping[str, Attack], wanted: Wanted, disk: Path | None) -> dict[str, Attack]:
    """Clips fill only a disk that is the run's own."""
    names: Iterable[str] = (name for name in deck if name in wanted.chosen)
    return {name: deck[name] for name in names if disk is not None or name != "large_clips"}


def _watch(
    town: Town, looks: Looks, target: Target, attackers: Sequence[Attacker], *, span_s: float
) -> None:
    began_s, said_s = time.monotonic(), 0.0
    assert town.broker.pid is not None
    broker = psutil.Process(town.broker.pid)
    while (now_s := time.monotonic() - began_s) < span_s + PATIENCE_S:
        if now_s >= span_s and all(one.has_done_all for one in attackers):
            return
        for child in (*town.agents, town.hub):
            child.look()
        with suppress(psutil.NoSuchProcess):
            looks.hub_mib = max(looks.hub_mib, town.hub.tree_mib())
            looks.broker_mib = max(looks.broker_mib, round(broker.memory_info().rss / 2**20, 1))
        if not town.broker.is_running:
            raise SystemExit("hostile: the broker ended")
        if now_s >= said_s:
            said_s += SAY_EVERY_S
            say(
                f"{now_s:4.0f} of {span_s:.0f} s: hub {looks.hub_mib} MiB, broker "
                f"{looks.broker_mib} MiB at most; {sum(target.done.values())} deeds"
            )
        time.sleep(0.5)


def _await_pages(town: Town) -> int:
    """First words that no phone has taken after a while of patience."""
    until_s = time.monotonic() + 120
    while (waiting := fleet.fleet_figures.waiting(town.database_url)) and (
        time.monotonic() < until_s
    ):
        time.sleep(0.5)
    return waiting


def say(what: str) -> None:
    """How far it is."""
    print(f"hostile: {what}", file=sys.stderr, flush=True)


def main() -> int:
    """Run what the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--nodes", type=int, default=50)
    parser.add_argument("--attacks", default="", help="only these, by name and comma")
    parser.add_argument("--out", type=Path, help="write the numbers there too, as JSON")
    parser.add_argument("--folder", type=Path, help="where to work; kept (default: a new one)")
    args = parser.parse_args()
    known = (*BY_NODE, *BY_STRANGER)
    chosen = tuple(filter(None, args.attacks.split(","))) or known
    if strange := set(chosen) - set(known):
        parser.error(f"no attack: {', '.join(sorted(strange))}. Known are {', '.join(known)}")
    if args.nodes < fleet.PROCESSES:
        parser.error(f"--nodes: at least {fleet.PROCESSES}, one for each process")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))  # and so all that was begun ends too
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536), hard))
    wanted = Wanted(seed=args.seed, minutes=args.minutes, nodes=args.nodes, chosen=chosen)
    with ExitStack() as parts:
        folder = args.folder
        if folder is None:
            name = parts.enter_context(tempfile.TemporaryDirectory(prefix="matthan-hostile-"))
            folder = Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o711)  # the broker's user passes through
        try:
            found = run(wanted, folder.resolve())
        except SystemExit as end:
            print(end, file=sys.stderr)
            return 2
    text = json.dumps(found, indent=2)
    print(text)
    if args.out is not None:
        args.out.write_text(text + "\n")
    broken = faults(found)
    for one in broken:
        print(one, file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
