"""Numbers for Prometheus, in its text format (version 0.0.4): families, samples, bounded labels."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

MOST_SAMPLES: Final = 20_000
"""Of one family: ten thousand cameras fit. What is more is left out, and counted."""
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_ESCAPED: Final = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_ESCAPED_HELP: Final = str.maketrans({"\\": r"\\", "\n": r"\n"})

Labels = Mapping[str, str]
Sample = tuple[Labels, float | None]
"""Labels and value; None: it is not known, and there is no sample."""


@dataclass(frozen=True, slots=True)
class Family:
    """One number, for one or for many. Labels name nodes, cameras and states, never people."""

    name: str
    kind: Literal["gauge", "counter"]
    meaning: str
    samples: Sequence[Sample]


def one(name: str, meaning: str, value: float | None, *, is_counter: bool = False) -> Family:
    """A number without labels."""
    return Family(name, "counter" if is_counter else "gauge", meaning, [({}, value)])


def text(families: Iterable[Family]) -> str:
    """As Prometheus reads it; the last family says how many samples were left out."""
    lines: list[str] = []
    left_out = 0
    for family in families:
        known = [(labels, value) for labels, value in family.samples if value is not None]
        left_out += max(0, len(known) - MOST_SAMPLES)
        lines += _lines(family, known[:MOST_SAMPLES])
    bound = one("matthan_samples_left_out", "Samples beyond what one answer holds.", left_out)
    return "\n".join([*lines, *_lines(bound, [({}, float(left_out))])]) + "\n"


def _lines(family: Family, known: Sequence[tuple[Labels, float]]) -> list[str]:
    found = [
        f"# HELP {family.name} {family.meaning.translate(_ESCAPED_HELP)}",
        f"# TYPE {family.name} {family.kind}",
    ]
    for labels, value in known:
        named = ",".join(f'{key}="{said.translate(_ESCAPED)}"' for key, said in labels.items())
        where = f"{{{named}}}" if named else ""
        found.append(f"{family.name}{where} {_number(value)}")
    return found


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) else repr(float(value))
