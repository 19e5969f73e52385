"""The suite's tables as Markdown, for use in a document."""

from collections.abc import Iterable, Mapping, Sequence

from tests.bench.agent.scenes.judge import BANDS_PX, Verdict, band_name
from tests.bench.agent.scenes.motion import Covered, Restless
from tests.bench.agent.scenes.night import Night
from tests.bench.agent.scenes.tamper import Alarmed, Noticed

BANDS = [band_name(*band) for band in BANDS_PX]
HEADS = (
    "scene",
    *(f"recall {band} px" for band in BANDS),
    "told of",
    "precision",
    "false",
    "false / h",
    "switches",
    "delay frames (p90)",
    "evidence frames",
    "ms beyond",
    "looks / s",
    "moved",
    "µs motion",
    "µs model",
    "µs rest",
)


def scene_table() -> str:
    """The head of the table of scenes."""
    return f"{_line(HEADS)}\n{_line(['---'] * len(HEADS))}"


def scene_line(name: str, verdict: Verdict) -> str:
    """The line of one scene."""
    us = dict(verdict.us_per_frame)
    motion, model = us.pop("motion", 0.0), us.pop("model", 0.0)
    return _line(
        (
            name,
            *(_share(verdict.recall.get(band)) for band in BANDS),
            f"{verdict.told} of {verdict.persons}" if verdict.persons else "",
            _share(verdict.precision),
            f"{verdict.false_sightings} of {verdict.sightings}",
            f"{verdict.false_per_hour:.0f}",
            verdict.id_switches,
            f"{_number(verdict.delay_frames)} ({_number(verdict.delay_frames_p90)})"
            if verdict.delay_frames is not None
            else "",
            _number(verdict.evidence_frames),
            _number(verdict.beyond_ms),
            f"{verdict.inferences_per_s:.1f}",
            f"{verdict.moved_share:.2f}",
            f"{motion:.0f}",
            f"{model:.0f}",
            f"{sum(us.values()):.0f}",
        )
    )


def totals(verdicts: Mapping[str, Verdict]) -> str:
    """The totals of the table."""
    large = sum(one.large for one in verdicts.values())
    told = sum(one.large_told for one in verdicts.values())
    hours = sum(one.hours for one in verdicts.values())
    false = sum(one.false_sightings for one in verdicts.values())
    lines = [
        "",
        f"Of {large} persons who were once 40 px high, {told} were told of"
        f" ({told / max(1, large):.3f}); {false} false sightings in {hours:.2f} hours.",
    ]
    near, far = verdicts.get("far"), verdicts.get("far, whole picture only")
    if near and far:
        ours, theirs = near.recall.get("24-40", 0.0), far.recall.get("24-40", 0.0)
        lines.append(
            f"Recall at 24-40 px: {ours:.3f} with {near.inferences_per_s:.1f} looks a second,"
            f" {theirs:.3f} with {far.inferences_per_s:.1f} looks at the whole picture."
        )
    return "\n".join(lines)


def motion_table(people: Covered, nobody: Iterable[Restless]) -> str:
    """The table of motion detection alone."""
    lines = [
        "",
        f"Motion covers {people.covered:.4f} of {people.persons} persons (times frames), says"
        f" {people.share:.3f} of the picture moved, takes {people.us_per_frame:.0f} µs a frame.",
        "",
        _line(("without anybody", "restless frames", "share of the picture", "µs a frame")),
        _line(["---"] * 4),
    ]
    lines += [
        _line((one.name, f"{one.frames} of {one.of}", one.share, f"{one.us_per_frame:.0f}"))
        for one in nobody
    ]
    return "\n".join(lines)


def tamper_table(cases: Iterable[Noticed], scenes: Sequence[Alarmed]) -> str:
    """The table of tampered and untouched views."""
    lines = ["", _line(("view taken away", "over", "said", "after s")), _line(["---"] * 4)]
    for one in cases:
        said = ", ".join(one.said) or "nothing"
        after = "" if one.after_s is None else f"{one.after_s:g}"
        lines.append(_line((f"{one.what}: {one.how}", one.footage, said, after)))
    false = [f"{one.scene}: {', '.join(one.said)}" for one in scenes if one.said]
    hours = sum(one.minutes for one in scenes) / 60
    lines += [
        "",
        f"In {len(scenes)} scenes ({hours:.1f} hours) whose camera nobody touched, {len(false)}"
        f" false words{': ' if false else '.'}{'; '.join(false)}",
    ]
    return "\n".join(lines)


def night_table(night: Night) -> str:
    """The table of hours without people, and of the false sightings there."""
    lines = ["", _line(("shift", "hours", "false", "looks / s", "CPU s")), _line(["---"] * 5)]
    lines += [
        _line(
            (
                shift.name,
                f"{shift.hours:.3f}",
                shift.sightings,
                f"{shift.inferences / shift.hours / 3600:.1f}",
                f"{shift.cpu_s:.0f}",
            )
        )
        for shift in night.shifts
    ]
    lines += [
        "",
        f"{night.hours:.2f} hours without anybody: {night.sightings} false sightings; with 95 %"
        f" confidence at most {night.per_hour_at_most:.2f} an hour.",
    ]
    return "\n".join(lines)


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
