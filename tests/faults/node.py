"""Simulated nodes in one process: real journal, link and uploader, invented people.

Usage: python -m tests.faults.node PLAN.json

The campaign kills it and starts it again. A witness writes each event that the journal confirmed
into a file beside it, so that no later fault of the journal can hide a loss.
"""

import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from PIL import Image

from agent.board.clock import boot_id
from agent.journal import Journal, JournalError
from agent.media.frame import Instant
from agent.runtime.supervisor import Service, SupervisePolicy, Supervisor
from agent.uplink.mqtt.conversation import LinkPolicy, NodeIdentity
from agent.uplink.mqtt.link import Link
from agent.uplink.mqtt.session import BrokerAddress
from agent.uplink.outbox import OutboxPolicy
from agent.uplink.tokens import Tokens
from agent.uplink.upload.uploader import Uploader, UploadPolicy
from agent.wire.messages import Body, SightingClosed, SightingOpened, SightingUpdated
from agent.wire.presence import CameraWords
from agent.wire.terms import BoxWords, ClockSource, ObjectKind, Picture

CAMERA: Final = "cam-1"
WALK_EVENTS: Final = 2.5
"""Of one person, in the mean."""
BOX: Final = BoxWords(x0=0.25, y0=0.25, x1=0.5, y1=0.75)

# A town's patience is minutes; a campaign's is seconds, so that it meets more faults in its time.
LINK: Final = LinkPolicy(
    keepalive_s=5,
    answer_s=5,
    retry_base_s=0.2,
    retry_cap_s=3,
    after_hang_up_s=0.5,
    ask_token_s=2,
    goodbye_s=1,
)
OUTBOX: Final = OutboxPolicy(resend_after_s=3, resend_at_most_s=10)
UPLOAD: Final = UploadPolicy(connect_s=3, stall_s=5, retry_base_s=0.2, retry_cap_s=3)
SUPERVISE: Final = SupervisePolicy(retry_base_s=0.2, retry_cap_s=3, stop_within_s=8)


