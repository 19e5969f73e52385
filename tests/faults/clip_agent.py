"""The part of an agent that stores footage, in a process that is made to be killed.

Real journal, clip store, recorder and writer. The street is virtual: packets of a real stream,
people who come and go, continuous recording beside them, and a hub that sends receipts, raises
alerts, takes clips and holds some; all from a seed.
"""

import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

from agent.journal import GrowingClips, Journal, JournalError, MediaKind
from agent.media.frame import Instant, Packet, StreamInfo
from agent.media.sound import SoundPacket
from agent.recording.continuous import Continuous
from agent.recording.recorder import ClipPolicy, Recorder
from agent.recording.ring.preroll import Preroll, PrerollBounds
from agent.recording.ring.sound import SoundRing
from agent.recording.sealer import Sealer
from agent.recording.store.store import ClipStore
from agent.wire.answers import HoldFootage
from agent.wire.messages import SightingOpened
from agent.wire.terms import BoxWords, ObjectKind
from tests.agent.rigs.stage import BOOT, at, clip_id_at

CAMERA = "cam"
FRAMES_PER_S = 10
SOUND_S = 1024 / 8000
SEGMENT_S = 15.0
RUN_S = 100_000
"""From the beginning of one run to that of the next, by the virtual clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Folder and clips of a run."""

    folder: Path
    max_bytes: int
    spare_bytes: int
    stream: StreamInfo
    packets: tuple[Packet, ...]
    """Of a video that may be played over and over; begins with a keyframe."""
    sound: tuple[SoundPacket, ...]
    """May be played over and over likewise, `SOUND_S` each."""
    sealer: Sealer | None

    @property
    def clips(self) -> Path:
        """Folder of the footage."""
        return self.folder / "clips"

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.folder / "node.db"


class MortalAgent:
    """One life of it."""

    def __init__(
        self, plan: Plan, life: int, growing: Callable[[Journal], GrowingClips] = GrowingClips
    ) -> None:
        """`growing` hears what is told of clips under way."""
        self._plan = plan
        self._frames = 0
        self._sounds = 0
        self._start_s = life * RUN_S
        self.journal = Journal.open(plan.journal, now=self.now, boot_id=BOOT)
        self.store = ClipStore(
            plan.clips,
            self.journal,
            max_bytes=plan.max_bytes,
            spare_bytes=plan.spare_bytes,
            sealer=plan.sealer,
        )
        self.store.growing = growing(self.journal)
        ring, self._heard = Preroll(PrerollBounds()), SoundRing()
        self._all = Continuous(
            CAMERA,
            ring,
            self.store,
            new_id=clip_id_at,
            segment_s=SEGMENT_S,
            sound=self._heard,
        )
        self._recorder = Recorder(
            CAMERA,
            ring,
            self.store,
            policy=ClipPolicy(),
            new_id=clip_id_at,
            sound=self._heard,
        )

    def now(self) -> Instant:
        """The virtual clock: moves by frames."""
        return at(self._start_s + self._frames / FRAMES_PER_S)

    def mend(self) -> None:
        """What the shelf does when it starts, twice over: room is made in between."""
        for _ in range(2):
            self.store.take_in_leftovers(lambda: None)
            self.store.flush()
            self.store.tidy()
            self.store.flush()

    def live(
        self,
        chance: random.Random,
        *,
        turns: int = 2**62,
        after_each: Callable[[], None] = lambda: None,
    ) -> None:
        """Film people until somebody kills it, or for so many turns."""
        self.mend()
        self._recorder.begin_stream(self._plan.stream)
        present: list[UUID] = []
        for _ in range(turns):
            self._roll(chance.randint(5, 40))
            if not present or chance.random() < 0.3:
                present.append(self._enters(chance))
            if chance.random() < 0.5:
                self._recorder.sighting_closed(present.pop(), self.now())
            if chance.random() < 0.3:
                self._hear_from_hub(chance)
            if chance.random() < 0.2:
                self.store.tidy()
            after_each()

    def leave(self) -> None:
        """Nobody killed it: end in good order."""
        self._recorder.finish()
        self._all.finish()
        self.journal.close()

    def _roll(self, frames: int) -> None:
        for _ in range(frames):
            self._recorder.push(self._next_packet())
            self._hear()
            if self._frames % 5 == 0:
                self._recorder.advance()
                self._all.advance()

    def _next_packet(self) -> Packet:
        """The video over and over, its clock going on."""
        rounds, place = divmod(self._frames, len(self._plan.packets))
        one = self._plan.packets[place]
        later = rounds * len(self._plan.packets) * one.duration
        self._frames += 1
        return Packet(
            one.data, self.now(), one.pts + later, one.dts + later, one.duration, one.is_keyframe
        )

    def _hear(self) -> None:
        """What was to be heard up to the last frame."""
        while self._sounds * SOUND_S <= self._frames / FRAMES_PER_S:
            one = self._plan.sound[self._sounds % len(self._plan.sound)]
            heard = at(self._start_s + self._sounds * SOUND_S)
            self._heard.hear(SoundPacket(one.data, heard, one.info))
            self._sounds += 1

    def _enters(self, chance: random.Random) -> UUID:
        """Seen, pictured, told: as the watch does it."""
        person, first_seen = uuid4(), self.now()
        self._recorder.sighting_opened(person, first_seen)
        picture = None
        with contextlib.suppress(OSError):  # the alert goes without
            picture = self.store.keep_picture(chance.randbytes(3000), width=2, height=2)
        body = SightingOpened(
            camera=CAMERA,
            sighting_id=person,
            object_kind=ObjectKind.PERSON,
            people=1,
            score=0.5,
            box=BoxWords(x0=0, y0=0, x1=1, y1=1),
            first_seen_utc_us=first_seen.utc_us,
            picture=picture.words if picture else None,
        )

        def write() -> None:
            with self.journal.transaction() as tx:
                event_id = tx.add_event(body, at=first_seen)
                if picture:
                    tx.add_media(
                        sha256=picture.words.sha256,
                        kind=MediaKind.PICTURE,
                        path=picture.path,
                        size_bytes=picture.words.size_bytes,
                        event_id=event_id,
                    )

        _if_there_is_room(write)
        return person

    def _hear_from_hub(self, chance: random.Random) -> None:
        """Some events are receipted, some of them alerted; some files taken, held, let go."""
        waiting = [one.event_id for one in self.journal.waiting(20)]
        alerted = [one for one in waiting if chance.random() < 0.3]
        _if_there_is_room(lambda: self.journal.receipt(waiting, alerted=alerted))
        for media in self.journal.media_due(5):
            _if_there_is_room(partial(self.journal.media_done, media.sha256))
        clips = self.journal.clips()
        if clips and chance.random() < 0.1:
            self._hold(chance.choice(clips).sha256, UUID(int=chance.randint(1, 3)))

    def _hold(self, sha256: str, hold_id: UUID) -> None:
        """Three cases at most hold one clip each."""

        wanted = HoldFootage(
            hold_id=hold_id,
            case_number=str(hold_id),
            reason="a try",
            camera=CAMERA,
            from_utc_us=0,
            until_utc_us=1,
            sha256s=(sha256,),
        )
        _if_there_is_room(lambda: self.journal.hold(uuid4(), wanted))


def _if_there_is_room(write: Callable[[], object]) -> None:
    with contextlib.suppress(JournalError):  # the hub says it again, the watch would keep it
        write()
