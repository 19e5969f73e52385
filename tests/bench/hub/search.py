"""`bench search`: response times of searches over a year of 10,000 cameras.

Every search passes the user's scope check, as from a page. Each runs several times with another
place and hour. Stated are the median, the 95th percentile, the maximum, and the number of complete
answers (a search that takes too long is cut, and says so). `own_cpu` is this process's processor
time: all of it with SQLite, without the server's with PostgreSQL.
"""

import argparse
import gc
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random
from statistics import median
from typing import Any, Final

from hub.registry.shapes import Circle, Point
from hub.search.rules.description import Described
from hub.search.sighting_queries import SightingSearch, find_sightings
from tests.bench.hub import postgres, search_town
from tests.bench.hub.search_town import SearchTown, camera_id, place_of

SIGHTINGS: Final = 100_000
MOST_SIGHTINGS: Final = 20_000_000
HOUR_US: Final = 3_600_000_000
DAY_US: Final = 24 * HOUR_US

Question = Callable[[SearchTown, Random], tuple[str, SightingSearch]]


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments and the command."""
    parser.add_argument(
        "--sightings",
        type=int,
        action="append",
        help=f"number of sightings in the year; default: {SIGHTINGS}",
    )
    parser.add_argument("--rounds", type=int, default=10, help="number of times for each search")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random data")
    parser.add_argument(
        "--database",
        choices=("sqlite", "postgresql"),
        action="append",
        help="default: both, if PostgreSQL is installed",
    )
    parser.add_argument(
        "--by-month", action="store_true", help="on PostgreSQL, with sightings kept by month"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(do=run)


def run(args: argparse.Namespace) -> int:
    """Run the searches and print their times."""
    sizes = args.sightings or [SIGHTINGS]
    if any(not 1000 <= size <= MOST_SIGHTINGS for size in sizes) or args.rounds < 1:
        said = f"--sightings is 1,000 to {MOST_SIGHTINGS:,}, --rounds 1 or more"
        print(f"bench search: {said}", file=sys.stderr)
        return 2
    found: dict[str, Any] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load_before": round(os.getloadavg()[0], 1),
        "cameras": search_town.COMMUNES * search_town.JUNCTIONS * search_town.CAMERAS,
    }
    for size in sizes:
        for name, url in _databases(args.database):
            is_split = args.by_month and name == "postgresql"
            kind = f"{name}_by_month" if is_split else name
            found[f"{kind}_{size}"] = measure(url, size, args.rounds, args.seed, is_split=is_split)
    found["load_after"] = round(os.getloadavg()[0], 1)
    print(json.dumps(found, indent=None if args.json else 2))
    return 0


def measure(
    url: str, size: int, rounds: int, seed: int, *, is_split: bool = False
) -> dict[str, Any]:
    """Measure one database of one size; `is_split`: with sightings by month."""
    began_s = time.monotonic()
    town = search_town.make(url, sightings=size, is_split=is_split, show=_show)
    made_s = time.monotonic() - began_s
    gc.collect()  # as the hub does before it serves
    gc.freeze()
    try:
        asked = {name: _ask(town, name, rounds, seed) for name in QUESTIONS}
    finally:
        town.db.close()
    all_ms = [took for one in asked.values() for took in one.pop("took_ms")]
    cpu_ms = [took for one in asked.values() for took in one.pop("cpu_ms")]
    return {
        "made_in_s": round(made_s, 1),
        "p50_ms": _share(all_ms, 0.5),
        "p95_ms": _share(all_ms, 0.95),
        "most_ms": _share(all_ms, 1.0),
        "own_cpu_p95_ms": _share(cpu_ms, 0.95),
        "questions": asked,
    }


def _ask(town: SearchTown, name: str, rounds: int, seed: int) -> dict[str, Any]:
    chance, took_ms, cpu_ms, counts, whole = Random(f"{seed}-{name}"), [], [], [], 0
    for _ in range(rounds):
        who, wanted = QUESTIONS[name](town, chance)
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        with town.db.reading() as conn:
            found = find_sightings(conn, town.people[who], wanted, now=town.ends)
        took_ms.append((time.perf_counter() - began_s) * 1000)
        cpu_ms.append((time.process_time() - began_cpu_s) * 1000)
        counts.append(found.count)
        whole += found.is_more or found.looked_from_utc_us <= wanted.from_utc_us
    return {
        "took_ms": took_ms,
        "cpu_ms": cpu_ms,
        "p50_ms": _share(took_ms, 0.5),
        "p95_ms": _share(took_ms, 0.95),
        "most_ms": _share(took_ms, 1.0),
        "own_cpu_p95_ms": _share(cpu_ms, 0.95),
        "found": median(counts),
        "whole": f"{whole} of {rounds}",
    }


def _share(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 1)


def _show(made: int) -> None:
    if sys.stderr.isatty():
        print(f"{made:,} sightings", end="\r", file=sys.stderr)


def _databases(kinds: Sequence[str] | None) -> Iterator[tuple[str, str]]:
    """A new database of each requested kind."""
    for kind in kinds or ("sqlite", "postgresql"):
        with ExitStack() as stack:
            if kind == "sqlite":
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="matthan-bench-"))
                yield kind, f"sqlite:///{Path(folder)}/hub.sqlite"
                continue
            try:
                cluster = stack.enter_context(postgres.cluster(fsync=True))
            except RuntimeError as error:
                said = f"without PostgreSQL: {error}"
                print(f"bench search: {said}", file=sys.stderr)
                continue
            yield kind, f"{cluster}/postgres"


def _in(
    span_us: int | None, town: SearchTown, chance: Random | None = None, **words: Any
) -> SightingSearch:
    """A query over a span of that length, anywhere in the year; None: the whole year."""
    begin, end = town.begins_utc_us, town.ends.utc_us
    if span_us is not None and chance is not None:
        begin += chance.randrange(search_town.YEAR_US - span_us)
        end = begin + span_us
    return SightingSearch(from_utc_us=begin, until_utc_us=end, **words)


def _a_camera(town: SearchTown, chance: Random) -> tuple[Any, ...]:
    return (camera_id(chance.randrange(town.cameras)),)


def _round_a_point(town: SearchTown, chance: Random) -> Circle:
    return Circle(*place_of(chance.randrange(town.cameras)), radius_m=800)


def _red_on_a_motorbike(**more: Any) -> Described:
    red = (frozenset({"red"}),)
    return Described(upper=red, transport=frozenset({"motorbike"}), **more)


def _evenings(town: SearchTown) -> tuple[tuple[int, int], ...]:
    """20 to 24 o'clock of every seventh day, latest first."""
    first = town.begins_utc_us - town.begins_utc_us % DAY_US
    starts = range(first + 20 * HOUR_US, town.ends.utc_us, 7 * DAY_US)
    return tuple((start, start + 4 * HOUR_US) for start in reversed(starts))


