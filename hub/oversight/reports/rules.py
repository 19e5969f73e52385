"""Report of a day, week or month for a leader: counts, times, false alarms, outages, comparison.

Values in, values out. Times are UTC microseconds, spans are seconds. The median is the middle
value; "nine in ten" is the smallest value that nine in ten do not exceed.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from hub.base.text.order import by_name

US = 1_000_000


@dataclass(frozen=True, slots=True)
class AlertFact:
    """One alert about people, as needed for the report."""

    camera_id: UUID
    raised_utc_us: int
    taken_utc_us: int | None
    """Time of the first take. None: nobody took it; it may have been closed all the same."""
    is_answered: bool
    """Somebody took or closed it."""
    arrived_utc_us: int | None
    is_false: bool
    cause: str | None
    is_quiet: bool
    """No phone rang for it, so no answer is late."""


@dataclass(frozen=True, slots=True)
class DarkFact:
    """An outage of one camera; `until` None: not over."""

    camera_id: UUID
    node_name: str
    from_utc_us: int
    until_utc_us: int | None


@dataclass(frozen=True, slots=True)
class CameraFact:
    """Name and place of a camera."""

    camera_id: UUID
    label: str
    place: str
    quarter: str = ""
    """The quarter with the areas above it."""


@dataclass(frozen=True, slots=True)
class Times:
    """Response times in seconds."""

    n: int
    median_s: float
    nine_in_ten_s: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers of a time span."""

    alerts: int
    unanswered: int
    false_alarms: int
    answer: Times | None
    arrival: Times | None
    dark_s: float
    """Sum over all cameras."""
    dark_cameras: int
    slots: tuple[int, ...]
    """Alerts per hour or day."""


@dataclass(frozen=True, slots=True)
class AreaLine:
    """Numbers of one area in a time span."""

    place: str
    alerts: int
    false_alarms: int
    answer: Times | None
    dark_s: float
    dark_cameras: int
    before: "AreaLine | None" = None
    """Numbers of the area in the span for comparison; None: nothing happened then."""


@dataclass(frozen=True, slots=True)
class FalseLine:
    """False alarms of one camera by cause, most frequent first; None: no cause given."""

    label: str
    place: str
    false_alarms: int
    alerts: int
    causes: tuple[tuple[str | None, int], ...]


@dataclass(frozen=True, slots=True)
class DarkLine:
    """Outages of a camera or node: number, length, and whether one is going on."""

    label: str
    place: str
    times: int
    dark_s: float
    is_dark: bool


