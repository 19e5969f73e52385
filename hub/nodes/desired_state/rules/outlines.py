"""Zones and privacy masks of a camera as lines of text, one each: the form in which a page draws
and sends them.

    private: 0.1 0.2, 0.5 0.2, 0.5 0.8
    zone cong entry: 0 0, 1 0, 1 0.4
    zone san "Sân sau" loiter 30: 0.2 0.2, 0.8 0.2, 0.8 0.8

A zone has its lasting name and, in quotes, its label for people. Corners are x and y as shares of
the picture's width and height, from its upper left.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

MOST_SHAPES: Final = 40
MOST_CORNERS: Final = 64
_HEAD: Final = re.compile(
    r"(?P<private>private)|zone\s+(?P<name>[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)"
    r"(\s+\"(?P<label>[^\"]*)\")?"
    r"(?P<entry>\s+entry)?(\s+loiter\s+(?P<loiter>\d{1,5}))?",
    re.ASCII,
)
_LINE: Final = re.compile(r'(?P<head>([^":]|"[^"]*")*):(?P<corners>.*)')
_NUMBER: Final = re.compile(r"\d?\.?\d{1,6}|\d\.", re.ASCII)

Corner = tuple[float, float]


class OutlineFault(ValueError):  # noqa: N818 - it is said of a line, as faults are elsewhere
    """An invalid line; `line` counts from 1."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line} is no outline")
        self.line = line


@dataclass(frozen=True, slots=True)
class Shape:
    """A mask, or a zone with its name and rules."""

    corners: tuple[Corner, ...]
    zone: str | None = None
    """None: a privacy mask."""
    entry: bool = False
    loiter_s: int = 0
    """Seconds; 0: no loitering rule."""
    label: str = ""
    """Name for people; empty: none."""


def written(
    private: Iterable[Sequence[Sequence[float]]], zones: Iterable[Mapping[str, Any]]
) -> str:
    """Masks and zones of the settings as lines. A zone of the whole picture has no line."""
    lines = [f"private: {_corners(outline)}" for outline in private]
    for zone in zones:
        if zone.get("outline"):
            rules = f' "{zone["label"]}"' if zone.get("label") else ""
            rules += " entry" if zone.get("entry") else ""
            loiter_s = round(zone.get("loiter_s") or 0)
            rules += f" loiter {loiter_s}" if loiter_s else ""
            lines.append(f"zone {zone['name']}{rules}: {_corners(zone['outline'])}")
    return "\n".join(lines)


def read(text: str) -> list[Shape]:
    """Parse the shapes; empty lines are skipped. Raises OutlineFault."""
    found: list[Shape] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            found.append(_shape(line, number))
        if len(found) > MOST_SHAPES:
            raise OutlineFault(number)
    return found


def keys(shapes: Sequence[Shape], zones: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The desired settings `private` and `zone` of the camera.

    `zones` are the present ones. Values that the page does not draw (closed hours, groups) are
    kept, and so are zones of the whole picture.
    """
    before = {zone["name"]: zone for zone in zones}
    wanted = [dict(zone) for zone in before.values() if not zone.get("outline")]
    for shape in shapes:
        if shape.zone is not None:
            drawn = {
                "name": shape.zone,
                "outline": [list(corner) for corner in shape.corners],
                "entry": shape.entry,
                "loiter_s": shape.loiter_s,
            }
            kept = {**before.get(shape.zone, {}), **drawn}
            kept.pop("label", None)  # left out if empty: older nodes do not know it
            wanted.append(kept | ({"label": shape.label} if shape.label else {}))
    private = [[list(corner) for corner in one.corners] for one in shapes if one.zone is None]
    return {"private": private, "zone": wanted}


def _shape(line: str, number: int) -> Shape:
    parts = _LINE.fullmatch(line.strip())
    if parts is None:
        raise OutlineFault(number)
    said = _HEAD.fullmatch(parts["head"].strip())
    corners = tuple(_corner(pair, number) for pair in parts["corners"].split(","))
    if said is None or not 3 <= len(corners) <= MOST_CORNERS:
        raise OutlineFault(number)
    if said["private"]:
        return Shape(corners)
    label = " ".join(unicodedata.normalize("NFC", said["label"] or "").split())
    return Shape(corners, said["name"], bool(said["entry"]), int(said["loiter"] or 0), label)


def _corner(pair: str, number: int) -> Corner:
    said = pair.split()
    if len(said) != 2 or not all(_NUMBER.fullmatch(one) for one in said):
        raise OutlineFault(number)
    x, y = (float(one) for one in said)
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise OutlineFault(number)
    return x, y


def _corners(outline: Iterable[Sequence[float]]) -> str:
    return ", ".join(f"{_share(x)} {_share(y)}" for x, y in outline)


def _share(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".") or "0"
