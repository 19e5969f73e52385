"""Child process that reads and cuts an untrusted video file (`hub.footage.films.films`).

    python -m hub.footage.films.film_child probe FORMAT FILE
    python -m hub.footage.films.film_child cut FORMAT FILE INTO FROM_MS UNTIL_MS

It prints its result as one line of JSON and exits with 0. Any other exit: the file is no video, or
the cut is empty. A crash ends only this process.
"""

import json
import sys
from typing import Any, Final

INTO: Final = {"mov": "mp4", "matroska": "matroska", "avi": "avi", "mpegts": "mpegts"}
MOST_PIXELS: Final = 40_000_000
"""Largest picture: 8K is 33 million. A file of 1 MB can declare 260 million, which take
gigabytes."""


def opened(form: str, path: str) -> Any:
    """Open the file in exactly that format; it may not refer to another file or address."""
    import av  # noqa: PLC0415 - heavy, and only here

    options = {"protocol_whitelist": "file", "max_pixels": str(MOST_PIXELS)}
    return av.open(f"file:{path}", format=form, options=options)


def probe(form: str, path: str) -> dict[str, object]:
    """Facts about the first video stream of the file; checks that at least one picture decodes."""
    with opened(form, path) as film:
        video = film.streams.video[0]
        video.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
        video.codec_context.thread_count = 1  # each thread would hold pictures of its own
        next(film.decode(video))
        length_us = film.duration or 0
        return {
            "codec": str(video.codec_context.name),
            "width": int(video.codec_context.width),
            "height": int(video.codec_context.height),
            "duration_ms": max(0, int(length_us) // 1000),
        }


def cut(form: str, path: str, into: str, from_ms: int, until_ms: int) -> None:
    """Copy the packets from the keyframe before `from_ms` until `until_ms` (-1: the end) into a new
    file."""
    import av  # noqa: PLC0415 - as above

    with opened(form, path) as film, av.open(f"file:{into}", "w", format=INTO[form]) as copy:
        taken = [film.streams.video[0], *film.streams.audio[:1]]
        copies = {one.index: copy.add_stream_from_template(one) for one in taken}
        film.seek(from_ms * 1000, backward=True, any_frame=False)
        begin_s: float | None = None
        for packet in film.demux(taken):
            if packet.dts is None or packet.pts is None:
                continue
            at_s = float(packet.pts * packet.time_base)
            if begin_s is None:
                if packet.stream.type != "video" or not packet.is_keyframe:
                    continue  # sound alone would come before its picture
                begin_s = float(packet.dts * packet.time_base)
            if at_s < begin_s:
                continue
            if until_ms >= 0 and at_s * 1000 > until_ms:
                if packet.stream.type == "video" and packet.is_keyframe:
                    break  # no earlier picture follows
                continue
            packet.stream = copies[packet.stream.index]
            back = round(begin_s / packet.time_base)
            packet.pts, packet.dts = packet.pts - back, packet.dts - back
            copy.mux(packet)
        if begin_s is None:
            raise ValueError("the cut is empty")


def main(words: list[str]) -> int:
    """Run `probe` or `cut`."""
    match words:
        case ["probe", form, path]:
            sys.stdout.write(json.dumps(probe(form, path)))
        case ["cut", form, path, into, from_ms, until_ms]:
            cut(form, path, into, int(from_ms), int(until_ms))
        case _:
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
