"""Uploads one clip over a slow line that is cut at random: real uploader, real hub, then counted.

    .venv/bin/python tests/faults/uploads.py --mib 50 --cuts 100 --seed 1
        [--kib-per-s 3000] [--json]

The cuts fall at random bytes of the file: most end the connection at both ends, some only at the
node's, and some let nothing pass until the node gives up. Ends with 0 if the hub has the file and
at most 1.1 times its bytes were sent, otherwise with 1.
"""

import argparse
import hashlib
import json
import logging
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import structlog

if __name__ == "__main__":  # started by its path, as its page says
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from agent.journal import Journal
from agent.uplink.tokens import Tokens
from agent.uplink.upload.uploader import Uploader, UploadPolicy
from agent.wire.answers import UploadToken
from hub.base.db.database import Database
from hub.base.db.schema import migrate
from tests.agent.rigs.hubside import Running, open_journal, opened
from tests.agent.rigs.hubside import now as moment
from tests.browser.served import address, free_socket, served
from tests.faults.proxy import Proxy, Weather
from tests.hub.rigs.web_town import TOKEN, Town
from tests.waiting import until

MOST_SENT: Final = 1.1
POLICY: Final = UploadPolicy(connect_s=10, stall_s=3, retry_base_s=0.05, retry_cap_s=0.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Files to upload, and the line."""

    size_bytes: int
    cuts: int
    seed: int
    rate_bytes_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Result of the uploads. `sent_share`: bytes of the file given to the line, of its size;
    `carried_share`: all bytes the node put on the line, headers too."""

    seed: int
    size_bytes: int
    cuts: int
    is_complete: bool
    is_hash_equal: bool
    sent_share: float
    carried_share: float
    requests: int
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether the promise holds."""
        is_whole = self.is_complete and self.is_hash_equal
        return is_whole and max(self.sent_share, self.carried_share) <= MOST_SENT


def run(wanted: Wanted, folder: Path, *, patience_s: float = 600) -> Found:
    """Bring one clip, cutting the line; raises AssertionError when it never arrives."""
    dice = random.Random(wanted.seed)
    data = dice.randbytes(wanted.size_bytes)
    slow = Weather(rate_bytes_s=wanted.rate_bytes_s)
    with _hub(folder, data) as (town, port), Proxy(port) as line, _owing(folder, data) as journal:
        line.set(slow)
        tokens = Tokens()
        url = f"http://127.0.0.1:{line.port}/upload"
        tokens.put(UploadToken(token=TOKEN, valid_for_s=3600, upload_url=url), time.monotonic())
        with closing(Uploader(journal, tokens, trusted=None, policy=POLICY)) as uploader:
            began_s = time.monotonic()
            with Running(uploader):
                cuts = _cut(line, wanted, dice, slow, lambda: journal.counts().media_done == 1)
                until(lambda: journal.counts().media_done == 1)
        stored = Path(town.blobs.path(hashlib.sha256(data).hexdigest()))  # type: ignore[attr-defined]  # here they are files
        return Found(
            seed=wanted.seed,
            size_bytes=len(data),
            cuts=cuts,
            is_complete=stored.is_file(),
            is_hash_equal=stored.is_file() and stored.read_bytes() == data,
            sent_share=round(uploader.counts.sent_bytes / len(data), 4),
            carried_share=round(line.carried_bytes / len(data), 4),
            requests=uploader.counts.requests,
            seconds=round(time.monotonic() - began_s, 1),
        )


def _cut(
    line: Proxy,
    wanted: Wanted,
    dice: random.Random,
    slow: Weather,
    is_done: Callable[[], bool],
) -> int:
    places = sorted(dice.randrange(1, wanted.size_bytes) for _ in range(wanted.cuts))
    for number, place in enumerate(places):
        while line.carried_bytes < place:
            if is_done():
                return number
            time.sleep(0.002)
        match dice.randrange(10):
            case 0:
                line.half_close_all()
            case 1:
                line.set(Weather(is_black_hole=True))
                time.sleep(POLICY.stall_s * 1.2)
                line.reset_all()
                line.set(slow)
            case _:
                line.reset_all()
    return len(places)


@contextmanager
def _hub(folder: Path, data: bytes) -> Iterator[tuple[Town, int]]:
    """A hub that has heard of the clip, and its port."""
    url = f"sqlite:///{folder}/hub.db"
    migrate(url)
    with closing(Database(url)) as db:
        town = Town(db, folder)
        town.clip(town.somebody(), data)
        place, stopped = free_socket(), threading.Event()
        app = town.app(public_url=address(place), stopping=stopped.is_set)
        with served(app, place, stop=stopped.set):
            yield town, place.getsockname()[1]


@contextmanager
def _owing(folder: Path, data: bytes) -> Iterator[Journal]:
    """A node's journal that owes the clip."""
    path = folder / "clip.mp4"
    path.write_bytes(data)
    with closing(open_journal(folder / "journal.db")) as journal:
        with journal.transaction() as tx:
            event_id = tx.add_event(opened(), at=moment())
            tx.add_media(
                sha256=hashlib.sha256(data).hexdigest(),
                kind="clip",
                path=path,
                size_bytes=len(data),
                event_id=event_id,
            )
        journal.receipt([event_id])
        yield journal


def main() -> int:
    """Run the campaign of the arguments."""
    parser = argparse.ArgumentParser(description="Cut an upload again and again, then count.")
    parser.add_argument("--mib", type=float, default=50)
    parser.add_argument("--cuts", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--kib-per-s", type=float, default=3000, help="the line's speed")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    asked = parser.parse_args()
    wanted = Wanted(
        size_bytes=round(asked.mib * 2**20),
        cuts=asked.cuts,
        seed=asked.seed,
        rate_bytes_s=asked.kib_per_s * 1024,
    )
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory(prefix="matthan-uploads-") as folder:
        found = run(wanted, Path(folder))
    print(json.dumps(asdict(found), indent=None if asked.json else 2))
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main())
