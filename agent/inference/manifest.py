"""The manifest of models: which networks there are, and what their files must be."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.vision.detect.person import BINS, KINDS

SCHEMA = 1


class ModelError(Exception):
    """The model cannot be used: one sentence, and the remedy."""

    def __init__(self, sentence: str, cure: str) -> None:
        super().__init__(f"{sentence} {cure}")
        self.sentence = sentence
        self.cure = cure


@dataclass(frozen=True, slots=True)
class Entry:
    """One network of the manifest."""

    name: str
    sha256: str
    """SHA-256 of the whole file, hexadecimal."""
    input_name: str
    shapes: Mapping[str, Sequence[int]]
    """By name of the input or output."""
    file: Path | None
    """The file beside the manifest. None if the network is made from `source`."""
    source: "Entry | None"
    """The network that this one is made from. None if it has a `file`."""

    @property
    def input_px(self) -> tuple[int, int]:
        """(height, width) of the input picture."""
        _, height, width, _ = self.shapes[self.input_name]
        return int(height), int(width)


def read_entry(manifest: Path, name: str = "") -> Entry:
    """The network `name`; empty means the manifest's default. Raises ModelError."""
    table = _read(manifest)
    return _entry(table, name or str(table.get("default", "")), manifest)


def _read(manifest: Path) -> Mapping[str, Any]:
    try:
        table = tomllib.loads(manifest.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(
            f"The model manifest {manifest} cannot be read ({error.strerror}).",
            "Point the models folder at the one that came with this version.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{manifest} is broken ({error}).", "Install the models again.") from error
    if table.get("schema") != SCHEMA:
        raise ModelError(
            f"{manifest} has schema {table.get('schema')}, this version reads {SCHEMA}.",
            "Install the models of this version.",
        )
    common = table.get("common", {})
    labels, bins = common.get("labels"), common.get("bins")
    if labels != [str(kind) for kind in KINDS] or bins != BINS:
        raise ModelError(
            f"{manifest} describes a model this version cannot decode"
            f" (labels {labels}, bins {bins}).",
            "Install the models of this version.",
        )
    return table


def _entry(table: Mapping[str, Any], name: str, manifest: Path) -> Entry:
    models: Mapping[str, Any] = table.get("model", {})
    if name not in models:
        known = ", ".join(sorted(models)) or "none"
        raise ModelError(
            f"{manifest} describes no model {name!r}.", f"Choose one of these: {known}."
        )
    said: Mapping[str, Any] = models[name]
    try:
        entry_input, outputs = said["input"], said["outputs"]
        _, _, _, _ = entry_input["shape"]
        made_from = said.get("made_from")
        return Entry(
            name,
            sha256=str(said["sha256"]),
            input_name=str(entry_input["name"]),
            shapes={
                str(entry_input["name"]): entry_input["shape"],
                **{key: outputs[key]["shape"] for key in ("scores", "dist")},
            },
            file=None if made_from else manifest.parent / str(said["file"]),
            source=_source(table, str(made_from), manifest) if made_from else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{manifest} lacks values for {name!r} ({error}).", "Install the models again."
        ) from error


def _source(table: Mapping[str, Any], name: str, manifest: Path) -> Entry:
    """The network with a file that another is made from; ValueError if it has none either."""
    if "made_from" in table.get("model", {}).get(name, {}):
        raise ValueError(f"{name} is made from another itself")
    return _entry(table, name, manifest)
