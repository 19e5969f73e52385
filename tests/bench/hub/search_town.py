"""A province of 10,000 cameras and a year of sightings, made inside the database by SQL.

All values follow from a sighting's number, so both databases hold the same. One in ten falls to the
hundred busiest cameras, one in fifty raised an alert, one in ten has a clip, one in a thousand is a
crowd. All are described: half in black and grey, one in fourteen in red above, one in a hundred in
pink; six in ten ride a motorbike. Each camera looks in a direction of its own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from argon2 import PasswordHasher
from sqlalchemy import Connection, insert, text

from hub.access.grants import people_rows
from hub.access.grants import rows as grants_rows
from hub.access.passwords import Passwords
from hub.access.rules.grants import Grant, Right
from hub.base.clock.clock import HubClock
from hub.base.db import months
from hub.base.db.columns import columns, new_id
from hub.base.db.database import Database
from hub.base.db.schema import migrate
from hub.base.moment import Moment
from hub.registry import registry
from hub.registry.tables import cameras, nodes

COMMUNES: Final = 25
JUNCTIONS: Final = 16
"""Junctions in each commune."""
CAMERAS: Final = 25
"""Cameras at each junction."""
YEAR_US: Final = 365 * 86_400_000_000
HISTORY_US: Final = 30 * 86_400_000_000
PIECE: Final = 250_000
FEW: Final = 20
SIGHTING, ALERT, CLIP, CAMERA = (number << 56 for number in (1, 2, 3, 4))
"""First key of each kind."""
_COLOURS: Final = (
    *("black",) * 26,
    *("grey",) * 20,
    *("white",) * 16,
    *("blue",) * 14,
    *("red",) * 7,
    *("green",) * 5,
    *("brown",) * 4,
    *("yellow",) * 3,
    *("orange",) * 2,
    *("purple",) * 2,
    "pink",
)
"""A hundred, so that a number from 0 to 99 chooses one."""
_HASH: Final = "({k} * 2654435761 % 4294967296)"


@dataclass(frozen=True, slots=True)
class SearchTown:
    """Ids and times of the generated sightings."""

    db: Database
    people: dict[str, UUID]
    """People by their search scope: `all`, `commune`, `few`, `history`."""
    junctions: list[UUID]
    communes: list[UUID]
    ends: Moment
    """The end of the year."""
    cameras: int

    @property
    def begins_utc_us(self) -> int:
        """The start of the year, in UTC microseconds."""
        return self.ends.utc_us - YEAR_US


def camera_id(number: int) -> UUID:
    """The id of camera `number`, from 0."""
    return UUID(int=CAMERA + number)


def place_of(number: int) -> tuple[float, float]:
    """Latitude and longitude of a camera in degrees: junctions on a grid of about 700 m."""
    row, column = divmod(number // CAMERAS, 20)
    return 11.4 + row * 0.0063, 106.6 + column * 0.0064


def make(
    url: str,
    *,
    sightings: int,
    is_split: bool = False,
    show: Callable[[int], None] = lambda _: None,
) -> SearchTown:
    """Create the schema in an empty database and fill it; `show` gets the number of rows so far.

    `is_split`: keep the rows by month, on PostgreSQL.
    """
    migrate(url)
    db = Database(url)
    now = HubClock().now()
    count = COMMUNES * JUNCTIONS * CAMERAS
    with db.writing() as conn:
        root, communes, junctions = _places(conn, now)
        people = _people(conn, root, communes[3], now)
    town = SearchTown(db, people, junctions, communes, now, count)
    is_sqlite = db.url.get_backend_name() == "sqlite"
    step_us = YEAR_US // sightings
    if is_split:
        months.split(db, "sightings")
    for first, end in _pieces(town, sightings, step_us):
        with db.writing(is_durable=False) as conn:
            if is_split:
                month = months.month_of(Moment(town.begins_utc_us + first * step_us))
                months.fill(conn, "sightings", month)
            _fill(conn, town, first, end - 1, step_us=step_us, is_sqlite=is_sqlite)
        show(end)
    months.turn(db, now)
    if not is_sqlite:  # as PostgreSQL's autovacuum does in time
        with db.writing() as conn:
            conn.execute(text("ANALYZE"))
    return town


def _pieces(town: SearchTown, sightings: int, step_us: int) -> Iterator[tuple[int, int]]:
    """The numbers of the sightings in pieces, each within a month: first, and one after the
    last."""
    first = 0
    while first < sightings:
        month = months.month_of(Moment(town.begins_utc_us + first * step_us))
        following = datetime(month // 100 + month % 100 // 12, month % 100 % 12 + 1, 1, tzinfo=UTC)
        ends_utc_us = round(following.timestamp() * 1_000_000)
        turn = -(-(ends_utc_us - town.begins_utc_us) // step_us)
        end = min(sightings, first + PIECE, turn)
        yield first, end
        first = end


def _places(conn: Connection, now: Moment) -> tuple[UUID, list[UUID], list[UUID]]:
    root = registry.add_area(conn, name="Bình Phước", level="tỉnh", now=now)
    communes = [
        registry.add_area(conn, name=f"Xã {n}", level="xã", parent_id=root, now=now)
        for n in range(COMMUNES)
    ]
    junctions = [
        registry.add_area(
            conn,
            name=f"Ngã tư {n}",
            level="nút giao",
            parent_id=communes[n // JUNCTIONS],
            now=now,
        )
        for n in range(COMMUNES * JUNCTIONS)
    ]
    at_first = {"state": "online", **columns("state_since", now)}
    boxes = [new_id(now) for _ in junctions]
    conn.execute(
        insert(nodes),
        [
            {"id": box, "name": f"nga-tu-{n}", "area_id": junctions[n], **at_first}
            for n, box in enumerate(boxes)
        ],
    )
    conn.execute(
        insert(cameras),
        [
            {
                "id": camera_id(n),
                "node_id": boxes[n // CAMERAS],
                "name": f"cam-{n % CAMERAS}",
                "label": f"Camera {n}",
                "area_id": junctions[n // CAMERAS],
                "is_lost": False,
                "latitude_deg": place_of(n)[0],
                "longitude_deg": place_of(n)[1],
                "bearing_deg": n * 67 % 360,
                **columns("state_since", now),
            }
            for n in range(len(junctions) * CAMERAS)
        ],
    )
    return root, communes, junctions


def _people(conn: Connection, everywhere: UUID, commune: UUID, now: Moment) -> dict[str, UUID]:
    rights, start = Right.SEARCH | Right.CLIPS | Right.SEE, now.utc_us - 1
    granted = {
        "all": [Grant(everywhere, None, rights, start)],
        "commune": [Grant(commune, None, rights, start)],
        "few": [Grant(None, camera_id(n * 487), rights, start) for n in range(FEW)],
        "history": [
            Grant(everywhere, None, rights, start, history_from_utc_us=now.utc_us - HISTORY_US)
        ],
    }
    people = {}
    cheap = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    for login, grants in granted.items():
        people[login] = people_rows.add_person(
            conn,
            login=login,
            name=login,
            language="vi",
            role="officer",
            password="for a benchmark alone",
            passwords=cheap,
            now=now,
        )
        for grant in grants:
            grants_rows.add_grant(
                conn, person_id=people[login], grant=grant, reason="bench", now=now
            )
    return people


def _fill(
    conn: Connection, town: SearchTown, first: int, last: int, *, step_us: int, is_sqlite: bool
) -> None:
    """Insert the sightings of these numbers and their dependent rows, in foreign-key order."""
    words = _words(town, step_us, is_sqlite=is_sqlite)
    numbers = f"generate_series({first}::bigint, {last}::bigint) AS g(k)"
    if is_sqlite:
        more = f"SELECT k + 1 FROM g WHERE k < {last}"  # noqa: S608 our own words
        numbers = f"(WITH RECURSIVE g(k) AS (SELECT {first} UNION ALL {more}) SELECT k FROM g)"  # noqa: S608 our own words
    for table, names, values, which in _ROWS:
        rows = f"SELECT {values.format(**words)} FROM {numbers} WHERE {which}"  # noqa: S608 our own words
        conn.execute(text(f"INSERT INTO {table} ({names}) {rows}"))


def _words(town: SearchTown, step_us: int, *, is_sqlite: bool) -> dict[str, str]:
    """SQL expressions for a row, in the dialect of either database."""

    def key(begin: int, number: str = "k") -> str:
        if is_sqlite:
            return f"printf('%032x', {begin} + {number})"
        return f"lpad(to_hex({begin}::bigint + {number}), 32, '0')::uuid"

    hashed = _HASH.format(k="k")
    spread = f"{hashed} * {town.cameras} / 4294967296"
    number = f"(CASE WHEN k % 10 = 0 THEN k / 10 % 100 * 97 ELSE {spread} END)"
    few = "WHEN k % 7 = 0 THEN 2 + k % 3 ELSE 1"
    return {
        "sighting": key(SIGHTING),
        "alert": key(ALERT),
        "clip": key(CLIP),
        "camera": key(CAMERA, number),
        "maybe_alert": f"CASE WHEN k % 50 = 0 THEN {key(ALERT)} END",
        "at": f"({town.begins_utc_us} + k * {step_us} + {hashed} % 1000)",
        "people": f"(CASE WHEN k % 1000 = 0 THEN 8 + k / 1000 % 5 {few} END)",
        "kind": "(CASE WHEN k % 1000 = 0 THEN 'crowd' ELSE 'person' END)",
        "upper": _colour(f"{hashed} / 7 % 100"),
        "upper_2": f"CASE WHEN {hashed} % 3 = 0 THEN {_colour(f'{hashed} / 11 % 100')} END",
        "lower": _colour(f"{hashed} / 13 % 100"),
        "transport": f"(CASE WHEN {hashed} / 17 % 10 < 6 THEN 'motorbike'"
        f" WHEN {hashed} / 17 % 10 < 7 THEN 'bicycle' ELSE 'foot' END)",
        "transport_colour": f"CASE WHEN {hashed} / 17 % 10 < 7"
        f" THEN {_colour(f'{hashed} / 19 % 100')} END",
        "group": f"(CASE WHEN {hashed} / 23 % 10 < 3 THEN 2 ELSE 1 END)",
        "side": f"(CASE {hashed} / 29 % 4 WHEN 0 THEN 'left' WHEN 1 THEN 'right'"
        " WHEN 2 THEN 'towards' ELSE 'away' END)",
        "height": f"(0.05 + {hashed} % 50 / 100.0)",
        "true": "1" if is_sqlite else "true",
        "sha256": "printf('%064x', k)" if is_sqlite else "lpad(to_hex(k), 64, '0')",
        "node": f"(SELECT node_id FROM cameras WHERE id = {key(CAMERA, number)})",  # noqa: S608 our own words
    }


def _colour(number: str) -> str:
    """The colour of a number from 0 to 99, as SQL."""
    begins = {colour: _COLOURS.index(colour) + _COLOURS.count(colour) for colour in _COLOURS}
    cases = " ".join(f"WHEN {number} < {end} THEN '{colour}'" for colour, end in begins.items())
    return f"(CASE {cases} END)"


_ROWS: Final = (
    (
        "alerts",
        "id, camera_id, kind, state, people, clock_source, revision, began_utc_us, began_error_ms,"
        " confirmed_utc_us, last_seen_utc_us, raised_utc_us",
        "{alert}, {camera}, 'person', 'resolved', {people}, 'ntp', 1, {at}, 20,"
        " {at} + 400000, {at} + 9000000, {at} + 900000",
        "k % 50 = 0",
    ),
    (
        "sightings",
        "id, camera_id, alert_id, object_kind, people, score, x0, y0, x1, y1, first_seen_utc_us,"
        " first_seen_error_ms, confirmed_utc_us, confirmed_error_ms, last_seen_utc_us,"
        " is_described, upper_colour, upper_colour_2, lower_colour, transport, transport_colour,"
        " group_people, left_by, speed",
        "{sighting}, {camera}, {maybe_alert}, {kind}, {people}, 0.7, 0.4, 0.2, 0.5, 0.2 + {height},"
        " {at}, 20, {at} + 400000, 20, {at} + 9000000, {true}, {upper}, {upper_2}, {lower},"
        " {transport}, {transport_colour}, {group}, {side}, 'walking'",
        "1 = 1",
    ),
    (
        "media",
        "id, node_id, camera_id, kind, sha256, size_bytes, codec, width, height,"
        " first_frame_utc_us, first_frame_error_ms, duration_ms, announced_utc_us, stored_utc_us",
        "{clip}, {node}, {camera}, 'clip', {sha256}, 4000000, 'h264', 1280, 720,"
        " {at} - 5000000, 20, 14000, {at} + 15000000, {at} + 20000000",
        "k % 10 = 3",
    ),
    ("media_sightings", "media_id, sighting_id", "{clip}, {sighting}", "k % 10 = 3"),
)
