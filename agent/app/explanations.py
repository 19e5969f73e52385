"""Makes the page of a camera's last hour for the hub."""

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo

from agent.app.view import View
from agent.i18n import LANGUAGES
from agent.media.frame import Instant
from agent.uplink.upload.diagnostics import MOST_BYTES, NoDiagnosis
from agent.wire.answers import SendExplanation
from agent.wire.no_answer import NoAnswer


class Explanations:
    """Maker of the page of a camera's last hour. For any thread."""

    def __init__(
        self, views: Sequence[View], *, now: Callable[[], Instant], time_zone: tzinfo
    ) -> None:
        self._views = {view.camera.name: view for view in views}
        self._now = now
        self._time_zone = time_zone

    def __call__(self, wanted: SendExplanation) -> bytes:
        """The page; raises NoDiagnosis for a camera that is not of this node."""
        view = self._views.get(wanted.camera)
        if view is None:
            raise NoDiagnosis(NoAnswer.NO_CAMERA, wanted.camera)
        now = self._now()
        return view.last_hour.page(
            view.label,
            now,
            language=wanted.language if wanted.language in LANGUAGES else "en",
            clock=lambda at: self._clock(at, now),
            span_s=wanted.span_s,
            most_bytes=MOST_BYTES,
        )

    def _clock(self, at: Instant, now: Instant) -> str:
        """Local time by the present clock, "14:03:22.4"."""
        local = datetime.fromtimestamp(at.utc_us_by(now) / 1e6, self._time_zone)
        return local.strftime("%H:%M:%S.%f")[:-5]
