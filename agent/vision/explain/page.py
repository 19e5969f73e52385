"""The explanation as one HTML page: self-contained, without script, for a phone too."""

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import groupby
from typing import Final

from agent.i18n import N_, speaker
from agent.media.frame import Instant
from agent.vision.explain.reasons import DIFFERENCES, RULE, SENTENCES, Reason, numbers, percent
from agent.vision.explain.record import Explanation
from agent.vision.explain.track_record import LATE_S, FrameRow, TrackRecord
from agent.vision.sightings.sightings import SightingSettings

STYLE: Final = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;padding:12px;max-width:900px}
h1{font-size:22px;line-height:1.3}h2{font-size:18px;line-height:1.3;margin:0 0 8px}
section{border-top:1px solid #8888;padding:16px 0}
ul{padding-left:20px;margin:4px 0}p{margin:8px 0}
.pictures{display:flex;flex-wrap:wrap;gap:8px}
figure{margin:0}img{display:block;max-width:100%;height:auto;border-radius:4px}
figcaption,table,.soft{font-size:14px;font-variant-numeric:tabular-nums}
summary{padding:12px 0;cursor:pointer}
table{border-collapse:collapse;width:100%}
th,td{text-align:right;padding:2px 4px;font-weight:400}
th:first-child,td:first-child{text-align:left}
thead{border-bottom:1px solid #8888}.warning{border-left:4px solid #c80;padding-left:8px}
"""
POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""The page loads nothing."""
TITLE: Final = N_("Why was somebody not reported?")
MOST_BYTES: Final = 3 * 2**20
"""Most bytes of a page; the hub takes no larger file from a node."""
MOST_TRACKS: Final = 128
"""Most tracks on a page; fewer if it would be too large."""


def bounded_page(
    found: Explanation,
    whose: str,
    *,
    language: str,
    clock: Callable[[Instant], str],
    settings: SightingSettings | None = None,
    notes: Sequence[str] = (),
    most_bytes: int = MOST_BYTES,
) -> bytes:
    """The page as UTF-8, within `most_bytes` and `MOST_TRACKS`: what matters least is left out and
    counted as dropped. See `ExplanationPage` for the others."""
    most = MOST_TRACKS
    while True:
        page = ExplanationPage(found.of_most(most), language, clock, settings or SightingSettings())
        made = page.html(whose, notes).encode()
        if len(made) <= most_bytes or not most:
            return made
        most //= 2


@dataclass(frozen=True, slots=True)
class ExplanationPage:
    """Writes an explanation in one language."""

    found: Explanation
    language: str
    clock: Callable[[Instant], str]
    """Writes an instant."""
    settings: SightingSettings = field(default_factory=SightingSettings)
    """Those of the sightings."""

    def html(self, whose: str, notes: Sequence[str] = ()) -> str:
        """The page; `whose` names the recording or the camera, `notes` are warnings at its top."""
        title = escape(self._say(TITLE))
        body = "\n".join(self._parts(whose, notes))
        return (
            f'<!doctype html>\n<html lang="{self.language}">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="referrer" content="no-referrer">\n'
            f"<title>{title} · {escape(whose)}</title>\n<style>{STYLE}</style>\n</head>\n"
            f"<body>\n<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
        )

    def _parts(self, whose: str, notes: Sequence[str]) -> Iterator[str]:
        found, span = self.found, whose
        if found.began is not None:
            span = self._say(
                N_("{camera}, from {first} to {last}"),
                camera=whose,
                first=self.clock(found.began),
                last=self.clock(found.now),
            )
        yield f"<p>{escape(span)}</p>"
        yield from (f'<p class="warning">{escape(note)}</p>' for note in notes)
        yield from (f"<p>{escape(line)}</p>" for line in self._summary())
        yield from (f'<p class="soft">{escape(line)}</p>' for line in self._remarks())
        if bodies := self._bodies():
            yield f"<h2>{escape(self._say(N_('Everybody who was found')))}</h2>\n{bodies}"
        yield from (self._section(one) for one in found.missed)

    def _summary(self) -> Iterator[str]:
        found = self.found
        if not (found.missed or found.told or found.tracks_dropped):
            yield self._say(N_("Nobody was found in any picture."))
            return
        taken = sum(bool(one.taken_for) for one in found.missed)
        late = sum(one.told_at is not None for one in found.missed) - taken
        yield self._say(
            N_(
                "Never reported: {never}. Reported more than {seconds} s after being wholly in"
                " view, or after the first find if the border always cut them: {late}. Reported in"
                " time: {in_time}."
            ),
            never=sum(one.told_at is None and not one.is_place for one in found.missed),
            seconds=self._number(LATE_S, 0),
            late=late,
            in_time=found.in_time,
        )
        if taken:
            yield self._say(
                N_("Reported only under the sighting of somebody else: {taken}."), taken=taken
            )
        if found.without_alert:
            yield self._say(
                N_("In time, but outside the alert hours, so without an alert: {people}."),
                people=found.without_alert,
            )

    def _remarks(self) -> Iterator[str]:
        found = self.found
        if found.missed:
            yield self._say(RULE, **numbers(self.settings, write=self._number))
        yield self._say(
            N_(
                "Dropped for lack of room: {tracks} people or things, {crops} pictures. At most"
                " {most} pictures are kept."
            ),
            tracks=found.tracks_dropped,
            crops=found.crops_dropped,
            most=found.most_crops,
        )
        if any(one.crops for one in found.missed):
            yield self._say(
                N_(
                    "The pictures show people. Send this file only to whoever helps with this"
                    " camera, and delete it when it is no longer needed."
                )
            )

    def _bodies(self) -> str:
        """A table of all bodies, in the order in which they were first found."""
        shown = [one for one in (*self.found.missed, *self.found.told) if not one.is_place]
        shown.sort(key=lambda one: one.first.mono_ns)
        rows = (
            (
                one.names[0],
                f"{self.clock(one.first)} – {self.clock(one.last)}",
                self.clock(one.told_at) if one.told_at else "–",
                self.clock(one.sighting.at) if one.sighting else "–",
                one.taken_for,
            )
            for one in shown
        )
        names = (N_("Number"), N_("In view"), N_("Reported"), N_("Sighting since"), N_("As"))
        return self._table(names, rows) if shown else ""

    def _section(self, one: TrackRecord) -> str:
        frames = "\n".join(self._frames(one))
        return (
            f"<section>\n<h2>{escape(self._heading(one))}</h2>\n"
            + "\n".join(f"<p>{escape(line)}</p>" for line in self._facts(one))
            + "<ul>"
            + "".join(f"<li>{escape(line)}</li>" for line in self._reasons(one))
            + f'</ul>\n<div class="pictures">{"".join(self._pictures(one))}</div>\n'
            + f"<details><summary>{escape(self._say(N_('Frame by frame')))}</summary>\n{frames}"
            + "\n</details>\n</section>"
        )

    def _heading(self, one: TrackRecord) -> str:
        if one.is_place:
            return self._say(N_("A place with finds that were not followed"))
        number, late_s = one.names[0], 0.0
        if one.taken_for:
            heading = N_("Person {number}: reported only as person {other}")
        elif one.told_at is not None:
            heading = N_("Person {number}: reported after {seconds} s")
            late_s = one.told_at.seconds_since(one.due_from)
        elif one.is_mount:
            heading = N_("Two-wheeler {number}: never reported")
        else:
            heading = N_("Person or thing {number}: never reported")
        seconds = self._number(late_s, 1)
        return self._say(heading, number=number, other=one.taken_for, seconds=seconds)

    def _facts(self, one: TrackRecord) -> Iterator[str]:
        clock, told, sighting = self.clock, one.told_at, one.sighting
        if one.taken_for and one.difference and told and sighting:
            yield self._say(
                N_(
                    "At {told} the sighting of person {other}, open since {since}, went on with it."
                ),
                told=clock(told),
                other=one.taken_for,
                since=clock(sighting.at),
            )
            yield self._say(DIFFERENCES[one.difference])
        yield self._say(
            N_("From {first} to {last}; found in {seen} of {frames} frames without a report."),
            first=clock(one.first),
            last=clock(one.last),
            seen=one.seen,
            frames=one.frames,
        )
        if len(one.names) > 1:
            yield self._say(N_("Followed as tracks {names}."), names=", ".join(one.names))
        if one.whole_at is None and not one.is_place:
            yield self._say(N_("Never wholly in view: the picture's border cut it all the time."))
        if told is not None and one.due_from.mono_ns >= one.first.mono_ns:
            since = (
                N_("First found at {since}, reported at {told}.")
                if one.whole_at is None
                else N_("Wholly in view from {since} on, reported at {told}.")
            )
            yield self._say(since, since=clock(one.due_from), told=clock(told))
        if one.is_without_alert:
            yield self._say(N_("It was outside the alert hours: recorded, without an alert."))
        if not one.frames:
            return  # it was never without a report
        yield self._say(
            N_(
                "What spoke for it: score up to {score}, height up to {height} px ({share} of the"
                " picture), motion in up to {moved} of its place, evidence up to {evidence} of"
                " {needed}."
            ),
            score=self._number(one.best_score),
            height=round(one.tallest * self.found.height_px),
            share=percent(one.tallest),
            moved=percent(one.most_moved),
            evidence=self._number(one.most_evidence),
            needed=self._number(self.settings.evidence),
        )
        yield self._say(N_("What held it back:"))

    def _reasons(self, one: TrackRecord) -> Iterator[str]:
        """The reasons, the ones with most frames first."""
        for reason, frames in one.counts.most_common():
            why = self._why(reason, one)
            yield self._say(N_("{frames} frames: {why}"), frames=frames, why=why)

    def _why(self, reason: Reason, one: TrackRecord) -> str:
        values = numbers(self.settings, write=self._number, begins=one.begins_from)
        return self._say(SENTENCES[reason], **values)

    def _pictures(self, one: TrackRecord) -> Iterator[str]:
        for crop in one.crops:
            when = escape(self.clock(crop.at))
            data = b64encode(crop.jpeg).decode()
            yield (
                f'<figure><img src="data:image/jpeg;base64,{data}" width="{crop.width}"'
                f' height="{crop.height}" alt="{when}"><figcaption>{when}</figcaption></figure>'
            )
        if not one.crops:
            yield f'<p class="soft">{escape(self._say(N_("No picture was kept of it.")))}</p>'

    def _frames(self, one: TrackRecord) -> Iterator[str]:
        if one.rows_left_out:
            left_out = N_("{frames} frames are left out here.")
            yield f'<p class="soft">{escape(self._say(left_out, frames=one.rows_left_out))}</p>'
        names = (N_("Time"), N_("Score"), N_("px"), N_("Motion"), N_("Counts"), N_("Sum"))
        for reason, rows in groupby(one.rows(), key=lambda row: row.reason):
            yield f"<p>{escape(self._why(reason, one))}</p>"
            yield self._table(names, map(self._row, rows))

    def _row(self, row: FrameRow) -> tuple[str, ...]:
        is_found = row.score > 0
        return (
            self.clock(row.at),
            self._number(row.score) if is_found else "–",
            str(round(row.height * self.found.height_px)),
            percent(row.moved) if is_found else "–",
            self._number(row.weight),
            self._number(row.evidence),
        )

    def _table(self, names: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
        head = "".join(f'<th scope="col">{escape(self._say(name))}</th>' for name in names)
        body = "</tr><tr>".join("".join(f"<td>{escape(it)}</td>" for it in row) for row in rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody><tr>{body}</tr></tbody></table>"

    def _say(self, template: str, **values: object) -> str:
        """The template in the page's language, filled."""
        return speaker(self.language)(template).format(**values)

    def _number(self, value: float, digits: int = 2) -> str:
        text = f"{value:.{digits}f}"
        return text.replace(".", ",") if self.language == "vi" else text
