"""Records of why people were not reported, as a running camera and a replay make them."""

from agent.cameras.codec.jpeg import jpeg
from agent.media.frame import Frame, Instant
from agent.runtime.last_hour import LastHour
from agent.vision.explain.page import MOST_BYTES
from agent.vision.explain.record import MissedRecord, RecordLimits
from agent.vision.pipeline import FrameResult, Pipeline


class Explained:
    """Both records of one camera, and the tracks that were reported."""

    def __init__(self) -> None:
        self.hour = LastHour(jpeg)
        self.replay = MissedRecord(jpeg)
        self.told = set[int]()

    def note(self, frame: Frame, look: FrameResult, pipeline: Pipeline) -> None:
        """Add a frame; call it after each."""
        self.told |= pipeline.sightings.open_tracks
        self.hour.note(frame, look, pipeline.sightings)
        self.replay.note(frame, look, pipeline.sightings)

    def check(self, now: Instant) -> None:
        """Both keep their bounds, call nobody unreported who was reported, and make a page."""
        limits = RecordLimits()
        for record in (self.replay, self.hour._record):
            assert record.size_bytes <= limits.most_bytes
            assert record.crops <= limits.most_crops
            for one in record.explanation(now).missed:
                assert one.told_at is not None or one.track_id not in self.told
                assert not one.is_in_time
                assert one.counts.total() == one.frames >= one.seen
                assert all(crop.jpeg.startswith(b"\xff\xd8") for crop in one.crops)
        page = self.hour.page("cong", now, language="vi", clock=lambda at: str(at.mono_ns))
        assert page.endswith(b"</html>\n")
        assert len(page) <= MOST_BYTES