class SteppedClock:
    """The machine's clocks, the UTC one off by what the file `steps` says (µs)."""

    def __init__(self, steps: Path) -> None:
        self._steps = steps
        self._off_us = 0

    def look(self) -> None:
        """Take notice of a step."""
        try:
            self._off_us = int(self._steps.read_text())
        except (FileNotFoundError, ValueError):  # not stepped, or just being written
            return

    def now(self) -> Instant:
        """Both clocks."""
        return Instant(time.monotonic_ns(), max(0, time.time_ns() // 1000 + self._off_us))

    def trust(self) -> tuple[ClockSource, int | None]:
        """Who vouches: nobody, once the clock was stepped."""
        return (ClockSource.NONE, None) if self._off_us else (ClockSource.NTP, 50)


class Witness:
    """Appends what the journal said is written, one event id a line; `!` for what it would not."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def note(self, line: str) -> None:
        """Whole lines only: a kill in the middle is not taken for an event."""
        with self._path.open("ab", buffering=0) as file:
            file.write(f"{line}\n".encode())


class Street:
    """People who come, are seen better, and go, until so many events are written."""

    def __init__(
        self, journal: Journal, clock: SteppedClock, *, plan: dict[str, Any], dice: random.Random
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._dice = dice
        self._wanted = int(plan["events"])
        self._pace_s = float(plan["pace_s"])
        self._pictures = Path(plan["pictures"])
        self._begin = Path(plan["begin"]) if plan["begin"] else None
        self._enough = Path(plan["enough"])
        self._at_rest = self._enough.with_name("at-rest")
        self._witness = Witness(Path(plan["witness"]))

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """One person after the other."""
        self._wait_to_be_called(stop, beat)
        while not stop.is_set():
            beat()
            if self._journal.counts().spooled >= self._wanted or self._enough.exists():
                self._at_rest.touch()
                stop.wait(1)
            else:
                self._walk_by(stop)

    def _wait_to_be_called(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Then not all streets at once."""
        if self._begin is None:
            return
        while not stop.is_set() and not self._begin.exists():
            beat()
            stop.wait(1)
        stop.wait(self._dice.uniform(0, WALK_EVENTS * self._pace_s))

    def _walk_by(self, stop: threading.Event) -> None:
        sighting_id, came = uuid4(), self._clock.now()
        if not self._say(self._opened(sighting_id), stop):
            return
        if self._dice.random() < 0.5:
            self._say(self._seen_better(sighting_id), stop)
        lasted_ms = (time.monotonic_ns() - came.mono_ns) // 1_000_000
        self._say(
            lambda: (
                SightingClosed(
                    camera=CAMERA,
                    sighting_id=sighting_id,
                    last_seen_utc_us=self._clock.now().utc_us,
                    duration_ms=lasted_ms,
                ),
                None,
            ),
            stop,
        )

    def _opened(self, sighting_id: UUID) -> Callable[[], tuple[Body, Path | None]]:
        def make() -> tuple[Body, Path | None]:
            picture, path = self._take_picture()
            body = SightingOpened(
                camera=CAMERA,
                sighting_id=sighting_id,
                object_kind=ObjectKind.PERSON,
                people=1,
                score=0.8,
                box=BOX,
                first_seen_utc_us=self._clock.now().utc_us,
                picture=picture,
            )
            return body, path

        return make

    def _seen_better(self, sighting_id: UUID) -> Callable[[], tuple[Body, Path | None]]:
        def make() -> tuple[Body, Path | None]:
            picture, path = self._take_picture()
            body = SightingUpdated(
                camera=CAMERA, sighting_id=sighting_id, people=2, score=0.9, box=BOX,
                picture=picture,
            )  # fmt: skip
            return body, path

        return make

    def _say(self, make: Callable[[], tuple[Body, Path | None]], stop: threading.Event) -> bool:
        """Write it down with its picture; False when the disk would not take it."""
        self._clock.look()
        try:
            body, path = make()
            with self._journal.transaction() as tx:
                event_id = tx.add_event(body, at=self._clock.now())
                if path is not None:
                    size_bytes = path.stat().st_size
                    tx.add_media(
                        sha256=path.stem, kind="picture", path=path, size_bytes=size_bytes,
                        event_id=event_id,
                    )  # fmt: skip
        except (JournalError, OSError) as error:
            self._witness.note(f"! {type(error).__name__}")
            stop.wait(0.5)
            return False
        self._witness.note(str(event_id))
        self._linger(stop)
        return True

    def _linger(self, stop: threading.Event) -> None:
        """Until the next event, but not when it is enough."""
        until_s = time.monotonic() + self._dice.expovariate(1 / self._pace_s)
        while (left_s := until_s - time.monotonic()) > 0 and not self._enough.exists():
            if stop.wait(min(1.0, left_s)):
                return

    def _take_picture(self) -> tuple[Picture, Path]:
        """A picture like no other, on the disk before anybody hears of it."""
        buffer = BytesIO()
        Image.effect_noise((64, 48), self._dice.uniform(20, 120)).save(buffer, "JPEG")
        content = buffer.getvalue()
        digest = sha256(content).hexdigest()
        path = self._pictures / f"{digest}.jpg"
        with path.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return Picture(sha256=digest, size_bytes=len(content), width=64, height=48), path


def open_journal(plan: dict[str, Any], clock: SteppedClock, stop: threading.Event) -> Journal:
    """The journal, as soon as its disk lets it be opened: what systemd's restarts amount to."""
    while True:
        clock.look()
        try:
            journal = Journal.open(
                Path(plan["journal"]), now=clock.now, trust=clock.trust, boot_id=boot_id()
            )
        except JournalError as error:
            print(f"journal: {error}", file=sys.stderr, flush=True)
            if stop.wait(0.5):
                raise
            continue
        try:
            journal.close_left_open()
        except JournalError as error:
            print(f"left open: {error}", file=sys.stderr, flush=True)
            journal.close()
            if stop.wait(0.5):
                raise
            continue
        return journal


def live(plan: dict[str, Any], stop: threading.Event) -> None:
    """One node, from its start to its orderly end."""
    clock = SteppedClock(Path(plan["clock"]))
    journal = open_journal(plan, clock, stop)
    tokens = Tokens()
    speaker = NodeIdentity(
        node=plan["name"],
        software="campaign",
        cameras=lambda: (_camera(plan["name"]),),
        now=clock.now,
        trust=clock.trust,
    )
    papers = {name: Path(path) for name, path in plan["papers"].items()}
    address = BrokerAddress(host="127.0.0.1", port=plan["port"], **papers)
    link_policy, outbox, upload = LINK, OUTBOX, UPLOAD
    if plan["is_patient"]:
        link_policy, outbox, upload = LinkPolicy(), OutboxPolicy(), UploadPolicy()
    further = [replace(address, port=port) for port in plan.get("further_ports", ())]
    link = Link(
        speaker, address, *further,
        journal=journal, tokens=tokens, policy=link_policy, outbox=outbox,
    )  # fmt: skip
    uploader = Uploader(journal, tokens, trusted=papers["ca_file"], policy=upload)
    # Another street after every start, or it would take the pictures of the first again.
    street = Street(journal, clock, plan=plan, dice=random.Random(f"{plan['seed']} {uuid4()}"))
    services = [
        Service(name="link", runs=link),
        Service(name="upload", runs=uploader),
        Service(name="street", runs=street),
    ]
    Supervisor(services, policy=SUPERVISE, notify=lambda _: None).run(until=stop.is_set)
    uploader.close()
    journal.close()


def _camera(node: str) -> CameraWords:
    return CameraWords(
        camera=CAMERA, label=f"Camera {node}", codec="h264", width=64, height=48, frames_per_s=10
    )


def main() -> None:
    """All nodes of the plan until SIGTERM."""
    plans = json.loads(Path(sys.argv[1]).read_text())
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threads = [threading.Thread(target=live, args=(plan, stop)) for plan in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
