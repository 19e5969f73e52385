"""Random people at the real site: nobody gets a byte that they are not granted.

    .venv/bin/python tests/scope/campaign.py --requests 100000 --seed 1
        [--database postgresql] [--json]

Makes random towns with random people and grants (of other times, areas, cameras, reaches, roles),
signs them in at the real app, and lets each ask for pages, cards, alerts in words, pictures, clips
whole and in part, clips under way, search, the inbox in words, the stream of changes, cases with
their files and packages, notices and tips with theirs, pictures of now, places and settings, by
addresses of the whole town, theirs or not. What comes back is looked through for the marks that
every secret carries. Between the requests grants end and time passes; people are seen, and what is
then owed to phones, and handed to the sender after more grants have ended, is held against the twin
too.

The judge is `hub.access.rules.grants` in plain objects; it shares no line with the SQL that the
site asks. Ends with 0 when nothing went out that was not granted and nothing was refused that was;
who interrupts it is told what came of it so far.
"""

import asyncio
import gc
import json
import os
import random
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import httpx
import psycopg

if __name__ == "__main__":  # started by its path, as its page says
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from sqlalchemy import select

from hub.access.grants import rows
from hub.access.rules.grants import Right
from hub.alerting.alerts.tables import sightings
from hub.alerting.notifications import leasing
from hub.app.features import FEATURES
from hub.app.web.create_app import WebSettings, create_app
from hub.base.audit.log import By
from hub.base.db.database import Database
from hub.base.db.schema import migrate
from hub.cases.evidence.service import ExportService
from hub.console import stream
from hub.console.accounts import closing
from hub.notify.tables import notifications
from tests.postgres import cluster
from tests.scope import started
from tests.scope.addresses import Addresses, packer
from tests.scope.asks import Ask, OneLook
from tests.scope.holdings import Holdings
from tests.scope.world import PASSWORD, Camera, File, Growing, Person, Shot, Twin, World

MARK: Final = re.compile(rb"zq[0-9a-f]{12}")
KEY: Final = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PEOPLE: Final = 60
A_ROUND: Final = 1_000
ORIGIN: Final = "http://testserver"
PAGES: Final = (
    "/",
    "/list",
    "/api/inbox",
    "/?tab=handled",
    "/?group=place",
    "/list?group=node",
    "/list/counts",
    "/nodes",
    "/undelivered",
    "/duty",
    "/silences",
    "/rules",
    "/grants",
    "/grants/new",
    "/settings",
    "/more",
    "/live",
    "/search?q=ca",
    "/footage",
    "/find",
    "/find?when=year",
    "/log",
    "/log/month",
    "/configuration",
    "/map",
    "/map/cameras.json",
    "/map/states.json",
    "/reports/day",
    "/reports/week",
    "/reports/month",
    "/cases",
    "/keeping",
    "/notices",
    "/enrolments",
    "/areas",
    "/public",
)
FILES: Final = frozenset(
    {"media", "growing", "clip", "tip picture", "tip original", "notice file", "public file"}
)
"""What a page asks for, not a person: refused in a word instead of a page."""
SHOWN: Final = frozenset({200, 206, 303, 304, 307, 409})


@dataclass
class Found:
    """Counts of a campaign, and every leak in words."""

    requests: int = 0
    people: int = 0
    towns: int = 0
    shown: int = 0
    refused: int = 0
    owed: int = 0
    handed: int = 0
    dropped: int = 0
    leaks: list[str] = field(default_factory=list)
    refused_wrongly: list[str] = field(default_factory=list)
    by_route: Counter[str] = field(default_factory=Counter)

    @property
    def holds(self) -> bool:
        """Nothing went out that was not granted, nothing was refused that was."""
        return not self.leaks and not self.refused_wrongly


