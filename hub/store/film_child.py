"""Reads a film that a stranger sent, and cuts it, in a process of its own (`hub.store.films`).

    python -m hub.store.film_child probe FORMAT FILE
    python -m hub.store.film_child cut FORMAT FILE INTO FROM_MS UNTIL_MS

It says what it found as one line of JSON and ends with 0; anything else: it is no film, or nothing
of it lies in the cut. Whatever it does to itself ends with it.
"""

import json
import sys
from typing import Any, Final

INTO: Final = {"mov": "mp4", "matroska": "matroska", "avi": "avi", "mpegts": "mpegts"}
MOST_PIXELS: Final = 40_000_000
"""Of one picture: 8K is 33 million. A file of 1 MB can name 260 million, which take gigabytes."""


def opened(form: str, path: str) -> Any:
    """The file as that format and nothing else; it may name no other file or address."""
    import av  # noqa: PLC0415 - heavy, and only here

    options = {"protocol_whitelist": "file", "max_pixels": str(MOST_PIXELS)}
    return av.open(f"file:{path}", format=form, options=options)


def probe(form: str, path: str) -> dict[str, object]:
    """Facts of its first stream of pictures, one of which can be shown."""
    with opened(form, path) as film:
        video = film.streams.video[0]
        video.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
        video.codec_context.thread_count = 1  # each would hold pictures of its own
        next(film.decode(video))
        length_us = film.duration or 0
        return {
            "codec": str(video.codec_context.name),
            "width": int(video.codec_context.width),
            "height": int(video.codec_context.height),
            "duration_ms": max(0, int(length_us) // 1000),
        }


def cut(form: str, path: str, into: str, from_ms: int, until_ms: int) -> None:
    """Copies the packets from the key frame before `from_ms` to `until_ms` (-1: the end)."""
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
                    break  # no picture before it is still to come
                continue
            packet.stream = copies[packet.stream.index]
            back = round(begin_s / packet.time_base)
            packet.pts, packet.dts = packet.pts - back, packet.dts - back
            copy.mux(packet)
        if begin_s is None:
            raise ValueError("nothing lies in the cut")


def main(words: list[str]) -> int:
    """One of the two."""
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
