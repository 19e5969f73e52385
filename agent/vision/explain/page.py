"""The explanation as one HTML page: self-contained, without script, for a phone too."""

from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import groupby
from typing import Final

from agent.i18n import N_, speaker
from agent.media.frame import Instant
from agent.vision.explain.record import LATE_S, Explanation, RecordLimits
from agent.vision.explain.sentences import SENTENCES
from agent.vision.explain.track_record import FrameRow, TrackRecord
from agent.vision.geometry import NEAR
from agent.vision.sightings.sightings import SightingSettings
from agent.vision.track.evidence import CLEAR, CLEAR_FINDS

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
PRIVATE: Final = N_(
    "The pictures show people. Send this file only to whoever helps with this camera, and delete"
    " it when it is no longer needed."
)
UNFOLLOWED: Final = N_(
    "There were also finds that belong to no track. They are gathered by place, a twelfth of the"
    " picture each."
)
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
    limits: RecordLimits,
    settings: SightingSettings | None = None,
    notes: Sequence[str] = (),
    most_bytes: int = MOST_BYTES,
) -> bytes:
    """The page as UTF-8, within `most_bytes` and `MOST_TRACKS`: what matters least is left out and
    counted as dropped. `limits` are those of the record; see `ExplanationPage` for the others."""
    most = MOST_TRACKS
    while True:
        page = ExplanationPage(
            found.of_most(most),
            language=language,
            clock=clock,
            most_crops=limits.most_crops,
            settings=settings,
        )
        made = page.html(whose, notes).encode()
        if len(made) <= most_bytes or not most:
            return made
        most //= 2


