"""Random searches with random grants: no row, count or thumbnail out of scope.

    .venv/bin/python tests/scope/searches.py --searches 100000 --seed 1
        [--database postgresql] [--json]

Makes random towns whose cameras saw much, and people with random grants (of other times, areas,
cameras, reaches, roles). Each search asks for places, names, points and times of the whole town,
theirs or not, and is followed by its cursor to the end. What comes back is held against the judge
of `searched_world`, which shares no line with the SQL: the rows and their order, the count, the
pictures, clips and alerts beside them, the nearest camera, the areas the form offers. One search in
forty is asked of the page itself, and its thumbnails are opened. Between the searches grants end.

Ends with 0 when nothing went out that was not granted, and nothing was left out that was.
"""

import asyncio
import json
import random
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx

if __name__ == "__main__":  # started by its path, as its page says
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from hub.access.rules.grants import Right
from hub.base.audit.asker import Asker
from hub.base.db.database import Database
from hub.search.service import SearchService
from hub.search.sighting_queries import SHOWN, SightingSearch
from hub.search.sighting_rows import FoundSighting
from hub.search.sighting_views import SightingsPage
from tests.scope import campaign, started
from tests.scope.campaign import KEY, ORIGIN, Ask, Street, databases
from tests.scope.searched_world import RIGHTS, Fact, SearchedWorld
from tests.scope.world import Person, World

PEOPLE: Final = 40
A_TOWN: Final = 400
PAGES_EVERY: Final = 40
AREAS_EVERY: Final = 10
CHANGES_EVERY: Final = 50
THUMB: Final = re.compile(r'src="/media/(.*?)/small"')


