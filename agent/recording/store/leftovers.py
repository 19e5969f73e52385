"""Leftover files of a killed run: files with our names that no row names."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from os import scandir
from pathlib import Path
from typing import Final
from uuid import UUID

from agent.journal import FootageClass, Journal, MediaKind
from agent.recording.mp4.mend import MendedClip, examine, mend
from agent.recording.sealer import Sealer
from agent.wire.ident import born_utc_us

_PICTURE: Final = re.compile(r"[0-9a-f]{64}\.jpg(\.part)?")
_CLIP_STEM: Final = (
    r"(?P<camera>[a-z0-9-]+)-(?P<id>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"(?P<continuous>\.all|\.rec)?"
)
_CLIP: Final = re.compile(rf"{_CLIP_STEM}\.mp4(\.part)?")
_SOUND: Final = re.compile(rf"(?P<clip>{_CLIP_STEM})\.sound\.mp4(\.part)?")
_FROM_RECORDER: Final = ".rec"
SIGHTINGS_A_CLIP: Final = 500


def clip_name(
    camera: str, clip_id: UUID, footage_class: FootageClass, *, from_recorder: bool = False
) -> str:
    """File name of a clip; it identifies the clip if its row is lost."""
    mark = ".all" if footage_class is FootageClass.CONTINUOUS else ""
    return f"{camera}-{clip_id}{_FROM_RECORDER if from_recorder else mark}.mp4"


def is_from_recorder(clip: Path) -> bool:
    """True if it was fetched from the camera's own recorder."""
    return clip.name.endswith(f"{_FROM_RECORDER}.mp4")


@dataclass(frozen=True, slots=True)
class Leftover:
    """A file of an earlier run: a picture, sound, or a part of a clip."""

    path: Path

    @property
    def is_picture(self) -> bool:
        """True if it is a picture: it was never announced, and it is useless without its event."""
        return _PICTURE.fullmatch(self.path.name) is not None

    @property
    def is_sound(self) -> bool:
        """True if it is sound without its clip, or unfinished sound."""
        return _SOUND.fullmatch(self.path.name) is not None

    @property
    def clip_path(self) -> Path:
        """For sound: the path of its complete clip."""
        return self.path.with_name(re.sub(r"\.sound\.mp4(\.part)?$", ".mp4", self.path.name))

    @property
    def whole_path(self) -> Path:
        """The name of the file once it is complete."""
        return self.path.with_name(self.path.name.removesuffix(".part"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """A clip that is known only from its file."""

    clip: MendedClip
    clip_id: UUID
    camera: str
    sighting_ids: tuple[UUID, ...]
    """Sightings of the clip by the journal; none for continuous footage."""
    footage_class: FootageClass


def leftovers(
    folder: Path, journal: Journal, *, of_this_run: Collection[str] = ()
) -> list[Leftover]:
    """Files in `folder` with our names that the journal does not know; others are left alone.

    `of_this_run`: names being written or waiting for the journal. Links are not followed: they lead
    to files of others. Sound comes before all clips.
    """
    kept = [*journal.kept(MediaKind.CLIP), *journal.kept(MediaKind.PICTURE)]
    known = {item.path.name for item in kept}.union(of_this_run)
    with scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if entry.is_file(follow_symlinks=False))
    found = [
        Leftover(folder / name)
        for name in names
        if name.removesuffix(".part") not in known
        and (_CLIP.fullmatch(name) or _PICTURE.fullmatch(name) or _is_stray_sound(name, names))
    ]
    return sorted(found, key=lambda left: not left.is_sound)


def _is_stray_sound(name: str, names: Collection[str]) -> bool:
    """Sound belongs to its clip, whether that is known or still to be repaired."""
    sound = _SOUND.fullmatch(name)
    if sound is None:
        return False
    clip = f"{sound['clip']}.mp4"
    return name.endswith(".part") or (clip not in names and f"{clip}.part" not in names)


def mended_sound(left: Leftover, sealer: Sealer | None = None) -> Path | None:
    """Repair sound left by a killed run, after all clips were handled; None if it was removed.

    Sound is removed with its clip, and waits if the clip could not be read. Raises OSError.
    """
    clip = left.clip_path
    if clip.exists():
        return mend(left.path, sealer)
    if clip.with_name(clip.name + ".part").exists():
        return left.path
    left.path.unlink(missing_ok=True)
    return None


def taken_in(left: Leftover, journal: Journal, sealer: Sealer | None = None) -> Adopted | None:
    """The clip made from this file, for the index; None if nothing of it plays."""
    if left.is_picture or mend(left.path, sealer) is None:
        left.path.unlink(missing_ok=True)
        return None
    return _known_again(left.whole_path, journal)


def _known_again(path: Path, journal: Journal) -> Adopted | None:
    """The clip in `path`; None if it holds no video, and the file is set aside."""
    named, clip = _CLIP.fullmatch(path.name), examine(path)
    if named is None or clip is None:
        path.rename(path.with_name(path.name + ".damaged"))
        return None
    clip_id = UUID(named["id"])
    is_continuous = named["continuous"] is not None
    ended_utc_us = born_utc_us(clip_id) + clip.duration_ms * 1000
    return Adopted(
        clip=clip,
        clip_id=clip_id,
        camera=named["camera"],
        sighting_ids=()
        if is_continuous
        else _sightings(journal, clip_id, camera=named["camera"], ended_utc_us=ended_utc_us),
        footage_class=FootageClass.CONTINUOUS if is_continuous else FootageClass.SIGHTING,
    )


def _sightings(
    journal: Journal, clip_id: UUID, *, camera: str, ended_utc_us: int
) -> tuple[UUID, ...]:
    """Sightings of a clip: those the hub was told of, and those with an event in its time.

    The id of a clip contains the time of its first frame. A person who stays for long has no event
    in a later clip.
    """
    announced = journal.sightings_announced(clip_id)
    seen = journal.sightings_between(camera, born_utc_us(clip_id), ended_utc_us)
    return tuple(dict.fromkeys([*announced, *seen]))[:SIGHTINGS_A_CLIP]
