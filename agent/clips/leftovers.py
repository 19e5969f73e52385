"""What a killed run left in the folder: files whose names are ours and which no row names."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from agent.clips.mend import examine, mend
from agent.clips.sealer import Sealer
from agent.journal import Journal, MediaKind
from agent.wire.ident import born_utc_us
from agent.wire.messages import ClipReady

_PICTURE: Final = re.compile(r"[0-9a-f]{64}\.jpg(\.part)?")
_CLIP: Final = re.compile(
    r"(?P<camera>[a-z0-9-]+)-(?P<id>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})\.mp4(\.part)?"
)


@dataclass(frozen=True, slots=True)
class Leftover:
    """A file of an earlier run: a picture, or what there is of a clip."""

    path: Path

    @property
    def is_picture(self) -> bool:
        """Never announced, and of no use without the words that went with it."""
        return _PICTURE.fullmatch(self.path.name) is not None

    @property
    def whole_path(self) -> Path:
        """Its name once it is whole."""
        return self.path.with_name(self.path.name.removesuffix(".part"))


def leftovers(folder: Path, journal: Journal) -> list[Leftover]:
    """The files in `folder` with names of ours that the journal does not know; others are let be.

    To be asked before anything new is written there.
    """
    kept = [*journal.kept(MediaKind.CLIP), *journal.kept(MediaKind.PICTURE)]
    known = {item.path.name for item in kept}
    return [
        Leftover(path)
        for path in sorted(folder.iterdir())
        if path.name not in known
        and (_CLIP.fullmatch(path.name) or _PICTURE.fullmatch(path.name))
        and path.is_file()
    ]


def taken_in(
    left: Leftover, journal: Journal, sealer: Sealer | None = None
) -> ClipReady | Path | None:
    """What became of it: a clip to announce, one that shows nobody known, or nothing at all."""
    if left.is_picture:
        left.path.unlink()
        return None
    if left.path != left.whole_path and mend(left.path, sealer) is None:
        return None
    return _described(left.whole_path, journal) or left.whole_path


def _described(path: Path, journal: Journal) -> ClipReady | None:
    """The word of a clip of which only the file is left; None if nobody in it is known.

    Its id was made from the time of its first frame, and who it shows is known by the sightings
    of its camera that the journal wrote down meanwhile.
    """
    named, clip = _CLIP.fullmatch(path.name), examine(path)
    if named is None or clip is None:
        return None
    clip_id = UUID(named["id"])
    began_utc_us = born_utc_us(clip_id)
    ended_utc_us = began_utc_us + clip.duration_ms * 1000
    sightings = journal.sightings_between(named["camera"], began_utc_us, ended_utc_us)
    if not sightings:
        return None
    return ClipReady(
        camera=named["camera"],
        clip_id=clip_id,
        sighting_ids=tuple(sightings[:500]),
        sha256=clip.sha256,
        size_bytes=clip.size_bytes,
        codec=clip.codec,
        width=clip.width,
        height=clip.height,
        first_frame_utc_us=began_utc_us,
        duration_ms=clip.duration_ms,
        is_sealed=clip.is_sealed,
    )