class Street:
    """One town with its site and its people, each signed in."""

    def __init__(self, world: World, found: Found) -> None:
        self.world, self.found, self.rng = world, found, world.rng
        self.twin = Twin(world)
        self.look = OneLook()
        self.watching = world.watching
        self.holdings = Holdings(world)
        self.holdings.fill(self.watching)
        self.addresses = Addresses(self.holdings, self.twin)
        hub = world.resources
        hub.verify_token = lambda _token: None
        hub.stopping = self.look
        hub.pack = packer(world.services.use(ExportService))
        web = WebSettings(
            public_url=ORIGIN,
            push_public_key="BKey",
            now=lambda: world.clock.now().utc_us,
            keepalive_s=0.0,
        )
        self.app = create_app(FEATURES, hub, world.services, web)
        self.alerts = {one.alert_id: one for one in world.shots}
        self.files = {one.media_id: one for one in world.files}
        with world.db.reading() as conn:
            seen = conn.execute(select(sightings.c.id, sightings.c.alert_id))
            self.sightings = {row.id: self.alerts[row.alert_id] for row in seen if row.alert_id}
        contents: list[File | Growing] = [*world.files, *world.growing]
        self.contents = {one.content_mark: one for one in contents}
        self.labels = {one.label: one for one in world.cameras}
        self.areas = {name: area_id for area_id, name in world.area_marks.items()}
        self.nodes = {world.node_marks[one.place.camera_id]: one for one in world.cameras}
        self.node_areas = world.node_areas

    async def walk(self, requests: int) -> None:
        """So many requests by random people; now and then the town changes between two."""
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            tokens = {one.person_id: self._sign_in(one) for one in self.world.people}
            for number in range(requests):
                if number % 100 == 50:
                    self._change()
                who = self.rng.choice(self.world.people)
                await self._ask(client, who, tokens[who.person_id])

    def _sign_in(self, who: Person) -> tuple[str, str]:
        signed = self.world.accounts.sign_in(who.login, PASSWORD, came_from="")
        token = getattr(signed, "token", "nobody's")
        if who.is_disabled:
            with self.world.db.writing() as conn:
                by, now = By(came_from="shell"), self.world.clock.now()
                closing.close(conn, who.person_id, reason="left", by=by, now=now)
        return token, getattr(signed, "csrf", "")

    async def _ask(self, client: httpx.AsyncClient, who: Person, signed: tuple[str, str]) -> None:
        ask = self._choose(who)
        self.look.looks = 0
        accepts = "*/*" if ask.route in FILES or ask.path.endswith("/picture") else "text/html"
        headers = {"Accept": accepts, "Origin": ORIGIN, **dict(ask.headers)}
        headers["Cookie"] = f"matthan={signed[0]}"
        data = {"csrf": signed[1], **dict(ask.form)} if ask.method == "POST" else None
        answer = await client.request(ask.method, ask.path, headers=headers, data=data)
        self._leave_off()
        self.found.requests += 1
        self.found.by_route[ask.route] += 1
        self._judge(who, ask, answer)

    def _leave_off(self) -> None:
        """Who watched does not any more: only so many may at once."""
        for watch in self.watching.watches():
            if watch.is_noted:
                self.watching.leave(watch.key)

    def _choose(self, who: Person) -> Ask:
        makers: list[tuple[int, Callable[[Person], Ask]]] = [
            (20, self._page),
            (18, self._alert),
            (24, self._media),
            (8, self._clip),
            (8, self._search),
            (6, self._act),
            (5, self._events),
            (3, self._trick),
            (30, self.addresses.ask),
        ]
        weights, choices = zip(*makers, strict=True)
        return self.rng.choices(choices, weights=weights, k=1)[0](who)

    def _page(self, _who: Person) -> Ask:
        return Ask("page", "GET", self.rng.choice(PAGES))

    def _alert(self, who: Person) -> Ask:
        shot = self.rng.choice(self.world.shots)
        tail = self.rng.choice(["", "", "/card"])
        route = "alert in words" if self.twin.is_told_of(who, shot) else "alert"
        is_theirs = self.twin.knows_alert(who, shot)
        return Ask(route, "GET", f"/alerts/{shot.alert_id}{tail}", is_theirs)

    def _media(self, who: Person) -> Ask:
        file = self.rng.choice(self.world.files)
        is_theirs = self.twin.opens(who, file)
        headers = self.rng.choice(
            [(), (), (("Range", "bytes=0-9"),), (("Range", "bytes=-4"),), (("If-None-Match", "*"),)]
        )
        method = self.rng.choice(["GET", "GET", "GET", "HEAD"])
        tail = self.rng.choice(["", "", "", "/small", "/medium", "/h264", "/play"])
        if tail:
            shown = {"picture": ("/small", "/medium"), "clip": ("/h264", "/play")}[file.kind]
            is_theirs = is_theirs and tail in shown
            method, headers = "GET", ()
        return Ask("media", method, f"/media/{file.media_id}{tail}", is_theirs, headers)

    def _clip(self, who: Person) -> Ask:
        if self.world.growing and self.rng.random() < 0.5:
            growing = self.rng.choice(self.world.growing)
            is_theirs = self.twin.watches(who, growing)
            return Ask("growing", "GET", f"/clips/{growing.clip_id}/growing", is_theirs)
        shot = self.rng.choice([one for one in self.world.shots if not one.is_trouble])
        has_clip = any(one.alert_id == shot.alert_id for one in self.world.files)
        is_theirs = self.twin.plays_alert(who, shot)
        if not has_clip and is_theirs:
            return self._page(who)  # it would wait for a clip that never comes
        return Ask("clip", "GET", f"/alerts/{shot.alert_id}/clip", is_theirs)

    def _search(self, who: Person) -> Ask:
        camera = self.rng.choice(self.world.cameras)
        place = camera.place
        is_theirs = self.twin.searches(who, place)
        return Ask("search", "GET", f"/footage?camera={place.camera_id}", is_theirs)

    def _act(self, who: Person) -> Ask:
        shot = self.rng.choice(self.world.shots)
        act = self.rng.choice(["take", "take", "resolve", "go", "not-go"])
        knows = self.twin.knows_alert if act.endswith("go") else self.twin.sees_alert
        is_theirs = knows(who, shot)
        return Ask("act", "POST", f"/alerts/{shot.alert_id}/{act}", is_theirs)

    def _events(self, _who: Person) -> Ask:
        return Ask("events", "GET", f"/events?cursor={self.rng.choice([0, 0, 5])}")

    def _trick(self, _who: Person) -> Ask:
        key = self.rng.choice(self.world.files).media_id
        shot = self.rng.choice(self.world.shots).alert_id
        path = self.rng.choice(
            [
                f"/media/{str(key).upper()}",
                f"/media/{key.hex}",
                f"/media/%7B{key}%7D",
                f"/media//{key}",
                f"/alerts/{shot}/../../media/{key}",
                f"/alerts/{shot}/%2e%2e/%2e%2e/media/{key}",
                f"/media/{key}/small/../h264",
                f"/api/inbox?since=-1&alert={shot}",
                f"/footage?camera={uuid4()}",
            ]
        )
        return Ask("trick", "GET", path)

    def _judge(self, who: Person, ask: Ask, answer: httpx.Response) -> None:
        is_shown = answer.status_code in SHOWN and "/login" not in answer.headers.get(
            "location", ""
        )
        self.found.shown += is_shown
        self.found.refused += not is_shown
        said = f"{who.role} {who.login}: {ask.method} {ask.path} → {answer.status_code}"
        if ask.is_theirs is False and is_shown:
            self.found.leaks.append(f"{said}, not theirs")
        if ask.is_theirs is True and not is_shown:
            self.found.refused_wrongly.append(said)
        if answer.status_code >= 500:
            self.found.refused_wrongly.append(f"{said}, a fault")
        body = answer.content + json.dumps(dict(answer.headers)).encode()
        for what in self._strange(who, ask, body):
            self.found.leaks.append(f"{said}: {what}")

    def _strange(self, who: Person, ask: Ask, body: bytes) -> Iterator[str]:
        """Parts of the body that the person may not see."""
        reads_all = ask.path in ("/log", "/log/month") and (
            who.role == "oversight" or self.twin.keeps_everything(who)
        )
        for one in sorted({found.decode() for found in MARK.findall(body)}):
            content = self.contents.get(one)
            if self.addresses.theirs.is_known(one):
                if not self.addresses.theirs.may_read(who, one):
                    yield f"the words or bytes {one}"
            elif content is not None and not self._opens(who, content):
                yield f"bytes of {one}"
            elif content is None and not reads_all and not self._knows_name(who, one, ask):
                yield f"the name {one}"
        yield from self._strange_ids(who, ask, body)

    def _opens(self, who: Person, content: File | Growing) -> bool:
        if isinstance(content, Growing):
            return self.twin.watches(who, content)
        return self.twin.opens(who, content)

    def _knows_name(self, who: Person, name: str, ask: Ask) -> bool:
        """Whether a camera, node or area is theirs to read of, on this page at the least."""
        there = self.labels.get(name) or self.nodes.get(name)
        key = there.place.camera_id if there else self.areas.get(name)
        if key in self.addresses.theirs.names_at(who, ask.path):
            return True
        if name in self.labels:
            return self.twin.knows_camera(who, self.labels[name])
        if name in self.nodes:
            camera = self.nodes[name]
            return self.twin.knows_camera(who, camera) or self.twin.tends_area(
                who, self.node_areas[name]
            )
        return name not in self.areas or self.areas[name] in self.twin.known_areas(who)

    def _strange_ids(self, who: Person, ask: Ask, body: bytes) -> Iterator[str]:
        for one in {match.decode() for match in KEY.findall(body)}:
            if one in ask.path.lower():
                continue  # as it was asked for
            key = UUID(one)
            if key in self.alerts and not self.twin.knows_alert(who, self.alerts[key]):
                yield f"alert {key}"
            if key in self.sightings and not self._finds(who, self.sightings[key]):
                yield f"the id of sighting {key}"
            if key in self.files:
                file = self.files[key]
                shot = self.alerts[file.alert_id]
                if not self.twin.opens(who, file) and not self.twin.sees_alert(who, shot):
                    yield f"the id of file {key}"

    def _finds(self, who: Person, shot: Shot) -> bool:
        """Whether the sightings of an alert are theirs: with its pictures, or by a search."""
        found = self.twin.may(who, shot.camera, Right.SEARCH, shot.recorded_us)
        return found or self.twin.sees_alert(who, shot)

    def _change(self) -> None:
        """Somebody is seen and is told of; grants end, time passes, and the sender comes."""
        world = self.world
        world.clock.pass_s(5)
        self._expect_owed(self.rng.choice(world.cameras))
        for _ in range(3):
            who = self.rng.choice(world.people)
            if who.grant_ids:
                self._end(who, self.rng.randrange(len(who.grant_ids)))
        world.clock.pass_s(self.rng.choice([1, 30, 90]))
        self._expect_handed()

    def _end(self, who: Person, number: int) -> None:
        world = self.world
        now = world.clock.now()
        with world.db.writing() as conn:
            rows.end_grant(conn, who.grant_ids[number], now=now)
        old = who.grants[number]
        ends = now.utc_us if old.ends_utc_us is None else min(old.ends_utc_us, now.utc_us)
        who.grants[number] = type(old)(
            old.area_id,
            old.camera_id,
            old.rights,
            old.starts_utc_us,
            ends,
            old.history_from_utc_us,
        )

    def _expect_owed(self, camera: Camera) -> None:
        """Exactly those are owed word of a new alert who may be told."""
        world = self.world
        alert_id = world.somebody_now(camera)
        if alert_id is None or alert_id in self.alerts:
            return  # silenced there, or more of what they were told of before
        with world.db.reading() as conn:
            mine = notifications.c.alert_id == alert_id
            owed = set(conn.scalars(select(notifications.c.person_id).where(mine)))
        entitled = {one.person_id for one in world.people if self.twin.is_woken(one, camera.place)}
        self.found.owed += len(owed)
        for one in owed - entitled:
            self.found.leaks.append(f"owed to {one}, who may not be told of {camera.label}")
        for one in entitled - owed:
            self.found.refused_wrongly.append(f"not owed to {one}, who is told of {camera.label}")
        self._news(alert_id, camera)

    def _news(self, alert_id: UUID, camera: Camera) -> None:
        now = self.world.clock.now()
        seen_us = now.plus_s(-0.4).utc_us
        shot = Shot(alert_id, camera.place, seen_us, False, raised_us=now.utc_us)
        self.world.shots.append(shot)
        self.alerts[alert_id] = shot

    def _expect_handed(self) -> None:
        """What the sender is handed is for whoever may be told at that moment."""
        world = self.world
        now = world.clock.now()
        with world.db.writing() as conn:
            handed = leasing.claim(conn, worker="w", now=now, lease_s=60, limit=1_000)
            states = list(
                conn.execute(
                    select(notifications.c.id, notifications.c.person_id, notifications.c.state)
                )
            )
        whose = {row.id: row.person_id for row in states}
        people = {one.person_id: one for one in world.people}
        for one in handed:
            who, shot = people[whose[one.notification_id]], self.alerts[one.alert_id]
            self.found.handed += 1
            if not self.twin.is_woken(who, shot.camera) and not shot.is_trouble:
                self.found.leaks.append(f"handed on to {who.login}, who may not be told any more")
        self.found.dropped = sum(row.state == "dropped" for row in states)


