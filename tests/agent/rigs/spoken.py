"""Sound as a camera sends it: AAC of a tone."""

import subprocess
from pathlib import Path

import av

from agent.cameras.codec.audio import AudioReader
from agent.media.sound import SoundPacket
from tests.agent.rigs.stage import at


def spoken(path: Path, *, seconds: int = 12, rate_hz: int = 8000) -> list[SoundPacket]:
    """So much of it, made in the new file `path`, heard from second 0 on."""
    make = f"ffmpeg -v error -f lavfi -i sine=440:sample_rate={rate_hz}:duration={seconds}"
    subprocess.run([*make.split(), "-c:a", "aac", str(path)], check=True)
    with av.open(str(path)) as file:
        track = file.streams.audio[0]
        ear = AudioReader(track)
        base = float(track.time_base or 0)
        return [
            one
            for raw in file.demux(track)
            if raw.size and raw.pts is not None
            for one in ear.hear(raw, at(raw.pts * base))
        ]