@dataclass
class Found:
    """Counts of a campaign, and every fault in words."""

    searches: int = 0
    pages: int = 0
    thumbnails: int = 0
    towns: int = 0
    rows: int = 0
    empty: int = 0
    leaks: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Nothing out of scope, nothing left out."""
        return not self.leaks and not self.missed


class Searcher:
    """Asks one town, and judges."""

    def __init__(self, world: World, found: Found) -> None:
        self.town, self.world, self.found = SearchedWorld(world), world, found
        self.street = Street(world, campaign.Found())
        self.street.sightings = {}  # judged here: each by its own time, not by its alert's
        self.facts = {one.id: one for one in self.town.facts}

    async def walk(self, searches: int) -> None:
        """So many searches by random people."""
        transport = httpx.ASGITransport(self.street.app)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            tokens = {one.person_id: self.street._sign_in(one)[0] for one in self.world.people}
            for number in range(searches):
                who = self._somebody()
                if number % CHANGES_EVERY == CHANGES_EVERY - 1:
                    self._change()
                if number % AREAS_EVERY == 0:
                    self._areas(who)
                if number % PAGES_EVERY == 0:
                    await self._page(client, who, tokens[who.person_id])
                self._search(who, self.town.question())
                self.found.searches += 1

    def _somebody(self) -> Person:
        """Mostly one who may search something: of the others there is little to say."""
        rng, people = self.world.rng, self.world.people
        able = [one for one in people if self.town.searched(one)]
        return rng.choice(able if able and rng.random() < 0.8 else people)

    def _change(self) -> None:
        self.world.clock.pass_s(self.world.rng.choice((1, 30, 90)))
        who = self.world.rng.choice(self.world.people)
        if who.grant_ids:
            self.street._end(who, self.world.rng.randrange(len(who.grant_ids)))

    def _search(self, who: Person, wanted: SightingSearch) -> None:
        """To its end, page by page."""
        while True:
            page = self.world.services.use(SearchService).find_sightings(_asker(who), wanted)
            for fault in self._faults(who, wanted, page):
                self.found.leaks.append(f"{who.role} {who.login}, {wanted}: {fault}")
            if len(page.hits) < SHOWN:
                return
            last = page.hits[-1].hit
            wanted = replace(wanted, before=(last.first_seen_utc_us, last.sighting_id))

    def _faults(self, who: Person, wanted: SightingSearch, page: SightingsPage) -> Iterator[str]:
        expected = [
            one
            for one in self.town.expected(who, wanted)
            if one.first_us >= page.looked_from_utc_us  # a loaded machine looks less far back
        ]
        self.found.rows += len(page.hits)
        self.found.empty += not page.hits
        wrong = {one.hit.sighting_id for one in page.hits} - {one.id for one in expected}
        if wrong:
            yield f"rows {wrong}"
        elif [one.hit.sighting_id for one in page.hits] != [one.id for one in expected[:SHOWN]]:
            self.found.missed.append(f"{who.login}, {wanted}: {len(page.hits)} rows are not those")
        if page.count != len(expected) or page.is_more:
            yield f"the count {page.count}, not {len(expected)}"
        if page.cameras != len(self.town.meant(who, wanted)):
            yield f"{page.cameras} cameras"
        yield from self._nearest_faults(who, wanted, page)
        for one in page.hits:
            if one.hit.sighting_id in self.facts:
                yield from self._sight_faults(who, one, self.facts[one.hit.sighting_id])

    def _nearest_faults(
        self, who: Person, wanted: SightingSearch, page: SightingsPage
    ) -> Iterator[str]:
        near = wanted.near
        if near is None or self.town.meant(who, wanted):
            if page.nearest is not None:
                yield f"nearest {page.nearest}, though some are meant"
            return
        placed = [one for one in self.town.unshaped(who, wanted) if self.town.beyond(one, near)]
        best = min((self.town.beyond(one, near) or 0 for one in placed), default=None)
        told = page.nearest and page.nearest.beyond_m
        labels = {one.label for one in placed}
        named = page.nearest and page.nearest.label.partition(" · ")[0]  # its place follows
        if told != best or (page.nearest and named not in labels):
            yield f"nearest {page.nearest}, not {best}"

    def _sight_faults(self, who: Person, one: FoundSighting, fact: Fact) -> Iterator[str]:
        may, place = self.town.twin.may, fact.camera.place
        seen = {key for key, at_us in fact.pictures if may(who, place, Right.SEE, at_us)}
        played = {key for key, at_us in fact.clips if may(who, place, Right.CLIPS, at_us)}
        if one.picture_id is not None and one.picture_id not in seen:
            yield f"the picture {one.picture_id}"
        if one.picture_id is None and seen:
            self.found.missed.append(f"{who.login}: no picture of {fact.id}")
        if {clip.media_id for clip in one.clips} != played:
            yield f"the clips {one.clips} of {fact.id}"
        is_told = fact.shot is not None and self.town.twin.sees_alert(who, fact.shot)
        if one.alert_id != (fact.shot.alert_id if fact.shot and is_told else None):
            yield f"the alert {one.alert_id} of {fact.id}"
        if one.label != fact.camera.label:
            yield f"the name {one.label}"

    def _areas(self, who: Person) -> None:
        offered = {
            key for key, _ in self.world.services.use(SearchService).searched_areas(_asker(who))
        }
        expected = self.town.areas(who)
        if offered - expected:
            self.found.leaks.append(f"{who.role} {who.login}: areas {offered - expected}")
        if expected - offered:
            self.found.missed.append(f"{who.role} {who.login}: no areas {expected - offered}")

    async def _page(self, client: httpx.AsyncClient, who: Person, token: str) -> None:
        """The page as a browser gets it, and its thumbnails."""
        camera = self.world.rng.choice(self.world.cameras)
        path = self.world.rng.choice(
            (
                "/find?when=week",
                "/find?when=year&alerts=1",
                f"/find?when=year&camera={camera.place.camera_id}",
                f"/find?when=year&named={camera.label}",
                "/find?when=month&points=9.5,109.5",
                "/find?when=year&points=11.525,106.625&metres=2000",
            )
        )
        headers = {"Accept": "text/html", "Cookie": f"matthan={token}"}
        answer = await client.get(path, headers=headers)
        self.found.pages += 1
        said = f"{who.role} {who.login}: {path} → {answer.status_code}"
        if answer.status_code >= 500:
            self.found.missed.append(f"{said}, a fault")
        body = answer.content
        if "named=" in path:  # the form keeps what was asked
            body = body.replace(camera.label.encode(), b"")
        for what in self.street._strange(who, Ask("find", "GET", path), body):
            self.found.leaks.append(f"{said}: {what}")
        for key in {UUID(one.decode()) for one in KEY.findall(body)} & self.facts.keys():
            if not self.town.may_find(who, self.facts[key]):
                self.found.leaks.append(f"{said}: row {key}")
        for key in THUMB.findall(answer.text):
            await self._thumbnail(client, who, UUID(key), headers, said)

    async def _thumbnail(
        self,
        client: httpx.AsyncClient,
        who: Person,
        key: UUID,
        headers: dict[str, str],
        said: str,
    ) -> None:
        self.found.thumbnails += 1
        answer = await client.get(f"/media/{key}/small", headers=headers)
        file = self.street.files.get(key)
        is_theirs = file is None or self.town.twin.opens(who, file)
        if not is_theirs:
            self.found.leaks.append(f"{said}: thumbnail {key}")
        elif file is not None and answer.status_code not in campaign.SHOWN:
            self.found.missed.append(f"{said}: thumbnail {key} → {answer.status_code}")


def _asker(who: Person) -> Asker:
    return Asker(who.person_id, who.login, who.login, "vi", who.role, "")


def run(
    searches: int,
    seed: int,
    folder: Path,
    make_url: Callable[[int], str],
    found: Found,
    *,
    tell: Callable[[Found], None] = lambda _found: None,
) -> None:
    """Town after town until there were so many searches."""
    rng = random.Random(seed)
    while found.searches < searches:
        here = folder / f"town-{found.towns}"
        here.mkdir()
        db = Database(make_url(found.towns))
        try:
            world = World(db, here, random.Random(rng.getrandbits(64)), rights=RIGHTS)
            world.fill(people_count=PEOPLE)
            searcher = Searcher(world, found)
            asyncio.run(searcher.walk(min(A_TOWN, searches - found.searches)))
        finally:
            db.close()
        found.towns += 1
        shutil.rmtree(here)
        tell(found)


def main() -> int:
    """Run the campaign of the arguments."""
    asked = started.asked("Random searches by random grants, judged.", "searches")
    began = time.monotonic()
    teller = started.Teller()

    def tell(found: Found) -> None:
        faults = [*found.leaks, *found.missed]
        so_far = f"{found.searches} searches, {len(faults)} faults"
        teller.tell(found.towns, faults, so_far)

    found = Found()
    with tempfile.TemporaryDirectory(prefix="matthan-searches-") as name:
        folder = Path(name)
        with databases(asked.database, folder) as make_url, suppress(KeyboardInterrupt):
            run(asked.searches, asked.seed, folder, make_url, found, tell=tell)
    counted = {
        "seed": asked.seed,
        "database": asked.database,
        "searches": found.searches,
        "towns": found.towns,
        "rows": found.rows,
        "empty": found.empty,
        "pages": found.pages,
        "thumbnails": found.thumbnails,
        "leaks": len(found.leaks),
        "missed": len(found.missed),
        "seconds": round(time.monotonic() - began),
    }
    print(json.dumps(counted, indent=None if asked.json else 2))
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main())
