"""Sends one household film through real sockets in pieces, completely or in part, and prints the
cost: `python -m tests.faults.household_film --bytes 4000000000`.

The film is a real one with a hole behind it, so nobody needs a phone with 4 GB; the hub reads every
byte. The disk of --folder needs room for twice as much.
"""

import argparse
import http.client
import json
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

from hub.access.rules.grants import ALL
from hub.base.db.database import Database
from hub.base.db.schema import migrate
from hub.base.storage.partial_files import CHUNK_BYTES
from hub.public.households.rules import MOST_BYTES
from hub.public.households.tables import household_clips
from tests.browser.served import address, free_socket, served
from tests.hub.helpers.cases.cases import let
from tests.hub.helpers.public.households import ask, open_case, register
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor
from tests.waiting import patience_s

TUS = {"Tus-Resumable": "1.0.0"}


def head_of(folder: Path, size_bytes: int) -> bytes:
    """A film, and the head of a box without meaning that fills the rest."""
    path = folder / "short.mp4"
    picture = ["-f", "lavfi", "-i", "testsrc=size=320x240:rate=10:duration=10"]
    coding = ["-g", "10", "-c:v", "libx264", "-pix_fmt", "yuv420p"]
    subprocess.run(["ffmpeg", "-v", "error", *picture, *coding, str(path)], check=True)
    film = path.read_bytes()
    return film + b"\0\0\0\1free" + (size_bytes - len(film)).to_bytes(8)


def pieces(head: bytes, size_bytes: int) -> Iterator[bytes]:
    """All of it, a chunk at a time."""
    yield head.ljust(min(CHUNK_BYTES, size_bytes), b"\0")
    left = size_bytes - CHUNK_BYTES
    while left > 0:
        yield bytes(min(CHUNK_BYTES, left))
        left -= CHUNK_BYTES


def most_kib() -> int:
    """Peak memory of this process in KiB."""
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text(encoding="utf-8"))
    return int(found[1]) if found else 0


def send(url: str, token: str, head: bytes, size_bytes: int) -> float:
    """Seconds until all of it was there."""
    began_s, host = time.monotonic(), url.removeprefix("http://")
    line = http.client.HTTPConnection(host, timeout=patience_s())
    headers = TUS | {"Origin": url, "Upload-Length": str(size_bytes)}
    line.request("POST", f"/give/{token}/upload", headers=headers | {"Content-Length": "0"})
    answer = line.getresponse()
    answer.read()
    place, offset = str(answer.headers["Location"]), 0
    for piece in pieces(head, size_bytes):
        body = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset)}
        line.request("PATCH", place, body=piece, headers=TUS | body | {"Origin": url})
        answer = line.getresponse()
        answer.read()
        assert answer.status == 204, answer.status
        offset += len(piece)
    line.close()
    return time.monotonic() - began_s


def run(size_bytes: int, folder: Path, cut: str) -> dict[str, object]:
    """One film from its first byte to its receipt."""
    database_url = f"sqlite:///{folder / 'hub.db'}"
    migrate(database_url)
    town = Town(Database(database_url), folder)
    town.households.uploads.most_bytes = MOST_BYTES
    let(town, "an", ALL)
    place = free_socket()
    url = address(place)
    app = town.app(public_url=url)
    officer = Visitor(town.app()).sign_in("an", PASSWORD)
    token = ask(town, officer, open_case(officer), register(town, officer, channel="")[0])
    head, before_kib = head_of(folder, size_bytes), most_kib()
    with served(app, place, stop=threading.Event().set):
        sent_s = send(url, token, head, size_bytes)
        sent_kib = most_kib()
        began_s = time.monotonic()
        phone = Visitor(app, base_url=url)
        answer = phone.post(f"/give/{token}/send", agree="yes", **({"until": cut} if cut else {}))
        assert answer.status_code == 303, answer.status_code
        town.households.arrivals.take_in()
        sealed_s = time.monotonic() - began_s
    with town.db.reading() as conn:
        row = conn.execute(select(household_clips)).one()
    town.db.close()
    return {
        "came_bytes": row.came_bytes,
        "kept_bytes": row.size_bytes,
        "sent_s": round(sent_s, 1),
        "sealed_s": round(sealed_s, 1),
        "most_before_mib": before_kib // 1024,
        "most_sending_mib": sent_kib // 1024,
        "most_mib": most_kib() // 1024,
    }


def main() -> None:
    """Say it as JSON."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--bytes", type=int, default=MOST_BYTES)
    words.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    words.add_argument("--until", default="", help="keep only the part until then, such as 0:05")
    said = words.parse_args()
    with tempfile.TemporaryDirectory(dir=said.folder) as folder:
        print(json.dumps(run(said.bytes, Path(folder), said.until), indent=1))


if __name__ == "__main__":
    main()
