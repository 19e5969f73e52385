"""Decodes packets to pictures, without the loop filter where the difference is not noticeable.

The filter smooths the edges of blocks and takes a fifth of H.264's decoding time. Without it, the
error adds up from picture to picture until the next keyframe: one grey level over two seconds,
which neither motion nor the network notices in a small stream; four over twenty seconds, and then a
calm street seems to move. So the filter is skipped only while keyframes come close together.
"""

from typing import Final, TypeAlias, cast

import av
import av.error
import av.video.stream

from agent.media.frame import Instant

CLOSE_S: Final = 2.5
"""Longest seconds between keyframes without the filter. Cameras are set to one or two seconds."""

Raw: TypeAlias = "av.Packet[av.video.stream.VideoStream]"


def decoder_like(known: av.VideoCodecContext, *, is_bare: bool) -> av.VideoCodecContext:
    """A new single-threaded decoder for that stream; `is_bare` skips the loop filter."""
    decoder = cast("av.VideoCodecContext", av.CodecContext.create(known.codec.canonical_name, "r"))
    decoder.extradata = known.extradata
    decoder.thread_count = 1
    if is_bare:
        decoder.options = {"skip_loop_filter": "all"}
    return decoder


class Decoder:
    """Decodes the packets of one stream in their order; used by one thread."""

    def __init__(self, *, may_be_bare: bool) -> None:
        """`may_be_bare`: the pictures are small and used for detection only."""
        self._may_be_bare = may_be_bare
        self._is_bare = False
        self._decoder: av.VideoCodecContext | None = None
        self._keyframe: Instant | None = None

    def pictures(self, raw: Raw, at: Instant, known: av.VideoCodecContext) -> list[av.VideoFrame]:
        """The pictures decoded after this packet; none if it is damaged.

        `known` holds the stream's own parameters.
        """
        late = self._at_keyframe(at, known) if raw.is_keyframe else []
        if self._decoder is None:
            # With reordered pictures, only the stream's own decoder knows their order.
            is_own = not known.has_b_frames
            self._decoder = decoder_like(known, is_bare=self._is_bare) if is_own else known
        return [*late, *_whole(self._decoder, raw)]

    def _at_keyframe(self, at: Instant, known: av.VideoCodecContext) -> list[av.VideoFrame]:
        """Replace the decoder if the last group of pictures calls for it; returns what the old one
        held."""
        before, self._keyframe = self._keyframe, at
        may_be = self._may_be_bare and known.codec.canonical_name == "h264"
        # For the first group, assume the usual camera settings: two decoders one after the other
        # would leave the memory of both behind.
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
