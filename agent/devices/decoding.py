"""From packets to pictures, without the loop filter where nobody can tell.

The filter smooths the edges of blocks and takes a fifth of H.264's decoding. What is left out is
missing from the pictures that follow, too, until a keyframe ends it: over two seconds that is one
grey level, which neither motion nor the network notices in a small stream; over twenty it is four,
and a calm street begins to move. So it is left out while keyframes come close together.
"""

from typing import Final, TypeAlias, cast

import av
import av.error
import av.video.stream

from agent.media.frame import Instant

CLOSE_S: Final = 2.5
"""Between keyframes. Cameras are set to one or two seconds."""

Raw: TypeAlias = "av.Packet[av.video.stream.VideoStream]"


def decoder_like(known: av.VideoCodecContext, *, is_bare: bool) -> av.VideoCodecContext:
    """Another decoder of that stream, on one thread; `is_bare` leaves the loop filter out."""
    decoder = cast("av.VideoCodecContext", av.CodecContext.create(known.codec.canonical_name, "r"))
    decoder.extradata = known.extradata
    decoder.thread_count = 1
    if is_bare:
        decoder.options = {"skip_loop_filter": "all"}
    return decoder


class Decoder:
    """Decodes the packets of one stream in their order; used by one thread."""

    def __init__(self, *, may_be_bare: bool) -> None:
        """`may_be_bare`: the pictures are only looked at, and small."""
        self._may_be_bare = may_be_bare
        self._is_bare = False
        self._decoder: av.VideoCodecContext | None = None
        self._keyframe: Instant | None = None

    def pictures(self, raw: Raw, at: Instant, known: av.VideoCodecContext) -> list[av.VideoFrame]:
        """What comes out when the packet of that moment goes in; nothing where it is damaged.

        `known` is what the stream says of itself.
        """
        late = self._at_keyframe(at, known) if raw.is_keyframe else []
        if self._decoder is None:
            # Where pictures come in another order than packets the stream's own knows which.
            is_own = not known.has_b_frames
            self._decoder = decoder_like(known, is_bare=self._is_bare) if is_own else known
        return [*late, *_whole(self._decoder, raw)]

    def _at_keyframe(self, at: Instant, known: av.VideoCodecContext) -> list[av.VideoFrame]:
        """Another decoder from here on where the last group says so: what the old one held back."""
        before, self._keyframe = self._keyframe, at
        may_be = self._may_be_bare and known.codec.canonical_name == "h264"
        # Of the first nothing is known but what cameras do; two decoders one after the other would
        # leave the memory of both behind.
        is_close = before is None or at.seconds_since(before) <= CLOSE_S
        is_bare = may_be and is_close and not known.has_b_frames
        if is_bare == self._is_bare:
            return []
        old, self._decoder, self._is_bare = self._decoder, None, is_bare
        return _whole(old, None) if old is not None else []


def _whole(decoder: av.VideoCodecContext, raw: "Raw | None") -> list[av.VideoFrame]:
    try:
        return [picture for picture in decoder.decode(raw) if not picture.is_corrupt]
    except av.error.FFmpegError:
        return []