class ExplanationPage:
    """Writes an explanation in one language."""

    def __init__(
        self,
        found: Explanation,
        *,
        language: str,
        clock: Callable[[Instant], str],
        most_crops: int,
        settings: SightingSettings | None = None,
    ) -> None:
        """`clock` writes an instant; `most_crops` is the record's limit."""
        self._found = found
        self._language = language
        self._say = speaker(language)
        self._clock = clock
        self._most_crops = most_crops
        self._settings = settings or SightingSettings()

    def html(self, whose: str, notes: Sequence[str] = ()) -> str:
        """The page; `whose` names the recording or the camera, `notes` are warnings at its top."""
        title = escape(self._say(TITLE))
        body = "\n".join(self._parts(whose, notes))
        return (
            f'<!doctype html>\n<html lang="{self._language}">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="referrer" content="no-referrer">\n'
            f"<title>{title} · {escape(whose)}</title>\n<style>{STYLE}</style>\n</head>\n"
            f"<body>\n<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
        )

    def _parts(self, whose: str, notes: Sequence[str]) -> Iterator[str]:
        found, say = self._found, self._say
        span = whose
        if found.began is not None:
            span = say(N_("{camera}, from {first} to {last}")).format(
                camera=whose, first=self._clock(found.began), last=self._clock(found.now)
            )
        yield f"<p>{escape(span)}</p>"
        yield from (f'<p class="warning">{escape(note)}</p>' for note in notes)
        yield f"<p>{escape(self._summary())}</p>"
        if found.without_alert:
            quiet = say(N_("In time, but outside the alert hours, so without an alert: {people}."))
            yield f"<p>{escape(quiet.format(people=found.without_alert))}</p>"
        if any(one.is_place for one in found.missed):
            yield f"<p>{escape(say(UNFOLLOWED))}</p>"
        if found.missed:
            yield f'<p class="soft">{escape(self._rule())}</p>'
        dropped = say(
            N_(
                "Dropped for lack of room: {tracks} people or things, {crops} pictures. At most"
                " {most} pictures are kept."
            )
        ).format(tracks=found.tracks_dropped, crops=found.crops_dropped, most=self._most_crops)
        yield f'<p class="soft">{escape(dropped)}</p>'
        if any(one.crops for one in found.missed):
            yield f'<p class="soft">{escape(say(PRIVATE))}</p>'
        yield from (self._track(one) for one in found.missed)

    def _summary(self) -> str:
        found, say = self._found, self._say
        told = found.in_time or found.without_alert
        if not (found.missed or told or found.tracks_dropped):
            return say(N_("Nobody was found in any picture."))
        late = sum(one.told_at is not None for one in found.missed)
        places = sum(one.is_place for one in found.missed)
        return say(
            N_(
                "Never reported: {never}. Reported more than {seconds} s after being wholly in"
                " view, or after the first find if the border always cut them: {late}. Reported in"
                " time: {in_time}."
            )
        ).format(
            never=len(found.missed) - late - places,
            seconds=self._number(LATE_S, 0),
            late=late,
            in_time=found.in_time,
        )

    def _rule(self) -> str:
        settings = self._settings
        return self._say(
            N_(
                "A person is reported when the scores that count add up to {evidence} within"
                " {seconds} s, or within the last {looks} looks at the place."
            )
        ).format(
            evidence=self._number(settings.evidence, 1),
            seconds=self._number(settings.evidence_s, 0),
            looks=settings.evidence_looks,
        )

    def _track(self, one: TrackRecord) -> str:
        return (
            f"<section>\n<h2>{escape(self._heading(one))}</h2>\n"
            + "\n".join(f"<p>{escape(line)}</p>" for line in self._facts(one))
            + f"\n<p>{escape(self._say(N_('What held it back:')))}</p>\n<ul>"
            + "".join(f"<li>{escape(line)}</li>" for line in self._reasons(one))
            + f'</ul>\n<div class="pictures">{"".join(self._pictures(one))}</div>\n'
            + f"<details><summary>{escape(self._say(N_('Frame by frame')))}</summary>\n"
            + "\n".join(self._frames(one))
            + "\n</details>\n</section>"
        )

    def _heading(self, one: TrackRecord) -> str:
        if one.told_at is not None:
            return self._say(N_("Person {number}: reported after {seconds} s")).format(
                number=one.track_id,
                seconds=self._number(one.told_at.seconds_since(one.due_from), 1),
            )
        if one.is_place:
            return self._say(N_("A place with finds that were not followed"))
        never = (
            N_("Two-wheeler {number}: never reported")
            if one.is_mount
            else N_("Person or thing {number}: never reported")
        )
        return self._say(never).format(number=one.track_id)

    def _facts(self, one: TrackRecord) -> Iterator[str]:
        if one.is_place:
            yield from self._place_facts(one)
            return
        yield self._say(N_("From {first} to {last}, found in {seen} of {frames} frames.")).format(
            first=self._clock(one.first),
            last=self._clock(one.last),
            seen=one.seen,
            frames=one.frames,
        )
        if one.whole_at is None:
            yield self._say(N_("Never wholly in view: the picture's border cut it all the time."))
        if one.told_at is not None and one.due_from.mono_ns >= one.first.mono_ns:
            since = (
                N_("First found at {since}, reported at {told}.")
                if one.whole_at is None
                else N_("Wholly in view from {since} on, reported at {told}.")
            )
            yield self._say(since).format(
                since=self._clock(one.due_from), told=self._clock(one.told_at)
            )
        if one.is_without_alert:
            yield self._say(N_("It was outside the alert hours: recorded, without an alert."))
        yield self._say(
            N_(
                "What spoke for it: score up to {score}, height up to {height} px ({share} of the"
                " picture), motion in up to {moved} of its place, evidence up to {evidence} of"
                " {needed}."
            )
        ).format(
            score=self._number(one.best_score),
            height=round(one.tallest * self._found.height_px),
            share=_percent(one.tallest),
            moved=_percent(one.most_moved),
            evidence=self._number(one.most_evidence),
            needed=self._number(self._settings.evidence),
        )

    def _place_facts(self, one: TrackRecord) -> Iterator[str]:
        yield self._say(
            N_(
                "From {first} to {last} {finds} finds, with a score up to {score} and a height up"
                " to {height} px ({share} of the picture). A track begins from {begins} on."
            )
        ).format(
            first=self._clock(one.first),
            last=self._clock(one.last),
            finds=one.seen,
            score=self._number(one.best_score),
            height=round(one.tallest * self._found.height_px),
            share=_percent(one.tallest),
            begins=self._number(one.begins_from),
        )

    def _reasons(self, one: TrackRecord) -> Iterator[str]:
        """The reasons, the ones with most frames first."""
        for reason, frames in one.counts.most_common():
            yield self._say(N_("{frames} frames: {why}")).format(
                frames=frames, why=self._sentence(SENTENCES[reason], one)
            )

    def _sentence(self, template: str, one: TrackRecord) -> str:
        settings = self._settings
        return self._say(template).format(
            border=_percent(settings.border_weight),
            still=self._number(settings.still_score),
            height=_percent(NEAR),
            near=self._number(settings.near_score),
            near_cut=self._number(settings.near_cut_score),
            moved=_percent(settings.near_came),
            came=self._number(settings.near_came_score),
            clear=self._number(CLEAR),
            finds=CLEAR_FINDS,
            wheels=_percent(settings.rode_moved),
            begins=self._number(one.begins_from),
        )

    def _pictures(self, one: TrackRecord) -> Iterator[str]:
        for crop in one.crops:
            when = escape(self._clock(crop.at))
            data = b64encode(crop.jpeg).decode()
            yield (
                f'<figure><img src="data:image/jpeg;base64,{data}" width="{crop.width}"'
                f' height="{crop.height}" alt="{when}"><figcaption>{when}</figcaption></figure>'
            )
        if not one.crops:
            yield f'<p class="soft">{escape(self._say(N_("No picture was kept of it.")))}</p>'

    def _frames(self, one: TrackRecord) -> Iterator[str]:
        if one.rows_left_out:
            left_out = self._say(N_("{frames} frames of its middle or older ones are left out."))
            yield f'<p class="soft">{escape(left_out.format(frames=one.rows_left_out))}</p>'
        names = (N_("Time"), N_("Score"), N_("px"), N_("Motion"), N_("Counts"), N_("Sum"))
        head = "".join(f'<th scope="col">{escape(self._say(name))}</th>' for name in names)
        for reason, rows in groupby(one.rows(), key=lambda row: row.reason):
            yield (
                f"<p>{escape(self._sentence(SENTENCES[reason], one))}</p>\n<table><thead><tr>{head}"
                f"</tr></thead><tbody>{''.join(map(self._row, rows))}</tbody></table>"
            )

    def _row(self, row: FrameRow) -> str:
        is_found = row.score > 0
        cells = (
            self._clock(row.at),
            self._number(row.score) if is_found else "–",
            str(round(row.height * self._found.height_px)),
            _percent(row.moved) if is_found else "–",
            self._number(row.weight),
            self._number(row.evidence),
        )
        return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"

    def _number(self, value: float, digits: int = 2) -> str:
        text = f"{value:.{digits}f}"
        return text.replace(".", ",") if self._language == "vi" else text


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