QUESTIONS: Final[dict[str, Question]] = {
    "a camera's night": lambda town, chance: (
        "all",
        _in(12 * HOUR_US, town, chance, camera_ids=_a_camera(town, chance)),
    ),
    "a camera's year": lambda town, chance: (
        "all",
        _in(None, town, camera_ids=_a_camera(town, chance)),
    ),
    "a junction's hour": lambda town, chance: (
        "all",
        _in(HOUR_US, town, chance, area_id=chance.choice(town.junctions)),
    ),
    "a junction's week, two or more people": lambda town, chance: (
        "all",
        _in(7 * DAY_US, town, chance, area_id=chance.choice(town.junctions), people_from=2),
    ),
    "800 m round a point, two hours": lambda town, chance: (
        "all",
        _in(2 * HOUR_US, town, chance, near=_round_a_point(town, chance)),
    ),
    "the province's night": lambda town, chance: ("all", _in(12 * HOUR_US, town, chance)),
    "a commune's month, by who may search no other": lambda town, chance: (
        "commune",
        _in(30 * DAY_US, town, chance),
    ),
    "alerts of a commune's month": lambda town, chance: (
        "all",
        _in(30 * DAY_US, town, chance, area_id=chance.choice(town.communes), only_alerts=True),
    ),
    "with a clip, a junction's week": lambda town, chance: (
        "all",
        _in(7 * DAY_US, town, chance, area_id=chance.choice(town.junctions), only_with_clip=True),
    ),
    "crowds of ten in the province's year": lambda town, _: (
        "all",
        _in(None, town, people_from=10),
    ),
    "the year of twenty cameras, by who may search no other": lambda town, _: (
        "few",
        _in(None, town),
    ),
    "tall figures in alerts of the year, by whose grant reaches back a month": lambda town, _: (
        "history",
        _in(None, town, only_alerts=True, height_from=0.45),
    ),
    "two on a motorbike, one in red, to the east, a commune's evening": lambda town, chance: (
        "all",
        _in(
            4 * HOUR_US,
            town,
            chance,
            area_id=chance.choice(town.communes),
            described=_red_on_a_motorbike(people=(2, 2)),
            compass="e",
        ),
    ),
    "red on a motorbike, a commune's month": lambda town, chance: (
        "all",
        _in(
            30 * DAY_US,
            town,
            chance,
            area_id=chance.choice(town.communes),
            described=_red_on_a_motorbike(),
        ),
    ),
    "red on a motorbike, towards a point, a junction's year": lambda town, chance: (
        "all",
        _in(
            None,
            town,
            area_id=chance.choice(town.junctions),
            described=_red_on_a_motorbike(),
            towards=(Point(*place_of(chance.randrange(town.cameras))),),
        ),
    ),
    "red on a motorbike, every Tuesday evening of a commune's year": lambda town, chance: (
        "all",
        _in(
            None,
            town,
            area_id=chance.choice(town.communes),
            windows=_evenings(town),
            described=_red_on_a_motorbike(),
        ),
    ),
    "red above blue, the province's week": lambda town, chance: (
        "all",
        _in(
            7 * DAY_US,
            town,
            chance,
            described=Described(upper=(frozenset({"red"}),), lower=(frozenset({"blue"}),)),
        ),
    ),
    "pink on a pink bicycle, the province's year": lambda town, _: (
        "all",
        _in(
            None,
            town,
            described=Described(
                upper=(frozenset({"pink"}),),
                transport=frozenset({"bicycle"}),
                transport_colours=(frozenset({"pink"}),),
            ),
        ),
    ),
    "orange clothes, on foot, the province's year": lambda town, _: (
        "all",
        _in(
            None,
            town,
            described=Described(clothes=(frozenset({"orange"}),), transport=frozenset({"foot"})),
        ),
    ),
    "pink or purple above, pink below, every Tuesday evening of the province's year": (
        lambda town, _: (
            "all",
            _in(
                None,
                town,
                windows=_evenings(town),
                described=Described(
                    upper=(frozenset({"pink", "purple"}),), lower=(frozenset({"pink"}),)
                ),
            ),
        )
    ),
    "four on a motorbike, the province's year": lambda town, _: (
        "all",
        _in(None, town, described=Described(transport=frozenset({"motorbike"}), people=(4, 4))),
    ),
}