@dataclass(frozen=True)
class Wanted:
    """Length and seed of a campaign."""

    requests: int
    seed: int


def run(
    wanted: Wanted,
    folder: Path,
    make_url: Callable[[int], str],
    found: Found,
    *,
    tell: Callable[[Found], None] = lambda _found: None,
) -> None:
    """Town after town until there were so many requests; `found` tells at any time how many."""
    gc.collect()
    gc.freeze()  # as the hub itself: what is there now stays
    # A stream is left after one look: nothing is gained by waiting for the next.
    stream.PACE_S = 0.0  # type: ignore[misc]  # final in the product
    rng = random.Random(wanted.seed)
    while found.requests < wanted.requests:
        here = folder / f"town-{found.towns}"
        here.mkdir()
        db = Database(make_url(found.towns))
        try:
            world = World(db, here, random.Random(rng.getrandbits(64)))
            world.fill(people_count=PEOPLE)
            street = Street(world, found)
            left = min(A_ROUND, wanted.requests - found.requests)
            asyncio.run(street.walk(left))
        finally:
            db.close()
        found.towns += 1
        found.people += PEOPLE
        shutil.rmtree(here)
        tell(found)


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[Callable[[int], str]]:
    """Makes an address of a fresh, migrated database for each town."""
    if kind == "sqlite":
        template = folder / "template.db"
        migrate(f"sqlite:///{template}")

        def copy(number: int) -> str:
            path = folder / f"town-{number}" / "hub.db"
            shutil.copy(template, path)
            return f"sqlite:///{path}"

        yield copy
        return
    with cluster() as url:
        plain = url.replace("+psycopg", "") + "/postgres"

        def create(name: str, template: str) -> str:
            with psycopg.connect(plain, autocommit=True) as conn:
                conn.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
            return f"{url}/{name}"

        migrate(create("town", "template0"))
        yield lambda number: create(f"town_{number}", "town")


