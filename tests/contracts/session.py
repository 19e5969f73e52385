"""A recorded session of a node with the hub: what the file says, and how it is read and written.

One turn after another, with an empty line between them:

    node mqtt matthan/cau-moi/up/event          hub mqtt matthan/cau-moi/down/receipt
    {"v":1, …}                                  {"v":1, …}

    node http POST /upload                      hub http 201
    tus-resumable: 1.0.0                        location: /upload/…
    body: 1.bin

A payload is on its line byte for byte, and an empty one is an empty line. A body is a file beside
the session.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

KEPT_HEADERS: Final[tuple[str, ...]] = (
    "authorization",
    "content-type",
    "location",
    "tus-resumable",
    "upload-defer-length",
    "upload-length",
    "upload-metadata",
    "upload-offset",
)
"""Headers that node and hub mean; the others are those of any client of HTTP."""
SESSION: Final = "session.txt"


@dataclass(frozen=True)
class Turn:
    """One message or request of the node, or one message or answer of the hub."""

    who: str
    """One of `node`, `hub`."""
    line: str
    """One of `mqtt`, `http`."""
    what: str
    """A topic; of a request its method and path, of an answer its status."""
    payload: bytes = b""
    """Of a message, or the body of a request."""
    headers: dict[str, str] = field(default_factory=dict)
    """In small letters; of requests and answers only."""


def write(folder: Path, turns: Iterable[Turn]) -> None:
    """Write a session; bodies are numbered in their order."""
    blocks, bodies = [], 0
    for turn in turns:
        lines = [f"{turn.who} {turn.line} {turn.what}"]
        if turn.line == "mqtt":
            lines.append(turn.payload.decode())
        else:
            lines += [f"{name}: {value}" for name, value in sorted(turn.headers.items())]
            if turn.payload:
                bodies += 1
                (folder / f"{bodies}.bin").write_bytes(turn.payload)
                lines.append(f"body: {bodies}.bin")
        blocks.append("\n".join(lines) + "\n")
    (folder / SESSION).write_text("\n".join(blocks), "utf-8")


def read(folder: Path) -> Iterator[Turn]:
    """The turns of a session in their order."""
    lines = iter((folder / SESSION).read_text("utf-8").splitlines())
    for first in lines:
        who, line, what = first.split(" ", 2)
        rest = [next(lines)] if line == "mqtt" else []
        rest += iter(lambda: next(lines, ""), "")
        if line == "mqtt":
            yield Turn(who, line, what, rest[0].encode())
            continue
        headers = dict(one.split(": ", 1) for one in rest)
        body = headers.pop("body", "")
        yield Turn(who, line, what, (folder / body).read_bytes() if body else b"", headers)