@dataclass(frozen=True, slots=True)
class Report:
    """Numbers of a span and of the span for comparison, with tables by area and camera."""

    now: Figures
    before: Figures
    areas: tuple[AreaLine, ...]
    false_alarms: tuple[FalseLine, ...]
    cameras: tuple[DarkLine, ...]
    nodes: tuple[DarkLine, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """All facts of a span; `slots` are its boundaries, from start to end."""

    slots: tuple[int, ...]
    alerts: Sequence[AlertFact]
    dark: Sequence[DarkFact]
    seen_until_utc_us: int
    """Later times have not happened yet."""


def report(
    now: Facts, before: Facts, cameras: Iterable[CameraFact], *, by_quarter: bool = False
) -> Report:
    """Build the report from the facts of both spans; its areas are those of the cameras, or the
    quarters above them."""
    known = {one.camera_id: one for one in cameras}
    place_of = {key: one.quarter if by_quarter else one.place for key, one in known.items()}
    return Report(
        now=figures(now),
        before=figures(before),
        areas=_compared_areas(_areas(now, place_of), _areas(before, place_of)),
        false_alarms=_false_alarms(now, known),
        cameras=_dark_cameras(now, known),
        nodes=_dark_nodes(now, known),
    )


def figures(facts: Facts) -> Figures:
    """Numbers of a span."""
    alerts = facts.alerts
    dark = _by_camera(facts.dark).values()
    return Figures(
        alerts=len(alerts),
        unanswered=sum(not one.is_answered for one in alerts),
        false_alarms=sum(one.is_false for one in alerts),
        answer=times(_answers(alerts)),
        arrival=times(_arrivals(alerts)),
        dark_s=sum(spans_s(facts, ours) for ours in dark),
        dark_cameras=len(dark),
        slots=tuple(
            sum(start <= one.raised_utc_us < end for one in alerts)
            for start, end in zip(facts.slots, facts.slots[1:], strict=False)
        ),
    )


def times(all_s: Sequence[float]) -> Times | None:
    """Response times; None without any."""
    if not all_s:
        return None
    ordered = sorted(all_s)

    def rank(share: float) -> float:
        return ordered[max(0, -(-round(share * 100) * len(ordered) // 100) - 1)]

    return Times(len(ordered), rank(0.5), rank(0.9))


def _answers(alerts: Iterable[AlertFact]) -> list[float]:
    """Times to acknowledge. A close without a take has none: closing many in the morning says
    nothing of the night."""
    return [
        max(0.0, (one.taken_utc_us - one.raised_utc_us) / US)
        for one in alerts
        if one.taken_utc_us is not None and not one.is_quiet
    ]


def _arrivals(alerts: Iterable[AlertFact]) -> list[float]:
    return [
        max(0.0, (one.arrived_utc_us - one.raised_utc_us) / US)
        for one in alerts
        if one.arrived_utc_us is not None
    ]


def _by_camera(dark: Iterable[DarkFact]) -> dict[UUID, list[DarkFact]]:
    found: dict[UUID, list[DarkFact]] = defaultdict(list)
    for one in dark:
        found[one.camera_id].append(one)
    return found


def spans_s(facts: Facts, dark: Iterable[DarkFact]) -> float:
    """Total length of these outages within the span; overlaps count once."""
    first, last = facts.slots[0], min(facts.slots[-1], facts.seen_until_utc_us)
    total, reached = 0, first
    for one in sorted(dark, key=lambda one: one.from_utc_us):
        start = max(reached, one.from_utc_us)
        end = min(last, last if one.until_utc_us is None else one.until_utc_us)
        if end > start:
            total += end - start
            reached = end
    return total / US


def _compared_areas(now: dict[str, AreaLine], before: dict[str, AreaLine]) -> tuple[AreaLine, ...]:
    """Lines of both spans by place, busiest first."""
    lines = [
        replace(now.get(place, AreaLine(place, 0, 0, None, 0.0, 0)), before=before.get(place))
        for place in {*now, *before}
    ]
    return tuple(sorted(lines, key=lambda one: (-one.alerts, -one.dark_s, by_name(one.place))))


def _areas(facts: Facts, place_of: dict[UUID, str]) -> dict[str, AreaLine]:
    alerts: dict[str, list[AlertFact]] = defaultdict(list)
    for one in facts.alerts:
        if one.camera_id in place_of:
            alerts[place_of[one.camera_id]].append(one)
    dark_s: dict[str, list[float]] = defaultdict(list)
    for camera_id, ours in _by_camera(facts.dark).items():
        if camera_id in place_of:
            dark_s[place_of[camera_id]].append(spans_s(facts, ours))
    return {
        place: AreaLine(
            place=place,
            alerts=len(alerts[place]),
            false_alarms=sum(one.is_false for one in alerts[place]),
            answer=times(_answers(alerts[place])),
            dark_s=sum(dark_s[place]),
            dark_cameras=len(dark_s[place]),
        )
        for place in {*alerts, *dark_s}
    }


def _false_alarms(facts: Facts, known: dict[UUID, CameraFact]) -> tuple[FalseLine, ...]:
    causes: dict[UUID, Counter[str | None]] = defaultdict(Counter)
    for one in facts.alerts:
        if one.is_false and one.camera_id in known:
            causes[one.camera_id][one.cause] += 1
    of = Counter(one.camera_id for one in facts.alerts)
    lines = [
        FalseLine(
            label=known[camera_id].label,
            place=known[camera_id].place,
            false_alarms=counts.total(),
            alerts=of[camera_id],
            causes=tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0] or ""))),
        )
        for camera_id, counts in causes.items()
    ]
    return tuple(sorted(lines, key=lambda one: (-one.false_alarms, by_name(one.label))))


def _dark_cameras(facts: Facts, known: dict[UUID, CameraFact]) -> tuple[DarkLine, ...]:
    lines = [
        DarkLine(
            label=known[camera_id].label,
            place=known[camera_id].place,
            times=len(ours),
            dark_s=spans_s(facts, ours),
            is_dark=any(one.until_utc_us is None for one in ours),
        )
        for camera_id, ours in _by_camera(facts.dark).items()
        if camera_id in known
    ]
    return tuple(sorted(lines, key=lambda one: (-one.dark_s, by_name(one.label))))


def _dark_nodes(facts: Facts, known: dict[UUID, CameraFact]) -> tuple[DarkLine, ...]:
    """Outages of nodes: a node is down while any camera of it is. Its place is that of its first
    camera."""
    ours: dict[str, list[DarkFact]] = defaultdict(list)
    for one in facts.dark:
        if one.camera_id in known:
            ours[one.node_name].append(one)
    lines = [
        DarkLine(
            label=name,
            place=known[dark[0].camera_id].place,
            times=len({one.from_utc_us for one in dark}),
            dark_s=spans_s(facts, dark),
            is_dark=any(one.until_utc_us is None for one in dark),
        )
        for name, dark in ours.items()
    ]
    return tuple(sorted(lines, key=lambda one: (-one.dark_s, by_name(one.label))))