def in_memory() -> str | None:
    """A folder without a disk under it, where there is one: nothing here has to outlast power."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a folder within


def main() -> int:
    """Run the campaign of the arguments."""
    asked = started.asked("Random people at the real site, judged by a twin.", "requests")
    began = time.monotonic()
    teller = started.Teller()

    def tell(found: Found) -> None:
        faults = [*found.leaks, *found.refused_wrongly]
        so_far = f"{found.requests} requests, {found.people} people, {len(found.leaks)} leaks"
        teller.tell(found.towns, faults, so_far)

    with tempfile.TemporaryDirectory(prefix="matthan-scope-", dir=in_memory()) as name:
        folder = Path(name)
        found = Found()
        with databases(asked.database, folder) as make_url, suppress(KeyboardInterrupt):
            run(Wanted(asked.requests, asked.seed), folder, make_url, found, tell=tell)
    counted = {
        "seed": asked.seed,
        "database": asked.database,
        "requests": found.requests,
        "people": found.people,
        "towns": found.towns,
        "shown": found.shown,
        "refused": found.refused,
        "owed": found.owed,
        "handed": found.handed,
        "leaks": len(found.leaks),
        "refused_wrongly": len(found.refused_wrongly),
        "seconds": round(time.monotonic() - began),
        "by_route": dict(found.by_route),
    }
    print(json.dumps(counted, indent=None if asked.json else 2))
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main())
