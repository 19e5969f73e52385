"""Minimum results of every scene: read from a file, compared with a run."""

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from tests.bench.agent.scenes.judge import Verdict

RECALL_MAY_MISS = 0.05
PRECISION_MAY_MISS = 0.04
ENOUGH_FRAMES = 60
"""Frames of persons: a height band with fewer depends too much on a single body."""


class BaselineError(Exception):
    """The file names a figure that no verdict has."""


@dataclass(frozen=True)
class Floor:
    """Limits of one scene; None means no limit."""

    recall: Mapping[str, float] | None = None
    """Minimum, by band of height."""
    told: int | None = None
    """Minimum number of persons."""
    precision: float | None = None
    """Minimum."""
    false_sightings: int = 0
    """Maximum."""
    id_switches: int | None = None
    """Maximum."""
    delay_frames: float | None = None
    """Maximum of the median."""
    inferences_per_s: float | None = None
    """Maximum."""

    def broken_by(self, verdict: Verdict) -> Iterator[str]:
        """The limits that the verdict misses, as text."""
        for band, least in (self.recall or {}).items():
            if verdict.recall.get(band, 0.0) < least:
                yield f"recall of {band} px is {verdict.recall.get(band, 0.0)}, not {least}"
        least_of = (
            ("told", verdict.told, self.told),
            ("precision", verdict.precision, self.precision),
        )
        for name, value, least_value in least_of:
            if least_value is not None and (value is None or value < least_value):
                yield f"{name} is {value}, not {least_value}"
        most_of = (
            ("false sightings", verdict.false_sightings, self.false_sightings),
            ("id switches", verdict.id_switches, self.id_switches),
            ("delay in frames", verdict.delay_frames, self.delay_frames),
            ("inferences per second", verdict.inferences_per_s, self.inferences_per_s),
        )
        for name, value, most in most_of:
            if most is not None and value is not None and value > most:
                yield f"{name}: {value}, more than {most}"


def propose(verdict: Verdict) -> str:
    """Rows for the file, from a measurement and the tolerances explained in the file."""
    rows = []
    recall = {
        band: max(0.0, round(share - RECALL_MAY_MISS, 2))
        for band, share in verdict.recall.items()
        if verdict.seen_of[band] >= ENOUGH_FRAMES
    }
    if recall:
        pairs = ", ".join(f'"{band}" = {share}' for band, share in recall.items())
        rows.append(f"recall = {{ {pairs} }}")
    if verdict.persons:
        rows.append(f"told = {math.floor(0.9 * verdict.told)}")
        rows.append(f"id_switches = {math.ceil(1.5 * verdict.id_switches) + 2}")
    if verdict.precision is not None:
        rows.append(f"precision = {round(verdict.precision - PRECISION_MAY_MISS, 2)}")
    if verdict.delay_frames is not None:
        rows.append(f"delay_frames = {math.ceil(1.25 * verdict.delay_frames) + 2}")
    rows.append(f"false_sightings = {verdict.false_sightings}")
    rows.append(f"inferences_per_s = {math.ceil(1.15 * verdict.inferences_per_s) + 1}")
    return "\n".join(rows)


def load(path: Path) -> dict[str, Floor]:
    """Limits by the scene's name; BaselineError for a misspelt entry."""
    known = {field.name for field in fields(Floor)}
    floors = {}
    for name, row in tomllib.loads(path.read_text(encoding="utf-8")).get("scene", {}).items():
        if unknown := set(row) - known:
            raise BaselineError(
                f"{path.name}, scene {name!r}: unknown {', '.join(sorted(unknown))}"
            )
        floors[name] = Floor(**row)
    return floors
