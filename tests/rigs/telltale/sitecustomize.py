"""Records every address that a program connects to, in the file `MATTHAN_TOLD`.

A line of JSON each: the program's words, what it did, the address, and the innermost line of the
project that did it. Python starts this by itself where its folder is on PYTHONPATH.
"""

import json
import os
import sys
from pathlib import Path
from types import FrameType

_OUTWARD = ("socket.connect", "socket.sendto", "socket.sendmsg")
_HERE = Path(__file__).parents[3]
_OURS = tuple(f"{_HERE / name}{os.sep}" for name in ("agent", "hub", "toml_settings"))


def _tell(event: str, given: tuple[object, ...]) -> None:
    if event == "socket.getaddrinfo":
        address: object = given[:2]
    elif event in _OUTWARD and isinstance(given[1], tuple):
        address = given[1][:2]
    else:
        return  # another matter, or a socket of this machine's own files
    if event == "socket.connect" and _is_own(address):
        event = "to itself"
    line = {"words": sys.orig_argv, "event": event, "address": address, "line": _line()}
    with Path(os.environ["MATTHAN_TOLD"]).open("a", encoding="utf-8") as told:
        told.write(json.dumps(line, default=str) + "\n")


def _is_own(address: object) -> bool:
    """Whether this very process listens there: so libraries wake a thread of theirs."""
    if not (isinstance(address, tuple) and address[0] == "127.0.0.1"):
        return False
    table = Path("/proc/self/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    here = f"0100007F:{address[1]:04X}"
    rows = [row.split() for row in table]
    listening = {f"socket:[{row[9]}]" for row in rows if row[1] == here and row[3] == "0A"}
    return bool(listening & {_name(one) for one in Path("/proc/self/fd").iterdir()})


def _name(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except OSError:  # the one that reads the folder is gone again
        return ""


def _line() -> str:
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(_OURS):
            return f"{os.path.relpath(name, _HERE)}:{frame.f_lineno}"
        frame = frame.f_back
    return "a library, or an event loop"


if "MATTHAN_TOLD" in os.environ:
    sys.addaudithook(_tell)
